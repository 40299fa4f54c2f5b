"""What camera pairs allow."""

from __future__ import annotations

import pytest

from reid_engine.topology import TRAVEL_TIME, TWO_PLACES, Presence, Topology, Travel, learned

APART = Topology({frozenset((1, 2)): 30})


@pytest.mark.parametrize(
    ("candidate", "flags"),
    [
        (Presence(2, 5, 15), (TWO_PLACES,)),
        (Presence(2, 10, 20), (TWO_PLACES,)),
        (Presence(2, 11, 20), (TRAVEL_TIME,)),
        (Presence(2, 39, 50), (TRAVEL_TIME,)),
        (Presence(2, 40, 50), ()),
        (Presence(2, -60, -30), ()),
        (Presence(2, -60, -29), (TRAVEL_TIME,)),
        (Presence(3, 5, 15), ()),
        (Presence(1, 5, 15), ()),
    ],
)
def test_only_cameras_that_are_apart_raise_flags(candidate: Presence, flags: tuple[str, ...]) -> None:
    assert APART.flags(candidate, [Presence(1, 0, 10)]) == flags


def test_every_anchor_counts_and_a_flag_is_given_once() -> None:
    anchors = [Presence(1, 0, 10), Presence(1, 5, 8), Presence(1, 100, 110)]
    assert APART.flags(Presence(2, 6, 90), anchors) == (TWO_PLACES, TRAVEL_TIME)
    assert APART.flags(Presence(2, 6, 90), []) == ()


def test_without_a_least_time_only_two_places_at_once_is_said() -> None:
    topology = Topology({frozenset((1, 2)): 0})
    assert topology.flags(Presence(2, 11, 12), [Presence(1, 0, 10)]) == ()
    assert topology.flags(Presence(2, 9, 12), [Presence(1, 0, 10)]) == (TWO_PLACES,)


def test_travel_times_are_learned_in_either_direction_and_never_from_overlaps() -> None:
    there = [Presence(1, 0, 10), Presence(2, 50, 60), Presence(2, 70, 80)]
    back = [Presence(1, 200, 210), Presence(2, 100, 130)]
    beside = [Presence(1, 0, 10), Presence(3, 5, 20)]
    found = learned([there, back, beside])
    assert found == {frozenset((1, 2)): Travel(2, 40, 55, 70, people=2)}


def test_a_sighting_of_unknown_time_teaches_no_walk_of_half_a_century() -> None:
    known = Presence(2, 1_793_710_931_000_000, 1_793_710_932_000_000)
    assert learned([(Presence(1, 7_000_000, 9_000_000), known)]) == {}


def test_a_lone_sighting_teaches_nothing() -> None:
    assert learned([[Presence(1, 0, 10)], []]) == {}


def test_two_walks_are_not_enough_to_call_a_third_too_fast() -> None:
    assert Travel(2, 40, 55, 70).doubtful_us == 0
    assert Travel(3, 4, 55, 70).doubtful_us == 27
