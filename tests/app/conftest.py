"""Windows are tested offscreen; nothing may be left behind, and no dialog may open that a test does not expect."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app import _bootstrap  # noqa: F401 - as the window itself does
from app.application import Application
from app.dialogs.trouble import TroubleDialog
from app.main_window import MainWindow
from reid_engine.settings import Settings
from tests.support.program import COMMAND

WAIT_MS = 20_000
Open = Callable[[Path | None], MainWindow]


def children_of_this_process() -> set[int]:
    """The numbers of all living children."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread may end between the list and the look
            found |= {int(word) for word in (task / "children").read_text().split()}
    return found


def open_files() -> list[str]:
    """Where this process's descriptors lead."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists the folder is gone by now
            found.append(os.readlink(entry))
    return found


def thread_names() -> list[str]:
    """The kernel's names of all our threads."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found.append((task / "comm").read_text().strip())
    return found


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> list[QDialog]:
    """Dialogs that were opened, for tests that expect some."""
    return []


@pytest.fixture(autouse=True)
def no_unexpected_dialog(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing blocks a test: a modal loop fails it, and so does an error dialog that it did not ask to see."""
    expected: list[QDialog] | None = request.getfixturevalue("dialogs") if "dialogs" in request.fixturenames else None
    surprises: list[str] = []

    def opened(dialog: QDialog) -> None:
        if expected is None:
            surprises.append(dialog.report() if isinstance(dialog, TroubleDialog) else dialog.windowTitle())
        else:
            expected.append(dialog)

    monkeypatch.setattr(QDialog, "open", opened)
    monkeypatch.setattr(QDialog, "exec", lambda dialog: surprises.append(f"modal: {dialog.windowTitle()}"))
    yield
    assert surprises == []


@pytest.fixture
def nothing_left(qtbot: QtBot) -> Iterator[None]:
    """No window, timer, pool thread, open database or child process outlives the test."""
    before = children_of_this_process()
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == []
    timers = [timer for timer in gc.get_objects() if issubclass(type(timer), QTimer) and shiboken6.isValid(timer)]
    assert [timer.parent() for timer in timers if timer.isActive()] == []
    assert [path for path in open_files() if path.endswith(("case.db", "case.db-wal"))] == []
    assert [name for name in thread_names() if name.startswith("lane")] == []
    assert children_of_this_process() - before == set()


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """The window's outside world: the suite's program, and settings of its own."""
    state = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    state.setValue("zone", "Europe/Berlin")
    return Application(COMMAND, state, Settings())


@pytest.fixture
def open_window(
    qtbot: QtBot, application: Application, nothing_left: None
) -> Iterator[Callable[[Path | None], MainWindow]]:
    """Windows as the program opens them, closed again at the end."""
    windows: list[MainWindow] = []

    def opened(case: Path | None) -> MainWindow:
        if case is None:
            windows.append(application.open_window())
            return windows[-1]
        window = application.open_window()
        windows.append(window)
        with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
            window.open_case(case)
        return window

    yield opened
    for window in windows:
        window.close()
        window.deleteLater()
