"""Deciding card after card by key: nothing is decided twice unawares, and the cursor stands where one goes on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.case_view import CaseView
from app.main_window import MainWindow
from reid_engine.types import TrackletId, Verdict
from tests.app.conftest import WAIT_MS, view_of

pytestmark = pytest.mark.window


@pytest.fixture
def view(window: MainWindow, qtbot: QtBot) -> CaseView:
    """The window with somebody searched for."""
    view = view_of(window)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(1)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 1, timeout=WAIT_MS)
    return view


def press(view: CaseView, key: Qt.Key, qtbot: QtBot) -> TrackletId:
    """Decide by key; whom."""
    seen = view.matches.current()
    assert seen is not None
    qtbot.keyClick(view.matches.cards, key)
    qtbot.waitUntil(lambda: view.work.writing.idle and view.work.reading.idle, timeout=WAIT_MS)
    qtbot.wait(0)
    return seen.tracklet


def standing(view: CaseView) -> dict[TrackletId, Verdict]:
    return view.work.desk.verdicts(TrackletId(1))


def test_keys_on_the_last_card_do_not_overwrite_it_until_somebody_goes_to_it(
    view: CaseView, window: MainWindow, qtbot: QtBot
) -> None:
    count = view.work.matches.rowCount()
    decided = [press(view, Qt.Key.Key_N, qtbot) for _ in range(count)]
    assert len(set(decided)) == count
    assert "end of the list" in window.statusBar().currentMessage()
    press(view, Qt.Key.Key_Y, qtbot)
    assert set(standing(view).values()) == {"different"}
    assert f"track {decided[-1]} stays as it is" in window.statusBar().currentMessage()
    row = view.work.matches.row_of(decided[-1])
    assert row is not None
    place = view.matches.cards.visualRect(view.work.matches.index(row)).center()
    qtbot.mouseClick(view.matches.cards.viewport(), Qt.MouseButton.LeftButton, pos=place)
    press(view, Qt.Key.Key_Y, qtbot)
    assert standing(view)[decided[-1]] == "same"


def test_keys_go_on_into_a_band_that_is_folded_away(
    view: CaseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.arrange.MANY_WEAK", 0)
    view.inquiry.answers.arrange()
    model = view.work.matches
    if not any(part.hidden for part in model.sections):
        pytest.fail(f"nothing is folded: {model.sections}")
    count = model.rowCount()
    decided = [press(view, Qt.Key.Key_N, qtbot) for _ in range(count + 1)]
    assert len(set(decided)) == count + 1
    assert model.rowCount() > count


def test_after_refining_the_cursor_is_on_the_first_undecided_card_and_a_decision_is_said(
    view: CaseView, window: MainWindow, qtbot: QtBot
) -> None:
    view.player.select(1)
    first = press(view, Qt.Key.Key_Y, qtbot)
    assert window.statusBar().currentMessage() == f"Track {first}: same person"
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_R)
    card, top = view.matches.current(), view.work.matches.match_of(0)
    assert card is not None
    assert top is not None
    assert top.tracklet == first
    assert view.work.matches.verdict(card.tracklet) is None


def test_a_list_that_is_decided_whole_is_not_decided_anew_by_a_key_before_somebody_goes_to_a_card(
    view: CaseView, qtbot: QtBot
) -> None:
    for _ in range(view.work.matches.rowCount()):
        press(view, Qt.Key.Key_N, qtbot)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_R)
    press(view, Qt.Key.Key_Y, qtbot)
    assert set(standing(view).values()) == {"different"}
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Home)
    gone_to = press(view, Qt.Key.Key_Y, qtbot)
    assert standing(view)[gone_to] == "same"
