"""What there is beyond the cards is said with something to click: the own camera, tracks found since, corrected times;
and whoever has searched goes on at the cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.case_view import CaseView
from app.main_window import MainWindow
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS, Open, view_of
from tests.app.test_jobs_in_window import end, job_of
from tests.support.cases import Gallery, calibrated, looks

pytestmark = pytest.mark.window


@pytest.fixture
def gate(tmp_path: Path, open_window: Open, qtbot: QtBot) -> CaseView:
    """Ann three times before Gate and once before Hall, and Bob; a search for Ann before Gate."""
    seen = ("Gate", 1, 0), ("Gate", 1, 60), ("Gate", 1, 90), ("Hall", 1, 120), ("Gate", 2, 150)
    view = view_of(open_window(calibrated(tmp_path / "case", *seen)))
    qtbot.waitUntil(lambda: len(view.work.footage.cameras) == 2, timeout=WAIT_MS)
    search(view, 1, qtbot)
    return view


def search(view: CaseView, number: int, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(number)


def shown(view: CaseView) -> set[int]:
    cards = (view.work.matches.match_of(row) for row in range(view.work.matches.rowCount()))
    return {int(card.tracklet) for card in cards if card is not None}


def test_strong_ones_of_the_own_camera_are_counted_and_one_click_shows_them(gate: CaseView, qtbot: QtBot) -> None:
    assert shown(gate) == {4}
    assert not gate.matches.own.isHidden()
    assert "2 strong in Gate itself" in gate.matches.own.text()
    with qtbot.waitSignal(gate.work.investigation.answered, timeout=WAIT_MS):
        gate.matches.own.click()
    assert shown(gate) == {2, 3, 4, 5}
    assert gate.matches.own.isHidden()
    assert "All cameras, also this one" in gate.matches.row.cameras.text()


def test_tracks_that_were_found_since_are_counted_and_one_click_searches_again(gate: CaseView, qtbot: QtBot) -> None:
    assert gate.matches.newer.isHidden()
    gate.work.desk.decide(TrackletId(1), TrackletId(4), "same")
    Gallery(gate.work.desk.case.store).put("Yard", looks(1, seed=9, noise=0.03), at_s=300)
    window = gate.player.window()
    assert isinstance(window, MainWindow)
    job = job_of(window)
    job.moved.emit([{"event": "progress", "tracklets": 6}])
    qtbot.waitUntil(lambda: not gate.matches.newer.isHidden(), timeout=WAIT_MS)
    assert "1 new track since" in gate.matches.newer.text()
    with qtbot.waitSignal(gate.work.investigation.answered, timeout=WAIT_MS):
        gate.matches.newer.click()
    assert shown(gate) == {4, 6}
    assert gate.matches.newer.isHidden()
    end(job)


def test_the_times_of_cards_follow_a_clock_that_is_corrected(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    search(view, 1, qtbot)
    view.matches.go_to(view.work.matches.rowCount() - 1)
    before = view.matches.current()
    assert before is not None
    camera = view.work.footage.camera(before.camera)
    assert camera is not None
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.work.intake.corrected.emit(
            camera.name, replace(camera.clock, offset_us=camera.clock.offset_us + 7_000_000)
        )
    after = view.matches.current()
    assert after is not None
    assert after.tracklet == before.tracklet, "the cursor stays"
    assert abs(after.start_us - before.start_us) == 7_000_000


def test_after_a_search_the_keys_go_to_the_cards_and_one_key_goes_back(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=WAIT_MS)
    qtbot.keyClick(view.player, Qt.Key.Key_BracketRight)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_Return)
    qtbot.waitUntil(view.matches.cards.hasFocus, timeout=WAIT_MS)
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_F6)
    assert view.player.hasFocus()
    qtbot.keyClick(view.player, Qt.Key.Key_F6)
    assert view.matches.cards.hasFocus()
    card = view.matches.current()
    assert card is not None
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Return)
    assert view.player.focus == card.camera, "Enter on a match shows it and does not search once more"
    assert view.work.investigation.probe != card.tracklet
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_BracketRight)
    assert view.player.hasFocus()


@pytest.mark.parametrize("busy", ["typing", "playing"])
def test_whoever_types_or_plays_keeps_the_keys(window: MainWindow, qtbot: QtBot, busy: str) -> None:
    view = view_of(window)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=WAIT_MS)
    search(view, 1, qtbot)
    mine = view.matches.row.since if busy == "typing" else view.player
    mine.setFocus()
    if busy == "playing":
        view.player.toggle_play()
    search(view, 2, qtbot)
    qtbot.waitUntil(lambda: view.work.reading.idle, timeout=WAIT_MS)
    assert mine.hasFocus()
    view.player.pause()
