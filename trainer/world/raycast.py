"""Rays against the things of a place: boxes, upright cylinders and ellipsoids over the ground plane. Compiled.

A thing is a row of ``COLUMNS`` numbers, see ``thing``. The scene is small (tens of things), so every ray asks each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer.world.compiled import compiled
from trainer.world.surfaces import LEAVES, noise3

Rows = NDArray[np.float64]
BOX = 0
CYLINDER = 1
ELLIPSOID = 2
ROUNDED = 3
KIND = 0
X = 1
Y = 2
Z = 3
HALF_X = 4
HALF_Y = 5
HALF_Z = 6
COS = 7
SIN = 8
MATERIAL = 9
RED = 10
GREEN = 11
BLUE = 12
SEED = 13
STEP = 14
GLOSS = 15
TAPER = 16
COLUMNS = 17
FAR = 1e9
NEAR = 1e-4
LEAF_STEPS = 20


def thing(
    kind: int,
    centre: tuple[float, float, float],
    half: tuple[float, float, float],
    material: int,
    rgb: tuple[float, float, float],
    *,
    yaw: float = 0.0,
    step: float = 1.0,
    gloss: float = 0.0,
) -> Rows:
    """(COLUMNS,) one thing: centre and half sizes in metres, yaw in radians, linear colour, ``step`` of its pattern in
    metres and how much it mirrors (0 to 1). The seed is filled in by the place; a rounded box may get a TAPER, how much
    narrower its top is than its middle.
    """
    return np.array([kind, *centre, *half, math.cos(yaw), math.sin(yaw), material, *rgb, 0, step, gloss, 0], np.float64)


def tree_of(things: Rows) -> Rows:
    """(2 N - 1, 8) boxes of boxes, depth first: low corner, high corner, where to go on when a ray misses this box, and
    the thing that it holds or -1.
    """
    c, s = np.abs(things[:, COS]), np.abs(things[:, SIN])
    half = np.stack(
        [
            c * things[:, HALF_X] + s * things[:, HALF_Y],
            s * things[:, HALF_X] + c * things[:, HALF_Y],
            things[:, HALF_Z],
        ],
        1,
    )
    middle = things[:, [X, Y, Z]]
    low, high = middle - half * 1.001 - 1e-6, middle + half * 1.001 + 1e-6
    nodes: list[list[float]] = []

    def grow(members: NDArray[np.int64]) -> None:
        node = [*low[members].min(0), *high[members].max(0), 0.0, -1.0]
        nodes.append(node)
        if len(members) == 1:
            node[7] = float(members[0])
        else:
            axis = int(np.argmax(np.ptp(middle[members], axis=0)))
            ordered = members[np.argsort(middle[members, axis], kind="stable")]
            grow(ordered[: len(ordered) // 2])
            grow(ordered[len(ordered) // 2 :])
        node[6] = float(len(nodes))

    grow(np.arange(len(things)))
    return np.array(nodes, np.float64)


@compiled
def _box(things: Rows, i: int, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> tuple[float, int]:
    """(distance, face) in the thing's own axes; face 1..3 is the axis hit, negative from its low side; 0 missed."""
    near, far, face = -FAR, FAR, 0
    for axis in range(3):
        o = ox if axis == 0 else (oy if axis == 1 else oz)
        d = dx if axis == 0 else (dy if axis == 1 else dz)
        half = things[i, HALF_X + axis]
        if abs(d) < 1e-9:
            if abs(o) > half:
                return FAR, 0
            continue
        first, last = (-half - o) / d, (half - o) / d
        side = -1 if d > 0 else 1
        if first > last:
            first, last = last, first
        if first > near:
            near, face = first, side * (axis + 1)
        far = min(far, last)
    if near > far or near < NEAR:
        return FAR, 0
    return near, face


@compiled
def _cylinder(
    things: Rows, i: int, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, int]:
    """(distance, face) of an upright cylinder: 4 its side, 3 or -3 its ends."""
    radius, half = things[i, HALF_X], things[i, HALF_Z]
    a = dx * dx + dy * dy
    b = ox * dx + oy * dy
    c = ox * ox + oy * oy - radius * radius
    if a > 1e-12:
        under = b * b - a * c
        if under <= 0:
            return FAR, 0
        t = (-b - math.sqrt(under)) / a
        if t > NEAR and abs(oz + t * dz) <= half:
            return t, 4
    if abs(dz) > 1e-9:
        t = ((half if dz < 0 else -half) - oz) / dz
        x, y = ox + t * dx, oy + t * dy
        if t > NEAR and x * x + y * y <= radius * radius:
            return t, 3 if dz < 0 else -3
    return FAR, 0


