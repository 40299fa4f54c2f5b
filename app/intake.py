"""Dropped files on their way to an ingest: found, looked at, named, dated, their cameras' clocks corrected; then the
words of the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app import local_time
from app.background import Lane
from app.explain import sentence
from app.footage import Footage
from app.images import to_qimage
from app.item_models.recordings import RecordingRow, RecordingsModel, RowState
from app.networks import Networks
from app.waiting import Reading, Waiting
from app.words import tr
from reid_engine.clock import SECOND_US, CameraClock
from reid_engine.decoder import DecodeRequest, SourceInfo, first_picture, probe
from reid_engine.errors import JobCancelled, ReappearError
from reid_engine.jobs import JobControl
from reid_engine.recordings import (
    CONTAINER_NOTE,
    Recording,
    content_sha256,
    decide_start,
    expand,
    natural_key,
    proposed_camera,
    same_content,
    start_from_name,
)
from reid_engine.store import Source
from reid_engine.types import SourceId

PICTURE_SIZE = (960, 540)
SAME_MOMENT_US = 60 * SECOND_US  # readings nearer to one another say nothing about the drift
NEW_START_US = SECOND_US  # a burnt-in clock this far from the file's time is believed instead of the file


class Intake(QObject):
    """Fills the table of recordings and reads pictures, off the window's thread.

    pictured: (file, offset in microseconds, picture or None, reason); refused: a sentence; misread: one about a reading
    corrected: (camera, clock) for a camera that is in the case already
    found_again: (path, path now) of a recording of the case that had been missing
    """

    pictured = Signal(Path, object, object, str)
    refused = Signal(str)
    misread = Signal(str)
    corrected = Signal(str, object)
    found_again = Signal(Path, Path)

    def __init__(
        self, model: RecordingsModel, lane: Lane, zone: str, patterns: Sequence[str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._lane = lane
        self._zone = zone
        self._patterns = tuple(patterns)
        self._footage = Footage()
        self._clocks: dict[str, CameraClock] = {}
        self._readings: dict[str, list[Reading]] = {}
        self._comparing = JobControl()
        model.edited.connect(self._on_edited)
        model.rezoned.connect(self._on_rezoned)
        model.reclocked.connect(self._on_reclocked)

    def close(self) -> None:
        """Stop comparing contents."""
        self._comparing.cancel()

    def drop(self, paths: Sequence[Path]) -> None:
        """Take files and folders; folders are searched."""
        if paths:
            self._lane.run(lambda: _expanded(paths), self._found)

    def show_case(self, footage: Footage, *, running: bool, turns: Mapping[SourceId, RowState] | None = None) -> None:
        """Bring the rows of what is in the case up to date; rows that wait for Start stay.

        turns: what a running job says of its recordings; of others it says nothing
        """
        self._footage = footage
        told = turns or {}
        stored = [_stored(source, footage, told.get(source.id, "running") if running else "waiting")
                  for source in footage.sources]  # fmt: skip
        paths = {row.path for row in stored}
        waiting = [row for row in self._model.rows() if not row.in_case and row.path not in paths]
        if not running:  # what a job left behind without taking it into the case waits again
            waiting = [replace(row, state=row.resting) if row.state == "running" else row for row in waiting]
        self._model.show([*stored, *(replace(row, clock=self.clock(row.camera)) for row in waiting)])

    def waiting(self) -> Waiting:
        """What would be lost if the case were closed now."""
        rows = tuple(row for row in self._model.rows() if not row.in_case)
        cameras = {row.camera for row in rows} - {known.name for known in self._footage.cameras}
        return Waiting(
            rows,
            {camera: self._clocks[camera] for camera in cameras & self._clocks.keys()},
            {camera: self._readings[camera] for camera in cameras & self._readings.keys()},
        )

    def take_back(self, waiting: Waiting) -> None:
        """Show what waited when the case was closed; what was dropped meanwhile stays as it is."""
        if waiting.problem:
            self.refused.emit(waiting.problem)
        self._clocks = {**waiting.clocks, **self._clocks}
        self._readings = {**{camera: list(taken) for camera, taken in waiting.readings.items()}, **self._readings}
        new = [row for row in waiting.rows if self._model.of(row.path) is None]
        self._model.show([*self._model.rows(), *(replace(row, clock=self.clock(row.camera)) for row in new)])
        for row in new:
            if row.state == "reading":
                self._read_later(row)

    def picture(self, path: Path, offset_us: int = 0) -> None:
        """Read a picture of a file; ``pictured`` answers."""
        row = self._model.of(path)
        if row is None:
            return
        request = DecodeRequest(path, row.kind)
        self._lane.run(
            lambda: to_qimage(first_picture(request, offset_us=offset_us, size=PICTURE_SIZE)),
            lambda picture: self._pictured(path, offset_us, picture),
            key="first picture",
            failed=lambda error: self.pictured.emit(path, offset_us, None, sentence(error)),
        )

    # clocks -----------------------------------------------------------------------------------------------------------

    def clock(self, camera: str) -> CameraClock:
        """What is known of a camera's clock: chosen now, or stored in the case, or nothing but the zone."""
        if camera in self._clocks:
            return self._clocks[camera]
        stored = next((known.clock for known in self._footage.cameras if known.name == camera), None)
        return CameraClock(zone=self._zone) if stored is None else stored

    def clocks(self) -> dict[str, CameraClock]:
        """The clocks of all cameras that wait for Start."""
        return {row.camera: self.clock(row.camera) for row in self._model.rows() if row.startable}

    def readings(self, camera: str) -> Sequence[Reading]:
        """What was read off this camera's clock."""
        return tuple(self._readings.get(camera, ()))

    def read_clock(self, path: Path, offset_us: int, shown: str, true: str) -> None:
        """The picture at ``offset_us`` shows ``shown`` while the true time was ``true``: correct the camera's clock.

        Two readings at least a minute apart give the drift too; a third one replaces the nearer.
        """
        row = self._model.of(path)
        if row is None:
            return
        try:
            reading = self._reading(row, offset_us, shown, true)
            kept = [known for known in self.readings(row.camera) if _apart(known, reading)][-1:]
            both = sorted([*kept, reading], key=lambda known: known.shown_us)
            first, later = both[0], both[1] if len(both) > 1 else None
            clock = CameraClock.from_readings(
                first.shown_us,
                first.true_us,
                later=None if later is None else (later.shown_us, later.true_us),
                zone=row.zone,
            )
        except ValueError as error:
            self.misread.emit(str(error))
            return
        self._readings[row.camera] = both
        self._believe_picture(row, offset_us, reading.shown_us)
        self._set_clock(row.camera, clock)

    def forget_readings(self, camera: str) -> None:
        """The camera's clock is right after all."""
        self._readings.pop(camera, None)
        self._set_clock(camera, CameraClock(zone=self.clock(camera).zone))

    def _reading(self, row: RecordingRow, offset_us: int, shown: str, true: str) -> Reading:
        if row.start_us is None and not local_time.has_day(shown):
            raise ValueError(tr("The file's day is not known: write the time as 2026-11-03 14:03:22."))
        shown_us = local_time.parse_near(shown, (row.start_us or 0) + offset_us, row.zone)
        return Reading(shown_us, local_time.parse_near(true, shown_us, row.zone))

    def _believe_picture(self, row: RecordingRow, offset_us: int, shown_us: int) -> None:
        """Where the burnt-in clock differs from the file's time, the starts of the camera's new files follow it."""
        if row.in_case:
            if row.start_us is None:
                self._model.restarted.emit(row.path, shown_us - offset_us)
            return
        if row.start_us is None:
            self._model.put(replace(row, start_us=shown_us - offset_us, origin="by hand", state="ready"))
            return
        differs = shown_us - (row.start_us + offset_us)
        if abs(differs) >= NEW_START_US:
            for other in self._model.rows():
                if other.camera == row.camera and not other.in_case and other.start_us is not None:
                    self._model.put(replace(other, start_us=other.start_us + differs, origin="by hand"))

    def _set_clock(self, camera: str, clock: CameraClock) -> None:
        self._clocks[camera] = clock
        self._model.change(lambda row: row.camera == camera, clock=clock)
        if any(known.name == camera for known in self._footage.cameras):
            self.corrected.emit(camera, clock)

    def rename(self, before: str, name: str) -> None:
        """A camera of the case is called otherwise now: what waits of it goes with it."""
        if before in self._clocks:
            self._clocks[name] = self._clocks.pop(before)
        if before in self._readings:
            self._readings[name] = self._readings.pop(before)
        self._model.change(lambda row: row.camera == before, camera=name)

    def _on_edited(self, path: Path) -> None:
        row = self._model.of(path)
        if row is not None:
            self._model.put(replace(row, clock=self.clock(row.camera)))

    def _on_reclocked(self, path: Path, text: str) -> None:
        row = self._model.of(path)
        if row is None:
            return
        offset_us = local_time.parse_ahead(text)  # the model refuses what cannot be read
        self._readings.pop(row.camera, None)
        self._set_clock(row.camera, replace(row.clock, offset_us=offset_us, drift_ppm=0.0, uncertainty_us=SECOND_US))

    def _on_rezoned(self, path: Path, zone: str) -> None:
        row = self._model.of(path)
        if row is None:
            return
        self._set_clock(row.camera, replace(self.clock(row.camera), zone=zone))
        for other in self._model.rows():
            if other.camera == row.camera and not other.in_case and other.origin == "file name":
                named = start_from_name(other.path.name, self._patterns, zone)
                self._model.put(replace(other, start_us=named.start_us if named else other.start_us))

    # to the command ---------------------------------------------------------------------------------------------------

    def arguments(self, networks: Networks) -> list[str]:
        """The words after ``reappear ingest CASE`` for everything that waits."""
        words = [*networks.arguments(), "--zone", self._zone]
        for row in self._model.rows():
            if row.startable:
                words += ["--camera", f"{row.camera}={row.path}"]
                if row.origin == "by hand" and row.start_us is not None and not row.in_case:
                    words += ["--start", f"{row.path}={local_time.iso(row.start_us)}"]
        return words

    def mark_started(self) -> None:
        """What waited is being analysed from now on; the case tells more when it knows."""
        self._model.change(lambda row: row.startable, state="running")

    def _pictured(self, path: Path, offset_us: int, picture: QImage) -> None:
        self.pictured.emit(path, offset_us, picture, "")

    # what was dropped -------------------------------------------------------------------------------------------------

    def _found(self, found: tuple[list[Recording], list[str]]) -> None:
        recordings, refusals = found
        for words in refusals:
            self.refused.emit(words)
        for recording in recordings:
            path = recording.path.resolve()
            known = self._model.of(path)
            if known is not None and known.state == "missing":
                self._model.put(replace(known, state=known.resting))
            if known is not None:
                self._refuse_erased(path)
                continue
            row = RecordingRow(path, recording.kind, path.stem, "reading", clock=CameraClock(zone=self._zone))
            self._model.put(row)
            self._read_later(row)

    def _read_later(self, row: RecordingRow) -> None:
        self._lane.run(lambda: self._look(row), self._looked)

    def _refuse_erased(self, path: Path) -> None:
        if str(path) in self._footage.erased:
            self.refused.emit(self._footage.erased[str(path)])

    def _look(self, row: RecordingRow) -> RecordingRow:
        try:
            info = probe(DecodeRequest(row.path, row.kind))
        except ReappearError as error:
            reason = sentence(error).removeprefix(str(row.path)).lstrip(": ")  # the row names the file
            return replace(row, state="unreadable", remark=reason, bytes=_bytes(row.path))
        return self._described(row, info)

    def _described(self, row: RecordingRow, info: SourceInfo) -> RecordingRow:
        named = start_from_name(row.path.name, self._patterns, self._zone)
        camera = proposed_camera(row.path, named)
        clock = self.clock(camera)
        if clock.zone != self._zone:
            named = start_from_name(row.path.name, self._patterns, clock.zone)
        start = decide_start(None, named, info.container_start_us)
        unknown = start.origin == "unknown"
        remarks = [note for note in (*info.notes, "" if unknown else start.note) if note]
        return replace(
            row,
            state="no time" if unknown else "ready",
            start_us=None if unknown else start.start_us,
            origin=start.origin,
            camera=camera,
            clock=clock,
            duration_us=info.duration_us,
            bytes=_bytes(row.path),
            remark="; ".join(remarks),
            writer=start.writer,
        )

    def _looked(self, row: RecordingRow) -> None:
        if self._model.of(row.path) is not None:
            self._model.put(row)
        if not any(other.state == "reading" for other in self._model.rows()):
            self._arrange()
            self._compare()

    def _arrange(self) -> None:
        """Those of one camera together, in order of time, after what is in the case."""
        rows = self._model.rows()
        waiting = [row for row in rows if not row.in_case]
        waiting.sort(key=lambda row: (natural_key(row.camera), row.start_us or 0, natural_key(row.path.name)))
        self._model.show([*(row for row in rows if row.in_case), *waiting])

    def _compare(self) -> None:
        """Find recordings whose bytes are in the table or in the case already; what is analysed now was there first."""
        rows = [row for row in self._model.rows() if row.kind == "video" and row.bytes and not row.in_case]
        new = [row for row in rows if row.state in ("ready", "no time")]
        sizes = {row.path: row.bytes or 0 for row in [*(row for row in rows if row.state == "running"), *new]}
        known = {(source.bytes, source.content_sha256): source.path for source in self._footage.sources}
        control = self._comparing

        def compared() -> tuple[Mapping[Path, str], set[str]]:
            try:
                same = same_content(sizes, known, lambda path: content_sha256(path, control))
            except JobCancelled:
                same = {}
            return same, {path for path in known.values() if not Path(path).exists()}

        self._lane.run(
            compared, lambda found: self._compared(*found), key="compare",
            failed=lambda error: self.refused.emit(sentence(error)),
        )  # fmt: skip

    def _compared(self, duplicates: Mapping[Path, str], missing: set[str]) -> None:
        for path, of in duplicates.items():
            if of in self._footage.erased:
                self._model.change(_named(path), state="duplicate", remark=self._footage.erased[of])
                self._refuse_erased(Path(of))
                continue
            if of in missing:
                missing.remove(of)
                self._model.take_out([place for place in [self._model.place(path)] if place is not None])
                self.found_again.emit(Path(of), path)
                continue
            words = tr("the same content as {name}; it is left out").format(name=Path(of).name)
            self._model.change(_named(path), state="duplicate", remark=words)


