"""People in a picture: truth boxes against what is drawn, occlusion, visible shares, blur."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trainer.world.cameras import Camera, Response
from trainer.world.composite import Actor, Stage, compose, smeared, stage
from trainer.world.geometry import Layer
from trainer.world.people import person
from trainer.world.places import place

SIZE = (160, 120)


@pytest.fixture(scope="module")
def here() -> Stage:
    """A camera on a wide empty floor, people about 50 pixels high."""
    bare = place(2, "campus")
    bare = replace(bare, things=bare.things[-2:], tree=np.zeros((0, 8)), footprints=np.zeros((0, 6)))
    camera = Camera("a", (0.0, 0.0, 3.0), 0.0, 0.2, 180.0, SIZE, Response(shutter_s=0.0))
    return stage(bare, camera, samples=1, rays=2)


def standing(x: float, y: float, seed: int = 1, **more: object) -> Actor:
    return replace(Actor(person(seed), x, y, 1.0, "stand", 0.3, 0.0), **more)  # type: ignore[arg-type]


def test_a_box_is_the_extent_of_what_changed_in_the_picture(here: Stage):
    rgb, (one,) = compose(here, [standing(9, 0.3)], shadows=False)
    rows, columns = np.nonzero(np.abs(rgb - here.backdrop.rgb).max(2) > 0.02)
    drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert one.box == pytest.approx(drawn, abs=1.5)
    assert one.visible == pytest.approx(1.0, abs=0.01)


def test_who_stands_in_front_hides_who_stands_behind(here: Stage):
    front, behind = standing(7, 0.0, 1), standing(9, 0.0, 2)
    _, seen = compose(here, [behind, front])
    shares = {one.actor: one.visible for one in seen}
    assert shares[1] == pytest.approx(1.0, abs=0.01)
    assert shares[0] < 0.5


def test_the_visible_share_is_what_is_left_of_the_body_pixel_by_pixel(here: Stage):
    front, behind = standing(7, 0.12, 1), standing(9, 0.0, 2)
    alone, _ = compose(here, [behind], shadows=False)
    both, seen = compose(here, [behind, front], shadows=False)
    body = np.abs(alone - here.backdrop.rgb).max(2) > 0.02
    left = body & (np.abs(both - alone).max(2) < 1e-6)
    share = next(one.visible for one in seen if one.actor == 0)
    assert share == pytest.approx(left.sum() / body.sum(), abs=0.1)


def test_a_thing_before_somebody_hides_them_and_the_share_says_so(here: Stage):
    depth = here.backdrop.depth.copy()
    depth[60:] = 2.0  # a wall whose upper edge is in the middle of the picture
    walled = replace(here, backdrop=replace(here.backdrop, depth=depth))
    rgb, (one,) = compose(walled, [standing(9, 0.0)], shadows=False)
    assert np.array_equal(rgb[60:], here.backdrop.rgb[60:])
    assert 0.1 < one.visible < 0.9


def test_a_body_cut_by_the_edge_counts_as_partly_visible_and_keeps_its_whole_box(here: Stage):
    _, seen = compose(here, [standing(6, 2.72)], shadows=False)
    (one,) = seen
    assert one.box[0] < 0
    assert one.visible < 0.9


def test_nobody_is_seen_behind_the_camera(here: Stage):
    assert compose(here, [standing(-5, 0)])[1] == []


def test_shadows_darken_the_floor_and_nothing_gets_lighter(here: Stage):
    rgb, (one,) = compose(here, [standing(8, 0.0)])
    bare, _ = compose(here, [standing(8, 0.0)], shadows=False)
    change = rgb - bare
    assert change.max() < 1e-5
    feet = round(one.box[3]), round((one.box[0] + one.box[2]) / 2)
    assert change[feet[0] - 4 : feet[0] + 5, feet[1] - 8 : feet[1] + 9].min() < -0.02


def test_motion_blur_keeps_the_light_and_widens_along_the_movement():
    alpha = np.zeros((21, 21), np.float32)
    alpha[8:13, 8:13] = 1
    rgb = np.full((21, 21, 3), 0.5, np.float32)
    layer = Layer(0, 0, rgb, alpha, np.where(alpha > 0, 5.0, np.inf).astype(np.float32), (8, 8, 13, 13))
    wide = smeared(layer, np.array([5.0, 0.0]))
    assert wide.alpha.sum() == pytest.approx(alpha.sum(), rel=1e-4)
    assert (wide.alpha[10] > 0.01).sum() > 8
    assert (wide.alpha[:, 10] > 0.01).sum() <= 7
    assert smeared(layer, np.array([0.2, 0.1])) is layer
