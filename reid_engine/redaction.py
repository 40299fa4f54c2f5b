"""What of a picture is covered before it is handed on, so that nobody else can be recognised in it.

A covered part is filled with one grey: nothing of the recording is left of it, so nothing can be won back, neither from
one picture nor from many. A mosaic would keep the colours of clothes, which is what this program finds people by.

``others``       everybody else whom the case knows, with a margin and for a while before and after; within the box of
                 the person themselves only where another box lies
``surroundings`` all but the person's own box, and within it where another box lies

A ``Cover`` that somebody drew lies over everything, also over the person: it is for whoever was not detected.

Between two boxes of the person, where it is not known where they are, the whole picture is covered: their box is lost
mostly where somebody stands before them or two people became one box. Before their first and after their last box
``others`` covers everybody else who was found, as always (decision 15); ``surroundings`` covers the whole picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import UsageError
from reid_engine.types import BgrImage, Part, Tracklet
from reid_engine.whereabouts import box_at, boxes_at

Redaction: TypeAlias = Literal["none", "others", "surroundings"]

GREY = 128
MARGIN = 0.15  # of a box's width and height, on every side
HELD_US = 300_000  # somebody's cover also lies where they were so long before, and will be so long after
STAY_US = 1_000_000  # so long before their first and after their last box they are still taken to be there


@dataclass(frozen=True, slots=True)
class Cover:
    """Drawn by hand: what of a camera's picture to cover, from one moment to another (corrected UTC), ends included.

    xyxy: left, top, right, bottom in pixels of the recording
    """

    camera: str
    from_us: int
    to_us: int
    xyxy: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        left, top, right, bottom = self.xyxy
        if not all(map(math.isfinite, self.xyxy)) or not (left < right and top < bottom):
            raise UsageError(f"a cover's box is left, top, right, bottom in pixels, got {self.xyxy}")
        if not self.from_us <= self.to_us:
            raise UsageError(f"a cover of {self.camera} ends before it begins")

    def as_json(self) -> dict[str, Any]:
        """As manifests and the record have it."""
        return {"camera": self.camera, "from_us": self.from_us, "to_us": self.to_us, "box": list(self.xyxy)}

    def part(self, time_us: int, size: tuple[int, int]) -> Part | None:
        """What it covers of a picture of ``size`` (width, height) at a moment; None where it covers nothing."""
        part = _whole_pixels(np.asarray(self.xyxy, np.float64), size)
        there = self.from_us <= time_us <= self.to_us
        return part if there and part.right > part.left and part.bottom > part.top else None


def covered(
    mode: Redaction, size: tuple[int, int], time_us: int, subject: Sequence[Tracklet], others: Sequence[Tracklet]
) -> list[Part]:
    """The parts to cover of a picture of ``size`` (width, height) at a moment (corrected UTC); they may overlap.

    subject: the person's own tracklets in this recording; others: everybody else's
    """
    whole = Part(0, 0, *size)
    if mode == "none":
        return []
    own = [_whole_pixels(box, size) for box in boxes_at(subject, time_us).xyxy]
    if not own and (mode == "surroundings" or any(one.start_us <= time_us <= one.end_us for one in subject)):
        return [whole]
    near = [(_known(other, time_us), _swept(other, time_us)) for other in others]
    parts = [_whole_pixels(box, size) for box, _ in near if box is not None]
    wide = [_whole_pixels(_grown(box), size) for _, box in near if box is not None]
    wide = [whole] if mode == "surroundings" else wide
    for mine in own:
        wide = [part for one in wide for part in _without(one, mine)]
    return [part for part in (*parts, *wide) if part.right > part.left and part.bottom > part.top]


def cover(image: BgrImage, parts: Iterable[Part]) -> None:
    """Fill parts of a picture (H, W, 3) with grey, in place."""
    for part in parts:
        part.of(image)[:] = GREY


def _known(other: Tracklet, time_us: int) -> NDArray[np.float32] | None:
    """Where somebody is, or was last or will be first; in a gap both, because nobody knows. None when long gone."""
    if not other.start_us - STAY_US <= time_us <= other.end_us + STAY_US:
        return None
    found = box_at(other, time_us)
    if found is not None:
        return found
    after = int(np.searchsorted(other.time_us, time_us))
    return _round(other.xyxy[after - 1 : after + 1])


def _swept(other: Tracklet, time_us: int) -> NDArray[np.float32] | None:
    """The rectangle round where somebody is, was shortly before and will be shortly after."""
    boxes = [_known(other, time_us + away_us) for away_us in (-HELD_US, 0, HELD_US)]
    known = [box for box in boxes if box is not None]
    return _round(np.stack(known)) if known else None


def _round(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))


def _grown(box: NDArray[np.float32]) -> NDArray[np.float32]:
    wide, high = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    return box + np.array([-wide, -high, wide, high], np.float32)


def _whole_pixels(box: NDArray[np.floating], size: tuple[int, int]) -> Part:
    """Every pixel that a box touches, within the picture."""
    left, top, right, bottom = (float(side) for side in box)
    width, height = size
    left, right = (min(max(side, 0), width) for side in (math.floor(left), math.ceil(right)))
    top, bottom = (min(max(side, 0), height) for side in (math.floor(top), math.ceil(bottom)))
    return Part(int(left), int(top), int(right), int(bottom))


def _without(part: Part, hole: Part) -> list[Part]:
    """A rectangle less another: up to four rectangles."""
    left, top = max(part.left, hole.left), max(part.top, hole.top)
    right, bottom = min(part.right, hole.right), min(part.bottom, hole.bottom)
    if left >= right or top >= bottom:
        return [part]
    pieces = [
        Part(part.left, part.top, part.right, top),
        Part(part.left, bottom, part.right, part.bottom),
        Part(part.left, top, left, bottom),
        Part(right, top, part.right, bottom),
    ]
    return [piece for piece in pieces if piece.right > piece.left and piece.bottom > piece.top]
