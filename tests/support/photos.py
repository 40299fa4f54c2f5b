"""Photographs of drawn figures: a picture with several people, as somebody brings one."""

from __future__ import annotations

from pathlib import Path

import cv2

from tests.support.footage import Walk, draw, wall


def scene(path: Path, *people: int) -> Path:
    """These people beside one another before a wall, 90 of 160 pixels tall, 60 apart."""
    image = wall(60 * (len(people) + 1), 160, seed=7)
    for place, person in enumerate(people, start=1):
        draw(image, Walk(person, 0.0, 1.0, 60.0 * place, 60.0 * place, feet=140.0), 0.0)
    cv2.imwrite(str(path), image)
    return path
