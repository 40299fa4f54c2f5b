"""What surfaces look like: cloth with prints and folds, skin and faces, hair, shoes, bags.

A surface point is (u, v, w): metres to the right, up and ahead in the frame of its limb, so that prints move with it.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trainer.world.compiled import compiled
from trainer.world.geometry import Floats
from trainer.world.people import Person
from trainer.world.wardrobe import PATTERNS, RGB, Garment

COLUMNS = 24
# first colour (0:3), second (3:6), pattern 6, scale 7, folds 8, mottling 9, gloss 10, kind 11, strap 12,
# strap colour (13:16), third colour (16:19), opening 19, extra 20, hairline 21, glasses 22, collar 23
# kinds of surface
CLOTH = 0
SKIN = 1
HEAD = 2
HAIR = 3
SHOE = 4
BAG = 5
DENIM = 6
# patterns: places in wardrobe.PATTERNS, and one of trousers
PLAIN = 0
STRIPES = 1
UPRIGHTS = 2
CHECKS = 3
GRADIENT = 4
BLOCKS = 5
DOTS = 6
PRINT = 7
LOGO = 8
BLOTCHES = 9
PIPING = 10
Point = tuple[float, float, float]
Colour = tuple[float, float, float]


def linear(colour: RGB) -> Floats:
    """sRGB in [0, 1] to linear light."""
    value = np.asarray(colour, np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=256)
def materials(person: Person) -> NDArray[np.float32]:
    """(10, COLUMNS) rows in the order of figure.SKIN ... figure.STRAP."""
    table = np.zeros((10, COLUMNS), np.float32)
    skin, head, hair, top, sleeve, bottom, shoe, bag, hat, strap = table
    outer = person.jacket if person.jacket is not None else person.top
    _plain(skin, person.skin, SKIN, mottling=0.05)
    _plain(head, person.skin, HEAD, mottling=0.05)
    head[16:19], head[20], head[22] = linear(person.hair), person.beard, float(person.glasses)
    head[21] = {"bald": 2.0, "cropped": 0.03}.get(person.hairstyle, 0.02)
    _plain(hair, person.hair, HAIR, mottling=0.3)
    hair[8], hair[10] = 0.35, 0.25
    _woven(top, outer)
    _woven(sleeve, outer)
    if outer.pattern in ("print", "logo", "gradient"):
        sleeve[6] = PLAIN
    if outer.pattern == "blocks" and person.seed % 2:
        top[6], sleeve[6], sleeve[0:3] = PLAIN, PLAIN, linear(outer.colours[1])
    _dressed(top, person)
    _woven(bottom, person.bottom)
    if person.bottom.kind == "jeans":
        bottom[11] = DENIM
    if person.bottom.kind == "dress" and person.jacket is None:
        for row in (top, sleeve):
            row[0:9] = bottom[0:9]
    _plain(shoe, person.shoes.colours[0], SHOE, mottling=0.1)
    shoe[3:6], shoe[10] = linear(person.shoes.colours[1]), 0.12
    _plain(bag, person.bag.colours[0], BAG, mottling=0.12)
    bag[3:6], bag[8], bag[10] = linear(person.bag.colours[1]), 0.5, 0.08
    _plain(hat, person.hat.colours[0], CLOTH, mottling=0.12)
    hat[8] = 0.4
    _plain(strap, person.bag.colours[0], BAG, mottling=0.1)
    return table


def _plain(row: NDArray[np.float32], colour: RGB, kind: int, mottling: float) -> None:
    row[0:3] = row[3:6] = linear(colour)
    row[9], row[11], row[7] = mottling, kind, 0.1


def _woven(row: NDArray[np.float32], garment: Garment) -> None:
    _plain(row, garment.colours[0], CLOTH, mottling=0.10)
    row[3:6] = linear(garment.colours[1])
    row[6] = PIPING if garment.pattern == "piping" else PATTERNS.index(garment.pattern)
    row[7] = garment.scale
    row[8] = 0.7 + 26 * garment.loose
    row[10] = 0.10 if garment.kind == "puffer" else 0.0
    if garment.kind == "puffer":
        row[20] = 1.0


def _dressed(top: NDArray[np.float32], person: Person) -> None:
    """What lies over the torso: the opening of a jacket, straps, a collar."""
    if person.jacket is not None:
        top[16:19] = linear(person.top.colours[0])
        top[19] = {"open": 0.065, "coat": 0.035 if person.seed % 2 else 0.0}.get(person.jacket.kind, 0.0)
    if person.bag.kind in ("rucksack", "crossbody"):
        top[12] = 1.0 if person.bag.kind == "rucksack" else (2.0 if person.seed % 2 else 3.0)
        top[13:16] = linear(person.bag.colours[0])
    outer = person.top if person.jacket is None else person.jacket
    neckline = {"tee": 2.0 if person.figure > 0.5 else 1.0, "vest": 3.0, "polo": 4.0, "shirt": 4.0}
    top[23] = neckline.get(outer.kind, 5.0 if person.jacket is not None or outer.kind == "hoodie" else 1.0)
    top[3:6] = top[3:6] if outer.kind != "shirt" or outer.pattern != "plain" else top[0:3] * 0.7


@compiled
def noise(x: float, y: float, z: float, seed: int) -> float:
    """Smooth value noise in [0, 1] with features about 1 apart."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - ix, y - iy, z - iz
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for corner in range(8):
        dx, dy, dz = corner & 1, (corner >> 1) & 1, corner >> 2
        key = np.uint32(int(ix) + dx) * np.uint32(73856093)
        key ^= np.uint32(int(iy) + dy) * np.uint32(19349663)
        key ^= np.uint32(int(iz) + dz) * np.uint32(83492791)
        key ^= np.uint32(seed) * np.uint32(2654435761)
        key = (key ^ (key >> np.uint32(13))) * np.uint32(1274126177)
        value = float((key ^ (key >> np.uint32(16))) & np.uint32(0xFFFF)) / 65535.0
        weight = (fx if dx else 1 - fx) * (fy if dy else 1 - fy) * (fz if dz else 1 - fz)
        total += weight * value
    return total


