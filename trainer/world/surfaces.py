"""What things are made of: procedural colour of a surface at a point, linear RGB, band-limited to a pixel's footprint.

All functions are compiled and pure. ``foot`` is how many metres of the surface a pixel covers there: finer detail is
replaced by its mean, which keeps far floors from shimmering.
"""

from __future__ import annotations

import math

import numpy as np

from trainer.world.compiled import compiled

PLAIN = 0
ASPHALT = 1
TILES = 2
BRICK = 3
CARPET = 4
PLANKS = 5
GRASS = 6
CONCRETE = 7
GLASS = 8
FACADE = 9
LEAVES = 10
SIGN = 12
SHOP = 13
LAMP = 14
GRAVEL = 15
DOOR = 16
STRIPES = 17
GOODS = 18


@compiled
def scrambled(x: int, y: int, z: int) -> float:
    """A number in [0, 1) for three whole numbers."""
    h = (x * 374761393 + y * 668265263 + z * 2147483647 + 1013904223) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 2246822519) & 0xFFFFFFFF
    return float((h ^ (h >> 15)) & 0xFFFFFF) / 16777216.0


@compiled
def cell(value: float) -> int:
    """The whole number below: which square of a pattern a place is in."""
    return int(np.floor(value))


@compiled
def noise(x: float, y: float, seed: int) -> float:
    """Smooth value noise in [0, 1], one knot a unit."""
    i, j = math.floor(x), math.floor(y)
    fx, fy = x - i, y - j
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    ii, jj = int(i), int(j)
    low = scrambled(ii, jj, seed) * (1 - fx) + scrambled(ii + 1, jj, seed) * fx
    high = scrambled(ii, jj + 1, seed) * (1 - fx) + scrambled(ii + 1, jj + 1, seed) * fx
    return low * (1 - fy) + high * fy


@compiled
def noise3(x: float, y: float, z: float, seed: int) -> float:
    """The same in three dimensions."""
    k = math.floor(z)
    f = z - k
    f = f * f * (3 - 2 * f)
    return noise(x, y, seed + 7919 * int(k)) * (1 - f) + noise(x, y, seed + 7919 * (int(k) + 1)) * f


@compiled
def cloudy(x: float, y: float, longest: float, octaves: int, foot: float, seed: int) -> float:
    """Noise of several scales in about [-1, 1]; ``longest`` in metres is the coarsest scale."""
    total, weight, length = 0.0, 1.0, longest
    for octave in range(octaves):
        seen = min(max(length / (foot + 1e-6) - 1.0, 0.0), 1.0)
        if seen <= 0:
            break
        total += weight * seen * (2 * noise(x / length, y / length, seed + 101 * octave) - 1)
        weight *= 0.6
        length *= 0.5
    return total


@compiled
def line(u: float, period: float, width: float, foot: float) -> float:
    """Share of the pixel that a line of ``width`` at every multiple of ``period`` covers."""
    if foot > 0.5 * period:
        return width / period
    away = abs(u - period * math.floor(u / period + 0.5))
    soft = max(foot, 1e-4)
    return min(max((0.5 * (width + soft) - away) / soft, 0.0), 1.0) * min(width / soft, 1.0)


@compiled
def fade(period: float, foot: float) -> float:
    """1 where a pattern of this period can be seen, 0 where a pixel swallows it."""
    return min(max(0.7 * period / (foot + 1e-6) - 0.7, 0.0), 1.0)


@compiled
def _tiles(u: float, v: float, step: float, seed: int, foot: float) -> tuple[float, float]:
    """(lightness, gloss) of paving: joints, every stone a little different, dirt."""
    joint = max(line(u, step, 0.012, foot), line(v, step, 0.012, foot))
    stone = scrambled(cell(u / step), cell(v / step), seed) - 0.5
    dirt = cloudy(u, v, 3.1, 7, foot, seed + 5)
    light = 1 + 0.16 * stone * fade(step, foot) + 0.11 * dirt
    return light * (1 - 0.5 * joint), 1 - joint


