"""Small cases made by hand: tracklets with known times, boxes, pixels and vectors, without any recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from reid_engine.clock import ManualClock
from reid_engine.ranking import unit_length
from reid_engine.store import Network, NewSource, Source, Store
from reid_engine.types import (
    CameraId,
    ClosedTracklet,
    Crop,
    ModelId,
    SourceId,
    SourceReport,
    TrackletCrops,
    TrackletId,
    Vectors,
    as_boxes,
)

MODEL = ModelId("stripes@0")
DIM = 16
FRAME_US = 40_000
SECOND = 1_000_000


def jpeg(shade: int = 0, size: tuple[int, int] = (32, 16)) -> bytes:
    """A plain picture."""
    done, data = cv2.imencode(".jpg", np.full((*size, 3), shade % 256, np.uint8))
    assert done
    return data.tobytes()


def closed(
    track: int = 1,
    *,
    start_us: int = 0,
    boxes: int = 5,
    box: tuple[float, float, float, float] = (10, 20, 40, 110),
    crops: int = 2,
) -> ClosedTracklet:
    """A tracklet that stands still for ``boxes`` pictures, the first ``start_us`` after the recording's first."""
    at = start_us + np.arange(boxes, dtype=np.int64) * FRAME_US
    kept = tuple(Crop(int(t // FRAME_US), int(t), box, 0.5, jpeg(track)) for t in at[:crops])
    return ClosedTracklet(
        track_id=track,
        frame_index=at // FRAME_US,
        offset_us=at,
        xyxy=as_boxes([box] * boxes),
        score=np.full(boxes, 0.75, np.float32),
        quality=0.5,
        crops=TrackletCrops(kept, (kept,)),
    )


def looks(person: int, *, seed: int = 0, noise: float = 0.0, dim: int = DIM) -> Vectors:
    """(D,) of unit length: what a network would see of a person, with some noise."""
    plain = np.random.default_rng(1000 + person).normal(size=dim)
    seen = plain / np.linalg.norm(plain) + noise * np.random.default_rng(seed).normal(size=dim)
    return unit_length(seen[None].astype(np.float32))[0]


@dataclass
class Gallery:
    """A store with cameras, one recording each, that tracklets can be put into."""

    store: Store
    sources: dict[str, Source] = field(default_factory=dict)
    tracks: int = 0

    def camera(self, name: str) -> CameraId:
        """The camera of this name, with a recording that starts at 0."""
        if name not in self.sources:
            camera = self.store.camera(name, create=True)
            new = NewSource(camera=camera.id, path=f"{name}.mp4", content_sha256=name, bytes=1, start_us=0)
            self.sources[name] = self.store.add_source(new)
        return self.sources[name].camera

    def source(self, name: str) -> SourceId:
        """The camera's recording."""
        self.camera(name)
        return self.sources[name].id

    def put(
        self,
        camera: str,
        vector: Vectors | int,
        *,
        at_s: float = 0.0,
        boxes: int = 5,
        box: tuple[float, float, float, float] = (10, 20, 40, 110),
    ) -> TrackletId:
        """One tracklet that looks like ``vector``, or like a person."""
        self.tracks += 1
        piece = closed(self.tracks, start_us=round(at_s * SECOND), boxes=boxes, box=box)
        seen = looks(vector) if isinstance(vector, int) else vector
        return self.commit(camera, [(piece, seen)])[0]

    def commit(self, camera: str, pieces: Sequence[tuple[ClosedTracklet, Vectors]]) -> list[TrackletId]:
        """Several in one transaction."""
        return self.store.commit_progress(
            self.source(camera), closed=pieces, model=MODEL, checkpoint=b"here", finished=None
        )

    def finish(self, camera: str) -> None:
        """The recording is done."""
        report = SourceReport(10, 10, 10, SECOND)
        self.store.commit_progress(self.source(camera), closed=[], model=MODEL, checkpoint=None, finished=report)


def calibrated(folder: Path, *seen: tuple[str, int, float]) -> Path:
    """A case by that folder whose network has bands; seen: (camera, who, seconds from 1970-01-01 00:00 UTC)."""
    store = Store.create(folder / "case.db", purpose="a test")
    bands = {"calibration": {"strong": 0.3, "possible": 0.5, "weak": 0.7}}
    store.add_network(Network("embedder", "e" * 64, "n", "n", bands, MODEL))
    made = Gallery(store)
    for camera, person, at_s in seen:
        made.put(camera, looks(person, seed=int(at_s), noise=0.03), at_s=at_s)
    store.close()
    return folder


def gallery(folder: Path) -> Gallery:
    """An empty one; its clock stands still."""
    return Gallery(Store.create(folder / "case.db", purpose="a test", clock=ManualClock(5_000_000), operator="tester"))
