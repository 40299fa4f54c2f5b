"""How long generated people take: the person alone, and a crop with all that belongs to it."""

from __future__ import annotations

import time

import cv2
import numpy as np

from tests.bench.figures import median
from trainer.world.body import posed
from trainer.world.filming import rig
from trainer.world.geometry import Light, looking
from trainer.world.people import person
from trainer.world.render import render
from trainer.world.sequences import Spec, film, somebody

DAY = Light(np.array([0.36, -0.45, 0.82]), np.full(3, 1.5), np.full(3, 0.6), np.full(3, 0.3))
PEOPLE = 24


def person_ms(height: int) -> float:
    """Median milliseconds of one core for a person who fills a picture of ``height`` x half of it, pose included."""
    view = looking((0.0, -9.0, 2.6), np.pi / 2, 0.19, focal_px=4.4 * height, size=(height // 2, height))
    taken = []
    for seed in range(PEOPLE + 1):
        begun = time.thread_time()
        render(posed(person(seed), (0.0, 0.0), 0.7 * seed, "walk", 0.3 * seed), view, DAY)
        taken.append(1000 * (time.thread_time() - begun))
    return median(taken[1:])  # the first compiles or loads


def crop_ms(height: int) -> float:
    """Median milliseconds of one core a crop of sequences: company, place, shadows and the camera's response too."""
    cv2.setNumThreads(1)
    spec = Spec(people=PEOPLE + 1, cameras=1, seed=1, frames=2, size=(height, height // 2), seen_by=1)
    before = rig(spec.seed, 0)
    taken = []
    for identity in range(PEOPLE + 1):
        who = somebody(spec, identity)
        begun = time.thread_time()
        film(spec, who, before, (identity, 0, 0))
        taken.append(1000 * (time.thread_time() - begun) / spec.frames)
    return median(taken[1:])
