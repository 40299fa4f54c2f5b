"""From a body to a picture of it: sphere tracing in tiles, each with the few parts that can be seen there."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer.world import cloth
from trainer.world.body import Body
from trainer.world.cloth import albedo, folds
from trainer.world.compiled import compiled
from trainer.world.fields import aimed, field, occluded, surface
from trainer.world.geometry import Layer, Light, View

TILE = 4
STEPS = 26
Array = NDArray[np.float32]


def render(body: Body, view: View, light: Light, *, samples: int = 1, shadows: bool = True) -> Layer | None:
    """The person as ``view`` sees them; None when no part of them is in the picture.

    samples: rays a pixel along each side, for views in which people are small
    """
    box = projected(body, view)
    if box is None:
        return None
    width, height = view.size
    x0, y0 = max(int(box[0]) - 2, 0), max(int(box[1]) - 2, 0)
    x1, y1 = min(int(box[2]) + 3, width), min(int(box[3]) + 3, height)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return None
    part_view = view.window(x0, y0, ((x1 - x0) * samples, (y1 - y0) * samples), samples)
    rgb, alpha, depth = _picture(body, part_view, light, shadows)
    if samples > 1:
        rgb, alpha, depth = _gathered(rgb, alpha, depth, samples)
    tight = _tight(alpha, (x0, y0), box, view.size)
    return None if tight is None else Layer(x0, y0, rgb, alpha, depth, tight)


def _picture(body: Body, view: View, light: Light, shadows: bool) -> tuple[Array, Array, Array]:
    width, height = view.size
    eye = (view.position - body.origin).astype(np.float32)
    turned = view.rotation.astype(np.float32)
    camera = np.concatenate([eye, turned.ravel(), [view.focal_px, *view.centre_px]]).astype(np.float32)
    circles = _circles(body.rows, camera)
    rgb = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    depth = np.full((height, width), np.inf, np.float32)
    lamps = np.zeros((len(light.lamps), 6), np.float32)
    for row, (place, colour) in zip(lamps, light.lamps, strict=True):
        row[:3], row[3:] = np.asarray(place) - body.origin, colour
    lights = np.concatenate(
        [light.sun_direction, light.sun_rgb, light.sky_rgb, light.ground_rgb, [float(shadows)]]
    ).astype(np.float32)
    shape = (body.rows, body.frames, body.materials, circles, body.seed & 0x7FFF)
    trace(shape, camera, (lights, lamps), rgb, alpha, depth)
    return rgb, alpha, depth


def projected(body: Body, view: View) -> tuple[float, float, float, float] | None:
    """A box xyxy in pixels that holds the body; None when some of it is not in front of the camera."""
    rows = body.rows.astype(np.float64)
    ends = np.concatenate([rows[:, 0:3], rows[:, 0:3] + rows[:, 3:6] * rows[:, 6:7]]) + body.origin
    pixels, depth = view.project(ends)
    if depth.min() < 0.3:
        return None
    radius = np.concatenate([rows[:, 7], rows[:, 10]]) * view.focal_px / depth * 1.08
    x, y = pixels.T
    return (float((x - radius).min()), float((y - radius).min()), float((x + radius).max()), float((y + radius).max()))


def _circles(rows: Array, camera: Array) -> Array:
    """(N, 6): the pixel box of every part with room for its blend, and its nearest and farthest depth."""
    ends = np.stack([rows[:, 0:3], rows[:, 0:3] + rows[:, 3:6] * rows[:, 6:7]])
    local = (ends - camera[:3]) @ camera[3:12].reshape(3, 3).T
    depth = np.maximum(local[..., 2], 0.05)
    reach = np.stack([rows[:, 7], rows[:, 10]]) + rows[:, 17] * 0.4
    reach *= np.maximum(1.0, 1.0 / rows[:, 14])
    centre = local[..., :2] / depth[..., None] * camera[12] + camera[13:15]
    radius = reach * camera[12] / depth * 1.06 + 1.0
    low = (centre - radius[..., None]).min(axis=0)
    high = (centre + radius[..., None]).max(axis=0)
    near, far = (local[..., 2] - reach).min(axis=0), (local[..., 2] + reach).max(axis=0)
    return np.concatenate([low, high, near[:, None], far[:, None]], axis=1).astype(np.float32)


def _gathered(rgb: Array, alpha: Array, depth: Array, samples: int) -> tuple[Array, Array, Array]:
    height, width = alpha.shape[0] // samples, alpha.shape[1] // samples
    blocks = alpha.reshape(height, samples, width, samples)
    total = blocks.sum(axis=(1, 3))
    weighted = (rgb * alpha[..., None]).reshape(height, samples, width, samples, 3).sum(axis=(1, 3))
    colour = weighted / np.maximum(total, 1e-6)[..., None]
    nearest = depth.reshape(height, samples, width, samples).min(axis=(1, 3))
    return colour.astype(np.float32), (total / samples**2).astype(np.float32), nearest


def _tight(
    alpha: Array, corner: tuple[int, int], rough: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[float, float, float, float] | None:
    """The box of what is seen; where the body leaves the picture, the rough box goes on."""
    seen = alpha > 0.3
    columns, lines = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
    if not len(columns):
        return None
    x0, y0, x1, y1 = (
        columns[0] + corner[0],
        lines[0] + corner[1],
        columns[-1] + 1 + corner[0],
        lines[-1] + 1 + corner[1],
    )
    return (
        rough[0] if x0 <= 0 else float(x0),
        rough[1] if y0 <= 0 else float(y0),
        rough[2] if x1 >= size[0] else float(x1),
        rough[3] if y1 >= size[1] else float(y1),
    )


Shape = tuple[Array, Array, Array, Array, int]
Lights = tuple[Array, Array]


@compiled
def trace(shape: Shape, camera: Array, lights: Lights, rgb: Array, alpha: Array, depth: Array) -> None:
    """Fill rgb (h, w, 3), alpha and depth (h, w), tile by tile."""
    height, width = alpha.shape
    circles = shape[3]
    chosen = np.empty(circles.shape[0], np.int32)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            count, near, far = 0, 1e9, 0.0
            for index in range(circles.shape[0]):
                x0, y0, x1, y1, first, last = circles[index]
                if x1 < left or x0 > left + TILE or y1 < top or y0 > top + TILE:
                    continue
                chosen[count] = index
                count, near, far = count + 1, min(near, float(first)), max(far, float(last))
            if count:
                span = (max(near, 0.05), far, float(count))
                _tile(shape, camera, lights, (top, left), (chosen, span), (rgb, alpha, depth))


@compiled
def _tile(
    shape: Shape,
    camera: Array,
    lights: Lights,
    corner: tuple[int, int],
    chosen: tuple[NDArray[np.int32], tuple[float, float, float]],
    out: tuple[Array, Array, Array],
) -> None:
    rgb, alpha, depth = out
    parts, (near, far, total) = chosen
    nearby = int(total)
    met = np.empty(nearby, np.int32)
    eye = (camera[0], camera[1], camera[2])
    for y in range(corner[0], min(corner[0] + TILE, alpha.shape[0])):
        for x in range(corner[1], min(corner[1] + TILE, alpha.shape[1])):
            ray = _ray(camera, x + 0.5, y + 0.5)
            count = aimed(shape[0], (parts, nearby), eye, (ray[0], ray[1], ray[2]), met)
            if count == 0:
                continue
            at, miss = _march(shape[0], met, count, (camera, ray), (near * ray[3], far * ray[3]))
            pixel = at / camera[12]
            cover = min(max(1.0 - miss / pixel, 0.0), 1.0)
            if cover <= 0.02:
                continue
            point = (camera[0] + ray[0] * at, camera[1] + ray[1] * at, camera[2] + ray[2] * at)
            colour = _shade(shape, (met, count, parts, nearby), point, (ray[0], ray[1], ray[2]), lights, pixel)
            rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2] = colour
            alpha[y, x] = cover
            depth[y, x] = at / ray[3]


@compiled
def _ray(camera: Array, x: float, y: float) -> tuple[float, float, float, float]:
    """Unit direction in the world of a pixel's ray, and its length for one metre of depth."""
    a, b = (x - camera[13]) / camera[12], (y - camera[14]) / camera[12]
    size = math.sqrt(a * a + b * b + 1.0)
    return (
        (camera[3] * a + camera[6] * b + camera[9]) / size,
        (camera[4] * a + camera[7] * b + camera[10]) / size,
        (camera[5] * a + camera[8] * b + camera[11]) / size,
        size,
    )


