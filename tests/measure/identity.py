"""Identity measures of multi-person tracking: IDF1 (Ristani et al., ECCV workshops 2016), recall, precision, purity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Boxes:
    """Labelled boxes as columns: picture (N,), identity (N,), xyxy (N, 4)."""

    picture: NDArray[np.int64]
    identity: NDArray[np.int64]
    xyxy: NDArray[np.float64]

    @classmethod
    def from_rows(cls, rows: object) -> Boxes:
        """From rows of picture, identity, x1, y1, x2, y2."""
        columns = np.asarray(rows, np.float64).reshape(-1, 6)
        return cls(columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64), columns[:, 2:])

    def __len__(self) -> int:
        return len(self.picture)


@dataclass(frozen=True, slots=True)
class Scores:
    """How well found boxes tell people apart; every share in [0, 1].

    idf1:      2 IDTP / (true + found boxes), under the best one-to-one pairing of true with found identities
    recall:    true boxes that a found box covers; precision: found boxes that cover a true one
    purity:    of the found boxes that cover somebody, those that cover their identity's most frequent person
    identities: how many identities were found
    """

    idf1: float
    recall: float
    precision: float
    purity: float
    identities: int


def score(truth: Boxes, found: Boxes, overlap: float = 0.5) -> Scores:
    """Measure ``found`` against ``truth``; a box covers another from ``overlap`` (intersection over union)."""
    from scipy.optimize import linear_sum_assignment  # half a second that whoever only wants ``Boxes`` need not wait

    people, person = np.unique(truth.identity, return_inverse=True)
    names, name = np.unique(found.identity, return_inverse=True)
    near = np.zeros((len(people), len(names)), np.int64)  # pictures in which both are there and overlap
    paired = np.zeros_like(near)  # the same, but every box is used once
    for picture in np.intersect1d(truth.picture, found.picture):
        here, there = np.flatnonzero(truth.picture == picture), np.flatnonzero(found.picture == picture)
        iou = intersection_over_union(truth.xyxy[here], found.xyxy[there])
        first, second = np.nonzero(iou >= overlap)
        np.add.at(near, (person[here[first]], name[there[second]]), 1)
        first, second = linear_sum_assignment(np.where(iou >= overlap, 1 + iou, 0), maximize=True)
        covers = iou[first, second] >= overlap
        np.add.at(paired, (person[here[first[covers]]], name[there[second[covers]]]), 1)
    kept = int(near[linear_sum_assignment(near, maximize=True)].sum())
    covered = int(paired.sum())
    return Scores(
        idf1=_share(2 * kept, len(truth) + len(found)),
        recall=_share(covered, len(truth)),
        precision=_share(covered, len(found)),
        purity=_share(int(paired.max(axis=0, initial=0).sum()), covered),
        identities=len(names),
    )


def intersection_over_union(these: NDArray[np.float64], those: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, M) overlap of every box with every other."""
    low = np.maximum(these[:, None, :2], those[None, :, :2])
    high = np.minimum(these[:, None, 2:], those[None, :, 2:])
    both = np.prod((high - low).clip(0), axis=2)
    area = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (these, those)]
    whole = area[0][:, None] + area[1][None, :] - both
    return np.divide(both, whole, out=np.zeros_like(both), where=whole > 0)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
