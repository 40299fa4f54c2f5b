"""Where boxes are and which one a point hits: pure functions over arrays, tested without a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.types import Boxes, Tracklet

SHAPE = (4, 3)  # of a usual picture
LONGEST_GAP_US = 1_000_000  # boxes further apart are not joined: nobody knows where the person was between
HOLD_US = (
    100_000  # a box stays this long before its first and after its last moment, for pictures between analysed ones
)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a picture lies in a widget: ``scale`` screen pixels a source pixel, from ``left, top``."""

    scale: float
    left: float
    top: float

    @classmethod
    def inside(cls, source: tuple[int, int], room: tuple[int, int]) -> Fit:
        """The largest middle placement of (width, height) in (width, height), keeping its shape."""
        width, height = max(1, source[0]), max(1, source[1])
        scale = min(room[0] / width, room[1] / height)
        return cls(scale, (room[0] - width * scale) / 2, (room[1] - height * scale) / 2)

    def zoomed(self, factor: float, middle: tuple[float, float], source: tuple[int, int], room: tuple[int, int]) -> Fit:
        """``factor`` times as large, with ``middle`` (source pixels) in the middle of the room as far as the picture's
        edges allow."""
        scale = self.scale * factor
        at = []
        for side in (0, 1):
            length = source[side] * scale
            wanted = room[side] / 2 - middle[side] * scale
            at.append((room[side] - length) / 2 if length <= room[side] else min(0.0, max(room[side] - length, wanted)))
        return Fit(scale, at[0], at[1])

    def to_screen(self, xyxy: Boxes) -> NDArray[np.float64]:
        """(N, 4) source pixels to (N, 4) widget pixels."""
        moved: NDArray[np.float64] = np.asarray(xyxy, np.float64) * self.scale
        moved += np.array([self.left, self.top, self.left, self.top])
        return moved

    def to_source(self, x: float, y: float) -> tuple[float, float]:
        """A widget point to source pixels."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale


def columns(count: int, room: tuple[int, int]) -> int:
    """How many of ``count`` pictures stand beside one another; two, whichever way makes them larger."""
    if count > 2:
        return 2 if count <= 4 else 3
    beside = Fit.inside(SHAPE, (room[0] // 2, room[1])).scale
    above = Fit.inside(SHAPE, (room[0], room[1] // 2)).scale
    return 2 if count == 2 and beside >= above else 1


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


def hit(shown: Shown, x: float, y: float) -> int | None:
    """Index of the smallest box that holds the point: the one a person means where boxes overlap."""
    if not len(shown.xyxy):
        return None
    x1, y1, x2, y2 = shown.xyxy.T
    inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    if not inside.any():
        return None
    area = np.where(inside, (x2 - x1) * (y2 - y1), np.inf)
    return int(np.argmin(area))


def dragged_box(
    start: tuple[float, float], end: tuple[float, float], size: tuple[int, int], least_px: float = 8.0
) -> tuple[float, float, float, float] | None:
    """Two corners to xyxy inside the picture, or None when it is too small to be meant."""
    x1, x2 = sorted((min(max(start[0], 0), size[0]), min(max(end[0], 0), size[0])))
    y1, y2 = sorted((min(max(start[1], 0), size[1]), min(max(end[1], 0), size[1])))
    return (x1, y1, x2, y2) if x2 - x1 >= least_px and y2 - y1 >= least_px else None