@compiled
def _march(
    rows: Array,
    parts: NDArray[np.int32],
    count: int,
    looking: tuple[Array, tuple[float, float, float, float]],
    span: tuple[float, float],
) -> tuple[float, float]:
    """Metres along the ray to the surface, or to where it passes nearest, and how far it stays from it.

    The surface is drawn in by half a pixel, so that a ray that misses it by up to a whole one sees a share of it.
    """
    camera, ray = looking
    at, (_, end) = span[0], span
    best, best_at = 1e9, at
    for _ in range(STEPS):
        pixel = at / camera[12]
        found = field(rows, parts, count, camera[0] + ray[0] * at, camera[1] + ray[1] * at, camera[2] + ray[2] * at)
        found += 0.5 * pixel
        if found < best:
            best, best_at = found, at
        if found < 0.2 * pixel:
            return at, 0.0
        at += max(found * 0.95, 0.3 * pixel)
        if at > end:
            return best_at, best
    return best_at, 0.0  # it grazes one part for so long that another must be behind


@compiled
def _shade(
    shape: Shape,
    parts: tuple[NDArray[np.int32], int, NDArray[np.int32], int],
    point: tuple[float, float, float],
    ray: tuple[float, float, float],
    lights: Lights,
    pixel: float,
) -> tuple[float, float, float]:
    """Light that the surface at ``point`` sends to the camera, linear RGB."""
    rows, frames, materials, _, seed = shape
    chosen, count, nearby, around = parts
    index, nx, ny, nz = surface(rows, chosen, count, point[0], point[1], point[2])
    normal = (nx, ny, nz)
    row, frame = materials[int(rows[index, 19])], frames[index]
    dx, dy, dz = point[0] - frame[0], point[1] - frame[1], point[2] - frame[2]
    spot = (
        dx * frame[3] + dy * frame[4] + dz * frame[5],
        dx * frame[9] + dy * frame[10] + dz * frame[11],
        dx * frame[6] + dy * frame[7] + dz * frame[8],
    )
    crease = 1.0
    if row[8] > 0:
        normal, crease = _creased(row, frame, spot, normal, seed)
    colour = albedo(row, spot, seed, pixel)
    reach = 0.1
    x, y, z = point[0] + nx * reach, point[1] + ny * reach, point[2] + nz * reach
    open_to = 1.0 - 0.85 * max(1 - max(field(rows, nearby, around, x, y, z), 0.0) / reach, 0.0)
    return _lit(colour, normal, (point, ray), (rows, index, row), lights, max(open_to, 0.12) * crease)


