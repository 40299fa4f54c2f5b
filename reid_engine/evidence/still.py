"""One picture of a recording, whole and unmarked, as a file that is on the record."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from reid_engine.captions import png
from reid_engine.case import Case
from reid_engine.decoder import DecodeRequest, stretch
from reid_engine.errors import CaseError, SourceError, UsageError
from reid_engine.evidence.sightings import request_of
from reid_engine.probe import file_of, source_at
from reid_engine.store.connection import explained


@dataclass(frozen=True, slots=True)
class Still:
    """What was saved. time_us: corrected UTC of the picture, which began at or before the moment asked for."""

    path: Path
    time_us: int
    sha256: str


def save_still(case: Case, camera: str, time_us: int, out: Path) -> Still:
    """Write what a camera showed at a moment (corrected UTC) as a PNG, and that into the record.

    The recording's size is compared with the one analysed, not its content, which may take minutes to read. Raises
    UsageError when ``out`` exists, ProbeError where the camera has no footage, NotFound, SourceError, CaseError,
    DiskFull.
    """
    out = out.absolute()
    if case.store.read_only:
        raise CaseError(f"{case.folder} is open for reading only, so that a still could not go on its record")
    known = case.store.camera(camera)
    source, offset_us = source_at(case.store, known, time_us)
    path = file_of(source)
    if path.is_file() and path.stat().st_size != source.bytes:
        raise SourceError(f"{path} is not what was analysed: its content has changed since; put the recording back")
    shot_us, data = _picture(request_of(source), offset_us)
    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        _write_new(out, data)
    found = Still(out, known.clock.correct(source.start_us + shot_us), hashlib.sha256(data).hexdigest())
    seen = [t for t in case.store.tracklets_between(known.id, found.time_us, found.time_us) if t.source == source.id]
    case.record(
        "still saved",
        path=str(out),
        sha256=found.sha256,
        camera=int(known.id),
        recording=int(source.id),
        offset_us=shot_us,
        time_us=found.time_us,
        tracklets=[int(tracklet.id) for tracklet in seen],
    )
    return found


def _picture(request: DecodeRequest, offset_us: int) -> tuple[int, bytes]:
    with closing(stretch(request, offset_us, offset_us, lambda: None)) as shots:
        for shot in shots:
            return shot.offset_us, png(shot.image)
    raise SourceError(f"{request.path}: no picture at {offset_us / 1e6:.3f} s; the recording ends before it")


def _write_new(out: Path, data: bytes) -> None:
    """A new file with all of it, or none."""
    try:
        file = out.open("xb")
    except FileExistsError:
        raise UsageError(f"{out} exists already; name another file, so that nothing is overwritten") from None
    try:
        with file:
            file.write(data)
    except OSError:
        out.unlink()
        raise
