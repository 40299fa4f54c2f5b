"""How people go through a place: shortest ways round things, and room for one another. Metres, seconds, radians."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.world.compiled import compiled
from trainer.world.places import Place

Floats = NDArray[np.float64]

CELL_M = 0.2
ROUND_M = 4.2  # how far beyond a place's rectangle people may go
BODY_M = 0.32
NEVER = 1e8


class Ways:
    """The ways to each goal of a place, as fields of the walking distance left."""

    def __init__(self, here: Place) -> None:
        self.origin = np.array([-ROUND_M, -ROUND_M])
        shape = np.ceil((np.array(here.size) + 2 * ROUND_M) / CELL_M).astype(int)
        self.cost = _costs(here, self.origin, (int(shape[1]), int(shape[0])))
        self.fields: dict[tuple[float, float], Floats] = {}

    def free(self, point: Floats) -> bool:
        """Whether somebody can stand there."""
        return bool(self.cost[self._cell(point)] < NEVER)

    def left(self, goal: tuple[float, float], point: Floats) -> float:
        """Metres, weighted by comfort, still to walk; NEVER when there is no way."""
        return float(self._field(goal)[self._cell(point)])

    def towards(self, goal: tuple[float, float], points: Floats) -> Floats:
        """(N, 2) unit directions to walk from points (N, 2)."""
        field = self._field(goal)
        found = np.zeros_like(points)
        for k, point in enumerate(points):
            i, j = self._cell(point)
            i, j = min(max(i, 2), field.shape[0] - 3), min(max(j, 2), field.shape[1] - 3)
            around = field[i - 2 : i + 3, j - 2 : j + 3]
            best = np.unravel_index(int(np.argmin(around)), around.shape)
            middle = self.origin + (np.array([j + best[1] - 2, i + best[0] - 2]) + 0.5) * CELL_M
            found[k] = middle - point
        length = np.maximum(np.hypot(found[:, 0], found[:, 1]), 1e-9)
        return found / length[:, None]

    def _cell(self, point: Floats) -> tuple[int, int]:
        j, i = np.floor((point - self.origin) / CELL_M).astype(int)
        return min(max(int(i), 0), self.cost.shape[0] - 1), min(max(int(j), 0), self.cost.shape[1] - 1)

    def _field(self, goal: tuple[float, float]) -> Floats:
        if goal not in self.fields:
            field = np.full(self.cost.shape, NEVER)
            field[self._cell(np.array(goal))] = 0.0
            _sweep(self.cost, field)
            self.fields[goal] = field
        return self.fields[goal]


def _costs(here: Place, origin: Floats, shape: tuple[int, int]) -> Floats:
    """Cost of a metre at each cell: 1 in the open, more near things and off the way, NEVER inside a thing."""
    rows, columns = shape
    x = origin[0] + (np.arange(columns) + 0.5) * CELL_M
    y = origin[1] + (np.arange(rows) + 0.5) * CELL_M
    east, north = np.meshgrid(x, y)
    taken = np.zeros(shape, np.uint8)
    for mx, my, hx, hy, c, s in here.footprints:
        along, across = (east - mx) * c + (north - my) * s, -(east - mx) * s + (north - my) * c
        taken |= ((np.abs(along) < hx) & (np.abs(across) < hy)).astype(np.uint8)
    clear = cv2.distanceTransform(1 - taken, cv2.DIST_L2, 5) * CELL_M
    cost = 1 + 3 * np.exp(-np.maximum(clear - BODY_M, 0) / 0.25)
    off = np.maximum(np.maximum(-east, east - here.size[0]), np.maximum(-north, north - here.size[1]))
    cost += 2.0 * (off > 0)
    cost[clear < BODY_M] = NEVER
    return np.asarray(cost, np.float64)


@compiled
def _sweep(cost: Floats, field: Floats) -> None:
    """Fill a field of travel cost from its zeros: relax all eight neighbours until nothing changes."""
    rows, columns = cost.shape
    for turn in range(64):
        changed = False
        for a in range(rows):
            i = a if turn % 2 == 0 else rows - 1 - a
            for b in range(columns):
                j = b if turn % 4 < 2 else columns - 1 - b
                best = _relaxed(cost, field, i, j)
                if best < field[i, j] - 1e-9:
                    field[i, j] = best
                    changed = True
        if not changed:
            break


@compiled
def _relaxed(cost: Floats, field: Floats, i: int, j: int) -> float:
    """What is left from a cell by way of its best neighbour; NEVER inside a thing."""
    best: float = NEVER
    if cost[i, j] >= NEVER:
        return best
    for y in range(max(i - 1, 0), min(i + 2, cost.shape[0])):
        for x in range(max(j - 1, 0), min(j + 2, cost.shape[1])):
            step = CELL_M * (1.41421356 if y != i and x != j else 1.0)
            best = min(best, field[y, x] + step * cost[i, j])
    return best


def pushed_apart(points: Floats, ahead: Floats) -> Floats:
    """(N, 2) velocity that keeps N people off one another: away from who is close, and past who comes on the right.

    points: (N, 2) where they are; ahead: (N, 2) unit directions they want to go
    """
    away = points[:, None, :] - points[None, :, :]
    far = np.hypot(away[..., 0], away[..., 1]) + 1e-6
    np.fill_diagonal(far, np.inf)
    push = 1.6 * np.exp((0.5 - far) / 0.22)
    push[far > 2.0] = 0.0
    straight = (away / far[..., None] * push[..., None]).sum(1)
    meeting = np.clip(-(away * ahead[:, None, :]).sum(-1) / far, 0, 1) * np.exp((0.9 - far) / 0.6) * (far < 2.5)
    right = np.stack([ahead[:, 1], -ahead[:, 0]], -1)
    found: Floats = straight + 0.7 * np.minimum(meeting.sum(1), 1.0)[:, None] * right
    length = np.hypot(found[:, 0], found[:, 1])
    return found * np.minimum(1, 1.2 / np.maximum(length, 1e-9))[:, None]