@compiled
def _ellipsoid(
    things: Rows, i: int, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, int]:
    """(distance, 5 or 0); leaves are a cloud of noise inside, so rays may pass between them."""
    sx, sy, sz = 1 / things[i, HALF_X], 1 / things[i, HALF_Y], 1 / things[i, HALF_Z]
    a = (dx * sx) ** 2 + (dy * sy) ** 2 + (dz * sz) ** 2
    b = ox * dx * sx * sx + oy * dy * sy * sy + oz * dz * sz * sz
    c = (ox * sx) ** 2 + (oy * sy) ** 2 + (oz * sz) ** 2 - 1
    under = b * b - a * c
    if under <= 0:
        return FAR, 0
    root = math.sqrt(under)
    first, last = max((-b - root) / a, NEAR), (-b + root) / a
    if last < NEAR:
        return FAR, 0
    if int(things[i, MATERIAL]) != LEAVES:
        return (first, 5) if (-b - root) / a > NEAR else (FAR, 0)
    fine = 1.0 / max(things[i, STEP], 0.02)
    seed = int(things[i, SEED])
    for step in range(LEAF_STEPS):
        t = first + (last - first) * (step + 0.5) / LEAF_STEPS
        x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
        inside = 1 - math.sqrt((x * sx) ** 2 + (y * sy) ** 2 + (z * sz) ** 2)
        thick = noise3(x * fine, y * fine, z * fine, seed) + 0.7 * noise3(2.5 * x, 2.5 * y, 2.5 * z, seed + 1)
        thick += 0.6 * noise3(21 * x, 21 * y, 21 * z, seed + 2)
        if thick * 0.435 > 0.66 - 0.5 * inside:
            return t, 5
    return FAR, 0


@compiled
def _off_rounded(things: Rows, i: int, x: float, y: float, z: float) -> float:
    """Signed distance (a little too small where it tapers) of a box with round edges, in its own axes."""
    hx, hy, hz = things[i, HALF_X], things[i, HALF_Y], things[i, HALF_Z]
    narrow = 1 - things[i, TAPER] * max(z / hz, -0.2)
    r = 0.35 * min(hx, hy, hz)
    qx, qy, qz = abs(x) - hx * narrow + r, abs(y) - hy * (0.5 + 0.5 * narrow) + r, abs(z) - hz + r
    ax, ay, az = max(qx, 0.0), max(qy, 0.0), max(qz, 0.0)
    away: float = math.sqrt(ax * ax + ay * ay + az * az) + min(max(qx, qy, qz), 0.0) - r
    return away


@compiled
def _rounded(
    things: Rows, i: int, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float
) -> tuple[float, int]:
    """(distance, 6 or 0), by steps of the distance to the surface."""
    t, face = _box(things, i, ox, oy, oz, dx, dy, dz)
    if face == 0:
        return FAR, 0
    for _ in range(40):
        x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
        away = _off_rounded(things, i, x, y, z)
        if away < 1e-3:
            return t, 6
        if abs(z) > things[i, HALF_Z] + 0.01 or abs(x) > things[i, HALF_X] * 1.3 or abs(y) > things[i, HALF_Y] * 1.2:
            return FAR, 0
        t += 0.85 * away
    return FAR, 0


