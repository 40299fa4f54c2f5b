from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from app.hits import Shown
from app.images import for_screen, to_array, to_qimage


def test_a_picture_survives_the_way_to_qt_and_back() -> None:
    image = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
    assert np.array_equal(to_array(to_qimage(image)), image)


def test_pictures_for_the_screen_fill_the_room_and_keep_their_colour() -> None:
    image = np.full((30, 40, 3), (10, 20, 200), np.uint8)
    shown = for_screen(image, (200, 90))
    assert (shown.width(), shown.height()) == (120, 90)
    assert shown.pixelColor(60, 45) == QColor(200, 20, 10)


def test_pictures_larger_than_the_room_are_left_as_they_are() -> None:
    shown = for_screen(np.zeros((30, 40, 3), np.uint8), (20, 20))
    assert (shown.width(), shown.height()) == (40, 30)


def test_people_are_the_same_only_while_nobody_moves() -> None:
    here = Shown(np.array([1], np.int64), np.array([[1, 2, 3, 4]], np.float32))
    moved = Shown(np.array([1], np.int64), np.array([[1, 2, 3, 5]], np.float32))
    assert here.same_as(Shown(here.tracklet.copy(), here.xyxy.copy()))
    assert not here.same_as(moved)
    assert not here.same_as(Shown.nobody())