@compiled
def bricks(u: float, v: float, seed: int, foot: float) -> tuple[float, float]:
    """(lightness, share of mortar)."""
    row = math.floor(v / 0.075)
    shifted = u + 0.11 * (int(row) & 1)
    mortar = max(line(v, 0.075, 0.011, foot), line(shifted, 0.22, 0.011, foot))
    one = scrambled(cell(shifted / 0.22), int(row), seed) - 0.5
    return 1 + 0.4 * one * fade(0.12, foot) + 0.14 * cloudy(u, v, 2.3, 5, foot, seed), mortar


@compiled
def _planks(u: float, v: float, step: float, seed: int, foot: float) -> float:
    """Lightness of boards that run along u."""
    row = math.floor(v / step)
    start = 2.4 * scrambled(int(row), 3, seed)
    board = math.floor((u + start) / 2.4)
    tone = scrambled(int(row), int(board), seed + 1) - 0.5
    grain = cloudy(u * 0.12, v, 0.07, 3, foot, seed + int(row)) + cloudy(u, v, 2.0, 3, foot, seed)
    joint = max(line(v, step, 0.004, foot), line(u + start, 2.4, 0.004, foot))
    return (1 + 0.55 * tone * fade(step, foot) + 0.12 * grain) * (1 - 0.6 * joint)


@compiled
def _concrete(u: float, v: float, step: float, seed: int, foot: float) -> float:
    """Lightness of cast panels with streaks below their joints."""
    joint = max(line(u, step, 0.02, foot), line(v, step, 0.02, foot))
    streak = cloudy(u, v * 0.06, 0.5, 4, foot, seed)
    panel = scrambled(cell(u / step), cell(v / step), seed) - 0.5
    rough = cloudy(u, v, 1.7, 7, foot, seed + 2)
    return (1 + 0.12 * panel + 0.1 * streak + 0.1 * rough) * (1 - 0.45 * joint)


@compiled
def ground_lightness(material: int, u: float, v: float, step: float, seed: int, foot: float) -> tuple[float, float]:
    """(lightness about 1, gloss factor) of floors and plain walls."""
    if material == TILES:
        return _tiles(u, v, step, seed, foot)
    if material == ASPHALT:
        patch = cloudy(u, v, 5.0, 4, foot, seed)
        crack = abs(cloudy(u, v, 2.7, 5, foot, seed + 9))
        dark = 0.35 * max(0.0, 1 - 28 * crack) * fade(0.15, foot) * (patch > 0.1)
        return 1 + 0.13 * patch + 0.16 * cloudy(u, v, 0.05, 3, foot, seed + 3) - dark, 1.0
    if material == CARPET:
        square = scrambled(cell(u / step), cell(v / step), seed) - 0.5
        weave = cloudy(u, v, 0.03, 2, foot, seed)
        return 1 + 0.2 * square * fade(step, foot) + 0.18 * weave + 0.1 * cloudy(u, v, 2.5, 4, foot, seed + 4), 0.0
    if material == PLANKS:
        return _planks(u, v, step, seed, foot), 1.0
    if material == GRASS:
        blades = cloudy(u * 2, v, 0.12, 4, foot, seed)
        return 1 + 0.3 * blades + 0.28 * cloudy(u, v, 4.0, 5, foot, seed + 6), 0.0
    if material == CONCRETE:
        return _concrete(u, v, step, seed, foot), 0.4
    if material == GRAVEL:
        return 1 + 0.5 * cloudy(u, v, 0.06, 3, foot, seed) + 0.16 * cloudy(u, v, 3.0, 5, foot, seed + 6), 0.0
    if material == STRIPES:
        return 1.0 if cell(u / step) & 1 else 0.12, 0.2
    return 1 + 0.05 * cloudy(u, v, 2.9, 5, foot, seed), 1.0


