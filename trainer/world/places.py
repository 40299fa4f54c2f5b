"""Places made by a seed: what stands there, its light, where people walk, where cameras hang, how it looks empty."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from trainer.world import furniture
from trainer.world.cameras import Camera, aimed, draw_response
from trainer.world.geometry import Light, View
from trainer.world.layouts import KINDS, Layout
from trainer.world.raycast import (
    BOX,
    COS,
    FAR,
    HALF_X,
    HALF_Y,
    HALF_Z,
    SIN,
    Rows,
    X,
    Y,
    Z,
    blocked,
    thing,
    tree_of,
)
from trainer.world.shading import Image, picture

OUTDOORS = ("street", "campus", "forecourt", "carpark")
INDOORS = ("hall", "lobby", "shop")
FOOTPRINT_M = 1.7  # what begins below this height stands in people's way
CORNERS = ((0.06, 0.06), (0.5, 0.03), (0.94, 0.06), (0.97, 0.5), (0.94, 0.94), (0.5, 0.97), (0.06, 0.94), (0.03, 0.5))
TRIES = 8  # ways to hang a camera at a corner, of which the best is taken
GOOD_VIEW = 0.75  # merit with which a corner is good enough
GRID = (16, 9)  # rays that look for what stands before the lens
NEAR_M = 8.0  # what is nearer than this covers the view
NEAR_INDOORS_M = 2.5
COVER_FREE = 0.05  # of the picture may be covered at no loss
COVER_COUNTS = 3.0
STREAM = 11  # number of this file's random streams


@dataclass(frozen=True, slots=True)
class Place:
    """A place without people.

    things: (N, COLUMNS) of raycast.thing, the last of them the ground; tree: the boxes round them, raycast.tree_of
    light: as geometry.Light
    size: (width, depth) metres of the rectangle that people walk in; doors: (D, 2) where they come in and go
    footprints: (M, 6) rectangles to walk round: middle x, y, half sizes, cosine and sine of the yaw
    cloud: how much of the sky is covered, about -1 to 1
    """

    kind: str
    things: Rows
    tree: Rows
    light: Light
    size: tuple[float, float]
    doors: Rows
    footprints: Rows
    ceiling: float | None
    dusk: bool
    cloud: float

    def light_at(self, x: float, y: float) -> Light:
        """The light that a person at (x, y) gets: without the sun where something shades their chest."""
        chest = np.array([x, y, 1.2])
        sun = np.asarray(self.light.sun_direction, np.float64)
        if not np.any(self.light.sun_rgb) or not blocked(self.things, self.tree, chest, sun, FAR):
            return self.light
        dark = np.zeros(3)
        return Light(self.light.sun_direction, dark, self.light.sky_rgb, self.light.ground_rgb, self.light.lamps)


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What a camera sees without people.

    rgb: (H, W, 3) linear radiance; sun: (H, W, 3) the part of it that comes straight from the sun, which a shadow
    takes away; depth: (H, W) metres along the optical axis, inf for sky
    """

    rgb: Image
    sun: Image
    depth: Image


def place(seed: int, kind: str | None = None, *, dusk: bool = False) -> Place:
    """The place of a seed; ``kind`` is one of KINDS, by default the seed's own."""
    rng = np.random.default_rng([seed, STREAM])
    drawn = str(rng.choice(list(KINDS)))
    layout = KINDS[kind or drawn](rng)
    behind = furniture.skyline(rng, layout.size) if layout.ceiling is None else []
    things = furniture.seeded([*layout.things, *behind], rng)
    material, rgb, step, gloss = layout.ground
    ground = thing(BOX, (0, 0, 0), (1e3, 1e3, 1e-3), material, rgb, step=step, gloss=gloss)
    ground = furniture.seeded([ground], rng)
    light, cloud = _light(rng, layout, dusk)
    return Place(
        kind=kind or drawn,
        things=np.concatenate([things, ground]),
        tree=tree_of(things),
        light=light,
        size=layout.size,
        doors=np.array(layout.doors, np.float64),
        footprints=_footprints(things, layout.size),
        ceiling=layout.ceiling,
        dusk=dusk,
        cloud=cloud,
    )


