"""People laid into a picture of a place: their shadows on it, who hides whom, and how much of each is seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.world.body import Body
from trainer.world.compiled import compiled
from trainer.world.fields import distance, occluded
from trainer.world.geometry import Layer, Light, View
from trainer.world.render import render

Array = NDArray[np.float32]
SHADE_REACH_M = 5.0  # how far from a person their shadow is looked for


@dataclass(frozen=True, slots=True)
class Seen:
    """One person in the picture: box xyxy of the whole body in pixels, and the share of it that nothing hides."""

    box: tuple[float, float, float, float]
    visible: float


def composed(
    backdrop: tuple[Array, Array, Array],
    view: View,
    bodies: Sequence[Body],
    lights: Sequence[Light],
    *,
    samples: int = 1,
    blur_px: Sequence[tuple[float, float]] | None = None,
) -> tuple[Array, list[Seen | None]]:
    """Linear RGB (h, w, 3) of the backdrop with the bodies in it, and what is seen of each; None where out of view.

    backdrop: rgb (h, w, 3), sun (h, w, 3) the part of rgb that comes straight from the sun, depth (h, w) metres, inf for
    sky; view: of the same size; lights: what each body gets; blur_px: how far each moves (x, y) while the shutter is open
    """
    rgb, sun, depth = backdrop
    picture = shaded((rgb, sun, depth), view, bodies, lights[0]) if bodies else rgb.copy()
    layers = [render(body, view, light, samples=samples) for body, light in zip(bodies, lights, strict=True)]
    if blur_px is not None:
        layers = [moved(layer, by) if layer else None for layer, by in zip(layers, blur_px, strict=True)]
    seen: list[Seen | None] = [None] * len(layers)
    hidden = [np.zeros_like(layer.alpha) if layer else None for layer in layers]
    order = sorted((k for k, layer in enumerate(layers) if layer), key=lambda k: -_nearness(layers[k]))
    for rank, index in enumerate(order):
        layer = layers[index]
        assert layer is not None
        lines, columns = _place(layer)
        front = layer.alpha * (layer.depth < depth[lines, columns] + 0.08)
        share = front[..., None]
        picture[lines, columns] = picture[lines, columns] * (1 - share) + layer.rgb * share
        seen[index] = Seen(layer.box, float(front.sum()))
        for behind in order[:rank]:
            _hide(layers[behind], hidden[behind], layer, front, depth)
    for index in order:
        seen[index] = _visible(layers[index], hidden[index], depth)
    return picture, seen


def _nearness(layer: Layer | None) -> float:
    assert layer is not None
    return float(np.median(layer.depth[np.isfinite(layer.depth)])) if np.isfinite(layer.depth).any() else math.inf


def _place(layer: Layer) -> tuple[slice, slice]:
    height, width = layer.alpha.shape
    return slice(layer.y0, layer.y0 + height), slice(layer.x0, layer.x0 + width)


def _hide(behind: Layer | None, hidden: Array | None, layer: Layer, front: Array, depth: Array) -> None:
    """Mark in ``hidden`` what ``layer`` covers of the person behind it."""
    assert behind is not None
    assert hidden is not None
    whole = np.zeros(depth.shape, np.float32)
    whole[_place(layer)] = front
    np.maximum(hidden, whole[_place(behind)], out=hidden)


def _visible(layer: Layer | None, hidden: Array | None, depth: Array) -> Seen:
    assert layer is not None
    clear = layer.alpha * (layer.depth < depth[_place(layer)] + 0.08) * (1 - np.asarray(hidden))
    height, width = depth.shape
    x0, y0, x1, y1 = layer.box
    inside = max(min(x1, width) - max(x0, 0), 0) * max(min(y1, height) - max(y0, 0), 0) / ((x1 - x0) * (y1 - y0))
    return Seen(layer.box, float(clear.sum() / max(float(layer.alpha.sum()), 1e-6)) * float(min(inside, 1.0)))


def moved(layer: Layer, by: tuple[float, float]) -> Layer:
    """The layer smeared along its way (x, y) pixels while the shutter was open; unchanged below half a pixel."""
    length = math.hypot(*by)
    if length < 0.5:
        return layer
    reach = int(math.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * reach + 1):
        kernel[round(reach + share * by[1]), round(reach + share * by[0])] += 1
    kernel /= kernel.sum()
    alpha = cv2.filter2D(layer.alpha, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    light = cv2.filter2D(layer.rgb * layer.alpha[..., None], -1, kernel, borderType=cv2.BORDER_REPLICATE)
    near = cv2.erode(np.minimum(layer.depth, 1e6), np.ones((3, 3), np.uint8), iterations=reach)
    rgb = (light / np.maximum(alpha, 1e-4)[..., None]).astype(np.float32)
    near = np.where(near >= 1e6, np.inf, near)
    return Layer(layer.x0, layer.y0, rgb, np.asarray(alpha, np.float32), near.astype(np.float32), layer.box)


def shaded(backdrop: tuple[Array, Array, Array], view: View, bodies: Sequence[Body], light: Light) -> Array:
    """The backdrop (rgb, sun, depth) darkened by the shadows that bodies cast and where their feet stand."""
    rgb, sun, depth = backdrop
    out = rgb.copy()
    camera = np.concatenate([view.rotation.ravel(), [view.focal_px, *view.centre_px]]).astype(np.float32)
    direction = np.asarray(light.sun_direction, np.float32)
    lit = bool(np.asarray(light.sun_rgb).sum() > 0 or sun.max() > 0)
    for body in bodies:
        eye = (np.asarray(view.position) - body.origin).astype(np.float32)
        low = np.flatnonzero(body.rows[:, 22] - body.rows[:, 23] < 0.35).astype(np.int32)
        _shade(body.rows, low, (camera, eye, direction, lit), (out, sun, depth))
    return out


@compiled
def _shade(
    rows: Array, low: NDArray[np.int32], seen: tuple[Array, Array, Array, bool], backdrop: tuple[Array, Array, Array]
) -> None:
    camera, eye, towards, lit = seen
    out, sun, depth = backdrop
    for y in range(depth.shape[0]):
        for x in range(depth.shape[1]):
            far = depth[y, x]
            a, b = (x + 0.5 - camera[10]) / camera[9] * far, (y + 0.5 - camera[11]) / camera[9] * far
            px = eye[0] + camera[0] * a + camera[3] * b + camera[6] * far
            py = eye[1] + camera[1] * a + camera[4] * b + camera[7] * far
            pz = eye[2] + camera[2] * a + camera[5] * b + camera[8] * far
            if not px * px + py * py < SHADE_REACH_M**2 or pz > 2.5:
                continue
            sky = 1.0
            if px * px + py * py < 1.0 and pz < 0.3:
                sky = _open_sky(rows, low, px, py, pz)
            sunny = 1.0
            if lit and sun[y, x, 1] > 0:
                sunny = occluded(rows, -1, (px, py, pz), towards)
            for c in range(3):
                direct = min(sun[y, x, c], out[y, x, c])
                out[y, x, c] = (out[y, x, c] - direct) * sky + direct * sunny


@compiled
def _open_sky(rows: Array, low: NDArray[np.int32], x: float, y: float, z: float) -> float:
    """The share of the sky that the low parts of a body leave to a point on the ground."""
    sky = 1.0
    for index in range(low.shape[0]):
        part = low[index]
        radius = max(rows[part, 7], rows[part, 10])
        near = max(distance(rows, part, x, y, z), 0.0)
        sky *= 1 - 0.5 * (radius / (radius + near)) ** 2 * min(1.5 * radius / (near + radius), 1.0)
    return max(sky, 0.15)
