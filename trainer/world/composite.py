"""People laid into a camera's empty view: occlusion by depth, cast shadows, contact, motion blur, who is visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.world.body import Body, posed
from trainer.world.cameras import Camera, metered
from trainer.world.geometry import Floats, Layer, Light, View
from trainer.world.people import Person
from trainer.world.places import Backdrop, Place, backdrop
from trainer.world.render import render

Image = NDArray[np.float32]
Box = tuple[float, float, float, float]

SLACK_M = 0.04  # how much nearer than a thing somebody must be to hide it
LAMPS_THAT_SHADE = 3
SUB = 4  # bits of a pixel's fraction that OpenCV's polygons are given
SMALL_PX = 90  # people smaller than this get more rays a pixel


@dataclass(frozen=True, slots=True)
class Actor:
    """One person at one moment: where they are, which way they look, what they do; ``speed`` in metres a second."""

    person: Person
    x: float
    y: float
    heading: float
    action: str
    phase: float
    speed: float


@dataclass(frozen=True, slots=True)
class Stage:
    """A camera's place and view, ready for people; the camera's exposure is set for it.

    floor: (H, W, 2) the ground point of each pixel, nan where something else than the ground is seen
    """

    place: Place
    camera: Camera
    view: View
    backdrop: Backdrop
    floor: Image


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody in a picture: their number among the actors, xyxy of the whole body (may leave the picture), and how
    much of the body shows, 0 to 1: neither hidden by things and people nor outside the picture.
    """

    actor: int
    box: Box
    visible: float


def stage(place: Place, camera: Camera, *, samples: int = 2, rays: int = 5) -> Stage:
    """Render a camera's empty view and expose for it."""
    view = camera.view()
    empty = backdrop(place, view, samples=samples, rays=rays)
    exposed = metered(camera.response, empty.rgb, -0.8 if camera.dusk else 0.0)
    return Stage(place, replace(camera, response=exposed), view, empty, floor_seen(view, empty.depth))


def floor_seen(view: View, depth: Image) -> Image:
    """(H, W, 2) the ground point that each pixel of a view shows, nan where something stands before the ground."""
    width, height = view.size
    x = (np.arange(width) + 0.5 - view.centre_px[0]) / view.focal_px
    y = (np.arange(height) + 0.5 - view.centre_px[1]) / view.focal_px
    across = np.stack([np.broadcast_to(x, (height, width)), np.broadcast_to(y[:, None], (height, width))], -1)
    rays = np.concatenate([across, np.ones((height, width, 1))], -1) @ view.rotation
    down = np.minimum(rays[..., 2], -1e-6)
    far = -view.position[2] / down
    ground = view.position[:2] + far[..., None] * rays[..., :2]
    # thin paving lies on the ground plane, so a few centimetres of height still count as floor
    seen = np.abs(depth - far) < 0.1 / np.maximum(-down, 0.05)
    return np.where(seen[..., None], ground, np.nan).astype(np.float32)


def compose(here: Stage, actors: Sequence[Actor], *, shadows: bool = True) -> tuple[Image, list[Seen]]:
    """The (H, W, 3) linear picture with people in it, and who is seen where."""
    rgb, depth = here.backdrop.rgb.copy(), here.backdrop.depth.copy()
    found = []
    for number, actor in enumerate(actors):
        if not _may_be_seen(here.view, actor):
            continue
        body = posed(actor.person, (actor.x, actor.y), actor.heading, actor.action, actor.phase, actor.speed)
        light = here.place.light_at(actor.x, actor.y)
        if shadows:
            _shade_floor(here, rgb, body, light)
        layer = _rendered(here, body, light, actor)
        if layer is not None:
            found.append((number, layer))
    found.sort(key=lambda pair: -float(np.min(pair[1].depth)))
    shown: list[tuple[int, Layer, Image]] = []
    for number, layer in found:
        patch = _lay(rgb, depth, layer)
        for _, before, its in shown:
            _hide(its, before, patch, layer)
        shown.append((number, layer, patch))
    return rgb, [Seen(number, layer.box, _share(layer, patch, here.view.size)) for number, layer, patch in shown]


def _may_be_seen(view: View, actor: Actor) -> bool:
    """Whether somebody at this place can touch the picture at all; cheap, and never wrongly no."""
    pixels, depth = view.project(np.array([[actor.x, actor.y, 0.0], [actor.x, actor.y, 2.1]]))
    if depth.min() < 0.5:
        return False
    room = view.focal_px / float(depth.min()) * 1.0
    low, high = pixels.min(0) - room, pixels.max(0) + room
    return bool(high[0] > 0 and high[1] > 0 and low[0] < view.size[0] and low[1] < view.size[1])


