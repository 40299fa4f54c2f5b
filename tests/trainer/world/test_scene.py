"""A site: who is where, walking times between places, and the same walk for the same seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from trainer.world.scene import AWAY, STEP_S, Site, Tracks, Wanted, cast, site, walk
from trainer.world.walking import Ways

SECONDS = 45.0


@pytest.fixture(scope="module")
def where() -> Site:
    return site(3, Wanted(3, size=(160, 90), overlapping=2, clock_error_s=(("cam2", 37.0),)))


@pytest.fixture(scope="module")
def tracks(where: Site) -> Tracks:
    return walk(where, cast(3, 10, 2), SECONDS, 3)


def test_the_first_cameras_share_a_place_and_the_others_have_their_own(where: Site):
    assert [camera.area for camera in where.cameras] == [0, 0, 1]
    assert where.cameras[0].position != where.cameras[1].position
    assert [camera.clock_error_s for camera in where.cameras] == [0, 37, 0]
    assert where.gaps_m[0][1] == where.gaps_m[1][0] > 5


def test_the_same_seed_walks_the_same_ways(where: Site, tracks: Tracks):
    again = walk(where, cast(3, 10, 2), SECONDS, 3)
    for name in ("area", "x", "y", "heading", "phase"):
        assert np.array_equal(getattr(tracks, name), getattr(again, name))


def test_people_come_and_go_and_are_out_of_sight_for_the_walking_time_of_the_plan(where: Site, tracks: Tracks):
    low, high = where.walking_s(0, 1)
    crossings = 0
    for k in range(len(tracks.people)):
        area = tracks.area[:, k]
        changes = np.flatnonzero(np.diff(area))
        for leaves, enters in pairwise(changes):
            if area[leaves] != AWAY and area[leaves + 1] == AWAY and area[enters + 1] not in (AWAY, area[leaves]):
                crossings += 1
                assert low - 2 * STEP_S <= (enters - leaves) * STEP_S <= high + 2 * STEP_S
    assert crossings >= 3
    assert (tracks.area >= 0).any(axis=0).all(), "everybody is somewhere once"


def test_nobody_walks_through_things_or_faster_than_people_do(where: Site, tracks: Tracks):
    ways = [Ways(here) for here in where.places]
    inside = total = 0
    for t in range(0, len(tracks.area), 5):
        for k in np.flatnonzero(tracks.area[t] >= 0):
            total += 1
            inside += not ways[tracks.area[t, k]].free(np.array([tracks.x[t, k], tracks.y[t, k]]))
    assert total > 200
    assert inside / total < 0.01
    same = tracks.area[1:] == tracks.area[:-1]
    step = np.hypot(np.diff(tracks.x, axis=0), np.diff(tracks.y, axis=0))
    assert step[same & (tracks.area[1:] >= 0)].max() / STEP_S < 2.2


def test_between_two_steps_people_are_between_their_places(tracks: Tracks):
    t, k = next((t, k) for t in range(50) for k in range(10) if tracks.area[t, k] == tracks.area[t + 1, k] == 0)
    (actor,) = (a for n, a in tracks.actors(0, (t + 0.5) * STEP_S) if n == k)
    assert actor.x == pytest.approx((tracks.x[t, k] + tracks.x[t + 1, k]) / 2)
    assert actor.y == pytest.approx((tracks.y[t, k] + tracks.y[t + 1, k]) / 2)


def test_people_walk_stand_and_meet(tracks: Tracks):
    there = tracks.area >= 0
    assert (tracks.speed[there] > 0.8).mean() > 0.3
    assert (tracks.speed[there] < 0.15).any(), "some stop"


def test_lookalikes_resemble_one_of_the_others():
    people = cast(3, 10, 2)
    assert [bool(p.detail) for p in people] == [False] * 8 + [True] * 2
