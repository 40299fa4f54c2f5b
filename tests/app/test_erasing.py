"""Erasing in the real window: the plan in words, the number typed, and nothing left of it on the screen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QMenu
from pytestqt.qtbot import QtBot

from app.coverage import lanes
from app.dialogs.erase import EraseDialog
from app.events import about
from app.item_models.recordings import STATE
from app.main_window import MainWindow
from app.panes.footage import searchable
from app.verbs import INVESTIGATE
from reid_engine.case import Case
from reid_engine.errors import CaseBusy
from reid_engine.store import Retention
from tests.app.conftest import WAIT_MS, Open, view_of
from tests.app.test_inquiry import confirm_best, searched

pytestmark = pytest.mark.window


def the_dialog(window: MainWindow, qtbot: QtBot) -> EraseDialog:
    view = view_of(window)
    qtbot.waitUntil(lambda: view.erasing.dialog is not None, timeout=WAIT_MS)
    assert view.erasing.dialog is not None
    return view.erasing.dialog


def test_a_person_is_erased_by_typing_the_number_and_is_gone_from_the_window(
    window: MainWindow, qtbot: QtBot, dialogs: list[QDialog]
) -> None:
    probe = searched(window, qtbot)
    best = confirm_best(window, qtbot)
    view = view_of(window)
    count = view.work.desk.case.store.count_tracklets()
    next(a for a in window.findChildren(type(window._actions["Undo"])) if a.text() == "Erase …").trigger()
    dialog = the_dialog(window, qtbot)
    dialog._what.setCurrentIndex(1)
    assert "Goes for good: 2 tracks" in dialog._plan.toPlainText()
    erase = dialog.findChild(QDialogButtonBox).buttons()[0]
    for button in dialog.findChild(QDialogButtonBox).buttons():
        erase = button if button.text() == "Erase for good" else erase
    assert not erase.isEnabled()
    qtbot.keyClicks(dialog._reason, "asked for")
    qtbot.keyClicks(dialog._figure, "1")
    assert not erase.isEnabled(), "another number is no agreement"
    dialog._figure.clear()
    qtbot.keyClicks(dialog._figure, "2")
    assert erase.isEnabled()
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        erase.click()
    view = view_of(window)
    qtbot.waitUntil(lambda: bool(view.player.tiles), timeout=WAIT_MS)
    assert "2 tracks erased for good" in window.statusBar().currentMessage()
    assert view.work.matches.rowCount() == 0
    store = view.work.desk.case.store
    assert store.count_tracklets() == count - 2
    assert store.present([probe, best]) == []
    window.go(INVESTIGATE)
    view.player.skip(1.5)
    qtbot.waitUntil(lambda: all(tile.showing.image is not None for tile in view.player.tiles.values()), timeout=WAIT_MS)
    shown = {int(number) for tile in view.player.tiles.values() for number in tile.people.tracklet}
    assert not shown & {int(probe), int(best)}
    assert view.work.desk.case.check() == []


def test_a_card_offers_it_in_its_menu(window: MainWindow, qtbot: QtBot, dialogs: list[QDialog]) -> None:
    searched(window, qtbot)
    view = view_of(window)
    card = view.matches.current()
    assert card is not None
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
    QApplication.sendEvent(view.matches.cards.viewport(), event)
    menu = view.matches.findChild(QMenu)
    assert menu is not None
    next(action for action in menu.actions() if action.text() == "Erase …").trigger()
    menu.close()
    dialog = the_dialog(window, qtbot)
    assert dialog._what.itemText(0) == f"Track {card.tracklet}"
    dialog.reject()
    assert view.work.desk.case.store.tracklets([card.tracklet])
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Escape)


def test_what_is_due_is_said_and_offered_and_nothing_goes_by_itself(
    case: Path, open_window: Open, qtbot: QtBot, dialogs: list[QDialog]
) -> None:
    with Case.open(case) as opened:
        opened.store.set_retention(Retention(until_us=1))
        count = opened.store.count_tracklets()
    window = open_window(case)
    assert "which is over" in window.statusBar().currentMessage()
    view_of(window).erasing.ask(None)
    dialog = the_dialog(window, qtbot)
    assert dialog._offers[0].words == "All that is due"
    dialog.reject()
    assert view_of(window).work.desk.case.store.count_tracklets() == count


def test_what_is_on_hold_is_said_and_the_rest_is_offered(
    window: MainWindow, qtbot: QtBot, dialogs: list[QDialog]
) -> None:
    probe = searched(window, qtbot)
    best = confirm_best(window, qtbot)
    view = view_of(window)
    view.work.desk.case.store.hold("tracklet", int(best), "court order")
    view.erasing.ask(int(probe))
    dialog = the_dialog(window, qtbot)
    assert dialog._offers[0].words == f"Track {probe}"
    assert f"The whole person of track {probe}" not in [offer.words for offer in dialog._offers]
    assert "is on hold" in window.statusBar().currentMessage()
    dialog.reject()
    view.erasing.ask(int(best))
    qtbot.waitUntil(lambda: f"Track {best}: " in window.statusBar().currentMessage(), timeout=WAIT_MS)


def test_a_recording_can_be_erased_with_nobody_selected_and_is_in_force_nowhere_any_more(
    window: MainWindow, case: Path, qtbot: QtBot, dialogs: list[QDialog]
) -> None:
    """Its row says so, the time line and the coverage are without it, and dropped again it is refused with a reason."""
    view = view_of(window)
    view.player.select(-1)
    view.erasing.ask(view.player.selection)
    dialog = the_dialog(window, qtbot)
    words = [offer.words for offer in dialog._offers]
    assert {"The recording east.mp4 of east", "The recording west.mp4 of west", "The camera east"} <= set(words)
    place = words.index("The recording east.mp4 of east")
    dialog._what.setCurrentIndex(place)
    qtbot.keyClicks(dialog._reason, "order 3")
    qtbot.keyClicks(dialog._figure, str(len(dialog.offer.plan.rows.tracklets)))
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        dialog.accept()
    work = view_of(window).work
    qtbot.waitUntil(lambda: work.recordings.rowCount() == 2, timeout=WAIT_MS)
    rows = {row.path.name: row for row in work.recordings.rows()}
    assert (rows["east.mp4"].state, rows["west.mp4"].state) == ("erased", "done")
    assert not rows["east.mp4"].startable
    assert work.recordings.data(work.recordings.index(0, STATE)) == "erased"
    (lane,) = lanes(work.recordings.rows())
    assert (lane.camera, lane.position) == ("west", 1), "its letter is that of the tiles"
    assert searchable(work.recordings.rows()) == "All of it can be searched."
    shown = [camera.name for camera in work.footage.cameras if work.footage.stretches(camera)]
    assert shown == ["west"]
    copy = case.parent / "copied.mp4"
    shutil.copyfile(rows["east.mp4"].path, copy)
    for dropped in (rows["east.mp4"].path, copy):
        with qtbot.waitSignal(work.intake.refused, timeout=WAIT_MS) as refused:
            work.intake.drop([dropped])
        assert refused.args[0].startswith("east.mp4: what was found in it was erased on 20")
        assert "(order 3). This case does not analyse it again; if that may and must be, add it" in refused.args[0]
        assert "--again" not in refused.args[0]
    row = work.recordings.of(copy)
    assert row is not None
    assert row.state == "duplicate"
    event = next(event for event in work.desk.case.store.events() if event.kind == "erased")
    assert about(event, {}, "UTC").startswith("all of recording 1 (east.mp4): ")


def test_what_was_written_for_an_erasure_that_was_refused_is_there_when_it_is_asked_for_again(
    window: MainWindow, qtbot: QtBot, dialogs: list[QDialog], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = searched(window, qtbot)
    view = view_of(window)
    busy = CaseBusy("an analysis writes to this case: wait for it")

    def refuse(*_: object, **__: object) -> None:
        raise busy

    monkeypatch.setattr(view.work.desk.case, "erase", refuse)
    view.erasing.ask(int(probe))
    dialog = the_dialog(window, qtbot)
    dialog._what.setCurrentIndex(1)
    qtbot.keyClicks(dialog._reason, "order 3")
    qtbot.keyClicks(dialog._asked_by, "the court")
    qtbot.keyClicks(dialog._figure, str(len(dialog.offer.plan.rows.tracklets)))
    with qtbot.waitSignal(view.erasing.failed, timeout=WAIT_MS):
        dialog.accept()

    view.erasing.ask(int(probe))
    again = the_dialog(window, qtbot)
    assert (again.request.reason, again.request.asked_by) == ("order 3", "the court")
    assert again.offer.words == f"The whole person of track {probe}"
    assert again._figure.text() == "", "it is agreed to anew"
    again.reject()
    view.erasing.ask(int(probe))
    assert the_dialog(window, qtbot).request.reason == "", "who closes it has done with it"
    the_dialog(window, qtbot).reject()
