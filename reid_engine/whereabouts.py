"""Who is where in a camera's picture at a moment, by the boxes that were stored: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.types import Boxes, Tracklet

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
