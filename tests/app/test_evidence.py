"""Evidence and stills from the real window: asked for by key, made as a job, proven, and shown with its number."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.dialogs.evidence import EvidenceDialog, EvidenceDoneDialog
from app.evidence import REDACTION_WORDS
from app.item_models.matches import CARD_ROLE
from app.main_window import MainWindow
from reid_engine import verifier
from reid_engine.case import Case
from reid_engine.errors import CaseError, ReappearError, SourceError, UnfinishedError
from reid_engine.evidence.still import save_still
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS, view_of
from tests.app.every import offered, picture
from tests.app.test_jobs_in_window import job_of
from tests.support.handed_on import manifest

pytestmark = pytest.mark.window


def with_journey(window: MainWindow, qtbot: QtBot) -> None:
    """A person of two sightings is searched for."""
    view = view_of(window)
    tile = next(tile for tile in view.player.tiles.values() if len(tile.people.tracklet))
    probe = TrackletId(int(tile.people.tracklet[0]))
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(probe)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_Y)

    def sightings() -> int:
        found = view.journey.trace.journey
        return 0 if found is None else len(found.confirmed)

    qtbot.waitUntil(lambda: sightings() == 2, timeout=WAIT_MS)


def asked(window: MainWindow, dialogs: list[QDialog], qtbot: QtBot) -> EvidenceDialog:
    """The dialog, by its key."""
    dialogs.clear()
    qtbot.keyClick(view_of(window).player, Qt.Key.Key_E)
    (dialog,) = dialogs
    assert isinstance(dialog, EvidenceDialog)
    return dialog


def test_a_journey_is_handed_on_and_its_number_can_be_copied(
    window: MainWindow, case: Path, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    with_journey(window, qtbot)
    view = view_of(window)
    dialog = asked(window, dialogs, qtbot)
    dialog.before.setValue(0.5)
    dialog.after.setValue(0.0)
    dialog.reason.setText("--odd “words”")
    out = dialog.wish.out
    with qtbot.waitSignal(view.work.exported, timeout=WAIT_MS):
        dialog.accept()
    done = dialogs[-1]
    assert isinstance(done, EvidenceDoneDialog)
    done.copies[1].click()
    found = view.journey.trace.journey
    assert found is not None
    handed = {one.tracklet for one in found.confirmed}
    qtbot.waitUntil(lambda: all(view.work.matches.handed_on(one) for one in handed), timeout=WAIT_MS)
    shown = {view.work.matches.match_of(row) for row in range(view.work.matches.rowCount())} - {None}
    (marked,) = {one.tracklet for one in shown if one is not None} & handed
    card = view.work.matches.index(view.work.matches.row_of(marked) or 0)
    assert card.data().endswith(", in evidence")
    assert "Handed on as evidence 20" in card.data(Qt.ItemDataRole.ToolTipRole)
    assert card.data(CARD_ROLE).handed_on
    proven, own, told = verifier.verify(str(out))
    assert (proven, QGuiApplication.clipboard().text(), done.folder.text()) == ([], own, str(out))
    assert (told["redaction"], told["reason"], told["seconds"]["before"]) == ("others", "--odd “words”", 0.5)
    assert out.parent == case / "exports"
    done.reject()
    qtbot.waitUntil(lambda: not view.work.jobs.running(), timeout=WAIT_MS)
    again = asked(window, dialogs, qtbot)
    assert any("2 of them were handed on before." in label.text() for label in again.findChildren(QLabel))


def test_without_a_journey_it_is_said_what_to_do_first_and_what_fails_is_said_with_its_reason(
    window: MainWindow, qtbot: QtBot
) -> None:
    evidence = view_of(window).evidence
    with qtbot.waitSignal(evidence.said, timeout=WAIT_MS) as said:
        qtbot.keyClick(view_of(window).player, Qt.Key.Key_E)
    assert "confirm sightings first" in said.args[0]
    failures: list[Exception] = []
    sentences: list[str] = []
    work = view_of(window).work
    work.failed.disconnect()
    work.failed.connect(failures.append)
    work.said.connect(sentences.append)
    job = job_of(window, "evidence", "1")  # also one that an earlier window has started
    for error, words in (("JobCancelled", "stopped as asked"), ("SourceError", "gone.mp4 is gone"), ("Odd", "?")):
        job.moved.emit([{"event": "result", "ok": False, "error": error, "message": words}])
    job.running = False
    job.ended.emit("The work was stopped from outside.")
    assert [(type(error), str(error)) for error in failures] == [
        (SourceError, "gone.mp4 is gone"),
        (ReappearError, "?"),
        (UnfinishedError, "The work was stopped from outside."),
    ]
    assert sentences == ["Cancelled: no evidence folder was left."]


def test_every_choice_says_what_it_does_and_every_field_has_a_name(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = EvidenceDialog(offered(3), tmp_path / "new")
    qtbot.addWidget(dialog)
    for mode, button in dialog.choices.items():
        assert button.accessibleDescription() == REDACTION_WORDS[mode]
        button.setChecked(True)
        assert f"--redact={mode}" in dialog.wish.words
    for field in (dialog.before, dialog.after, dialog.place):
        assert field.accessibleName()
    dialog.skip.setChecked(True)
    assert "--skip-missing" in dialog.wish.words


def test_shown_alone_there_are_no_seconds_round_a_sighting_and_it_is_said_why(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = EvidenceDialog(offered(1), tmp_path / "new")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.before.setValue(7.0)
    for mode, enabled, words in (("surroundings", False, "--before=0"), ("others", True, "--before=7")):
        next(button for known, button in dialog.choices.items() if known == mode).setChecked(True)
        assert (dialog.before.isEnabled(), dialog.after.isEnabled()) == (enabled, enabled)
        assert words in dialog.wish.words
        assert dialog._alone.isVisible() is not enabled
        assert bool(dialog.before.accessibleDescription()) is not enabled
    assert "--after=3" in dialog.wish.words


def test_a_folder_that_exists_cannot_be_chosen(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = EvidenceDialog(offered(1), tmp_path / "new")
    qtbot.addWidget(dialog)
    dialog.reason.setText("2026-014")
    assert dialog._make.isEnabled()
    for text in (str(tmp_path), "", "  "):
        dialog.place.setText(text)
        assert not dialog._make.isEnabled()


def test_nobody_else_is_shown_unless_that_is_chosen_and_nothing_goes_without_a_reason(
    qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = EvidenceDialog(offered(2), tmp_path / "new")
    qtbot.addWidget(dialog)
    assert dialog.redaction == "others"
    for text, allowed in (("", False), ("  ", False), ("2026-014", True)):
        dialog.reason.setText(text)
        assert dialog._make.isEnabled() is allowed
        assert (dialog._problem.text() == "Write down why it is handed on.") is not allowed
    assert dialog.recipient.text() == ""


def test_sightings_are_chosen_by_keys_and_only_those_are_asked_for(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = EvidenceDialog(offered(3), tmp_path / "new")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.reason.setText("2026-014")
    listed = dialog.sightings
    assert listed.item(0).text() == "Gate, 14:02:11, 9.0 s, track 1, handed on before"
    assert (listed.chosen, only(dialog)) == ((1, 2, 3), [])
    qtbot.keyClick(listed, Qt.Key.Key_Down)
    qtbot.keyClick(listed, Qt.Key.Key_Space)
    assert (listed.chosen, only(dialog)) == ((1, 3), ["--only=1", "--only=3"])
    assert dialog._chosen.text() == "2 of 3 go into the folder; the report says so."
    dialog.ticks.click()
    assert (listed.chosen, only(dialog)) == ((1, 2, 3), [])
    listed.supply({TrackletId(2): picture()})
    assert listed.chosen == (1, 2, 3)
    dialog.ticks.click()
    assert (listed.chosen, dialog._make.isEnabled()) == ((), False)
    assert dialog._problem.text() == "Tick at least one sighting."


def only(dialog: EvidenceDialog) -> list[str]:
    return [word for word in dialog.wish.words if word.startswith("--only")]


def test_one_sighting_of_a_journey_is_handed_on_alone(
    window: MainWindow, case: Path, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    with_journey(window, qtbot)
    dialog = asked(window, dialogs, qtbot)
    found = view_of(window).journey.trace.journey
    assert found is not None
    first, second = found.confirmed
    row = dialog.sightings.item(1)
    for words in (view_of(window).work.label(second.camera).name, f"track {second.tracklet}"):
        assert words in row.text()
    empty = row.icon().pixmap(dialog.sightings.iconSize()).toImage()
    qtbot.waitUntil(lambda: row.icon().pixmap(dialog.sightings.iconSize()).toImage() != empty, timeout=WAIT_MS)
    dialog.reason.setText("2026-014")
    row.setCheckState(Qt.CheckState.Unchecked)
    out = dialog.wish.out
    with qtbot.waitSignal(view_of(window).work.exported, timeout=WAIT_MS):
        dialog.accept()
    assert [told["tracklet"] for told in manifest(out)["sightings"]] == [int(first.tracklet)]
    assert verifier.verify(str(out))[0] == []
    qtbot.waitUntil(lambda: not view_of(window).work.jobs.running(), timeout=WAIT_MS)


def test_s_saves_the_picture_that_is_shown_and_never_overwrites_one(
    window: MainWindow, case: Path, qtbot: QtBot
) -> None:
    view = view_of(window)
    tile = next(iter(view.player.tiles.values()))
    for count in (1, 2):
        with qtbot.waitSignal(view.evidence.said, timeout=WAIT_MS) as said:
            qtbot.keyClick(view.player, Qt.Key.Key_S)
        stills = sorted((case / "exports").glob("*.png"))
        assert len(stills) == count
    assert "(2).png" in said.args[0]
    assert tile.name in stills[0].name
    assert stills[0].name.startswith("made ")
    assert cv2.imread(str(stills[0])).shape[1::-1] == tile.showing.size
    events = [event for event in view.work.desk.case.store.events() if event.kind == "still saved"]
    assert [event.body["time_us"] for event in events] == [tile.showing.time_us] * 2


def test_a_case_that_is_open_for_reading_hands_nothing_on(case: Path) -> None:
    with Case.open(case, read_only=True) as opened:
        start_us = opened.store.sources()[0].start_us
        with pytest.raises(CaseError, match="could not go on its record"):
            save_still(opened, "east", start_us, case / "x.png")
    assert not (case / "x.png").exists()


def test_the_folder_and_the_report_are_opened_by_this_computer_and_it_is_said_where_nothing_does(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url) is None and len(asked) < 2)
    folder = tmp_path / "Müller #1"
    dialog = EvidenceDoneDialog(folder, "ab")
    qtbot.addWidget(dialog)
    buttons = {button.text(): button for button in dialog.findChildren(QPushButton)}
    buttons["Open folder"].click()
    assert dialog._said.text() == ""
    buttons["Open report"].click()
    assert [(url.scheme(), url.toLocalFile()) for url in asked] == [
        ("file", str(folder)), ("file", str(folder / "report.html")),
    ]  # fmt: skip
    assert dialog._said.text().startswith("Nothing on this computer opens ")
