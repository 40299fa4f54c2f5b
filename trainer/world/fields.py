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

COLUMNS = 24
# a (0:3), axis (3:6), length 6, radius at a 7, slope 8, cosine 9, radius at b 10, flat axis (11:14), stretch 14,
# cut before a 15, cut after b 16, blend 17, group 18, material 19, centre (20:23) and radius 23 of a ball around it
FAR = 1e9
Point = tuple[float, float, float]


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
    """One row: a rounded cone from ``a`` to ``b`` (3,).

    flat: a direction across it and how thick it is that way against its width; cut: which ends are square
    """
    ax, ay, az = map(float, a)
    bx, by, bz = map(float, b)
    length = math.sqrt((bx - ax) ** 2 + (by - ay) ** 2 + (bz - az) ** 2)
    x, y, z = ((bx - ax) / length, (by - ay) / length, (bz - az) / length) if length > 1e-9 else (0.0, 0.0, 1.0)
    slope = min(max((radii[0] - radii[1]) / max(length, 1e-9), -0.999), 0.999)
    thin, end = radii[0], radii[0] - slope * length
    fx, fy, fz, stretch = 0.0, 0.0, 0.0, 1.0
    if flat is not None:
        fx, fy, fz = map(float, flat[0])
        lean = fx * x + fy * y + fz * z
        fx, fy, fz = fx - lean * x, fy - lean * y, fz - lean * z
        size = max(math.sqrt(fx * fx + fy * fy + fz * fz), 1e-9)
        fx, fy, fz, stretch = fx / size, fy / size, fz / size, 1 / flat[1]
    ends = (0.0 if cut[0] else FAR, 0.0 if cut[1] else FAR)
    ball = (length / 2 + max(thin, end)) * max(1.0, 1 / stretch)
    return np.array([
        ax, ay, az, x, y, z, length, thin, slope, math.sqrt(1 - slope * slope), end, fx, fy, fz, stretch, *ends,
        blend, group, material, (ax + bx) / 2, (ay + by) / 2, (az + bz) / 2, ball,
    ], np.float32)  # fmt: skip


@compiled
def distance(rows: NDArray[np.float32], part: int, x: float, y: float, z: float) -> float:
    """Metres from a point to the surface of one part; negative inside."""
    x, y, z = x - rows[part, 0], y - rows[part, 1], z - rows[part, 2]
    stretch = rows[part, 14]
    across = 0.0
    if stretch != 1.0:
        across = x * rows[part, 11] + y * rows[part, 12] + z * rows[part, 13]
        more = across * (stretch - 1.0)
        x, y, z = x + rows[part, 11] * more, y + rows[part, 12] * more, z + rows[part, 13] * more
    along = x * rows[part, 3] + y * rows[part, 4] + z * rows[part, 5]
    aside = math.sqrt(max(x * x + y * y + z * z - along * along, 1e-12))
    slope, cosine, length = rows[part, 8], rows[part, 9], rows[part, 6]
    key = along * cosine - aside * slope
    if key < 0.0:
        size = math.sqrt(along * along + aside * aside)
        found, tilt = size - rows[part, 7], aside / size
    elif key > cosine * length:
        size = math.sqrt((along - length) ** 2 + aside * aside)
        found, tilt = size - rows[part, 10], aside / size
    else:
        found, tilt = aside * cosine + along * slope - rows[part, 7], cosine
    if stretch != 1.0:
        lean = tilt * across * stretch / aside
        found = found / math.sqrt(1.0 + lean * lean * (stretch * stretch - 1.0))
    return float(max(found, -along - rows[part, 15], along - length - rows[part, 16]))


@compiled
def smooth_min(a: float, b: float, width: float) -> float:
    """The smaller of two distances, rounded where they are within ``width`` of one another."""
    gap = max(width - abs(a - b), 0.0)
    return min(a, b) - gap * gap / (4.0 * width)