def _named(path: Path) -> Callable[[RecordingRow], bool]:
    return lambda row: row.path == path and row.state in ("ready", "no time")


def _apart(one: Reading, other: Reading) -> bool:
    return abs(one.shown_us - other.shown_us) >= SAME_MOMENT_US


def _expanded(paths: Sequence[Path]) -> tuple[list[Recording], list[str]]:
    """The recordings in what was dropped, in its order, and a sentence for each that holds none."""
    recordings: list[Recording] = []
    refusals: list[str] = []
    for path in paths:
        try:
            recordings += expand([path])
        except ReappearError as error:
            refusals.append(sentence(error))
    return recordings, refusals


def _bytes(path: Path) -> int | None:
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
        return path.stat().st_size
    except OSError:
        return None


def _stored(source: Source, footage: Footage, otherwise: RowState) -> RecordingRow:
    states: dict[str, RowState] = {"done": "done", "failed": "failed"}
    state = states.get(source.state, otherwise)
    if source.path in footage.erased and source.state not in ("pending", "running"):
        state = "erased"
    camera = footage.camera(source.camera)
    notes = footage.notes.get(source.path, ()) if source.report is None else source.report.damage.notes
    guessed = (CONTAINER_NOTE,) if source.start_origin == "container" else ()
    remark = source.failure or "; ".join((*notes, *guessed))
    if state == "erased":
        remark = footage.erased[source.path]
    elif source.path in footage.missing:
        remark = tr("file missing: drop it here from where it lies now")
    return RecordingRow(
        path=Path(source.path),
        kind=source.kind,
        camera=camera.name if camera is not None else "?",
        state=state,
        start_us=None if source.start_origin == "unknown" else source.start_us,
        origin=source.start_origin,
        clock=CameraClock() if camera is None else camera.clock,
        duration_us=footage.lengths.get(source.path) or None,
        bytes=source.bytes,
        remark=remark,
        in_case=True,
    )
