"""A recording whose time nobody knows is watched on a time line of its own and leaves the common one as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import local_time
from app.arrange import Label, Wish, arranged
from app.cli import main
from app.desk import Desk
from app.main_window import MainWindow
from app.player import Stretch
from app.timeline import common, limits
from app.verbs import INVESTIGATE
from app.widgets.seek_bar import SeekBar
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.types import CameraId, Seen, TrackletId
from tests.app.conftest import WAIT_MS, Open, view_of
from tests.support.program import program

S = 1_000_000
BEGIN_US = 1_793_710_931_000_000
FAST = CameraClock(37 * S, zone="Europe/Berlin")


def stretch(start_us: int, seconds: int, clock: CameraClock | None = None) -> Stretch:
    return Stretch(Path("a.mp4"), "video", start_us, seconds * S, clock or CameraClock(), (320, 240))


def test_what_has_no_time_does_not_stretch_the_common_time_line() -> None:
    known, later = stretch(BEGIN_US, 60), stretch(BEGIN_US + 100 * S, 60)
    timeless, longer = stretch(0, 24), stretch(0, 40, FAST)
    every = [timeless, known, longer, later]
    assert common(every) == (BEGIN_US, BEGIN_US + 160 * S)
    assert limits(every, BEGIN_US + 80 * S) == common(every), "a gap is a part of it"
    assert limits(every, 20 * S) == (0, 24 * S)
    assert limits(every, 1 * S) == (-37 * S, 24 * S)
    assert limits(every, 10**15) == common(every)
    assert common([timeless]) == (0, 24 * S)
    assert common([]) == (0, 0)


@pytest.mark.parametrize("clock", [CameraClock(), FAST, CameraClock(-700 * 86_400 * S, 12.5)])
def test_a_moment_of_unknown_time_is_said_as_how_far_into_the_recording_it_is(clock: CameraClock) -> None:
    moment = clock.correct(42 * S)
    assert local_time.seen(moment, clock) == "0:42 into it, time unknown"
    assert local_time.seen(moment, clock, local_time.precise_time) == "0:42 into it, time unknown"
    assert local_time.seen(moment, clock, local_time.clock_time) == "0:42 into it"
    assert local_time.seen(clock.correct(BEGIN_US), clock).startswith("202")


def test_those_of_unknown_time_are_no_hour_of_1970() -> None:
    seen = [Seen(TrackletId(n), CameraId(1), at, at + S) for n, at in ((1, 42 * S), (2, BEGIN_US))]
    label = Label("Till", "A", 0, "UTC", CameraClock())
    shown = arranged(seen, {}, {CameraId(1): label}, Wish(sort="earliest", group="hour"))
    assert [part.title for part in shown.sections] == ["Time unknown", "2026-11-03  13 h"]


@pytest.fixture
def timeless(case: Path) -> Path:
    """The case, where nobody knows when the second camera's recording began."""
    with Case.open(case) as opened:
        unknown = opened.store.sources()[1].id
        opened.store.set_source_start(unknown, 0)
        with opened.store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE source SET start_origin = 'unknown' WHERE id = ?", (unknown,))
    return case


@pytest.mark.window
def test_a_camera_of_unknown_time_is_watched_alone_and_the_way_leads_back(
    timeless: Path, open_window: Open, qtbot: QtBot
) -> None:
    window = open_window(timeless)
    qtbot.waitUntil(lambda: bool(view_of(window).player.tiles), timeout=WAIT_MS)
    window.go(INVESTIGATE)
    player = view_of(window).player
    known, unknown = (camera.id for camera in view_of(window).work.footage.cameras)
    first, last = line_of(window)
    assert (last - first, first > BEGIN_US) == (6 * S, True), "1970 is no part of it"
    player.skip(1.5)
    at = player.clock.now_us()
    assert "time is not known" in player.tiles[unknown].showing.reason
    player.solo_place(2)
    qtbot.waitUntil(lambda: player.tiles[unknown].showing.image is not None, timeout=WAIT_MS)
    assert line_of(window) == (0, 6 * S)
    player.skip(20)
    assert player.clock.now_us() == 6 * S, "its end, and not the common line"
    assert player._foot._time.text() == "0:06 into it, time unknown"
    player.solo_place(0)
    assert (line_of(window), player.clock.now_us()) == ((first, last), at)
    player.show_moment(unknown, 2 * S, 1)
    qtbot.waitUntil(lambda: player.tiles[unknown].showing.image is not None, timeout=WAIT_MS)
    assert line_of(window) == (0, 6 * S)
    player.show_moment(known, at, 1)
    assert line_of(window) == (first, last)


@pytest.mark.window
@pytest.mark.parametrize("alone", [False, True])
def test_a_start_that_is_given_leads_to_where_the_footage_is_now(
    case: Path, open_window: Open, qtbot: QtBot, alone: bool
) -> None:
    """Neither recording has a time; the first gets one, then the second another day."""
    with Case.open(case) as opened:
        for source in opened.store.sources():
            opened.store.set_source_start(source.id, 0)
        with opened.store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE source SET start_origin = 'unknown'")
    window = open_window(case)
    view = view_of(window)
    qtbot.waitUntil(lambda: bool(view.player.tiles), timeout=WAIT_MS)
    window.go(INVESTIGATE)
    player, model = view.player, view.work.recordings
    first, second = (camera.id for camera in view.work.footage.cameras)
    if alone:
        player.solo_place(2)
    player.seek(2 * S)
    assert (line_of(window), player.clock.now_us()) == ((0, 6 * S), 2 * S)

    for row, start_us in ((0, BEGIN_US), (1, BEGIN_US + 86_400 * S)):
        with qtbot.waitSignal(view.work.footage_changed, timeout=WAIT_MS):
            model.restarted.emit(model.rows()[row].path, start_us)
        if row == 0 and not alone:
            assert line_of(window) == (BEGIN_US, BEGIN_US + 6 * S), "the common line, and not the other recording's"
        elif row == 0:
            assert player.clock.now_us() == 2 * S, "nobody touched what is watched"
            player.solo_place(0)
            assert line_of(window) == (BEGIN_US, BEGIN_US + 6 * S), "and the way back is there"
            player.solo_place(2)
            player.seek(2 * S)
    assert line_of(window) == (BEGIN_US, BEGIN_US + 86_406 * S)
    shown = player.tiles[second if alone else first]
    qtbot.waitUntil(lambda: shown.showing.image is not None, timeout=WAIT_MS)


def line_of(window: MainWindow) -> tuple[int, int]:
    line = view_of(window).player.findChild(SeekBar)
    assert line is not None
    return line._limits


def test_as_far_as_it_is_analysed_a_recording_of_unknown_length_can_be_watched(
    timeless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.looked_at", lambda source: (0, ()))
    case = Case.open(timeless)
    desk = Desk(case)
    sources = [replace(source, report=None) for source in case.store.sources()]
    monkeypatch.setattr(case.store, "sources", lambda: sources)
    footage = desk.footage()
    case.close()
    reached = [footage.stretches(camera)[0].duration_us for camera in footage.cameras]
    assert all(4 * S < length <= 6 * S for length in reached)
    assert not any(footage.lengths.values()), "the table does not call that its length"


def test_lists_say_that_a_time_is_unknown(timeless: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tracklets", str(timeless)], program=program()) == 0
    assert main(["cameras", str(timeless)], program=program()) == 0
    told = capsys.readouterr().out
    assert "into it, time unknown" in told
    assert "1970" not in told
