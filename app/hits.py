"""Where boxes are and which one a point hits: pure functions over arrays, tested without a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.types import Boxes

SHAPE = (4, 3)  # of a usual picture


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


def hit(xyxy: Boxes, x: float, y: float) -> int | None:
    """Index of the smallest box that holds the point: the one a person means where boxes overlap."""
    if not len(xyxy):
        return None
    x1, y1, x2, y2 = xyxy.T
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