@compiled
def field(rows: NDArray[np.float32], chosen: NDArray[np.int32], count: int, x: float, y: float, z: float) -> float:
    """Metres from a point to the body that the first ``count`` ``chosen`` rows make; rows of a group stand together."""
    nearest, own, group = FAR, FAR, -1.0
    for index in range(count):
        part = chosen[index]
        if rows[part, 18] != group:
            nearest, own, group = min(nearest, own), FAR, rows[part, 18]
        reach = rows[part, 23] + min(nearest, own + rows[part, 17])
        dx, dy, dz = x - rows[part, 20], y - rows[part, 21], z - rows[part, 22]
        if reach > 0 and dx * dx + dy * dy + dz * dz < reach * reach:  # else it cannot be nearer
            own = smooth_min(own, distance(rows, part, x, y, z), rows[part, 17])
    return min(nearest, own)


@compiled
def surface(
    rows: NDArray[np.float32], chosen: NDArray[np.int32], count: int, x: float, y: float, z: float
) -> tuple[int, float, float, float]:
    """What is seen at a point of the surface: the part, and the outward unit normal, blended as the distance is."""
    whole, best, bx, by, bz = FAR, 0, 0.0, 0.0, 1.0
    own, at, gx, gy, gz, inside, group = FAR, 0, 0.0, 0.0, 1.0, FAR, -1.0
    for index in range(count):
        part = chosen[index]
        if rows[part, 18] != group:
            if own < whole:
                whole, best, bx, by, bz = own, at, gx, gy, gz
            own, inside, group = FAR, FAR, rows[part, 18]
        found = distance(rows, part, x, y, z)
        share = 0.5 * max(1 - abs(own - found) / rows[part, 17], 0.0)
        share = 1 - share if found < own else share
        if share > 0:
            nx, ny, nz = gradient(rows, part, x, y, z)
            gx, gy, gz = gx + (nx - gx) * share, gy + (ny - gy) * share, gz + (nz - gz) * share
        own = smooth_min(own, found, rows[part, 17])
        if found < inside:
            inside, at = found, part
    if own < whole:
        best, bx, by, bz = at, gx, gy, gz
    size = math.sqrt(bx * bx + by * by + bz * bz) + 1e-9
    return best, bx / size, by / size, bz / size


@compiled
def gradient(rows: NDArray[np.float32], part: int, x: float, y: float, z: float) -> Point:
    """The unit direction in which ``distance`` to one part grows fastest."""
    x, y, z = x - rows[part, 0], y - rows[part, 1], z - rows[part, 2]
    more = (x * rows[part, 11] + y * rows[part, 12] + z * rows[part, 13]) * (rows[part, 14] - 1.0)
    x, y, z = x + rows[part, 11] * more, y + rows[part, 12] * more, z + rows[part, 13] * more
    ax, ay, az, length = rows[part, 3], rows[part, 4], rows[part, 5], rows[part, 6]
    along = x * ax + y * ay + z * az
    rx, ry, rz = x - ax * along, y - ay * along, z - az * along
    aside = math.sqrt(max(rx * rx + ry * ry + rz * rz, 1e-12))
    key = along * rows[part, 9] - aside * rows[part, 8]
    if key < 0.0:
        up, out = along, aside
    elif key > rows[part, 9] * length:
        up, out = along - length, aside
    else:
        up, out = rows[part, 8], rows[part, 9]
    if max(-along - rows[part, 15], along - length - rows[part, 16]) > -0.004:
        up, out = (1.0 if along > 0.5 * length else -1.0), 0.0
    nx, ny, nz = rx / aside * out + ax * up, ry / aside * out + ay * up, rz / aside * out + az * up
    more = (nx * rows[part, 11] + ny * rows[part, 12] + nz * rows[part, 13]) * (rows[part, 14] - 1.0)
    nx, ny, nz = nx + rows[part, 11] * more, ny + rows[part, 12] * more, nz + rows[part, 13] * more
    size = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    return nx / size, ny / size, nz / size


