"""The real window while it plays four tiles, alone and beside an ingest that it started: how late its events come, and
how many pictures are seen: ``python -m tests.bench.window CASE CLIP THREADS``, one JSON object out.

CASE holds four cameras, CLIP is what the ingest reads, with the bundled networks. Drawn offscreen.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from app import _bootstrap  # noqa: F401 - as the window itself does
from app.application import Application
from app.case_view import CaseView
from app.gui import prepare, show
from app.main_window import MainWindow
from app.networks import bundled, standard
from app.verbs import INVESTIGATE
from reid_engine.process import die_with_parent, private_stdout
from reid_engine.settings import Settings
from tests.support.program import COMMAND

SETTLE_MS = 2500
PLAY_MS = 10_000
LONGEST_MS = 280_000


class Seen:
    """Counts the pictures that four tiles show."""

    def __init__(self, view: CaseView) -> None:
        self.counts: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._view = view
        view.player.moved.connect(self._look)

    def _look(self, _: object) -> None:
        for camera, tile in self._view.player.tiles.items():
            if tile.showing.image is not None and self._last.get(camera) != tile.showing.time_us:
                self._last[camera] = tile.showing.time_us
                self.counts[camera] = self.counts.get(camera, 0) + 1


def main(arguments: Sequence[str]) -> None:
    """Measure twice and write the answers."""
    from PySide6.QtCore import QSettings, QTimer

    die_with_parent()
    pipe = private_stdout()
    program = prepare()
    case, clip, threads = arguments
    networks = standard(bundled())
    words = ["--camera", f"beside={clip}", *networks.arguments(), "--threads", threads]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        state = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        window = show(Application(COMMAND, state, Settings()), Path(case))
        window.resize(1920, 1080)
        QTimer.singleShot(SETTLE_MS, lambda: _measure(window, words, found, program.quit))
        QTimer.singleShot(LONGEST_MS, program.quit)
        program.exec()
        window.close()
    with pipe:
        pipe.write(json.dumps(found) + "\n")


def _measure(window: MainWindow, words: Sequence[str], found: dict[str, Any], done: Callable[[], None]) -> None:
    """Play alone; then play while an ingest analyses, and stop it."""
    view = window.view
    assert view is not None, "the case was not open in time"
    window.go(INVESTIGATE)

    def beside() -> None:
        job = view.work.jobs.start("ingest", words)
        job.ended.connect(lambda _: done())

        def heard(events: list[dict[str, Any]]) -> None:
            if "busy" not in found and any(event.get("stage") == "analyse" for event in events):
                found["busy"] = {}
                _play(window, view, lambda seen: (found.update(busy=seen), job.say("cancel")))

        job.moved.connect(heard)

    _play(window, view, lambda seen: (found.update(alone=seen), beside()))


def _play(window: MainWindow, view: CaseView, then: Callable[[dict[str, float]], object]) -> None:
    """Play from the start for a while; ``then`` gets the delays and the pictures of all tiles a second."""
    from PySide6.QtCore import QTimer

    view.player.pause()
    view.player.seek(0)

    def begin() -> None:
        seen = Seen(view)
        view.player.toggle_play()
        window.stalls.start()
        QTimer.singleShot(PLAY_MS, lambda: end(seen))

    def end(seen: Seen) -> None:
        window.stalls.stop()
        view.player.pause()
        late = window.stalls.delay()
        shown = sum(seen.counts.values()) / (PLAY_MS / 1000)
        then({"count": late.count, "p50": late.p50_ms, "p99": late.p99_ms, "max": late.max_ms, "shown": shown,
              "tiles": len(seen.counts)})  # fmt: skip

    QTimer.singleShot(SETTLE_MS, begin)


if __name__ == "__main__":
    main(sys.argv[1:])
