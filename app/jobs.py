"""Child processes as Qt signals: jobs that outlive the window, and the warm child that embeds what is no tracklet.

A job is a command a person could type. It is started detached, writes its JSON lines to ``CASE/jobs/<id>.jsonl`` and
obeys the words that are appended to ``CASE/jobs/<id>.control``; so a window that was closed, or killed, finds it again.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from reid_engine.errors import ChildDied, ProbeError, ReappearError
from reid_engine.jobs import LineSplitter
from reid_engine.process import child_environment
from reid_engine.types import Vectors

TAIL_INTERVAL_MS = 50
LIFE_INTERVAL_MS = 1000
LAST_WORDS = 2000


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
        if wanted not in (process / "cmdline").read_bytes().split(b"\0"):
            return False
        state = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


class Job(QObject):
    """One running or ended job, followed by its file.

    ``moved``: one signal a read, with every new event. ``ended``: the exit sentence, empty when all went well.
    """

    moved = Signal(list)
    ended = Signal(str)

    def __init__(self, case: Path, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.files = JobFiles.of(case, name)
        self.paused = False
        self.running = True
        self._splitter = LineSplitter()
        self._seen = 0
        self._finished = False
        self._process: int | None = None
        self._tail = QTimer(self)
        self._tail.timeout.connect(self.read)
        self._life = QTimer(self)
        self._life.timeout.connect(self._look)

    def follow(self) -> None:
        """Begin to read what the job says, from its first line on."""
        self._process = process_of(self.files.control)
        self.read()
        if self._process is None:
            self._look()
            return
        self._tail.start(TAIL_INTERVAL_MS)
        self._life.start(LIFE_INTERVAL_MS)

    def say(self, word: str) -> None:
        """Append one control word: cancel, pause or resume."""
        with self.files.control.open("a", encoding="utf-8") as control:
            control.write(word + "\n")
        self.paused = word == "pause"

    def read(self) -> None:
        """Hand on what was written since the last read."""
        try:
            with self.files.log.open("rb") as log:
                log.seek(self._seen)
                data = log.read()
        except FileNotFoundError:
            return
        self._seen += len(data)
        events = list(self._splitter.feed(data))
        if events:
            self._finished = self._finished or any(event.get("event") == "result" for event in events)
            self.moved.emit(events)
        if self._finished and self.running:
            self._look()

    def detach(self) -> None:
        """Stop following; the job itself goes on."""
        self._tail.stop()
        self._life.stop()

    def _look(self) -> None:
        if self._process is not None and _is_alive(
            Path(f"/proc/{self._process}"), os.fsencode(str(self.files.control))
        ):
            return
        self.detach()
        if self.running:
            self.running = False
            self.read()
            self.ended.emit("" if self._finished else self._last_words())

    def _last_words(self) -> str:
        try:
            said = self.files.errors.read_text("utf-8", "replace")[-LAST_WORDS:].strip()
        except OSError:
            said = ""
        return said.splitlines()[-1] if said else "The analysis was stopped from outside. What it found is kept."


class Jobs(QObject):
    """The jobs of one case: start one, or find those that an earlier window started."""

    started = Signal(Job)

    def __init__(self, case: Path, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._case = case
        self._command = tuple(command)
        self._numbers = itertools.count(1)
        self.jobs: list[Job] = []

    def start(self, verb: str, arguments: Sequence[str]) -> Job:
        """Run ``<program> verb CASE arguments --json`` on its own.

        Raises ChildDied when the program cannot be started.
        """
        name = f"{verb}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}-{next(self._numbers)}"
        files = JobFiles.of(self._case, name)
        files.log.parent.mkdir(exist_ok=True)
        files.control.touch()
        program, *prefix = self._command
        process = QProcess()
        process.setProgram(program)
        own = ["--json", "--control", str(files.control)]
        process.setArguments([*prefix, verb, str(self._case), *arguments, *own])
        process.setProcessEnvironment(_environment())
        process.setStandardInputFile(QProcess.nullDevice())
        process.setStandardOutputFile(str(files.log))
        process.setStandardErrorFile(str(files.errors))
        if not process.startDetached():
            raise ChildDied(f"the program {program} could not be started: check the installation")
        return self._adopt(name)

    def find_running(self) -> list[Job]:
        """Follow again what still runs of earlier windows."""
        known = {job.name for job in self.jobs}
        found = sorted((self._case / "jobs").glob("*.control"))
        alive = [path.stem for path in found if path.stem not in known and process_of(path) is not None]
        return [self._adopt(name) for name in alive]

    def running(self) -> list[Job]:
        """Those that have not ended."""
        return [job for job in self.jobs if job.running]

    def close(self) -> None:
        """Stop following; jobs go on without the window."""
        for job in self.jobs:
            job.detach()

    def _adopt(self, name: str) -> Job:
        job = Job(self._case, name, self)
        self.jobs.append(job)
        self.started.emit(job)
        job.follow()
        return job


def _environment() -> QProcessEnvironment:
    environment = QProcessEnvironment()
    for name, value in child_environment().items():
        environment.insert(name, value)
    return environment


class WarmProbe(QObject):
    """``<program> probe CASE --json``, kept running: pictures in, vectors out."""

    def __init__(self, command: Sequence[str], arguments: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = (*command, *arguments)
        self._splitter = LineSplitter()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[Callable[[Vectors], None], Callable[[Exception], None]]] = {}
        self._process = QProcess(self)
        self._process.setProcessEnvironment(_environment())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._died)
        self._process.errorOccurred.connect(self._not_started)

    def warm(self) -> None:
        """Start the child if it does not run."""
        if self._process.state() == QProcess.ProcessState.NotRunning:
            program, *arguments = self._command
            self._splitter = LineSplitter()
            self._process.start(program, arguments)

    def ask(
        self, question: dict[str, Any], then: Callable[[Vectors], None], failed: Callable[[Exception], None]
    ) -> None:
        """Embed ``{"image": path}`` or ``{"camera", "time_us", "xyxy"}``; ``then`` gets (D,) float32."""
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

    def _read(self) -> None:
        data = self._process.readAllStandardOutput().data()
        for answer in self._splitter.feed(bytes(data)):
            waiting = self._waiting.pop(answer.get("id", 0), None)
            if waiting is None:
                continue
            if "error" in answer:
                waiting[1](ProbeError(str(answer["error"])))
            else:
                waiting[0](np.frombuffer(base64.b64decode(answer["vector"]), "<f4").astype(np.float32))

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
