"""Distances, re-ranking, feedback and scores, each beside a slow twin or a ranking worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_engine import jaccard
from reid_engine.errors import ShapeError
from reid_engine.ranking import (
    JUNK,
    AveragePrecisionRule,
    cosine_distance,
    distances,
    euclidean_distance,
    k_reciprocal_rerank,
    rerank_blocks,
    rocchio,
    score_ranking,
    unit_length,
)
from reid_engine.types import DistanceName

Matrix = NDArray[np.float32]


def vectors(count: int, seed: int, dim: int = 24, people: int = 12, noise: float = 0.4) -> Matrix:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(people, dim))
    return unit_length(
        (centres[rng.integers(0, people, count)] + noise * rng.normal(size=(count, dim))).astype(np.float32)
    )


def test_cosine_distance_is_of_directions() -> None:
    a = np.array([[2.0, 0.0], [0.0, 0.0]], np.float32)
    b = np.array([[5.0, 0.0], [0.0, 3.0], [-1.0, 0.0]], np.float32)
    np.testing.assert_allclose(cosine_distance(a, b), [[0, 1, 2], [1, 1, 1]], atol=1e-6)


def test_euclidean_distance_is_the_length_of_the_difference() -> None:
    a, b = vectors(5, 1) * 3, vectors(7, 2) * 2
    slow = np.array([[np.linalg.norm(x - y) for y in b] for x in a])
    np.testing.assert_allclose(euclidean_distance(a, b), slow, atol=1e-5)
    assert euclidean_distance(a, a).diagonal().max() < 2e-3


def test_feedback_moves_a_query_towards_the_same_and_away_from_the_different() -> None:
    query, same, different = np.array([1.0, 0, 0]), np.array([[0.0, 1, 0]]), np.array([[0.0, 0, 1]])
    nothing = np.empty((0, 3))
    np.testing.assert_allclose(rocchio(query, same, different), np.array([1, 0.75, -0.15]) / 1.6, atol=1e-6)
    np.testing.assert_allclose(rocchio(query, nothing, nothing), query, atol=1e-6)
    np.testing.assert_allclose(
        rocchio(query, np.vstack([same, same]), nothing), np.array([1, 0.75, 0]) / 1.75, atol=1e-6
    )


# re-ranking ----------------------------------------------------------------------------------------------------------


def slow_rerank(qq: Matrix, qg: Matrix, gg: Matrix, k1: int, k2: int, weight: float) -> Matrix:
    """The paper's equations with sets and loops, for every pair."""
    queries = len(qq)
    original = np.block([[qq, qg], [qg.T, gg]]).astype(np.float64) ** 2
    original /= original.max(axis=1, keepdims=True)
    n = len(original)
    ranks = [np.argsort(row, kind="stable") for row in original]

    def near(i: int, k: int) -> set[int]:
        return set(ranks[i][: k + 1].tolist())

    def reciprocal(i: int, k: int) -> set[int]:  # eq. 2
        return {j for j in near(i, k) if i in near(j, k)}

    encoded = np.zeros((n, n))
    for i in range(n):
        extended = set(reciprocal(i, k1))
        for j in reciprocal(i, k1):  # eq. 5
            theirs = reciprocal(j, round(k1 / 2))
            if len(theirs & reciprocal(i, k1)) > 2 / 3 * len(theirs):
                extended |= theirs
        for j in extended:  # eq. 7
            encoded[i, j] = np.exp(-original[i, j])
        encoded[i] /= encoded[i].sum()
    if k2 > 1:  # eq. 11
        encoded = np.array([encoded[ranks[i][:k2]].mean(axis=0) for i in range(n)])
    result = np.zeros((queries, n - queries))
    for q in range(queries):
        for g in range(queries, n):  # eq. 10 and 12
            jaccard = 1 - np.minimum(encoded[q], encoded[g]).sum() / np.maximum(encoded[q], encoded[g]).sum()
            result[q, g - queries] = (1 - weight) * jaccard + weight * original[q, g]
    return result.astype(np.float32)


@pytest.mark.parametrize(
    ("queries", "gallery", "k1", "k2", "weight"),
    [
        (6, 70, 20, 6, 0.3),
        (1, 40, 20, 6, 0.3),
        (4, 50, 7, 1, 0.3),
        (3, 8, 20, 6, 0.5),
        (5, 60, 9, 4, 0.0),
        (2, 1, 20, 6, 0.3),
    ],
)
def test_fast_re_ranking_equals_the_paper(queries: int, gallery: int, k1: int, k2: int, weight: float) -> None:
    q, g = vectors(queries, 3), vectors(gallery, 4)
    blocks = cosine_distance(q, q), cosine_distance(q, g), cosine_distance(g, g)
    fast = k_reciprocal_rerank(*blocks, k1=k1, k2=k2, weight=weight)
    assert fast.shape == (queries, gallery)
    assert np.abs(fast - slow_rerank(*blocks, k1, k2, weight)).max() <= 1e-5


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
def test_re_ranking_a_few_rows_at_a_time_equals_the_whole_matrix(
    monkeypatch: pytest.MonkeyPatch, kind: DistanceName
) -> None:
    q, g = vectors(13, 3), vectors(60, 4)
    whole = k_reciprocal_rerank(distances(kind, q, q), distances(kind, q, g), distances(kind, g, g))
    monkeypatch.setattr(jaccard, "BLOCK_BYTES", 4 * 73 * 5)
    parts = list(rerank_blocks(kind, q, g))
    assert [block.stop for block, _ in parts] == [5, 10, 13]
    np.testing.assert_allclose(np.concatenate([part for _, part in parts]), whole, atol=2e-6)


