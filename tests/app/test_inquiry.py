"""Looking closer: examples, filters, side by side, why, split, journey, all in the real window on a real case."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app import local_time
from app.dialogs.compare import CompareDialog
from app.dialogs.links import LinksDialog
from app.dialogs.note import NoteDialog
from app.dialogs.why import WhyDialog
from app.main_window import MainWindow
from app.networks import Networks
from reid_engine.case import Case
from reid_engine.store import CameraPair
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS, view_of

pytestmark = pytest.mark.window


def searched(window: MainWindow, qtbot: QtBot) -> TrackletId:
    """Search for the first person in the picture, by keyboard; the number of the probe."""
    view = view_of(window)
    qtbot.keyClick(view.player, Qt.Key.Key_BracketRight)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    assert view.work.investigation.probe is not None
    return view.work.investigation.probe


def confirm_best(window: MainWindow, qtbot: QtBot) -> TrackletId:
    """Confirm the first card by key; its number."""
    view = view_of(window)
    best = view.matches.current()
    assert best is not None
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_Y)
    return best.tracklet


def test_ctrl_adds_an_example_alt_a_counter_example_and_again_takes_it_out(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    probe = searched(window, qtbot)
    tile, number = next(
        (tile, int(number)) for tile in view.player.tiles.values() for number in tile.people.tracklet if number != probe
    )
    box = tile.box_of(number)
    assert box is not None
    middle = QPoint(round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    inquiry, keys = view.work.investigation, Qt.KeyboardModifier
    for key, expected in (
        (keys.ControlModifier, ((number,), ())), (keys.AltModifier, ((), (number,))), (keys.AltModifier, ((), ())),
    ):  # fmt: skip
        with qtbot.waitSignal(inquiry.answered, timeout=WAIT_MS):
            qtbot.mouseClick(tile, Qt.MouseButton.LeftButton, key, middle)
        assert inquiry.query is not None
        assert (inquiry.query.examples, inquiry.query.others) == expected
    assert inquiry.probe == probe


def test_chips_filter_in_the_case_and_say_when_nobody_passes(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    searched(window, qtbot)
    everybody = view.work.matches.rowCount()
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.row.top.choose("pink")
    pink = view.work.matches.rowCount()
    assert pink < everybody
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.row.top.clear()
    qtbot.waitUntil(lambda: view.work.matches.rowCount() == everybody, timeout=WAIT_MS)


def test_refining_by_nothing_says_what_to_do_first(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    searched(window, qtbot)
    view.work.investigation.refine()
    assert "Y or N first" in window.statusBar().currentMessage()


def test_what_is_chosen_while_colours_are_named_is_not_forgotten(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    searched(window, qtbot)
    view.matches.row.top.choose("pink")
    typed(view.matches.row.since, "23:00", qtbot)
    lanes = (view.work.looking, view.work.reading)
    qtbot.waitUntil(lambda: all(lane.idle for lane in lanes), timeout=WAIT_MS)
    query = view.work.investigation.query
    assert query is not None
    assert query.where.from_us is not None


def typed(field: QLineEdit, text: str, qtbot: QtBot) -> None:
    field.clear()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def test_a_time_that_is_typed_before_the_first_search_lists_everybody_of_the_day_that_is_shown(
    window: MainWindow, qtbot: QtBot
) -> None:
    view = view_of(window)
    now = local_time.local(view.player.clock.now_us(), "UTC")
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        typed(view.matches.row.since, f"{now.hour}:00", qtbot)  # without a leading zero too
    query = view.work.investigation.query
    assert query is not None
    assert query.everybody
    assert query.where.from_us == local_time.parse(f"{now:%Y-%m-%d %H}:00", "UTC")


def test_what_is_no_time_is_said_beside_the_cards_and_everybody_comes_back_by_one_button(
    window: MainWindow, qtbot: QtBot
) -> None:
    view = view_of(window)
    pane, answered = view.matches, view.work.investigation.answered
    searched(window, qtbot)
    everybody = view.work.matches.rowCount()
    typed(pane.row.since, "half two", qtbot)
    assert "half two" in pane.row.wrong.text()
    assert pane.row.wrong.isVisible()
    with qtbot.waitSignal(answered, timeout=WAIT_MS):
        typed(pane.row.since, "2030-01-01 9:00", qtbot)  # the hour of a date may be short as well
    qtbot.waitUntil(lambda: view.work.matches.rowCount() == 0, timeout=WAIT_MS)
    assert not pane.row.wrong.isVisible()
    assert "Nobody passes" in pane._empty.text()
    assert "no tracklet passes" not in pane._empty.text()
    with qtbot.waitSignal(answered, timeout=WAIT_MS):
        pane.unfilter.click()
    qtbot.waitUntil(lambda: view.work.matches.rowCount() == everybody, timeout=WAIT_MS)
    assert pane.row.since.text() == ""


def test_a_wheel_zooms_round_the_pointer_and_boxes_stay_on_their_people(window: MainWindow, qtbot: QtBot) -> None:
    tile = next(tile for tile in view_of(window).player.tiles.values() if len(tile.people.tracklet))
    number = int(tile.people.tracklet[0])
    box = tile.box_of(number)
    assert box is not None
    middle = QPointF((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    tile.zoom_by(3.0, middle)
    again = tile.box_of(number)
    assert again is not None
    assert again[2] - again[0] == pytest.approx(3 * (box[2] - box[0]), rel=1e-3)
    assert tile.tracklet_at((again[0] + again[2]) / 2, (again[1] + again[3]) / 2) == number
    tile.zoom_by(0.01)
    assert tile.box_of(number) == pytest.approx(box)


def test_a_match_is_compared_and_decided_side_by_side(window: MainWindow, dialogs: list[QDialog], qtbot: QtBot) -> None:
    view = view_of(window)
    probe = searched(window, qtbot)
    best = view.matches.current()
    assert best is not None
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, CompareDialog)
    dialog.slider.setValue(200)
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        dialog._decide("same")
    assert view.work.desk.verdicts(probe) == {best.tracklet: "same"}


def test_whoever_is_side_by_side_is_decided_wherever_the_cursor_has_gone(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    probe, best = searched(window, qtbot), view.matches.current()
    assert best is not None
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_C)
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_End)  # before the dialog is there
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, CompareDialog)
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        dialog._decide("same")
    assert view.work.desk.verdicts(probe) == {best.tracklet: "same"}
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, CompareDialog)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(int(best.tracklet))
    dialog._decide("same")
    assert "of the search before" in window.statusBar().currentMessage()


def test_why_shows_the_nearest_pictures_with_the_places_that_counted(
    window: MainWindow, networks: Networks, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    searched(window, qtbot)
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    assert isinstance(dialogs.pop(), WhyDialog)


def test_a_track_is_split_in_a_job_and_the_split_is_taken_back(
    window: MainWindow, networks: Networks, qtbot: QtBot
) -> None:
    view = view_of(window)
    qtbot.keyClick(view.player, Qt.Key.Key_BracketRight)
    whole = view.player.selection
    assert whole is not None
    store = view.work.desk.case.store
    with qtbot.waitSignal(view.work.edited, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    (edit,) = store.edits()
    assert edit.before == (whole,)
    qtbot.waitUntil(lambda: any(set(edit.made) & set(tile.people.tracklet.tolist())
                                for tile in view.player.tiles.values()), timeout=WAIT_MS)  # fmt: skip
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        view.inquiry.undo()
    assert store.edits() == []
    qtbot.waitUntil(lambda: any(whole in tile.people.tracklet for tile in view.player.tiles.values()), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not view.work.jobs.running(), timeout=WAIT_MS)


def test_every_look_at_somebody_is_on_the_record_and_the_same_again_is_none(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    probe = searched(window, qtbot)

    def looks() -> list[int]:
        qtbot.waitUntil(lambda: view.work.writing.idle, timeout=WAIT_MS)
        return [event.body["tracklet"] for event in view.work.desk.case.store.events() if event.kind == "view"]

    before = looks()
    match = view.work.matches.match_of(0)
    assert match is not None
    for _ in range(2):
        view.inquiry.show_match(int(match.tracklet))
    assert looks()[len(before) :] == [match.tracklet]
    view.inquiry.compare()
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    assert looks()[len(before) :] == [match.tracklet, probe, match.tracklet]
    view.inquiry.show_tracklet(probe)
    view.matches.cards.setFocus()
    view.inquiry.play()
    view.player.pause()
    assert looks()[len(before) :] == [match.tracklet, probe, match.tracklet, probe, match.tracklet]


def test_a_ranking_that_was_cut_says_so_and_shows_more(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(window)
    filters = view.inquiry._filters
    monkeypatch.setattr(view.inquiry, "_filters", lambda: replace(filters(), limit=2))
    searched(window, qtbot)
    assert view.work.matches.rowCount() == 2
    assert "The 2 nearest" in view.matches._line.text()
    assert view.matches.farther.isVisible()
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.farther.click()
    assert view.work.matches.rowCount() > 2
    assert not view.matches.farther.isVisible()
    assert "tracks ranked" in view.matches._line.text()


def test_confirmed_sightings_line_up_are_played_and_exported(
    window: MainWindow, case: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    view = view_of(window)
    probe = searched(window, qtbot)
    confirmed = confirm_best(window, qtbot)
    journey = view.journey

    def members() -> set[int]:
        return set() if journey.trace.journey is None else {s.tracklet for s in journey.trace.journey.confirmed}

    qtbot.waitUntil(lambda: members() == {probe, confirmed}, timeout=WAIT_MS)
    qtbot.keyClick(view.player, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    assert view.player.clock.playing
    assert view.player.playing_spans
    qtbot.keyClick(view.player, Qt.Key.Key_K)
    assert not view.player.playing_spans
    with qtbot.waitSignal(journey.said, timeout=WAIT_MS):
        journey.export(tmp_path / "way.csv")
    with (tmp_path / "way.csv").open(encoding="utf-8", newline="") as file:
        assert {int(row["tracklet"]) for row in csv.DictReader(file)} == {probe, confirmed}
    window.close()
    with Case.open(case, read_only=True) as closed:
        kinds = [event.kind for event in closed.store.events()]
        assert kinds[-1] == "journey exported"
        assert {"search", "view", "decide"} <= set(kinds)
        assert closed.store.broken_record() is None


def test_two_places_at_once_are_flagged_with_both_pictures_once_cameras_are_apart(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    searched(window, qtbot)
    confirm_best(window, qtbot)
    first, second = (camera.id for camera in view.work.footage.cameras)
    view.work.links.changed.emit(CameraPair(first, second, "apart", 3_600_000_000))
    journey = view.journey
    qtbot.waitUntil(
        lambda: journey.trace.journey is not None and bool(journey.trace.journey.conflicts), timeout=WAIT_MS
    )
    assert journey.trace.journey is not None
    journey.pane.conflict.emit(journey.trace.journey.conflicts[0])
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    assert isinstance(dialogs.pop(), CompareDialog)
    journey.ask_links(int(first), int(second))
    assert isinstance(dialogs.pop(), LinksDialog)


def test_a_note_stands_at_its_moment_and_is_taken_back(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    moment = view.player.clock.now_us()
    qtbot.keyClick(view.player, Qt.Key.Key_M)
    dialog = dialogs.pop()
    assert isinstance(dialog, NoteDialog)
    dialog._field.setPlainText("red bag")
    dialog.accept()
    notes = view.work.desk.case.store.notes
    qtbot.waitUntil(lambda: [note.text for note in view.journey.trace.notes] == ["red bag"], timeout=WAIT_MS)
    assert notes()[0].moment_us == moment
    view.journey.show_note(notes()[0].id)
    shown = dialogs.pop()
    assert isinstance(shown, NoteDialog)
    shown._remove()
    qtbot.waitUntil(lambda: view.journey.trace.notes == (), timeout=WAIT_MS)


def test_space_on_a_card_plays_it_in_its_camera_with_the_others_at_the_same_instant(
    window: MainWindow, qtbot: QtBot
) -> None:
    view = view_of(window)
    searched(window, qtbot)
    best = view.matches.current()
    assert best is not None
    view.matches.cards.setFocus()
    window.activateWindow()
    qtbot.waitUntil(view.matches.cards.hasFocus, timeout=WAIT_MS)
    view.inquiry.play()
    assert view.player.clock.playing
    assert view.player.focus == best.camera
    assert view.player.clock.now_us() <= best.end_us
    view.inquiry.play()
    assert not view.player.clock.playing
