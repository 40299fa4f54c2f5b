"""Decoders without a wait: one process has loaded what a decoder needs, and copies itself for every recording.

A decoder that begins as a program of its own spends a quarter of a second of a processor on loading libraries, every
time; a copy takes some milliseconds. The process that is copied never looks at a recording itself.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from reid_engine.confinement import confine
from reid_engine.process import OFFLINE, child_environment, die_with_parent

ONLINE = b"online"
OFFLINE_TOO = b"offline"
HANDED_OVER = 6  # descriptors: the order, its standard input and output, the ring, the folder we are in, the line
LONGEST_WORD = 64
LONGEST_BURIAL_S = 10.0  # a killed process that waits for a drive which does not answer stays until it does


class Fork:
    """One copy, as whoever asked for it sees it; it ends with this object's process, however that ends."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._said = b""
        self._pid = 0
        self.returncode: int | None = None

    @property
    def pid(self) -> int:
        """Its process number; 0 where it never began. Waits for its beginning."""
        with self._lock:
            if not self._pid and self.returncode is None:
                self._hear()
            return self._pid

    def kill(self) -> None:
        """End it at once; one that has ended is left in peace."""
        with suppress(OSError):  # the process that made it may be gone, and it with that
            self._line.shutdown(socket.SHUT_WR)

    def wait(self) -> int:
        """Its return code once it has ended, negative for a signal, as ``subprocess`` has it."""
        with self._lock:
            while self.returncode is None:
                self._hear()
            return self.returncode

    def close(self) -> None:
        """End it, wait for that (not for ever), and forget about it."""
        self.kill()
        with suppress(OSError):
            self._line.settimeout(LONGEST_BURIAL_S)
        self.wait()
        self._line.close()

    def _hear(self) -> None:
        """The next word: its number first, then how it ended."""
        try:
            told = self._line.recv(LONGEST_WORD)
        except OSError:
            told = b""
        self._said += told
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            if self._pid:
                self.returncode = int(line)
            else:
                self._pid = int(line)
        if not told and self.returncode is None:
            self.returncode = -signal.SIGKILL  # whoever made it was killed, which kills its copies


class ForkServer:
    """The process that copies itself: started at the first need, and again where it was killed. For any thread."""

    def __init__(self, module: str) -> None:
        """``module`` is a program that begins with ``copies``."""
        self._module = module
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, order: str, stdin: int, stdout: int, ring: int) -> Fork:
        """A copy that carries out an order; it does not wait for its beginning. The descriptors remain the caller's."""
        line, theirs = socket.socketpair()
        text = os.memfd_create("reappear order")
        here = os.open(".", os.O_PATH | os.O_DIRECTORY)
        try:
            with os.fdopen(os.dup(text), "wb") as whole:
                whole.write(order.encode())
            handed = [text, stdin, stdout, ring, here, theirs.fileno()]
            with self._lock:
                self._ask(handed)
        except BaseException:
            line.close()
            raise
        finally:
            theirs.close()
            os.close(text)
            os.close(here)
        return Fork(line)

    def start(self) -> None:
        """Start the process now, without waiting for it, so that the first copy finds it loaded."""
        with self._lock, suppress(OSError):  # no room for a process: whoever needs a copy is told
            if self._control is None:
                self._begin()

    def close(self) -> None:
        """End the process, and with it its copies."""
        with self._lock:
            self._end()

    def _ask(self, handed: Sequence[int]) -> None:
        word = OFFLINE_TOO if OFFLINE in os.environ else ONLINE
        if self._control is not None:
            with suppress(OSError):  # it was killed: another one is started
                socket.send_fds(self._control, [word], handed)
                return
        self._end()
        socket.send_fds(self._begin(), [word], handed)

    def _begin(self) -> socket.socket:
        self._control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=child_environment(OPENBLAS_NUM_THREADS="1"),  # only a process of one thread may be copied
            )
        return self._control

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


def copies() -> tuple[str, int]:
    """In the process that is copied: serve until the one that started it ends. Gives a copy its order and its ring.

    Only copies return from here, with a standard input and output of their own; they end when this process does.
    """
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption ends
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()  # so that looking for garbage does not touch, and double, what all copies share
    lines: dict[int, socket.socket] = {}  # of the living, by number
    doomed: set[int] = set()
    while True:
        unheard: list[int | socket.socket] = [control, woken, *(lines[pid] for pid in lines if pid not in doomed)]
        heard = select.select(unheard, [], [])[0]
        if woken in heard:
            with suppress(BlockingIOError):
                os.read(woken, LONGEST_WORD)
            _bury(lines)
            doomed &= lines.keys()
        for pid, line in lines.items():
            if line in heard:  # nothing is ever said on it: its other end was closed
                os.kill(pid, signal.SIGKILL)
                doomed.add(pid)
        if control in heard:
            word, handed, _, _ = socket.recv_fds(control, LONGEST_WORD, HANDED_OVER)
            if not word:
                os._exit(0)
            *own, line_number = handed
            line, original = socket.socket(fileno=line_number), os.getpid()
            try:
                pid = os.fork()
            except OSError:  # no room for one more: its line ends, and so does nothing else
                line.close()
                pid = -1
            if not pid:
                for mine in (control, line, *lines.values()):
                    mine.close()
                signal.set_wakeup_fd(-1)
                os.close(woken)
                os.close(wake)
                return _become(original, own, offline=word == OFFLINE_TOO)
            if pid > 0:
                lines[pid] = line
                _say(line, pid)
            for descriptor in own:
                os.close(descriptor)


def _become(original: int, handed: Sequence[int], *, offline: bool) -> tuple[str, int]:
    """In a copy: take up what was handed over, and give up what reading a recording does not take."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ["REAPPEAR_PARENT"] = str(original)
    if offline:
        os.environ[OFFLINE] = "1"
    die_with_parent()
    text, stdin, stdout, ring, folder = handed
    with os.fdopen(text, "rb") as whole:
        whole.seek(0)
        order = whole.read().decode()
    os.fchdir(folder)
    os.close(folder)
    for descriptor, number in ((stdin, 0), (stdout, 1)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    confine()
    return order, ring


def _bury(lines: dict[int, socket.socket]) -> None:
    """Say of every copy that has ended how it did."""
    while lines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with lines.pop(pid) as line:
            _say(line, os.waitstatus_to_exitcode(status))


def _say(line: socket.socket, number: int) -> None:
    with suppress(OSError):  # nobody may be listening any more
        line.sendall(b"%d\n" % number)
