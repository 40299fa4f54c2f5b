"""Says when the window is usable: ``python -m tests.bench.opening empty | welcome | CASE``, JSON lines out.

    empty     Qt's own empty main window, painted: what no Qt program in Python can be faster than
    welcome   ``reappear gui``, painted, with the recent cases listed, and a key has moved the focus
    CASE      ``reappear gui CASE``, until the open case answers

The time counts from the start of the process, the interpreter with it. Drawn offscreen.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton, QWidget

RECENT = 3


class FirstPaint(QObject):
    """Calls ``then`` once, after a widget was painted."""

    def __init__(self, widget: QWidget, then: Callable[[], None]) -> None:
        super().__init__(widget)
        self._then = then
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._then)
        return False


def empty() -> None:
    """The limit."""
    program = QApplication([])
    window = QMainWindow()
    FirstPaint(window, lambda: (usable(), program.quit()))
    window.resize(1440, 900)
    window.show()
    program.exec()


def opened(folder: Path, case: str) -> None:
    """The program as ``reappear gui`` starts it."""
    from app import cli  # what the command line loads on its way
    from app.gui import prepare, show

    assert cli.entry is not None
    program = prepare()
    from PySide6.QtCore import QSettings

    from app.application import Application
    from app.settings import WindowState

    state = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    for number in range(RECENT):
        (folder / f"case {number}").mkdir()
        WindowState(state).opened(folder / f"case {number}", "a purpose")

    def said() -> None:
        usable()
        program.quit()

    window = show(Application(state=state), None if case == "welcome" else Path(case))
    if case == "welcome":
        assert len([one for one in window.findChildren(QPushButton) if one.objectName() == "entry"]) == RECENT
        FirstPaint(window.welcome, lambda: press_tab(program, said))
    else:
        window.case_opened.connect(lambda: QTimer.singleShot(0, said))
    program.exec()
    window.close()


def press_tab(program: QApplication, then: Callable[[], None]) -> None:
    """A key as the window system sends it; ``then`` when the focus has moved."""
    program.focusChanged.connect(then)
    target = program.focusWidget() or program.activeWindow()
    assert target is not None
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        key = QKeyEvent(kind, Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier, "\t")
        QCoreApplication.postEvent(target, key)


def usable() -> None:
    """Now."""
    sys.stdout.write(json.dumps({"usable": True}) + "\n")
    sys.stdout.flush()


def main(what: str) -> None:
    """Open, say, close."""
    if what == "empty":
        empty()
        return
    with tempfile.TemporaryDirectory() as folder:
        opened(Path(folder), what)


if __name__ == "__main__":
    main(sys.argv[1])
