"""Hop 4 of the frame walk: detections of one picture to the tracks they feed, one tracker a camera.

ByteTrack (Zhang et al., ECCV 2022) in numpy over columns: every confident box is offered to the tracks first, every
weak box to the tracks that found none. Ids, order and choices equal ultralytics' BYTETracker row by row, so its
published behaviour holds here while an ingest imports no torch; what looks odd below is odd there.
"""

from __future__ import annotations

import lap
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import ShapeError
from reid_engine.settings import TrackingSettings
from reid_engine.types import Boxes, Detections, State

WEAK_COST = 0.5  # second association: 1 - IoU alone, since a weak score would push every cost above any limit
NEW_COST = 0.7  # a track born in the picture before finds its person again
DUPLICATE_COST = 0.15  # a seen and a lost track nearer than this are one
REMOVED_KEPT = 1000  # a track that was given up and came back is lost for good next time, while it is among the last

POSITION_STD = 1 / 20  # of the box's height, in a picture
VELOCITY_STD = 1 / 160

# One row a track. kalman: position, velocity and the three variances (position, both, velocity) of centre x, centre y,
# width / height and height. All noise is diagonal, so the paper's 8 x 8 filter is four filters of 2 x 2.
COLUMNS = {
    "id": "i8",
    "started": "i8",  # number of the picture, from 1
    "seen": "i8",
    "removal": "i8",  # when it was given up, counted over all tracks; 0 if never
    "tracked": "?",  # fed in the last picture; else lost
    "confirmed": "?",  # fed twice, or born in the first picture
    "kalman": "(5,4)f8",
}

Rows = NDArray[np.intp]
Tracks = NDArray[np.void]


