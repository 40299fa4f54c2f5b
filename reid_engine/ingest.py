"""Recordings into a case: what is new is analysed, what was begun goes on, what is done is skipped, and all of it said.

The pictures' own walk is in ``pipeline``; this file decides which recordings take it and what they are called.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from reid_engine.analysis import Checkpoint
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.decoder import DecodeRequest, probe
from reid_engine.describing import catch_up
from reid_engine.detection import PersonDetector
from reid_engine.embedding import Embedder
from reid_engine.errors import (
    ChildDied,
    InputError,
    JobCancelled,
    ReappearError,
    SourceError,
    UnfinishedError,
    UsageError,
)
from reid_engine.jobs import JobControl
from reid_engine.pace import Pace
from reid_engine.pipeline import Outcome, Pipeline, SourcePlan
from reid_engine.recordings import (
    Origin,
    Recording,
    SourceInfo,
    StartTime,
    content_sha256,
    decide_start,
    expand,
    pictures_in,
    start_from_name,
    zone_of,
)
from reid_engine.retention import brought_back
from reid_engine.settings import Settings, fingerprint
from reid_engine.store import Camera, Network, NewSource, Source, checked_name
from reid_engine.types import SourceId, SourceReport

FileState: TypeAlias = Literal["done", "skipped", "failed", "unfinished"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A recording that somebody asked for. ``camera`` and ``start_us`` only where given by hand."""

    path: Path
    camera: str | None = None
    start_us: int | None = None


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to analyse.

    fps:        pictures analysed per second and camera; None for every one
    folder_fps: pictures per second of a folder of pictures
    zone:       IANA zone of cameras that are new to the case
    replace:    analyse again what was analysed with other settings; its tracklets go
    again:      analyse again what was erased

    Raises SettingsError for a zone that is none.
    """

    fps: float | None = None
    folder_fps: float = 25.0
    zone: str = "UTC"
    replace: bool = False
    again: bool = False

    def __post_init__(self) -> None:
        zone_of(self.zone)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one recording; ``message`` is the sentence for people."""

    file: str
    camera: str
    state: FileState
    message: str
    start_us: int | None = None
    start_origin: Origin | None = None
    report: SourceReport | None = None
    tracklets: int = 0
    error: ReappearError | None = None

    def as_json(self) -> dict[str, Any]:
        """For the machine interface."""
        fields: dict[str, Any] = {
            "file": self.file,
            "camera": self.camera,
            "state": self.state,
            "message": self.message,
            "start_us": self.start_us,
            "start_origin": self.start_origin,
            "tracklets": self.tracklets,
        }
        if self.report is not None:
            damage = self.report.damage
            fields |= {
                "frames_decoded": self.report.frames_decoded,
                "frames_analysed": self.report.frames_analysed,
                "frames_expected": self.report.frames_expected,
                "duration_us": self.report.duration_us,
                "damage": {
                    "decode_errors": damage.decode_errors,
                    "corrupt_frames": damage.corrupt_frames,
                    "repaired_times": damage.repaired_times,
                    "places": [list(place) for place in damage.places],
                    "notes": list(damage.notes),
                },
            }
        return fields


