"""A recorder's export folder: four drawn cameras with clocks burnt into their pictures, one of them wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import cv2

from tests.support.footage import Walk, pictures, write_video

BEGIN = datetime(2026, 11, 3, 14, 2, 11)  # by the wall clock of the place, Europe/Berlin
WRONG = "ch03"
WRONG_BY_S = 37
FPS = 10


def recorder_export(folder: Path, *, seconds: float = 8.0, size: tuple[int, int] = (320, 240)) -> list[Path]:
    """One recording a camera, named by the recorder; ``WRONG`` is 37 s ahead in its name and in its pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    half, wide, tall = seconds / 2, size[0], size[1] * 0.4
    feet = round(size[1] * 0.94)
    across = {
        "ch01": [
            Walk(0, 0.0, half, -20, wide + 20, feet, tall),
            Walk(1, 0.6, half + 0.6, wide + 20, -20, feet - 8, tall),
        ],
        "ch02": [
            Walk(1, 0.2, half, -20, wide + 20, feet, tall),
            Walk(2, half, seconds, wide + 20, -20, feet - 6, tall),
        ],
        "ch03": [
            Walk(0, half, seconds, -20, wide + 20, feet, tall),
            Walk(3, 0.4, half, wide + 20, -20, feet - 8, tall),
        ],
        "ch04": [
            Walk(2, 0.3, half, -20, wide + 20, feet, tall),
            Walk(0, half + 0.2, seconds, wide + 20, -20, feet - 6, tall),
        ],
    }
    return [_camera(folder, name, walks, seconds, size) for name, walks in across.items()]


def _camera(folder: Path, name: str, walks: list[Walk], seconds: float, size: tuple[int, int]) -> Path:
    ahead = timedelta(seconds=WRONG_BY_S if name == WRONG else 0)
    images = pictures(walks, seconds=seconds, fps=FPS, size=size, seed=int(name[2:]))
    for index, image in enumerate(images):
        shown = BEGIN + ahead + timedelta(seconds=index / FPS)
        words, place = f"{shown:%Y-%m-%d %H:%M:%S}", (6, 16)
        for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(image, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thick, cv2.LINE_AA)
    path = folder / f"{name}_{BEGIN + ahead:%Y%m%d_%H%M%S}.mp4"
    return write_video(path, images, fps=FPS, options={"g": str(2 * FPS), "crf": "18"})
