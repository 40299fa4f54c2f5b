from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.dialogs.trouble import TroubleDialog
from app.images import decode_jpeg, lightened, seen_through, to_array, to_qimage
from reid_engine.errors import CaseDamaged
from reid_engine.whereabouts import Shown


def test_a_picture_survives_the_way_to_qt_and_back() -> None:
    image = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
    assert np.array_equal(to_array(to_qimage(image)), image)


def test_a_picture_for_the_screen_is_painted_from_the_bytes_it_came_in() -> None:
    image = np.full((30, 40, 4), (10, 20, 200, 0), np.uint8)
    shown = seen_through(image)
    assert (shown.width(), shown.height()) == (40, 30)
    assert shown.pixelColor(20, 15) == QColor(200, 20, 10)
    image[15, 20] = 1, 2, 3, 0
    assert shown.pixelColor(20, 15) == QColor(3, 2, 1)


def test_people_are_the_same_only_while_nobody_moves() -> None:
    here = Shown(np.array([1], np.int64), np.array([[1, 2, 3, 4]], np.float32))
    moved = Shown(np.array([1], np.int64), np.array([[1, 2, 3, 5]], np.float32))
    assert here.same_as(Shown(here.tracklet.copy(), here.xyxy.copy()))
    assert not here.same_as(moved)
    assert not here.same_as(Shown.nobody())


def test_what_is_dark_is_lifted_and_black_and_white_stay() -> None:
    values = np.array([[0, 16, 64, 255]], np.uint8)
    shown = seen_through(np.repeat(values[:, :, None], 4, axis=2).copy())
    lit = [lightened(shown, 0.5).pixelColor(x, 0).red() for x in range(4)]
    assert lit == [round(255 * (value / 255) ** 0.5) for value in (0, 16, 64, 255)]
    assert [shown.pixelColor(x, 0).red() for x in range(4)] == [0, 16, 64, 255]


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff no picture"])
def test_a_crop_that_cannot_be_read_is_the_cases_damage_and_no_file_to_choose(data: bytes, qtbot: QtBot) -> None:
    with pytest.raises(CaseDamaged, match=f"a stored crop of {len(data)} bytes can no longer be read") as error:
        decode_jpeg(data)
    dialog = TroubleDialog(error.value)
    qtbot.addWidget(dialog)
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "The case's database is damaged" in words
    assert "`reappear check`" in words
    assert "another file" not in words
