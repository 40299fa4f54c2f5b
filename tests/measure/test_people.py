"""How groups agree with people: beside slow loops over pairs and tracklets, and over a case end to end."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_engine.ranking import unit_length
from tests.measure.describers import Describer
from tests.measure.people import agreement, f1, linked, of_set, table
from tests.measure.sets import LabelledSet


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_agreement_is_that_of_loops_over_pairs_and_tracklets(both: list[tuple[int, int]]) -> None:
    found = agreement(*np.array(both).T)
    pairs = [(one[0] == other[0], one[1] == other[1]) for one, other in combinations(both, 2)]
    right, made, true = (
        sum(kind) for kind in ((g and p for g, p in pairs), (g for g, _ in pairs), (p for _, p in pairs))
    )
    assert found.pairs == pytest.approx((right / made if made else 1.0, right / true if true else 1.0))
    precision, recall = [], []
    for group, person in both:
        mine = sum(other == (group, person) for other in both)
        precision.append(mine / sum(other[0] == group for other in both))
        recall.append(mine / sum(other[1] == person for other in both))
    assert found.b_cubed == pytest.approx((np.mean(precision), np.mean(recall)))
    assert (found.groups, found.people) == tuple(len({pair[side] for pair in both}) for side in (0, 1))


def test_figures_of_a_case_worked_out_by_hand() -> None:
    """Groups {a a b} and {b}: one of three pairs right, one of two true ones found."""
    found = agreement(np.array([7, 7, 7, 9]), np.array([1, 1, 2, 2]))
    assert found.pairs == pytest.approx((1 / 3, 1 / 2))
    assert found.b_cubed == pytest.approx(((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4, (1 + 1 + 1 / 2 + 1 / 2) / 4))
    assert f1(1 / 3, 1 / 2) == pytest.approx(0.4)
    assert f1(0.0, 0.0) == 0.0
    assert found.said() == "33.3 / 50.0 / 40.0 | 66.7 / 75.0 / 70.6 | 2 for 2"


def test_single_linkage_follows_every_chain() -> None:
    first, second = np.array([0, 4, 1, 5]), np.array([3, 5, 3, 6])
    assert linked(8, first, second).tolist() == [0, 0, 2, 0, 4, 4, 4, 7]


def test_a_set_is_measured_as_a_case_of_everybody(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Twelve people before three cameras; alone nobody is wrong, and the program finds most of them."""
    rng = np.random.default_rng(0)
    seen = np.tile(rng.normal(size=(12, 32)), (3, 1)) + 0.3 * rng.normal(size=(36, 32))
    found = unit_length(seen.astype(np.float32))
    person, camera = np.tile(np.arange(12), 3), np.repeat([1, 2, 3], 12)
    everybody = LabelledSet("drawn", [[b""]] * 36, person, camera, ((np.arange(36), np.arange(36)),))
    card = {"calibration": {"strong": 0.5, "possible": 0.65, "weak": 0.8, "centre": found.mean(0).tolist()}}
    told = of_set(everybody, Describer("drawn", "drawn", lambda _: found, card), tmp_path)
    assert [*told] == ["the program", "single linkage", "strong, linked", "everybody alone"]
    assert min(*told["the program"].pairs, *told["the program"].b_cubed) > 0.9
    assert (told["everybody alone"].pairs, told["everybody alone"].groups) == ((1.0, 0.0), 36)
    assert len([*table("drawn", told)]) == 6
