"""One investigation of the demo's footage in the real window, with a picture of every step for README and guide.

    python -m tests.walks.pictures [--into docs/pictures] [--size 1440x900] [--theme light] [--scale 150] [--dialogs]

The same walk as the suite's, with the bundled networks: ``make pictures`` runs it under Xvfb, where the whole screen is
kept; with QT_QPA_PLATFORM=offscreen the window and its dialogs are drawn together. Every picture is a JPEG of at most
250 kB. ``--dialogs`` adds what the walk does not come by: keys, palette, record, device, settings, help.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app import _bootstrap  # noqa: F401 - first, as the window does

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.main_window import MainWindow

LONGEST_S = 600.0
SETTLE_S = 0.8
MOST_BYTES = 250_000
BEST_QUALITY, WORST_QUALITY = 92, 40


def arguments() -> argparse.Namespace:
    """The call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--theme", default="dark", choices=("dark", "light", "system"))
    parser.add_argument("--scale", type=int, default=100)
    parser.add_argument("--dialogs", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Walk, and keep a picture of each step."""
    call = arguments()
    with tempfile.TemporaryDirectory(prefix="reappear-") as scratch:
        home = Path(scratch)
        os.environ["HOME"], os.environ["LOGNAME"] = (
            str(home),
            "meyer",
        )  # the pictures show where the case lies, and nobody's own folder
        os.environ.setdefault("REAPPEAR_CACHE", str(Path("~/.cache/reappear").expanduser()))
        _walk(call, home)
    return 0


def _walk(call: argparse.Namespace, home: Path) -> None:
    from PySide6.QtCore import QSettings

    from app.application import Application
    from app.gui import prepare, show
    from tests.support.demo import scene
    from tests.support.window_walk import dialogs, walk

    program = prepare()
    call.into.mkdir(parents=True, exist_ok=True)
    state = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
    for key, value in {"theme": call.theme, "scale": call.scale, "zone": "Europe/Berlin"}.items():
        state.setValue(key, value)
    window = show(Application(state=state))
    window.resize(*(int(side) for side in call.size.split("x")))
    if window.screen().size().toTuple() == window.size().toTuple():
        window.showMaximized()  # with a window manager, its frame takes some of the screen

    def wait(ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONGEST_S
        while not ready():
            program.processEvents()
            time.sleep(0.002)
            if time.monotonic() > deadline:
                raise TimeoutError("the window did not get there")

    def steps() -> Iterator[str]:
        yield from walk(window, scene(), home / "Cases", wait)
        if call.dialogs:
            yield from dialogs(window, wait)

    for step in steps():
        rest = time.monotonic() + SETTLE_S
        wait(lambda rest=rest: time.monotonic() > rest)  # type: ignore[misc]
        kept = keep(seen(window), call.into / f"{step}.jpg")
        sys.stdout.write(f"{kept}  {kept.stat().st_size // 1000} kB\n")
    window.close()


def seen(window: MainWindow) -> QImage:
    """The part of the screen that the window covers, with whatever is open above it."""
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QGuiApplication, QPainter
    from PySide6.QtWidgets import QApplication

    if QGuiApplication.platformName() != "offscreen":
        place = window.geometry()
        return window.screen().grabWindow(0, place.x(), place.y(), place.width(), place.height()).toImage()
    picture = window.grab()
    painter = QPainter(picture)
    for above in QApplication.topLevelWidgets():
        if above is not window and above.isVisible() and above.width() < window.width():
            corner = QPoint((window.width() - above.width()) // 2, (window.height() - above.height()) // 2)
            painter.drawPixmap(corner, above.grab())
    painter.end()
    return picture.toImage()


def keep(picture: QImage, path: Path) -> Path:
    """Write a JPEG without thinned colours (they would smear text), as good as the limit allows."""
    import cv2

    from app.images import to_array

    for quality in range(BEST_QUALITY, WORST_QUALITY, -4):
        how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1,
               cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]  # fmt: skip
        _, coded = cv2.imencode(".jpg", to_array(picture), how)
        if len(coded) <= MOST_BYTES:
            break
    path.write_bytes(coded.tobytes())
    return path


if __name__ == "__main__":
    sys.exit(main())