@compiled
def aimed(
    rows: NDArray[np.float32], parts: tuple[NDArray[np.int32], int], eye: Point, ray: Point, into: NDArray[np.int32]
) -> int:
    """Put into ``into`` those parts that the ray from ``eye`` meets or passes near enough to feel their blend."""
    chosen, count = parts
    kept = 0
    for index in range(count):
        part = chosen[index]
        length = rows[part, 6]
        bx, by, bz = rows[part, 3] * length, rows[part, 4] * length, rows[part, 5] * length
        ox, oy, oz = eye[0] - rows[part, 0], eye[1] - rows[part, 1], eye[2] - rows[part, 2]
        bd = bx * ray[0] + by * ray[1] + bz * ray[2]
        bo = bx * ox + by * oy + bz * oz
        do = ray[0] * ox + ray[1] * oy + ray[2] * oz
        along = min(max((bo - bd * do) / max(length * length - bd * bd, 1e-6), 0.0), 1.0)
        far = along * bd - do
        dx, dy, dz = ox + ray[0] * far - bx * along, oy + ray[1] * far - by * along, oz + ray[2] * far - bz * along
        reach = max(rows[part, 7], rows[part, 10]) * max(1.0, 1.0 / rows[part, 14]) + rows[part, 17] * 0.6 + 0.002 * far
        if dx * dx + dy * dy + dz * dz < reach * reach:
            into[kept] = part
            kept += 1
    return kept


@compiled
def occluded(rows: NDArray[np.float32], skip: int, origin: Point, towards: NDArray[np.float32]) -> float:
    """The share of light from ``towards`` (3,) unit that the body lets through to ``origin``, with a soft edge.

    Closest approach of the ray to each part's axis, against the part's radius there.
    """
    through = 1.0
    tx, ty, tz = towards[0], towards[1], towards[2]
    for index in range(rows.shape[0]):
        ox, oy, oz = origin[0] - rows[index, 20], origin[1] - rows[index, 21], origin[2] - rows[index, 22]
        ahead = -(tx * ox + ty * oy + tz * oz)
        radius = rows[index, 23]
        if index == skip or ahead < -radius:
            continue
        wide = radius + 0.12 * max(ahead, 0.0) + 0.01
        if ox * ox + oy * oy + oz * oz - ahead * ahead > wide * wide:
            continue
        through *= _let_through(rows, index, origin, (tx, ty, tz))
    return through


@compiled
def _let_through(rows: NDArray[np.float32], part: int, origin: Point, towards: Point) -> float:
    length = rows[part, 6]
    bx, by, bz = rows[part, 3] * length, rows[part, 4] * length, rows[part, 5] * length
    ox, oy, oz = origin[0] - rows[part, 0], origin[1] - rows[part, 1], origin[2] - rows[part, 2]
    bb = max(length * length, 1e-9)
    bd = bx * towards[0] + by * towards[1] + bz * towards[2]
    bo = bx * ox + by * oy + bz * oz
    do = towards[0] * ox + towards[1] * oy + towards[2] * oz
    along = min(max((bo - bd * do) / max(bb - bd * bd, 1e-6), 0.0), 1.0)
    far = max(along * bd - do, 0.0)
    if far <= 0.02:
        return 1.0
    dx = ox + towards[0] * far - bx * along
    dy = oy + towards[1] * far - by * along
    dz = oz + towards[2] * far - bz * along
    radius = rows[part, 7] + (rows[part, 10] - rows[part, 7]) * along
    radius = radius * (0.5 + 0.5 / max(rows[part, 14], 1.0))
    gap = (math.sqrt(dx * dx + dy * dy + dz * dz) - radius) / (0.006 + 0.12 * far)
    return float(min(max(0.5 + 0.5 * gap, 0.0), 1.0))