@compiled
def step(edge: float, x: float, soft: float) -> float:
    """0 below ``edge``, 1 above it, a ramp as wide as ``soft`` between: edges no sharper than a pixel."""
    return float(min(max((x - edge) / soft + 0.5, 0.0), 1.0))


@compiled
def band(x: float, scale: float, share: float, soft: float) -> float:
    """1 on the first ``share`` of every ``scale`` metres, else 0, softened."""
    at = (x / scale) % 1.0
    edge = max(soft / scale, 1e-3)
    if edge > 1.0:
        return share
    return min(max((at / edge) + 0.5, 0.0), 1.0) * (1 - step(share, at, edge)) + step(1.0, at, edge)


@compiled
def folds(u: float, v: float, w: float, seed: int, style: float) -> float:
    """Height of the folds of loose cloth: long creases that run askew, and small ones that run across."""
    if style > 0.5:  # a quilted jacket
        return 0.012 * math.sqrt(abs(math.sin(v * 31.0)))
    skew = 1.4 * (noise(u * 5, v * 4, w * 5, seed + 11) - 0.5)
    long = noise(u * 9 + v * 4 + skew, v * 4.5 + skew, w * 9, seed)
    across = noise(u * 11 + skew, v * 13 + u * 12, w * 11 - v * 6, seed + 5)
    return 0.020 * abs(long - 0.5) + 0.009 * abs(across - 0.5)


@compiled
def pattern(row: NDArray[np.float32], point: Point, seed: int, soft: float) -> float:
    """How much of the second colour shows at a point, in [0, 1]."""
    kind, scale = int(row[6]), row[7]
    u, v, w = point
    if kind == STRIPES:
        return band(v, scale, 0.5 if seed % 3 else 0.25, soft)
    if kind == UPRIGHTS:
        return band(u, scale * 0.6, 0.3, soft)
    if kind == CHECKS:
        return 0.5 * band(u, scale, 0.45, soft) + 0.5 * band(v, scale, 0.45, soft)
    if kind == GRADIENT:
        return step(-0.3, -v, 0.5) if seed % 2 else step(-0.5, v, 0.4)
    if kind == BLOCKS:
        return step(0.16 + 0.5 * scale, -v, soft)
    if kind == DOTS:
        a, b = (u / scale) % 1.0 - 0.5, (v / scale) % 1.0 - 0.5
        return 1 - step(0.28, math.sqrt(a * a + b * b), max(soft / scale, 0.05))
    if kind == BLOTCHES:
        return step(0.58, noise(u / scale * 1.6, v / scale * 1.6, w / scale * 1.6, seed), 0.08 + soft / scale)
    if kind == PIPING:
        return (1 - step(0.012, abs(w + 0.01), soft)) * step(0.03, abs(u), soft)
    return printed(kind, point, seed, soft)


@compiled
def printed(kind: int, point: Point, seed: int, soft: float) -> float:
    """A picture on the chest or the back, or a small badge."""
    u, v, w = point
    if kind == PRINT:
        front = w > 0 or seed % 4 == 0
        x, y = u / 0.11, (v + 0.2) / (0.07 + 0.03 * (seed % 3))
        inside = 1 - step(1.0, x * x + y * y if seed % 2 else max(abs(x), abs(y)), 0.1 + soft / 0.1)
        return inside * step(0.42, noise(u * 45, v * 45, 3.0, seed), 0.15 + soft * 10) if front else 0.0
    if kind == LOGO and w > 0:
        if seed % 2:
            wide = (1 - step(0.1, abs(u), soft)) * (1 - step(0.022, abs(v + 0.16), soft))
            return wide * step(0.4, noise(u * 70, 1.0, 1.0, seed), 0.2 + soft * 20)
        return 1 - step(0.028, math.sqrt((u + 0.07) ** 2 + (v + 0.13) ** 2), soft)
    return 0.0


