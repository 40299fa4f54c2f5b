"""Recordings that were added and not started are there again, whatever made the window lay the case out anew."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.desk import Desk
from app.item_models.recordings import CAMERA, START, RecordingRow
from app.main_window import MainWindow
from app.waiting import NAME, Reading, Waiting, keep, kept
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from tests.app.conftest import WAIT_MS, Open, view_of

BEGIN_US = 1_793_710_931_000_000  # 2026-11-03 14:02:11 in Berlin


def waits(window: MainWindow) -> list[tuple[str, str, int | None, int]]:
    """Camera, state, start and clock of every row."""
    rows = view_of(window).work.recordings.rows()
    return [(row.camera, row.state, row.start_us, row.clock.offset_us) for row in rows]


@pytest.fixture
def prepared(world: Path, tmp_path: Path, open_window: Open, qtbot: QtBot) -> MainWindow:
    """A window on a case to which two recordings were added; one got a name, a time and a clock."""
    Case.create(tmp_path / "new", "to try the window").close()
    for name in ("east.mp4", "west.mp4"):
        shutil.copy(world / name, tmp_path / name)
    window = open_window(tmp_path / "new")
    work = view_of(window).work
    qtbot.waitUntil(lambda: work._taken_back, timeout=WAIT_MS)
    work.intake.drop([tmp_path / "east.mp4", tmp_path / "west.mp4"])
    rows = work.recordings
    qtbot.waitUntil(lambda: [row.state for row in rows.rows()] == ["no time"] * 2, timeout=WAIT_MS)
    assert rows.setData(rows.index(0, CAMERA), "Till")
    assert rows.setData(rows.index(0, START), "2026-11-03 14:02:11")
    work.intake.read_clock(rows.rows()[0].path, 0, "2026-11-03 14:02:11", "14:01:34")
    return window


ENTERED = [("Till", "ready", BEGIN_US, 37_000_000), ("west", "no time", None, 0)]


def elsewhere(window: MainWindow, case: Path) -> None:
    window.open_case(case)


def larger(window: MainWindow, case: Path) -> None:
    window.program.scale(1)


def erased(window: MainWindow, case: Path) -> None:
    window._erased("Erased.")


@pytest.mark.window
@pytest.mark.parametrize("how", [elsewhere, larger, erased])
def test_what_waits_outlives_whatever_lays_the_case_out_anew(
    prepared: MainWindow, case: Path, how: Callable[[MainWindow, Path], None], qtbot: QtBot
) -> None:
    assert waits(prepared) == ENTERED
    folder = view_of(prepared).work.desk.folder
    with qtbot.waitSignal(prepared.case_opened, timeout=WAIT_MS):
        how(prepared, case)
    if how is elsewhere:
        with qtbot.waitSignal(prepared.case_opened, timeout=WAIT_MS):
            prepared.open_case(folder)
    qtbot.waitUntil(lambda: waits(prepared) == ENTERED, timeout=WAIT_MS)
    assert [one.true_us for one in view_of(prepared).work.intake.readings("Till")] == [BEGIN_US - 37_000_000]
    if how is larger:
        prepared.program.scale(-1)


@pytest.mark.window
def test_what_waits_outlives_the_window_and_says_what_has_gone(
    prepared: MainWindow, tmp_path: Path, open_window: Open, qtbot: QtBot
) -> None:
    prepared.close()
    (tmp_path / "west.mp4").rename(tmp_path / "gone.mp4")
    window = open_window(tmp_path / "new")
    qtbot.waitUntil(lambda: waits(window) == [ENTERED[0], ("west", "missing", None, 0)], timeout=WAIT_MS)
    assert list(view_of(window).work.intake.clocks()) == ["Till"], "what is missing is not started"
    (tmp_path / "gone.mp4").rename(tmp_path / "west.mp4")
    view_of(window).work.intake.drop([tmp_path / "west.mp4"])
    qtbot.waitUntil(lambda: waits(window) == ENTERED, timeout=WAIT_MS)


@pytest.mark.window
def test_what_was_taken_out_does_not_come_back(prepared: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "new" / "jobs" / NAME
    qtbot.waitUntil(path.exists, timeout=WAIT_MS)
    view_of(prepared).work.recordings.take_out([0, 1])
    qtbot.waitUntil(lambda: not path.exists(), timeout=WAIT_MS)


def test_a_case_that_nothing_is_written_to_keeps_nothing(tmp_path: Path) -> None:
    Case.create(tmp_path / "new", "to try the window").close()
    keep(tmp_path / "new", Waiting((row(tmp_path / "a.mp4"),)))
    case = Case.open(tmp_path / "new", read_only=True)
    desk = Desk(case)
    assert desk.waiting() == Waiting()
    desk.keep_waiting(Waiting())
    case.close()
    assert (tmp_path / "new" / "jobs" / NAME).exists()


def row(path: Path, **fields: Any) -> RecordingRow:
    given = {"camera": "Till", "state": "ready", "start_us": BEGIN_US, "origin": "by hand", "duration_us": 6_000_000}
    return RecordingRow(path, "video", **{**given, **fields})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs").mkdir()
    return tmp_path


def test_rows_and_clocks_come_back_as_they_were(folder: Path) -> None:
    strange = folder / os.fsdecode(b"caf\xe9.mp4")
    strange.touch()
    clock = CameraClock(37_000_000, 1.5, BEGIN_US, 1_000_000, "Europe/Berlin")
    waiting = Waiting((row(strange, remark="“”"),), {"Till": clock}, {"Till": [Reading(2, 1)]})
    keep(folder, waiting)
    assert kept(folder) == waiting
    keep(folder, Waiting())
    assert kept(folder) == Waiting()
    assert not list((folder / "jobs").iterdir())


def test_what_could_not_be_read_is_read_again_once_it_is_there(folder: Path) -> None:
    (folder / "a.mp4").touch()
    states = [row(folder / "a.mp4", state="unreadable"), row(folder / "b.mp4", state="unreadable")]
    keep(folder, Waiting(tuple(states)))
    assert [one.state for one in kept(folder).rows] == ["reading", "missing"]


@pytest.mark.parametrize(
    "change",
    [
        {"path": "east.mp4"}, {"path": 7}, {"path": "/\0"}, {"state": "secret"}, {"kind": "pickle"}, {"start_us": "1"},
        {"start_us": 1 << 60}, {"duration_us": -1}, {"camera": None}, {"origin": "a guess"}, {"state": ["ready"]},
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_left_out_and_said(folder: Path, change: dict[str, Any]) -> None:
    keep(folder, Waiting((row(folder / "a.mp4"), row(folder / "b.mp4"))))
    path = folder / "jobs" / NAME
    told = json.loads(path.read_text())
    told["rows"][0].update(change)
    path.write_text(json.dumps(told))
    found = kept(folder)
    assert [one.path.name for one in found.rows] == ["b.mp4"]
    assert found.problem == "1 recording that waited here could not be read again."


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 2}', "[" * 100_000, '{"version": 1, "rows": 3}', "\xff"])
def test_a_file_that_is_none_of_ours_is_said_and_nothing_more(folder: Path, text: str) -> None:
    (folder / "jobs" / NAME).write_text(text, "latin-1")
    found = kept(folder)
    assert not found.rows
    assert "add them once more" in found.problem


@pytest.mark.parametrize("clock", [{"drift_ppm": float("nan")}, {"offset_us": 1.5}, {"zone": "Nowhere"}, {"zone": 7}])
def test_a_clock_that_is_none_is_left_out(folder: Path, clock: dict[str, Any]) -> None:
    keep(folder, Waiting((row(folder / "a.mp4"),), {"Till": CameraClock(5)}))
    path = folder / "jobs" / NAME
    told = json.loads(path.read_text())
    told["clocks"]["Till"].update(clock)
    path.write_text(json.dumps(told))
    assert kept(folder).clocks == {}