def _light(rng: np.random.Generator, layout: Layout, dusk: bool) -> tuple[Light, float]:
    azimuth, height = rng.uniform(0, 2 * math.pi), rng.uniform(0.35, 1.05)
    sun = np.array([math.cos(azimuth) * math.cos(height), math.sin(azimuth) * math.cos(height), math.sin(height)])
    cloud = float(rng.uniform(-0.9, 1.0))
    clear = max(0.0, min(1.0, 0.6 - cloud))
    warm = np.array([1.0, 0.93 - 0.1 * (1 - height), 0.82 - 0.2 * (1 - height)])
    off = np.zeros(3)
    tone = np.array([1.0, rng.uniform(0.8, 0.98), rng.uniform(0.6, 0.95)])
    if layout.ceiling is not None:
        power = 0.5 * layout.ceiling**2 * (0.6 if dusk else 1.0)
        lamps = tuple((np.array(at), tone * power) for at in layout.lamps)
        return Light(sun, off, 0.28 * tone, 0.16 * tone, lamps), 0.0
    if dusk:
        sky = np.array([0.035, 0.045, 0.075]) * rng.uniform(0.7, 1.6)
        lamps = tuple((np.array(at), tone * np.array([1, 0.85, 0.6]) * rng.uniform(5, 9)) for at in layout.lamps)
        return Light(sun, off, sky, 0.4 * sky, lamps), cloud
    sky = np.array([0.36, 0.42, 0.5]) * (1 + 0.5 * (1 - clear)) + 0.08 * (1 - clear)
    return Light(sun, 1.5 * clear * warm, sky, 0.25 * sky + 0.25 * clear * warm * math.sin(height), ()), cloud


def _footprints(things: Rows, size: tuple[float, float]) -> Rows:
    bottom, top = things[:, Z] - things[:, HALF_Z], things[:, Z] + things[:, HALF_Z]
    in_the_way = (bottom < FOOTPRINT_M) & (top > 0.15)
    reach = things[:, HALF_X] + things[:, HALF_Y]
    near = (things[:, X] > -6 - reach) & (things[:, X] < size[0] + 6 + reach)
    near &= (things[:, Y] > -6 - reach) & (things[:, Y] < size[1] + 6 + reach)
    return things[in_the_way & near][:, [X, Y, HALF_X, HALF_Y, COS, SIN]].copy()


def backdrop(here: Place, view: View, *, samples: int = 2, rays: int = 5) -> Backdrop:
    """Render a place without people: ``samples`` squared per pixel, ``rays`` of ambient light each."""
    width, height = view.size
    light = here.light
    world = np.array(
        [*light.sun_direction, *light.sun_rgb, *light.sky_rgb, *light.ground_rgb, here.dusk, here.ceiling is not None,
         here.cloud], np.float64,
    )  # fmt: skip
    lamps = np.array([[*at, *rgb] for at, rgb in light.lamps], np.float64).reshape(-1, 6)
    rgb, sun = (np.zeros((height, width, 3), np.float32) for _ in range(2))
    depth = np.zeros((height, width), np.float32)
    lens = (float(view.focal_px), float(view.centre_px[0]), float(view.centre_px[1]))
    origin, rotation = np.asarray(view.position, np.float64), np.asarray(view.rotation, np.float64)
    scene = (here.things, here.tree, lamps, world)
    picture(scene, origin, rotation, lens, (samples, rays), (rgb, sun, depth))
    depth[depth > 0.1 * FAR] = np.inf
    return Backdrop(rgb, sun, depth)


def hang(here: Place, seed: int, name: str, size: tuple[int, int], *, corner: int | None = None) -> Camera:
    """A camera that looks into a place from one of its corners or sides, high enough to be out of reach.

    corner: 0 to 7 counts corners and sides from the south-west; by default the seed's own. Two cameras with different
    corners see the same ground from different sides. Of some drawn ones the one with the best view is taken; where
    none is good another corner is tried.
    """
    rng = np.random.default_rng([seed, STREAM, 1])
    drawn = int(rng.integers(8)) if corner is None else corner % 8
    response = draw_response(rng, dusk=here.dusk)
    blank = Camera(name, (0.0, 0.0, 0.0), 0.0, 0.0, 1.0, size, response, dusk=here.dusk)
    best, merit = blank, -math.inf
    for shift in range(0, 24, 3) if corner is None else (0, 1, -1, 4):
        for k in range(TRIES):
            camera = _pointed(here, blank, rng, drawn + shift, close=k % 4 == 3)
            found = round(_merit(here, camera), 1)
            if found > merit:
                best, merit = camera, found
        if merit >= GOOD_VIEW:
            break
    return best


