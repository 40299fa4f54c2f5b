"""Little room: a small screen and large text push nothing out of the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.arrange import arranged
from app.item_models.matches import MatchesModel
from app.item_models.recordings import RecordingRow, RecordingsModel
from app.panes.footage import ROWS_SEEN, FootagePane
from app.panes.matches import MatchesPane
from app.widgets.fitting_button import FittingButton
from app.widgets.lanes import JourneyLanes
from app.widgets.transport import Transport
from reid_engine.types import CameraId, Match, TrackletId


@pytest.fixture(params=[100, 150, 200])
def scale(request: pytest.FixtureRequest) -> Iterator[int]:
    theme.apply(theme.application(), "dark", request.param)
    yield request.param
    theme.apply(theme.application(), "dark", 100)


def told(button: FittingButton) -> tuple[bool, str]:
    """Whether it has an icon, and its words."""
    return not button.icon().isNull(), button.text()


def test_a_button_gives_up_its_key_then_its_icon_then_its_words(qtbot: QtBot, scale: int) -> None:
    button = FittingButton(theme.icon("same"), "Different", "N")
    qtbot.addWidget(button)
    button.show()
    forms = []
    for width in range(button.sizeHint().width(), button.minimumSizeHint().width() - 1, -1):
        button.resize(width, 40)
        if told(button) not in forms:
            forms.append(told(button))
    assert forms == [(True, "Different   N"), (True, "Different"), (False, "Different"), (True, "N")]
    assert (button.accessibleName(), button.toolTip()) == ("Different", "Different   N")


def test_a_button_without_a_key_has_nothing_behind_its_words(qtbot: QtBot) -> None:
    button = FittingButton(theme.icon("same"), "Different", "")
    qtbot.addWidget(button)
    button.resize(button.sizeHint())
    assert (told(button), button.toolTip()) == ((True, "Different"), "Different")


def test_buttons_side_by_side_give_up_the_same_and_take_it_back(qtbot: QtBot) -> None:
    row = QWidget()
    qtbot.addWidget(row)
    layout = QHBoxLayout(row)
    buttons = [
        FittingButton(theme.icon("same"), words, "K", row, row="all") for words in ("Same", "Different", "Unsure")
    ]
    for button in buttons:
        layout.addWidget(button, 1)
    row.show()
    shown = []
    for width in (*range(600, 200, -10), 600):
        row.resize(width, 60)
        (shape,) = {(told(b)[0], "K" in b.text(), b.text() != "K") for b in buttons}
        shown.append(shape)
    assert len(set(shown)) == 4
    assert shown[0] == shown[-1] == (True, True, True)


def test_a_ranking_needs_no_more_than_two_cards_and_covers_nothing(qtbot: QtBot, scale: int) -> None:
    model = MatchesModel()
    pane = MatchesPane(model)
    qtbot.addWidget(pane)
    model.setParent(pane)
    matches = [Match(TrackletId(n), CameraId(1), n, n, n, 0.1, "strong") for n in range(1, 9)]
    pane.rank(somebody=True)
    model.arrange(arranged(matches, {}, {}), {})
    pane.resize(pane.minimumSizeHint().width(), theme.px(400))
    pane.show()
    two = 2 * pane.cards.visualRect(model.index(0)).width()
    assert two < pane.width() < two * 1.3
    assert pane.cards.visualRect(model.index(1)).left() > pane.cards.visualRect(model.index(0)).right()
    places = [
        QRect(child.mapTo(pane, QPoint()), child.size())
        for child in pane.findChildren(QAbstractButton)
        if child.isVisible() and not pane.cards.isAncestorOf(child)
    ]
    assert len(places) > 10
    for number, place in enumerate(places):
        assert pane.rect().contains(place)
        assert not any(place.intersects(other) for other in places[:number])


def test_how_fast_it_plays_is_told_where_there_is_room(qtbot: QtBot, scale: int) -> None:
    transport = Transport({})
    qtbot.addWidget(transport)
    transport.show()
    rate = next(label for label in transport.findChildren(QLabel) if label.objectName() == "pill")
    for width in (theme.px(900), transport.minimumSizeHint().width(), theme.px(900)):
        transport.resize(QSize(width, theme.px(120)))
        assert not rate.isVisible() or rate.width() >= rate.sizeHint().width()
    assert rate.isVisible()


def test_footage_shows_rows_and_whole_sentences_beside_a_job(qtbot: QtBot, scale: int) -> None:
    model = RecordingsModel()
    pane = FootagePane(model)
    qtbot.addWidget(pane)
    pane.show_networks("Person detector", "Reappear", "")
    rows = [RecordingRow(Path(f"/x/cam{n}.mp4"), "video", camera=f"cam{n}", state="ready", start_us=START_US,
                         duration_us=60_000_000) for n in range(6)]  # fmt: skip
    model.show(rows)
    pane.resize(1400, 540)
    pane.show()
    table, words = pane.table, pane._searchable
    assert table.viewport().height() >= ROWS_SEEN * table.rowHeight(0), "more than the one row that is chosen"
    assert words.height() >= words.heightForWidth(words.width())
    foot = [label for label in (pane._networks, pane._estimate) if label.isVisible()]
    assert all(label.height() >= label.heightForWidth(label.width()) for label in foot)
    assert max(label.height() for label in foot) <= 4 * label_height(pane._networks)
    strip = pane.strip
    assert strip._x(strip._limits[1]) <= strip.width() - strip._telling(), "bars end where words begin"
    assert strip._room() >= strip.width() // 5, "bars keep as much as what is said of them"


START_US = 1_793_710_931_000_000


def label_height(label: QLabel) -> int:
    return label.fontMetrics().lineSpacing()


def test_names_of_cameras_leave_a_narrow_journey_the_most_of_its_lanes(qtbot: QtBot, scale: int) -> None:
    lanes = JourneyLanes()
    qtbot.addWidget(lanes)
    lanes.resize(420, 200)
    assert lanes._room() > 0.6 * lanes.width()
