"""The vocabulary: every shape, unit and box order of the program, written once.

Pixels are ``(H, W, 3) uint8 BGR`` until ``embedding`` turns them into RGB floats. Boxes are ``xyxy`` in pixels of the
source picture as it is displayed (after rotation), x right, y down. Wall time is ``int`` microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NewType, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import ShapeError

CameraId = NewType("CameraId", int)
SourceId = NewType("SourceId", int)
TrackletId = NewType("TrackletId", int)
ModelId = NewType("ModelId", str)

BgrImage: TypeAlias = NDArray[np.uint8]  # (H, W, 3)
Boxes: TypeAlias = NDArray[np.float32]  # (N, 4) xyxy, pixels of the source picture
Vectors: TypeAlias = NDArray[np.float32]  # (N, D)
State: TypeAlias = dict[str, NDArray[Any]]  # what a checkpoint keeps of one stage: named arrays, no pixels, no pickles

Scalar = TypeVar("Scalar", bound=np.generic)

DistanceName: TypeAlias = Literal["cosine", "euclidean"]
BandName: TypeAlias = Literal["strong", "possible", "weak", "none"]
BANDS: Mapping[BandName, float] = {"strong": 0.01, "possible": 0.05, "weak": 0.20}  # share of strangers who pass
Verdict: TypeAlias = Literal["same", "different", "unsure"]
PairRelation: TypeAlias = Literal["unknown", "overlapping", "apart"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One analysed picture of one source.

    index:     number of the picture in the source's decoding order, from 0 (damaged pictures count, so it is stable)
    offset_us: microseconds after the source's first picture, by the recording's own stamps
    image:     (H, W, 3) uint8 BGR, as displayed
    """

    source: int
    index: int
    offset_us: int
    image: BgrImage


class Part(NamedTuple):
    """A rectangle of a picture: whole pixels, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, image: NDArray[Scalar]) -> NDArray[Scalar]:
        """Its pixels of a picture or mask (H, W, ..), a view."""
        return image[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, slots=True)
class Detections:
    """People found in one picture, as columns.

    xyxy:     (N, 4) float32, pixels of the source picture
    score:    (N,) float32 in [0, 1]
    track_id: (N,) int64, unique within one source; None before tracking
    """

    xyxy: Boxes
    score: NDArray[np.float32]
    track_id: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        if self.xyxy.shape != (n, 4):
            raise ShapeError(f"xyxy must be (N, 4), got {self.xyxy.shape}")
        if self.score.shape != (n,):
            raise ShapeError(f"score must be ({n},), got {self.score.shape}")
        if self.track_id is not None and self.track_id.shape != (n,):
            raise ShapeError(f"track_id must be ({n},), got {self.track_id.shape}")

    def __len__(self) -> int:
        return len(self.xyxy)

    def __getitem__(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        ids = None if self.track_id is None else self.track_id[keep]
        return Detections(self.xyxy[keep], self.score[keep], ids)

    def moved(self, part: Part) -> Detections:
        """From pixels of a part to those of its picture."""
        corner = np.array([part.left, part.top] * 2, np.float32)
        return Detections(self.xyxy + corner, self.score, self.track_id)

    @classmethod
    def none(cls) -> Detections:
        """A picture without people."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class Crop:
    """The pixels of one box, as stored.

    jpeg:    the encoded picture; vectors are made from these very bytes, so they can be made again
    quality: in [0, 1], higher is better: sharp, tall, unoccluded, inside the picture
    """

    frame_index: int
    offset_us: int
    xyxy: tuple[float, float, float, float]
    quality: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class TrackletCrops:
    """What is kept of a tracklet's pixels, enough to feed every model again.

    best: up to 8 single crops, best first, spread in time
    runs: up to 3 clips of up to 16 consecutive analysed frames, in time order
    """

    best: tuple[Crop, ...]
    runs: tuple[tuple[Crop, ...], ...]


@dataclass(frozen=True, slots=True)
class ClosedTracklet:
    """A finished piece of one track, before it has a number in the case.

    offset_us: (N,) int64, microseconds after the source's first picture, rising
    xyxy:      (N, 4) float32; score: (N,) float32; quality: in [0, 1], of the best crop
    upper, lower: what colours the clothes have, by name, spaces between; empty where it cannot be told
    """

    track_id: int
    frame_index: NDArray[np.int64]
    offset_us: NDArray[np.int64]
    xyxy: Boxes
    score: NDArray[np.float32]
    quality: float
    crops: TrackletCrops
    upper: str = ""
    lower: str = ""

    def __post_init__(self) -> None:
        n = len(self.offset_us)
        if n == 0 or self.xyxy.shape != (n, 4) or self.score.shape != (n,) or self.frame_index.shape != (n,):
            raise ShapeError(f"columns differ: {n} times, boxes {self.xyxy.shape}, scores {self.score.shape}")


@dataclass(frozen=True, slots=True)
class Tracklet:
    """A stored tracklet: the unit of storage, search and evidence.

    start_us, end_us: microseconds UTC, corrected by the camera's clock
    time_us:          (N,) int64, the same for every box
    """

    id: TrackletId
    camera: CameraId
    source: SourceId
    start_us: int
    end_us: int
    time_us: NDArray[np.int64]
    xyxy: Boxes
    score: NDArray[np.float32]
    quality: float


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody before a camera: which tracklet, where, and from when to when (corrected UTC)."""

    tracklet: TrackletId
    camera: CameraId
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Match(Seen):
    """One ranked answer, from 1. Not yet a truth.

    distance: the model's, without what cameras do; smaller is nearer; rises with rank without re-ranking and feedback
    band:     which share of strangers comes as near, by the model's calibration; None without one
    flags:    why an answer is doubtful, e.g. ``same-camera-overlap``, ``two-places``, ``travel-time``
    moved:    places gained (+) or lost (-) against the ranking without feedback
    """

    rank: int
    distance: float
    band: BandName | None
    flags: tuple[str, ...] = ()
    moved: int = 0


RATE_ASSUMED = "pictures a second are assumed"  # ends the note of a recording that has no times of its own


@dataclass(frozen=True, slots=True)
class Damage:
    """What was wrong with a recording, counted and never hidden.

    places: (microseconds after the first picture, sentence) of the first few, for the report
    """

    decode_errors: int = 0
    corrupt_frames: int = 0
    repaired_times: int = 0
    places: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """True when a person should be told."""
        return bool(self.decode_errors or self.corrupt_frames or self.repaired_times or self.notes)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Damage:
        """From its fields as JSON keeps them."""
        places = tuple((int(at), str(what)) for at, what in fields["places"])
        return cls(**{**fields, "places": places, "notes": tuple(fields["notes"])})

    @property
    def assumed(self) -> str:
        """``25 pictures a second are assumed`` where the recording has no times of its own, else empty."""
        return next((note.rpartition(": ")[2] for note in self.notes if note.endswith(RATE_ASSUMED)), "")


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How one recording was read."""

    frames_decoded: int
    frames_analysed: int
    frames_expected: int | None
    duration_us: int
    damage: Damage = field(default_factory=Damage)


def as_boxes(rows: Sequence[Sequence[float]]) -> Boxes:
    """Rows of x1, y1, x2, y2 as (N, 4) float32, also when there are none."""
    return np.asarray(rows, np.float32).reshape(-1, 4)
