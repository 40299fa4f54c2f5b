"""The people of a case of whom sightings are confirmed: listed beside whoever is looked for, and gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.cli import main
from app.main_window import MainWindow
from reid_engine.case import Case
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS, view_of
from tests.app.test_inquiry import confirm_best, searched
from tests.support.program import program

pytestmark = pytest.mark.window


def known(window: MainWindow) -> list[QToolButton]:
    """The buttons of the people who are known."""
    buttons = view_of(window).subject.findChildren(QToolButton)
    return [button for button in buttons if not button.isHidden() and "look for this person" in button.toolTip()]


def test_a_person_is_gone_on_with_by_one_click_after_somebody_else(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    probe = searched(window, qtbot)
    best = confirm_best(window, qtbot)
    qtbot.wait(0)
    assert known(window) == [], "whoever is looked for is not listed beside himself"
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: len(known(window)) == 1, timeout=WAIT_MS)
    (button,) = known(window)
    assert "2 confirmed sightings" in button.accessibleName()
    qtbot.waitUntil(lambda: not button.icon().isNull(), timeout=WAIT_MS)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        button.click()
    assert view.work.investigation.probe == probe
    assert view.work.investigation.verdicts == {best: "same"}
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: len(known(window)) == 1, timeout=WAIT_MS)
    with qtbot.waitSignal(view.work.investigation.written, timeout=WAIT_MS):
        view.work.investigation.undo()
    qtbot.waitUntil(lambda: known(window) == [], timeout=WAIT_MS)


def test_a_case_opens_with_its_people_by_the_names_they_were_given(
    case: Path, window: MainWindow, qtbot: QtBot
) -> None:
    with Case.open(case) as opened:
        opened.decide(TrackletId(1), TrackletId(3), "same")
        opened.store.add_note("A & B", moment_us=1, tracklet_id=TrackletId(1))
    window.open_case(case)
    qtbot.waitUntil(lambda: window.view is not None and len(known(window)) == 1, timeout=WAIT_MS)
    (button,) = known(window)
    assert (button.text(), button.toolTip().splitlines()[0]) == ("A && B", "A & B")


def test_the_command_line_lists_them_too(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Case.open(case) as opened:
        opened.decide(TrackletId(1), TrackletId(3), "same")
        opened.store.add_note("with\na bag", moment_us=1, tracklet_id=TrackletId(3))
    assert main(["journey", str(case)], program()) == 0
    told = capsys.readouterr()
    assert "       1  2 confirmed sightings: " in told.out
    assert told.out.endswith("  with a bag\n")
    assert "1 person is known" in told.err
    assert main(["journey", str(case), "--json"], program()) == 0
    assert json.loads(capsys.readouterr().out)["members"] == [1, 3]
    assert main(["journey", str(case), "--export", str(case / "x.csv")], program()) == 2
    assert not (case / "x.csv").exists()
