"""From a place and a view to a picture without people: linear radiance, the direct sun in it, and depth. Compiled."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trainer.world import surfaces as of
from trainer.world.compiled import compiled
from trainer.world.raycast import (
    BLUE,
    FAR,
    GLOSS,
    GREEN,
    MATERIAL,
    RED,
    SEED,
    STEP,
    Rows,
    blocked,
    nearest,
    normal_at,
    surface_at,
)
from trainer.world.surfaces import cloudy, ground_lightness, line, scrambled

Image = NDArray[np.float32]
Scene: TypeAlias = tuple[Rows, Rows, Rows, Rows]  # things, tree, lamps, world
# the row ``world`` that goes with the things of a place
SUN_X = 0
SUN_Y = 1
SUN_Z = 2
SUN_R = 3
SUN_G = 4
SUN_B = 5
SKY_R = 6
SKY_G = 7
SKY_B = 8
EARTH_R = 9
EARTH_G = 10
EARTH_B = 11
DUSK = 12
INDOOR = 13
CLOUD = 14
SHADOW_M = 7.5
OPEN_INDOOR_M = 2.2
OPEN_M = 14.0  # how far ambient light looks for what hides the sky, or the room


@compiled
def _sky(d: Rows, world: Rows) -> tuple[float, float, float]:
    """Radiance of the sky: paler towards the horizon, with clouds."""
    up = max(d[2], 0.0)
    pale = math.exp(-4 * up)
    cloud = 0.0
    if up > 0.02:
        cover = cloudy(d[0] / (up + 0.15), d[1] / (up + 0.15), 1.1, 5, 0.01, 77)
        cloud = min(max(1.6 * (cover + world[CLOUD]), 0.0), 1.0)
    mean = (world[SKY_R] + world[SKY_G] + world[SKY_B]) / 3
    white = min(pale + cloud * 0.8, 1.0)
    r = world[SKY_R] * (1 - white) + 1.25 * mean * white
    g = world[SKY_G] * (1 - white) + 1.25 * mean * white
    b = world[SKY_B] * (1 - white) + 1.28 * mean * white
    return r, g, b


@compiled
def _facade(
    things: Rows, i: int, u: float, v: float, foot: float, world: Rows
) -> tuple[float, float, float, float, float]:
    """(R, G, B, mirror, emitted) of a wall with rows of windows; ``step`` is their distance."""
    wide, tall = things[i, STEP], 3.3
    fu, fv = u / wide - math.floor(u / wide), v / tall - math.floor(v / tall)
    if 0.14 < fu < 0.86 and 0.24 < fv < 0.8:
        frame = max(line(fu - 0.14, 0.36, 0.03, foot / wide), line(fv - 0.24, 0.56, 0.025, foot / tall))
        r, g, b, glow = of.window_colour(u / wide, v / tall, int(things[i, SEED]), world[DUSK])
        keep, rim = 1 - frame, 0.55 * frame
        return r * keep + rim, g * keep + rim, b * keep + rim, 0.9 * keep, glow * keep
    seed = int(things[i, SEED])
    if seed & 1:
        light, mortar = of.bricks(u, v, seed, foot)
        keep = 1 - 0.5 * mortar
        return (
            things[i, RED] * light * keep + 0.16 * mortar,
            things[i, GREEN] * light * keep + 0.15 * mortar,
            things[i, BLUE] * light * keep + (0.13 * mortar),
            0.0,
            0.0,
        )
    light = 1 + 0.09 * cloudy(u, v * 0.3, 1.6, 6, foot, seed) - 0.3 * line(fv, 1.0, 0.02, foot / tall)
    return things[i, RED] * light, things[i, GREEN] * light, things[i, BLUE] * light, 0.0, 0.0


@compiled
def _pane(
    things: Rows, i: int, u: float, v: float, foot: float, world: Rows
) -> tuple[float, float, float, float, float]:
    """A glass front with mullions, or a shop window with a display behind it."""
    frame = max(line(u, things[i, STEP], 0.07, foot), line(v + 0.4, 2.2, 0.07, foot))
    seed = int(things[i, SEED])
    if int(things[i, MATERIAL]) == of.SHOP:
        r, g, b, glow = of.display(u, v, things[i, STEP], seed)
    else:
        r, g, b, glow = of.window_colour(u / things[i, STEP], (v + 0.4) / 2.2, seed, world[DUSK])
    keep = 1 - frame
    return (
        r * keep + things[i, RED] * frame,
        g * keep + things[i, GREEN] * frame,
        b * keep + things[i, BLUE] * frame,
        0.9 * keep,
        glow * keep,
    )


@compiled
def _printed(things: Rows, i: int, u: float, v: float, half_u: float, half_v: float) -> tuple[float, float, float]:
    seed = int(things[i, SEED])
    if half_u > 3 * half_v:  # a shop's name
        pale = things[i, RED] + things[i, GREEN] + things[i, BLUE] > 0.9
        if of.lettered(u / (1.1 * half_v), 0.5 + 0.5 * v / half_v, seed):
            return (0.04, 0.04, 0.05) if pale else (0.7, 0.68, 0.62)
        return things[i, RED], things[i, GREEN], things[i, BLUE]
    if seed % 3 == 0:  # a printed picture: soft shapes in a few colours, in a frame
        if max(abs(u) / half_u, abs(v) / half_v) > 0.93:
            return 0.05, 0.05, 0.05
        a = of.noise(2.3 * u + 5, 2.3 * v, seed) + 0.4 * of.noise(9 * u, 9 * v, seed + 1)
        b = of.noise(1.7 * u, 1.9 * v + 3, seed + 2)
        tone = 0.15 + 0.6 * of.noise(1.1 * u, 3.1 * v, seed + 3)
        return tone * (0.4 + things[i, RED] + 0.4 * a) * 0.7, tone * (0.5 + 0.5 * b) * 0.8, tone * (1.1 - 0.5 * a)
    ink = of.sign_ink(0.5 + 0.5 * u / half_u, 0.5 + 0.5 * v / half_v, seed)
    if ink == 1:
        return 0.2, 0.2, 0.21
    if ink == 2:
        return things[i, RED], things[i, GREEN], things[i, BLUE]
    return 0.75, 0.74, 0.7


@compiled
def _door(
    things: Rows, i: int, u: float, v: float, half_u: float, half_v: float, foot: float
) -> tuple[float, float, float, float]:
    """(R, G, B, mirror) of a leaf with a frame, a pane and a handle."""
    edge = min(half_u - abs(u), half_v - v)
    if edge < 0.06:
        return 0.3, 0.3, 0.3, 0.0
    if abs(u - 0.8 * half_u) < 0.05 and abs(v) < 0.12:
        return 0.6, 0.6, 0.6, 0.3
    if abs(u) < 0.45 * half_u and 0.1 < v < half_v - 0.25:
        return 0.04, 0.045, 0.05, 0.9
    light = 1 + 0.08 * cloudy(u, v, 0.8, 4, foot, int(things[i, SEED]))
    return things[i, RED] * light, things[i, GREEN] * light, things[i, BLUE] * light, 0.05


@compiled
def _brick(things: Rows, i: int, u: float, v: float, foot: float) -> tuple[float, float, float]:
    """Stones of the wall's colour between mortar of its own."""
    light, mortar = of.bricks(u, v, int(things[i, SEED]), foot)
    keep = light * (1 - 0.6 * mortar)
    return (
        things[i, RED] * keep + 0.2 * mortar,
        things[i, GREEN] * keep + 0.19 * mortar,
        things[i, BLUE] * keep + 0.17 * mortar,
    )


