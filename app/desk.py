"""The open case as the window uses it: every verb in one place, so that panes hold no rules.

All of these may take longer than a frame: they are called on a lane, never on the window's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.player import Stretch
from reid_engine.case import Case
from reid_engine.store import Camera, Source
from reid_engine.types import CameraId, Crop, Match, Tracklet, TrackletId, Vectors, Verdict

CARD_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Footage:
    """Everything the case knows about cameras and recordings, at one moment."""

    cameras: tuple[Camera, ...] = ()
    sources: tuple[Source, ...] = ()

    def position(self, camera: CameraId) -> int:
        """The camera's place in the list: gives its letter and colour."""
        return next((place for place, known in enumerate(self.cameras) if known.id == camera), 0)

    def camera(self, which: CameraId) -> Camera | None:
        """The camera of this number."""
        return next((camera for camera in self.cameras if camera.id == which), None)

    def stretches(self, camera: Camera) -> list[Stretch]:
        """The camera's recordings for the player."""
        return [_stretch(source, camera) for source in self.sources if source.camera == camera.id]

    def zone(self, which: CameraId) -> str:
        """The zone in which this camera's times are shown."""
        camera = self.camera(which)
        return camera.clock.zone if camera is not None else "UTC"


def _stretch(source: Source, camera: Camera) -> Stretch:
    duration = source.report.duration_us if source.report is not None else source.duration_us or 0
    kind = "video" if source.kind == "video" else "folder"
    return Stretch(
        Path(source.path), kind, source.start_us, duration, camera.clock, (source.width, source.height)
    )


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for and where. ``tracklet`` or ``vector``; cameras None means all but the probe's own."""

    tracklet: TrackletId | None = None
    vector: Vectors | None = field(default=None, compare=False)
    camera: CameraId | None = None
    cameras: tuple[CameraId, ...] | None = None
    from_us: int | None = None
    to_us: int | None = None
    refine: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Ranked matches, and what was decided of them before."""

    query: Query
    matches: Sequence[Match]
    verdicts: dict[TrackletId, Verdict]
    notice: str = ""
