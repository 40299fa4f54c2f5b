"""Things that stand about in a place, each a few boxes, cylinders or ellipsoids; colours are linear RGB."""

from __future__ import annotations

import math

import numpy as np

from trainer.world import surfaces as of
from trainer.world.raycast import BOX, CYLINDER, ELLIPSOID, ROUNDED, SEED, TAPER, Rows, thing

Things = list[Rows]
Rng = np.random.Generator
Colour = tuple[float, float, float]

STEEL: Colour = (0.35, 0.36, 0.37)
DARK: Colour = (0.03, 0.032, 0.035)
WHITE: Colour = (0.72, 0.71, 0.68)
WOOD: Colour = (0.22, 0.12, 0.06)
PAINTS: tuple[Colour, ...] = (
    (0.55, 0.55, 0.55), (0.03, 0.03, 0.035), (0.4, 0.03, 0.03), (0.03, 0.07, 0.25), (0.65, 0.65, 0.62),
    (0.1, 0.11, 0.12), (0.25, 0.26, 0.28), (0.05, 0.12, 0.08), (0.45, 0.33, 0.08),
)  # fmt: skip
WALLS: tuple[Colour, ...] = (
    (0.62, 0.58, 0.5), (0.5, 0.5, 0.48), (0.7, 0.69, 0.66), (0.42, 0.35, 0.26), (0.36, 0.38, 0.4), (0.55, 0.47, 0.34),
    (0.48, 0.54, 0.5), (0.3, 0.16, 0.1),
)  # fmt: skip
BRICKS: tuple[Colour, ...] = ((0.3, 0.13, 0.08), (0.36, 0.2, 0.11), (0.22, 0.1, 0.07), (0.42, 0.3, 0.18))
LEAF: tuple[Colour, ...] = ((0.08, 0.12, 0.035), (0.12, 0.15, 0.05), (0.055, 0.09, 0.03), (0.19, 0.15, 0.05))


def pick(rng: Rng, colours: tuple[Colour, ...], spread: float = 0.15) -> Colour:
    """One of the colours, a little off."""
    chosen = colours[int(rng.integers(len(colours)))]
    tone = rng.lognormal(0, spread) * np.exp(rng.normal(0, 0.25 * spread, 3))
    r, g, b = (float(v) for v in np.clip(np.array(chosen) * tone, 0.01, 0.8))
    return r, g, b


def box(
    x: float, y: float, z: float, size: tuple[float, float, float], material: int, rgb: Colour, **more: float
) -> Rows:
    """A box of a size in metres whose bottom is at height z."""
    half = (size[0] / 2, size[1] / 2, size[2] / 2)
    return thing(BOX, (x, y, z + half[2]), half, material, rgb, **more)


def post(x: float, y: float, z: float, radius: float, height: float, material: int, rgb: Colour, **more: float) -> Rows:
    """An upright cylinder that starts at height z."""
    return thing(CYLINDER, (x, y, z + height / 2), (radius, radius, height / 2), material, rgb, **more)


def blob(
    x: float, y: float, z: float, half: tuple[float, float, float], material: int, rgb: Colour, **more: float
) -> Rows:
    """An ellipsoid about a middle."""
    return thing(ELLIPSOID, (x, y, z), half, material, rgb, **more)


def turned(x: float, y: float, yaw: float, along: float, across: float) -> tuple[float, float]:
    """The place ``along`` and ``across`` metres from (x, y) in axes turned by ``yaw``."""
    c, s = math.cos(yaw), math.sin(yaw)
    return x + along * c - across * s, y + along * s + across * c


def tree(rng: Rng, x: float, y: float) -> Things:
    """A trunk and a crown of some clouds of leaves."""
    tall, wide = rng.uniform(4.5, 8), rng.uniform(1.3, 2.4)
    green = pick(rng, LEAF, 0.25)
    made = [post(x, y, 0, rng.uniform(0.1, 0.2), tall * 0.55, of.PLAIN, (0.09, 0.07, 0.05))]
    for _ in range(int(rng.integers(3, 5))):
        at = rng.normal(0, 0.45 * wide, 2)
        half = (wide * rng.uniform(0.6, 0.95), wide * rng.uniform(0.6, 0.95), wide * rng.uniform(0.5, 0.85))
        made.append(blob(x + at[0], y + at[1], tall * rng.uniform(0.55, 0.85), half, of.LEAVES, green, step=0.22))
    return made


def hedge(rng: Rng, x: float, y: float, length: float, yaw: float = 0.0) -> Things:
    """A row of bushes."""
    green, high = pick(rng, LEAF, 0.2), rng.uniform(0.5, 0.8)
    count = max(round(length / 1.1), 1)
    made = []
    for k in range(count):
        at = turned(x, y, yaw, (k + 0.5) * length / count - length / 2, rng.normal(0, 0.06))
        half = (rng.uniform(0.75, 0.95), rng.uniform(0.5, 0.7), high * rng.uniform(0.85, 1.1))
        made.append(blob(*at, 0.8 * high, half, of.LEAVES, green, yaw=yaw, step=0.1))
    return made


