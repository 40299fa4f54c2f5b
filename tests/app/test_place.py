"""A case that is laid out anew, in another size of text or with other keys, is entered where one was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.case_view import CaseView
from app.item_models.recordings import FILE
from app.main_window import MainWindow
from app.panes.player import PlayerPane
from app.verbs import FOOTAGE
from tests.app.conftest import WAIT_MS, view_of
from tests.app.test_inquiry import searched, typed
from tests.app.test_picture_search import drop, photo, press, settle, stored, turn, view

__all__ = ["photo", "view"]  # fixtures
pytestmark = pytest.mark.window


def laid_out_anew(window: MainWindow, qtbot: QtBot) -> CaseView:
    """What shows the case once a key was changed."""
    before = view_of(window)
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        window.program.changed_looks.emit()
    view = view_of(window)
    assert view is not before
    qtbot.waitUntil(lambda: bool(view.player.tiles), timeout=WAIT_MS)
    return view


def answered(view: CaseView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    settle(view, qtbot)


def alone(player: PlayerPane) -> list[int]:
    return [int(camera) for camera, tile in player.tiles.items() if not tile.isHidden()]


def test_a_search_its_cursor_and_the_moment_are_as_they_were(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    probe = searched(window, qtbot)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.row.quality.choose(0.3)
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_End)
    view.player.solo_place(2)
    view.player.skip(0.5)
    view.moments.skipping = True
    now, card, seen = view.player.clock.now_us(), view.matches.current(), alone(view.player)
    query, cards = view.work.investigation.query, view.work.matches.rowCount()
    assert card is not None
    view.matches.cards.setFocus()

    view = laid_out_anew(window, qtbot)
    answered(view, qtbot)
    assert window._bar.watching
    assert view.player.isVisible()
    assert view.player.clock.now_us() == now
    assert alone(view.player) == seen
    assert len(seen) == 1
    assert (view.work.investigation.query, view.work.investigation.probe) == (query, probe)
    assert view.work.matches.rowCount() == cards
    assert view.matches.row.quality.values == (0.3,)
    assert view.matches.current() == card
    assert window.focusWidget() is view.matches.cards
    assert view.moments.skipping


def test_two_sizes_larger_at_once_lose_nothing_of_it(window: MainWindow, qtbot: QtBot) -> None:
    probe = searched(window, qtbot)
    now = view_of(window).player.clock.now_us()
    opened: list[bool] = []
    window.case_opened.connect(lambda: opened.append(True))
    for _ in range(2):
        window.program.changed_looks.emit()
    qtbot.waitUntil(lambda: len(opened) == 2, timeout=WAIT_MS)
    view = view_of(window)
    answered(view, qtbot)
    assert (view.work.investigation.probe, view.player.clock.now_us()) == (probe, now)
    assert window._bar.watching


def test_a_list_of_everybody_is_listed_again_with_its_filters(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    view.inquiry.everybody()
    answered(view, qtbot)
    view.matches.row.order.choose("latest")
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        typed(view.matches.row.until, "23:59", qtbot)
    settle(view, qtbot)
    shown = [view.work.matches.match_of(row) for row in range(view.work.matches.rowCount())]

    view = laid_out_anew(window, qtbot)
    answered(view, qtbot)
    assert [view.work.matches.match_of(row) for row in range(view.work.matches.rowCount())] == shown
    assert (view.matches.row.until.text(), view.matches.row.order.values) == ("23:59", ("latest",))
    assert not view.matches.ranks


def test_who_was_at_the_footage_is_there_again_at_the_same_recording(window: MainWindow, qtbot: QtBot) -> None:
    window.go(FOOTAGE)
    table = view_of(window).footage.table
    table.setCurrentIndex(table.model().index(1, FILE))
    view = laid_out_anew(window, qtbot)
    qtbot.waitUntil(lambda: view.footage.table.currentIndex().row() == 1, timeout=WAIT_MS)
    assert not window._bar.watching
    assert view.work.investigation.query is None


def test_what_waits_in_a_photos_search_is_still_there_and_written_down_with_the_first_that_is_confirmed(
    view: CaseView, window: MainWindow, photo: Path, qtbot: QtBot
) -> None:
    first, second, *_ = drop(view, photo, qtbot)
    press(view, Qt.Key.Key_N, qtbot)
    seen = view.subject._crop.pixmap().size()

    view = laid_out_anew(window, qtbot)
    answered(view, qtbot)
    assert view.work.investigation.verdicts == {first: "different"}
    assert view.subject._name.text() == "suspect.jpg: not a track of this case"
    assert view.subject._crop.pixmap().size() == seen
    press(view, Qt.Key.Key_Y, qtbot)
    assert stored(view) == [(second, first, "different")]

    view = laid_out_anew(window, qtbot)
    answered(view, qtbot)
    assert view.work.investigation.probe == second
    assert f"track {second} stands for the person" in turn(view, qtbot, back=True)
    assert stored(view) == []
    turn(view, qtbot, back=True)
    assert view.work.investigation.verdicts == {}, "nothing waits, so nobody is asked when the window closes"


def question(window: MainWindow) -> QMessageBox:
    box = window.findChild(QMessageBox)
    assert box is not None
    return box


def test_nobody_closes_a_case_whose_decisions_are_not_written_down_unasked(
    view: CaseView, window: MainWindow, photo: Path, case: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(case, tmp_path / "other"))
    first, *_ = drop(view, photo, qtbot)
    press(view, Qt.Key.Key_N, qtbot)
    for leave in (window.close, window.close_case, lambda: window.open_case(other)):
        leave()
        box = question(window)
        assert box.text().startswith("1 decision is not written down")
        qtbot.keyClick(box, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None, timeout=WAIT_MS)
        assert view_of(window) is view
        assert view.work.investigation.verdicts == {first: "different"}
    window.open_case(other)
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        next(one for one in question(window).buttons() if one.text() == "Forget and close").click()
    assert view_of(window).work.desk.folder == other


def test_an_erasure_says_what_it_took_from_a_photos_search(
    view: CaseView, window: MainWindow, photo: Path, qtbot: QtBot
) -> None:
    drop(view, photo, qtbot)
    press(view, Qt.Key.Key_N, qtbot)
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        window._erased("Erased")
    assert "lost with the search by a picture: 1 decision" in window.statusBar().currentMessage()
    qtbot.waitUntil(lambda: bool(view_of(window).player.tiles), timeout=WAIT_MS)
    assert view_of(window).work.investigation.query is None
