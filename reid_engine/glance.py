"""What is new to see? Only the part of a picture in which something changed is given to the detector again.

Most of a recording is a place in which nothing happens. Whatever a detector finds is a function of the picture, so
where nothing has changed since it was last looked at, what was found is still there: people who stand still stay as
they are, and nobody can come or move without changing something. Compared is against what was last *looked at*, not
against the picture before, so that whoever creeps adds up.

What is looked at follows from pixels only, never from how pictures were gathered into batches: two runs decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.boxes import iou
from reid_engine.clock import SECOND_US
from reid_engine.types import Detections, Frame, Part, State

CELLS = 96  # along the longer side: the smallest people that a detector finds at 640 pixels are 2 wide and 5 high
TRUSTED_US = 2 * SECOND_US  # then the detector looks at the whole picture again, whatever there is
MARGIN = 6  # cells around what changed: a person reaches beyond their parts that moved
# Parts have few sizes, height and width as shares of the longer side: a network is compiled for each, of some 40 MiB.
SIZES = ((0.3, 0.3), (0.4, 0.6), (0.4, 0.8), (0.6, 0.6))
WORTH = 0.8  # a part of more than this share of the picture is not worth its risk
EDGE_PX = 2.0  # a box that ends so near the edge of a part is cut by it, where the picture goes on
SURE = 0.25  # of somebody who is cut: what is less is left out
SAME = 0.5  # overlap of two boxes of one person


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What has been looked at of a recording, from afar.

    cells:     (h, w, 3) uint8, mean colour of each part of the picture when it was last looked at, 96 along the longer
               side
    offset_us: when the whole picture was, as of its frame
    size:      of the picture (height, width)
    """

    cells: NDArray[np.uint8]
    offset_us: int
    size: tuple[int, int]

    @classmethod
    def at(cls, frame: Frame) -> Look:
        """The whole of this picture."""
        height, width = frame.image.shape[:2]
        scale = CELLS / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        cells = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return cls(cells, frame.offset_us, (height, width))

    def news(self, later: Look, change: float, *, parts: bool) -> News | None:
        """What a later picture shows beyond this; None where no cell differs by ``change`` levels in any colour.

        parts: a part may be looked at, where less than the whole picture is new
        """
        if later.offset_us - self.offset_us >= TRUSTED_US or later.cells.shape != self.cells.shape:
            return News.all_of(later)
        changed = cv2.absdiff(later.cells, self.cells).max(2) >= change
        if not changed.any():
            return None
        part = _part(changed, self.size) if parts else None
        if part is None:
            return News.all_of(later)
        rows, columns = _cells_of(part, changed.shape, self.size)
        seen = self.cells.copy()
        seen[rows, columns] = later.cells[rows, columns]
        return News(replace(self, cells=seen), changed, part)


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What there is to look at in a picture.

    seen:    what has been looked at afterwards
    changed: (h, w) bool, the cells that differ
    part:    holds them all; None for the whole picture
    """

    seen: Look
    changed: NDArray[np.bool_]
    part: Part | None

    @classmethod
    def all_of(cls, look: Look) -> News:
        """The whole picture is new."""
        return cls(look, np.ones(look.cells.shape[:2], np.bool_), None)

    def touched(self, people: Detections) -> NDArray[np.bool_]:
        """(N,) True for boxes within which something changed."""
        (height, width), (rows, columns) = self.seen.size, self.changed.shape
        edges = people.xyxy * np.array([columns / width, rows / height] * 2)
        boxes = np.column_stack([np.floor(edges[:, :2]), np.ceil(edges[:, 2:])]).astype(int).tolist()
        return np.array([Part(*box).of(self.changed).any() for box in boxes], np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What has been looked at, and who is there."""

    look: Look
    people: Detections

    def after(self, news: News, found: Detections) -> Glance | None:
        """With what was found in the part that is new; None where its edge cuts somebody: the whole must be looked at.

        Where nothing changed, what the whole picture showed holds, also that nobody was there: a part shows less of
        what is around, and so things are taken for people more easily.
        """
        assert news.part is not None
        there = news.touched(self.people)
        if (there & ~_within(self.people, news.part)).any():
            return None
        held, found = self.people[~there], found[news.touched(found)]
        cut = _cut(found, news.part, news.seen.size)
        if (cut & (found.score >= SURE)).any():
            return None
        found = found[~cut]
        held = held[iou(held.xyxy[:, None], found.xyxy[None]).max(1, initial=0) < SAME]
        xyxy, score = np.concatenate([found.xyxy, held.xyxy]), np.concatenate([found.score, held.score])
        best = np.argsort(-score, kind="stable")
        return Glance(news.seen, Detections(xyxy[best], score[best]))

    def state(self) -> State:
        """For a checkpoint."""
        look, people = self.look, self.people
        return {
            "cells": look.cells,
            "offset_us": np.array(look.offset_us),
            "size": np.array(look.size),
            "xyxy": people.xyxy,
            "score": people.score,
        }

    @classmethod
    def restored(cls, state: State) -> Glance:
        """From a checkpoint."""
        height, width = state["size"].tolist()
        look = Look(state["cells"], int(state["offset_us"]), (height, width))
        return cls(look, Detections(state["xyxy"], state["score"]))