def bench(rng: Rng, x: float, y: float, yaw: float) -> Things:
    """A seat with a back on two feet."""
    wood = pick(rng, (WOOD, STEEL, (0.3, 0.2, 0.1)))
    made = [box(x, y, 0.42, (1.7, 0.42, 0.06), of.PLANKS, wood, yaw=yaw, step=0.1)]
    made.append(box(*turned(x, y, yaw, 0, 0.22), 0.5, (1.7, 0.05, 0.4), of.PLANKS, wood, yaw=yaw, step=0.13))
    made += [box(*turned(x, y, yaw, s, 0), 0, (0.07, 0.4, 0.43), of.PLAIN, DARK, yaw=yaw) for s in (-0.7, 0.7)]
    return made


def bin_(rng: Rng, x: float, y: float) -> Things:
    """A litter bin."""
    rgb = pick(rng, ((0.03, 0.08, 0.04), DARK, STEEL, (0.05, 0.06, 0.15)))
    return [post(x, y, 0, 0.26, 0.85, of.PLAIN, rgb, gloss=0.2), post(x, y, 0.85, 0.29, 0.08, of.PLAIN, DARK)]


def lamp_post(x: float, y: float, height: float) -> tuple[Things, tuple[float, float, float]]:
    """A street lamp, and where its light is."""
    made = [post(x, y, 0, 0.07, height, of.PLAIN, STEEL), box(x, y, height, (0.5, 0.3, 0.1), of.PLAIN, STEEL)]
    return made, (x, y, height - 0.15)


def sign_post(rng: Rng, x: float, y: float, yaw: float) -> Things:
    """A board on a pole."""
    high, wide = rng.uniform(1.6, 2.3), rng.uniform(0.45, 0.8)
    board = box(x, y, high, (wide, 0.04, wide * rng.uniform(0.8, 1.4)), of.SIGN, pick(rng, PAINTS), yaw=yaw)
    return [post(x, y, 0, 0.035, high + 0.4, of.PLAIN, STEEL), board]


def poster(rng: Rng, x: float, y: float, z: float, yaw: float, wide: float = 1.0) -> Things:
    """A printed board that hangs on a wall."""
    tall = wide * rng.uniform(0.7, 1.5)
    return [box(x, y, z, (wide, 0.05, tall), of.SIGN, pick(rng, PAINTS, 0.3), yaw=yaw)]


def rounded(
    x: float, y: float, z: float, size: tuple[float, float, float], material: int, rgb: Colour, **more: float
) -> Rows:
    """A box with round edges whose bottom is at height z."""
    half = (size[0] / 2, size[1] / 2, size[2] / 2)
    return thing(ROUNDED, (x, y, z + half[2]), half, material, rgb, **more)


def car(rng: Rng, x: float, y: float, yaw: float) -> Things:
    """A parked car or van: body, cabin of dark glass, roof, lamps, wheels."""
    paint, van = pick(rng, PAINTS), rng.random() < 0.2
    long, wide, top = (4.9, 1.95, 2.15) if van else (rng.uniform(3.9, 4.6), 1.78, rng.uniform(1.42, 1.58))
    waist = 1.15 if van else 0.88
    cabin, shift = (0.74 * long, -0.11 * long) if van else (0.62 * long, -0.05 * long)
    at = turned(x, y, yaw, shift, 0)
    made = [
        rounded(x, y, 0.2, (long, wide, waist - 0.2), of.PLAIN, paint, yaw=yaw, gloss=0.7),
        rounded(*at, waist - 0.25, (cabin, wide * 0.93, top - waist + 0.2), of.PLAIN, DARK, yaw=yaw, gloss=1.0),
        rounded(*at, top - 0.13, (cabin * 0.72, wide * 0.8, 0.14), of.PLAIN, paint, yaw=yaw, gloss=0.7),
    ]
    made[1][TAPER] = 0.2
    for along in (-0.31, 0.31):
        for across in (-0.46, 0.46):
            spot = turned(x, y, yaw, along * long, across * wide)
            made.append(blob(*spot, 0.31, (0.33, 0.13, 0.33), of.PLAIN, DARK, yaw=yaw))
            made.append(blob(*spot, 0.31, (0.19, 0.145, 0.19), of.PLAIN, STEEL, yaw=yaw))
    for along, rgb in ((0.485, (0.7, 0.7, 0.66)), (-0.485, (0.35, 0.02, 0.02))):
        made += [
            box(
                *turned(x, y, yaw, along * long, across * wide),
                0.6,
                (0.12, 0.3, 0.13),
                of.PLAIN,
                rgb,
                yaw=yaw,
                gloss=0.5,
            )
            for across in (-0.36, 0.36)
        ]
    return made