def _pointed(here: Place, blank: Camera, rng: np.random.Generator, corner: int, *, close: bool) -> Camera:
    """One way to hang a camera at a corner."""
    spot = _spot(here, rng, corner, close)
    width, depth = here.size
    target = (float(width * rng.uniform(0.38, 0.62)), float(depth * rng.uniform(0.35, 0.65)), 0.5)
    heading, tilt = aimed(spot, target)
    angle = math.radians(rng.uniform(48, 78))
    return replace(
        blank,
        position=spot,
        heading=heading,
        tilt=tilt + float(rng.normal(0, 0.03)),
        roll=float(rng.normal(0, 0.012)),
        focal_px=blank.size[0] / 2 / math.tan(angle / 2),
    )


def _spot(here: Place, rng: np.random.Generator, corner: int, close: bool) -> tuple[float, float, float]:
    width, depth = here.size
    fx, fy = CORNERS[corner % 8]
    outdoors = here.ceiling is None
    back = (-0.4 if close else rng.uniform(-0.5, 5)) if outdoors else -0.25
    high = rng.uniform(2.6, 6.2) if outdoors else min(rng.uniform(2.3, 4.2), (here.ceiling or 3) - 0.3)
    away = np.array([fx - 0.5, fy - 0.5])
    away /= np.abs(away).max()
    x, y = 0.5 * width + away[0] * (0.5 * width + back), 0.5 * depth + away[1] * (0.5 * depth + back)
    return float(x), float(y), float(high)


def _merit(here: Place, camera: Camera) -> float:
    """How well people can be seen, at most 1: the share of the floor that shows less what stands near the lens."""
    return _clear_share(here, camera.position) - COVER_COUNTS * max(_covered_share(here, camera) - COVER_FREE, 0.0)


def _covered_share(here: Place, camera: Camera) -> float:
    """How much of the picture something near the lens takes, foliage, a pillar or a wall, 0 to 1."""
    view = camera.view()
    across, down = (np.linspace(-0.46, 0.46, n) * px / view.focal_px for n, px in zip(GRID, view.size, strict=True))
    rays = np.stack([*np.meshgrid(across, down), np.ones(GRID[::-1])], -1).reshape(-1, 3) @ view.rotation
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    origin, near = np.asarray(camera.position, np.float64), NEAR_M if here.ceiling is None else NEAR_INDOORS_M
    return float(np.mean([blocked(here.things, here.tree, origin, ray, near) for ray in rays]))


def _clear_share(here: Place, spot: tuple[float, float, float]) -> float:
    """How much of the floor can be seen from a spot at the height of people's chests, 0 to 1; -1 inside a thing."""
    origin = np.asarray(spot, np.float64)
    if _within(here.things[:-1], origin):
        return -1.0
    width, depth = here.size
    seen = total = 0
    for x in np.linspace(0.1, 0.9, 6) * width:
        for y in np.linspace(0.1, 0.9, 5) * depth:
            d = np.array([x, y, 1.1]) - origin
            far = float(np.linalg.norm(d))
            total += 1
            seen += not blocked(here.things, here.tree, origin, d / far, far - 0.1)
    return seen / total


def _within(things: Rows, point: Rows) -> bool:
    """Whether a point lies inside a thing or less than a hand from its faces."""
    east, north = point[0] - things[:, X], point[1] - things[:, Y]
    along = np.abs(east * things[:, COS] + north * things[:, SIN]) - things[:, HALF_X]
    across = np.abs(-east * things[:, SIN] + north * things[:, COS]) - things[:, HALF_Y]
    above = np.abs(point[2] - things[:, Z]) - things[:, HALF_Z]
    return bool(np.any(np.maximum(np.maximum(along, across), above) < 0.2))
