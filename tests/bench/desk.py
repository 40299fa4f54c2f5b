"""The window's own figures, one measurement a process: ``python -m tests.bench.desk NAME ARGUMENTS``, JSON lines out.

    cards                 100,000 cards: until the first are painted, and how long a step of the scroll bar takes
    clicks TRACKLETS DIM  from a click to painted cards in a made-up case of so many tracklets
    boxes CASE            from a drawn box to painted cards in the real window, its child already warm
    soak CASE SECONDS     scripted use over and over; memory of the window's process

Everything is drawn offscreen, with the panes of the window itself.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from app import _bootstrap  # noqa: F401 - as the window itself does
from app.application import Application
from app.gui import prepare, show
from app.main_window import MainWindow
from app.verbs import INVESTIGATE
from reid_engine.case import Case
from reid_engine.process import die_with_parent, private_stdout
from reid_engine.settings import Settings
from reid_engine.store import NewSource
from reid_engine.store import schema as tables
from reid_engine.types import CameraId, Match, ModelId, TrackletId
from tests.support.program import COMMAND

Answer = dict[str, Any]

CARDS = 100_000
STEPS = 200
CAMERAS = 8
CLICKS = 12
BOXES = 10
PATIENCE_MS = 90_000
ROWS = 20_000
PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE_S = 5.0


def cards(say: Callable[[Answer], None]) -> None:
    """A ranking of 100,000 from ``arrange`` to painted cards, then one step of the scroll bar after the other."""
    from app.arrange import Label, arranged
    from app.item_models.matches import MatchesModel
    from app.panes.matches import MatchesPane

    program = prepare()
    model = MatchesModel()
    pane = MatchesPane(model)
    pane.resize(584, 800)
    pane.show()
    program.processEvents()
    labels = {CameraId(n): Label(f"camera {n}", "ABCDEFGH"[n], n, "UTC") for n in range(CAMERAS)}
    model.label(labels)
    matches = [Match(TrackletId(n), CameraId(n % CAMERAS), n, n, n, n / CARDS, "strong") for n in range(1, CARDS + 1)]
    begun = time.perf_counter()
    shown = arranged(matches, {}, labels)
    arranged_ms = (time.perf_counter() - begun) * 1000
    begun = time.perf_counter()
    model.arrange(shown, {})
    pane.cards.viewport().repaint()
    first_ms = (time.perf_counter() - begun) * 1000
    bar = pane.cards.verticalScrollBar()
    steps = []
    for step in range(STEPS):
        begun = time.perf_counter()
        bar.setValue(bar.value() + (bar.singleStep() if step % 10 else bar.pageStep()))
        program.processEvents()
        steps.append((time.perf_counter() - begun) * 1000)
    say({"arranged": arranged_ms, "first": first_ms, "step": statistics.median(steps), "worst": max(steps)})
    pane.close()


def clicks(say: Callable[[Answer], None], tracklets: str, dim: str) -> None:
    """Milliseconds from the click to painted cards: the very first, which makes the index; the first after the case was
    opened again, which reads it, unless the window has by then; and later ones. Last, everybody in a list."""
    prepare()
    numbers = [TrackletId(1 + click * 97 % int(tracklets)) for click in range(CLICKS)]
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        made_up(case, int(tracklets), int(dim)).close()
        made = _answered(case, numbers[:1])
        read, *later, everybody = _answered(case, [*numbers, None])
    found = {"made": made[0], "read": read, "median": statistics.median(later), "worst": max(later)}
    say({**found, "everybody": everybody})


def _answered(folder: Path, questions: Sequence[TrackletId | None]) -> list[float]:
    """Open a case and ask for tracklets, or for everybody, by the window's own lane and panes; milliseconds each."""
    from PySide6.QtCore import QEventLoop

    from app.arrange import Label, Wish, arranged
    from app.background import Lane
    from app.desk import Answer as Ranked
    from app.desk import Desk, Query
    from app.investigation import Investigation
    from app.item_models.matches import MatchesModel
    from app.panes.matches import MatchesPane

    case = Case.open(folder)
    desk, reading, writing = Desk(case), Lane(2), Lane(1)
    model = MatchesModel()
    pane = MatchesPane(model)
    pane.resize(584, 800)
    pane.show()
    inquiry, loop = Investigation(desk, reading, writing), QEventLoop()
    labels = {CameraId(n): Label(f"camera {n}", "ABCDEFGH"[n - 1], n - 1, "UTC") for n in range(1, CAMERAS + 1)}
    model.label(labels)
    failures: list[Exception] = []

    def paint(answer: Ranked) -> None:
        wish = Wish("earliest", "none") if answer.query.everybody else Wish()
        model.arrange(arranged(answer.matches, answer.verdicts, labels, wish), answer.verdicts)
        pane.cards.viewport().repaint()
        loop.quit()

    inquiry.answered.connect(paint)
    inquiry.failed.connect(lambda error: (failures.append(error), loop.quit()))
    times = []
    for number in questions:
        begun = time.perf_counter()
        if number is None:
            inquiry.everybody(Query())
        else:
            inquiry.search_tracklet(number, Query())
        loop.exec()
        times.append((time.perf_counter() - begun) * 1000)
    pane.close()
    reading.close()
    writing.close()
    case.close()
    if failures:
        raise failures[0]
    return times


