"""Walk the real window over a case and keep a picture of every step.

    python -m tests.measure.screenshots CASE FOLDER [--size 1920x1080] [--light] [--at SECONDS] [--drop FILE ...]

Run it on a screen, or under xvfb-run. Two decisions are made and taken
back; recordings given by --drop are begun and cancelled. Use a copy of a case.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog

from app import _bootstrap  # noqa: F401 - first, as the window does
from reid_engine.errors import CaseDamaged

SETTLE_S = 1.0
LONGEST_S = 60.0


def arguments() -> argparse.Namespace:
    """The call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--at", type=float, default=2.0, help="seconds after the first common picture")
    parser.add_argument("--drop", type=Path, nargs="*", default=[])
    return parser.parse_args()


class Walk:
    """A window, and the patience to let it settle."""

    def __init__(self, call: argparse.Namespace) -> None:
        from PySide6.QtCore import QSettings
        from PySide6.QtWidgets import QApplication

        from app.application import Application

        self.program = QApplication([])
        self.folder: Path = call.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        state = QSettings(str(Path(tempfile.mkdtemp()) / "window.ini"), QSettings.Format.IniFormat)
        state.setValue("theme", "light" if call.light else "dark")
        self.window = Application(state=state).open_window()
        width, height = (int(side) for side in call.size.split("x"))
        self.window.resize(width, height)

    def settle(self, ready: Callable[[], bool] = lambda: True) -> None:
        """Let the window work until ``ready``, and a moment longer. Raises TimeoutError."""
        begun = time.monotonic()
        while not ready():
            self.program.processEvents()
            time.sleep(0.005)
            if time.monotonic() - begun > LONGEST_S:
                raise TimeoutError("the window did not get there")
        rest = time.monotonic() + SETTLE_S
        while time.monotonic() < rest:
            self.program.processEvents()
            time.sleep(0.005)

    def keep(self, name: str) -> None:
        """A picture of the window as it is."""
        self.window.grab().save(str(self.folder / f"{name}.png"))

    def keep_dialog(self, name: str) -> None:
        """A picture of the dialog that is open, which is then closed."""
        self.settle()
        dialog = self.program.activeModalWidget()
        assert isinstance(dialog, QDialog)
        dialog.grab().save(str(self.folder / f"{name}.png"))
        dialog.reject()
        self.settle()


def main() -> None:
    """All steps in order."""
    call = arguments()
    walk = Walk(call)
    window = walk.window
    walk.settle()
    window.open_case(call.case)
    walk.settle(lambda: window.view is not None and bool(window.view.player.tiles))
    view = window.view
    assert view is not None
    view.work.intake.drop(call.drop)
    wanted = {path.resolve() for path in call.drop}
    walk.settle(lambda: wanted <= {row.path for row in view.work.recordings.rows()})
    walk.settle(lambda: all(row.state != "reading" for row in view.work.recordings.rows()))
    walk.keep("2-footage")
    if call.drop:
        view.footage.start_button.click()
        walk.settle(lambda: any(view.work.jobs.jobs))
        walk.settle(lambda: view.jobs.card(view.work.jobs.jobs[0].name).begun or not view.work.jobs.running())
        walk.keep("2-running")
        view.work.jobs.jobs[0].say("cancel")
        walk.settle(lambda: not view.work.jobs.running())
    window.go("Investigate")
    view.player.skip(call.at)
    walk.settle(lambda: any(len(tile.people.tracklet) for tile in view.player.tiles.values()))
    walk.keep("3-player")
    view.player.select_next(1)
    view.player.ask()
    walk.settle(lambda: view.work.matches.rowCount() > 0)
    walk.keep("4-matches")
    view.inquiry.decide("same")
    view.inquiry.decide("different")
    walk.settle()
    view.matches.cards.clicked.emit(view.work.matches.index(0))
    walk.settle()
    walk.keep("5-decisions")
    view.work.investigation.refine()
    walk.settle()
    walk.keep("6-refined")
    view.work.investigation.undo()
    view.work.investigation.undo()
    walk.settle()
    window.show_keys()
    walk.keep_dialog("7-keys")
    view.ask_networks()
    walk.keep_dialog("8-networks")
    window.trouble(CaseDamaged("case.db holds a damaged page (page 17 of 4211)"))
    walk.keep_dialog("9-trouble")
    window.close_case()
    walk.settle()
    walk.keep("1-welcome")
    window.close()


if __name__ == "__main__":
    main()
