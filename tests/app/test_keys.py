"""A key that is bound anew is what buttons, tips and sentences say, and none of them names a key by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.dialogs.keys import KeysDialog
from app.hints import Progress, next_step
from app.item_models.keys import KEYS, WORDS
from app.keys import SEARCH, key, named, remember
from app.main_window import MainWindow
from app.verbs import verbs
from app.widgets.fitting_button import FittingButton
from app.words import texts
from tests.app.conftest import WAIT_MS
from tests.app.every import compare

APP = Path(__file__).parents[2] / "app"
A_KEY = re.compile(r"\((Ctrl\+|Shift\+|Alt\+)?([A-Z]|Space|,|\.)\)|   [A-Z]$|\b(Enter|Return|Ctrl|Shift|Space)\b")


@pytest.fixture(autouse=True)
def own_keys(qapp: object) -> Iterator[None]:
    yield
    remember({})


def told() -> set[str]:
    """Every verb whose key is named somewhere."""
    found = {SEARCH}
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("key", "named"):
                last = node.args[-1]
                if isinstance(last, ast.Constant):
                    found.add(str(last.value))
    return found


@pytest.mark.window
def test_every_verb_that_is_named_is_in_the_table_and_has_a_key(window: MainWindow) -> None:
    bound = {verb.words for verb in verbs(window) if verb.keys}
    assert len(told()) > 20
    assert told() <= bound
    assert all(map(key, told()))


def test_no_text_names_a_key_by_itself() -> None:
    known = [text for text, path, _ in texts(APP) if A_KEY.search(text) and path.name not in ("verbs.py", "help.py")]
    assert known == []


@pytest.mark.parametrize("folder", ["panes", "dialogs", "widgets"])
def test_no_label_is_made_of_a_key_by_itself(folder: str) -> None:
    found = [
        f"{path.name}: {node.value}"
        for path in (APP / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch("[A-Z]", node.value)
    ]
    assert found == []


def test_a_verb_without_a_key_is_named_without_one(qapp: object) -> None:
    remember({"Undo": "Ctrl+Z", SEARCH: "Return | Enter"})
    assert (key("Undo"), key(SEARCH)) == ("Ctrl+Z", "Enter")
    assert named("Take back", "Undo") == "Take back (Ctrl+Z)"
    remember({"Undo": "", SEARCH: "F5"})
    assert (key("Undo"), key(SEARCH)) == ("", "F5")
    assert named("Take back", "Undo") == "Take back"
    assert next_step(Progress(1, searchable=1, investigating=True, selected=True)).count("F5") == 1


def test_side_by_side_a_decision_is_made_by_the_key_that_is_bound(qtbot: QtBot, tmp_path: Path) -> None:
    remember({"Same person": "Ctrl+Y", "Different person": "N"})
    dialog = compare(tmp_path)
    qtbot.addWidget(dialog)
    keys = {button.text(): button.shortcut().toString() for button in dialog.findChildren(QPushButton)}
    assert (keys["Same   Ctrl+Y"], keys["Different   N"], keys["Unsure"]) == ("Ctrl+Y", "N", "")


@pytest.mark.window
def test_what_is_bound_anew_is_what_the_open_case_says(
    window: MainWindow, qtbot: QtBot, dialogs: list[QDialog]
) -> None:
    window.show_keys()
    (dialog,) = dialogs
    assert isinstance(dialog, KeysDialog)
    rows = {dialog.model.index(row, WORDS).data(): row for row in range(dialog.model.rowCount())}
    assert dialog.model.setData(dialog.model.index(rows["Same person"], KEYS), "Ctrl+Y")
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        dialog.accept()
    assert window.view is not None
    assert "Same   Ctrl+Y" in {button.toolTip() for button in window.view.matches.findChildren(FittingButton)}
    dialogs.clear()
    window.show_keys()
    with qtbot.assertNotEmitted(window.program.changed_looks):
        dialogs[0].accept()
