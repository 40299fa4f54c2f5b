"""Who is where in a camera's picture at a moment, by the boxes that were stored: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.types import Boxes, Tracklet, TrackletId

LONGEST_GAP_US = 1_000_000  # boxes further apart are not joined: nobody knows where the person was between
HOLD_US = (
    100_000  # a box stays this long before its first and after its last moment, for pictures between analysed ones
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The people of one moment of one camera. tracklet: (N,) int64; xyxy: (N, 4) float32."""

    tracklet: NDArray[np.int64]
    xyxy: Boxes

    def same_as(self, other: Shown) -> bool:
        """True when nobody has come, gone or moved."""
        if other is self:
            return True
        return np.array_equal(self.tracklet, other.tracklet) and np.array_equal(self.xyxy, other.xyxy)

    @classmethod
    def nobody(cls) -> Shown:
        """An empty moment."""
        return cls(np.empty(0, np.int64), np.empty((0, 4), np.float32))


@dataclass(frozen=True, slots=True)
class Hit:
    """One tracklet's box nearest in time to a point.

    away_us:    how far its picture is from the moment asked for
    away_px:    how far the point is outside the box, 0 inside
    off_middle: how far the point is from the box's middle, 1 at its edge
    """

    tracklet: TrackletId
    away_us: int
    away_px: float
    off_middle: float


def hit(tracklet: Tracklet, time_us: int, x: float, y: float) -> Hit:
    """Where a point (pixels of the source picture) is to whoever was there at a moment (corrected UTC)."""
    at = int(np.argmin(np.abs(tracklet.time_us - time_us)))
    x1, y1, x2, y2 = (float(side) for side in tracklet.xyxy[at])
    away = np.hypot(max(x1 - x, 0.0, x - x2), max(y1 - y, 0.0, y - y2))
    off_middle = max(abs(2 * x - x1 - x2) / (x2 - x1), abs(2 * y - y1 - y2) / (y2 - y1))
    return Hit(tracklet.id, abs(int(tracklet.time_us[at]) - time_us), float(away), off_middle)


def boxes_at(tracklets: Sequence[Tracklet], time_us: int) -> Shown:
    """Who is where at ``time_us``; between two analysed pictures a box moves evenly."""
    ids: list[int] = []
    rows: list[NDArray[np.float32]] = []
    for tracklet in tracklets:
        if tracklet.start_us - HOLD_US <= time_us <= tracklet.end_us + HOLD_US:
            box = box_at(tracklet, time_us)
            if box is not None:
                ids.append(int(tracklet.id))
                rows.append(box)
    if not ids:
        return Shown.nobody()
    return Shown(np.array(ids, np.int64), np.stack(rows).astype(np.float32))


def box_at(tracklet: Tracklet, time_us: int) -> NDArray[np.float32] | None:
    """(4,) xyxy at ``time_us``, or None within a gap."""
    times = tracklet.time_us
    after = int(np.searchsorted(times, time_us))
    if after == 0 or after == len(times) or times[after] == time_us:
        found: NDArray[np.float32] = tracklet.xyxy[min(after, len(times) - 1)]
        return found
    before_us, after_us = int(times[after - 1]), int(times[after])
    if after_us - before_us > LONGEST_GAP_US:
        return None
    share = (time_us - before_us) / (after_us - before_us)
    moved: NDArray[np.float32] = (1 - share) * tracklet.xyxy[after - 1] + share * tracklet.xyxy[after]
    return moved
