"""Starts the window."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from app import _bootstrap  # noqa: F401 - first: Qt must not see what importing OpenCV leaves behind

SWITCH_INTERVAL_S = 0.002  # the window's thread gets the interpreter back this soon from a busy lane


def run(case: Path | None = None, command: Sequence[str] | None = None) -> int:
    """Open the window, with a case where one is given, and return the exit status when it is closed."""
    from PySide6.QtWidgets import QApplication

    from app.application import Application

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Reappear")
    application.setDesktopFileName("reappear")
    made = Application() if command is None else Application(command=tuple(command))
    window = made.open_window(case)
    status = application.exec()
    window.deleteLater()
    return status
