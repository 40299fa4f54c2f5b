"""A damaged case in the window: the dialog says what there is, and opens it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.dialogs.trouble import TroubleDialog
from app.main_window import MainWindow
from reid_engine.case import Case
from reid_engine.store.standing import standing
from tests.app.conftest import WAIT_MS, Open

pytestmark = pytest.mark.window


def damage(case: Path) -> None:
    """Its first table's page is no page any more."""
    with (case / "case.db").open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xa5" * 3 * 4096)


def buttons(dialog: QDialog) -> dict[str, QPushButton]:
    return {button.text().replace("&", ""): button for button in dialog.findChildren(QPushButton)}


def refused(window: MainWindow, case: Path, dialogs: list[QDialog], qtbot: QtBot) -> TroubleDialog:
    """The dialog after an attempt to open the case."""
    window.open_case(case)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, TroubleDialog)
    return dialog


def test_a_case_that_is_closed_leaves_a_backup_and_damage_offers_it(
    case: Path, open_window: Open, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    for old in standing(case):
        old.path.unlink()
    window = open_window(case)
    window.close_case()
    qtbot.waitUntil(lambda: bool(standing(case)), timeout=WAIT_MS)
    damage(case)
    dialog = refused(window, case, dialogs, qtbot)
    (made,) = standing(case)
    words = f"Open the backup of {made.words}"
    assert {words, "Rescue what can be read"} <= buttons(dialog).keys()
    assert any(made.words in label.text() for label in dialog.findChildren(QLabel)), "the sentence names it too"
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        qtbot.mouseClick(buttons(dialog)[words], Qt.MouseButton.LeftButton)
    assert window.view is not None
    assert window.view.work.desk.folder == case.with_name("made (backup)")


def test_without_a_backup_what_can_be_read_is_offered_and_a_failure_is_said(
    case: Path, open_window: Open, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    for old in standing(case):
        old.path.unlink()
    damage(case)
    whole = (case / "case.db").read_bytes()
    window = open_window(None)
    dialog = refused(window, case, dialogs, qtbot)
    assert [words for words in buttons(dialog) if "backup" in words] == []
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        qtbot.mouseClick(buttons(dialog)["Rescue what can be read"], Qt.MouseButton.LeftButton)
    assert (case / "case.db").read_bytes() == whole
    with Case.open(case.with_name("made (rescued)"), read_only=True) as rescued:
        assert rescued.store.events()[-1].kind == "rescued"
    window.close_case()
    (case / "case.db").write_bytes(b"nothing" * 9999)
    dialog = refused(window, case, dialogs, qtbot)
    qtbot.mouseClick(buttons(dialog)["Rescue what can be read"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    said = dialogs.pop()
    assert isinstance(said, TroubleDialog)
    assert "can be read" in said.report()