def _rendered(here: Stage, body: Body, light: Light, actor: Actor) -> Layer | None:
    _, depth = here.view.project(np.array([[actor.x, actor.y, 1.0]]))
    tall = here.view.focal_px * 1.7 / max(float(depth[0]), 0.5)
    layer = render(body, here.view, light, samples=2 if tall < SMALL_PX else 1)
    if layer is None or actor.speed < 0.2:
        return layer
    step = actor.speed * here.camera.response.shutter_s
    ahead = np.array([np.cos(actor.heading), np.sin(actor.heading), 0.0]) * step
    pixels, _ = here.view.project(np.array([actor.x, actor.y, 1.0]) + np.stack([np.zeros(3), ahead]))
    return smeared(layer, pixels[1] - pixels[0])


def smeared(layer: Layer, move_px: Floats) -> Layer:
    """The layer blurred along a movement in pixels; shorter ones than half a pixel leave it as it is."""
    length = float(np.hypot(*move_px))
    if length < 0.5:
        return layer
    half = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 2 * half + 3):
        x, y = half + share * move_px[0], half + share * move_px[1]
        i, j = int(np.floor(y)), int(np.floor(x))
        for di, dj in ((0, 0), (0, 1), (1, 0), (1, 1)):
            if i + di < len(kernel) and j + dj < len(kernel):
                kernel[i + di, j + dj] += (1 - abs(y - i - di)) * (1 - abs(x - j - dj))
    kernel /= kernel.sum()
    alpha = cv2.filter2D(layer.alpha, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    light = cv2.filter2D(layer.rgb * layer.alpha[..., None], -1, kernel, borderType=cv2.BORDER_CONSTANT)
    rgb = np.asarray(light / np.maximum(alpha, 1e-4)[..., None], np.float32)
    near = np.asarray(cv2.erode(np.minimum(layer.depth, 1e6), np.ones((2 * half + 1,) * 2, np.uint8)), np.float32)
    depth = np.where(near >= 1e6, np.float32(np.inf), near)
    return replace(layer, rgb=rgb, alpha=np.asarray(alpha, np.float32), depth=depth)


def _window(layer: Layer) -> tuple[slice, slice]:
    height, width = layer.alpha.shape
    return slice(layer.y0, layer.y0 + height), slice(layer.x0, layer.x0 + width)


def _lay(rgb: Image, depth: Image, layer: Layer) -> Image:
    """Lay a person over what is there; returns how much of each pixel they cover now."""
    window = _window(layer)
    shows = np.where(layer.depth < depth[window] + SLACK_M, layer.alpha, np.float32(0))
    rgb[window] += shows[..., None] * (layer.rgb - rgb[window])
    depth[window] = np.where(shows > 0.5, layer.depth, depth[window])
    return shows


def _hide(its: Image, before: Layer, patch: Image, layer: Layer) -> None:
    """Take from what shows of an earlier person what a later one covers."""
    x0, y0 = max(before.x0, layer.x0), max(before.y0, layer.y0)
    x1 = min(before.x0 + its.shape[1], layer.x0 + patch.shape[1])
    y1 = min(before.y0 + its.shape[0], layer.y0 + patch.shape[0])
    if x0 < x1 and y0 < y1:
        over = patch[y0 - layer.y0 : y1 - layer.y0, x0 - layer.x0 : x1 - layer.x0]
        its[y0 - before.y0 : y1 - before.y0, x0 - before.x0 : x1 - before.x0] *= 1 - over


def _share(layer: Layer, shows: Image, size: tuple[int, int]) -> float:
    x1, y1, x2, y2 = layer.box
    inside = max(min(x2, size[0]) - max(x1, 0), 0) * max(min(y2, size[1]) - max(y1, 0), 0)
    whole = max((x2 - x1) * (y2 - y1), 1e-6)
    return float(min(shows.sum() / max(float(layer.alpha.sum()), 1e-6), 1.0) * min(inside / whole, 1.0))


def _shade_floor(here: Stage, rgb: Image, body: Body, light: Light) -> None:
    """Take from the floor the sunlight, lamplight and skylight that a body keeps from it."""
    if np.any(light.sun_rgb):
        mask, window = _cast(here.view, body, light.sun_direction, None)
        if window is not None:
            rgb[window] -= (mask * ~np.isnan(here.floor[window][..., 0]))[..., None] * here.backdrop.sun[window]
    places = [np.asarray(at) for at, _ in light.lamps]
    places.sort(key=lambda at: float(np.hypot(*(at[:2] - body.origin[:2]))))
    for at in places[:LAMPS_THAT_SHADE]:
        mask, window = _cast(here.view, body, None, at)
        if window is not None:
            rgb[window] *= 1 - 0.22 * (mask * ~np.isnan(here.floor[window][..., 0]))[..., None]
    _touch(here, rgb, body)


def _cast(view: View, body: Body, sun: Floats | None, lamp: Floats | None) -> tuple[Image, tuple[slice, slice] | None]:
    """The soft shadow of a body on the ground, 0 to 1, and where in the picture it lies; None when outside."""
    rows = body.rows.astype(np.float64)
    ends = np.stack([rows[:, 0:3], rows[:, 0:3] + rows[:, 3:6] * rows[:, 6:7]], 1) + body.origin
    radius = np.stack([rows[:, 7], rows[:, 10]], 1)
    turn = np.arange(8) * (np.pi / 4)
    ring = np.stack([np.cos(turn), np.sin(turn)], -1)
    high = np.maximum(ends[..., 2], 0.0)
    if sun is not None:
        ground, wide = ends[..., :2] - sun[:2] * (high / sun[2])[..., None], radius
    else:
        assert lamp is not None
        grow = lamp[2] / np.maximum(lamp[2] - high, 0.3)
        ground, wide = lamp[:2] + (ends[..., :2] - lamp[:2]) * grow[..., None], radius * grow
    points = ground[:, :, None, :] + wide[:, :, None, None] * ring
    points = np.concatenate([points, np.zeros((*points.shape[:-1], 1))], -1)
    pixels, depth = view.project(points.reshape(-1, 3))
    if depth.min() < 0.3:
        return np.zeros((0, 0), np.float32), None
    low = np.maximum(np.floor(pixels.min(0)).astype(int) - 4, 0)
    top = np.minimum(np.ceil(pixels.max(0)).astype(int) + 5, view.size)
    if np.any(top <= low):
        return np.zeros((0, 0), np.float32), None
    mask = np.zeros((top[1] - low[1], top[0] - low[0]), np.uint8)
    for hull in (pixels - low).reshape(len(rows), -1, 2):
        around = cv2.convexHull(np.rint(hull * (1 << SUB)).astype(np.int32))
        cv2.fillConvexPoly(mask, around, 255, cv2.LINE_AA, SUB)
    sigma = (0.02 if sun is not None else 0.09) * view.focal_px / float(np.median(depth))
    soft = cv2.GaussianBlur(mask, (0, 0), max(sigma, 0.5)).astype(np.float32) / np.float32(255)
    return np.asarray(soft, np.float32), (slice(low[1], top[1]), slice(low[0], top[0]))


def _touch(here: Stage, rgb: Image, body: Body) -> None:
    """Darken the floor where feet and body keep the sky off it."""
    x, y = float(body.origin[0]), float(body.origin[1])
    square = np.array([[x + a, y + b, 0.0] for a in (-0.9, 0.9) for b in (-0.9, 0.9)])
    pixels, depth = here.view.project(square)
    if depth.min() < 0.3:
        return
    low = np.maximum(np.floor(pixels.min(0)).astype(int), 0)
    top = np.minimum(np.ceil(pixels.max(0)).astype(int) + 1, here.view.size)
    if np.any(top <= low):
        return
    window = slice(low[1], top[1]), slice(low[0], top[0])
    floor = here.floor[window]
    dark = 0.28 * _near(floor, x, y, 0.42)
    rows = body.rows
    ends = rows[:, 0:3] + rows[:, 3:6] * rows[:, 6:7]
    for fx, fy, _ in ends[ends[:, 2] < 0.12] + body.origin:
        dark = np.maximum(dark, 0.55 * _near(floor, float(fx), float(fy), 0.11))
    rgb[window] *= 1 - dark[..., None]


def _near(floor: Image, x: float, y: float, sigma: float) -> Image:
    away = (floor[..., 0] - x) ** 2 + (floor[..., 1] - y) ** 2
    close: Image = np.nan_to_num(np.exp(-away / (2 * sigma * sigma)), nan=0.0).astype(np.float32)
    return close
