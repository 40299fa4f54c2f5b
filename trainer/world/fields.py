"""Signed distances: rounded cones, flattened and cut, blended smoothly within a group of parts.

A part is a row of ``COLUMNS`` float32 (``part`` makes one). Parts of one group melt into one another (a sleeve into
its shirt); groups meet in a crease (a shirt over trousers). Distances are metres and exact for a round, uncut part; a
flattened one is right to first order at its surface.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer.world.compiled import compiled
from trainer.world.geometry import Floats

COLUMNS = 20
# a (0:3), axis (3:6), length 6, radius at a 7, slope 8, cosine 9, radius at b 10, flat axis (11:14), stretch 14,
# cut before a 15, cut after b 16, blend 17, group 18, material 19
FAR = np.float32(1e9)


def part(
    a: Floats,
    b: Floats,
    radii: tuple[float, float],
    *,
    group: int,
    material: int,
    blend: float = 0.03,
    flat: tuple[Floats, float] | None = None,
    cut: tuple[bool, bool] = (False, False),
) -> NDArray[np.float32]:
    """One row: a rounded cone from ``a`` to ``b`` (3,), ``flat`` = (direction, thickness ratio), ``cut`` square ends."""
    along = np.asarray(b, np.float64) - a
    length = float(np.linalg.norm(along))
    axis = along / length if length > 1e-9 else np.array([0.0, 0.0, 1.0])
    slope = float(np.clip((radii[0] - radii[1]) / max(length, 1e-9), -0.999, 0.999))
    row = np.zeros(COLUMNS, np.float32)
    row[0:3], row[3:6], row[6] = a, axis, length
    row[7], row[8], row[9], row[10] = radii[0], slope, math.sqrt(1 - slope * slope), radii[0] - slope * length
    row[14] = 1.0
    if flat is not None:
        across = np.asarray(flat[0], np.float64) - axis * (np.asarray(flat[0]) @ axis)
        row[11:14], row[14] = across / max(float(np.linalg.norm(across)), 1e-9), 1 / flat[1]
    row[15], row[16] = (0.0 if cut[0] else FAR), (0.0 if cut[1] else FAR)
    row[17], row[18], row[19] = blend, group, material
    return row


@compiled
def distance(row: NDArray[np.float32], x: float, y: float, z: float) -> float:
    """Metres from a point to the surface of one part; negative inside."""
    x, y, z = x - row[0], y - row[1], z - row[2]
    stretch = row[14]
    across = x * row[11] + y * row[12] + z * row[13]
    if stretch != 1.0:
        more = across * (stretch - 1.0)
        x, y, z = x + row[11] * more, y + row[12] * more, z + row[13] * more
    along = x * row[3] + y * row[4] + z * row[5]
    aside = math.sqrt(max(x * x + y * y + z * z - along * along, 1e-12))
    key = along * row[9] - aside * row[8]
    if key < 0.0:
        size = math.sqrt(along * along + aside * aside)
        found, tilt = size - row[7], aside / size
    elif key > row[9] * row[6]:
        over = along - row[6]
        size = math.sqrt(over * over + aside * aside)
        found, tilt = size - row[10], aside / size
    else:
        found, tilt = aside * row[9] + along * row[8] - row[7], row[9]
    if stretch != 1.0:
        lean = tilt * across * stretch / aside
        found = found / math.sqrt(1.0 + lean * lean * (stretch * stretch - 1.0))
    return max(found, -along - row[15], along - row[6] - row[16])


@compiled
def smooth_min(a: float, b: float, width: float) -> float:
    """The smaller of two distances, rounded where they are within ``width`` of one another."""
    gap = max(width - abs(a - b), 0.0)
    return min(a, b) - gap * gap / (4.0 * width)


@compiled
def field(rows: NDArray[np.float32], chosen: NDArray[np.int32], count: int, x: float, y: float, z: float) -> float:
    """Metres from a point to the body that the first ``count`` ``chosen`` rows make; rows of a group stand together."""
    nearest, own, group = FAR, FAR, np.float32(-1.0)
    for index in range(count):
        row = rows[chosen[index]]
        found = distance(row, x, y, z)
        if row[18] != group:
            nearest, own, group = min(nearest, own), FAR, row[18]
        own = smooth_min(own, found, row[17])
    return min(nearest, own)


@compiled
def nearest_part(
    rows: NDArray[np.float32], chosen: NDArray[np.int32], count: int, x: float, y: float, z: float
) -> int:
    """Which row's surface is seen at a point of the surface: the nearest part of the nearest group."""
    best, whole, own, group = -1, FAR, FAR, np.float32(-1.0)
    inside, at = FAR, -1
    for index in range(count + 1):
        if index == count or rows[chosen[index], 18] != group:
            if own < whole:
                whole, best = own, at
            if index == count:
                break
            own, inside, group = FAR, FAR, rows[chosen[index], 18]
        row = rows[chosen[index]]
        found = distance(row, x, y, z)
        own = smooth_min(own, found, row[17])
        if found < inside:
            inside, at = found, chosen[index]
    return best


@compiled
def occluded(rows: NDArray[np.float32], skip: int, origin: tuple[float, float, float], towards: NDArray[np.float32]) -> float:
    """The share of light from ``towards`` (3,) unit that the body lets through to ``origin``, with a soft edge.

    Closest approach of the ray to each part's axis, against the part's radius there.
    """
    through = 1.0
    for index in range(rows.shape[0]):
        row = rows[index]
        if index == skip:
            continue
        bx, by, bz = row[3] * row[6], row[4] * row[6], row[5] * row[6]
        ox, oy, oz = origin[0] - row[0], origin[1] - row[1], origin[2] - row[2]
        bb = max(row[6] * row[6], 1e-9)
        bd = bx * towards[0] + by * towards[1] + bz * towards[2]
        bo = bx * ox + by * oy + bz * oz
        do = towards[0] * ox + towards[1] * oy + towards[2] * oz
        along = min(max((bo - bd * do) / max(bb - bd * bd, 1e-6), 0.0), 1.0)
        far = max(along * bd - do, 0.0)
        dx = ox + towards[0] * far - bx * along
        dy = oy + towards[1] * far - by * along
        dz = oz + towards[2] * far - bz * along
        radius = row[7] + (row[10] - row[7]) * along
        radius = radius if row[14] < 1.2 else radius * (0.5 + 0.5 / row[14])
        gap = (math.sqrt(dx * dx + dy * dy + dz * dz) - radius) / (0.006 + 0.12 * far)
        if far > 0.02:
            through *= min(max(0.5 + 0.5 * gap, 0.0), 1.0)
    return through