class ByteTracker:
    """ByteTrack at ``fps`` analysed pictures a second, for a camera that does not move."""

    def __init__(self, settings: TrackingSettings, fps: float) -> None:
        self._settings = settings
        self._patience = round(settings.lost_s * fps)  # pictures
        self._tracks: Tracks = _table(0)  # the tracked ones, then the lost ones
        self._picture = 0
        self._born = 0
        self._removed = 0
        self._estimates: Boxes = np.empty((0, 4), np.float32)

    def update(self, detections: Detections) -> Detections:
        """The detections that feed a track, with ``track_id`` from 1.

        Confirmed tracks come first, row for row as ultralytics gives them. Tracks born in this picture follow: they are
        silent there, but a track that lives wants its first box. Those that are not seen again at once keep one box.
        """
        self._picture += 1
        ltwh = _to_ltwh(detections.xyxy)
        xyah = _to_xyah(ltwh)
        strong, weak = self._by_score(detections)
        fed, born = self._associate(_from_ltwh(ltwh), detections.score, strong, weak)
        tracks = self._tracks
        hit = np.flatnonzero(fed >= 0)
        _correct(tracks, hit, xyah[fed[hit]])
        tracks, fed = self._settle(fed, self._births(xyah[born]), born)
        self._tracks = tracks

        out = np.flatnonzero(tracks["tracked"] & tracks["confirmed"])
        self._estimates = _boxes(tracks[out])
        out = np.concatenate((out, np.flatnonzero(tracks["tracked"] & ~tracks["confirmed"])))
        return Detections(detections.xyxy[fed[out]], detections.score[fed[out]], tracks["id"][out])

    def estimates(self) -> Boxes:
        """(N, 4) The filter's own boxes of the confirmed tracks in the last picture, in the order of ``update``."""
        return self._estimates

    def forget(self) -> None:
        """End every track, as after a hole in the recording; ids go on and are never used twice."""
        self._tracks = _table(0)

    def state(self) -> State:
        """Everything the next update depends on."""
        return {
            "tracks": self._tracks.copy(),
            "counts": np.array([self._picture, self._born, self._removed], np.int64),
            "estimates": self._estimates.copy(),
        }

    def restore(self, state: State) -> None:
        """Go on as the tracker whose state this is. Raises ShapeError for another kind of state."""
        try:
            tracks, counts, estimates = state["tracks"], state["counts"], state["estimates"]
        except KeyError as error:
            raise ShapeError(f"a tracker's state holds tracks, counts and estimates; {error} is missing") from error
        if tracks.dtype != self._tracks.dtype or counts.shape != (3,):
            raise ShapeError(f"this is the state of another tracker: tracks of {tracks.dtype}, counts {counts.shape}")
        self._tracks, self._estimates = tracks.copy(), estimates.copy()
        self._picture, self._born, self._removed = (int(count) for count in counts)

    def _by_score(self, detections: Detections) -> tuple[Rows, Rows]:
        """Detections for the first and for the second association."""
        score, size = detections.score, detections.xyxy[:, 2:] - detections.xyxy[:, :2]
        solid = (size > 0).all(1)
        high, low = self._settings.high_score, self._settings.low_score
        return np.flatnonzero(solid & (score >= high)), np.flatnonzero(solid & (score > low) & (score < high))

    def _associate(self, xyxy: Boxes, score: NDArray[np.float32], strong: Rows, weak: Rows) -> tuple[Rows, Rows]:
        """For every track the detection that feeds it (-1: none), and the detections that start a track."""
        tracks = self._tracks
        fed = np.full(len(tracks), -1, np.intp)
        pool = np.flatnonzero(tracks["confirmed"])
        _predict(tracks, pool)
        boxes = _boxes(tracks)

        def offer(some: Rows, found: Rows, limit: float, *, fuse: bool) -> None:
            cost = 1 - _iou(boxes[some], xyxy[found])
            if fuse:
                cost = 1 - (1 - cost) * score[found]
            rows, columns = _assign(cost, limit)
            fed[some[rows]] = found[columns]

        offer(pool, strong, self._settings.match_cost, fuse=True)
        offer(pool[tracks["tracked"][pool] & (fed[pool] < 0)], weak, WEAK_COST, fuse=False)
        free = np.setdiff1d(strong, fed)
        offer(np.flatnonzero(~tracks["confirmed"]), free, NEW_COST, fuse=True)
        free = np.setdiff1d(free, fed)
        return fed, free[score[free] >= self._settings.new_score]

    def _births(self, xyah: NDArray[np.float32]) -> Tracks:
        """New tracks with the next ids."""
        born = _table(len(xyah))
        born["id"] = self._born + 1 + np.arange(len(xyah))
        born["started"] = born["seen"] = self._picture
        born["tracked"] = True
        born["confirmed"] = self._picture == 1
        position, _, variance, _, velocity_variance = born["kalman"].transpose(1, 0, 2)
        position[:] = xyah
        variance[:] = _variance(position[:, 3], 2 * POSITION_STD, 1e-2)
        velocity_variance[:] = _variance(position[:, 3], 10 * VELOCITY_STD, 1e-5)
        self._born += len(xyah)
        return born

    def _settle(self, fed: Rows, births: Tracks, born: Rows) -> tuple[Tracks, Rows]:
        """The tracks after this picture, in order, and what fed each: who stays, returns, is lost or given up."""
        tracks = self._tracks
        hit, before = fed >= 0, tracks["tracked"].copy()
        lost = ~hit & (tracks["confirmed"] | ~before)  # an unconfirmed track gets one chance only
        given_up = lost & (tracks["removal"] > max(0, self._removed - REMOVED_KEPT))
        self._count_removals(tracks, before, hit)
        tracks["seen"][hit] = self._picture
        tracks["confirmed"] |= hit
        tracks["tracked"] = hit

        seen = np.concatenate((tracks[hit & before], births, tracks[hit & ~before]))
        feeding = np.concatenate((fed[hit & before], born, fed[hit & ~before]))
        waiting = np.concatenate((tracks[lost & ~before & ~given_up], tracks[lost & before & ~given_up]))
        keep_seen, keep_waiting = _without_duplicates(seen, waiting)
        tracks = np.concatenate((seen[keep_seen], waiting[keep_waiting]))
        return tracks, np.concatenate((feeding[keep_seen], np.full(int(keep_waiting.sum()), -1, np.intp)))

    def _count_removals(self, tracks: Tracks, before: NDArray[np.bool_], hit: NDArray[np.bool_]) -> None:
        """Number the tracks given up in this picture; a lost one may still be found in the next, once."""
        self._removed += int((before & ~hit & ~tracks["confirmed"]).sum())
        stale = np.flatnonzero(~before & ~hit & (self._picture - tracks["seen"] > self._patience))
        tracks["removal"][stale] = self._removed + 1 + np.arange(len(stale))
        self._removed += len(stale)


def _table(rows: int) -> Tracks:
    return np.zeros(rows, list(COLUMNS.items()))


def _predict(tracks: Tracks, rows: Rows) -> None:
    """Move the filters of ``rows`` on by one picture. A lost person keeps walking but no longer grows."""
    kalman = tracks["kalman"][rows]
    position, velocity, variance, both, velocity_variance = kalman.transpose(1, 0, 2)
    velocity[~tracks["tracked"][rows], 3] = 0
    height = position[:, 3].copy()
    position += velocity
    variance += both + (both + velocity_variance)
    variance += _variance(height, POSITION_STD, 1e-2)
    both += velocity_variance
    velocity_variance += _variance(height, VELOCITY_STD, 1e-5)
    tracks["kalman"][rows] = kalman


