"""Every text that people read can be translated: collected, compiled, and shown in another language."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

import app
from app.panes.welcome import WelcomePane
from app.words import linguist, texts

FOLDER = Path(app.__file__).parent
SOURCES = sorted(
    path for path in FOLDER.rglob("*.py") if path.parent.name in ("panes", "dialogs", "widgets", "item_models", "app")
)
SHOWN = {
    "setText", "setWindowTitle", "setToolTip", "setPlaceholderText", "setAccessibleName", "setAccessibleDescription",
    "QLabel", "QPushButton", "QRadioButton", "QCheckBox", "QDockWidget", "addAction", "addTab",
}  # fmt: skip


def letters(node: ast.expr) -> bool:
    """True for a literal, or a literal with values put in, that holds a word."""
    if isinstance(node, ast.JoinedStr):
        return any(letters(part) for part in node.values if isinstance(part, ast.Constant))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and sum(map(str.isalpha, node.value)) > 2


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_no_text_is_shown_that_cannot_be_translated(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SHOWN and node.args and letters(node.args[0]):
                wrong.append(f"{node.lineno}: {ast.unparse(node)[:70]}")
            if name in ("tr", "Later") and any(isinstance(part, ast.JoinedStr) for part in node.args):
                wrong.append(f"{node.lineno}: values are put in after translating")
    assert wrong == []


def test_all_texts_are_collected_once_with_their_places() -> None:
    root = ElementTree.fromstring(linguist(FOLDER, "de").partition("<!DOCTYPE TS>\n")[2])
    sources = [message.findtext("source") for message in root.iter("message")]
    assert len(sources) == len(set(sources)) > 200
    assert set(sources) == {text for text, _, _ in texts(FOLDER)}
    assert all(message.find("location") is not None for message in root.iter("message"))


def test_a_translated_file_changes_what_the_window_says(tmp_path: Path, qtbot: QtBot) -> None:
    root = ElementTree.fromstring(linguist(FOLDER, "xx").partition("<!DOCTYPE TS>\n")[2])
    for message in root.iter("message"):
        translation = message.find("translation")
        assert translation is not None
        translation.text = f"[{message.findtext('source')}]"
        translation.attrib.clear()
    ElementTree.ElementTree(root).write(tmp_path / "xx.ts", "utf-8", xml_declaration=True)
    release = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run(
        [str(release), str(tmp_path / "xx.ts"), "-qm", str(tmp_path / "xx.qm")], check=True, capture_output=True
    )
    translator = QTranslator()
    assert translator.load(str(tmp_path / "xx.qm"))
    QCoreApplication.installTranslator(translator)
    try:
        pane = WelcomePane()
        qtbot.addWidget(pane)
        assert " [New case]" in [button.text() for button in pane.findChildren(QPushButton)]
    finally:
        QCoreApplication.removeTranslator(translator)
