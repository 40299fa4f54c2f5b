"""Starts the window."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from app.application import Application
    from app.main_window import MainWindow

SWITCH_INTERVAL_S = 0.002  # the window's thread gets the interpreter back this soon from a busy lane


def prepare() -> QApplication:
    """The Qt program as the window wants it; the one there is, if there is one."""
    from PySide6.QtWidgets import QApplication

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Reappear")
    application.setDesktopFileName("reappear")
    return application


def show(application: Application, case: Path | None = None) -> MainWindow:
    """Open the window, with a case where one is given."""
    window = application.open_window(case)
    # Looking for garbage among all that is loaded by then would hold the window up for 80 ms, again and again.
    window.case_opened.connect(gc.freeze)
    return window


def run(case: Path | None = None, command: Sequence[str] | None = None) -> int:
    """Show the window, and return the exit status when it is closed."""
    from app.application import Application

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = prepare()
    window = show(Application() if command is None else Application(command=tuple(command)), case)
    status = program.exec()
    window.deleteLater()
    return status
