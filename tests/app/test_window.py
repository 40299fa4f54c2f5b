"""The real window on the real start path: a case is made, footage dropped, analysed, a person clicked and decided."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QStyleOptionViewItem, QTableView, QWidget
from pytestqt.qtbot import QtBot

from app.application import Application
from app.dialogs.help import HelpDialog
from app.dialogs.new_case import NewCaseDialog
from app.dialogs.trouble import TroubleDialog
from app.item_models.recordings import CAMERA, START
from app.jobs import Job, process_of
from app.main_window import MainWindow
from app.networks import Networks
from app.verbs import FOOTAGE, INVESTIGATE
from app.widgets.tile import Tile
from app.widgets.transport import Transport
from reid_engine.case import Case
from tests.app.conftest import WAIT_MS, Open, view_of
from tests.support.scripted import write_script

pytestmark = pytest.mark.window


def somebody(window: MainWindow) -> tuple[Tile, int, QPoint]:
    """A tile, the number of a person in it, and the middle of that person's box."""
    tile = next(tile for tile in view_of(window).player.tiles.values() if len(tile.people.tracklet))
    number = int(tile.people.tracklet[0])
    box = tile.box_of(number)
    assert box is not None
    return tile, number, QPoint(round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))


def press(button: QWidget, qtbot: QtBot) -> None:
    """Press a button with the mouse."""
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_into(table: QTableView, row: int, column: int, text: str, qtbot: QtBot) -> None:
    """Go to a cell, press F2, type over what is there, press Enter."""
    table.setFocus()
    table.setCurrentIndex(table.model().index(row, column))
    qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = next(field for field in table.findChildren(QLineEdit) if field.isVisible())
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)


def click_card(window: MainWindow, row: int, qtbot: QtBot) -> None:
    """Click a card with the mouse."""
    cards = view_of(window).matches.cards
    middle = cards.visualRect(cards.model().index(row, 0)).center()
    qtbot.mouseClick(cards.viewport(), Qt.MouseButton.LeftButton, pos=middle)