def counter(rng: Rng, x: float, y: float, yaw: float, length: float) -> Things:
    """A desk with a top and, at times, a screen on it."""
    front, top = pick(rng, (WOOD, WHITE, STEEL, (0.1, 0.11, 0.13))), pick(rng, (WHITE, DARK, WOOD))
    made = [
        box(x, y, 0, (length, 0.65, 1.0), of.PLANKS, front, yaw=yaw, step=0.4, gloss=0.1),
        box(x, y, 1.0, (length + 0.1, 0.8, 0.05), of.PLAIN, top, yaw=yaw, gloss=0.5),
    ]
    for along in rng.uniform(-0.4, 0.4, int(rng.integers(1, 3))) * length:
        at = turned(x, y, yaw, float(along), 0.1)
        made.append(box(*at, 1.15, (0.5, 0.05, 0.33), of.PLAIN, DARK, yaw=yaw + math.pi, gloss=0.5))
        made.append(box(*at, 1.05, (0.06, 0.06, 0.2), of.PLAIN, DARK, yaw=yaw))
    return made


def table(rng: Rng, x: float, y: float) -> Things:
    """A round table on one foot, often with chairs."""
    top = pick(rng, (WHITE, WOOD, DARK))
    made = [post(x, y, 0.7, 0.42, 0.04, of.PLAIN, top, gloss=0.4), post(x, y, 0.02, 0.035, 0.7, of.PLAIN, STEEL)]
    made.append(post(x, y, 0, 0.25, 0.03, of.PLAIN, STEEL))
    seat = pick(rng, (DARK, WOOD, (0.3, 0.04, 0.03), (0.05, 0.1, 0.2)))
    for k in range(int(rng.integers(0, 4))):
        yaw = k * 2.1 + rng.normal(0, 0.2)
        at = turned(x, y, yaw, 0.75, 0)
        made.append(box(*at, 0.42, (0.42, 0.42, 0.05), of.PLAIN, seat, yaw=yaw))
        made.append(box(*turned(*at, yaw, 0.2, 0), 0.45, (0.04, 0.4, 0.42), of.PLAIN, seat, yaw=yaw))
        for a, b in ((-0.18, -0.18), (-0.18, 0.18), (0.18, -0.18), (0.18, 0.18)):
            made.append(post(*turned(*at, yaw, a, b), 0, 0.014, 0.42, of.PLAIN, STEEL))
    return made


def plant(rng: Rng, x: float, y: float) -> Things:
    """A pot with something green."""
    high = rng.uniform(0.4, 0.8)
    leaves = blob(x, y, 0.5 + high, (0.45, 0.45, high), of.LEAVES, pick(rng, LEAF), step=0.09)
    return [post(x, y, 0, 0.25, 0.5, of.PLAIN, pick(rng, (WHITE, DARK, (0.3, 0.12, 0.06)))), leaves]


def shelf(rng: Rng, x: float, y: float, yaw: float, length: float) -> Things:
    """A rack of goods, both sides."""
    return [box(x, y, 0, (length, 0.7, rng.uniform(1.35, 1.9)), of.GOODS, WHITE, yaw=yaw)]


def gate(x: float, y: float, yaw: float) -> Things:
    """A ticket barrier."""
    return [
        box(x, y, 0, (1.5, 0.25, 1.0), of.PLAIN, (0.5, 0.51, 0.52), yaw=yaw, gloss=0.5),
        box(*turned(x, y, yaw, 0.55, 0), 1.0, (0.25, 0.2, 0.06), of.PLAIN, (0.5, 0.3, 0.03), yaw=yaw),
    ]


def skyline(rng: Rng, size: tuple[float, float]) -> Things:
    """What closes the view behind a place outdoors: trees and houses in a ring far off."""
    made = []
    for angle in np.arange(0, 2 * math.pi, 2 * math.pi / 22):
        far = rng.uniform(60, 80)
        x, y = size[0] / 2 + far * math.cos(angle), size[1] / 2 + far * math.sin(angle)
        if rng.random() < 0.45:
            walls, high = pick(rng, BRICKS + WALLS), rng.uniform(6, 13)
            made.append(
                box(x, y, 0, (rng.uniform(14, 26), 9, high), of.FACADE, walls, yaw=angle - math.pi / 2, step=2.4)
            )
        else:
            half = (rng.uniform(7, 12), rng.uniform(7, 12), rng.uniform(4, 7))
            made.append(blob(x, y, 0.5 * half[2], half, of.LEAVES, pick(rng, LEAF, 0.2), step=0.7))
    return made


def seeded(things: Things, rng: Rng) -> Rows:
    """(N, COLUMNS) with every thing's pattern its own, where it has none yet."""
    rows = np.stack(things)
    drawn = rng.integers(1, 1_000_000, len(rows))
    rows[:, SEED] = np.where(rows[:, SEED] > 0, rows[:, SEED], drawn)
    return rows
