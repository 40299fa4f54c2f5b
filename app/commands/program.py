"""What the verbs need from outside, so that a test can bring its own detector."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reid_engine.errors import ReappearError
from reid_engine.jobs import JobControl, JsonLines, Reporter, obey_descriptor, obey_file

if TYPE_CHECKING:  # they load the runtimes, which most verbs do without
    from reid_engine.case import Case
    from reid_engine.detection import PersonDetector
    from reid_engine.embedding import Embedder
    from reid_engine.settings import Settings


class LoadDetector(Protocol):
    """Weights to a detector."""

    def __call__(self, path: Path, settings: Settings, *, threads: int | None, control: JobControl) -> PersonDetector:
        """Raises NetworkFileError."""
        ...


class LoadEmbedder(Protocol):
    """Weights to an embedder."""

    def __call__(
        self, path: Path, card: Path | Mapping[str, Any] | None, *, threads: int | None, control: JobControl
    ) -> Embedder:
        """Raises NetworkFileError."""
        ...


def yolo(path: Path, settings: Settings, *, threads: int | None, control: JobControl) -> PersonDetector:
    """Any ultralytics YOLO weights."""
    from reid_engine.detection import load_detector

    return load_detector(path, settings.detection, threads=threads, control=control)


def network(path: Path, card: Path | Mapping[str, Any] | None, *, threads: int | None, control: JobControl) -> Embedder:
    """A bundled model, a model file, or any single-image re-ID network."""
    from reid_engine.embedding import load_embedder

    return load_embedder(path, card, threads=threads, control=control)


def own_settings() -> Settings:
    """Those in the person's file."""
    from reid_engine.settings import load_settings

    return load_settings()


@dataclass(frozen=True)
class Program:
    """The outside world of one call."""

    load_detector: LoadDetector = yolo
    load_embedder: LoadEmbedder = network
    settings: Callable[[], Settings] = own_settings
    command: tuple[str, ...] = field(default=(sys.executable, "-m", "app"))


def load_networks(
    program: Program,
    detector: Path,
    embedder: Path,
    card: Path | None,
    *,
    settings: Settings,
    threads: int | None,
    control: JobControl,
) -> tuple[PersonDetector, Embedder]:
    """Both networks, side by side: the first time each is exported by a child, which takes one core half a minute.

    Raises what either raises; the other one then stops as if cancelled.
    """
    with ThreadPoolExecutor(1) as beside:
        model = beside.submit(program.load_embedder, embedder, card, threads=threads, control=control)
        try:
            finder = program.load_detector(detector, settings, threads=threads, control=control)
        except BaseException:
            control.cancel()
            raise
        return finder, model.result()


def say(value: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def tell(sentence: str) -> None:
    """One sentence on standard error."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def telling(case: Case) -> Case:
    """The case, once what its opening did besides is said."""
    for notice in case.notices:
        tell(notice)
    return case


class Sentences:
    """What a person should know as sentences on standard error, and nothing else; for what is over soon."""

    def event(self, kind: str, **fields: Any) -> None:
        """Say a notice."""
        if kind == "notice":
            tell(str(fields["message"]))


class _Heard:
    """JSON lines for a program, and what a person should know as sentences on standard error."""

    def __init__(self) -> None:
        self._lines = JsonLines()

    def event(self, kind: str, **fields: Any) -> None:
        self._lines.event(kind, **fields)
        if kind == "notice":
            tell(str(fields["message"]))


@contextmanager
def job(*, as_json: bool, control_file: Path | None = None) -> Iterator[JobControl]:
    """A control that reports to whoever called and obeys signals, control lines and a control file."""
    from app.console import Console

    reporter: Reporter = _Heard() if as_json else Console()
    control = JobControl(reporter)
    finished = threading.Event()
    before = {number: signal.signal(number, lambda *_: control.cancel()) for number in (signal.SIGINT, signal.SIGTERM)}
    if control_file is not None:
        obey_file(control, control_file, finished)
    elif as_json:
        obey_descriptor(control, sys.stdin.fileno())
    try:
        yield control
    finally:
        finished.set()
        for number, handler in before.items():
            signal.signal(number, handler)
        if isinstance(reporter, Console):
            reporter.close()


@contextmanager
def failure_told(control: JobControl) -> Iterator[None]:
    """What ends the work inside is also its result, for whoever reads the lines."""
    try:
        yield
    except ReappearError as error:
        control.reporter.event("result", ok=False, error=type(error).__name__, message=str(error))
        raise
