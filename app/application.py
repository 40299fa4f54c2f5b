"""The composition root of the window: what it is made of, typed and in one place, so that a test can bring its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

from app import theme
from app.main_window import MainWindow
from app.settings import WindowState
from reid_engine.folders import config_folder

if TYPE_CHECKING:  # loads pydantic, which the first paint does not need
    from reid_engine.settings import Settings


def own_command() -> tuple[str, ...]:
    """How this program starts itself for a job."""
    return (sys.executable, "-m", "app")


def own_state() -> QSettings:
    """The window's own file beside the settings."""
    return QSettings(str(config_folder() / "window.ini"), QSettings.Format.IniFormat)


@dataclass
class Application:
    """The outside world of one window.

    command:  the words before a verb (``ingest``, ``probe``) when a job is started as a child process
    settings: None for those in the person's file, read when they are needed
    """

    command: tuple[str, ...] = field(default_factory=own_command)
    state: QSettings = field(default_factory=own_state)
    settings: Settings | None = None

    def open_window(self, case: Path | None = None) -> MainWindow:
        """Dress the program and show its window, with a case or with the welcome page."""
        state = WindowState(self.state)
        theme.apply(theme.application(), state.theme, state.scale)
        window = MainWindow(self.command, state, self.settings)
        window.show()
        window.warm_soon()
        if case is not None:
            window.open_case(case)
        return window
