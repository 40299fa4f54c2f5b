"""Dropped files on their way to an ingest: found, looked at, named and dated; then the words of the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app import local_time
from app.background import Lane
from app.desk import Footage
from app.explain import sentence
from app.images import decode_jpeg
from app.item_models.recordings import RecordingRow, RecordingsModel, RowState
from app.networks import Networks
from reid_engine.decoder import DecodeRequest, SourceInfo, first_picture, probe
from reid_engine.errors import ReappearError
from reid_engine.recordings import Recording, decide_start, expand, start_from_name
from reid_engine.store import Source

PICTURE_SIZE = (640, 480)


class Intake(QObject):
    """Fills the table of recordings and reads first pictures, off the window's thread."""

    pictured = Signal(Path, object, str)
    refused = Signal(str)

    def __init__(
        self, model: RecordingsModel, lane: Lane, zone: str, patterns: Sequence[str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._lane = lane
        self._zone = zone
        self._patterns = tuple(patterns)

    def drop(self, paths: Sequence[Path]) -> None:
        """Take files and folders; folders are searched."""
        self._lane.run(lambda: _expanded(paths), self._found)

    def show_case(self, footage: Footage, *, running: bool) -> None:
        """Bring the rows of what is in the case up to date; rows that wait for Start stay."""
        stored = [_stored(source, footage, running=running) for source in footage.sources]
        paths = {row.path for row in stored}
        waiting = [row for row in self._model.rows() if not row.in_case and row.path not in paths]
        if not running:  # what a job left behind without taking it into the case waits again
            waiting = [replace(row, state="ready") if row.state == "running" else row for row in waiting]
        if [*stored, *waiting] != list(self._model.rows()):
            self._model.show([*stored, *waiting])

    def picture(self, path: Path) -> None:
        """Read the first picture of a file; ``pictured`` answers."""
        place = self._model.place(path)
        row = self._model.row(place) if place is not None else None
        if row is None:
            return
        self._lane.run(
            lambda: decode_jpeg(first_picture(DecodeRequest(path, row.kind), size=PICTURE_SIZE)),
            lambda picture: self._pictured(path, picture),
            key="first picture",
            failed=lambda error: self.pictured.emit(path, None, sentence(error)),
        )

    def arguments(self, networks: Networks) -> list[str]:
        """The words after ``reappear ingest CASE`` for everything that waits."""
        words = [*networks.arguments(), "--zone", self._zone]
        for row in self._model.rows():
            if row.startable:
                words += ["--camera", f"{row.camera}={row.path}"]
                if row.origin == "by hand" and row.start_us is not None and not row.in_case:
                    words += ["--start", f"{row.path}={local_time.iso(row.start_us)}"]
        return words

    def _pictured(self, path: Path, picture: QImage) -> None:
        self.pictured.emit(path, picture, "")

    def mark_started(self) -> None:
        """What waited is being analysed from now on; the case tells more when it knows."""
        for row in self._model.rows():
            if row.startable:
                self._model.put(replace(row, state="running"))

    def _found(self, found: tuple[list[Recording], list[str]]) -> None:
        recordings, refusals = found
        for words in refusals:
            self.refused.emit(words)
        for recording in recordings:
            path = recording.path.resolve()
            if self._model.place(path) is not None:
                continue
            row = RecordingRow(path, recording.kind, path.stem, "reading", zone=self._zone)
            self._model.put(row)
            self._lane.run(
                lambda row=row: self._look(row),  # type: ignore[misc]
                self._looked,
            )

    def _look(self, row: RecordingRow) -> RecordingRow:
        try:
            info = probe(DecodeRequest(row.path, row.kind))
        except ReappearError as error:
            return replace(row, state="unreadable", remark=sentence(error), bytes=_bytes(row.path))
        return self._described(row, info)

    def _described(self, row: RecordingRow, info: SourceInfo) -> RecordingRow:
        named = start_from_name(row.path.name, self._patterns, self._zone)
        start = decide_start(None, named, info.container_start_us)
        unknown = start.origin == "unknown"
        remarks = [note for note in (*info.notes, "" if unknown else start.note) if note]
        return replace(
            row,
            state="no time" if unknown else "ready",
            start_us=None if unknown else start.start_us,
            origin=start.origin,
            camera=start.camera or row.camera,
            duration_us=info.duration_us,
            bytes=_bytes(row.path),
            remark="; ".join(remarks),
        )

    def _looked(self, row: RecordingRow) -> None:
        place = self._model.place(row.path)
        if place is not None:
            self._model.put(row)


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


def _stored(source: Source, footage: Footage, *, running: bool) -> RecordingRow:
    states: dict[str, RowState] = {"done": "done", "failed": "failed"}
    state = states.get(source.state, "running" if running else "waiting")
    camera = footage.camera(source.camera)
    damage = source.report.damage if source.report is not None else None
    remark = source.failure or ("; ".join(damage.notes) if damage is not None else "")
    return RecordingRow(
        path=Path(source.path),
        kind="folder" if source.kind == "folder" else "video",
        camera=camera.name if camera is not None else "?",
        state=state,
        start_us=source.start_us,
        origin=source.start_origin,
        zone=footage.zone(source.camera),
        duration_us=footage.lengths.get(source.path) or None,
        bytes=source.bytes,
        remark=remark,
        in_case=True,
    )
