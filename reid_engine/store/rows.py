"""What the store gives out and takes in: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.clock import DAY_US, CameraClock
from reid_engine.recordings import Origin, SourceKind
from reid_engine.types import CameraId, ModelId, PairRelation, SourceId, SourceReport, TrackletId, Verdict

SourceState: TypeAlias = Literal["pending", "running", "done", "failed"]
NetworkRole: TypeAlias = Literal["detector", "embedder"]
EditKind: TypeAlias = Literal["split", "merge"]
HeldKind: TypeAlias = Literal["tracklet", "recording", "camera"]
USUAL_FOLDER_FPS = 25.0


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """What the case is: its own number for life, when and why it was made, and by which version."""

    uuid: str
    created_us: int
    purpose: str
    version: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, and how far its clock is off."""

    id: CameraId
    name: str
    clock: CameraClock


@dataclass(frozen=True, slots=True)
class CameraPair:
    """What is known of two cameras, ``first < second``.

    least_travel_us, most_travel_us: nobody gets from one to the other faster, or takes longer; 0 when not known
    """

    first: CameraId
    second: CameraId
    relation: PairRelation = "unknown"
    least_travel_us: int = 0
    most_travel_us: int = 0


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """A picture of the place (PNG or JPEG), and where cameras stand in it as shares of its width and height."""

    name: str
    picture: bytes
    places: dict[CameraId, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A recording as it is brought in.

    start_us:     time of the first picture by the camera's own clock
    start_origin: where that time comes from
    fingerprint:  of everything that decides what an analysis finds; ``settings`` is the same in words
    width, height: pixels as displayed
    """

    camera: CameraId
    path: str
    content_sha256: str
    bytes: int
    start_us: int
    kind: SourceKind = "video"
    start_origin: Origin = "by hand"
    fingerprint: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(NewSource):
    """A recording in the case. ``report`` once it is done, ``failure`` (a sentence) once it failed."""

    id: SourceId
    state: SourceState
    report: SourceReport | None
    failure: str | None

    @property
    def repaired(self) -> bool:
        """True where some of its pictures' times are not those of its stamps."""
        return self.report is not None and self.report.damage.repaired_times > 0

    @property
    def folder_fps(self) -> float:
        """Pictures a second at which a folder of pictures is read; its length tells where nobody wrote it down."""
        written, report = self.settings.get("folder_fps"), self.report
        if isinstance(written, int | float):
            return float(written)
        if report is None or not report.frames_expected or not report.duration_us:
            return USUAL_FOLDER_FPS
        return report.frames_expected * 1e6 / report.duration_us

    @property
    def time_known(self) -> bool:
        """False while nothing says when it was recorded; its times then count from 1970 and mean nothing."""
        return self.start_origin != "unknown"

    @property
    def assumed_rate(self) -> str:
        """``25 pictures a second are assumed`` where it has no times of its own, else empty."""
        return "" if self.report is None else self.report.damage.assumed


@dataclass(frozen=True, slots=True)
class Network:
    """Weights that were used: recorded by content. ``model`` names the vectors an embedder makes."""

    role: NetworkRole
    sha256: str
    name: str
    path: str
    card: dict[str, Any] = field(default_factory=dict)
    model: ModelId | None = None


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that made vectors here. name, path: of its file as it was used last, empty where none is recorded

    described: how many of the tracklets have a vector of it, those replaced by edits counted in both
    in_force:  searches go by it
    """

    model: ModelId
    name: str
    path: str
    described: int
    tracklets: int
    in_force: bool


@dataclass(frozen=True, slots=True)
class TrackletFilter:
    """Which tracklets: every condition must hold; None means no condition.

    cameras, not_cameras: wanted and unwanted cameras
    from_us, to_us:       corrected UTC; a tracklet counts when any of it lies in between, both ends included
    upper, lower:         colours of clothes, any of these
    least_quality:        of the best crop, in [0, 1]
    """

    cameras: tuple[CameraId, ...] | None = None
    not_cameras: tuple[CameraId, ...] = ()
    from_us: int | None = None
    to_us: int | None = None
    exclude: tuple[TrackletId, ...] = ()
    upper: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    least_quality: float = 0.0


ANYBODY = TrackletFilter()  # lets everybody through


@dataclass(frozen=True, slots=True)
class Spans:
    """When and where of many tracklets, as columns (N,) int64 in the order that was asked for."""

    id: NDArray[np.int64]
    camera: NDArray[np.int64]
    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Generation:
    """The state of one model's vectors. ``number`` rises with every change, ``removed_at`` with every loss."""

    number: int = 0
    removed_at: int = 0
    dim: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of two tracklets."""

    id: int
    probe: TrackletId
    candidate: TrackletId
    verdict: Verdict
    operator: str
    at_us: int

    @property
    def words(self) -> str:
        """What was done, for people."""
        return f"track {self.candidate} {self.verdict}"


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """A split or a merge: the tracklets that were there, and those that were made to stand for them."""

    id: int
    kind: EditKind
    before: tuple[TrackletId, ...]
    made: tuple[TrackletId, ...]
    operator: str
    at_us: int

    @property
    def words(self) -> str:
        """What was done, for people."""
        listed = [" and ".join(str(number) for number in side) for side in (self.before, self.made)]
        return f"{self.kind} of track {listed[0]} into {listed[1]}"


@dataclass(frozen=True, slots=True)
class Note:
    """Words about a moment, a camera, a tracklet, or the case as a whole. ``moment_us``: corrected UTC."""

    id: int
    text: str
    moment_us: int | None
    camera: CameraId | None
    tracklet: TrackletId | None
    operator: str
    at_us: int

    @property
    def words(self) -> str:
        """What was done, for people."""
        return f"note {self.text!r}"


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that must not be erased until the hold is lifted. ``number``: of its event, for life."""

    number: int
    what: HeldKind
    of: int
    reason: str
    operator: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a case may keep what it holds: up to a moment, or a number of days after it was seen."""

    until_us: int | None = None
    days: int | None = None

    def due_before(self, now_us: int) -> int | None:
        """What was seen before this moment is due now; None when nothing is."""
        if self.days is not None:
            return now_us - self.days * DAY_US
        return now_us if self.until_us is not None and self.until_us <= now_us else None


@dataclass(frozen=True, slots=True)
class EraseScope:
    """What to erase, one of: tracklets, a recording, a camera's recordings, all that was seen before a moment.

    before_us: corrected UTC; a tracklet counts when it begins before it
    """

    tracklets: tuple[TrackletId, ...] = ()
    source: SourceId | None = None
    camera: CameraId | None = None
    before_us: int | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure takes, or took. ``event``: its number in the record, 0 for a plan.

    tracklets: their numbers, those that came from or led to them by splits and merges included
    asked:     how many of them were asked for
    notes:     notes that go; notes_left: notes about no track that stay, and may still speak of somebody
    held:      tracklets that a hold keeps, left out
    whole:     recordings of which nothing is left
    bytes:     of boxes, pictures and vectors
    """

    tracklets: tuple[TrackletId, ...]
    asked: int
    crops: int
    vectors: int
    decisions: int
    edits: int
    notes: int
    notes_left: int
    held: int
    whole: tuple[SourceId, ...]
    bytes: int
    event: int = 0

    @property
    def empty(self) -> bool:
        """True when nothing is there to be erased."""
        return not self.tracklets and not self.whole and not self.notes


Deed: TypeAlias = Decision | TrackEdit | Note