@compiled
def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` with ``share`` of ``b``."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


@compiled
def albedo(row: NDArray[np.float32], point: Point, seed: int, soft: float) -> Colour:
    """The colour (linear RGB) that a white light shows at a point; ``soft``: metres that a pixel covers."""
    u, v, w = point
    kind = int(row[11])
    colour = (row[0], row[1], row[2])
    if row[6] > 0:
        colour = mixed(colour, (row[3], row[4], row[5]), pattern(row, point, seed, soft))
    if kind == HEAD:
        colour = face(row, point, soft)
    elif kind == SHOE:
        colour = mixed(colour, (row[3], row[4], row[5]), 1 - step(0.022, v, 0.012))
    elif kind == BAG:
        lid = 1 - step(0.006, abs(v - 0.03 * row[7] * 10), soft)
        colour = mixed(colour, (row[0] * 0.4, row[1] * 0.4, row[2] * 0.4), lid * 0.7)
    elif kind == DENIM:
        worn = step(0.02, w, 0.1) * 0.35 + 0.3 * (noise(u * 14, v * 7, w * 14, seed) - 0.5)
        colour = mixed(colour, (0.42, 0.5, 0.6), max(min(worn * 0.5, 0.5), 0.0))
    if row[23] > 0 or row[12] > 0 or row[19] > 0:
        colour = torso(row, point, colour, soft)
    coarse = noise(u * 16, v * 16, w * 16, seed + 3) - 0.5
    fine = noise(u * 120, v * 120, w * 120, seed + 7) - 0.5
    shade = 1 + row[9] * (1.2 * coarse + 1.4 * fine * min(0.008 / max(soft, 1e-4), 1.0))
    return (colour[0] * shade, colour[1] * shade, colour[2] * shade)


@compiled
def torso(row: NDArray[np.float32], point: Point, colour: Colour, soft: float) -> Colour:
    """Neckline, buttons, the opening of a jacket and straps, over the colour of the cloth."""
    u, v, w = point
    dark = (colour[0] * 0.35, colour[1] * 0.35, colour[2] * 0.35)
    if row[19] > 0 and w > 0:
        wide = row[19] * (1.0 + 1.2 * step(-0.12, v, 0.2))
        colour = mixed(colour, (row[16], row[17], row[18]), 1 - step(wide, abs(u), soft))
        colour = mixed(colour, dark, 0.8 * (1 - step(0.008, abs(abs(u) - wide), soft)))
    if row[23] >= 4 and row[19] == 0 and w > 0:
        seam = (1 - step(0.007, abs(u), soft)) * (0.45 if row[23] > 4 or v > -0.14 else 0.2)
        colour = mixed(colour, dark, seam)
    if row[12] == 1 and w > -0.03 and v > -0.34:
        colour = mixed(colour, (row[13], row[14], row[15]), 1 - step(0.024, abs(abs(u) - 0.105), soft))
    if row[12] >= 2:
        lean = u if row[12] == 2 else -u
        lean = lean if w > 0 else lean * 1.05
        colour = mixed(colour, (row[13], row[14], row[15]), 1 - step(0.02, abs(lean * 0.75 - (v + 0.2) * -0.62), soft))
    return colour


@compiled
def face(row: NDArray[np.float32], point: Point, soft: float) -> Colour:
    """A head at 5 cm a pixel or finer: hair above its line, brows, eyes, nose, mouth, beard, glasses."""
    u, v, w = point
    skin, hair = (row[0], row[1], row[2]), (row[16], row[17], row[18])
    front = step(0.015, w, 0.05)
    line = row[21] + front * (0.118 - 0.3 * max(abs(u) - 0.04, 0.0)) + 0.02
    covered = step(line, v, 0.012 + soft) if row[21] < 1.0 else 0.0
    colour = skin
    if w > 0.03:
        dark = (skin[0] * 0.3, skin[1] * 0.25, skin[2] * 0.25)
        socket = (1 - step(0.024, abs(abs(u) - 0.033), 0.012 + soft)) * (1 - step(0.012, abs(v - 0.098), 0.01 + soft))
        brow = (1 - step(0.022, abs(abs(u) - 0.033), 0.01 + soft)) * (1 - step(0.004, abs(v - 0.118), 0.006 + soft))
        mouth = (1 - step(0.024, abs(u), 0.012 + soft)) * (1 - step(0.005, abs(v - 0.026), 0.006 + soft))
        colour = mixed(colour, dark, 0.75 * socket)
        colour = mixed(colour, hair, 0.8 * brow)
        colour = mixed(colour, (skin[0] * 0.62, skin[1] * 0.35, skin[2] * 0.35), 0.8 * mouth)
        cheek = (1 - step(0.02, abs(abs(u) - 0.045), 0.03)) * (1 - step(0.02, abs(v - 0.065), 0.03))
        colour = mixed(colour, (skin[0] * 1.02, skin[1] * 0.82, skin[2] * 0.8), 0.5 * cheek)
        if row[22] > 0:
            rim = (1 - step(0.028, abs(abs(u) - 0.034), soft)) * (1 - step(0.02, abs(v - 0.096), soft))
            colour = mixed(colour, (0.02, 0.02, 0.025), 0.7 * rim)
    bearded = row[20] * (1 - step(0.05, v, 0.02)) * step(0.0, w, 0.03)
    return mixed(mixed(colour, hair, 0.8 * bearded), hair, covered)