def _correct(tracks: Tracks, rows: Rows, xyah: NDArray[np.float32]) -> None:
    """Feed the filters of ``rows`` the boxes they were given, (N, 4)."""
    kalman = tracks["kalman"][rows]
    position, velocity, variance, both, velocity_variance = kalman.transpose(1, 0, 2)
    total = variance + _variance(position[:, 3], POSITION_STD, 1e-1)
    gain, velocity_gain = variance / total, both / total
    surprise = xyah - position
    position += surprise * gain
    velocity += surprise * velocity_gain
    variance -= gain * (total * gain)
    both -= gain * (total * velocity_gain)
    velocity_variance -= velocity_gain * (total * velocity_gain)
    tracks["kalman"][rows] = kalman


def _variance(height: NDArray[np.float64], share: float, aspect: float) -> NDArray[np.float64]:
    """(N, 4) noise of centre x, centre y, aspect and height: a share of the height, and a constant for the aspect."""
    noise = np.empty((len(height), 4))
    noise[:] = np.square(share * height)[:, None]
    noise[:, 2] = aspect * aspect
    return noise


def _to_ltwh(xyxy: Boxes) -> NDArray[np.float32]:
    """(N, 4) boxes to left, top, width, height, by the steps (and so the roundings) of ultralytics."""
    size = xyxy[:, 2:] - xyxy[:, :2]
    centre = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    corner = centre.astype(np.float64) - size.astype(np.float64) / 2
    return np.concatenate((corner.astype(np.float32), size), axis=1)


def _to_xyah(ltwh: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) left, top, width, height to centre x, centre y, width / height, height."""
    size = ltwh[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):  # a box without a height is never offered to a track
        aspect = size[:, :1] / size[:, 1:]
    return np.concatenate((ltwh[:, :2] + size / 2, aspect, size[:, 1:]), axis=1)


def _from_ltwh(ltwh: NDArray[np.float32]) -> Boxes:
    """(N, 4) left, top, width, height to boxes."""
    return np.concatenate((ltwh[:, :2], ltwh[:, 2:] + ltwh[:, :2]), axis=1)


def _boxes(tracks: Tracks) -> Boxes:
    """(N, 4) where the filters believe the people are."""
    position = tracks["kalman"][:, 0]
    size = np.stack((position[:, 2] * position[:, 3], position[:, 3]), axis=1)
    corner = position[:, :2] - size / 2
    return np.concatenate((corner, size + corner), axis=1).astype(np.float32)


def _iou(these: Boxes, those: Boxes) -> NDArray[np.float32]:
    """(N, M) overlap of every box with every other, intersection over union."""
    first, last = these.T[:, :, None], those.T[:, None, :]
    width = (np.minimum(first[2], last[2]) - np.maximum(first[0], last[0])).clip(0)
    height = (np.minimum(first[3], last[3]) - np.maximum(first[1], last[1])).clip(0)
    inside = width * height
    both = (last[2] - last[0]) * (last[3] - last[1]) + (first[2] - first[0]) * (first[3] - first[1]) - inside
    overlap: NDArray[np.float32] = inside / (both + 1e-7)
    return overlap


def _assign(cost: NDArray[np.float32], limit: float) -> tuple[Rows, Rows]:
    """Rows and columns of the cheapest pairing in which no pair costs more than ``limit``; rows rise."""
    if cost.size == 0:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    _, partner, _ = lap.lapjv(cost, extend_cost=True, cost_limit=limit)
    rows = np.flatnonzero(partner >= 0)
    return rows, partner[rows]


def _without_duplicates(seen: Tracks, waiting: Tracks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of two kinds of tracks stay, where a seen and a lost one are the same person: the longer-lived one."""
    keep_seen, keep_waiting = np.ones(len(seen), np.bool_), np.ones(len(waiting), np.bool_)
    if len(seen) and len(waiting):
        first, second = np.nonzero(1 - _iou(_boxes(seen), _boxes(waiting)) < DUPLICATE_COST)
        older = (seen["seen"] - seen["started"])[first] > (waiting["seen"] - waiting["started"])[second]
        keep_waiting[second[older]] = False
        keep_seen[first[~older]] = False
    return keep_seen, keep_waiting
