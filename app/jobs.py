"""Child processes as Qt signals: jobs that outlive the window, and the warm child that embeds what is no tracklet.

A job is a command a person could type. It is started detached, writes its JSON lines to ``CASE/jobs/<id>.jsonl`` and
obeys the words that are appended to ``CASE/jobs/<id>.control``; so a window that was closed, or killed, finds it again.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from app.children import environment
from app.starved import Starved, stat
from reid_engine.errors import ChildDied, ProbeError, ReappearError
from reid_engine.jobs import LineSplitter
from reid_engine.process import LAST, NICENESS, child_environment, put_behind
from reid_engine.types import Vectors

TAIL_INTERVAL_MS = 50
LOOK_INTERVAL_MS = 1000
PATIENCE_S = 5.0  # with a cancelled job that gets no processor to obey with
LAST_WORDS = 2000
BEHIND_THE_WINDOW = 5  # somebody waits for it
LENGTHY = frozenset({"ingest", "describe"})  # nobody sits and waits for these: they may be gentle
COMPLAINT = "reappear: "  # what the command line begins its sentences with


@dataclass(frozen=True, slots=True)
class JobFiles:
    """The files of one job in a case."""

    log: Path
    control: Path
    errors: Path

    @classmethod
    def of(cls, case: Path, job: str) -> JobFiles:
        """Where job ``job`` of a case keeps its files."""
        folder = case / "jobs"
        return cls(folder / f"{job}.jsonl", folder / f"{job}.control", folder / f"{job}.err")


def process_of(control: Path) -> int | None:
    """The number of the living process whose command names this control file, or None."""
    wanted = os.fsencode(str(control))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _is_alive(entry, wanted):
            return int(entry.name)
    return None


def _is_alive(process: Path, wanted: bytes) -> bool:
    try:
        named = wanted in (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return named and stat(process)[:1] not in ([], ["Z"])


class Running(Protocol):
    """A job's process, which leads a session of its own."""

    @property
    def number(self) -> int | None:
        """Of the process, once it has started."""
        ...

    @property
    def alive(self) -> bool:
        """True until it has ended."""
        ...

    @property
    def problem(self) -> str:
        """Why it could not be started; empty while all is well."""
        ...


class FoundProcess:
    """The process of a job that an earlier window started. arguments: those of its verb, after the case"""

    problem = ""

    def __init__(self, number: int, control: Path) -> None:
        self.number = number
        self._folder = Path(f"/proc/{number}")
        self._wanted = os.fsencode(str(control))
        self.arguments = self._read_arguments(str(control.parent.parent))

    def _read_arguments(self, case: str) -> tuple[str, ...]:
        try:
            words = (self._folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # it has ended in this very moment
            return ()
        begin = words.index(case) + 1 if case in words else len(words)
        return tuple(words[begin : words.index("--json", begin)] if "--json" in words[begin:] else words[begin:])

    @property
    def alive(self) -> bool:
        """True until it has ended."""
        return _is_alive(self._folder, self._wanted)


class OwnProcess:
    """A process in a session of its own, started and awaited in a thread: a start takes longer than a frame.

    It goes behind whatever a person looks at, as far as its niceness says, and does not end with this program.
    """

    def __init__(self, command: Sequence[str], files: JobFiles, niceness: int) -> None:
        self.alive, self.problem = True, ""
        self.number: int | None = None
        self._command, self._files, self._niceness = tuple(command), files, niceness
        threading.Thread(target=self._run, name=files.control.stem, daemon=True).start()

    def _run(self) -> None:
        try:
            with self._files.log.open("wb") as log, self._files.errors.open("wb") as errors:
                process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=errors,
                    env=child_environment(),
                    start_new_session=True,
                )
            _put_behind(process.pid, self._niceness)
            self.number = process.pid
            process.wait()
        except OSError as error:
            self.problem = f"the program {self._command[0]} could not be started: {error.strerror}"
        self.alive = False


def _put_behind(process: int, niceness: int) -> None:
    """Behind what a person looks at; for the last one only processors work that nobody else wants. Its own children,
    which are yet to come, inherit that."""
    put_behind(process, niceness, os.SCHED_IDLE if niceness == LAST else os.SCHED_BATCH)
    with suppress(OSError):  # where the kernel shares time out by session, that counts within the session only
        Path(f"/proc/{process}/autogroup").write_text(str(niceness), "ascii")