@compiled
def window_colour(u: float, v: float, seed: int, dusk: float) -> tuple[float, float, float, float]:
    """(R, G, B, emitted) behind a pane: dark rooms, blinds, and at dusk some lit ones."""
    i, j = cell(u), cell(v)
    kind, fu, fv = scrambled(i, j, seed), u - math.floor(u), v - math.floor(v)
    lit = (scrambled(i, j, seed + 31) < 0.15 + 0.25 * dusk) * (0.4 + 0.6 * scrambled(i, j, seed + 47))
    if kind < 0.3 and fv > 1 - 1.6 * kind - 0.2:
        slat = 0.85 + 0.15 * math.sin(90 * fv)
        return 0.42 * slat, 0.40 * slat, 0.36 * slat, 0.12 * dusk * lit
    depth = noise(4 * u, 3 * v, seed + 7)
    shape = 0.03 + 0.05 * depth + (0.10 if noise(9 * fu + 13 * i, 2.0 + 4 * j, seed) > 0.6 and fv < 0.45 else 0.0)
    lamp = lit if abs(fv - 0.86) < 0.035 and 0.1 < fu < 0.9 else 0.0
    return shape, shape * 1.02, shape * 1.06, (0.25 - 0.1 * dusk) * lit * (0.3 + depth) + (2.0 - 1.4 * dusk) * lamp


@compiled
def sign_ink(u: float, v: float, seed: int) -> int:
    """0 paper, 1 ink, 2 a coloured band: what is printed at (u, v) in [0, 1]."""
    if v > 0.78 or (scrambled(seed, 1, 1) < 0.4 and v < 0.18):
        return 2
    row = cell(v * 15)
    if scrambled(row, seed, 2) < 0.3 or u < 0.08 or u > 0.45 + 0.5 * scrambled(row, seed, 3) or v * 15 - row > 0.5:
        return 0
    return 1 if scrambled(cell(u * 60), row, seed) < 0.72 else 0


