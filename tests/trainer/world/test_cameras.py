"""Cameras: where they look, what they make of light, and what their clock says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from trainer.world.cameras import Camera, Response, aimed, burn_clock, draw_response, metered

PLAIN = Response(contrast=0, black=0, vignette=0, blur_px=0, sharpen=0, shot=0, read=0, jpeg=0)


def ramp(height: int = 24, width: int = 32) -> np.ndarray:
    values = np.linspace(0.02, 0.55, height * width).reshape(height, width, 1)
    return np.repeat(values, 3, axis=2).astype(np.float32)


def test_a_camera_that_is_aimed_at_a_point_has_it_in_the_middle():
    spot, target = (3.0, -2.0, 4.5), (10.0, 6.0, 0.5)
    heading, tilt = aimed(spot, target)
    view = Camera("a", spot, heading, tilt, 500.0, (640, 360)).view()
    pixels, depth = view.project(np.array([target]))
    assert pixels[0] == pytest.approx((320, 180), abs=1e-6)
    assert depth[0] == pytest.approx(np.linalg.norm(np.subtract(target, spot)))


def test_projection_is_the_pinhole_formula_point_by_point():
    camera = Camera("a", (1.0, 2.0, 3.0), 0.7, 0.4, 300.0, (320, 240), roll=0.05)
    view = camera.view()
    points = np.random.default_rng(0).uniform([5, 6, 0], [7, 8, 2], (20, 3))
    pixels, _ = view.project(points)
    for point, pixel in zip(points, pixels, strict=True):
        x, y, z = (sum(view.rotation[r][c] * (point[c] - view.position[c]) for c in range(3)) for r in range(3))
        assert pixel == pytest.approx((300 * x / z + 160, 300 * y / z + 120))


def test_a_response_without_faults_is_the_gamma_curve_of_each_pixel_in_bgr():
    rgb = ramp()
    rgb[..., 2] *= 0.5
    seen = PLAIN.observe(rgb, np.random.default_rng(0))
    for i, j in ((0, 0), (5, 7), (23, 31)):
        for c in range(3):
            assert seen[i, j, 2 - c] == pytest.approx(255 * float(rgb[i, j, c]) ** (1 / 2.2), abs=1.5)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    response = draw_response(np.random.default_rng(4))
    first, again, other = (response.observe(ramp(), np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("fault", "of"),
    [
        ({"vignette": 0.5}, lambda seen: int(seen[12, 16, 0]) - int(seen[0, 0, 0])),
        ({"saturation": 0.0}, lambda seen: 255 - np.ptp(seen.astype(int), axis=2).max()),
        ({"read": 0.05}, lambda seen: seen[..., 1].astype(float).std()),
    ],
)
def test_every_fault_shows(fault: dict, of):
    flat = np.full((24, 32, 3), (0.2, 0.3, 0.4), np.float32)
    clean = PLAIN.observe(flat, np.random.default_rng(0))
    bad = Response(**{**{k: getattr(PLAIN, k) for k in PLAIN.__slots__}, **fault}).observe(
        flat, np.random.default_rng(0)
    )
    assert of(bad) > of(clean) + 3


def test_a_crop_is_darkened_by_the_vignette_of_its_place_in_the_whole_picture():
    strong = Response(**{**{k: getattr(PLAIN, k) for k in PLAIN.__slots__}, "vignette": 0.6})
    flat = np.full((40, 60, 3), 0.3, np.float32)
    whole = strong.observe(flat, np.random.default_rng(0))
    crop = strong.observe(flat[4:12, 30:50], np.random.default_rng(0), corner=(30, 4), whole=(60, 40))
    assert np.array_equal(crop, whole[4:12, 30:50])


def test_exposure_brings_a_dark_scene_to_the_level_of_a_bright_one():
    levels = [
        metered(PLAIN, ramp() * gain).observe(ramp() * gain, np.random.default_rng(0)).mean() for gain in (0.01, 1)
    ]
    assert levels[0] == pytest.approx(levels[1], abs=1.5)


def test_a_dull_scene_is_spread_over_the_levels_and_a_full_one_is_left_alone():
    def spread(scene, stretch: float) -> float:
        response = metered(replace(PLAIN, stretch=stretch), scene)
        low, high = np.percentile(response.observe(scene, np.random.default_rng(0)), (1, 99))
        return float(high - low)

    dull, full = 0.1 + 0.1 * ramp(), 8 * ramp() ** 2
    assert spread(dull, 1.0) > 1.3 * spread(dull, 0.0)
    assert spread(dull, 1.0) <= 2 * spread(dull, 0.0) + 2
    assert metered(replace(PLAIN, stretch=1.0), full).levels == pytest.approx((0.0, 1.0), abs=0.1)


def test_auto_exposure_wanders_no_further_than_its_drift():
    response = Response(drift=0.2)
    gains = [response.wandering(t, 0.3) for t in range(100)]
    assert 2**-0.2 <= min(gains) < max(gains) <= 2**0.2


def test_a_wrong_clock_is_written_into_the_picture():
    camera = Camera("cam1", (0, 0, 3), 0, 0.3, 300, (320, 180), clock_error_s=37)
    shown = camera.shown(datetime(2026, 11, 3, 14, 2, 11, tzinfo=UTC))
    assert (shown.minute, shown.second) == (2, 48)
    right, wrong = np.zeros((180, 320, 3), np.uint8), np.zeros((180, 320, 3), np.uint8)
    burn_clock(wrong, shown, "CAM1")
    burn_clock(right, datetime(2026, 11, 3, 14, 2, 11, tzinfo=UTC), "CAM1")
    changed = np.argwhere((right != wrong).any(2))
    assert len(changed) > 5
    assert changed[:, 0].max() < 40, "only the first line differs"
    assert changed[:, 1].max() < 160, "the name on the right does not"
