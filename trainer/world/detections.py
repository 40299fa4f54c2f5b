"""Detection sets in the layout that YOLO trains from: pictures of crowds in many places, with a box for every person.

Rule of the labels: a person is labelled when at least ``VISIBLE`` of the body shows (neither hidden nor outside the
picture) and their box is at least ``LEAST_PX`` high; the box goes round the whole body, hidden parts included, and ends
at the picture's edge. Places of the validation part do not appear in the training part.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.world.cameras import Bgr, draw_response, metered
from trainer.world.composite import Actor, Seen, Stage, compose, stage
from trainer.world.parallel import mapped, pool
from trainer.world.people import person
from trainer.world.places import hang, place
from trainer.world.progress import Progress
from trainer.world.walking import Ways

VISIBLE = 0.25
LEAST_PX = 14
PER_PLACE = 10  # pictures that share a place and a camera; their light response differs
VALIDATION_EVERY = 8
EMPTY_SHARE = 0.06
DUSK_SHARE = 0.2
MOST_PEOPLE = 26
STREAM = 14
QUALITY = 95


@dataclass(frozen=True, slots=True)
class Set:
    """What to make. sizes: (w, h) of the pictures, in turn by place."""

    images: int
    seed: int
    sizes: tuple[tuple[int, int], ...] = ((640, 384),)

    @property
    def places(self) -> int:
        """How many places it takes."""
        return math.ceil(self.images / PER_PLACE)

    def part(self, number: int) -> str:
        """The part that a place belongs to."""
        return (
            "val"
            if self.places > 1 and number % VALIDATION_EVERY == min(VALIDATION_EVERY, self.places) - 1
            else "train"
        )


def write_set(wanted: Set, out: Path, *, workers: int | None = None, progress: Progress | None = None) -> None:
    """Write ``images/``, ``labels/`` (train and val) and ``data.yaml`` into the folder ``out``."""
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            (out / kind / part).mkdir(parents=True, exist_ok=True)
    said = progress or Progress("detections", wanted.images)
    with pool(workers or os.cpu_count() or 1) as executor:
        tasks = [(wanted, number, out) for number in range(wanted.places)]
        for count in mapped(executor, _write_place, tasks):
            said.step(count)
    names = "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: person\n"
    (out / "data.yaml").write_text(names, encoding="utf-8")
    said.done()


def _write_place(task: tuple[Set, int, Path]) -> int:
    wanted, number, out = task
    part, first = wanted.part(number), number * PER_PLACE
    here = staged(wanted, number)
    count = min(PER_PLACE, wanted.images - first)
    for k in range(count):
        image, boxes = picture(here, wanted, number, k)
        stem = f"{first + k:06d}"
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (out / "images" / part / f"{stem}.jpg").write_bytes(data.tobytes())
        (out / "labels" / part / f"{stem}.txt").write_text(label_lines(boxes, here.view.size), encoding="utf-8")
    return count


def staged(wanted: Set, number: int) -> Stage:
    """The place and camera of this number, empty."""
    rng = np.random.default_rng([wanted.seed, STREAM, number])
    here = place(int(rng.integers(1, 2**31)), dusk=bool(rng.random() < DUSK_SHARE))
    size = wanted.sizes[number % len(wanted.sizes)]
    return stage(here, hang(here, int(rng.integers(2**31)), "det", size), samples=2, rays=3)


def picture(here: Stage, wanted: Set, number: int, k: int) -> tuple[Bgr, NDArray[np.float64]]:
    """Picture k of a place: BGR, and (N, 4) xyxy pixels of the labelled people."""
    rng = np.random.default_rng([wanted.seed, STREAM, number, k])
    response = metered(draw_response(rng, dusk=here.camera.dusk), here.backdrop.rgb, float(rng.normal(0, 0.35)))
    now = replace(here, camera=replace(here.camera, response=response))
    crowd = (
        0
        if rng.random() < EMPTY_SHARE
        else int(rng.integers(1, 7) if rng.random() < 0.5 else rng.integers(4, MOST_PEOPLE))
    )
    linear, seen = compose(now, _crowd(now, rng, crowd))
    return response.observe(linear, rng), labelled(seen, here.view.size)


def labelled(seen: Sequence[Seen], size: tuple[int, int]) -> NDArray[np.float64]:
    """(N, 4) xyxy boxes that the label rule keeps, cut at the picture's edge."""
    kept = []
    for one in seen:
        x1, y1, x2, y2 = np.clip(one.box, 0, (*size, *size))
        if one.visible >= VISIBLE and y2 - y1 >= LEAST_PX and x2 - x1 >= 3:
            kept.append((x1, y1, x2, y2))
    return np.array(kept, np.float64).reshape(-1, 4)


