"""One investigation in the real window, with a picture of every step for README and guide.

    python -m tests.measure.guide_pictures FOLDER [--size 1600x1000] [--theme light] [--scale 150]
        [--footage EXPORT --detector W --embedder W]

Run it on a screen, under xvfb-run, or with QT_QPA_PLATFORM=offscreen. Without --footage the suite's drawn footage is
used: four cameras, one of which is 37 s wrong. The clock's correction needs footage whose camera ``ch03`` is that one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app import _bootstrap  # noqa: F401 - first, as the window does

LONGEST_S = 300.0
SETTLE_S = 0.6


def arguments() -> argparse.Namespace:
    """The call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="1600x1000")
    parser.add_argument("--theme", default="dark", choices=("dark", "light", "system"))
    parser.add_argument("--scale", type=int, default=100)
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--embedder", type=Path)
    return parser.parse_args()


def main() -> None:
    """Walk, and keep a picture of each step; dialogs get their own."""
    call = arguments()
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QDialog

    from app.application import Application
    from app.gui import prepare
    from app.networks import Networks
    from app.settings import WindowState
    from tests.support.export import recorder_export
    from tests.support.networks import stripe_embedder
    from tests.support.program import COMMAND
    from tests.support.scripted import write_script
    from tests.support.window_walk import walk

    program = prepare()
    call.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        state = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
        for key, value in {"theme": call.theme, "scale": call.scale, "zone": "Europe/Berlin"}.items():
            state.setValue(key, value)
        if call.footage is None:
            recorder_export(home / "export", seconds=10.0, size=(640, 360))
        networks = Networks(call.detector or write_script(home, 0.01), call.embedder or stripe_embedder(home))
        WindowState(state).networks = networks
        window = Application(COMMAND, state).open_window()
        window.resize(*(int(side) for side in call.size.split("x")))

        def wait(ready: Callable[[], bool]) -> None:
            deadline = time.monotonic() + LONGEST_S
            while not ready():
                program.processEvents()
                time.sleep(0.005)
                if time.monotonic() > deadline:
                    raise TimeoutError("the window did not get there")

        for step in walk(window, call.footage or home / "export", home, wait):
            rest = time.monotonic() + SETTLE_S
            wait(lambda rest=rest: time.monotonic() > rest)  # type: ignore[misc]
            dialog = program.activeModalWidget()
            shown = dialog if isinstance(dialog, QDialog) else window
            shown.grab().save(str(call.folder / f"{step}.png"))
        window.close()


if __name__ == "__main__":
    main()
