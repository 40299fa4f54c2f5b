"""Seeded crowds for the trackers: people who cross, vanish and return, weak boxes, false boxes, empty pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reid_engine.types import Detections


def crowd(
    seed: int, people: int, pictures: int, *, missing: float = 0.15, empty: float = 0.02, size: float = 640.0
) -> list[Detections]:
    """What a detector might say of ``people`` who walk through ``pictures`` pictures of ``size`` pixels a side."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, size, (people, 2))
    speed = rng.normal(0, 3, (people, 2))
    height = rng.uniform(40, 160, people)
    found = []
    for _ in range(pictures):
        centre += speed + rng.normal(0, 0.7, centre.shape)
        speed = np.where((centre < 0) | (centre > size), -speed, speed)
        there = rng.random(people) > missing
        if rng.random() < empty:
            there[:] = False
        half = np.stack((0.2 * height, 0.5 * height), 1)
        xyxy = np.concatenate((centre - half, centre + half), 1) + rng.normal(0, 1.5, (people, 4))
        score = rng.choice([0.05, 0.15, 0.4, 0.9], people, p=[0.05, 0.2, 0.25, 0.5]) + rng.uniform(0, 0.1, people)
        twins = there & (rng.random(people) < 0.05)  # a second box on the same person
        xyxy, score = np.concatenate((xyxy[there], xyxy[twins] + 2)), np.concatenate((score[there], score[twins] * 0.7))
        found.append(Detections(xyxy.astype(np.float32), score.astype(np.float32)))
    return found


def as_columns(scene: list[Detections]) -> NDArray[np.float32]:
    """(N, 6) picture, box, score; a last row holds the number of pictures."""
    rows = [np.column_stack((np.full(len(d), i), d.xyxy, d.score)) for i, d in enumerate(scene)]
    return np.concatenate((*rows, [[len(scene), 0, 0, 0, 0, 0]])).astype(np.float32)
