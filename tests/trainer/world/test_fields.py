"""Signed distances against sampled bodies and differences."""

import numpy as np
import pytest

from trainer.world.fields import distance, field, gradient, occluded, part, smooth_min, surface


def cone(rng, **shape):
    a, b = rng.uniform(-1, 1, (2, 3))
    return part(a, b, tuple(rng.uniform(0.05, 0.3, 2)), group=0, material=0, **shape)


def test_a_rounded_cone_is_the_union_of_the_balls_along_its_axis():
    rng = np.random.default_rng(1)
    for _ in range(40):
        row = cone(rng)
        along = np.linspace(0, 1, 4001)
        centres = row[0:3] + row[3:6] * row[6] * along[:, None]
        radii = row[7] + (row[10] - row[7]) * along
        point = rng.uniform(-2, 2, 3)
        balls = (np.linalg.norm(point - centres, axis=1) - radii).min()
        assert distance(row[None], 0, *point) == pytest.approx(balls, abs=1e-3)


def test_a_square_end_is_cut_where_the_axis_ends():
    row = part((0, 0, 0), (0, 0, 1), (0.2, 0.2), group=0, material=0, cut=(False, True))
    assert distance(row[None], 0, 0.0, 0.0, 1.1) == pytest.approx(0.1, abs=1e-6)
    assert distance(row[None], 0, 0.0, 0.0, -0.3) == pytest.approx(0.1, abs=1e-6)


def test_a_flattened_part_ends_at_its_thickness_and_its_width():
    row = part((0, 0, 0), (0, 0, 1), (0.2, 0.2), group=0, material=0, flat=((0, 1, 0), 0.5))
    assert distance(row[None], 0, 0.0, 0.1, 0.5) == pytest.approx(0.0, abs=1e-6)
    assert distance(row[None], 0, 0.2, 0.0, 0.5) == pytest.approx(0.0, abs=1e-6)
    assert distance(row[None], 0, 0.0, 0.2, 0.5) > 0.02


def test_the_smooth_minimum_is_the_minimum_but_where_both_are_near():
    for a, b in np.random.default_rng(2).uniform(-1, 1, (200, 2)):
        near = max(0.3 - abs(a - b), 0) / 0.3
        assert smooth_min(a, b, 0.3) == pytest.approx(min(a, b) - near * near * 0.3 / 4, abs=1e-12)


def test_the_direction_of_growth_agrees_with_differences():
    rng = np.random.default_rng(3)
    for trial in range(60):
        row = cone(rng, flat=((0.0, 0.0, 1.0), 0.6) if trial % 2 else None)
        point = rng.uniform(-2, 2, 3)
        start = distance(row[None], 0, *point)
        if start < 0.02:
            continue
        for _ in range(20):  # to the surface, where the distance of flattened parts is right
            point = point - np.array(gradient(row[None], 0, *point)) * distance(row[None], 0, *point)
        h = 1e-3
        slow = [
            distance(row[None], 0, *(point + h * axis)) - distance(row[None], 0, *(point - h * axis))
            for axis in np.eye(3)
        ]
        assert np.dot(gradient(row[None], 0, *point), slow / np.linalg.norm(slow)) > 0.999


def body(rng, count=9):
    rows = np.stack([cone(rng) for _ in range(count)])
    rows[:, 18] = np.sort(rng.integers(0, 3, count))
    return rows


def slow_field(rows, point):
    groups = {}
    for index, row in enumerate(rows):
        found = distance(rows, index, *point)
        groups[row[18]] = smooth_min(groups[row[18]], found, row[17]) if row[18] in groups else found
    return min(groups.values())


def test_the_field_is_the_smooth_minimum_within_groups_and_the_minimum_between():
    rng = np.random.default_rng(4)
    for _ in range(50):
        rows, point = body(rng), rng.uniform(-1.5, 1.5, 3)
        everything = np.arange(len(rows), dtype=np.int32)
        assert field(rows, everything, len(rows), *point) == pytest.approx(slow_field(rows, point), abs=1e-5)


def test_the_surface_belongs_to_the_nearest_part_and_faces_outward():
    rng = np.random.default_rng(5)
    for _ in range(50):
        rows = body(rng)
        everything = np.arange(len(rows), dtype=np.int32)
        point = rng.uniform(-1.5, 1.5, 3)
        found, *normal = surface(rows, everything, len(rows), *point)
        apart = [distance(rows, k, *point) for k in range(len(rows))]
        assert apart[found] <= min(apart) + 0.031, "a blend may reach past the nearest part by its width, no more"
        assert np.linalg.norm(normal) == pytest.approx(1, abs=1e-6)


def test_a_body_keeps_light_off_what_lies_behind_it_and_nothing_else():
    row = part((0, 0, 1), (0, 0, 2), (0.2, 0.2), group=0, material=0)[None]
    east = np.array([1, 0, 0], np.float32)
    assert occluded(row, -1, (-1.0, 0.0, 1.5), east) < 0.05
    assert occluded(row, -1, (1.0, 0.0, 1.5), east) == 1
    assert occluded(row, -1, (-1.0, 0.9, 1.5), east) == 1
    assert occluded(row, 0, (-1.0, 0.0, 1.5), east) == 1, "a part does not shade itself"