@compiled
def local(things: Rows, i: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """World place to the thing's own axes."""
    ex, ey = x - things[i, X], y - things[i, Y]
    return ex * things[i, COS] + ey * things[i, SIN], -ex * things[i, SIN] + ey * things[i, COS], z - things[i, Z]


@compiled
def meet(things: Rows, i: int, o: Rows, d: Rows) -> tuple[float, int]:
    """(distance, face) at which a ray meets one thing; (FAR, 0) when it does not."""
    ox, oy, oz = local(things, i, o[0], o[1], o[2])
    dx, dy = d[0] * things[i, COS] + d[1] * things[i, SIN], -d[0] * things[i, SIN] + d[1] * things[i, COS]
    if things[i, KIND] == BOX:
        return _box(things, i, ox, oy, oz, dx, dy, d[2])
    if things[i, KIND] == CYLINDER:
        return _cylinder(things, i, ox, oy, oz, dx, dy, d[2])
    if things[i, KIND] == ROUNDED:
        return _rounded(things, i, ox, oy, oz, dx, dy, d[2])
    return _ellipsoid(things, i, ox, oy, oz, dx, dy, d[2])


@compiled
def _enters(tree: Rows, k: int, o: Rows, inverse: tuple[float, float, float], limit: float) -> bool:
    """Whether a ray goes through a node's box within ``limit``."""
    low, high = 0.0, limit
    for axis in range(3):
        first, last = (tree[k, axis] - o[axis]) * inverse[axis], (tree[k, 3 + axis] - o[axis]) * inverse[axis]
        low, high = max(low, min(first, last)), min(high, max(first, last))
    return low <= high


@compiled
def nearest(things: Rows, tree: Rows, o: Rows, d: Rows, limit: float) -> tuple[float, int, int]:
    """(distance, index of the thing, face): the ground is index -1, the sky -2."""
    best, index, face, k = limit, -2, 0, 0
    inverse = _inverse(d)
    if d[2] < -1e-9:
        t = -o[2] / d[2]
        if NEAR < t < best:
            best, index, face = t, -1, 3
    while k < len(tree):
        if not _enters(tree, k, o, inverse, best):
            k = int(tree[k, 6])
            continue
        i = int(tree[k, 7])
        if i >= 0:
            t, side = meet(things, i, o, d)
            if side != 0 and t < best:
                best, index, face = t, i, side
        k += 1
    return best, index, face


@compiled
def blocked(things: Rows, tree: Rows, o: Rows, d: Rows, limit: float) -> bool:
    """Whether anything but the ground stands within ``limit`` metres."""
    inverse, k = _inverse(d), 0
    while k < len(tree):
        if not _enters(tree, k, o, inverse, limit):
            k = int(tree[k, 6])
            continue
        i = int(tree[k, 7])
        if i >= 0:
            t, side = meet(things, i, o, d)
            if side != 0 and t < limit:
                return True
        k += 1
    return False


@compiled
def _inverse(d: Rows) -> tuple[float, float, float]:
    x = d[0] if abs(d[0]) > 1e-12 else 1e-12
    y = d[1] if abs(d[1]) > 1e-12 else 1e-12
    z = d[2] if abs(d[2]) > 1e-12 else 1e-12
    return 1 / x, 1 / y, 1 / z


@compiled
def normal_at(things: Rows, i: int, face: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Outward unit normal in the world."""
    lx, ly, lz = local(things, i, x, y, z)
    if face == 4:
        scale = 1 / math.sqrt(lx * lx + ly * ly + 1e-12)
        nx, ny, nz = lx * scale, ly * scale, 0.0
    elif face == 6:
        here, e = _off_rounded(things, i, lx, ly, lz), 1e-3
        nx = _off_rounded(things, i, lx + e, ly, lz) - here
        ny = _off_rounded(things, i, lx, ly + e, lz) - here
        nz = _off_rounded(things, i, lx, ly, lz + e) - here
        scale = 1 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-18)
        nx, ny, nz = nx * scale, ny * scale, nz * scale
    elif face == 5:
        nx, ny, nz = lx / things[i, HALF_X] ** 2, ly / things[i, HALF_Y] ** 2, lz / things[i, HALF_Z] ** 2
        scale = 1 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
        nx, ny, nz = nx * scale, ny * scale, nz * scale
    else:
        sign = 1.0 if face > 0 else -1.0
        axis = abs(face)
        nx, ny, nz = sign * (axis == 1), sign * (axis == 2), sign * (axis == 3)
    return nx * things[i, COS] - ny * things[i, SIN], nx * things[i, SIN] + ny * things[i, COS], nz


@compiled
def surface_at(things: Rows, i: int, face: int, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """(u, v, half of the face along u, along v) in metres from the middle of the face hit."""
    lx, ly, lz = local(things, i, x, y, z)
    if face == 4:
        return math.atan2(ly, lx) * things[i, HALF_X], lz, math.pi * things[i, HALF_X], things[i, HALF_Z]
    if face >= 5:
        return lx + ly, lz, things[i, HALF_X], things[i, HALF_Z]
    axis = abs(face)
    if axis == 1:
        return ly * (1 if face > 0 else -1), lz, things[i, HALF_Y], things[i, HALF_Z]
    if axis == 2:
        return lx * (-1 if face > 0 else 1), lz, things[i, HALF_X], things[i, HALF_Z]
    return lx, ly, things[i, HALF_X], things[i, HALF_Y]
