"""The table of recordings under a person's hands: typed for several at once, refused beside the cell, shown whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app import local_time
from app.background import Lane
from app.case_view import endings
from app.dialogs.new_case import NewCaseDialog
from app.footage import Footage
from app.footage_words import start_words
from app.intake import Intake
from app.item_models.recordings import CAMERA, CLOCK, REMARK, START, ZONE, RecordingRow, RecordingsModel
from app.main_window import MainWindow
from app.panes.footage import FootagePane
from app.settings import WindowState
from app.verbs import FOOTAGE
from app.widgets.clock_panel import UNTOLD_US, ClockPanel
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.recordings import CONTAINER_NOTE, VIDEO_NAME
from reid_engine.store import Camera, Source
from reid_engine.store.rows import SourceState
from reid_engine.types import CameraId, SourceId
from tests.app.conftest import WAIT_MS, Open, view_of

S = 1_000_000
BERLIN = CameraClock(zone="Europe/Berlin")
BEGIN_US = 1_793_710_931_000_000  # 2026-11-03 14:02:11 in Berlin
LONG = "people-walking_1280x720_bad-header"


def row(name: str, at_us: int | None = BEGIN_US, **fields: object) -> RecordingRow:
    given = {
        "camera": name,
        "state": "ready",
        "start_us": at_us,
        "origin": "file name",
        "clock": BERLIN,
        "duration_us": 80 * S,
    }
    return RecordingRow(Path(f"/x/{name}.mp4"), "video", **{**given, **fields})  # type: ignore[arg-type]


@pytest.fixture
def model(qtbot: QtBot) -> RecordingsModel:
    return RecordingsModel()


@pytest.fixture
def pane(model: RecordingsModel, qtbot: QtBot) -> FootagePane:
    """As wide as in a window of 1440 pixels."""
    model.show(
        [
            row("a"),
            row("b"),
            row(LONG, None, camera="Plaza north", state="no time"),
            row("c", in_case=True, state="done"),
        ]
    )
    made = FootagePane(model)
    qtbot.addWidget(made)
    made.resize(1440, 700)
    made.show()
    return made


@pytest.fixture
def intake(model: RecordingsModel) -> Iterator[Intake]:
    lane = Lane(1)
    made = Intake(model, lane, "Europe/Berlin", ())
    yield made
    made.close()
    lane.close()


def choose(pane: FootagePane, rows: Sequence[int]) -> None:
    """Select rows; the first is the current one."""
    select, selection = QItemSelectionModel.SelectionFlag, pane.table.selectionModel()
    selection.clear()
    for place in reversed(rows):
        selection.setCurrentIndex(pane.table.model().index(place, START), select.Select | select.Rows)


def editor(pane: FootagePane) -> QLineEdit | None:
    return next((field for field in pane.table.findChildren(QLineEdit) if field.isVisible()), None)


def typed(pane: FootagePane, column: int, text: str, qtbot: QtBot) -> None:
    pane.change(column)
    field = editor(pane)
    assert field is not None
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    QApplication.processEvents()  # an editor hands over what was typed a moment after the key


def starts(model: RecordingsModel) -> list[str]:
    return ["-" if one.start_us is None else local_time.clock_time(one.start_us, one.zone) for one in model.rows()]


def test_a_start_is_set_for_all_chosen_rows_at_once(pane: FootagePane, model: RecordingsModel, qtbot: QtBot) -> None:
    choose(pane, [0, 2])
    typed(pane, START, "26.09.2017 16:58", qtbot)
    assert starts(model) == ["16:58:00", "14:02:11", "16:58:00", "14:02:11"]
    assert model.rows()[2].state == "ready"
    choose(pane, [0, 1])
    typed(pane, CAMERA, "Plaza", qtbot)
    assert [one.camera for one in model.rows()] == ["Plaza", "Plaza", "Plaza north", "c"]


def test_a_time_without_a_day_is_on_the_rows_day_or_on_that_of_another(
    pane: FootagePane, model: RecordingsModel
) -> None:
    assert model.setData(model.index(0, START), "16:58")
    assert model.setData(model.index(2, START), "9:07")
    dated = [local_time.date_and_time(one.start_us or 0, one.zone) for one in model.rows()]
    assert dated[0] == "2026-11-03 16:58:00 CET"
    assert dated[2] == "2026-11-03 09:07:00 CET"


def test_without_any_day_one_is_asked_for(model: RecordingsModel, qtbot: QtBot) -> None:
    model.show([row("a", None, state="no time")])
    with qtbot.waitSignal(model.refused) as heard:
        assert not model.setData(model.index(0, START), "16:58")
    assert "names no day" in heard.args[0]


def test_what_is_refused_stays_in_its_cell_and_is_said_until_it_is_mended(
    pane: FootagePane, model: RecordingsModel, qtbot: QtBot
) -> None:
    choose(pane, [0])
    typed(pane, START, "2026-11-03 25:99", qtbot)
    field = editor(pane)
    assert field is not None
    assert field.text() == "2026-11-03 25:99"
    assert "“2026-11-03 25:99” is no time" in pane._refusal.text()
    assert pane._refusal.isVisible()
    for _ in range(5):
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, "16:58")
    assert not pane._refusal.isVisible()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: starts(model)[0] == "16:58:00")
    typed(pane, CAMERA, "a=b", qtbot)
    field = editor(pane)
    assert field is not None
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not pane._refusal.isVisible()


@pytest.mark.parametrize(("column", "text"), [(CLOCK, "late"), (ZONE, "Nowhere"), (ZONE, "../../etc/passwd")])
def test_clocks_and_zones_are_refused_too(model: RecordingsModel, intake: Intake, column: int, text: str) -> None:
    model.show([row("a")])
    assert text in model.refusal(model.index(0, column), text)
    assert not model.setData(model.index(0, column), text)
    assert model.rows()[0].clock == BERLIN


def test_names_starts_and_remarks_are_shown_as_far_as_there_is_room(pane: FootagePane, model: RecordingsModel) -> None:
    model.put(replace(model.rows()[0], remark="the start is the date inside the file"))
    table = pane.table
    for column in (CAMERA, START, ZONE):
        assert table.columnWidth(column) >= table.sizeHintForColumn(column), column
    assert sum(table.columnWidth(column) for column in range(REMARK + 1)) <= table.viewport().width()
    assert table.columnWidth(REMARK) > 110
    assert "Plaza north" in str(model.index(2, CAMERA).data(Qt.ItemDataRole.ToolTipRole))
    table.setColumnWidth(CAMERA, 60)
    model.put(replace(model.rows()[1], camera="another"))
    assert table.columnWidth(CAMERA) == 60, "as wide as somebody made it"


def test_the_menu_of_rows_changes_and_removes_what_waits(pane: FootagePane, model: RecordingsModel) -> None:
    choose(pane, [0, 3])
    menu = pane.menu()
    assert {one.text(): one.isEnabled() for one in menu.actions() if one.text()} == {
        "Change the camera …": True, "Change the start …": True, "Change the clock …": True, "Change the zone …": True,
        "Remove from the list": True,
    }  # fmt: skip
    next(one for one in menu.actions() if one.text() == "Remove from the list").trigger()
    assert [one.path.stem for one in model.rows()] == ["b", LONG, "c"]
    choose(pane, [2])
    assert not pane._remove.isEnabled()
    choose(pane, [0])
    assert pane._remove.isEnabled()
    pane._remove.click()
    assert [one.path.stem for one in model.rows()] == [LONG, "c"]


# the slider beside the table ------------------------------------------------------------------------------------------


def test_the_slider_can_be_moved_once_the_length_is_known(qtbot: QtBot) -> None:
    panel = ClockPanel()
    qtbot.addWidget(panel)
    panel.show_row(row("a", state="reading", duration_us=None))
    assert panel._slider.maximum() == 0
    panel.show_row(row("a"))
    assert panel._slider.maximum() == 798
    assert panel._place.text() == "0:00 of 1:20"


def test_where_no_length_is_known_the_slider_ends_where_pictures_end(qtbot: QtBot) -> None:
    panel, end_us = ClockPanel(), 23_840_000
    qtbot.addWidget(panel)
    asked: list[int] = []
    panel.looked.connect(lambda path, offset_us: asked.append(offset_us))
    panel.show_row(row("a", duration_us=None))
    assert panel._slider.maximum() * 100_000 == UNTOLD_US

    def answer() -> None:
        while asked:
            offset_us = asked.pop()
            picture = QImage(8, 8, QImage.Format.Format_RGB32) if offset_us < end_us else None
            panel.show_picture(Path("/x/a.mp4"), offset_us, picture, "there is no picture")

    answer()
    panel._slider.setValue(20 * 10)
    answer()
    assert panel._at_us == 20 * S
    for _ in range(12):
        panel._slider.setValue(panel._slider.maximum())
        answer()
    assert panel.has_picture
    assert end_us - 2 * S < panel._at_us < end_us
    assert panel._slider.maximum() * 100_000 <= end_us + S


# what the case knows --------------------------------------------------------------------------------------------------


def stored(state: SourceState, origin: str = "container", start_us: int = BEGIN_US) -> Source:
    return Source(
        id=SourceId(1), camera=CameraId(1), path="/x/a.mp4", content_sha256="", bytes=1, start_us=start_us,
        start_origin=origin, state=state, report=None, failure=None,
    )  # fmt: skip


def test_what_was_remarked_stays_when_the_analysis_has_begun_and_was_cancelled(
    model: RecordingsModel, intake: Intake
) -> None:
    camera, notes = Camera(CameraId(1), "a", BERLIN), {"/x/a.mp4": ("the header says 50 pictures a second",)}
    for running in (True, False):
        footage = Footage((camera,), (stored("running"),), {}, frozenset({"/x/b.mp4"}), notes=notes)
        intake.show_case(footage, running=running)
        assert model.rows()[0].remark == f"the header says 50 pictures a second; {CONTAINER_NOTE}"


def test_a_recording_of_unknown_time_in_the_case_says_so_and_so_does_the_button(
    model: RecordingsModel, intake: Intake, qtbot: QtBot
) -> None:
    camera = Camera(CameraId(1), "a", BERLIN)
    intake.show_case(Footage((camera,), (stored("running", "unknown", 0),)), running=False)
    (shown,) = model.rows()
    assert (shown.state, shown.start_us) == ("waiting", None)
    assert model.index(0, START).data() == "unknown"
    assert start_words(model.rows()) == "Start 1, 1 of unknown time"
    with qtbot.waitSignal(model.restarted) as heard:
        intake.read_clock(shown.path, 4 * S, "2026-11-03 14:02:15", "14:02:15")
    assert heard.args == [shown.path, BEGIN_US]


@pytest.mark.window
def test_a_camera_is_renamed_in_the_window_and_on_the_record(window: MainWindow, case: Path, qtbot: QtBot) -> None:
    view = view_of(window)
    model, name = view.work.recordings, view.work.footage.cameras[0].name
    model.put(row("more", camera=name))
    window.go(FOOTAGE)
    view.footage.table.setCurrentIndex(model.index(0, START))
    window._actions["Rename the camera …"].trigger()
    field = editor(view.footage)
    assert field is not None
    field.setText(view.work.footage.cameras[1].name)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "already" in view.footage._refusal.text()
    field.setText("Till")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.work.footage.cameras[0].name == "Till", timeout=WAIT_MS)
    assert view.player.tiles[view.work.footage.cameras[0].id].name == "Till"
    assert [one.camera for one in model.rows() if one.path.stem in ("more", "east")] == ["Till", "Till"]
    (event,) = [one for one in view.work.desk.events(None, 5) if one.kind == "camera renamed"]
    assert (event.body["from"], event.body["to"]) == (name, "Till")
    model.take_out([2])


@pytest.mark.window
def test_start_without_recordings_says_what_is_missing(tmp_path: Path, open_window: Open, qtbot: QtBot) -> None:
    Case.create(tmp_path / "new", "to try the window").close()
    window = open_window(tmp_path / "new")
    view = view_of(window)
    with qtbot.waitSignal(view.said) as heard:
        window._actions["Start"].trigger()
    assert "add recordings first" in heard.args[0]
    assert not view.work.jobs.jobs


# dialogs --------------------------------------------------------------------------------------------------------------


@pytest.mark.window
def test_recordings_are_asked_for_where_some_were_added_last(
    window: MainWindow, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def ask(parent: object, title: str, where: str, filters: str) -> tuple[list[str], str]:
        asked.append((where, filters))
        return [], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", ask)
    view = view_of(window)
    view.footage.dropped.emit([world / "east.mp4"])
    view.add_files()
    assert asked[0][0] == str(world)
    first, every = asked[0][1].split(";;")
    assert "*.mp4 *.MP4" in first
    assert "(*)" in every


def test_the_filter_names_what_is_taken_for_a_recording() -> None:
    assert all(VIDEO_NAME.search(f"x{ending.removeprefix('*')}") for ending in endings().split())


def test_a_name_no_folder_can_have_is_said_and_one_that_cannot_be_made_keeps_what_was_typed(
    tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = NewCaseDialog(tmp_path)
    qtbot.addWidget(dialog)
    dialog.set_purpose("why")
    dialog.name.setText("x" * 300)
    assert "too long" in dialog._problem.text()
    assert not dialog._make.isEnabled()
    (tmp_path / "file").touch()
    dialog.home.setText(str(tmp_path / "file" / "below"))
    dialog.name.setText("a case")
    dialog.accept()
    assert dialog.result() == 0
    assert "choose another" in dialog._problem.text()
    dialog.home.setText(str(tmp_path))
    dialog.accept()
    assert dialog.result() == 1
    assert not (tmp_path / "a case").exists()


def test_utc_is_called_utc(tmp_path: Path) -> None:
    kept = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    kept.setValue("zone", "Etc/UTC")
    assert WindowState(kept).zone == "UTC"
