"""Projection against its definition."""

import numpy as np
import pytest

from trainer.world.geometry import facing, looking


def view():
    return looking((1.0, -8.0, 3.0), np.pi / 2, 0.2, focal_px=500, size=(320, 240), roll_rad=0.03)


def test_projection_is_rotation_division_and_shift():
    rng, seen = np.random.default_rng(0), view()
    points = rng.uniform((-2, -2, 0), (2, 5, 2), (30, 3))
    pixels, depth = seen.project(points)
    for point, pixel, far in zip(points, pixels, depth, strict=True):
        x, y, z = (sum(seen.rotation[k, j] * (point[j] - seen.position[j]) for j in range(3)) for k in range(3))
        assert far == pytest.approx(z)
        assert pixel == pytest.approx((500 * x / z + 160, 500 * y / z + 120))


def test_up_is_up_and_right_is_right_in_the_picture():
    pixels, _ = view().project(np.array([[1, 0, 0], [1, 0, 1.8], [2, 0, 0]]))
    assert pixels[1, 1] < pixels[0, 1], "a head is above its feet"
    assert pixels[2, 0] > pixels[0, 0], "east is to the right of a camera that looks north"


def test_the_ground_seen_at_a_pixel_is_projected_back_to_it():
    seen = view()
    ground = seen.ground((200.0, 180.0))
    assert ground is not None
    assert seen.project(np.array([[*ground, 0.0]]))[0][0] == pytest.approx((200, 180))
    assert seen.ground((160.0, -900.0)) is None, "there is no ground above the horizon"


def test_a_window_shows_a_part_of_the_picture_at_another_scale():
    seen, point = view(), np.array([[1.2, 0.5, 1.0]])
    whole, part = seen.project(point)[0][0], seen.window(100, 60, (80, 80), 0.5).project(point)[0][0]
    assert part == pytest.approx((whole - (100, 60)) * 0.5)


def test_somebody_who_faces_north_has_the_east_at_their_right():
    assert facing(np.pi / 2) @ (1, 0, 0) == pytest.approx((1, 0, 0))
    assert facing(np.pi / 2) @ (0, 1, 0) == pytest.approx((0, 1, 0))