def _part(changed: NDArray[np.bool_], size: tuple[int, int]) -> Part | None:
    """The smallest part around everything that changed, in the middle of it; None where that is nearly everything."""
    (top, bottom), (left, right) = _reach(changed, 0), _reach(changed, 1)
    rows, columns = changed.shape
    longer = max(rows, columns)
    fitting = [
        (high * wide, int(high * longer), int(wide * longer))
        for high, wide in SIZES
        if min(int(high * longer), rows) >= bottom - top and min(int(wide * longer), columns) >= right - left
    ]
    if not fitting:
        return None
    _, high, wide = min(fitting)
    high, wide = min(high, rows), min(wide, columns)
    if high * wide > WORTH * changed.size:
        return None
    top = min(max((top + bottom - high) // 2, 0), rows - high)
    left = min(max((left + right - wide) // 2, 0), columns - wide)
    height, width = size
    y1, y2 = (round(edge * height / rows) for edge in (top, top + high))
    x1, x2 = (round(edge * width / columns) for edge in (left, left + wide))
    return Part(x1, y1, x2, y2)


def _reach(changed: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    """From where to where along one axis, with a margin."""
    places = changed.nonzero()[axis]
    return max(int(places.min()) - MARGIN, 0), min(int(places.max()) + 1 + MARGIN, changed.shape[axis])


def _cells_of(part: Part, cells: tuple[int, ...], size: tuple[int, int]) -> tuple[slice, slice]:
    """The cells that lie wholly within a part."""
    (rows, columns), (height, width) = cells, size
    down = slice(-(-part.top * rows // height), part.bottom * rows // height)
    across = slice(-(-part.left * columns // width), part.right * columns // width)
    return down, across


def _within(people: Detections, part: Part) -> NDArray[np.bool_]:
    """(N,) True for boxes that lie wholly in a part."""
    inside = (people.xyxy[:, :2] >= part[:2]).all(1) & (people.xyxy[:, 2:] <= part[2:]).all(1)
    return np.asarray(inside, np.bool_)


def _cut(found: Detections, part: Part, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) True for boxes that end at an edge of the part where the picture goes on."""
    height, width = size
    edges = np.array([part.left, part.top, part.right, part.bottom], np.float32)
    goes_on = [part.left > 0, part.top > 0, part.right < width, part.bottom < height]
    near = np.asarray(np.abs(found.xyxy - edges) < EDGE_PX)
    return np.asarray((near & goes_on).any(axis=1), np.bool_)
