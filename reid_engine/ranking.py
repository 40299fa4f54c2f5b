"""Rankings in pure numpy: distances, k-reciprocal re-ranking, feedback, and the scores of an evaluation.

Everything here is a distance: smaller is nearer. Used by search and by the trainer, so both rank by the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import ShapeError
from reid_engine.types import DistanceName, Vectors

Distances: TypeAlias = NDArray[np.float32]  # (Q, G)
Labels: TypeAlias = NDArray[np.int64]
AveragePrecisionRule: TypeAlias = Literal["mean", "trapezoid"]

JUNK = -1  # a gallery label that counts neither for nor against; any other label without a query is a distractor


def unit_length(vectors: Vectors) -> Vectors:
    """Rows of (N, D) divided by their lengths; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    divided: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return divided


def cosine_distance(queries: Vectors, gallery: Vectors) -> Distances:
    """1 - cosine of every pair, (Q, G) in [0, 2]."""
    distance: Distances = np.clip(np.float32(1.0) - unit_length(queries) @ unit_length(gallery).T, 0.0, 2.0)
    return distance


def euclidean_distance(queries: Vectors, gallery: Vectors) -> Distances:
    """The length of every difference, (Q, G)."""
    squares = (queries**2).sum(1)[:, None] + (gallery**2).sum(1)[None, :] - np.float32(2.0) * (queries @ gallery.T)
    distance: Distances = np.sqrt(np.maximum(squares, 0.0)).astype(np.float32)
    return distance


def distances(kind: DistanceName, queries: Vectors, gallery: Vectors) -> Distances:
    """The distance that a model was trained for."""
    return (cosine_distance if kind == "cosine" else euclidean_distance)(queries, gallery)


def rocchio(
    query: Vectors,
    same: Vectors,
    different: Vectors,
    *,
    alpha: float = 1.0,
    beta: float = 0.75,
    gamma: float = 0.15,
) -> Vectors:
    """Move a query (D,) towards the mean of ``same`` (S, D) and away from the mean of ``different`` (N, D).

    Rocchio (1971) with its usual weights; without feedback the query comes back as it was.
    """
    moved = alpha * query
    if len(same):
        moved = moved + beta * same.mean(0)
    if len(different):
        moved = moved - gamma * different.mean(0)
    weight = alpha + beta * bool(len(same)) - gamma * bool(len(different))
    return np.asarray(moved / weight, np.float32)


def k_reciprocal_rerank(
    query_query: Distances,
    query_gallery: Distances,
    gallery_gallery: Distances,
    *,
    k1: int = 20,
    k2: int = 6,
    weight: float = 0.3,
) -> Distances:
    """Re-ranked distances (Q, G) by k-reciprocal encoding: Zhong et al., CVPR 2017.

    Two pictures are near when their k1-reciprocal neighbours (extended by section 3.2, weighted by section 3.3,
    averaged over k2 by section 3.4) are the same; ``weight`` is lambda, the share of the original distance (eq. 12).
    """
    queries, gallery = query_gallery.shape
    if query_query.shape != (queries, queries) or gallery_gallery.shape != (gallery, gallery):
        raise ShapeError(f"blocks {query_query.shape}, {query_gallery.shape}, {gallery_gallery.shape} do not fit")
    original = np.block([[query_query, query_gallery], [query_gallery.T, gallery_gallery]]).astype(np.float32)
    original **= 2
    original /= np.maximum(original.max(axis=1, keepdims=True), 1e-12)
    from reid_engine.jaccard import jaccard_distances  # needs scipy, which ranking and evaluation alone do not

    jaccard = jaccard_distances(original, queries, k1, k2)
    result: Distances = ((1 - weight) * jaccard + weight * original[:queries, queries:]).astype(np.float32)
    return result


@dataclass(frozen=True, slots=True)
class Scores:
    """What an evaluation found.

    mean_ap: mean average precision; cmc: (K,) share of queries whose first right answer is at rank k + 1 or better
    queries: how many counted (those with a right answer); left_out: how many had none
    """

    mean_ap: float
    cmc: NDArray[np.float64]
    queries: int
    left_out: int


def score_ranking(
    found: Distances,
    *,
    query_ids: Labels,
    gallery_ids: Labels,
    query_cameras: Labels,
    gallery_cameras: Labels,
    rule: AveragePrecisionRule = "mean",
    ranks: int = 50,
) -> Scores:
    """CMC and mean average precision of (Q, G) distances, without sorting: a right answer's rank is one more than the
    rows nearer than it.

    Left out of a query's gallery: the same person in the same camera, and JUNK. Everything else that is another person
    counts as wrong. Equal distances keep the gallery's order. ``rule``: the mean of the precisions at the right answers
    (most data sets), or the trapezoid under the curve (the first release of Market-1501's evaluation).
    """
    precisions: list[float] = []
    hits = np.zeros(ranks, np.int64)
    for row, person, home in zip(found, query_ids, query_cameras, strict=True):
        mine = gallery_ids == person
        kept = (gallery_ids != JUNK) & ~(mine & (gallery_cameras == home))
        places = _places(row, mine & kept, kept)
        if len(places):
            precisions.append(_average_precision(places, rule))
            hits[places[0] :] += 1
    counted = len(precisions)
    share = hits / max(counted, 1)
    return Scores(float(np.mean(precisions)) if counted else 0.0, share, counted, len(query_ids) - counted)


def _places(row: NDArray[np.float32], right: NDArray[np.bool_], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Ranks from 0 of the right answers among the kept ones, ascending."""
    at = np.flatnonzero(right)
    at = at[np.argsort(row[at], kind="stable")]
    if not len(at):
        return np.empty(0, np.int64)
    values = row[at]
    rivals = np.flatnonzero(kept & (row <= values[-1]))
    # for every rival the first right answer that comes after it; equal distances are told apart by their place
    first = np.searchsorted(values, row[rivals])
    tied = first != np.searchsorted(values, row[rivals], side="right")
    own = np.searchsorted(values, values) * len(row) + at
    first[tied] = np.searchsorted(own, first[tied] * len(row) + rivals[tied], side="right")
    return np.cumsum(np.bincount(first, minlength=len(at) + 1))[: len(at)]


def _average_precision(places: NDArray[np.int64], rule: AveragePrecisionRule) -> float:
    """From the ranks from 0 of the right answers, ascending."""
    order = np.arange(1, len(places) + 1)
    precision = order / (places + 1)
    if rule == "mean":
        return float(precision.mean())
    before = np.where(places > 0, (order - 1) / np.maximum(places, 1), 1.0)
    return float(((precision + before) / 2).mean())
