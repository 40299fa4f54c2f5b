"""Long work: one object that reports how far it is and stops it, and the JSON lines that carry both.

A job is a command that a person could type. It writes one JSON object a line and obeys the words ``cancel``, ``pause``
and ``resume``, one a line, from its standard input or from a control file; an ingest also ``sooner N`` and ``drop N``,
where N is the number of a recording in the case.

``event`` names the kind of a line. A ``result`` that has an ``error`` (one of ``errors``, by its name) was ended by it;
what any other holds goes by the command.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TextIO

from reid_engine.errors import JobCancelled

FLUSH_INTERVAL_S = 0.02
CONTROL_POLL_S = 0.05


class Reporter(Protocol):
    """Where a job's events go: JSON lines, a progress bar, or nowhere."""

    def event(self, kind: str, **fields: Any) -> None:
        """Say one thing. ``progress`` may be dropped when it comes too often; every other kind arrives."""
        ...


class Silent:
    """A reporter that says nothing."""

    def event(self, kind: str, **fields: Any) -> None:
        return None


class JsonLines:
    """One JSON object a line; progress at most 50 times a second, everything else at once. Safe between threads."""

    def __init__(self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._clock = clock
        self._lock = threading.Lock()
        self._last = -1.0

    def event(self, kind: str, **fields: Any) -> None:
        with self._lock:
            now = self._clock()
            if kind == "progress" and now - self._last < FLUSH_INTERVAL_S:
                return
            if kind == "progress":
                self._last = now
            self._stream.write(json.dumps({"event": kind, **fields}, ensure_ascii=True) + "\n")
            self._stream.flush()


class LineSplitter:
    """Bytes as they come from a pipe, to whole JSON objects; an unfinished last line waits, junk is passed over."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take what was read; give every object that is now complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if isinstance(found, dict):
                yield found


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of one piece of a job: ``sooner`` is next in its turn, ``drop`` is not now."""

    verb: Literal["sooner", "drop"]
    number: int


class JobControl:
    """Handed to every long piece of work: says how far it is, holds it, and stops it."""

    def __init__(self, reporter: Reporter | None = None) -> None:
        self.reporter: Reporter = Silent() if reporter is None else reporter
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._wishes: queue.SimpleQueue[Wish] = queue.SimpleQueue()

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._stop.set()
        self._go.set()

    def pause(self) -> None:
        """Hold the work at its next report."""
        if not self._stop.is_set():
            self._go.clear()

    def resume(self) -> None:
        """Let held work go on."""
        self._go.set()

    @property
    def cancelled(self) -> bool:
        """True once somebody asked to stop."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """True while the work is held."""
        return not self._go.is_set()

    def check(self) -> None:
        """Wait while held; raise JobCancelled if somebody asked to stop."""
        self._go.wait()
        if self._stop.is_set():
            raise JobCancelled("cancelled; what was done until then is kept")

    def report(self, **progress: Any) -> None:
        """Tell the listener, then ``check``."""
        self.reporter.event("progress", **progress)
        self.check()

    def notice(self, message: str, **fields: Any) -> None:
        """Say something a person should know: a fallback and its reason, a damaged file, a rebuilt index."""
        self.reporter.event("notice", message=message, **fields)

    def wishes(self) -> list[Wish]:
        """What was wished since the last call, in order."""
        found = []
        while not self._wishes.empty():
            found.append(self._wishes.get())
        return found

    def obey(self, line: str) -> None:
        """Do what one control line says; unknown words are ignored."""
        verbs: Mapping[str, Callable[[], None]] = {"cancel": self.cancel, "pause": self.pause, "resume": self.resume}
        word, _, number = line.strip().partition(" ")
        if word in verbs and not number:
            verbs[word]()
        elif word in ("sooner", "drop") and number.isdecimal():
            self._wishes.put(Wish("sooner" if word == "sooner" else "drop", int(number)))


def obey_descriptor(control: JobControl, descriptor: int) -> threading.Thread:
    """Follow control lines from an open file descriptor (standard input) in a thread; its end means nothing.

    Unbuffered on purpose: a daemon thread inside a buffered reader aborts the interpreter when it shuts down.
    """

    def follow() -> None:
        rest = b""
        while data := os.read(descriptor, 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                control.obey(line.decode("ascii", "replace"))

    thread = threading.Thread(target=follow, name="control lines", daemon=True)
    thread.start()
    return thread


def obey_file(control: JobControl, path: Path, finished: threading.Event) -> threading.Thread:
    """Follow control lines that somebody appends to ``path``, until ``finished``; for jobs that outlive the window."""

    def follow() -> None:
        seen = 0
        while not finished.wait(CONTROL_POLL_S):
            try:
                text = path.read_text("utf-8")
            except OSError:
                continue
            complete = text[: text.rfind("\n") + 1]
            for word in complete[seen:].splitlines():
                control.obey(word)
            seen = len(complete)

    thread = threading.Thread(target=follow, name="control file", daemon=True)
    thread.start()
    return thread