def label_lines(boxes: NDArray[np.float64], size: tuple[int, int]) -> str:
    """Lines of a YOLO label file: class 0, then middle and size as shares of the picture."""
    width, height = size
    rows = [
        ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
        for x1, y1, x2, y2 in boxes
    ]
    return "".join("0 " + " ".join(f"{v:.6f}" for v in row) + "\n" for row in rows)


def _crowd(here: Stage, rng: np.random.Generator, count: int) -> list[Actor]:
    """People at random: spread over what the camera sees, some in groups, some close to it."""
    ways = Ways(here.place)
    spots: list[NDArray[np.float64]] = []
    for _ in range(40 * count):
        if len(spots) == count:
            break
        spot = _spot(here, rng, spots)
        if ways.free(spot) and all(np.hypot(*(spot - other)) > 0.38 for other in spots):
            spots.append(spot)
    return [_actor(rng, spot) for spot in spots]


def _spot(here: Stage, rng: np.random.Generator, taken: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    draw = rng.random()
    if taken and draw < 0.3:
        return np.asarray(taken[int(rng.integers(len(taken)))] + rng.normal(0, 0.55, 2), np.float64)
    if draw < 0.7:  # where the picture shows floor: near people fill more of it
        width, height = here.view.size
        point = here.floor[int(rng.integers(height)), int(rng.integers(width))]
        if not np.isnan(point[0]):
            return np.asarray(point, np.float64)
    return np.asarray(rng.uniform(0, here.place.size), np.float64)


def _actor(rng: np.random.Generator, spot: NDArray[np.float64]) -> Actor:
    who = person(int(rng.integers(1, 2**31)))
    action = str(rng.choice(["walk", "stand", "carry", "turn"], p=[0.6, 0.25, 0.1, 0.05]))
    speed = float(rng.uniform(0.8, 1.8)) if action in ("walk", "carry") else 0.0
    heading, phase = float(rng.uniform(-math.pi, math.pi)), float(rng.uniform(0, 40))
    return Actor(who, float(spot[0]), float(spot[1]), heading, action, phase, speed)


def preview(wanted: Set, out: Path, columns: int = 4, rows: int = 3) -> None:
    """Write ``preview.jpg`` into ``out``: pictures from all over the set with their boxes."""
    made = sorted((out / "images").rglob("*.jpg"))
    tiles = []
    for path in [made[k] for k in np.linspace(0, len(made) - 1, columns * rows).astype(int)]:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None, path
        height, width, _ = image.shape
        label = out / "labels" / path.parent.name / f"{path.stem}.txt"
        for line in label.read_text(encoding="utf-8").splitlines():
            x, y, w, h = (float(v) for v in line.split()[1:])
            first, last = ((x - w / 2) * width, (y - h / 2) * height), ((x + w / 2) * width, (y + h / 2) * height)
            cv2.rectangle(image, [round(v) for v in first], [round(v) for v in last], (60, 220, 60), 2)
        tiles.append(cv2.resize(image, (480, round(480 * wanted.sizes[0][1] / wanted.sizes[0][0]))))
    sheet = np.vstack([np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)])
    (out / "preview.jpg").write_bytes(cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
