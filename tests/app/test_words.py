"""Every text that people read can be translated: collected, compiled, and shown in another language."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

import app
from app.bands import FROM
from app.events import WORDS
from app.keys import SEARCH
from app.panes.welcome import WelcomePane
from app.training import IN_THE_WINDOW
from app.words import linguist, texts

FOLDER = Path(app.__file__).parent
SOURCES = sorted(
    path for path in FOLDER.rglob("*.py") if path.parent.name in ("panes", "dialogs", "widgets", "item_models", "app")
)
ELSEWHERE = {
    "words.py", "_bootstrap.py", "__main__.py", "cli.py", "console.py", "gui.py", "application.py",  # no text is shown
    "jobs.py", "player.py",  # their sentences are errors, which speak as the engine's do
    "theme.py", "settings.py",  # names of colours, style sheets, keys of settings
}  # fmt: skip
KEYS = re.compile(r"(Ctrl|Shift|Alt)\+|^(Esc|Space|Return)")
# how a row is, where its time is from, what an event is, what a card or the trainer says; tables of words say them
IDS = {"no time", "by hand", "file name", "a picture", "first picture", FROM, SEARCH, *WORDS, *IN_THE_WINDOW}


def texts_of(node: ast.AST) -> Iterator[ast.Constant]:
    """Every literal with words in it that is no documentation, no error, and not given to ``tr`` or ``Later``."""
    if isinstance(node, ast.Raise | ast.Assert):
        return
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if called in ("tr", "Later", "Signal", "strftime", "key"):
            return
        if called == "named":  # words and a verb
            yield from texts_of(node.args[0])
            return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from texts_of(child)


def words(text: str) -> bool:
    """True for what a person would read as words: a sentence, or a word with a capital."""
    plain = text.strip()
    return sum(map(str.isalpha, plain)) > 3 and (" " in plain or plain[:1].isupper()) and plain[:1] not in "%<"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_no_text_is_shown_that_cannot_be_translated(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    wrong = [
        f"{node.lineno}: {node.value!r}"
        for node in texts_of(tree)
        if path.name not in ELSEWHERE and words(node.value) and node.value not in IDS and not KEYS.search(node.value)
    ]
    for node in ast.walk(tree):
        name = getattr(getattr(node, "func", None), "id", "")
        if name in ("tr", "Later") and any(isinstance(part, ast.JoinedStr) for part in getattr(node, "args", ())):
            wrong.append(f"{node.lineno}: values are put in after translating")
    assert wrong == []


def test_all_texts_are_collected_once_with_their_places() -> None:
    root = ElementTree.fromstring(linguist(FOLDER, "de").partition("<!DOCTYPE TS>\n")[2])
    sources = [message.findtext("source") for message in root.iter("message")]
    assert len(sources) == len(set(sources)) > 400
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