@compiled
def _creased(
    row: Array, frame: Array, spot: tuple[float, float, float], normal: tuple[float, float, float], seed: int
) -> tuple[tuple[float, float, float], float]:
    """The normal tilted by the folds of the cloth, and how much light gets into the fold."""
    u, v, w = spot
    h = 0.006
    here = folds(u, v, w, seed, row[20])
    gu = (folds(u + h, v, w, seed, row[20]) - here) / h * row[8]
    gv = (folds(u, v + h, w, seed, row[20]) - here) / h * row[8]
    gw = (folds(u, v, w + h, seed, row[20]) - here) / h * row[8]
    nx = normal[0] - (gu * frame[3] + gv * frame[9] + gw * frame[6])
    ny = normal[1] - (gu * frame[4] + gv * frame[10] + gw * frame[7])
    nz = normal[2] - (gu * frame[5] + gv * frame[11] + gw * frame[8])
    size = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    depth = min(max(1 - here / 0.0035, 0.0), 1.0)
    return (nx / size, ny / size, nz / size), 1 - min(0.3 * row[8], 0.45) * depth


@compiled
def _lit(
    colour: tuple[float, float, float],
    normal: tuple[float, float, float],
    seen: tuple[tuple[float, float, float], tuple[float, float, float]],
    surface: tuple[Array, int, Array],
    lights: Lights,
    open_to: float,
) -> tuple[float, float, float]:
    """Sky and ground by how far the surface turns to them, the sun where the body lets it through, lamps."""
    point, ray = seen
    rows, index, row = surface
    light, lamps = lights
    up = 0.5 + 0.5 * normal[2]
    up = up * up * (1.6 - 0.6 * up)  # things around hide the low sky
    red = open_to * (light[9] * (1 - up) + light[6] * up)
    green = open_to * (light[10] * (1 - up) + light[7] * up)
    blue = open_to * (light[11] * (1 - up) + light[8] * up)
    facing = normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2]
    wrap = 0.15 if row[11] == cloth.SKIN or row[11] == cloth.HEAD else 0.03
    lamp = max((facing + wrap) / (1 + wrap), 0.0)
    gloss = 0.0
    if lamp > 0 and light[3] + light[4] + light[5] > 0:
        if light[12] > 0:
            away = (point[0] + normal[0] * 0.03, point[1] + normal[1] * 0.03, point[2] + normal[2] * 0.03)
            lamp *= occluded(rows, index, away, light[:3])
        mirrored = -2 * (normal[0] * ray[0] + normal[1] * ray[1] + normal[2] * ray[2])
        shine = (ray[0] + mirrored * normal[0]) * light[0] + (ray[1] + mirrored * normal[1]) * light[1]
        shine += (ray[2] + mirrored * normal[2]) * light[2]
        gloss = lamp * row[10] * max(shine, 0.0) ** 12
        red, green, blue = red + light[3] * lamp, green + light[4] * lamp, blue + light[5] * lamp
    for number in range(lamps.shape[0]):
        x, y, z = lamps[number, 0] - point[0], lamps[number, 1] - point[1], lamps[number, 2] - point[2]
        far = math.sqrt(x * x + y * y + z * z) + 1e-6
        power = max((normal[0] * x + normal[1] * y + normal[2] * z) / far + 0.1, 0.0) / (1.1 * far * far) * open_to
        red, green, blue = (
            red + lamps[number, 3] * power,
            green + lamps[number, 4] * power,
            blue + lamps[number, 5] * power,
        )
    return (
        colour[0] * red + gloss * light[3],
        colour[1] * green + gloss * light[4],
        colour[2] * blue + gloss * light[5],
    )
