"""Children of this program: how they are started, and how they die with their parent."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from reid_engine.confinement import gain_nothing
from reid_engine.errors import ChildDied

PR_SET_PDEATHSIG = 1
OFFLINE = "REAPPEAR_OFFLINE"  # set: this process and its children refuse every connection
NICENESS = 10  # behind the pictures that a person looks at, yet not starved by whatever else runs
LAST = 19  # the greatest niceness there is
CONNECTING = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg")
ANSWER_POLL_S = 0.1
LONGEST_BURIAL_S = 10.0  # a killed process that waits for a drive which does not answer stays until it does


def child_environment(**extra: str) -> dict[str, str]:
    """The environment a child gets: ours, without what importing OpenCV put in, and able to import these packages."""
    environment = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")}
    environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    environment.update(extra)
    return environment


def start_child(
    module: str, arguments: Sequence[str], *, stderr: int | IO[Any] | None = None
) -> subprocess.Popen[bytes]:
    """``python -m module arguments`` with pipes to its standard input and output.

    The child calls ``die_with_parent`` first thing, with our number in ``REAPPEAR_PARENT``.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=child_environment(REAPPEAR_PARENT=str(os.getpid())),
    )


def put_behind(process: int, niceness: int, policy: int = os.SCHED_BATCH) -> None:
    """Let others go before a process and the children that it is yet to start; without the right to, nothing changes.

    process:  0, which is none that began, is nobody: not ourselves, whom the kernel would take it for
    niceness: from 0 to 19, the greater the smaller its share
    policy:   SCHED_BATCH takes nobody's turn, SCHED_IDLE takes only what nobody else wants
    """
    if not process:
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, niceness)
        os.sched_setscheduler(process, policy, os.sched_param(0))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends, however it ends.

    Parents therefore start children from threads that live as long as the work does. A parent that was already gone
    before the request is noticed by its number. No child needs more rights than we have, so none can get them.
    """
    stay_offline()
    gain_nothing()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = os.environ.get("REAPPEAR_PARENT")
    if parent is not None and int(parent) != os.getppid():
        os._exit(1)


def forbid_network() -> None:
    """From now on this process and every child that it starts refuse to look up a host or to send anything to one.

    A proof that nothing needs a network, not a jail: Python's sockets are watched, native code's are not.
    """
    os.environ[OFFLINE] = "1"
    stay_offline()


def stay_offline() -> None:
    """Refuse connections for as long as OFFLINE is set; without it nothing changes."""
    if OFFLINE in os.environ:
        sys.addaudithook(_refuse_connections)


def _refuse_connections(event: str, arguments: tuple[Any, ...]) -> None:
    """Other processes of this machine may be spoken to (a screen's socket is a file); nobody else."""
    if event not in CONNECTING or OFFLINE not in os.environ:
        return
    to = arguments[-1] if event != "socket.getaddrinfo" else arguments[0]
    family = getattr(arguments[0], "family", None)
    if family != socket.AF_UNIX and to is not None:
        raise PermissionError(f"offline: a connection to {to} was refused")


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Kill a child if it still runs, wait for its end (not for ever), and let go of its pipes."""
    child.kill()
    with suppress(subprocess.TimeoutExpired):
        child.wait(LONGEST_BURIAL_S)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def how_it_died(status: int) -> str:
    """A child's return code as a person would say it."""
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else f"signal {-status}"
        return f"killed by {name}"
    return f"ended with status {status}"


def private_stdout() -> IO[str]:
    """In a child: the pipe to the parent as a stream of our own; whatever else prints goes to standard error."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return pipe


def ask_child(module: str, arguments: Sequence[str], check: Callable[[], None]) -> dict[str, Any]:
    """Run a child to its end and give the one JSON object it wrote; ``check`` is called meanwhile and may raise.

    Raises ChildDied, with how it died and the last line of its complaints, when no object came.
    """
    with tempfile.TemporaryFile() as complaints:
        child = start_child(module, arguments, stderr=complaints)
        try:
            answer = _answer_of(child, check)
        finally:
            end_child(child)
        try:
            found = json.loads(answer)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        complaints.seek(0)
        lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
        said = f"; its last words: {lines[-1]}" if lines else ""
        died = how_it_died(-signal.SIGKILL if child.returncode is None else child.returncode)
        raise ChildDied(f"the child that works on {arguments[-1]} gave no answer ({died}){said}")


def _answer_of(child: subprocess.Popen[bytes], check: Callable[[], None]) -> bytes:
    while True:
        check()
        try:
            return child.communicate(timeout=ANSWER_POLL_S)[0]
        except subprocess.TimeoutExpired:
            continue
