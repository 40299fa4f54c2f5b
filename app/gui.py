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

PICTURE_SIZE = (1440, 900)
SETTLED_MS = 4000  # tiles, answer and pictures are there by then
GIVE_UP_MS = 40_000
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


def show(application: Application, case: Path | None = None, ask: int | None = None) -> MainWindow:
    """Open the window, with a case where one is given, and there with the answer for a track where one is."""
    from PySide6.QtCore import Qt

    window = application.open_window(case)
    # Looking for garbage among all that is loaded by then would hold the window up for 80 ms, again and again.
    window.case_opened.connect(gc.freeze)
    if ask is not None:
        track = ask
        window.case_opened.connect(lambda: window.search_when_ready(track), Qt.ConnectionType.SingleShotConnection)
    return window


def run(case: Path | None = None, command: Sequence[str] | None = None, ask: int | None = None) -> int:
    """Show the window, and return the exit status when it is closed."""
    from reid_engine.decoder import get_ready

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    get_ready()
    program = prepare()
    window = show(_application(command), case, ask)
    status = program.exec()
    window.deleteLater()
    return status


def photograph(case: Path, picture: Path, command: Sequence[str] | None = None, ask: int | None = None) -> int:
    """Show the window until it has settled on the case, keep a picture of it, and end."""
    from PySide6.QtCore import QTimer

    program = prepare()
    window = show(_application(command), case, ask)
    window.resize(*PICTURE_SIZE)  # whatever size somebody left it at
    kept: list[bool] = []

    def keep() -> None:
        kept.append(window.grab().save(str(picture)))
        window.close()
        program.quit()

    window.case_opened.connect(lambda: QTimer.singleShot(SETTLED_MS, window, keep))
    QTimer.singleShot(GIVE_UP_MS, window, program.quit)
    program.exec()
    window.deleteLater()
    return 0 if kept and kept[0] else 1


def _application(command: Sequence[str] | None) -> Application:
    from app.application import Application

    return Application() if command is None else Application(command=tuple(command))