def boxes(say: Callable[[Answer], None], case: str) -> None:
    """Milliseconds from the end of a drag to painted cards: a child reads and embeds the picture, the case answers."""
    prepare()
    with _window(case) as window:
        view = window.view
        assert view is not None
        window.go(INVESTIGATE)
        _until(lambda: any(tile.showing.image is not None for tile in view.player.tiles.values()))
        tile = next(tile for tile in view.player.tiles.values() if tile.showing.image is not None)
        width, height = tile.showing.size
        times = []
        for number in range(BOXES):
            left = width * (0.2 + 0.05 * number)
            begun, answers = time.perf_counter(), view.work.investigation.answered
            heard: list[object] = []
            answers.connect(heard.append)
            tile.boxed.emit(tile.camera, tile.showing.time_us, (left, height * 0.3, left + width / 10, height * 0.7))
            _until(lambda: bool(heard))  # noqa: B023 - awaited within the round
            view.matches.cards.viewport().repaint()
            times.append((time.perf_counter() - begun) * 1000)
            answers.disconnect(heard.append)
        say({"first": times[0], "median": statistics.median(times[1:]), "worst": max(times[1:])})


@contextmanager
def _window(case: str) -> Iterator[MainWindow]:
    """The real window with this case open, and what it remembers in a folder of its own."""
    from PySide6.QtCore import QSettings

    with tempfile.TemporaryDirectory() as folder:
        state = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        window = show(Application(COMMAND, state, Settings()), Path(case))
        _until(lambda: window.view is not None and bool(window.view.player.tiles))
        yield window
        window.close()


def _until(ready: Callable[[], bool]) -> None:
    """Let the window work until then. Raises TimeoutError."""
    from PySide6.QtCore import QEventLoop, QTimer

    ends = time.monotonic() + PATIENCE_MS / 1000
    while not ready():
        loop = QEventLoop()
        QTimer.singleShot(2, loop.quit)
        loop.exec()
        if time.monotonic() > ends:
            raise TimeoutError("the window did not get there")


def made_up(folder: Path, tracklets: int, dim: int) -> Case:
    """A case of so many tracklets with random vectors; rows are put in directly, without boxes and pixels."""
    case = Case.create(folder, "a bench")
    names = [f"camera {n}" for n in range(CAMERAS)]
    cameras = [case.store.camera(name, create=True).id for name in names]
    sources = [
        case.store.add_source(NewSource(camera=c, path=f"{n}.mp4", content_sha256=n, bytes=1, start_us=0)).id
        for c, n in zip(cameras, names, strict=True)
    ]
    model = ModelId("bench@0")
    with case.store.database.writing() as connection:
        connection.execute(
            sa.insert(tables.model_generation), {"model": model, "dim": dim, "generation": 1, "removed_at": 0}
        )
        for rows, vectors in _blocks(tracklets, dim, cameras, sources):
            connection.execute(sa.insert(tables.tracklet), rows)
            blobs = [
                {"tracklet": row["id"], "model": model, "generation": 1, "vector": v.tobytes()}
                for row, v in zip(rows, vectors, strict=True)
            ]
            connection.execute(sa.insert(tables.embedding), blobs)
    return case


