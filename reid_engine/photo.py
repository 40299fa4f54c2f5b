"""A picture that a person brings: is it of one person, and if it is of a place, who is in it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reid_engine.errors import UsageError
from reid_engine.types import BgrImage, Boxes, Detections

WIDEST = 0.8  # times its height: a person who stands is at most half as wide as tall
LARGEST = 0.5  # of the picture, at least, is the person whom it was cut to


class FindsPeople(Protocol):
    """What is needed of a detector (``detection``), which loads a runtime; whoever only chooses does without."""

    def detect(self, images: Sequence[BgrImage], /) -> list[Detections]:
        """The people in each picture."""
        ...


@dataclass(frozen=True, slots=True)
class Photo:
    """image: (H, W, 3) BGR; people: (N, 4) xyxy in its pixels, from the left."""

    image: BgrImage
    people: Boxes

    @property
    def portrait(self) -> bool:
        """Whether it is cut to one person already, as crops are: there is nothing to choose then."""
        height, width = self.image.shape[:2]
        if width > WIDEST * height or not len(self.people):
            return False
        sides = self.people[:, 2:] - self.people[:, :2]
        return bool(sides.prod(axis=1).max() >= LARGEST * width * height)

    def person(self, number: int | None) -> list[float] | None:
        """The box of one of its people, counted from 1, of None of whoever must be meant; None for all of it (0).

        That is so where it is a portrait or nobody was found in it. Raises UsageError where more than one may be meant,
        and for a number that nobody has.
        """
        count = len(self.people)
        if number is None and count > 1 and not self.portrait:
            raise UsageError(f"{count} people are in this picture: {self.listed()}; choose one, or 0 for all of it")
        if number is None:
            number = 0 if self.portrait or not count else 1
        if not 0 <= number <= count:
            there = f"{self.listed()}; 0 is all of it" if count else "nobody was found in it; 0 is all of it"
            raise UsageError(f"person {number} is not in this picture: {there}")
        return [float(side) for side in self.people[number - 1]] if number else None

    def listed(self) -> str:
        """Its people by number, place and size."""
        rows = [(number, *map(round, box)) for number, box in enumerate(self.people.tolist(), start=1)]
        return ", ".join(f"{n} at {left},{top} ({right - left}x{bottom - top})" for n, left, top, right, bottom in rows)


def look(image: BgrImage, detector: FindsPeople, least_score: float) -> Photo:
    """Whoever the detector finds in (H, W, 3) BGR, as sure as ``least_score`` of each."""
    found = detector.detect([image])[0]
    people = found.xyxy[found.score >= least_score]
    return Photo(image, people[np.argsort(people[:, 0], kind="stable")])
