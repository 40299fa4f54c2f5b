from __future__ import annotations

import cv2
import numpy as np
import pytest

from reid_engine.captions import framed, png, preview

WORDS = ("Gate", "2026-11-03 14:00:00.000 CET ± 1 s", "camera clock +37 s, corrected", "case, track 1")


@pytest.mark.parametrize("size", [(1, 1), (31, 17), (320, 240), (641, 361), (1920, 1080)])
def test_words_stand_below_the_picture_and_nothing_lies_over_it(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    canvas = framed(image, None, WORDS)
    assert np.array_equal(canvas[: size[1], : size[0]], image)
    assert canvas.shape[0] % 2 == canvas.shape[1] % 2 == 0
    assert canvas.shape[1] >= 320
    strip = canvas[size[1] + size[1] % 2 :]
    rows = strip.max(axis=(1, 2)) > 120
    assert np.count_nonzero(np.diff(rows.astype(int)) == 1) >= 4, "every line is written"


def test_the_lines_of_a_box_lie_outside_the_pixels_it_holds() -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    canvas = framed(image, np.array([100.4, 50.2, 130.6, 140.0], np.float32), WORDS)
    assert (canvas[50:140, 100:131] == 90).all()
    assert (canvas[49, 100:131] != 90).all()
    assert (canvas[140, 100:131] != 90).any()


@pytest.mark.parametrize("box", [(-50, -50, -10, -10), (300, 200, 400, 300), (-20, 10, 10, 400)])
def test_a_box_that_leaves_the_picture_is_drawn_as_far_as_it_is_in_it(box: tuple[int, ...]) -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    canvas = framed(image, np.array(box, np.float32), ())
    assert canvas.shape[:2] > (240, 319)


def test_letters_of_other_scripts_are_drawn() -> None:
    image = np.zeros((20, 640, 3), np.uint8)
    plain, other = framed(image, None, ("?????",)), framed(image, None, ("Вход",))
    assert not np.array_equal(plain, other)


def test_a_picture_for_the_report_is_smaller_and_alike() -> None:
    image = np.full((500, 1000, 3), (10, 200, 60), np.uint8)
    small = cv2.imdecode(np.frombuffer(preview(png(image), 200), np.uint8), cv2.IMREAD_COLOR)
    assert small.shape == (100, 200, 3)
    assert np.abs(small.astype(int) - image[:100, :200]).max() <= 4