def drag(tile: Tile, box: tuple[float, float, float, float], qtbot: QtBot) -> None:
    """Draw a box with the mouse, corner to corner."""
    first, last = QPoint(round(box[0]), round(box[1])), QPoint(round(box[2]), round(box[3]))
    qtbot.mousePress(tile, Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseMove(tile, pos=QPoint((first.x() + last.x()) // 2, (first.y() + last.y()) // 2))
    qtbot.mouseMove(tile, pos=last)
    qtbot.mouseRelease(tile, Qt.MouseButton.LeftButton, pos=last)


def search_by_mouse(window: MainWindow, qtbot: QtBot) -> int:
    """Click a person, click again, wait for cards; the number of the probe."""
    tile, number, middle = somebody(window)
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton, pos=middle)
    assert view_of(window).player.selection == number
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.waitUntil(lambda: view_of(window).work.matches.rowCount() > 0, timeout=WAIT_MS)
    return number


def test_a_new_case_takes_dropped_footage_and_analyses_it(
    world: Path, networks: Networks, open_window: Open, dialogs: list[QDialog], qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_window(None)
    window.ask_new_case()
    dialog = dialogs.pop()
    assert isinstance(dialog, NewCaseDialog)
    dialog.home.setText(str(tmp_path))
    dialog.name.setText("A new case")
    dialog.set_purpose("to try the window")
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        dialog.accept()
    view = view_of(window)
    urls = QMimeData()
    urls.setUrls([QUrl.fromLocalFile(str(world / "east.mp4")), QUrl.fromLocalFile(str(world / "west.mp4"))])
    copy, left, nothing = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    view.footage.dropEvent(QDropEvent(QPointF(9, 9), copy, urls, left, nothing))
    rows = view.work.recordings.rows
    qtbot.waitUntil(lambda: [row.state for row in rows()] == ["no time", "no time"], timeout=WAIT_MS)
    for row in range(2):
        type_into(view.footage.table, row, START, "2026-11-03 15:02:11", qtbot)
    type_into(view.footage.table, 1, CAMERA, "West gate", qtbot)
    press(view.footage.start_button, qtbot)
    qtbot.waitUntil(lambda: [row.state for row in rows()] == ["done", "done"], timeout=WAIT_MS)
    assert [row.camera for row in rows()] == ["east", "West gate"]
    assert {row.start_us for row in rows()} == {1_793_714_531_000_000}
    qtbot.waitUntil(lambda: not view.work.jobs.running(), timeout=WAIT_MS)
    assert not dialogs


def test_a_clicked_person_gives_cards_and_a_card_shows_its_moment(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    probe = search_by_mouse(window, qtbot)
    matches = view.work.matches
    best = matches.match_of(0)
    assert best is not None
    assert best.tracklet != probe
    click_card(window, 0, qtbot)
    assert best.start_us <= view.player.clock.now_us() <= best.end_us
    tile = view.player.tiles[best.camera]
    qtbot.waitUntil(lambda: int(best.tracklet) in tile.people.tracklet, timeout=WAIT_MS)
    assert tile.marked == best.tracklet


def test_decisions_by_key_are_stored_undone_and_restored(window: MainWindow, case: Path, qtbot: QtBot) -> None:
    view = view_of(window)
    probe = search_by_mouse(window, qtbot)
    inquiry, desk = view.work.investigation, view.work.desk
    first = view.matches.current()
    assert first is not None
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: desk.verdicts(inquiry.probe) == {first.tracklet: "same"}, timeout=WAIT_MS)
    assert inquiry.probe == probe
    assert view.matches.current() != first
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: inquiry.verdicts == {}, timeout=WAIT_MS)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Z, both)
    qtbot.waitUntil(lambda: inquiry.verdicts == {first.tracklet: "same"}, timeout=WAIT_MS)
    window.close()
    with Case.open(case, read_only=True) as closed:
        assert [(d.candidate, d.verdict) for d in closed.store.decisions()] == [(first.tracklet, "same")]


def test_a_person_is_found_with_the_keyboard_alone(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    qtbot.keyClick(view.player, Qt.Key.Key_BracketRight)
    assert view.player.selection is not None
    qtbot.keyClick(view.player, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    before = view.player.clock.now_us()
    qtbot.keyClick(view.player, Qt.Key.Key_Period)
    assert view.player.clock.now_us() > before
    qtbot.keyClick(view.player, Qt.Key.Key_Comma)
    qtbot.keyClick(view.player, Qt.Key.Key_Space)
    assert view.player.clock.playing
    qtbot.keyClick(view.player, Qt.Key.Key_K)
    assert not view.player.clock.playing


def test_refining_puts_the_confirmed_first(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    search_by_mouse(window, qtbot)
    last = view.work.matches.match_of(view.work.matches.rowCount() - 1)
    assert last is not None
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_End)
    assert view.matches.current() == last
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Y)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_R)
    first = view.work.matches.match_of(0)
    assert first is not None
    assert first.tracklet == last.tracklet


def test_drawn_boxes_and_pictures_are_searched_by_their_pixels(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = view_of(window)
    tile, number, _ = somebody(window)
    box = tile.box_of(number)
    assert box is not None
    drag(tile, (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), qtbot)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    nearest = [view.work.matches.match_of(row) for row in range(2)]  # this track, and the same person elsewhere
    assert view.work.investigation.probe is None
    assert number in [match.tracklet for match in nearest if match is not None]
    drawn = view.subject._crop.pixmap()
    assert drawn.height() > drawn.width(), "who is looked for is shown"
    assert "a box in" in view.subject._name.text()
    last = next(event for event in reversed(view.work.desk.case.store.events()) if event.kind == "search")
    assert last.body["picture"]["camera"] == tile.camera
    assert last.body["picture"]["xyxy"][3] - last.body["picture"]["xyxy"][1] > 20
    path, cards = tmp_path / "no picture.png", view.work.matches.rowCount()
    path.write_text("words")
    view.inquiry.pictures.search(path)
    qtbot.waitUntil(lambda: path.name in window.statusBar().currentMessage(), timeout=WAIT_MS)
    assert view.work.matches.rowCount() == cards > 0, "the answer before it stays"


def test_dark_pictures_are_shown_lighter_and_what_is_searched_stays_as_recorded(
    window: MainWindow, qtbot: QtBot
) -> None:
    tile, *_ = somebody(window)

    def painted() -> int:
        return tile.grab().toImage().pixelColor(tile.width() // 2, tile.height() // 2).lightness()

    before, cut = painted(), tile.cut((0, 0, 40, 40))
    steps = []
    for _ in range(3):
        qtbot.keyClick(view_of(window).player, Qt.Key.Key_X)
        steps.append(painted())
    assert before < steps[0] < steps[1] < steps[2]
    assert "as recorded" in window.statusBar().currentMessage()
    assert tile.cut((0, 0, 40, 40)) == cut
    qtbot.keyClick(view_of(window).player, Qt.Key.Key_X)
    assert painted() == before


def test_a_case_proposes_the_networks_that_it_was_analysed_with(
    case: Path, world: Path, open_window: Open, qtbot: QtBot
) -> None:
    view = view_of(open_window(case))
    used = Networks(world / "figures.scripted.json", world / "stripes.onnx")
    qtbot.waitUntil(lambda: view.work.networks == used, timeout=WAIT_MS)
    other = Networks(world / "figures.scripted.json", world / "east.mp4")
    view.work.choose(other)
    assert view.work.networks == other


def test_a_tile_says_that_its_file_is_missing(case: Path, open_window: Open, qtbot: QtBot,
                                              world: Path, tmp_path: Path) -> None:  # fmt: skip
    moved = world / "east.mp4"
    aside = tmp_path / "east.mp4"
    shutil.move(moved, aside)
    try:
        window = open_window(case)
        qtbot.waitUntil(lambda: bool(view_of(window).player.tiles), timeout=WAIT_MS)
        window.go(INVESTIGATE)
        tiles = view_of(window).player.tiles.values()
        assert "file missing: east.mp4" in [tile.showing.reason for tile in tiles]
    finally:
        shutil.move(aside, moved)


def test_a_missing_recording_is_found_again_when_it_is_dropped_from_where_it_lies_now(
    case: Path, open_window: Open, qtbot: QtBot, world: Path, tmp_path: Path
) -> None:
    moved, now = world / "east.mp4", tmp_path / "other drive" / "renamed.mp4"
    now.parent.mkdir()
    shutil.move(moved, now)
    try:
        window = open_window(case)
        view = view_of(window)
        qtbot.waitUntil(lambda: bool(view.player.tiles), timeout=WAIT_MS)
        missing = next(row for row in view.work.recordings.rows() if row.path == moved)
        assert "file missing" in missing.remark
        view.work.intake.drop([now])
        qtbot.waitUntil(lambda: view.work.recordings.of(now.resolve()) is not None, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: view.work.recordings.of(moved) is None, timeout=WAIT_MS)
        assert len(view.work.recordings.rows()) == 2
        window.go(INVESTIGATE)
        tiles = view.player.tiles.values()
        qtbot.waitUntil(lambda: all(tile.showing.image is not None for tile in tiles), timeout=WAIT_MS)
    finally:
        shutil.move(now, moved)


def test_a_folder_that_is_no_case_is_said_in_one_dialog(
    open_window: Open, dialogs: list[QDialog], qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_window(None)
    window.open_case(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: len(dialogs) == 1, timeout=WAIT_MS)
    assert isinstance(dialogs[0], TroubleDialog)
    assert "nowhere" in dialogs[0].report()


def test_a_running_job_is_found_again_after_a_restart_and_cancelled(
    world: Path, networks: Networks, open_window: Open, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    application.state.setValue("networks/detector", str(write_script(slow, delay_s=0.4)))
    folder = tmp_path / "long"
    Case.create(folder, "a long job").close()
    first = open_window(folder)
    view_of(first).work.intake.drop([world / "east.mp4"])
    rows = view_of(first).work.recordings.rows
    qtbot.waitUntil(lambda: [row.state for row in rows()] == ["no time"], timeout=WAIT_MS)
    press(view_of(first).footage.start_button, qtbot)
    qtbot.waitUntil(lambda: bool(view_of(first).work.jobs.jobs), timeout=WAIT_MS)
    job = view_of(first).work.jobs.jobs[0]
    qtbot.waitUntil(lambda: process_of(job.files.control) is not None, timeout=WAIT_MS)
    first.close()
    second = open_window(folder)
    found = view_of(second).work.jobs.jobs
    qtbot.waitUntil(lambda: [again.name for again in found] == [job.name], timeout=WAIT_MS)
    with qtbot.waitSignal(found[0].ended, timeout=WAIT_MS):
        press(view_of(second).jobs.card(job.name).cancel, qtbot)
    assert not found[0].running


def test_nones_references_do_not_run_out(window: MainWindow, qtbot: QtBot) -> None:
    tile = next(iter(view_of(window).player.tiles.values()))
    before = sys.getrefcount(None)
    for _ in range(300):
        tile.repaint()
    assert abs(sys.getrefcount(None) - before) < 200


def test_a_recording_of_unknown_time_gets_one_after_it_was_analysed(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    window.go(FOOTAGE)
    row = view.work.recordings.row(0)
    assert row is not None
    with qtbot.waitSignal(view.work.footage_changed, timeout=WAIT_MS):
        type_into(view.footage.table, 0, START, "2026-11-03 16:02:11", qtbot)
    (source, *_) = view.work.desk.case.store.sources()
    assert (source.start_us, source.start_origin) == (1_793_721_731_000_000, "by hand")  # this case is in UTC
    qtbot.waitUntil(lambda: view.work.recordings.rows()[0].start_us == source.start_us, timeout=WAIT_MS)


def test_help_is_about_the_place_one_is_at(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    for target, heading in ((view.player, "Investigate"), (view.journey.pane.lanes, "Journey")):
        target.setFocus()
        window.show_help()
        (page,) = [dialog for dialog in window.findChildren(HelpDialog) if dialog.isVisible()]
        assert page.text.toPlainText().startswith(heading)
        page.close()


def test_four_cards_stand_beside_one_another_and_the_pictures_keep_their_room(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    search_by_mouse(window, qtbot)
    card = view.matches.cards.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex()).width()
    qtbot.waitUntil(lambda: view.matches.cards.viewport().width() >= 4 * card, timeout=WAIT_MS)
    assert view.player.width() >= 640


def test_a_job_takes_the_room_it_needs_and_not_the_journeys(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    view = view_of(window)
    search_by_mouse(window, qtbot)  # the journey has been laid out, and is put away
    window.toggle_journey()
    (tmp_path / "jobs").mkdir()
    job = Job(tmp_path, "split-1", Done())
    job.detach()
    view.jobs.add(job)
    view.working.emit(True)
    qtbot.waitUntil(view.jobs.isVisible, timeout=WAIT_MS)
    needed = view.jobs.sizeHint().height()
    qtbot.waitUntil(lambda: view.jobs.height() <= needed + 4, timeout=WAIT_MS)
    job.ended.emit("")


class Done:
    """A process that is no more."""

    alive, problem = False, ""


def test_the_smallest_window_shows_pictures_and_time_line_and_the_journey_when_asked_for(
    case: Path, open_window: Open, qtbot: QtBot
) -> None:
    window = open_window(None)
    window.resize(window.minimumSize())
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        window.open_case(case)
    qtbot.waitUntil(lambda: bool(view_of(window).player.tiles), timeout=WAIT_MS)
    window.go(INVESTIGATE)
    view = view_of(window)
    tiles = list(view.player.tiles.values())
    qtbot.waitUntil(lambda: min(tile.height() for tile in tiles) > 100, timeout=WAIT_MS)
    parts = [*tiles, *view.player.findChildren(Transport)]
    places = [QRect(part.mapTo(window, part.rect().topLeft()), part.size()) for part in parts]
    assert not any(one.intersects(other) for n, one in enumerate(places) for other in places[:n])
    assert not view.journey.pane.isVisible()
    window.toggle_journey()
    window.go(FOOTAGE)
    window.go(INVESTIGATE)
    assert view.journey.pane.isVisible()