def _blocks(
    count: int, dim: int, cameras: Sequence[int], sources: Sequence[int]
) -> Iterator[tuple[list[dict[str, Any]], NDArray[np.float16]]]:
    rng = np.random.default_rng(1)
    for first in range(1, count + 1, ROWS):
        numbers = range(first, min(first + ROWS, count + 1))
        vectors = rng.standard_normal((len(numbers), dim), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = []
        for number in numbers:
            at_us, place = number * 400_000, number % len(cameras)
            rows.append({"id": number, "source": sources[place], "camera": cameras[place], "track_id": number,
                         "start_us": at_us, "end_us": at_us + 3_000_000, "first_offset_us": at_us,
                         "last_offset_us": at_us + 3_000_000, "box_count": 30, "quality": 0.5})  # fmt: skip
        yield rows, vectors.astype(np.float16)


def soak(say: Callable[[Answer], None], case: str, seconds: str) -> None:
    """Play, step, search, scroll, decide and take back over and over; megabytes of this process, every few seconds."""
    from PySide6.QtCore import QTimer

    program = prepare()
    with _window(case) as window:
        samples: list[tuple[float, float]] = []
        user = _Use(window)
        begun = time.monotonic()

        def sample() -> None:
            samples.append((time.monotonic() - begun, resident_mib()))
            if samples[-1][0] > float(seconds):
                program.quit()

        acting, sampling = QTimer(), QTimer()
        acting.timeout.connect(user.act)
        sampling.timeout.connect(sample)
        QTimer.singleShot(1500, lambda: (acting.start(120), sampling.start(round(SAMPLE_S * 1000)), user.begin()))
        program.exec()
        acting.stop()
        sampling.stop()
        window.stalls.stop()
        late = window.stalls.delay()
    settled = [mib for at, mib in samples if at > float(seconds) * 0.2]
    hours = [at / 3600 for at, _ in samples if at > float(seconds) * 0.2]
    slope = float(np.polyfit(hours, settled, 1)[0]) if len(settled) > 2 else 0.0
    minutes = [mib for (at, mib), (later, _) in pairwise(samples) if at // 60 != later // 60]
    said = {
        "minutes": [samples[0][1], *minutes],
        "acts": user.acts,
        "mib": settled[-1],
        "grown_mib": settled[-1] - settled[0],
        "mib_an_hour": slope,
    }
    say({**said, "late_p99": late.p99_ms, "late_max": late.max_ms})


class _Use:
    """What a person does, one act at a time."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.acts = 0

    def begin(self) -> None:
        """Go to the pictures."""
        self._window.go(INVESTIGATE)
        self._window.stalls.start()

    def act(self) -> None:
        """The next act of the round."""
        view = self._window.view
        if view is None or not view.player.tiles:
            return
        player, inquiry, bar = view.player, view.inquiry, view.matches.cards.verticalScrollBar()
        acts: list[Callable[[], object]] = [
            player.toggle_play, lambda: player.skip(1.5), lambda: player.step(1), lambda: player.select_next(1),
            player.ask, lambda: bar.setValue(bar.maximum()), lambda: bar.setValue(0), lambda: inquiry.decide("same"),
            view.work.investigation.refine, inquiry.undo, lambda: player.zoom(1.5), lambda: player.zoom(0.1),
            view.journey.play, player.pause, lambda: player.lay_out(1), lambda: player.lay_out(4),
            lambda: player.seek(0),
        ]  # fmt: skip
        acts[self.acts % len(acts)]()
        self.acts += 1


def resident_mib() -> float:
    """What this process holds in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE / 2**20


TASKS: dict[str, Callable[..., None]] = {"cards": cards, "clicks": clicks, "boxes": boxes, "soak": soak}


def main(arguments: Sequence[str]) -> None:
    """Run one and write what it says."""
    die_with_parent()
    with private_stdout() as pipe:
        TASKS[arguments[0]](lambda answer: _line(pipe, answer), *arguments[1:])


def _line(pipe: IO[str], answer: Answer) -> None:
    pipe.write(json.dumps(answer) + "\n")
    pipe.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
