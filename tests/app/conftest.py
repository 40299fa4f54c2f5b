"""Windows are tested offscreen; nothing may be left behind, and no dialog may open that a test does not expect."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QSettings, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app import _bootstrap  # noqa: F401 - as the window itself does
from app.application import Application
from app.background import Lane
from app.case_view import CaseView
from app.cli import main
from app.dialogs.trouble import TroubleDialog
from app.main_window import MainWindow
from app.networks import Networks
from app.settings import WindowState
from app.verbs import INVESTIGATE
from reid_engine.decoder import DecodeRequest, probe
from reid_engine.errors import SourceError
from reid_engine.settings import Settings, WorkSettings
from tests.bench.memory import family, parents
from tests.support.footage import two_cameras
from tests.support.networks import stripe_embedder
from tests.support.program import COMMAND, program
from tests.support.scripted import write_script

WAIT_MS = 150_000
PATIENCE_S = 1.0  # what is on its way out may take so long
Open = Callable[[Path | None], MainWindow]


def open_files() -> list[str]:
    """Where this process's descriptors lead."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists the folder is gone by now
            found.append(os.readlink(entry))
    return found


def thread_names() -> list[str]:
    """The kernel's names of all our threads."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found.append((task / "comm").read_text().strip())
    return found


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> list[QDialog]:
    """Dialogs that were opened, for tests that expect some."""
    return []


@pytest.fixture(autouse=True)
def no_unexpected_dialog(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing blocks a test: a modal loop fails it, and so does an error dialog that it did not ask to see."""
    expected: list[QDialog] | None = request.getfixturevalue("dialogs") if "dialogs" in request.fixturenames else None
    surprises: list[str] = []

    def opened(dialog: QDialog) -> None:
        if expected is None:
            surprises.append(dialog.report() if isinstance(dialog, TroubleDialog) else dialog.windowTitle())
        else:
            expected.append(dialog)

    monkeypatch.setattr(QDialog, "open", opened)
    monkeypatch.setattr(QDialog, "exec", lambda dialog: surprises.append(f"modal: {dialog.windowTitle()}"))
    yield
    assert surprises == []


@pytest.fixture(scope="session", autouse=True)
def loaded_before() -> None:
    """What the libraries made while they were loaded is no test's: guards need not look through it again and again.

    Nor is the process that decoders are copied from: it stays.
    """
    with suppress(SourceError):
        probe(DecodeRequest(Path("none")))
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Left:
    """What a test may leave behind: windows, running timers, threads, open databases, child processes."""

    windows: frozenset[int]
    timers: frozenset[int]
    threads: frozenset[str]
    databases: frozenset[str]
    children: frozenset[int]

    @classmethod
    def now(cls) -> Left:
        """As it is; a timer without a parent, of a library, counts too."""
        timers = [one for one in shiboken6.getAllValidWrappers() if isinstance(one, QTimer)]
        lanes = [name for name in thread_names() if name.startswith("lane")]
        threads = [thread.name for thread in threading.enumerate()]
        return cls(
            frozenset(id(widget) for widget in QApplication.topLevelWidgets() if widget.isVisible()),
            frozenset(id(timer) for timer in timers if timer.isActive()),
            frozenset([*lanes, *threads]),
            frozenset(path for path in open_files() if path.endswith(("case.db", "case.db-wal"))),
            frozenset(family(os.getpid(), parents())),
        )

    def beyond(self, before: Left) -> dict[str, object]:
        """What there is that was not there before."""
        new = {field.name: getattr(self, field.name) - getattr(before, field.name) for field in fields(self)}
        return {name: found for name, found in new.items() if found}


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No window, timer, thread, open database or child process outlives a test that uses Qt."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qapp")
    before = Left.now()
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    deadline = time.monotonic() + PATIENCE_S
    while left := Left.now().beyond(before):  # it may only wait to be collected, or for its one shot
        assert time.monotonic() < deadline, left
        gc.collect()
        QTest.qWait(20)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[Lane]:
    made = Lane(1)
    yield made
    made.close()


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """The window's outside world: the suite's program, and settings of its own.

    Its jobs do not work gently: on a busy machine a test would wait for minutes until one gets a processor.
    """
    state = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    state.setValue("zone", "Europe/Berlin")
    return Application(COMMAND, state, Settings(work=WorkSettings(gently=False)))


@pytest.fixture
def open_window(
    nothing_left: None, qtbot: QtBot, application: Application
) -> Iterator[Callable[[Path | None], MainWindow]]:
    """Windows as the program opens them, closed again at the end."""
    windows: list[MainWindow] = []

    def opened(case: Path | None) -> MainWindow:
        if case is None:
            windows.append(application.open_window())
            return windows[-1]
        window = application.open_window()
        windows.append(window)
        with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
            window.open_case(case)
        return window

    yield opened
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings, a scripted detector, a tiny embedder, and a case in which they were analysed."""
    folder = tmp_path_factory.mktemp("world")
    east, west = two_cameras(folder, seconds=6.0)
    detector, embedder = write_script(folder), stripe_embedder(folder)
    words = ["ingest", str(folder / "made"), str(east), str(west), "--purpose", "a test"]
    words += ["--detector", str(detector), "--embedder", str(embedder), "--start", "2026-11-03T14:02:11Z"]
    assert main(words, program=program()) == 0
    return folder


@pytest.fixture
def networks(world: Path, application: Application) -> Networks:
    """The suite's weights, chosen as if in an earlier session."""
    WindowState(application.state).networks = chosen = Networks(world / "figures.scripted.json", world / "stripes.onnx")
    return chosen


@pytest.fixture
def case(world: Path, tmp_path: Path) -> Path:
    """A case of one's own in which two recordings are analysed."""
    return Path(shutil.copytree(world / "made", tmp_path / "made"))


@pytest.fixture
def window(case: Path, open_window: Open, qtbot: QtBot) -> MainWindow:
    """The window on that case, at a moment with people in the picture."""
    opened = open_window(case)
    qtbot.waitUntil(lambda: bool(view_of(opened).player.tiles), timeout=WAIT_MS)
    opened.go(INVESTIGATE)
    player = view_of(opened).player
    player.skip(1.5)
    qtbot.waitUntil(lambda: all(tile.showing.image is not None for tile in player.tiles.values()), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: any(len(tile.people.tracklet) for tile in player.tiles.values()), timeout=WAIT_MS)
    return opened


def view_of(window: MainWindow) -> CaseView:
    assert window.view is not None
    return window.view
