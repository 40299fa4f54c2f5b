"""A photo is no track: what is decided in its search is kept all the same, and nobody else's decision is touched."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from app.case_view import CaseView
from app.dialogs.compare import CompareDialog
from app.dialogs.whom import WhomDialog
from app.main_window import MainWindow
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS, view_of
from tests.support.photos import scene

pytestmark = pytest.mark.window


@pytest.fixture
def view(window: MainWindow) -> CaseView:
    return view_of(window)


@pytest.fixture
def photo(view: CaseView, tmp_path: Path) -> Path:
    """A picture of somebody who is in the case."""
    path = tmp_path / "suspect.jpg"
    path.write_bytes(view.work.desk.crop(TrackletId(1)))
    return path


def drop(view: CaseView, photo: Path, qtbot: QtBot) -> list[TrackletId]:
    """Search by the photo; the tracks on the cards."""
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.pictured.emit(photo)
    settle(view, qtbot)
    model = view.work.matches
    cards = [model.match_of(row) for row in range(model.rowCount())]
    assert len(cards) >= 4
    return [card.tracklet for card in cards if card is not None]


def settle(view: CaseView, qtbot: QtBot) -> None:
    """Wait until everything is written and read."""
    qtbot.waitUntil(lambda: all(lane.idle for lane in (view.work.writing, view.work.reading)), timeout=WAIT_MS)
    qtbot.wait(0)


def press(view: CaseView, key: Qt.Key, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, key)
    settle(view, qtbot)


def turn(view: CaseView, qtbot: QtBot, *, back: bool) -> str:
    """Undo, or redo; what the status bar says of it."""
    with qtbot.waitSignal(view.work.investigation.said, timeout=WAIT_MS) as said:
        (view.inquiry.undo if back else view.inquiry.redo)()
    settle(view, qtbot)
    return str(said.args[0])


def stored(view: CaseView) -> list[tuple[int, int, str]]:
    return [(said.probe, said.candidate, said.verdict) for said in view.work.desk.case.store.decisions()]


def recorded(view: CaseView, kind: str) -> list[dict[str, Any]]:
    """What the record says of such events."""
    return [dict(event.body) for event in view.work.desk.case.store.events() if event.kind == kind]


def members(view: CaseView) -> set[int]:
    journey = view.journey.trace.journey
    return set() if journey is None else {int(seen.tracklet) for seen in journey.confirmed}


def test_the_first_track_that_is_confirmed_stands_for_the_person_of_a_photo_and_leads_to_the_journey(
    view: CaseView, window: MainWindow, photo: Path, qtbot: QtBot
) -> None:
    first, second, third, *_ = drop(view, photo, qtbot)
    press(view, Qt.Key.Key_N, qtbot)
    assert stored(view) == []
    assert f"Track {first}: different person" in window.statusBar().currentMessage()
    press(view, Qt.Key.Key_Y, qtbot)
    assert f"Track {second} stands for the person" in window.statusBar().currentMessage()
    assert stored(view) == [(second, first, "different")], "what was said before is not lost"
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    assert recorded(view, "search")[-1]["picture"] == {"sha256": digest}
    (said,) = recorded(view, "recognise")
    assert (said["tracklet"], said["picture"], said["taken_back"]) == (second, {"sha256": digest}, False)
    press(view, Qt.Key.Key_Y, qtbot)
    assert f"Track {third}: same person" in window.statusBar().currentMessage()
    assert stored(view)[1:] == [(second, third, "same")]
    qtbot.waitUntil(lambda: members(view) == {second, third}, timeout=WAIT_MS)
    assert view.work.investigation.query is not None
    assert view.work.investigation.query.vector is not None, "the search stays by the picture"
    decided = {first: "different", second: "same", third: "same"}
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(int(first))
    drop(view, photo, qtbot)
    assert view.work.investigation.verdicts == decided, "the same photo again: what was decided is shown again"
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_R)
    assert set(view.work.investigation.query.same) == {second, third}


def test_undo_in_a_photos_search_takes_back_what_was_said_there_and_never_what_was_decided_before(
    view: CaseView, photo: Path, qtbot: QtBot
) -> None:
    *_, one, other = drop(view, photo, qtbot)
    view.work.desk.decide(one, other, "unsure")
    before = stored(view)
    first, second, third, *_ = drop(view, photo, qtbot)
    for key in (Qt.Key.Key_N, Qt.Key.Key_Y, Qt.Key.Key_Y):
        press(view, key, qtbot)
    whole, verdicts = stored(view), view.work.investigation.verdicts
    assert len(whole) == len(before) + 2

    assert f"{third} same" in turn(view, qtbot, back=True)
    assert view.work.investigation.verdicts == {first: "different", second: "same"}
    assert f"track {second} stands for the person" in turn(view, qtbot, back=True)
    assert [said["taken_back"] for said in recorded(view, "recognise")] == [False, True]
    assert stored(view) == before
    assert view.work.investigation.verdicts == {first: "different"}
    assert view.work.investigation.probe is None
    turn(view, qtbot, back=True)
    assert view.work.investigation.verdicts == {}
    assert "left alone" in turn(view, qtbot, back=True)
    assert stored(view) == before

    for _ in range(3):
        turn(view, qtbot, back=False)
    assert (stored(view), view.work.investigation.verdicts) == (whole, verdicts)
    assert "nothing" in turn(view, qtbot, back=False)
    turn(view, qtbot, back=True)
    press(view, Qt.Key.Key_N, qtbot)
    assert "nothing" in turn(view, qtbot, back=False), "a new decision ends the redo"


def test_a_track_that_stands_for_the_person_of_a_photo_is_not_decided_against_itself(
    view: CaseView, window: MainWindow, photo: Path, qtbot: QtBot
) -> None:
    first, *_ = drop(view, photo, qtbot)
    press(view, Qt.Key.Key_Y, qtbot)
    view.matches.go_to(0)
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_N)
    assert f"Track {first} stands for the person" in window.statusBar().currentMessage()
    assert view.work.investigation.verdicts == {first: "same"}
    assert view.work.matches.rowCount() > 0


def test_the_photo_is_shown_as_whom_one_looks_for_and_beside_a_card(
    view: CaseView, photo: Path, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    first, *_ = drop(view, photo, qtbot)
    qtbot.waitUntil(lambda: not view.subject._crop.pixmap().isNull(), timeout=WAIT_MS)
    assert "not a track" in view.subject._name.text()
    assert not view.subject._wide.isVisible(), "the shape of a person is no reason for a warning"
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, CompareDialog)
    assert dialog.views[0]._picture.size() == QImage(str(photo)).size()
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        dialog._decide("same")
    assert view.work.investigation.probe == first
    assert f"track {first} stands for the person" in view.subject._name.text()


def test_a_photo_that_cannot_be_read_leaves_the_answer_before_it(view: CaseView, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(1)
    before = shown_cards(view)
    assert before
    bad = tmp_path / "fake.jpg"
    bad.write_text("no picture")
    with qtbot.waitSignal(view.inquiry.said, timeout=WAIT_MS, check_params_cb=lambda words: "fake.jpg" in words):
        view.inquiry.pictures.search(bad)
    assert shown_cards(view) == before


def shown_cards(view: CaseView) -> list[int]:
    matches = view.work.matches
    return [int(one.tracklet) for row in range(matches.rowCount()) if (one := matches.match_of(row)) is not None]


def test_a_photo_of_a_whole_scene_says_that_it_is_no_person(view: CaseView, qtbot: QtBot, tmp_path: Path) -> None:
    scene = tmp_path / "scene.png"
    cv2.imwrite(str(scene), np.full((90, 160, 3), 90, np.uint8))
    drop(view, scene, qtbot)
    qtbot.waitUntil(view.subject._wide.isVisible, timeout=WAIT_MS)
    assert "crop it" in view.subject._wide.text()
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(1)
    assert not view.subject._wide.isVisible()


def bring(view: CaseView, photo: Path, dialogs: list[QDialog], qtbot: QtBot) -> WhomDialog:
    """Drop a photo in which it is not plain who is meant."""
    view.matches.pictured.emit(photo)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, WhomDialog)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)  # as ``open`` does, which is the test's own here
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def middle(dialog: WhomDialog, x: float, y: float) -> QPoint:
    """A place of the picture in its view."""
    fit = dialog.view._fit()
    return QPoint(round(x * fit.scale + fit.left), round(y * fit.scale + fit.top))


def nearest(view: CaseView, qtbot: QtBot) -> set[int]:
    """The two nearest tracks: of a figure there is one before each camera."""
    settle(view, qtbot)
    return set(shown_cards(view)[:2])


def test_in_a_photo_of_several_people_the_one_who_is_clicked_is_searched_for(
    view: CaseView, dialogs: list[QDialog], qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = bring(view, scene(tmp_path / "two.png", 0, 1), dialogs, qtbot)
    assert not dialog._search.isEnabled(), "nobody is chosen yet"
    qtbot.mouseClick(dialog.view, Qt.MouseButton.LeftButton, pos=middle(dialog, 120, 100))
    qtbot.mouseClick(dialog.view, Qt.MouseButton.LeftButton, pos=middle(dialog, 120, 100))
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    second = nearest(view, qtbot)
    shown = view.subject._crop.pixmap()
    assert shown.height() > shown.width(), "who is looked for is shown, and not the scene"
    assert not view.subject._wide.isVisible()

    dialog = bring(view, tmp_path / "two.png", dialogs, qtbot)
    qtbot.keyClick(dialog.view, Qt.Key.Key_Right)
    assert dialog.view.box is not None
    assert dialog.view.box[0] < 60
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(dialog.view, Qt.Key.Key_Return)
    assert nearest(view, qtbot).isdisjoint(second)


def test_a_box_is_drawn_round_somebody_whom_nothing_found_and_all_of_a_photo_can_be_searched(
    view: CaseView, dialogs: list[QDialog], qtbot: QtBot, tmp_path: Path
) -> None:
    photo = scene(tmp_path / "one.png", 0)
    dialog = bring(view, photo, dialogs, qtbot)
    assert dialog._search.isEnabled(), "the one who was found is proposed"
    start, end = middle(dialog, 10, 20), middle(dialog, 30, 90)
    qtbot.mousePress(dialog.view, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(dialog.view, end)
    qtbot.mouseRelease(dialog.view, Qt.MouseButton.LeftButton, pos=end)
    assert dialog.view.box == pytest.approx((10, 20, 30, 90), abs=1)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        dialog._search.click()
    drawn = view.inquiry.pictures.last.picture
    assert (drawn.width(), drawn.height()) == (20, 70)

    dialog = bring(view, photo, dialogs, qtbot)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        dialog._whole.click()
    assert view.inquiry.pictures.last.picture.size() == QImage(str(photo)).size()


def test_who_chooses_nobody_keeps_the_answer_before(
    view: CaseView, window: MainWindow, dialogs: list[QDialog], qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(1)
    before = shown_cards(view)
    dialog = bring(view, scene(tmp_path / "two.png", 0, 1), dialogs, qtbot)
    qtbot.keyClick(dialog.view, Qt.Key.Key_Escape)
    assert "Nobody in two.png was chosen" in window.statusBar().currentMessage()
    assert shown_cards(view) == before


def test_what_is_restored_in_a_photos_search_is_what_was_taken_back_there_and_no_note(
    view: CaseView, photo: Path, qtbot: QtBot
) -> None:
    first, second, *_ = drop(view, photo, qtbot)
    for key in (Qt.Key.Key_N, Qt.Key.Key_Y):
        press(view, key, qtbot)
    note = view.work.desk.add_note("red bag", 1, None, None)
    view.work.desk.remove_note(note.id)
    turn(view, qtbot, back=True)
    assert stored(view) == []
    note = view.work.desk.add_note("blue bag", 1, None, None)
    view.work.desk.remove_note(note.id)
    turn(view, qtbot, back=False)
    assert stored(view) == [(second, first, "different")]
    assert view.work.investigation.verdicts == {first: "different", second: "same"}
    assert view.work.desk.case.store.notes() == []


def words(view: CaseView) -> list[str]:
    """What stands in the pane of whoever is looked for, and is shown."""
    return [label.text() for label in view.subject.findChildren(QLabel) if not label.isHidden()]


def test_who_is_confirmed_in_other_searches_is_counted_beside_so_that_the_journey_has_no_more(
    view: CaseView, photo: Path, qtbot: QtBot
) -> None:
    _, second, third, *_ = drop(view, photo, qtbot)
    for _ in range(2):
        press(view, Qt.Key.Key_Y, qtbot)
    qtbot.waitUntil(lambda: len(members(view)) == 2, timeout=WAIT_MS)
    assert "Confirmed 2" in words(view)
    assert not any("other searches" in one for one in words(view))
    view.work.desk.decide(second, third, "same")
    view.journey.read()
    view.known.read()
    qtbot.waitUntil(lambda: "Confirmed in other searches 1" in words(view), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: len(members(view)) == 3, timeout=WAIT_MS)
    assert "Confirmed 2" in words(view)


def test_pictures_of_whoever_is_selected_are_called_so_below_the_name_of_whoever_is_sought(
    view: CaseView, photo: Path, qtbot: QtBot
) -> None:
    drop(view, photo, qtbot)
    view.player.select(2)
    qtbot.waitUntil(lambda: "Selected: track 2" in words(view), timeout=WAIT_MS)
    assert "suspect.jpg: not a track of this case" in words(view)
    view.player.select(-1)
    assert not any("Selected" in one for one in words(view))


def test_a_copied_picture_is_searched_for_and_lies_in_no_folder(
    view: CaseView, photo: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no folder"))  # nothing may be made there
    QGuiApplication.clipboard().setImage(QImage(str(photo)))
    before = set(tmp_path.rglob("*.png"))
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.pictures.paste()
        copied = view.inquiry.pictures._photo
        assert copied is not None
        assert str(copied.path).startswith(f"/proc/{os.getpid()}/fd/")
    settle(view, qtbot)
    assert view.work.matches.rowCount() >= 4
    assert copied.copied is not None
    assert copied.copied.closed
    assert set(tmp_path.rglob("*.png")) == before
    QGuiApplication.clipboard().clear()
