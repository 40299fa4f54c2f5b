"""How late the window's events come while it plays a case and an ingest runs beside it:
``python -m tests.bench.window CASE CLIP DETECTOR EMBEDDER THREADS``, one JSON object out.

The real window on the real start path, drawn offscreen; the ingest is the job that the window itself starts.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from app import _bootstrap  # noqa: F401 - as the window itself does
from app.application import Application
from app.gui import prepare, show
from app.main_window import MainWindow
from app.verbs import INVESTIGATE
from reid_engine.process import die_with_parent, private_stdout
from reid_engine.settings import Settings
from tests.support.program import COMMAND

SETTLE_MS = 1500
LONGEST_MS = 300_000


def main(arguments: Sequence[str]) -> None:
    """Measure and write the answer."""
    from PySide6.QtCore import QSettings, QTimer

    die_with_parent()
    pipe = private_stdout()
    program = prepare()
    case, clip, detector, embedder, threads = arguments
    words = ["--camera", f"beside={clip}", "--detector", detector, "--embedder", embedder, "--threads", threads]
    with tempfile.TemporaryDirectory() as folder:
        state = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        window = show(Application(COMMAND, state, Settings()), Path(case))
        QTimer.singleShot(SETTLE_MS, lambda: _measure(window, words, program.quit))
        QTimer.singleShot(LONGEST_MS, program.quit)
        program.exec()
        delay = window.stalls.delay()
        window.close()
    with pipe:
        found = {"count": delay.count, "p50": delay.p50_ms, "p99": delay.p99_ms, "max": delay.max_ms}
        pipe.write(json.dumps(found) + "\n")


def _measure(window: MainWindow, words: Sequence[str], done: Callable[[], None]) -> None:
    """Play, ingest, and meter until the ingest has ended."""
    view = window.view
    assert view is not None, "the case was not open in time"
    window.go(INVESTIGATE)
    view.player.toggle_play()
    window.stalls.start()

    def ended(_: str) -> None:
        window.stalls.stop()
        done()

    view.work.jobs.start("ingest", words).ended.connect(ended)


if __name__ == "__main__":
    main(sys.argv[1:])
