"""Complete linkage over near pairs, beside slow loops."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_engine import grouping
from reid_engine.errors import JobCancelled
from reid_engine.grouping import NearPairs, grouped, near_pairs
from reid_engine.ranking import distances, unit_length

Known = dict[tuple[int, int], float]


def pairs_of(known: Known) -> NearPairs:
    rows = np.array([*known], np.int64).reshape(-1, 2)
    return NearPairs(rows[:, 0], rows[:, 1], np.array([*known.values()], np.float32))


def slowly(count: int, known: Known) -> list[list[int]]:
    """Every two groups looked at in every round."""
    groups = [[row] for row in range(count)]
    while True:
        best = None
        for one, other in combinations(groups, 2):
            between = [known.get((min(a, b), max(a, b))) for a in one for b in other]
            if None not in between:
                found = (max(far for far in between if far is not None), one[0], other[0])
                best = found if best is None else min(best, found)
        if best is None:
            return groups
        one, other = (next(group for group in groups if group[0] == first) for first in best[1:])
        groups.remove(other)
        one += other
        one.sort()


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 9), st.data())
def test_groups_are_those_of_complete_linkage_and_every_two_of_one_are_a_pair(count: int, data: st.DataObject) -> None:
    possible = [*combinations(range(count), 2)]
    chosen = data.draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    known = {pair: data.draw(st.sampled_from([0.0, 0.25, 0.5, 0.75])) for pair in chosen}  # many equal ones
    found = grouped(count, pairs_of(known))
    assert found == slowly(count, known)
    assert sorted(row for group in found for row in group) == list(range(count))
    assert all(pair in known for group in found for pair in combinations(group, 2))


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
def test_near_pairs_are_those_of_the_whole_matrix_in_order(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "ROWS", 7)
    vectors = unit_length(np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32))
    far = distances(kind, vectors, vectors)  # type: ignore[arg-type]
    wanted = [(one, other) for one, other in combinations(range(40), 2) if far[one, other] <= 0.6]
    found = near_pairs(kind, vectors, 0.6)  # type: ignore[arg-type]
    assert sorted(zip(found.first.tolist(), found.second.tolist(), strict=True)) == wanted
    assert (np.diff(found.distance) >= 0).all()
    assert found.whole


@pytest.mark.parametrize("most", [1, 10, 30])
def test_of_too_many_near_pairs_the_nearest_are_kept(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit_length(np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32))
    everything = near_pairs("cosine", vectors, 0.9)
    monkeypatch.setattr(grouping, "ROWS", 3)
    found = near_pairs("cosine", vectors, 0.9, most=most)
    assert not found.whole
    assert len(found) == most
    np.testing.assert_array_equal(found.first, everything.first[:most])
    np.testing.assert_array_equal(found.second, everything.second[:most])


def test_nobody_has_no_pairs_and_a_check_may_stop_it() -> None:
    assert len(near_pairs("cosine", np.empty((0, 4), np.float32), 1.0)) == 0
    assert grouped(0, pairs_of({})) == []

    def stop() -> None:
        raise JobCancelled("enough")

    with pytest.raises(JobCancelled):
        near_pairs("cosine", np.ones((2, 4), np.float32), 1.0, check=stop)


def test_putting_together_looks_now_and_then_whether_anybody_still_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "CHECKED", 2)

    def nobody() -> None:
        raise JobCancelled("nobody waits")

    with pytest.raises(JobCancelled):
        grouped(4, pairs_of({(0, 1): 0.1, (2, 3): 0.2}), check=nobody)
