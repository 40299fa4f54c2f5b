"""The pixels of a person who is no tracklet: a box drawn by hand in a recording, cut at full size."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from pathlib import Path

from reid_engine.decoder import PictureServer
from reid_engine.errors import ProbeError, SourceError
from reid_engine.picture import part
from reid_engine.recordings import SourceKind
from reid_engine.store import Camera, Source, Store
from reid_engine.types import BgrImage

TIME_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """xyxy: pixels of the camera's picture at ``time_us`` (corrected UTC)."""

    camera: str
    time_us: int
    xyxy: tuple[float, float, float, float]


def cut(store: Store, box: DrawnBox) -> BgrImage:
    """The pixels under a drawn box, (h, w, 3) BGR.

    Raises ProbeError where the camera has no footage at that time or the box is too small, NotFound for no such
    camera, SourceError for a recording that is gone or cannot be read there.
    """
    camera = store.camera(box.camera)
    source, offset_us = source_at(store, camera, box.time_us)
    return part(picture_at(source, offset_us), box.xyxy)


def source_at(store: Store, camera: Camera, time_us: int) -> tuple[Source, int]:
    """Which recording of a camera shows a moment, and how far into it that is, in microseconds."""
    recorded_us = camera.clock.recorded(time_us)
    begun = [s for s in store.sources() if s.camera == camera.id and s.start_us <= recorded_us]
    for source in sorted(begun, key=lambda s: s.start_us, reverse=True):
        offset_us = recorded_us - source.start_us
        if source.report is None or offset_us <= source.report.duration_us:
            return source, offset_us
    raise ProbeError(f"{camera.name} has no footage at that moment")


def file_of(source: Source) -> Path:
    """Where a recording lies. Raises SourceError when it is there no longer."""
    path = Path(source.path)
    if not path.exists():
        raise SourceError(f"{path} is gone; put the recording back where it was")
    return path


def picture_at(source: Source, offset_us: int) -> BgrImage:
    """The picture that a recording shows ``offset_us`` after its first one, at full size."""
    path = file_of(source)
    kind: SourceKind = "folder" if source.kind == "folder" else "video"
    size = source.width, source.height
    server = PictureServer(path, kind, size, folder_fps=source.folder_fps, repaired=source.repaired, slots=2)
    deadline = time.monotonic() + TIME_LIMIT_S
    try:
        server.seek(max(0, offset_us))
        while not server.error and time.monotonic() < deadline:
            select.select([server], [], [], TIME_LIMIT_S)
            for picture in server.take():
                return picture.image.copy()
            if server.ended:
                break
    finally:
        server.close()
    raise SourceError(server.error or f"{path}: no picture at {offset_us / 1e6:.3f} s; the recording ends before it")