@compiled
def colour(
    things: Rows, i: int, face: int, x: float, y: float, z: float, foot: float, world: Rows
) -> tuple[float, float, float, float, float]:
    """(R, G, B reflected, share that mirrors, light that it gives out) of a thing, or of the ground, at a place."""
    material, seed = int(things[i, MATERIAL]), int(things[i, SEED])
    if material == of.LAMP:
        return 0.8, 0.8, 0.8, 0.0, 6.0
    if material == of.LEAVES:
        shade = 0.35 + 0.9 * of.noise3(x * 19, y * 19, z * 19, seed) + 0.5 * of.noise3(x * 3, y * 3, z * 3, seed)
        return things[i, RED] * shade, things[i, GREEN] * shade, things[i, BLUE] * shade, 0.0, 0.0
    u, v, half_u, half_v = surface_at(things, i, face, x, y, z)
    upright = abs(face) != 3
    if upright and material == of.FACADE:
        return _facade(things, i, u + half_u, v + half_v, foot, world)
    if upright and material == of.GOODS:
        r, g, b = of.goods(u + half_u, v + half_v, seed, foot)
        return r, g, b, 0.1, 0.0
    if upright and material in (of.GLASS, of.SHOP):
        return _pane(things, i, u + half_u, v + half_v, foot, world)
    if upright and material == of.SIGN:
        r, g, b = _printed(things, i, u, v, half_u, half_v)
        return r, g, b, 0.05, 0.08 * world[DUSK]
    if upright and material == of.DOOR:
        r, g, b, mirror = _door(things, i, u, v, half_u, half_v, foot)
        return r, g, b, mirror, 0.0
    if material == of.BRICK:
        r, g, b = _brick(things, i, u, v + half_v, foot)
        return r, g, b, 0.0, 0.0
    if upright:  # things are looked at from their corner, so that patterns start at an edge
        u, v = u + half_u, v + half_v
    light, shine = ground_lightness(material, u, v, things[i, STEP], seed, foot)
    if upright and z < 0.35:  # walls get dirty near the floor
        light *= 0.8 + 0.57 * z
    light = max(light, 0.02)
    if world[INDOOR] > 0 and upright and material == of.PLAIN and half_v > 1.2 and seed % 2 == 0 and z < 1.15:
        edge = 0.25 if z > 1.09 else 1.0
        r, g, b = 0.35 + 0.65 * of.scrambled(seed // 4, 1, 9), 0.35 + 0.65 * of.scrambled(seed // 4, 2, 9), 0.4
        return (
            things[i, RED] * light * r * edge,
            things[i, GREEN] * light * g * edge,
            things[i, BLUE] * light * b * edge,
            0.1,
            0.0,
        )
    return things[i, RED] * light, things[i, GREEN] * light, things[i, BLUE] * light, things[i, GLOSS] * shine, 0.0


@compiled
def _hemisphere(n: Rows, first: float, second: float, out: Rows) -> None:
    """A cosine-weighted direction about n from two numbers in [0, 1)."""
    radius, angle = math.sqrt(first), 2 * math.pi * second
    a, b, c = radius * math.cos(angle), radius * math.sin(angle), math.sqrt(max(1 - first, 0.0))
    if abs(n[2]) < 0.9:
        tx, ty, tz = -n[1], n[0], 0.0
    else:
        tx, ty, tz = 0.0, -n[2], n[1]
    scale = 1 / math.sqrt(tx * tx + ty * ty + tz * tz)
    tx, ty, tz = tx * scale, ty * scale, tz * scale
    bx, by, bz = n[1] * tz - n[2] * ty, n[2] * tx - n[0] * tz, n[0] * ty - n[1] * tx
    out[0], out[1], out[2] = a * tx + b * bx + c * n[0], a * ty + b * by + c * n[1], a * tz + b * bz + c * n[2]


@compiled
def ambient(things: Rows, tree: Rows, world: Rows, o: Rows, n: Rows, rays: int, turn: float, out: Rows) -> None:
    """Light from everywhere but sun and lamps on a surface at o, from ``rays`` stratified directions."""
    d = np.empty(3)
    out[:] = 0
    inside = world[INDOOR] > 0
    reach = OPEN_INDOOR_M if inside else OPEN_M
    for k in range(rays):
        first = (k + 0.5 * (turn + 0.5)) / rays % 1.0
        _hemisphere(n, first, (k * 0.618034 + turn) % 1.0, d)
        t, index, _ = nearest(things, tree, o, d, reach)
        if index == -2:
            up = 1.0 if inside else 0.55 + 0.45 * max(d[2], 0.0)
            out[0] += world[SKY_R] * up
            out[1] += world[SKY_G] * up
            out[2] += world[SKY_B] * up
        elif index == -1:
            out[0] += world[EARTH_R]
            out[1] += world[EARTH_G]
            out[2] += world[EARTH_B]
        else:
            lit = 0.35 * (t / (t + 0.8) if inside else 1.0)
            if int(things[index, MATERIAL]) == of.LAMP:
                lit = 2.0
            out[0] += lit * (0.3 + things[index, RED]) * world[SKY_R]
            out[1] += lit * (0.3 + things[index, GREEN]) * world[SKY_G]
            out[2] += lit * (0.3 + things[index, BLUE]) * world[SKY_B]
    for c in range(3):
        out[c] /= rays


@compiled
def lamplight(things: Rows, tree: Rows, lamps: Rows, o: Rows, n: Rows, turn: float, out: Rows) -> None:
    """Adds the lamps' light on a surface; each lamp is a small panel, sampled at one place."""
    d = np.empty(3)
    for k in range(len(lamps)):
        lamp = lamps[k]
        d[0] = lamp[0] + 0.5 * (scrambled(k, int(turn * 8191), 1) - 0.5) - o[0]
        d[1] = lamp[1] + 0.5 * (scrambled(k, int(turn * 8191), 2) - 0.5) - o[1]
        d[2] = lamp[2] - 0.12 - o[2]
        far = math.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2) + 1e-9
        d /= far
        facing = d[0] * n[0] + d[1] * n[1] + d[2] * n[2]
        if facing <= 0 or far > 22 or far < 0.8:  # its own post is not lit
            continue
        power = facing / (far * far + 0.1)
        if far > SHADOW_M:  # faint ones cast no shadow that anybody would see
            power *= 0.6
        elif blocked(things, tree, o, d, far - 0.02):
            continue
        out[0] += lamp[3] * power
        out[1] += lamp[4] * power
        out[2] += lamp[5] * power


