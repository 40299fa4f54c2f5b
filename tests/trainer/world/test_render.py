"""Bodies in pictures."""

from dataclasses import replace

import numpy as np
import pytest

from trainer.world.body import posed
from trainer.world.geometry import Light, looking
from trainer.world.people import person
from trainer.world.render import render

SUN = np.array([0.4, -0.5, 0.77]) / np.linalg.norm([0.4, -0.5, 0.77])
DAY = Light(SUN, np.array([1.5, 1.4, 1.3]), np.array([0.5, 0.55, 0.6]), np.array([0.3, 0.3, 0.3]))


def view(size=(64, 128), distance=9.0):
    return looking((0.0, -distance, 2.4), np.pi / 2, 0.17, focal_px=500, size=size)


def seen(seed=3, at=(0.0, 0.0), **more):
    return render(posed(person(seed), at, 0.7, "walk", 0.3), view(), DAY, **more)


def test_the_same_body_gives_the_same_bytes():
    first, second = seen(), seen()
    assert np.array_equal(first.rgb, second.rgb)
    assert np.array_equal(first.alpha, second.alpha)


@pytest.mark.parametrize("seed", range(8))
def test_the_box_is_tight_around_what_is_seen(seed):
    layer = seen(seed)
    lines, columns = np.nonzero(layer.alpha > 0.3)
    x0, y0, x1, y1 = layer.box
    assert (x0, y0) == (columns.min() + layer.x0, lines.min() + layer.y0)
    assert (x1, y1) == (columns.max() + 1 + layer.x0, lines.max() + 1 + layer.y0)


@pytest.mark.parametrize("seed", range(8))
def test_a_person_is_as_tall_in_the_picture_as_in_the_world(seed):
    who, camera = person(seed), view()
    layer = render(
        posed(replace(who, hairstyle="bald", hat=replace(who.hat, kind="none")), (0, 0), 0.7, "stand"), camera, DAY
    )
    ends, _ = camera.project(np.array([[0, 0, 0], [0, 0, who.height_m]]))
    assert layer.box[3] - layer.box[1] == pytest.approx(ends[0, 1] - ends[1, 1], rel=0.06)


def test_a_finer_picture_has_the_same_outline_and_colours():
    coarse, fine = seen(), seen(samples=3)
    assert coarse.box == pytest.approx(fine.box, abs=1.01)
    assert coarse.alpha.sum() == pytest.approx(fine.alpha.sum(), rel=0.03)
    colour = [(layer.rgb * layer.alpha[..., None]).sum((0, 1)) / layer.alpha.sum() for layer in (coarse, fine)]
    assert colour[0] == pytest.approx(colour[1], rel=0.08)


def test_depth_is_where_the_person_stands_and_nowhere_else():
    layer = seen()
    _, depth = view().project(np.array([[0, 0, 1.0]]))
    assert np.abs(layer.depth[layer.alpha > 0.5] - depth[0]).max() < 0.9
    assert np.isinf(layer.depth[layer.alpha == 0]).all()


def test_who_is_behind_the_camera_or_beside_the_picture_is_not_seen():
    assert seen(at=(0.0, -20.0)) is None
    assert seen(at=(30.0, 0.0)) is None


def test_who_leaves_the_picture_keeps_a_whole_box():
    layer = seen(at=(0.55, 0.0))
    assert layer.box[2] > 64
    assert layer.rgb.shape[1] + layer.x0 <= 64


def test_light_from_the_left_brightens_the_left():
    plain = replace(person(3), jacket=None)
    plain = replace(
        plain,
        top=replace(plain.top, pattern="plain", colours=((0.7, 0.7, 0.7),) * 2),
        bag=replace(plain.bag, kind="none"),
    )
    side = Light(np.array([-0.9, -0.3, 0.3]), np.full(3, 2.0), np.full(3, 0.2), np.full(3, 0.1))
    layer = render(posed(plain, (0, 0), -np.pi / 2, "stand"), view(), side)
    y0, y1 = int(0.25 * layer.alpha.shape[0]), int(0.4 * layer.alpha.shape[0])
    chest, cover = layer.rgb[y0:y1].mean(axis=2), layer.alpha[y0:y1] > 0.9
    half = layer.alpha.shape[1] // 2
    assert chest[:, :half][cover[:, :half]].mean() > 1.3 * chest[:, half:][cover[:, half:]].mean()


def test_arms_cast_a_shadow_only_when_asked():
    assert seen(shadows=False).rgb.sum() > seen().rgb.sum()
