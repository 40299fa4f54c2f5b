"""From a picture to a detector's input and from its output back to boxes: numpy only, the same for every runtime.

Two layouts of output exist in ultralytics' exports and are told apart by shape: ``raw`` [N, 4 + classes, anchors]
(cx, cy, w, h in the network's pixels, then a score a class) and ``final`` [N, rows, 6] (x1, y1, x2, y2, score, class;
nothing overlaps any more).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.types import BgrImage, Boxes, Detections, Part

Layout: TypeAlias = Literal["raw", "final"]
Floats: TypeAlias = NDArray[np.float32]

GREY = 114
MOST_PEOPLE = 300  # in one picture, as in ultralytics
SUPPRESS_AT_ONCE = 128
GATE_SCORE = 0.1
GATE_LEAST_CANDIDATES = 100
GATE_OVERLAP = 0.9


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture lies in a network's input: scaled to ``inner`` (h, w), at ``top``, ``left`` of ``outer`` (h, w)."""

    source: tuple[int, int]
    inner: tuple[int, int]
    outer: tuple[int, int]
    top: int
    left: int

    @classmethod
    def fit(cls, source: tuple[int, int], size: tuple[int, int], stride: int | None) -> Letterbox:
        """Centre a picture in ``size`` (h, w); with a stride, in the smallest rectangle that the stride divides."""
        scale = min(size[0] / source[0], size[1] / source[1])
        inner = max(round(source[0] * scale), 1), max(round(source[1] * scale), 1)
        spare = size[0] - inner[0], size[1] - inner[1]
        if stride is not None:
            spare = spare[0] % stride, spare[1] % stride
        # half a spare pixel goes to the bottom and to the right
        top, left = round(spare[0] / 2 - 0.1), round(spare[1] / 2 - 0.1)
        return cls(source, inner, (inner[0] + spare[0], inner[1] + spare[1]), top, left)

    def of_part(self, part: Part, stride: int) -> Letterbox:
        """How a part of that picture lies in an input of its own, at the scale of the whole."""
        source = part.bottom - part.top, part.right - part.left
        high, wide = (max(round(a * b / c), 1) for a, b, c in zip(source, self.inner, self.source, strict=True))
        outer = -(-high // stride) * stride, -(-wide // stride) * stride
        return Letterbox(source, (high, wide), outer, (outer[0] - high) // 2, (outer[1] - wide) // 2)

    def apply(self, image: BgrImage) -> NDArray[np.uint8]:
        """The picture as (1, H, W, 3) uint8 BGR on grey."""
        placed = np.full((1, *self.outer, 3), GREY, np.uint8)
        view = placed[0, self.top : self.top + self.inner[0], self.left : self.left + self.inner[1]]
        if self.inner == self.source:
            view[:] = image
        else:
            cv2.resize(image, self.inner[::-1], dst=view, interpolation=cv2.INTER_LINEAR)
        return placed

    def to_source(self, xyxy: Floats) -> Boxes:
        """Boxes in the network's pixels, (N, 4), to pixels of the picture, cut at its edges."""
        height, width = self.source
        gain_y, gain_x = np.float32(self.inner[0] / height), np.float32(self.inner[1] / width)
        offset = np.array([self.left, self.top] * 2, np.float32)
        boxes = (xyxy - offset) / np.array([gain_x, gain_y] * 2, np.float32)
        return np.clip(boxes, 0, np.array([width, height] * 2, np.float32)).astype(np.float32)


def layout_of(shape: tuple[int, ...], classes: int | None) -> Layout | None:
    """Which layout an output of this concrete shape has; None for anything else."""
    if len(shape) != 3:
        return None
    if shape[2] == 6 and shape[1] > 6:
        return "final"
    rows = shape[1] - 4
    fits = rows == classes if classes is not None else rows >= 1
    return "raw" if fits and shape[2] > shape[1] else None


def people(output: Floats, layout: Layout, person: int, least_score: float, overlap: float) -> tuple[Floats, Floats]:
    """One picture's output (no batch axis) to persons, best first: boxes (N, 4) xyxy in network pixels, scores (N,).

    A person is a box whose best class is person, above ``least_score``; weaker boxes that overlap by more go.
    """
    if layout == "final":
        keep = (output[:, 4] > least_score) & (output[:, 5] == person)
        rows = output[keep][:MOST_PEOPLE]
        return rows[:, :4].copy(), rows[:, 4].copy()
    candidates = np.flatnonzero(output[4 + person] > least_score)
    columns = output[:, candidates]
    columns = columns[:, columns[4:].argmax(axis=0) == person]
    boxes, scores = corners(columns[:4].T), columns[4 + person]
    keep_rows = suppress(boxes, scores, overlap)[:MOST_PEOPLE]
    return boxes[keep_rows], scores[keep_rows]


def corners(cxcywh: Floats) -> Floats:
    """Centre and size to x1, y1, x2, y2, both (N, 4)."""
    half = cxcywh[:, 2:] / 2
    return np.concatenate([cxcywh[:, :2] - half, cxcywh[:, :2] + half], axis=1)


def suppress(boxes: Floats, scores: Floats, overlap: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: rows that stay, best first; IoU strictly above ``overlap`` goes.

    Overlaps come a block of rows at a time: one box after the other takes 2 ms in a crowd, all at once the memory of
    thousands by thousands where a threshold is low.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[np.intp] = []
    while len(left):
        block = left[:SUPPRESS_AT_ONCE]
        weaker = iou(boxes[block][:, None], boxes[left][None]) > overlap
        alive = np.ones(len(left), np.bool_)
        for row, best in enumerate(block):
            if alive[row]:
                kept.append(best)
                alive &= ~weaker[row]
        left = left[len(block) :][alive[len(block) :]]
    return np.array(kept, np.intp)


def iou(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes (..., 4), broadcast."""
    (left, top, right, bottom), (left2, top2, right2, bottom2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    width = np.clip(np.minimum(right, right2) - np.maximum(left, left2), 0, None)
    height = np.clip(np.minimum(bottom, bottom2) - np.maximum(top, top2), 0, None)
    shared = width * height
    areas = (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2)
    return np.asarray(shared / np.maximum(areas - shared, np.float32(1e-9)), np.float32)


def letterboxed(
    output: Floats, layout: Layout, person: int, least_score: float, overlap: float, fit: Letterbox
) -> Detections:
    """``people`` in pixels of the source picture."""
    boxes, scores = people(output, layout, person, least_score, overlap)
    return Detections(fit.to_source(boxes), np.ascontiguousarray(scores))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near one runtime's output is to another's. Candidates are the rows that may become boxes: the likeliest.

    box_px:    largest difference of a candidate's edges; score: largest difference of any score
    share:     of the candidates whose boxes overlap by more than 0.9; score_p95: 95th percentile over candidates
    """

    box_px: float
    score: float
    share: float
    score_p95: float


def agreement(reference: Floats, ours: Floats, layout: Layout) -> Agreement:
    """Compare two outputs of the same pictures, (N, ...) each: row by row where rows correspond, else by overlap."""
    if reference.shape != ours.shape or not np.isfinite(ours).all():
        return Agreement(np.inf, np.inf, 0.0, np.inf)
    pairs = [_paired(a, b, layout) for a, b in zip(reference, ours, strict=True)]
    columns = [np.concatenate(column) for column in zip(*pairs, strict=True)]
    box_px, score, overlaps, candidate = columns
    return Agreement(
        float(box_px[candidate].max()),
        float(score.max()),
        float((overlaps[candidate] > GATE_OVERLAP).mean()),
        float(np.quantile(score[candidate], 0.95)),
    )


def _paired(a: Floats, b: Floats, layout: Layout) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Per row of ``a``: largest box difference, largest score difference, IoU, and whether it is a candidate."""
    if layout == "raw":
        boxes_a, boxes_b = corners(a[:4].T), corners(b[:4].T)
        best, score = a[4:].max(axis=0), np.abs(a[4:] - b[4:]).max(axis=0)
    else:
        best = a[:, 4]
        mates = np.array([np.argmax(iou(row[None, :4], b[:, :4]) - np.abs(b[:, 4] - row[4])) for row in a], np.intp)
        boxes_a, boxes_b = a[:, :4], b[mates, :4]
        score = np.abs(a[:, 4] - b[mates, 4])
    least = min(GATE_SCORE, float(np.sort(best)[-min(GATE_LEAST_CANDIDATES, len(best))]))
    return np.abs(boxes_a - boxes_b).max(axis=1), score, iou(boxes_a, boxes_b), best >= least
