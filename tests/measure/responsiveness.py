"""How long the real window keeps a person waiting while an ingest that it started runs and two tiles play.

    python -m tests.measure.responsiveness CASE-OR-FOOTAGE --detector W --embedder W [--seconds 60]

Footage (files, or a folder) goes into a new case that is thrown away; of a case only the list of its recordings is
used. Everything is done through the window: files are dropped, Start is pressed with the mouse, the tiles play. The
event loop's delay is taken from before the press until the analysis has ended. Prints one line for people and one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from app import _bootstrap  # noqa: F401 - first, as the window does
from app.case_view import CaseView
from app.main_window import MainWindow
from app.stall import Delay
from reid_engine.case import Case

LONGEST_S = 180.0
SIZE = (1920, 1080)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("footage", type=Path, nargs="+", metavar="CASE-OR-FOOTAGE")
    parser.add_argument("--detector", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=120.0, help="the longest measurement")
    call = parser.parse_args(words)
    delay = measure(call.footage, call.detector, call.embedder, call.seconds)
    load = os.getloadavg()[0]
    print(
        f"event loop of the window while ingesting and playing: p50 {delay.p50_ms:.1f} ms, p99 {delay.p99_ms:.1f} ms, "
        f"longest {delay.max_ms:.1f} ms over {delay.count} events (load of this machine {load:.1f})"
    )
    print(json.dumps({**asdict(delay), "load": load}))


def measure(footage: Sequence[Path], detector: Path, embedder: Path, longest_s: float = 120.0) -> Delay:
    """The event loop's delay in milliseconds. Raises TimeoutError when the window does not get that far."""
    from PySide6.QtCore import QSettings

    from app.application import Application
    from app.gui import prepare, show
    from app.item_models.recordings import START

    paths = recordings_of(footage)
    with tempfile.TemporaryDirectory(prefix="reappear-") as folder:
        state = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        state.setValue("networks/detector", str(detector))
        state.setValue("networks/embedder", str(embedder))
        case = Path(folder) / "case"
        Case.create(case, "a measurement").close()
        prepare()
        window = show(Application(state=state), case)
        window.resize(*SIZE)
        watch = Patience()
        try:
            watch.until(lambda: window.view is not None)
            view = view_of(window)
            view.work.intake.drop(paths)
            model = view.work.recordings
            watch.until(lambda: bool(model.rows()) and all(row.state != "reading" for row in model.rows()))
            for row, recording in enumerate(model.rows()):
                if recording.state == "no time":
                    model.setData(model.index(row, START), "2026-11-03 14:02:11")
            watch.rest(1.0)
            return _while_ingesting(window, watch, longest_s)
        finally:
            for job in view_of(window).work.jobs.running() if window.view is not None else ():
                job.say("cancel")
                watch.until(lambda job=job: not job.running)  # type: ignore[misc]
            window.close()


def _while_ingesting(window: MainWindow, watch: Patience, longest_s: float) -> Delay:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    view = view_of(window)
    window.stalls.start()
    QTest.mouseClick(view.footage.start_button, Qt.MouseButton.LeftButton)
    watch.until(lambda: bool(view.work.jobs.running()))
    watch.until(lambda: len(view.player.tiles) > 1 or not view.work.jobs.running())
    window.go("Investigate")
    view.player.toggle_play()
    ends = time.monotonic() + longest_s
    while view.work.jobs.running() and time.monotonic() < ends:
        watch.rest(0.2)
        if not view.player.clock.playing:
            view.player.skip(-1e6)
            view.player.toggle_play()
    window.stalls.stop()
    return window.stalls.delay()


class Patience:
    """Lets the window work while somebody waits."""

    def rest(self, seconds: float) -> None:
        """So long, in the window's own event loop."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def until(self, ready: Callable[[], bool]) -> None:
        """Until ``ready``. Raises TimeoutError."""
        ends = time.monotonic() + LONGEST_S
        while not ready():
            self.rest(0.02)
            if time.monotonic() > ends:
                raise TimeoutError("the window did not get there")


def view_of(window: MainWindow) -> CaseView:
    """The open case."""
    assert window.view is not None
    return window.view


def recordings_of(footage: Sequence[Path]) -> list[Path]:
    """What is to be dropped: the recordings of a case, or the paths themselves."""
    found: list[Path] = []
    for path in footage:
        if (path / "case.db").exists():
            with Case.open(path, read_only=True) as case:
                found += [Path(source.path) for source in case.store.sources()]
        else:
            found.append(path.resolve())
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
