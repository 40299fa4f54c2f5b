"""What the kinds of places are made of: each lays out ground, walls and things over a rectangle that people walk in.

The rectangle goes from (0, 0) to (width, depth); cameras hang round it and look in from any side, so every side has
something to look at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from trainer.world import furniture as make
from trainer.world import surfaces as of
from trainer.world.furniture import Colour, Rng, Things, box, pick
from trainer.world.raycast import SEED, Rows

Point = tuple[float, float]
QUARTER = math.pi / 2


@dataclass
class Layout:
    """A place as it is being built.

    size: (width, depth) in metres; ground: material, colour, step, gloss; doors: where people come in and go;
    lamps: positions that give light; ceiling: metres, or None outdoors
    """

    size: tuple[float, float]
    ground: tuple[int, Colour, float, float]
    things: Things = field(default_factory=list)
    doors: list[Point] = field(default_factory=list)
    lamps: list[tuple[float, float, float]] = field(default_factory=list)
    ceiling: float | None = None

    def edge(self, side: int, along: float, out: float) -> tuple[float, float, float]:
        """(x, y, yaw) of a spot ``along`` (0 to 1) a side, ``out`` metres outside; sides: south, east, north, west.

        A box with this yaw has its back to the outside and its front (its low y) to the people.
        """
        width, depth = self.size
        spots = (
            (along * width, -out, math.pi),
            (width + out, along * depth, -QUARTER),
            ((1 - along) * width, depth + out, 0.0),
            (-out, (1 - along) * depth, QUARTER),
        )
        return spots[side]

    def length(self, side: int) -> float:
        """Metres along a side."""
        return self.size[side % 2]

    def inside(self, rng: Rng, margin: float = 1.5) -> Point:
        """A random spot that people may walk on."""
        width, depth = self.size
        return float(rng.uniform(margin, width - margin)), float(rng.uniform(margin, depth - margin))

    def add(self, *things: Rows) -> None:
        """Put things down."""
        self.things.extend(things)


def _building(lay: Layout, rng: Rng, side: int, out: float) -> None:
    """A house along a side: brick, plaster or glass, with doors, a plinth and at times shops on the ground floor."""
    x, y, yaw = lay.edge(side, 0.5, out + 4)
    long, high = lay.length(side) + 2 * rng.uniform(0, 8), rng.uniform(5, 15)
    seed_material = of.GLASS if rng.random() < 0.3 else of.FACADE
    rgb = (
        pick(rng, make.BRICKS + make.WALLS) if seed_material == of.FACADE else pick(rng, ((0.3, 0.31, 0.32), make.DARK))
    )
    lay.add(box(x, y, 0, (long, 8, high), seed_material, rgb, yaw=yaw, step=float(rng.uniform(1.5, 3.2))))
    bx, by, _ = lay.edge(side, 0.5, out - 0.1)
    lay.add(box(bx, by, 0, (long, 0.2, rng.uniform(0.3, 0.9)), of.CONCRETE, pick(rng, make.WALLS), yaw=yaw, step=2.0))
    if rng.random() < 0.6:  # a fascia or a canopy over the ground floor
        lay.add(
            box(
                bx,
                by,
                rng.uniform(2.9, 3.6),
                (long, rng.uniform(0.3, 2.2), 0.5),
                of.CONCRETE,
                pick(rng, make.WALLS),
                yaw=yaw,
                step=3.0,
            )
        )
    if rng.random() < 0.5:
        for along in np.arange(0.08, 0.95, 5.5 / lay.length(side)):
            _shop_front(lay, rng, side, float(along), out)
    for along in rng.uniform(0.1, 0.9, 2):
        dx, dy, _ = lay.edge(side, float(along), out - 0.22)
        lay.add(box(dx, dy, 0, (rng.uniform(1.0, 1.9), 0.1, 2.2), of.DOOR, pick(rng, make.PAINTS), yaw=yaw))


def _shop_front(lay: Layout, rng: Rng, side: int, along: float, out: float) -> None:
    x, y, yaw = lay.edge(side, along, out - 0.2)
    lay.add(box(x, y, 0.5, (4.6, 0.14, 2.1), of.SHOP, pick(rng, (make.DARK, make.WHITE, make.WOOD)), yaw=yaw, step=1.5))
    lay.add(box(x, y, 2.65, (4.8, 0.3, 0.65), of.SIGN, pick(rng, make.PAINTS, 0.4), yaw=yaw))


def _street_furniture(lay: Layout, rng: Rng, count: int) -> None:
    for _ in range(count):
        side = int(rng.integers(4))
        x, y, yaw = lay.edge(side, float(rng.uniform(0.1, 0.9)), float(rng.uniform(-1.6, 0.2)))
        kind = int(rng.integers(6))
        if kind == 0:
            lay.add(*make.bench(rng, x, y, yaw))
        elif kind == 1:
            lay.add(*make.bin_(rng, x, y))
        elif kind == 2:
            lay.add(*make.sign_post(rng, x, y, yaw + rng.normal(0, 0.5)))
        elif kind == 3:
            lay.add(*make.tree(rng, x, y))
        elif kind == 4:
            lay.add(*make.hedge(rng, x, y, rng.uniform(2, 5), yaw))
        else:
            lay.add(make.post(x, y, 0, 0.09, rng.uniform(0.8, 1.1), of.PLAIN, make.DARK))


def _street_lamps(lay: Layout, rng: Rng) -> None:
    for side in (0, 2):
        for along in (0.15, 0.5, 0.85):
            x, y, _ = lay.edge(side, along + float(rng.normal(0, 0.04)), -0.3)
            made, light = make.lamp_post(x, y, float(rng.uniform(4.5, 6.5)))
            lay.add(*made)
            lay.lamps.append(light)


def street(rng: Rng) -> Layout:
    """A pavement with a road beside it, houses on both sides, parked cars."""
    stone = pick(rng, ((0.34, 0.33, 0.31), (0.42, 0.37, 0.3), (0.28, 0.28, 0.29)))
    lay = Layout((float(rng.uniform(26, 36)), float(rng.uniform(6, 9))), (of.ASPHALT, (0.16, 0.16, 0.165), 1.0, 0.0))
    width, depth = lay.size
    road = float(rng.uniform(6, 8))
    lay.add(
        box(
            width / 2,
            depth / 2,
            -0.05,
            (width + 60, depth, 0.06),
            of.TILES,
            stone,
            step=float(rng.choice([0.4, 0.6, 0.9])),
        )
    )
    lay.add(box(width / 2, -0.1, -0.05, (width + 60, 0.2, 0.08), of.CONCRETE, (0.45, 0.44, 0.42), step=1.0))
    lay.add(box(width / 2, -road - 2, -0.05, (width + 60, 4, 0.08), of.TILES, stone, step=0.5))
    lay.add(box(width / 2, -road / 2 - 0.5, 0, (width + 60, 0.12, 0.004), of.STRIPES, (0.7, 0.7, 0.68), step=2.0))
    _building(lay, rng, 2, 0.3)
    _building(lay, rng, 0, road + 4)
    for side in (1, 3):
        _building(lay, rng, side, float(rng.uniform(18, 30)))
    for along in np.arange(0.04, 0.95, 5.8 / width):
        if rng.random() < 0.6:
            lay.add(*make.car(rng, float(along) * width, -1.4, float(rng.choice([0.0, math.pi]) + rng.normal(0, 0.02))))
    for x in np.arange(3, width - 2, 7.5):
        if rng.random() < 0.5:
            lay.add(*make.tree(rng, float(x + rng.normal(0, 0.7)), 0.7))
    _street_furniture(lay, rng, 5)
    _street_lamps(lay, rng)
    lay.doors = [(-2, depth * 0.4), (-2, depth * 0.7), (width + 2, depth * 0.4), (width + 2, depth * 0.7)]
    return lay


def campus(rng: Rng) -> Layout:
    """A wide asphalt way between lawns, trees and brick houses."""
    lay = Layout((float(rng.uniform(22, 30)), float(rng.uniform(12, 18))), (of.ASPHALT, (0.27, 0.26, 0.26), 1.0, 0.0))
    width, depth = lay.size
    green = pick(rng, ((0.1, 0.125, 0.045), (0.14, 0.15, 0.065), (0.085, 0.115, 0.045)))
    far = 26.0
    lay.add(box(width / 2, -far / 2, -0.05, (width + 70, far, 0.08), of.GRASS, green))
    lay.add(box(width / 2 + 6, depth + 5, -0.05, (width + 50, 9, 0.08), of.GRASS, green))
    if rng.random() < 0.6:
        lay.add(box(-far / 2 - 3, depth / 2, -0.05, (far, depth - 5, 0.075), of.GRASS, green))
    for side, out in ((2, float(rng.uniform(4, 10))), (1, float(rng.uniform(12, 24))), (0, 24.0), (3, 26.0)):
        _building(lay, rng, side, out)
    for _ in range(int(rng.integers(4, 9))):
        side = int(rng.integers(4))
        x, y, _ = lay.edge(side, float(rng.uniform(-0.1, 1.1)), float(rng.uniform(2, 8)))
        lay.add(*make.tree(rng, x, y))
    for _ in range(3):
        x, y, yaw = lay.edge(int(rng.integers(4)), float(rng.random()), float(rng.uniform(9, 14)))
        lay.add(*make.car(rng, x, y, yaw + rng.normal(0, 0.3)))
    _street_furniture(lay, rng, 8)
    _street_lamps(lay, rng)
    lay.doors = [
        (-3, depth * 0.3),
        (-3, depth * 0.75),
        (width + 3, depth * 0.5),
        (width * 0.6, depth + 3),
        (width * 0.3, -3),
    ]
    return lay


def forecourt(rng: Rng) -> Layout:
    """Paving before glass doors, under the edge of a house on pillars."""
    lay = Layout(
        (float(rng.uniform(18, 26)), float(rng.uniform(12, 18))),
        (
            of.TILES,
            pick(rng, ((0.5, 0.46, 0.36), (0.42, 0.41, 0.4), (0.55, 0.53, 0.5))),
            float(rng.choice([0.5, 0.8, 1.2])),
            0.06,
        ),
    )
    width, depth = lay.size
    stone = pick(rng, make.WALLS)
    x, y, yaw = lay.edge(2, 0.5, 3.2)
    lay.add(box(x, y, 0, (width + 12, 0.3, 3.2), of.GLASS, (0.1, 0.1, 0.1), step=float(rng.uniform(1.2, 2.2))))
    lay.add(box(x, y + 0.2, 3.2, (width + 14, 7, 6), of.FACADE, stone, step=float(rng.uniform(1.8, 3))))
    for along in np.arange(0.05, 1.0, 6.0 / width):
        px, py, _ = lay.edge(2, float(along), 0.2)
        lay.add(box(px, py, 0, (1.1, 1.1, 3.2), of.CONCRETE, stone, step=1.1))
    for side, out in ((1, float(rng.uniform(6, 14))), (3, float(rng.uniform(6, 14))), (0, float(rng.uniform(10, 20)))):
        _building(lay, rng, side, out)
    for along in (0.3, 0.7):
        px, py, yaw = lay.edge(2, along, 2.95)
        lay.add(box(px, py, 0, (1.9, 0.1, 2.3), of.DOOR, make.STEEL, yaw=yaw))
    _street_furniture(lay, rng, 9)
    _street_lamps(lay, rng)
    lay.doors = [
        (-2, depth * 0.3),
        (width + 2, depth * 0.4),
        (width * 0.3, depth + 2.4),
        (width * 0.7, depth + 2.4),
        (width * 0.5, -3),
    ]
    return lay


def carpark(rng: Rng) -> Layout:
    """Asphalt with painted bays and parked cars on two sides."""
    lay = Layout((float(rng.uniform(22, 30)), float(rng.uniform(8, 11))), (of.ASPHALT, (0.2, 0.2, 0.205), 1.0, 0.0))
    width, depth = lay.size
    for side in (0, 2):
        for along in np.arange(0.03, 0.98, 2.6 / width):
            x, y, yaw = lay.edge(side, float(along), 2.2)
            lay.add(box(x - 1.3, y, 0, (0.1, 4.6, 0.004), of.PLAIN, (0.65, 0.65, 0.62)))
            if rng.random() < 0.55:
                lay.add(*make.car(rng, x, y, QUARTER * float(rng.choice([1, -1])) + rng.normal(0, 0.03)))
    for side, out in ((0, 8.0), (2, 7.0), (1, 14.0), (3, 16.0)):
        _building(lay, rng, side, out)
    for along in (0.1, 0.4, 0.75):
        x, y, yaw = lay.edge(2, along, 5.6)
        lay.add(*make.hedge(rng, x, y, 5.0, yaw))
    _street_lamps(lay, rng)
    lay.doors = [(-3, depth * 0.5), (width + 3, depth * 0.5), (width * 0.4, -1.5), (width * 0.7, depth + 1.5)]
    return lay


def _room(lay: Layout, rng: Rng, wall: Colour, material: int) -> None:
    """Four walls with openings into dark passages, skirting, pictures; a ceiling with light panels."""
    width, depth = lay.size
    high, paint = lay.ceiling or 3.0, int(rng.integers(1, 10_000))
    for side in range(4):
        gaps = sorted(float(a) for a in rng.uniform(0.12, 0.88, 1 if lay.length(side) < 10 else 2))
        gaps = [g for k, g in enumerate(gaps) if k == 0 or (g - gaps[k - 1]) * lay.length(side) > 3.5]
        first = len(lay.things)
        _wall(lay, side, gaps, high, wall, material)
        for row in lay.things[first:]:
            row[SEED] = paint
        for along in rng.uniform(0.08, 0.92, int(rng.integers(2, 5))):
            if all(abs(along - g) * lay.length(side) > 2.2 for g in gaps):
                x, y, yaw = lay.edge(side, float(along), 0.02)
                if rng.random() < 0.3:
                    lay.add(box(x, y, 0, (1.0, 0.08, 2.1), of.DOOR, pick(rng, (*make.PAINTS, make.WOOD)), yaw=yaw))
                else:
                    lay.add(*make.poster(rng, x, y, float(rng.uniform(1.1, 1.6)), yaw, float(rng.uniform(0.6, 1.8))))
    lay.add(box(width / 2, depth / 2, high, (width + 1, depth + 1, 0.3), of.TILES, (0.7, 0.7, 0.69), step=0.6))
    for x in np.arange(2.2, width - 1, 4.4):
        for y in np.arange(2.2, depth - 1, 4.4):
            lay.add(box(float(x), float(y), high - 0.03, (1.2, 0.35, 0.05), of.LAMP, make.WHITE))
            lay.lamps.append((float(x), float(y), high - 0.05))


def _wall(lay: Layout, side: int, gaps: list[float], high: float, wall: Colour, material: int) -> None:
    length, start = lay.length(side), 0.0
    for gap in [*gaps, None]:
        end = length if gap is None else gap * length - 0.9
        if end - start > 0.2:
            x, y, yaw = lay.edge(side, (start + end) / 2 / length, 0.15)
            lay.add(box(x, y, 0, (end - start, 0.3, high), material, wall, yaw=yaw, step=2.4))
            x, y, _ = lay.edge(side, (start + end) / 2 / length, -0.01)
            lay.add(box(x, y, 0, (end - start, 0.03, 0.12), of.PLAIN, (0.12, 0.1, 0.09), yaw=yaw))
        if gap is None:
            continue
        x, y, yaw = lay.edge(side, gap, 0.15)
        lay.add(box(x, y, 2.3, (1.8, 0.3, high - 2.3), material, wall, yaw=yaw))
        for along, out, size in (
            (gap - 1.0 / length, 1.9, (0.2, 3.5, high)),
            (gap + 1.0 / length, 1.9, (0.2, 3.5, high)),
            (gap, 3.6, (2.2, 0.2, high)),
        ):
            x, y, _ = lay.edge(side, along, out)
            lay.add(box(x, y, 0, size, of.PLAIN, (0.3, 0.29, 0.27), yaw=yaw))
        x, y, _ = lay.edge(side, gap, 2.6)
        lay.doors.append((x, y))
        start = gap * length + 0.9


def hall(rng: Rng) -> Layout:
    """A station or mall hall: polished tiles, pillars, gates, shops along the walls."""
    tile = pick(rng, ((0.6, 0.58, 0.54), (0.45, 0.44, 0.43), (0.66, 0.66, 0.66), (0.4, 0.34, 0.27)))
    lay = Layout(
        (float(rng.uniform(18, 26)), float(rng.uniform(12, 17))),
        (of.TILES, tile, float(rng.choice([0.6, 0.9, 1.2])), 0.55),
        ceiling=float(rng.uniform(4.2, 5.6)),
    )
    width, depth = lay.size
    _room(lay, rng, pick(rng, make.WALLS), int(rng.choice([of.PLAIN, of.CONCRETE])))
    for side in (0, 2):
        for along in rng.uniform(0.1, 0.9, 3):
            x, y, _ = lay.edge(side, float(along), 0.0)
            if all(math.hypot(x - d[0], y - d[1]) > 5.5 for d in lay.doors):
                _shop_front(lay, rng, side, float(along), 0.2)
    stone = pick(rng, make.WALLS)
    for x in np.arange(4.5, width - 3, 6.5):
        for y in (depth * 0.28, depth * 0.75):
            lay.add(make.post(float(x), y, 0, 0.35, lay.ceiling or 3, of.CONCRETE, stone, step=1.1, gloss=0.2))
    for _ in range(int(rng.integers(2, 5))):
        lay.add(*make.bench(rng, *lay.inside(rng), float(rng.choice([0, QUARTER]))))
    for _ in range(3):
        lay.add(*make.bin_(rng, *lay.inside(rng, 1.0)))
    if rng.random() < 0.5:
        lay.add(*[row for k in range(4) for row in make.gate(width * 0.6, depth * 0.2 + 1.2 * k, 0.0)])
    lay.add(*make.plant(rng, *lay.inside(rng, 1.0)))
    return lay


def lobby(rng: Rng) -> Layout:
    """A foyer or office with wood or carpet, a counter, tables and plants."""
    floor = int(rng.choice([of.PLANKS, of.CARPET]))
    rgb = pick(
        rng,
        ((0.3, 0.14, 0.05), (0.36, 0.22, 0.12))
        if floor == of.PLANKS
        else ((0.12, 0.12, 0.14), (0.2, 0.08, 0.06), (0.1, 0.12, 0.2), (0.25, 0.22, 0.18)),
    )
    lay = Layout(
        (float(rng.uniform(10, 15)), float(rng.uniform(8, 11))),
        (floor, rgb, 0.12 if floor == of.PLANKS else 0.5, 0.25 if floor == of.PLANKS else 0.0),
        ceiling=float(rng.uniform(2.9, 3.8)),
    )
    width, depth = lay.size
    _room(lay, rng, pick(rng, (*make.WALLS[:4], (0.7, 0.7, 0.7))), of.PLAIN)
    lay.add(*make.counter(rng, width * float(rng.uniform(0.3, 0.7)), depth - 1.4, 0.0, float(rng.uniform(2, 3.5))))
    for _ in range(int(rng.integers(2, 5))):
        lay.add(*make.table(rng, *lay.inside(rng, 1.8)))
    for corner in ((0.8, 0.8), (width - 0.8, 0.8), (0.8, depth - 0.8)):
        if rng.random() < 0.6:
            lay.add(*make.plant(rng, *corner))
    return lay


def shop(rng: Rng) -> Layout:
    """Aisles between shelves."""
    tile = pick(rng, ((0.6, 0.6, 0.58), (0.5, 0.45, 0.38)))
    lay = Layout(
        (float(rng.uniform(12, 17)), float(rng.uniform(9, 13))),
        (of.TILES, tile, 0.45, 0.4),
        ceiling=float(rng.uniform(3.0, 3.8)),
    )
    width, depth = lay.size
    _room(lay, rng, pick(rng, ((0.7, 0.7, 0.68), (0.62, 0.6, 0.5))), of.PLAIN)
    for y in np.arange(3.0, depth - 2.2, 2.9):
        length = (width - 5.5) / 2
        for x in (1.8 + length / 2, width - 1.8 - length / 2):
            lay.add(*make.shelf(rng, x, float(y), float(rng.choice([0.0, math.pi])), length))
    lay.add(*make.counter(rng, width * 0.5, depth - 0.9, 0.0, 2.2))
    lay.add(*make.bin_(rng, 0.6, 0.6))
    return lay


KINDS: dict[str, Callable[[Rng], Layout]] = {
    "street": street,
    "campus": campus,
    "forecourt": forecourt,
    "carpark": carpark,
    "hall": hall,
    "lobby": lobby,
    "shop": shop,
}