@compiled
def _mirrored(things: Rows, tree: Rows, world: Rows, o: Rows, d: Rows, out: Rows) -> None:
    """What a mirror shows in a direction, simply lit."""
    t, index, face = nearest(things, tree, o, d, FAR)
    if index == -2:
        out[0], out[1], out[2] = _sky(d, world)
        return
    x, y, z = o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]
    r, g, b, _, glow = colour(things, index, face, x, y, z, 0.05 + 0.004 * t, world)
    nx, ny, nz = (0.0, 0.0, 1.0) if index == -1 else normal_at(things, index, face, x, y, z)
    sun = 0.6 * max(nx * world[SUN_X] + ny * world[SUN_Y] + nz * world[SUN_Z], 0.0)
    out[0] = r * (0.75 * world[SKY_R] + sun * world[SUN_R]) + glow * 0.9
    out[1] = g * (0.75 * world[SKY_G] + sun * world[SUN_G]) + glow * 0.88
    out[2] = b * (0.75 * world[SKY_B] + sun * world[SUN_B]) + glow * 0.8


@compiled
def shade(scene: Scene, o: Rows, d: Rows, sample: tuple[float, int, float], out: Rows) -> float:
    """Radiance that comes along a ray in out[0:3], its direct sun in out[3:6]; returns the distance, FAR for sky.

    sample: the angle of a pixel in radians, how many ambient rays, and a number in [0, 1) that differs from one sample
    to the next
    """
    things, tree, lamps, world = scene
    px, rays, turn = sample
    t, index, face = nearest(things, tree, o, d, FAR)
    if index == -2:
        out[0], out[1], out[2] = _sky(d, world)
        out[3:6] = 0
        return FAR
    hit, n, light, d2 = o + t * d, np.empty(3), np.empty(3), np.empty(3)
    n[0], n[1], n[2] = (0.0, 0.0, 1.0) if index == -1 else normal_at(things, index, face, hit[0], hit[1], hit[2])
    cosine = -(n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    foot = t * px / max(math.sqrt(abs(cosine)), 0.12)
    r, g, b, mirror, glow = colour(things, index, face, hit[0], hit[1], hit[2], foot, world)
    if cosine < 0:
        n *= -1.0
        cosine = -cosine
    start = hit + 2e-3 * n
    ambient(things, tree, world, start, n, rays, turn, light)
    lamplight(things, tree, lamps, start, n, turn, light)
    facing = n[0] * world[SUN_X] + n[1] * world[SUN_Y] + n[2] * world[SUN_Z]
    leaves = int(things[index, MATERIAL]) == of.LEAVES
    if leaves:
        facing = 0.25 + 0.6 * max(facing, 0.0)
    out[3:6] = 0
    if facing > 0 and world[SUN_R] > 0:
        # the sun is half a degree wide, its shadows have soft edges
        d2[0] = world[SUN_X] + 0.012 * (scrambled(int(turn * 65521), 5, 5) - 0.5)
        d2[1] = world[SUN_Y] + 0.012 * (scrambled(int(turn * 65521), 6, 6) - 0.5)
        d2[2] = world[SUN_Z]
        from_here = start + 0.3 * d2 if leaves else start
        if not blocked(things, tree, from_here, d2, FAR):
            out[3], out[4], out[5] = r * facing * world[SUN_R], g * facing * world[SUN_G], b * facing * world[SUN_B]
    out[0] = r * light[0] + out[3] + glow
    out[1] = g * light[1] + out[4] + glow * 0.93
    out[2] = b * light[2] + out[5] + glow * 0.82
    if mirror > 0.01:
        share = mirror * (0.05 + 0.95 * (1 - cosine) ** 5)
        d2[:] = d + 2 * cosine * n
        _mirrored(things, tree, world, start, d2, light)
        for c in range(3):
            out[c] += share * light[c]
    return t


@compiled
def picture(
    scene: Scene,
    origin: Rows,
    rotation: Rows,
    lens: tuple[float, float, float],
    quality: tuple[int, int],
    images: tuple[Image, Image, Image],
) -> None:
    """Fill the images rgb and sun (H, W, 3) and depth (H, W) of a view; the last thing is the ground, met by rule.

    lens: focal, cx, cy; quality: samples a side of a pixel, ambient rays of each sample
    """
    rgb, sun, depth = images
    height, width = depth.shape
    focal, cx, cy = lens
    side, rays = quality
    out, d = np.empty(6), np.empty(3)
    for i in range(height):
        for j in range(width):
            nearest_depth = FAR
            for k in range(side * side):
                turn = (scrambled(i, j, 17) + k * 0.381966) % 1.0
                x = (j + (k % side + 0.5) / side - cx) / focal
                y = (i + (k // side + 0.5) / side - cy) / focal
                for c in range(3):
                    d[c] = rotation[0, c] * x + rotation[1, c] * y + rotation[2, c]
                scale = 1 / math.sqrt(x * x + y * y + 1)
                d *= scale
                t = shade(scene, origin, d, (1 / focal / side, rays, turn), out)
                nearest_depth = min(nearest_depth, t * scale)
                for c in range(3):
                    rgb[i, j, c] += out[c] / (side * side)
                    sun[i, j, c] += out[3 + c] / (side * side)
            depth[i, j] = nearest_depth
