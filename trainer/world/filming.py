"""A person filmed by a camera of a generated place, and cropped as a detector would crop them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import UsageError
from trainer.world.body import Body, posed
from trainer.world.cameras import Camera, metered
from trainer.world.composite import Actor, Stage, compose, floor_seen
from trainer.world.gait import stride_m
from trainer.world.geometry import View
from trainer.world.people import Person, person
from trainer.world.places import INDOORS, OUTDOORS, Backdrop, Place, backdrop, hang, place

PICTURE = (960, 540)  # pixels of a generated camera
SMALLEST_PX = 44  # heights of people that are cropped
TALLEST_PX = 430
CAMERAS_A_PLACE = 2
Array = NDArray[np.float32]
Pictures = tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]], NDArray[np.floating[Any]]]


@dataclass(frozen=True, slots=True)
class Rig:
    """A camera with what it sees when nobody is there: rgb, sun and depth as places.Backdrop has them."""

    camera: Camera
    place: Place
    backdrop: Pictures
    ground: Array  # (K, 3): x, y in metres where people can stand in view, and how tall 1.7 m is there in pixels


def rig(spec_seed: int, number: int) -> Rig:
    """Camera ``number`` of a seed, its place and its empty picture (about two seconds)."""
    seed = int(np.random.default_rng([spec_seed, number // CAMERAS_A_PLACE, 22]).integers(2**31))
    rng = np.random.default_rng([spec_seed, number, 23])
    for attempt in range(12):
        kind, dusk = setting(seed)
        here = place(seed + attempt // 3, kind, dusk=dusk)
        camera = _rehung(hang(here, int(rng.integers(2**31)), f"c{number:02}", PICTURE), rng)
        view = camera.view()
        empty = backdrop(here, view, samples=1, rays=4)
        layers = (empty.rgb, empty.sun, empty.depth)
        ground = _standing(here, view, empty.depth, rng)
        if len(ground) >= 40:
            break
    else:
        raise UsageError(f"no camera with a free view for camera {number} of seed {spec_seed}; try another seed")
    exposed = metered(camera.response, empty.rgb, float(rng.normal(-0.2, 0.35)))
    return Rig(replace(camera, response=exposed), here, layers, ground)


def _rehung(camera: Camera, rng: np.random.Generator) -> Camera:
    """The same spot with a longer lens as often as not, and often lower: re-ID sets come from such cameras."""
    x, y, high = camera.position
    low = max(high * float(rng.uniform(0.4, 0.9)), 1.9)
    longer = float(np.exp(rng.uniform(0.0, 0.8)))
    tilt = math.atan(math.tan(camera.tilt) * low / high)
    return replace(camera, position=(x, y, low), tilt=tilt, focal_px=camera.focal_px * longer)


def setting(seed: int) -> tuple[str, bool]:
    """The kind of a seed's place and whether it lies in dusk: three of four are outdoors, a fifth of each in dusk."""
    kinds = OUTDOORS if seed % 4 else INDOORS
    return kinds[seed // 4 % len(kinds)], seed % 5 == 0


def _standing(here: Place, view: View, depth: Array, rng: np.random.Generator) -> Array:
    """Spots in view where somebody 1.7 m tall is neither too small nor too large nor behind things at their chest."""
    spots = rng.uniform((-1.0, -1.0), (here.size[0] + 1.0, here.size[1] + 1.0), (3000, 2))
    feet, far = view.project(np.column_stack([spots, np.zeros(len(spots))]))
    tops, _ = view.project(np.column_stack([spots, np.full(len(spots), 1.7)]))
    chests, _ = view.project(np.column_stack([spots, np.full(len(spots), 1.1)]))
    tall = feet[:, 1] - tops[:, 1]
    width, height = view.size
    good = (far > 1.0) & (tall > SMALLEST_PX) & (tall < TALLEST_PX)
    good &= (chests[:, 0] > 0.02 * width) & (chests[:, 0] < 0.98 * width)
    good &= (tops[:, 1] > -0.1 * tall) & (feet[:, 1] < height + 0.12 * tall)
    x, y = chests[:, 0].clip(0, width - 1).astype(int), chests[:, 1].clip(0, height - 1).astype(int)
    good &= depth[y, x] > far - 0.3
    good &= ~_inside(here.footprints, spots)
    return np.column_stack([spots, tall])[good].astype(np.float32)


def _inside(footprints: NDArray[np.float64], spots: NDArray[np.float64], margin: float = 0.25) -> NDArray[np.bool_]:
    """Which spots (N, 2) lie in one of the rectangles of places.Place.footprints."""
    inside = np.zeros(len(spots), bool)
    for x, y, half_x, half_y, cos, sin in footprints:
        dx, dy = spots[:, 0] - x, spots[:, 1] - y
        along, across = dx * cos + dy * sin, dy * cos - dx * sin
        inside |= (np.abs(along) < half_x + margin) & (np.abs(across) < half_y + margin)
    return inside


def filmed(
    who: Person, before: Rig, frames: int, size: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Array]:
    """One pass: (frames, *size, 3) BGR bytes, and the share of the person that nothing hides in each (frames,)."""
    best: tuple[NDArray[np.uint8], Array] | None = None
    for _ in range(4):  # somebody whom things hide all the time would not have been detected
        crops, visible = _pass(who, before, (frames, size), rng)
        if best is None or visible.mean() > best[1].mean():
            best = crops, visible
        if visible.mean() > 0.45:
            break
    assert best is not None
    return best


@dataclass(frozen=True, slots=True)
class _Walk:
    """How somebody passes: where at first, which way (rad), how fast, doing what, turning how much a second."""

    who: Person
    start: tuple[float, float]
    heading: float
    speed: float
    action: str
    phase: float
    turning: float

    def at(self, time_s: float) -> Actor:
        """Where they are and what they do after ``time_s``."""
        way, turned = self.speed * time_s, self.turning * time_s
        middle = self.heading + turned / 2
        x, y = self.start[0] + way * math.cos(middle), self.start[1] + way * math.sin(middle)
        pace = way / stride_m(self.who, self.speed) if self.speed > 0.05 else 0.4 * time_s
        return Actor(self.who, x, y, self.heading + turned, self.action, self.phase + pace, self.speed)


def _walk(who: Person, start: tuple[float, float], rng: np.random.Generator, heading: float | None = None) -> _Walk:
    action = str(rng.choice(["walk", "stand", "turn", "carry"], p=[0.84, 0.1, 0.03, 0.03]))
    moving = action in ("walk", "carry")
    return _Walk(
        who,
        start,
        float(rng.uniform(0, 2 * math.pi)) if heading is None else heading,
        float(np.clip(rng.normal(1.25, 0.2), 0.7, 1.9)) if moving else 0.0,
        action,
        float(rng.uniform(0, 1)),
        float(rng.normal(0, 0.1)) if moving else (0.9 if action == "turn" else 0.05),
    )


def _company(main: _Walk, rng: np.random.Generator) -> list[_Walk]:
    """People who walk beside, before or behind, or cross: often nobody, sometimes two."""
    out = []
    for _ in range(int(rng.choice(3, p=[0.5, 0.35, 0.15]))):
        other = person(int(rng.integers(1, 2**31)))
        side = main.heading + rng.choice([-1, 1]) * rng.uniform(1.2, 1.9)
        beside = rng.random() < 0.5
        gap = rng.uniform(0.5, 0.8) if beside else rng.uniform(0.7, 2.4)
        angle = side if beside else rng.uniform(0, 2 * math.pi)
        start = (main.start[0] + gap * math.cos(angle), main.start[1] + gap * math.sin(angle))
        out.append(_walk(other, start, rng, main.heading if beside else None))
    for _ in range(int(rng.choice(5, p=[0.3, 0.25, 0.2, 0.15, 0.1]))):  # farther off, mostly outside of the crop
        gap, angle = rng.uniform(2.0, 8.0), rng.uniform(0, 2 * math.pi)
        start = (main.start[0] + gap * math.cos(angle), main.start[1] + gap * math.sin(angle))
        out.append(_walk(person(int(rng.integers(1, 2**31))), start, rng))
    return out


def _pass(
    who: Person, before: Rig, shape: tuple[int, tuple[int, int]], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Array]:
    count, size = shape
    tall = before.ground[:, 2]
    wanted = math.exp(rng.uniform(math.log(max(tall.min(), SMALLEST_PX)), math.log(tall.max())))
    near = np.argsort(np.abs(np.log(tall / wanted)))[: max(len(tall) // 12, 5)]
    spot = before.ground[int(rng.choice(near))]
    main = _walk(who, (float(spot[0]), float(spot[1])), rng)
    company = _company(main, rng)
    step_s = float(rng.uniform(0.06, 0.22))
    drift = float(rng.uniform(0, 2 * math.pi))
    cut = _Cut.drawn(rng)
    frames = np.zeros((count, *size, 3), np.uint8)
    visible = np.zeros(count, np.float32)
    for frame in range(count):
        time_s = (frame - count / 2) * step_s
        gain = before.camera.response.wandering(time_s, drift)
        frames[frame], visible[frame] = _crop(size, before, [main, *company], (time_s, gain, cut), rng)
    return frames, visible


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a tracklet's boxes miss: shifts and growth in box sizes, how restless they are, a fixed aspect or none."""

    shift: tuple[float, float]
    grow: tuple[float, float]
    restless: float
    aspect: float | None

    @staticmethod
    def drawn(rng: np.random.Generator) -> _Cut:
        """Mostly a few hundredths off; one in eight cuts feet, head or a side away."""
        rough = rng.random() < 0.12
        shift = rng.normal(0, 0.035, 2) + (rng.uniform(-0.22, 0.22, 2) if rough else 0)
        grow = np.exp(rng.normal(0.05, 0.06, 2))
        aspect = float(rng.uniform(0.38, 0.52)) if rng.random() < 0.5 else None
        return _Cut(
            (float(shift[0]), float(shift[1])),
            (float(grow[0]), float(grow[1])),
            float(rng.uniform(0.005, 0.03)),
            aspect,
        )

    def around(self, box: Sequence[float], rng: np.random.Generator) -> tuple[float, float, float, float]:
        """The box that a detector would report for a true one, xyxy."""
        width, height = box[2] - box[0], box[3] - box[1]
        x = (box[0] + box[2]) / 2 + width * (self.shift[0] + rng.normal(0, self.restless))
        y = (box[1] + box[3]) / 2 + height * (self.shift[1] * 0.8 + rng.normal(0, self.restless))
        high = height * self.grow[1] * math.exp(rng.normal(0, self.restless))
        wide = width * self.grow[0] * math.exp(rng.normal(0, self.restless))
        wide = self.aspect * high if self.aspect is not None else max(wide, 0.26 * high)
        return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _crop(
    out_size: tuple[int, int],
    before: Rig,
    walks: Sequence[_Walk],
    moment: tuple[float, float, _Cut],
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], float]:
    """One frame: the crop at the spec's size, and how much of the person is seen."""
    time_s, gain, cut = moment
    camera, view = before.camera, before.camera.view()
    actors = [walk.at(time_s) for walk in walks]
    x0, y0, x1, y1 = cut.around(_estimated(_posed(actors[0]), view), rng)
    x0, y0, x1, y1 = (round(v) for v in (max(x0, 0), max(y0, 0), min(x1, PICTURE[0]), min(y1, PICTURE[1])))
    if x1 - x0 < 8 or y1 - y0 < 16:
        return np.zeros((*out_size, 3), np.uint8), 0.0
    scale = min(1.0, 1.15 * out_size[0] / (y1 - y0))
    size = (max(round((x1 - x0) * scale), 8), max(round((y1 - y0) * scale), 16))
    window = view.window(x0, y0, size, scale)
    behind = Backdrop(*(_resized(np.asarray(layer[y0:y1, x0:x1], np.float32), size) for layer in before.backdrop))
    stage = Stage(before.place, camera, window, behind, floor_seen(window, behind.depth))
    rgb, seen = compose(stage, actors)
    whole = (round(PICTURE[0] * scale), round(PICTURE[1] * scale))
    picture = camera.response.observe(rgb, rng, corner=(x0 * scale, y0 * scale), whole=whole, gain=gain)
    flag = cv2.INTER_AREA if size[1] > out_size[0] else (cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC)
    out = cv2.resize(picture, out_size[::-1], interpolation=flag)
    return np.asarray(out, np.uint8), next((one.visible for one in seen if one.actor == 0), 0.0)


def _posed(actor: Actor) -> Body:
    return posed(actor.person, (actor.x, actor.y), actor.heading, actor.action, actor.phase, actor.speed)


def _resized(layer: Array, size: tuple[int, int]) -> Array:
    if layer.shape[1::-1] == size:
        return np.ascontiguousarray(layer)
    flag = cv2.INTER_AREA if layer.ndim == 3 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(layer, size, interpolation=flag), np.float32)


def _estimated(body: Body, view: View) -> tuple[float, float, float, float]:
    """The box of a body from its parts' ends, without rendering it."""
    rows = body.rows.astype(np.float64)
    ends = np.concatenate([rows[:, 0:3], rows[:, 0:3] + rows[:, 3:6] * rows[:, 6:7]]) + body.origin
    pixels, depth = view.project(ends)
    radius = np.concatenate([rows[:, 7], rows[:, 10]]) * view.focal_px / np.maximum(depth, 0.3) * 0.9
    x, y = pixels.T
    return float((x - radius).min()), float((y - radius).min()), float((x + radius).max()), float((y + radius).max())
