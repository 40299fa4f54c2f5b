"""Rankings in pure numpy: distances, k-reciprocal re-ranking, feedback, and the scores of an evaluation.

Everything here is a distance: smaller is nearer. Used by search and by the trainer, so both rank by the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import ShapeError
from reid_engine.types import DistanceName, Vectors

Distances: TypeAlias = NDArray[np.float32]  # (Q, G)
Labels: TypeAlias = NDArray[np.int64]
AveragePrecisionRule: TypeAlias = Literal["mean", "trapezoid"]

TOWARDS = 0.75  # Rocchio's beta, beside 1 for the query
AWAY = 0.15  # and gamma
K1 = 20  # of re-ranking, as its paper has them
K2 = 6
LAMBDA = 0.3
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


def rocchio(query: Vectors, same: Vectors, different: Vectors) -> Vectors:
    """Move a query (D,) towards the mean of ``same`` (S, D) and away from the mean of ``different`` (N, D).

    Rocchio (1971) with its usual weights; without feedback the query comes back as it was.
    """
    moved, weight = query, 1.0
    if len(same):
        moved, weight = moved + TOWARDS * same.mean(0), weight + TOWARDS
    if len(different):
        moved, weight = moved - AWAY * different.mean(0), weight - AWAY
    return np.asarray(moved / weight, np.float32)


def k_reciprocal_rerank(
    query_query: Distances,
    query_gallery: Distances,
    gallery_gallery: Distances,
    *,
    k1: int = K1,
    k2: int = K2,
    weight: float = LAMBDA,
) -> Distances:
    """Re-ranked distances (Q, G) by k-reciprocal encoding: Zhong et al., CVPR 2017.

    Two pictures are near when their k1-reciprocal neighbours (extended by section 3.2, weighted by section 3.3,
    averaged over k2 by section 3.4) are the same; ``weight`` is lambda, the share of the original distance (eq. 12).
    """
    queries, gallery = query_gallery.shape
    if query_query.shape != (queries, queries) or gallery_gallery.shape != (gallery, gallery):
        raise ShapeError(f"blocks {query_query.shape}, {query_gallery.shape}, {gallery_gallery.shape} do not fit")
    original = np.empty((queries + gallery, queries + gallery), np.float32)
    original[:queries, :queries], original[:queries, queries:] = query_query, query_gallery
    original[queries:, :queries], original[queries:, queries:] = query_gallery.T, gallery_gallery
    _squared_shares(original)
    parts = _reranked(original.__getitem__, queries, queries + gallery, k1, k2, weight)
    found: Distances = np.concatenate([part for _, part in parts]) if queries else query_gallery
    return found


def rerank_blocks(kind: DistanceName, queries: Vectors, gallery: Vectors) -> Iterator[tuple[slice, Distances]]:
    """The same from vectors (Q, D), (G, D), by the paper's numbers: rows of some queries at a time, no whole matrix."""
    everyone = np.concatenate([queries, gallery])

    def rows(block: slice) -> Distances:
        return _squared_shares(distances(kind, everyone[block], everyone))

    return _reranked(rows, len(queries), len(everyone), K1, K2, LAMBDA)


def _squared_shares(rows: Distances) -> Distances:
    """Squares, each row over its largest; in place."""
    np.square(rows, out=rows)
    rows /= np.maximum(rows.max(axis=1, keepdims=True), 1e-12)
    return rows