class Job(QObject):
    """One running or ended job, followed by its file.

    ``moved``: one signal a read, with every new event. ``starved``: others use all processors, or do no more.
    ``told``: it was paused, resumed or cancelled. ``ended``: the exit sentence, empty when all went well.
    verb, arguments: of its command, without the case; been_starved: at some time it got no processor
    """

    moved = Signal(list)
    starved = Signal(bool)
    told = Signal()
    ended = Signal(str)

    def __init__(
        self, case: Path, name: str, process: Running, parent: QObject | None = None, arguments: Sequence[str] = ()
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.verb, self.arguments = name.partition("-")[0], tuple(arguments)
        self.files = JobFiles.of(case, name)
        self.paused = self.cancelling = False
        self.running = True
        self.been_starved = False
        self._process = process
        self._splitter = LineSplitter()
        self._seen = 0
        self._finished = False
        self._hunger: Starved | None = None
        self._starving = False
        self._cancelled_at: float | None = None
        with suppress(OSError):  # an earlier window may have told it something
            for word in self.files.control.read_text("utf-8").splitlines():
                self._obey(word)
        self._tail = QTimer(self)
        self._tail.timeout.connect(self.read)
        self._tail.start(TAIL_INTERVAL_MS)
        self._looks = QTimer(self)
        self._looks.timeout.connect(self.look)
        self._looks.start(LOOK_INTERVAL_MS)

    def say(self, word: str) -> None:
        """Append one control word: cancel, pause or resume."""
        with self.files.control.open("a", encoding="utf-8") as control:
            control.write(word + "\n")
        self._obey(word)
        self.told.emit()

    def _obey(self, word: str) -> None:
        if word == "cancel" and not self.cancelling:
            self.cancelling, self._cancelled_at = True, time.monotonic()
        if word in ("cancel", "pause", "resume"):
            self.paused = word == "pause" and not self.cancelling

    def read(self) -> None:
        """Hand on what was written since the last read; after the last word, end."""
        alive = self._process.alive  # asked before the file: what is written last is read all the same
        with suppress(FileNotFoundError), self.files.log.open("rb") as log:
            log.seek(self._seen)
            data = log.read()
            self._seen += len(data)
            self._hand_on(list(self._splitter.feed(data)))
        if not alive and self.running:
            self.detach()
            self.running = False
            self.ended.emit("" if self._finished else self._process.problem or self._last_words())

    def look(self) -> None:
        """Whether the job gets a processor at all. One that is cancelled and gets none is ended: kills lose nothing."""
        number = self._process.number
        if number is None:
            return
        if self._hunger is None:
            self._hunger = Starved(number)
        starving = self._hunger.look()
        if starving != self._starving:
            self._starving = starving
            self.been_starved |= starving
            self.starved.emit(starving)
        late = self._cancelled_at is not None and time.monotonic() - self._cancelled_at > PATIENCE_S
        if starving and late and self._process.alive:
            with suppress(OSError):  # it has ended in this very moment
                os.killpg(number, signal.SIGKILL)

    def detach(self) -> None:
        """Stop following; the job itself goes on."""
        self._tail.stop()
        self._looks.stop()

    def _hand_on(self, events: list[dict[str, Any]]) -> None:
        if events:
            self._finished = self._finished or any(event.get("event") == "result" for event in events)
            self.moved.emit(events)

    def _last_words(self) -> str:
        try:
            said = self.files.errors.read_text("utf-8", "replace")[-LAST_WORDS:].strip()
        except OSError:
            said = ""
        outside = "The analysis was stopped from outside. What it found is kept."
        if self.verb != "ingest":
            outside = "The work was stopped from outside."
        return said.splitlines()[-1].removeprefix(COMPLAINT) if said else outside


def running_jobs(case: Path) -> dict[str, int]:
    """Names and process numbers of the jobs that work on a case; looks at every process, so not on the window's thread.

    A job writes its answers below ``jobs`` of its case; one whose process is gone is not named.
    """
    found = {path.stem: process_of(path) for path in sorted((case / "jobs").glob("*.control"))}
    return {name: process for name, process in found.items() if process is not None}


class Jobs(QObject):
    """The jobs of one case: start one, or follow those that an earlier window started."""

    started = Signal(Job)

    def __init__(
        self, case: Path, command: Sequence[str], parent: QObject | None = None, *, gently: bool = True
    ) -> None:
        super().__init__(parent)
        self.gently = gently  # lengthy ones started from now on take only what nobody else wants
        self._case = case
        self._command = tuple(command)
        self._numbers = itertools.count(1)
        self.jobs: list[Job] = []

    def start(self, verb: str, arguments: Sequence[str]) -> Job:
        """Run ``<program> verb CASE arguments --json`` on its own; the job's end says when it could not be started."""
        name = f"{verb}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}-{next(self._numbers)}"
        files = JobFiles.of(self._case, name)
        files.log.parent.mkdir(exist_ok=True)
        files.control.touch()
        own = ["--json", "--control", str(files.control)]
        command = [*self._command, verb, str(self._case), *arguments, *own]
        niceness = BEHIND_THE_WINDOW if verb not in LENGTHY else LAST if self.gently else NICENESS
        return self._adopt(name, OwnProcess(command, files, niceness), arguments)

    def follow(self, processes: Mapping[str, int]) -> None:
        """Follow what ``running_jobs`` found, as far as it is not followed yet."""
        known = {job.name for job in self.jobs}
        for name, process in processes.items():
            if name not in known:
                found = FoundProcess(process, JobFiles.of(self._case, name).control)
                self._adopt(name, found, found.arguments)

    def running(self) -> list[Job]:
        """Those that have not ended."""
        return [job for job in self.jobs if job.running]

    def close(self) -> None:
        """Stop following; jobs go on without the window."""
        for job in self.jobs:
            job.detach()

    def _adopt(self, name: str, process: Running, arguments: Sequence[str]) -> Job:
        job = Job(self._case, name, process, self, arguments)
        self.jobs.append(job)
        self.started.emit(job)
        return job


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture's vector (D,) float32, the model that made it, and which picture it is, for the record."""

    vector: Vectors
    model: str
    picture: dict[str, Any]


def _embedded(answer: dict[str, Any]) -> Embedded:
    vector = np.frombuffer(base64.b64decode(answer["vector"]), "<f4").astype(np.float32)
    return Embedded(vector, str(answer["model"]), answer["picture"])


class WarmProbe(QObject):
    """``<program> probe CASE --json``, kept running: pictures in, vectors out; or why a match was found, or who is in
    a photo."""

    def __init__(self, command: Sequence[str], arguments: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = (*command, *arguments)
        self._splitter = LineSplitter()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[Callable[[dict[str, Any]], None], Callable[[Exception], None]]] = {}
        self._process = QProcess(self)
        self._process.setProcessEnvironment(environment())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._died)
        self._process.errorOccurred.connect(self._not_started)
        self._process.started.connect(self._put_behind)

    def warm(self) -> None:
        """Start the child if it does not run."""
        if self._process.state() == QProcess.ProcessState.NotRunning:
            program, *arguments = self._command
            self._splitter = LineSplitter()
            self._process.start(program, arguments)

    def ask(
        self, question: dict[str, Any], then: Callable[[Embedded], None], failed: Callable[[Exception], None]
    ) -> None:
        """Embed ``{"image": path}``, of it ``xyxy`` where that is given, or ``{"camera", "time_us", "xyxy"}``."""
        self.request(question, lambda answer: then(_embedded(answer)), failed)

    def request(
        self, question: dict[str, Any], then: Callable[[dict[str, Any]], None], failed: Callable[[Exception], None]
    ) -> None:
        """Ask anything of the child, as ``{"why": candidate, "probe": tracklet}``; ``then`` gets its answer."""
        number = next(self._numbers)
        self._waiting[number] = then, failed
        self.warm()
        self._process.write(json.dumps({"id": number, **question}).encode() + b"\n")

    def close(self) -> None:
        """End the child."""
        self._waiting.clear()
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.closeWriteChannel()
            self._process.kill()
            self._process.waitForFinished(1000)

    def _put_behind(self) -> None:
        """Getting warm takes seconds of a processor; whoever plays meanwhile goes first."""
        put_behind(self._process.processId(), BEHIND_THE_WINDOW)

    def _read(self) -> None:
        data = self._process.readAllStandardOutput().data()
        for answer in self._splitter.feed(bytes(data)):
            waiting = self._waiting.pop(answer.get("id", 0), None)
            if waiting is None:
                continue
            if "error" in answer:
                waiting[1](ProbeError(str(answer["error"])))
            else:
                waiting[0](answer)

    def _died(self) -> None:
        said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").strip()
        reason = said.splitlines()[-1] if said else "it ended without a word"
        self._fail_all(ChildDied(f"the part that reads pictures stopped: {reason}"))

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._fail_all(ChildDied(f"the program {self._command[0]} could not be started: check the installation"))

    def _fail_all(self, error: ReappearError) -> None:
        waiting, self._waiting = self._waiting, {}
        for _, failed in waiting.values():
            failed(error)
