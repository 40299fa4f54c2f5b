from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from pytestqt.qtbot import QtBot

from app.panes.subject import SubjectPane
from app.pictures import PictureStore, pixel_bytes
from reid_engine.types import TrackletId


def square(side: int) -> QPixmap:
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.red)
    return made


def test_the_picture_that_nobody_asked_for_longest_is_forgotten_first(qtbot: QtBot) -> None:
    store = PictureStore(limit=2 * pixel_bytes(square(10)))
    store.put("a", square(10))
    store.put("b", square(10))
    assert store.get("a") is not None
    store.put("c", square(10))
    assert [store.get(key) is not None for key in "abc"] == [True, False, True]


def test_the_same_picture_again_takes_no_more_room(qtbot: QtBot) -> None:
    store = PictureStore(limit=2 * pixel_bytes(square(10)))
    for key in ("a", "b", "b", "b"):
        store.put(key, square(10))
    assert len(store) == 2


def test_a_picture_larger_than_all_the_room_is_kept_alone(qtbot: QtBot) -> None:
    store = PictureStore(limit=100)
    store.put("a", square(2))
    store.put("b", square(50))
    assert store.get("a") is None
    assert store.get("b") is not None


def test_the_subject_keeps_only_the_pictures_that_it_shows(qtbot: QtBot) -> None:
    pane = SubjectPane()
    qtbot.addWidget(pane)
    asked: list[int] = []
    pane.wanted.connect(asked.append)
    for number in range(1, 30):
        pane.show_probe(TrackletId(number))
        pane.supply(number, QImage(20, 40, QImage.Format.Format_RGB888))
    pane.show_verdicts({TrackletId(29): "same", TrackletId(1): "different"})
    assert asked == [*range(1, 30), 1], "the probe's picture is here, the first one's no more"