def _reranked(
    rows: Callable[[slice], Distances], queries: int, n: int, k1: int, k2: int, weight: float
) -> Iterator[tuple[slice, Distances]]:
    from reid_engine.jaccard import jaccard_distances, neighbour_weights, row_blocks  # needs scipy, ranking does not

    encoded = neighbour_weights(rows, n, k1, k2)
    gallery = encoded[queries:].tocsc()
    for block in row_blocks(queries, n):
        jaccard = jaccard_distances(encoded[block], gallery)
        yield block, ((1 - weight) * jaccard + weight * rows(block)[:, queries:]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class QueryScores:
    """What an evaluation found of each query.

    precision: (Q,) average precision; first: (Q,) rank from 0 of the first right answer. NaN and -1 where there is no
    right answer
    """

    precision: NDArray[np.float64]
    first: NDArray[np.int64]


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
    """CMC and mean average precision of (Q, G) distances; see ``score_queries`` for the rules."""
    each = score_queries(
        found,
        query_ids=query_ids,
        gallery_ids=gallery_ids,
        query_cameras=query_cameras,
        gallery_cameras=gallery_cameras,
        rule=rule,
    )
    return mean_scores(each, ranks)


def mean_scores(each: QueryScores, ranks: int = 50) -> Scores:
    """Over the queries that have a right answer."""
    counted = each.first >= 0
    number = int(counted.sum())
    cmc = np.searchsorted(np.sort(each.first[counted]), np.arange(ranks), side="right") / max(number, 1)
    return Scores(float(each.precision[counted].mean()) if number else 0.0, cmc, number, len(counted) - number)


def score_queries(
    found: Distances,
    *,
    query_ids: Labels,
    gallery_ids: Labels,
    query_cameras: Labels,
    gallery_cameras: Labels,
    rule: AveragePrecisionRule = "mean",
) -> QueryScores:
    """The scores of (Q, G) distances, without sorting: a right answer's rank is one more than the rows nearer than it.

    Left out of a query's gallery: the same person in the same camera, and JUNK. Everything else that is another person
    counts as wrong. Equal distances keep the gallery's order. ``rule``: the mean of the precisions at the right answers
    (most data sets), or the trapezoid under the curve (the first release of Market-1501's evaluation).
    """
    kept = gallery_ids != JUNK
    if not kept.all():
        found, gallery_ids, gallery_cameras = found[:, kept], gallery_ids[kept], gallery_cameras[kept]
    order = np.argsort(gallery_ids, kind="stable")
    people, starts = np.unique(gallery_ids[order], return_index=True)
    columns = dict(zip(people.tolist(), np.split(order, starts[1:]), strict=True))
    precision, first = np.full(len(found), np.nan), np.full(len(found), -1, np.int64)
    for q, (person, home) in enumerate(zip(query_ids.tolist(), query_cameras.tolist(), strict=True)):
        mine = columns.get(person)
        if mine is None:
            continue
        elsewhere = gallery_cameras[mine] != home
        places = _places(found[q], mine[elsewhere], mine[~elsewhere])
        if len(places):
            precision[q], first[q] = _average_precision(places, rule), places[0]
    return QueryScores(precision, first)


def _places(row: NDArray[np.float32], right: NDArray[np.intp], left_out: NDArray[np.intp]) -> NDArray[np.int64]:
    """Ranks from 0 of the columns ``right`` among all but ``left_out``, ascending; both ascending themselves."""
    values = row[right]
    order = np.argsort(values, kind="stable")
    places = np.empty(len(right), np.int64)
    for at, (value, column) in enumerate(zip(values[order], right[order].tolist(), strict=True)):
        nearer = np.count_nonzero(row < value)
        if np.count_nonzero(row <= value) > nearer + 1:
            nearer += np.count_nonzero(row[:column] == value)
        places[at] = nearer
    if len(left_out):
        theirs, own, columns = row[left_out], values[order, None], right[order, None]
        places -= ((theirs < own) | ((theirs == own) & (left_out < columns))).sum(1)
    return places


def _average_precision(places: NDArray[np.int64], rule: AveragePrecisionRule) -> float:
    """From the ranks from 0 of the right answers, ascending."""
    order = np.arange(1, len(places) + 1)
    precision = order / (places + 1)
    if rule == "mean":
        return float(precision.mean())
    before = np.where(places > 0, (order - 1) / np.maximum(places, 1), 1.0)
    return float(((precision + before) / 2).mean())
