"""Places: rays against formulas and slow loops, light, doors and where cameras hang."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainer.world import surfaces
from trainer.world.geometry import looking
from trainer.world.layouts import KINDS
from trainer.world.places import backdrop, hang, place
from trainer.world.raycast import BOX, CYLINDER, ELLIPSOID, FAR, ROUNDED, meet, nearest, thing, tree_of
from trainer.world.walking import NEVER, Ways, pushed_apart

GREY = (0.5, 0.5, 0.5)


def scattered(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = [
        thing(
            int(rng.integers(4)),
            tuple(rng.uniform([-5, -5, 0.5], [5, 5, 3])),
            tuple(rng.uniform(0.2, 0.9, 3)),
            surfaces.PLAIN,
            GREY,
            yaw=float(rng.uniform(0, 6)),
        )
        for _ in range(count)
    ]
    return np.stack(rows)


def test_the_tree_finds_what_asking_every_thing_finds():
    things = scattered(30)
    tree, rng = tree_of(things), np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        origin, d = rng.uniform([-7, -7, 0.2], [7, 7, 4]), rng.normal(size=3)
        d /= np.linalg.norm(d)
        best, index = (-origin[2] / d[2], -1) if d[2] < 0 else (FAR, -2)
        for i in range(len(things)):
            t, face = meet(things, i, origin, d)
            if face and t < best:
                best, index = t, i
        found, which, _ = nearest(things, tree, origin, d, FAR)
        assert (found, which) == (pytest.approx(best), index)
        hits += index >= 0
    assert hits > 30


@pytest.mark.parametrize(
    ("kind", "distance"),
    [(BOX, 9.0), (CYLINDER, 9.0), (ELLIPSOID, 9.0), (ROUNDED, 9.0)],
    ids=["box", "post", "ball", "rounded"],
)
def test_a_ray_meets_a_thing_of_half_size_one_a_metre_before_its_middle(kind: int, distance: float):
    things = thing(kind, (10, 0, 1), (1, 1, 1), surfaces.PLAIN, GREY)[None]
    t, face = meet(things, 0, np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    assert face != 0
    assert t == pytest.approx(distance, abs=0.01)
    assert meet(things, 0, np.array([0.0, 3.0, 1.0]), np.array([1.0, 0.0, 0.0]))[1] == 0


def test_depth_of_the_floor_is_where_the_view_says_the_ground_is():
    here = place(2, "campus")
    view = looking((10, 5, 300), 0.3, 1.2, focal_px=40, size=(24, 16))
    depth = backdrop(here, view, samples=1, rays=1).depth
    for pixel in ((3, 8), (12, 4), (20, 14)):
        ground = view.ground((pixel[0] + 0.5, pixel[1] + 0.5))
        assert ground is not None
        far = float(view.project(np.array([[*ground, 0.0]]))[1][0])
        assert depth[pixel[1], pixel[0]] == pytest.approx(far, rel=0.08), "houses are low against 300 m"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_people_can_walk_from_door_to_door_of_every_kind_of_place(kind: str, seed: int):
    here = place(seed, kind)
    ways = Ways(here)
    doors = [d for d in here.doors if ways.free(d)]
    assert len(doors) >= 2, "two doors at least are open"
    reach = [sum(ways.left((float(d[0]), float(d[1])), e) < NEVER for e in doors) for d in doors]
    assert max(reach) >= 2


def test_the_way_left_is_the_straight_line_where_nothing_stands():
    here = place(3, "campus")
    ways = Ways(here)
    ways.cost[:] = 1.0
    goal, start = (4.0, 4.0), np.array([12.0, 10.0])
    assert ways.left(goal, start) == pytest.approx(math.hypot(8, 6), rel=0.09)  # eight directions: at most 8 % longer
    d = ways.towards(goal, start[None])[0]
    assert d @ np.array([-0.8, -0.6]) > 0.9


def test_two_who_meet_head_on_pass_each_other_on_the_right():
    push = pushed_apart(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert push[0, 1] < 0 < push[1, 1]
    far = pushed_apart(np.array([[0.0, 0.0], [9.0, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert not far.any()


@pytest.mark.parametrize("kind", ["street", "hall", "shop"])
def test_a_camera_hangs_out_of_reach_and_sees_floor(kind: str):
    here = place(5, kind)
    camera = hang(here, 1, "cam1", (160, 90))
    assert 2.2 <= camera.position[2] <= 6.3
    view = camera.view()
    assert view.ground((80, 88)) is not None
    assert hang(here, 1, "cam1", (160, 90)) == camera


def test_the_same_seed_is_the_same_place_and_dusk_is_darker():
    first, again, late = place(9, "campus"), place(9, "campus"), place(9, "campus", dusk=True)
    assert np.array_equal(first.things, again.things)
    view = looking((0, 0, 30), 0.6, 0.9, focal_px=40, size=(48, 27))
    pictures = [backdrop(p, view, samples=1, rays=2) for p in (first, again, late)]
    assert np.array_equal(pictures[0].rgb, pictures[1].rgb)
    assert pictures[2].rgb.mean() < 0.5 * pictures[0].rgb.mean()
    assert not pictures[2].sun.any()
    assert (pictures[0].sun <= pictures[0].rgb + 1e-5).all(), "sunlight is part of the light"


def test_somebody_behind_a_house_stands_in_its_shade():
    here = next(p for p in (place(s, "campus") for s in range(20)) if p.light.sun_rgb[0] > 0.5)
    sun = np.asarray(here.light.sun_direction)
    lit = [bool(np.any(here.light_at(x, y).sun_rgb)) for x in range(-10, 40, 2) for y in range(-10, 40, 2)]
    assert 0 < sum(lit) < len(lit)
    assert sun[2] > 0