@dataclass
class Ingest:
    """One run of ``reappear ingest`` over a case that it holds the lock of."""

    case: Case
    detector: PersonDetector
    embedder: Embedder
    settings: Settings
    options: IngestOptions
    control: JobControl
    reports: list[FileReport] = field(default_factory=list)
    _planned: dict[SourceId, Path] = field(default_factory=dict)  # what this run is going to analyse

    def run(self, wanted: Sequence[Wanted]) -> list[FileReport]:
        """Ingest every recording. One that cannot be used is a report and does not stop the others.

        Raises JobCancelled, DiskFull and CaseError; what was committed is kept, and running again goes on.
        """
        with self.case.ingest_lock():
            detector = self.detector
            self.case.store.add_network(Network("detector", detector.sha256, detector.name, str(detector.path)))
            self.case.record("ingest started", files=[str(item.path) for item in wanted])
            plans = [plan for item in wanted for plan in self._plan(item)]
            catch_up(self.case, self.embedder, self.control)  # before the first new tracklet: each has its vector then
            self._analyse(plans)
            self.case.index(self.embedder.model, self.control)
            self.case.record("ingest finished", files=[report.as_json() for report in self.reports])
        return self.reports

    # from what was asked for to plans --------------------------------------------------------------------------------

    def _plan(self, item: Wanted) -> list[SourcePlan]:
        try:
            recordings = expand([item.path])
        except InputError as error:
            self._fail(item.path, item.camera or item.path.stem, error)
            return []
        plans = (self._plan_recording(recording, item) for recording in recordings)
        return [plan for plan in plans if plan is not None]

    def _plan_recording(self, recording: Recording, item: Wanted) -> SourcePlan | None:
        path = recording.path
        name = item.camera or path.stem
        try:
            _refuse_unwritable(path)
            if item.camera is None:
                _refuse_as_name(path)
            size = _size(path)
            sha256 = content_sha256(path, self.control, lambda done, total: self._say_hashing(path, done, total))
            if _size(path) != size:
                raise _still_written(path)
            source = self._known_source(name, sha256)
            self._refuse_erased(path, sha256, source)
            if source is not None and self._settled(source, path, item, name):
                return None
            request = self._request(recording)
            info = probe(request)
            begun = self._begin_again(source, path, item) if source else self._add(recording, name, sha256, info, item)
            self._planned[begun.id] = path
            return self._source_plan(begun, name, request, info)
        except (InputError, UsageError, ChildDied) as error:
            self._fail(path, name, error)
            return None

    def _say_hashing(self, path: Path, done: int, total: int) -> None:
        self.control.report(stage="hash", file=path.name, done=done, total=total)

    def _known_source(self, camera: str, sha256: str) -> Source | None:
        known = {known.name: known.id for known in self.case.store.cameras()}
        return self.case.store.source_for(known[camera], sha256) if camera in known else None

    def _refuse_erased(self, path: Path, sha256: str, source: Source | None) -> None:
        """Raise InputError for what would bring back what was erased, unless it was asked for again.

        A recording of which only some was erased is skipped like any other that was analysed.
        """
        erased = self.case.store.erased_from(sha256)
        if erased is None or self.options.again:
            return
        whole = {told["recording"] for told in erased.body["recordings"] if told["whole"]}
        done = source is not None and source.state == "done" and source.fingerprint == self._fingerprint()
        if source is not None and done and source.id not in whole:
            return
        raise InputError(f"{brought_back(path.name, erased)}; add --again to ingest it nevertheless")

    def _camera(self, name: str) -> Camera:
        known = {camera.name for camera in self.case.store.cameras()}
        camera = self.case.store.camera(name, create=True)
        if name not in known and self.options.zone != "UTC":
            self.case.store.set_camera_clock(camera.id, CameraClock(zone=self.options.zone))
            camera = self.case.store.camera(name)
        return camera

    def _settled(self, source: Source, path: Path, item: Wanted, name: str) -> bool:
        """True when nothing is to be analysed: it was, with these settings, or this run is going to.

        Raises InputError for what was analysed with other settings.
        """
        if source.id in self._planned:
            again = f"{path.name}: the same content as {self._planned[source.id]} of this call; skipped"
            self._skip(source, path, name, again)
            return True
        if source.state != "done" or self._comes_again(source):
            return False
        if source.fingerprint == self._fingerprint():
            source = self._as_asked(source, path, item)
            self._skip(source, path, name, f"{path.name}: already ingested with these settings; skipped")
            return True
        if not self.options.replace:
            raise InputError(
                f"{path.name} was analysed before with other settings ({source.settings}); "
                "add --replace to analyse it again: its tracklets, and decisions about them, then go"
            )
        return False

    def _comes_again(self, source: Source) -> bool:
        return self.options.again and self.case.store.erased_from(source.content_sha256) is not None

    def _skip(self, source: Source, path: Path, name: str, message: str) -> None:
        start = source.start_us, source.start_origin
        self.reports.append(FileReport(str(path), name, "skipped", message, *start, source.report))

    def _as_asked(self, source: Source, path: Path, item: Wanted) -> Source:
        """A known recording with the start that was given by hand, and where it lies now."""
        store = self.case.store
        if item.start_us is not None and item.start_us != source.start_us:
            store.set_source_start(source.id, item.start_us)
            self.control.notice(f"{path.name}: the start was set to the one given by hand")
        if not Path(source.path).exists():
            store.move_source(source.id, str(path.resolve()))
            self.control.notice(f"{path.name}: {source.path} is gone; from now on it is read from {path.resolve()}")
        return store.source(source.id)

    def _fingerprint(self) -> str:
        settings = self.settings
        return fingerprint(
            self.detector.sha256,
            settings.detection,
            settings.tracking,
            settings.tracklets,
            self.options.fps,
            self.options.folder_fps,
        )

    def _request(self, recording: Recording) -> DecodeRequest:
        fps = self.options.fps
        return DecodeRequest(recording.path, recording.kind, analyse_fps=fps, folder_fps=self.options.folder_fps)

    def _add(self, recording: Recording, name: str, sha256: str, info: SourceInfo, item: Wanted) -> Source:
        camera = self._camera(name)
        start = self._start(recording, camera, info, item)
        for note in (start.note, *info.notes):
            if note:
                self.control.notice(f"{recording.path.name}: {note}")
        return self.case.store.add_source(
            NewSource(
                camera=camera.id,
                path=str(recording.path.resolve()),
                content_sha256=sha256,
                bytes=_size(recording.path) or 0,
                start_us=start.start_us,
                kind=recording.kind,
                start_origin=start.origin,
                fingerprint=self._fingerprint(),
                settings=self._settings_in_words(),
                width=info.width,
                height=info.height,
            )
        )

    def _settings_in_words(self) -> dict[str, Any]:
        return {
            "detector": self.detector.name,
            "fps": self.options.fps,
            "folder_fps": self.options.folder_fps,
            "detection": self.settings.detection.model_dump(),
            "tracking": self.settings.tracking.model_dump(),
            "tracklets": self.settings.tracklets.model_dump(),
        }

    def _start(self, recording: Recording, camera: Camera, info: SourceInfo, item: Wanted) -> StartTime:
        named = start_from_name(recording.path.name, self.settings.name_patterns, camera.clock.zone)
        return decide_start(item.start_us, named, info.container_start_us)

    def _begin_again(self, source: Source, path: Path, item: Wanted) -> Source:
        """A source that was begun, failed or is to be replaced."""
        name = path.name
        if source.fingerprint != self._fingerprint():
            erased = ", though it was erased" if self._comes_again(source) else ""
            self.control.notice(f"{name}: analysed again from its start, with other settings than before{erased}")
            self.case.store.reset_source(source.id, fingerprint=self._fingerprint(), settings=self._settings_in_words())
        elif self._comes_again(source):
            self.control.notice(f"{name}: analysed again from its start, though it was erased")
            self.case.store.reset_source(source.id)
        elif self.case.store.load_checkpoint(source.id) is not None:
            self.control.notice(f"{name}: goes on where an earlier run stopped")
        return self._as_asked(source, path, item)

    def _source_plan(self, source: Source, camera: str, request: DecodeRequest, info: SourceInfo) -> SourcePlan:
        rate = info.rate if self.options.fps is None else min(info.rate, self.options.fps)
        return SourcePlan(
            source=source.id,
            camera=camera,
            name=Path(source.path).name,
            request=replace(request, source=source.id),
            rate=rate,
            size=(info.width, info.height),
            duration_us=info.duration_us,
            checkpoint=self._checkpoint(source),
        )

    def _checkpoint(self, source: Source) -> Checkpoint | None:
        block = self.case.store.load_checkpoint(source.id)
        if block is None:
            return None
        try:
            return Checkpoint.from_bytes(block)
        except ValueError as error:
            self.control.notice(
                f"{Path(source.path).name}: begun by another version ({error}); analysed from its start"
            )
            self.case.store.reset_source(source.id)
            return None

    # from plans to reports -------------------------------------------------------------------------------------------

    def _analyse(self, plans: Sequence[SourcePlan]) -> None:
        if not plans:
            return
        pace = Pace(self.control)
        store, settings = self.case.store, self.settings
        pipeline = Pipeline(self.detector, self.embedder, store, settings, self.control, on_progress=pace.report)
        outcomes = pipeline.run(plans)
        self.reports.extend(self._report(plan, outcomes[plan.source]) for plan in plans)

    def _report(self, plan: SourcePlan, outcome: Outcome) -> FileReport:
        source = self.case.store.source(plan.source)
        written = outcome.error is None and _size(plan.request.path) not in (None, source.bytes)
        if written:  # what was found is of another content than its hash says, and would come again with the whole
            self.case.store.reset_source(plan.source)
        count = self.case.store.count_tracklets(plan.source)
        error = _still_written(plan.request.path) if written else outcome.error
        if error is None and outcome.report is not None and outcome.report.frames_analysed == 0:
            error = SourceError(f"{plan.name}: not one picture could be read; look whether it plays elsewhere")
        if error is not None and not isinstance(error, JobCancelled):
            self.case.store.fail_source(plan.source, str(error))
        unfinished = isinstance(error, UnfinishedError)
        state: FileState = "done" if error is None else "unfinished" if unfinished else "failed"
        return FileReport(
            file=source.path,
            camera=plan.camera,
            state=state,
            message=str(error) if error is not None else _in_words(plan.name, outcome.report, count),
            start_us=source.start_us,
            start_origin=source.start_origin,
            report=outcome.report,
            tracklets=count,
            error=error,
        )

    def _fail(self, path: Path, camera: str, error: ReappearError) -> None:
        self.reports.append(FileReport(str(path), camera, "failed", str(error), error=error))