def test_re_ranking_of_blocks_that_do_not_fit_is_refused() -> None:
    q, g = vectors(3, 1), vectors(5, 2)
    with pytest.raises(ShapeError):
        k_reciprocal_rerank(cosine_distance(q, q), cosine_distance(q, g), cosine_distance(q, q))


def test_re_ranking_lifts_somebody_whose_neighbours_are_the_probes_neighbours() -> None:
    q, g = vectors(12, 5, noise=1.2), vectors(200, 6, noise=1.2)
    truth = np.random.default_rng(5).integers(0, 12, 12)
    labels = np.random.default_rng(6).integers(0, 12, 200)
    cameras = np.zeros(12, np.int64), np.ones(200, np.int64)
    plain = cosine_distance(q, g)
    again = k_reciprocal_rerank(cosine_distance(q, q), plain, cosine_distance(g, g))
    scores = [
        score_ranking(d, query_ids=truth, gallery_ids=labels, query_cameras=cameras[0], gallery_cameras=cameras[1])
        for d in (plain, again)
    ]
    assert scores[1].mean_ap > scores[0].mean_ap


# scores --------------------------------------------------------------------------------------------------------------


def slow_scores(
    found: Matrix, query: NDArray[np.int64], gallery: NDArray[np.int64], rule: str
) -> tuple[float, list[int]]:
    """Sort, throw out, walk down the list. ``query`` and ``gallery`` are rows of (identity, camera)."""
    precisions, firsts = [], []
    for row, (person, camera) in zip(found, query, strict=True):
        order = sorted(range(len(row)), key=lambda j: (row[j], j))
        kept = [j for j in order if gallery[j, 0] != JUNK and tuple(gallery[j]) != (person, camera)]
        right = [bool(gallery[j, 0] == person) for j in kept]
        if not any(right):
            continue
        firsts.append(right.index(True))
        total, hits = 0.0, 0
        for at, good in enumerate(right, start=1):
            if good:
                before = 1.0 if at == 1 else hits / (at - 1)
                hits += 1
                total += hits / at if rule == "mean" else (hits / at + before) / 2
        precisions.append(total / hits)
    return (float(np.mean(precisions)) if precisions else 0.0), firsts


@pytest.mark.parametrize("rule", ["mean", "trapezoid"])
@pytest.mark.parametrize("levels", [4, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_counting_equals_sorting(rule: AveragePrecisionRule, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = rng.integers(0, levels, (20, 60)).astype(np.float32)
    query = np.stack([rng.integers(0, 8, 20), rng.integers(0, 3, 20)], 1)
    gallery = np.stack([rng.integers(-1, 9, 60), rng.integers(0, 3, 60)], 1)
    scores = score_ranking(
        found,
        query_ids=query[:, 0],
        gallery_ids=gallery[:, 0],
        query_cameras=query[:, 1],
        gallery_cameras=gallery[:, 1],
        rule=rule,
        ranks=10,
    )
    mean_ap, firsts = slow_scores(found, query, gallery, rule)
    assert scores.mean_ap == pytest.approx(mean_ap, abs=1e-12)
    assert (scores.queries, scores.left_out) == (len(firsts), 20 - len(firsts))
    np.testing.assert_allclose(scores.cmc, [np.mean([first <= k for first in firsts]) for k in range(10)])


def worked(labels: list[int], cameras: list[int], rule: AveragePrecisionRule = "mean") -> tuple[float, float]:
    """Mean AP and rank-1 of one query (person 1, camera 0) whose gallery is already in order."""
    scores = score_ranking(
        np.arange(len(labels), dtype=np.float32)[None],
        query_ids=np.array([1]),
        gallery_ids=np.array(labels),
        query_cameras=np.array([0]),
        gallery_cameras=np.array(cameras),
        rule=rule,
    )
    return scores.mean_ap, float(scores.cmc[0])


def test_a_ranking_worked_by_hand() -> None:
    # right at ranks 1 and 3: (1/1 + 2/3) / 2; trapezoid: ((1 + 1) / 2 + (2/3 + 1/2) / 2) / 2
    assert worked([1, 2, 1], [1, 1, 1]) == pytest.approx(((1 + 2 / 3) / 2, 1.0))
    assert worked([1, 2, 1], [1, 1, 1], "trapezoid")[0] == pytest.approx((1 + (2 / 3 + 1 / 2) / 2) / 2)


def test_the_same_person_in_the_same_camera_counts_neither_way() -> None:
    assert worked([1, 2, 1], [0, 0, 1]) == pytest.approx((0.5, 0.0))


def test_junk_is_left_out_and_a_distractor_counts_as_wrong() -> None:
    assert worked([JUNK, 1], [1, 1]) == pytest.approx((1.0, 1.0))
    assert worked([0, 1], [1, 1]) == pytest.approx((0.5, 0.0))


def test_a_query_without_a_right_answer_is_left_out_and_said() -> None:
    scores = score_ranking(
        np.zeros((2, 2), np.float32),
        query_ids=np.array([5, 1]),
        gallery_ids=np.array([1, 2]),
        query_cameras=np.array([0, 0]),
        gallery_cameras=np.array([1, 1]),
    )
    assert (scores.queries, scores.left_out, scores.mean_ap) == (1, 1, 1.0)
