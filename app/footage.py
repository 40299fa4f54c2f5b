"""What the window knows of the case's cameras and recordings at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.player import Stretch
from reid_engine.decoder import DecodeRequest, probe
from reid_engine.errors import ReappearError
from reid_engine.store import Camera, Source
from reid_engine.types import CameraId


@dataclass(frozen=True, slots=True)
class Footage:
    """Everything the case knows about cameras and recordings, at one moment."""

    cameras: tuple[Camera, ...] = ()
    sources: tuple[Source, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)  # path to microseconds
    missing: frozenset[str] = frozenset()  # paths where nothing lies now
    erased: Mapping[str, str] = field(default_factory=dict)  # paths of recordings wholly erased, and who did it and why
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)  # of those without a report, by path
    reached: Mapping[str, int] = field(default_factory=dict)  # as far as it is analysed, where no length is known

    def position(self, camera: CameraId) -> int:
        """The camera's place in the list: gives its letter and colour."""
        return next((place for place, known in enumerate(self.cameras) if known.id == camera), 0)

    def camera(self, which: CameraId) -> Camera | None:
        """The camera of this number."""
        return next((camera for camera in self.cameras if camera.id == which), None)

    @property
    def home_zone(self) -> str:
        """The zone of times that belong to no camera: that of the first."""
        return self.cameras[0].clock.zone if self.cameras else "UTC"

    def stretches(self, camera: Camera) -> list[Stretch]:
        """The camera's recordings for the player; one of unknown length as far as it is analysed."""
        mine = [one for one in self.sources if one.camera == camera.id and one.path not in self.erased]
        lengths = [(one, self.lengths.get(one.path) or self.reached.get(one.path, 0)) for one in mine]
        return [_stretch(source, camera, length) for source, length in lengths if length > 0]

    def zone(self, which: CameraId) -> str:
        """The zone in which this camera's times are shown."""
        camera = self.camera(which)
        return camera.clock.zone if camera is not None else "UTC"


def _stretch(source: Source, camera: Camera, length_us: int) -> Stretch:
    return Stretch(
        path=Path(source.path),
        kind=source.kind,
        start_us=source.start_us,
        duration_us=length_us,
        clock=camera.clock,
        size=(source.width, source.height),
        folder_fps=source.folder_fps,
        repaired=source.repaired,
    )


def looked_at(source: Source) -> tuple[int, Sequence[str]]:
    """Microseconds by the recording's own header, 0 where it does not say or cannot be read; and what is odd in it."""
    try:
        info = probe(DecodeRequest(Path(source.path), source.kind, folder_fps=source.folder_fps))
    except ReappearError:
        return 0, ()  # the player's tile says why when it is opened
    if info.duration_us is not None:
        return info.duration_us, info.notes
    return round((info.expected_frames or 0) / info.rate * 1e6) if info.rate > 0 else 0, info.notes