def _in_words(name: str, report: SourceReport | None, tracklets: int) -> str:
    if report is None:
        return f"{name}: nothing read"
    expected = "" if report.frames_expected is None else f" of {report.frames_expected} expected"
    found = f"{name}: {report.frames_decoded}{expected} pictures, {tracklets} tracklets"
    damage = report.damage
    if not damage.any:
        return found
    counted = (
        f"{damage.decode_errors} decoding errors",
        f"{damage.corrupt_frames} damaged pictures",
        f"{damage.repaired_times} repaired times",
    )
    parts = [text for text in counted if not text.startswith("0 ")]
    return f"{found}; " + ", ".join((*parts, *damage.notes))


def _refuse_unwritable(path: Path) -> None:
    """Raise InputError for a path that is no text: neither a case nor a report can hold it."""
    try:
        str(path.resolve()).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise InputError(f"the name {shown} holds bytes that are no text (UTF-8); rename it and try again") from None


def _refuse_as_name(path: Path) -> None:
    """Raise InputError for a recording that no camera can be called after."""
    try:
        checked_name(path.stem)
    except UsageError:
        shown = ascii(path.name)
        raise InputError(f"no camera can be called after {shown}; give it a name: --camera NAME=FILE") from None


def _size(path: Path) -> int | None:
    """Bytes of a recording; None where it is not there any more."""
    try:
        files = [path] if path.is_file() else pictures_in(path)
        return sum(file.stat().st_size for file in files)
    except (OSError, SourceError):
        return None


def _still_written(path: Path) -> SourceError:
    return SourceError(f"{path} was still being written while it was read; ingest it when the recorder is done with it")