@compiled
def lettered(u: float, v: float, seed: int) -> bool:
    """Whether a name in large letters has ink at u (letters from the middle of the board) and v in [0, 1]."""
    count = 4 + int(6 * scrambled(seed, 3, 3))
    place = u + 0.5 * count
    if not (0.0 <= place < count and 0.25 < v < 0.75):
        return False
    letter = cell(place)
    column, row = cell((place - letter) * 5), min(cell((v - 0.25) * 14), 6)
    if column == 4:
        return False
    if column == 0:
        return True
    across = row % 3 == 0 and scrambled(letter, row, seed) < 0.6
    return bool(across or (column == 3 and scrambled(letter, row // 4 + 9, seed) < 0.55))


@compiled
def _packed(key: int, seed: int) -> tuple[float, float, float]:
    """Colour of a product: pale, brown or one strong colour, as packages are."""
    tone, kind = 0.08 + 0.5 * scrambled(key, seed, 11), scrambled(key, seed, 12)
    if kind < 0.4:
        return tone, 0.96 * tone, 0.88 * tone
    if kind < 0.55:
        return 0.7 * tone, 0.45 * tone, 0.25 * tone
    strong, other = scrambled(key, seed, 13), 0.2 + 0.3 * scrambled(key, seed, 14)
    if strong < 0.4:
        return tone, other * tone, 0.6 * other * tone
    if strong < 0.65:
        return 0.3 * other * tone, 0.8 * other * tone + 0.05, tone
    return (tone, 0.75 * tone, 0.1 * tone) if strong < 0.85 else (other * tone, 0.8 * tone, other * tone)


@compiled
def goods(u: float, v: float, seed: int, foot: float) -> tuple[float, float, float]:
    """Colour of a rack of goods, in metres: boards with price tags, products in runs of the same kind."""
    board = cell(v / 0.37)
    high = v - 0.37 * board
    if high < 0.045:
        tag = 0.7 if scrambled(cell(u / 0.11), board, seed + 9) < 0.4 and 0.1 < u / 0.11 - cell(u / 0.11) < 0.7 else 0.4
        return tag, tag, 0.93 * tag
    long = 0.45 + 0.5 * scrambled(board, seed, 5)
    run = cell(u / long + scrambled(board, seed, 6))
    key = 64 * run + board
    wide, tall = 0.06 + 0.09 * scrambled(key, seed, 7), 0.045 + 0.28 * (0.45 + 0.5 * scrambled(key, seed, 8))
    one = cell(u / wide)
    back = 0.05 + 0.05 * high
    if high > tall or scrambled(one, key, seed) < 0.08:
        return back, back, back
    r, g, b = _packed(key, seed)
    seen = fade(wide, foot)
    label = 0.35 * seen if 0.35 < (high - 0.045) / (tall - 0.045) < 0.7 else 0.0
    round_off = abs(2 * (u / wide - one) - 1)
    shade = 1 - seen * 0.55 * round_off**4
    shade *= 1 - 0.5 * high / 0.37 + 0.2
    return (r + label * (0.6 - r)) * shade, (g + label * (0.57 - g)) * shade, (b + label * (0.5 - b)) * shade


@compiled
def display(u: float, v: float, wide: float, seed: int) -> tuple[float, float, float, float]:
    """(R, G, B, light of its own) of a shop window, metres: a dim room with lamps; dummies, boards or stands in it."""
    pane = cell(u / wide)
    kind, x = scrambled(pane, seed, 21), u - wide * (pane + 0.5)
    r, g, b = _packed(pane, seed + 1)
    room = (0.025 + 0.05 * scrambled(seed, 22, 1)) * (0.5 + 0.5 * v) * (0.6 + 0.8 * noise(1.3 * u, 1.7 * v, seed + 3))
    lamp = 0.5 if abs(v - 1.86) < 0.03 and abs(x) < 0.28 and scrambled(pane, seed, 23) < 0.5 else 0.0
    if v < 0.16:
        return 0.22, 0.2, 0.17, 0.0
    if kind < 0.35:  # a dummy in clothes
        x += 0.25 * (scrambled(pane, seed, 24) - 0.5)
        half = 0.0
        if v < 0.95:
            half = 0.15 + 0.05 * (v < 0.5) * scrambled(pane, seed, 25)
        elif v < 1.5:
            half = 0.15 + 0.1 * (v - 0.95)
        elif v < 1.58:
            half = 0.05
        elif v < 1.8:
            half = math.sqrt(max(0.0121 - (v - 1.69) ** 2, 0.0))
        if abs(x) < half:
            fold = (0.75 + 0.4 * noise(11 * x, 5 * v, seed + pane)) * (1.1 - 0.6 * (x / half) ** 2)
            if v >= 1.5:
                return 0.5 * fold, 0.46 * fold, 0.4 * fold, 0.0
            if v < 0.95:
                return 0.5 * b * fold, 0.5 * g * fold, 0.5 * r * fold, 0.0
            return r * fold, g * fold, b * fold, 0.0
    elif kind < 0.6:  # a printed board
        if abs(x) < 0.36 * wide and 0.5 < v < 1.75:
            soft = 0.5 + 0.8 * noise(3 * x + 7, 3 * v, seed + pane)
            return min(r * soft, 0.7), min(g * soft, 0.7), min(b * soft, 0.7), 0.04
    elif kind < 0.78 and v < 0.75 and abs(x) < 0.4 * wide:  # a stand with things on it
        if v > 0.6:
            thing = _packed(cell(u / 0.17), seed + 5)
            return (
                (thing[0], thing[1], thing[2], 0.0)
                if scrambled(cell(u / 0.17), seed, 26) < 0.7
                else (room, room, room, 0.0)
            )
        return 0.8 * r, 0.8 * g, 0.8 * b, 0.0
    return 1.1 * room, room, 0.9 * room, lamp
