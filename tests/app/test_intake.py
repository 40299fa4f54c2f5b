"""An export on its way into a case: proposed, compared, and dated by the clock in its pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app import local_time
from app.background import Lane
from app.coverage import lanes
from app.footage import Footage
from app.footage_words import estimate, searchable, start_words, summary
from app.intake import Intake
from app.item_models.recordings import CLOCK, STATE, WORDS, ZONE, RecordingRow, RecordingsModel, RowState
from app.networks import Networks
from app.panes.footage import FootagePane
from app.widgets.clock_panel import ClockPanel
from app.widgets.coverage_strip import CoverageStrip
from reid_engine.clock import CameraClock
from reid_engine.store import Camera
from reid_engine.types import CameraId
from tests.support.export import recorder_export

WAIT_MS = 150_000
BERLIN = CameraClock(zone="Europe/Berlin")
BEGIN_US = 1_793_710_931_000_000  # 2026-11-03 14:02:11 in Berlin
S = 1_000_000


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    paths = recorder_export(folder, seconds=1.0)
    shutil.copy(paths[0], folder / "ch01_20261103_150000.mp4")
    (folder / "ch09_20261103_140211.mp4").write_text("no video")
    return folder


@pytest.fixture
def model(qtbot: QtBot) -> RecordingsModel:
    return RecordingsModel()


@pytest.fixture
def intake(model: RecordingsModel) -> Iterator[Intake]:
    lane = Lane(2)
    made = Intake(model, lane, "Europe/Berlin", ())
    yield made
    made.close()
    lane.close()


def row(name: str = "ch01", at_us: int = BEGIN_US, **fields: object) -> RecordingRow:
    given = {"state": "ready", "start_us": at_us, "origin": "file name", "clock": BERLIN, "duration_us": 3600 * S}
    return RecordingRow(Path(f"/x/{name}_{at_us}.mp4"), "video", name, **{**given, **fields})  # type: ignore[arg-type]


def test_a_dropped_export_becomes_cameras_with_times_and_without_duplicates(
    model: RecordingsModel, intake: Intake, export: Path, qtbot: QtBot
) -> None:
    intake.drop([export])
    qtbot.waitUntil(lambda: any(row.state == "duplicate" for row in model.rows()), timeout=WAIT_MS)
    found = [(row.camera, row.state, row.origin) for row in model.rows()]
    name = "file name"
    assert found[:5] == [
        ("ch01", "ready", name), ("ch01", "duplicate", name), ("ch02", "ready", name), ("ch03", "ready", name),
        ("ch04", "ready", name),
    ]  # fmt: skip
    assert model.rows()[5].state == "unreadable"
    assert model.rows()[0].start_us == BEGIN_US
    assert "ch01_20261103_140211.mp4" in model.rows()[1].remark
    assert "Hikvision" in model.rows()[0].writer
    assert len([word for word in intake.arguments(Networks()) if word == "--camera"]) == 4


def test_a_copy_of_what_is_being_analysed_is_left_out(
    export: Path, model: RecordingsModel, intake: Intake, qtbot: QtBot
) -> None:
    intake.drop([export / "ch02_20261103_140211.mp4"])
    qtbot.waitUntil(lambda: [row.state for row in model.rows()] == ["ready"], timeout=WAIT_MS)
    intake.mark_started()
    copy = shutil.copy(export / "ch02_20261103_140211.mp4", export.parent / "a copy.mp4")
    intake.drop([Path(copy)])
    qtbot.waitUntil(lambda: sorted(row.state for row in model.rows()) == ["duplicate", "running"], timeout=WAIT_MS)


def test_a_reading_gives_the_offset_of_the_whole_camera(model: RecordingsModel, intake: Intake) -> None:
    model.show([row(), row(at_us=BEGIN_US + 7200 * S), row("ch02")])
    intake.read_clock(model.rows()[0].path, 5 * S, "2026-11-03 14:02:16", "14:01:39")
    assert [row.clock.offset_us for row in model.rows()] == [37 * S, 37 * S, 0]
    assert {row.origin for row in model.rows()} == {"file name"}
    assert intake.clocks()["ch01"].uncertainty_us == S


def test_two_readings_an_hour_apart_give_the_drift(model: RecordingsModel, intake: Intake) -> None:
    model.show([row()])
    path = model.rows()[0].path
    intake.read_clock(path, 0, "2026-11-03 14:02:11", "14:01:34")
    intake.read_clock(path, 3590 * S, "15:02:01", "15:01:22")
    clock = intake.clock("ch01")
    assert clock.correct(BEGIN_US) == BEGIN_US - 37 * S
    assert clock.correct(BEGIN_US + 3590 * S) == BEGIN_US + 3551 * S
    assert clock.drift_ppm == pytest.approx(2 / 3590 * 1e6)
    intake.read_clock(path, 3580 * S, "15:01:51", "15:01:14")  # nearer than a minute to the second: it replaces that
    assert len(intake.readings("ch01")) == 2
    assert intake.clock("ch01").drift_ppm == pytest.approx(0, abs=1e-6)


def test_a_burnt_in_clock_is_believed_over_the_files_name(model: RecordingsModel, intake: Intake) -> None:
    model.show([row(), row(at_us=BEGIN_US + 7200 * S)])
    intake.read_clock(model.rows()[0].path, 10 * S, "14:03:21", "14:03:21")
    assert [(row.start_us, row.origin) for row in model.rows()] == [
        (BEGIN_US + 60 * S, "by hand"),
        (BEGIN_US + 7260 * S, "by hand"),
    ]


def test_a_file_without_a_time_gets_one_from_its_picture(model: RecordingsModel, intake: Intake, qtbot: QtBot) -> None:
    model.show([row(start_us=None, origin="unknown", state="no time")])
    path = model.rows()[0].path
    with qtbot.waitSignal(intake.misread):
        intake.read_clock(path, 0, "14:02:11", "14:02:11")
    intake.read_clock(path, 4 * S, "2026-11-03 14:02:15", "14:02:15")
    assert (model.rows()[0].start_us, model.rows()[0].state) == (BEGIN_US, "ready")


def test_what_is_no_time_changes_nothing(model: RecordingsModel, intake: Intake, qtbot: QtBot) -> None:
    model.show([row()])
    before = model.rows()
    with qtbot.waitSignal(intake.misread) as heard:
        intake.read_clock(model.rows()[0].path, 0, "half past two", "14:02:11")
    assert "half past two" in heard.args[0]
    assert "2026-11-0" not in heard.args[0].split("”")[0], "what was typed is quoted, not what was made of it"
    assert model.rows() == before


def test_a_zone_counts_for_the_whole_camera_and_dates_its_names_again(model: RecordingsModel, intake: Intake) -> None:
    dated = replace(row(), path=Path("/x/ch01_20261103_140211.mp4"))
    model.show([dated, row("ch02")])
    assert model.setData(model.index(0, ZONE), "Europe/London")
    assert [row.zone for row in model.rows()] == ["Europe/London", "Europe/Berlin"]
    assert model.rows()[0].start_us == BEGIN_US + 3600 * S  # the same digits an hour further west


def test_an_offset_may_be_typed_into_the_table(model: RecordingsModel, intake: Intake, qtbot: QtBot) -> None:
    model.show([row()])
    assert model.setData(model.index(0, CLOCK), "+37")
    assert model.data(model.index(0, CLOCK)) == "+37 s"
    with qtbot.waitSignal(model.refused):
        assert not model.setData(model.index(0, CLOCK), "late")
    assert model.rows()[0].clock.offset_us == 37 * S


def test_the_clock_of_a_camera_in_the_case_is_corrected_there(
    model: RecordingsModel, intake: Intake, qtbot: QtBot
) -> None:
    intake.show_case(Footage(), running=False)
    model.show([row()])
    intake.show_case(Footage((Camera(CameraId(1), "ch01", BERLIN),)), running=False)
    with qtbot.waitSignal(intake.corrected) as heard:
        intake.read_clock(model.rows()[0].path, 0, "14:02:11", "14:01:34")
    assert heard.args[0] == "ch01"
    assert heard.args[1].offset_us == 37 * S


@pytest.mark.parametrize(
    ("typed", "offset_us"),
    [("+37", 37 * S), ("-3.5 s", -3_500_000), ("+1:02:03", 3723 * S), ("–", 0), ("0:30", 30 * S)],
)
def test_differences_are_read_as_people_write_them(typed: str, offset_us: int) -> None:
    assert local_time.parse_ahead(typed) == offset_us
    assert local_time.parse_ahead(local_time.ahead(offset_us)) == offset_us


def test_a_time_without_a_day_is_the_nearest_one() -> None:
    midnight = local_time.parse("2026-11-04 00:00:10", "Europe/Berlin")
    assert local_time.parse_near("23:59:50", midnight, "Europe/Berlin") == midnight - 20 * S
    assert local_time.parse_near("0:01", midnight, "Europe/Berlin") == midnight + 50 * S


def test_waiting_rows_are_moved_and_those_of_the_case_stay(model: RecordingsModel) -> None:
    model.show([row("a", in_case=True, state="done"), row("b"), row("c")])
    assert model.shift(2, -1) == 1
    assert [row.camera for row in model.rows()] == ["a", "c", "b"]
    assert model.shift(1, -1) == 1
    assert model.shift(2, 1) == 2


def test_the_strip_tells_gaps_and_overlaps_in_words_and_is_walked_by_key(qtbot: QtBot) -> None:
    hour = 3600 * S
    rows = [
        row(),
        row(at_us=BEGIN_US + 2 * hour),
        row("ch02"),
        row("ch02", BEGIN_US + hour // 2),
        row("x", start_us=None),
    ]
    strip = CoverageStrip()
    qtbot.addWidget(strip)
    strip.show_lanes(lanes(rows))
    told = strip.accessibleDescription()
    assert "ch01: 2 recordings, gap 15:02:11–16:02:11" in told
    assert "ch02: 2 recordings, overlap 14:32:11–15:02:11" in told
    assert "x: 1 recording, 1 without a time" in told
    with qtbot.waitSignal(strip.chosen) as heard:
        qtbot.keyClick(strip, Qt.Key.Key_Down)
    assert heard.args == ["ch01"]
    strip.resize(900, strip.sizeHint().height())
    assert not strip.grab().isNull()


def test_the_pane_says_how_much_is_there_searchable_and_how_long_the_rest_takes() -> None:
    rows = [row(in_case=True, state="done"), row("ch02"), row("ch03", start_us=None, state="no time")]
    assert summary(rows) == "3 recordings of 3 cameras   ·   3:00:00   ·   1 with a problem"
    assert summary(rows[:1]).startswith("1 recording of 1 camera   ·   ")
    assert searchable(rows).startswith("Searching covers 1 of 3 recordings (1:00:00 of 3:00:00)")
    assert searchable(rows[:1]) == "All of it can be searched."
    running = [replace(row, state="running") for row in rows]
    assert searchable(running) == "Searching covers the recordings as far as they are analysed."
    assert estimate(rows[1:], None) == "How long this takes here is known once a first analysis has run."
    assert estimate(rows[1:], 4.0) == "about 30 min on this machine, at 4.0× real time as measured here"


def test_the_button_says_how_many_recordings_it_takes_without_knowing_their_time() -> None:
    timeless = row("ch03", start_us=None, state="no time")
    assert start_words([]) == "Start"
    assert start_words([row(), row("ch02")]) == "Start 2"
    assert start_words([row(), timeless]) == "Start 2, 1 of unknown time"


def test_what_cannot_be_read_is_said_below_the_fields_until_they_change(qtbot: QtBot) -> None:
    panel = ClockPanel()
    qtbot.addWidget(panel)
    panel.show_row(row())
    panel.show()
    panel.refuse("“25:99” is no time")
    assert panel._refusal.isVisible()
    qtbot.keyClicks(panel.true, "14:02:11")
    assert not panel._refusal.isVisible()


def test_the_states_of_the_table_are_shown_whole(qtbot: QtBot) -> None:
    states: list[RowState] = list(WORDS)
    model = RecordingsModel()
    model.show([replace(row(), path=Path(f"/x/{state}.mp4"), state=state) for state in states])
    pane = FootagePane(model)
    qtbot.addWidget(pane)
    assert pane.table.sizeHintForColumn(STATE) <= pane.table.columnWidth(STATE)


def test_a_clock_that_was_read_reaches_whoever_listens(model: RecordingsModel, qtbot: QtBot) -> None:
    pane = FootagePane(model)
    qtbot.addWidget(pane)
    model.show([row(), row("ch02")])
    pane.clock.true.setText("14:01:34")
    with qtbot.waitSignal(pane.read) as heard:
        qtbot.keyClick(pane.clock.true, Qt.Key.Key_Return)
    assert heard.args[2:] == ["2026-11-03 14:02:11", "14:01:34"]
    with qtbot.waitSignal(pane.looked) as looked:
        pane.strip.chosen.emit("ch02")
    assert looked.args[0] == model.rows()[1].path
