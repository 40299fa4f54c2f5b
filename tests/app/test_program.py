"""Palette, keys, settings, device, record, help, hints: what belongs to the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, QSettings, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDialog, QDoubleSpinBox, QLabel, QLineEdit
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app import local_time, theme
from app.actions import Binding
from app.desk import Desk
from app.dialogs.about_case import AboutCaseDialog
from app.dialogs.device import DeviceDialog
from app.dialogs.help import PAGES, HelpDialog, page
from app.dialogs.keys import KeysDialog
from app.dialogs.networks import NetworksDialog
from app.dialogs.palette import PaletteDialog
from app.dialogs.record import RecordDialog
from app.dialogs.settings import SettingsDialog
from app.dialogs.trouble import TroubleDialog
from app.explain import explain
from app.hints import Progress, next_step
from app.item_models.commands import Command, CommandsModel, fit
from app.item_models.keys import KEYS, KeysModel
from app.item_models.record import PAGE, RecordModel
from app.main_window import MainWindow
from app.networks import Networks, named, offers, standard
from app.panes.welcome import WelcomePane
from app.settings import WindowState
from reid_engine import errors
from reid_engine.audit import Event, system_operator
from reid_engine.case import Case
from reid_engine.settings import Settings
from reid_engine.store import Retention
from tests.app.conftest import WAIT_MS, Open, view_of
from tests.app.test_explain import PUBLIC

BINDINGS = (
    Binding("Add files …", "Add files", "Footage", "Ctrl+Shift+A", "Ctrl+Shift+A"),
    Binding("Undo", "Undo", "Decide", "Ctrl+Z", "Ctrl+Z"),
    Binding("Search", "Search", "Search", "Return | Enter", "Return | Enter"),
)


@pytest.fixture
def state(tmp_path: Path) -> WindowState:
    return WindowState(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))


@pytest.fixture(autouse=True)
def plain_clothes(qtbot: QtBot) -> None:
    """The looks that the other tests expect."""
    theme.apply(theme.application(), "dark", 100)


# palette --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "first"), [("af", "Add files"), ("undo", "Undo"), ("und", "Undo"), ("ope", "Open")])
def test_a_few_letters_find_a_command(query: str, first: str) -> None:
    words = ["Undo", "Add files", "Open", "Footage", "Find under a dose"]
    scores = {fit(query, text): text for text in words if fit(query, text) is not None}
    assert scores[max(score for score in scores if score is not None)] == first
    assert fit("xyz", "Open") is None


def test_commands_are_a_correct_qt_model(qtmodeltester: ModelTester, qtbot: QtBot) -> None:
    model = CommandsModel([Command("Undo", "Decide", "Ctrl+Z", lambda: None)])
    qtmodeltester.check(model)


def test_the_palette_runs_what_was_chosen_by_keyboard(qtbot: QtBot) -> None:
    done: list[str] = []
    commands = [
        Command(words, "Menu", "", lambda words=words: done.append(words)) for words in ("Undo", "Redo", "Open")
    ]  # type: ignore[misc]
    dialog = PaletteDialog(commands)
    qtbot.addWidget(dialog)
    qtbot.keyClicks(dialog.field, "do")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Down)
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert done == ["Redo"]


# keys -----------------------------------------------------------------------------------------------------------------


def test_keys_are_a_correct_qt_model(qtmodeltester: ModelTester, qtbot: QtBot) -> None:
    qtmodeltester.check(KeysModel(BINDINGS))


def test_a_key_is_bound_anew_and_taken_back(qtbot: QtBot, state: WindowState) -> None:
    dialog = KeysDialog(BINDINGS)
    qtbot.addWidget(dialog)
    dialog.bound.connect(state.bind)
    assert dialog.model.setData(dialog.model.index(1, KEYS), "Ctrl+U")
    assert state.keys() == {"Undo": "Ctrl+U"}
    dialog.model.reset()
    assert state.keys() == {}


def test_a_key_that_means_something_else_is_refused_by_name(qtbot: QtBot) -> None:
    model = KeysModel(BINDINGS)
    with qtbot.waitSignal(model.refused) as heard:
        assert not model.setData(model.index(1, KEYS), "Enter")
    assert "“Search”" in heard.args[0]
    assert model.chosen() == {}


# settings -------------------------------------------------------------------------------------------------------------


def test_the_settings_pages_come_from_the_definitions_and_count_at_once(qtbot: QtBot, state: WindowState) -> None:
    dialog = SettingsDialog(Settings(), state)
    qtbot.addWidget(dialog)
    field = dialog.fields["detection.score"]
    assert isinstance(field, QDoubleSpinBox)
    assert (field.minimum(), field.maximum()) == (0.0, 1.0)
    assert "How sure the detector" in field.accessibleDescription()
    with qtbot.waitSignal(dialog.changed):
        field.setValue(0.25)
    assert dialog.settings.detection.score == 0.25


def test_a_setting_that_is_on_or_off_is_a_box_to_tick(qtbot: QtBot, state: WindowState) -> None:
    dialog = SettingsDialog(Settings(), state)
    qtbot.addWidget(dialog)
    box = dialog.fields["work.gently"]
    assert isinstance(box, QCheckBox)
    assert box.isChecked()
    assert "background gently" in box.accessibleDescription()
    with qtbot.waitSignal(dialog.changed):
        box.click()
    assert dialog.settings.work.gently is False


def test_the_operators_name_is_a_line_and_goes_on_the_record_of_the_open_case(
    open_window: Open, case: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REAPPEAR_CONFIG", str(tmp_path / "config"))
    window = open_window(case)
    work = view_of(window).work
    assert work.desk.case.store.operator == system_operator()
    dialog = SettingsDialog(window.program.settings, window.program._state)
    qtbot.addWidget(dialog)
    dialog.changed.connect(window.program._keep)
    field = dialog.fields["record.operator"]
    assert isinstance(field, QLineEdit)
    field.setText("  Jörg Meyer ")
    field.editingFinished.emit()
    name = f"Jörg Meyer ({system_operator()})"
    qtbot.waitUntil(lambda: work.desk.case.store.operator == name, timeout=WAIT_MS)
    assert work.desk.case.record("view", tracklet=1).operator == name
    qtbot.waitUntil((tmp_path / "config" / "settings.toml").exists, timeout=WAIT_MS)
    with Case.open(case) as again:
        assert again.store.operator == name
        assert again.store.broken_record() is None
    field.setText("x" * 81)
    field.editingFinished.emit()
    assert "record.operator" in dialog._said.text()


@pytest.mark.parametrize("choice", ["dark", "light"])
def test_a_box_to_tick_is_seen_before_it_is_ticked(choice: theme.Choice, qtbot: QtBot) -> None:
    """Its edge stands out from the ground by 3 to 1 at least, ticked from unticked too."""
    theme.apply(theme.application(), choice, 100)
    box = QCheckBox("on")
    qtbot.addWidget(box)
    box.resize(120, 30)
    box.show()
    seen = {}
    for ticked in (False, True):
        box.setChecked(ticked)
        drawn = box.grab().toImage()
        lights = [light(drawn.pixelColor(x, drawn.height() // 2)) for x in range(1, 16)]
        ground = light(drawn.pixelColor(118, 2))
        seen[ticked] = lights
        assert max((max(ground, one) + 0.05) / (min(ground, one) + 0.05) for one in lights) >= 3
    assert seen[True] != seen[False]


def test_the_first_page_does_not_say_that_a_case_holds_the_footage(qtbot: QtBot) -> None:
    """One page on it says that nothing is copied."""
    pane = WelcomePane()
    qtbot.addWidget(pane)
    said = [label.text() for label in pane.findChildren(QLabel)]
    assert any("Recordings stay where they are" in words for words in said)
    assert not any("footage" in words for words in said)


def light(colour: QColor) -> float:
    """Relative luminance, as the rules for contrast on the web define it."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    even = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * even[0] + 0.7152 * even[1] + 0.0722 * even[2]


def test_theme_and_text_size_are_remembered_and_shown(qtbot: QtBot, state: WindowState) -> None:
    dialog = SettingsDialog(Settings(), state)
    qtbot.addWidget(dialog)
    dialog.dressed.connect(lambda: theme.apply(theme.application(), state.theme, state.scale))
    looks, sizes = dialog.fields["theme"], dialog.fields["scale"]
    assert isinstance(looks, QComboBox)
    assert isinstance(sizes, QComboBox)
    before = QApplication.font().pointSizeF()
    looks.setCurrentIndex(2)
    sizes.setCurrentIndex(4)
    assert (state.theme, state.scale) == ("light", 200)
    assert theme.current() is theme.LIGHT
    assert QApplication.font().pointSizeF() == pytest.approx(2 * before)
    assert theme.px(10) == 20
    theme.apply(theme.application(), "dark", 100)
    assert QApplication.font().pointSizeF() == pytest.approx(before)


# networks -------------------------------------------------------------------------------------------------------------


def test_bundled_networks_are_offered_by_name_with_their_line(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "default.json").write_text('{"detector": "yolo11n-world.pt", "reid": "ours.safetensors"}')
    cards = {"yolo11n-world": "people", "ours": "a good start", "tclnet": "many clips"}
    for name, line in cards.items():
        (tmp_path / f"{name}.{'pt' if name.startswith('yolo') else 'safetensors'}").write_bytes(b"")
        (tmp_path / f"{name}.json").write_text(f'{{"name": "{name}", "description": "{line}"}}')
    found = offers(tmp_path)
    assert [(o.name, o.finds_people, o.standard) for o in found] == [
        ("yolo11n-world", True, True), ("ours", False, True), ("tclnet", False, False),
    ]  # fmt: skip
    pair = standard(tmp_path)
    dialog = NetworksDialog(pair, found)
    qtbot.addWidget(dialog)
    dialog.choices[tmp_path / "tclnet.safetensors"].setChecked(True)
    assert dialog.chosen == Networks(pair.detector, tmp_path / "tclnet.safetensors")
    assert named(pair.embedder, found) == "ours"
    assert named(Path("runs/run-3/model.safetensors"), found) == "run-3"
    assert named(Path("osnet.onnx"), found) == "osnet"
    assert "many clips" in [label.text() for label in dialog.findChildren(QLabel)]


def test_without_bundled_networks_it_is_said_how_to_bring_some(tmp_path: Path, qtbot: QtBot) -> None:
    assert offers(tmp_path / "none") == []
    assert standard(None) == Networks()
    dialog = NetworksDialog(Networks(), [])
    qtbot.addWidget(dialog)
    assert any("Bring a person detector" in label.text() for label in dialog.findChildren(QLabel))


# record ---------------------------------------------------------------------------------------------------------------


def test_the_record_is_a_correct_qt_model_that_reads_as_it_is_scrolled(
    qtmodeltester: ModelTester, qtbot: QtBot
) -> None:
    model = RecordModel("Europe/Berlin", {})
    asked: list[object] = []
    model.wanted.connect(asked.append)
    assert model.canFetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    events = [
        Event(n, n * 1_000_000, "meyer", "search", {"probe": n, "purpose": "p"}, "ab") for n in range(900, 700, -1)
    ]
    assert len(events) == PAGE
    model.supply(events)
    model.fetchMore(QModelIndex())
    assert asked == [None, 701]
    model.supply([])
    assert not model.canFetchMore(QModelIndex())
    assert [model.data(model.index(0, c)) for c in (0, 2, 3, 4, 5)] == ["900", "meyer", "searched", "track 900", "p"]
    qtmodeltester.check(model)


def test_verify_says_whether_the_record_is_whole(tmp_path: Path, qtbot: QtBot) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        case.record("search", probe=1)
        desk = Desk(case)
        dialog = RecordDialog(RecordModel("UTC", {}))
        qtbot.addWidget(dialog)
        dialog.model.supply(desk.events(None, PAGE))
        dialog.table.setCurrentIndex(dialog.model.index(0, 0))
        assert '"purpose": "a test"' in dialog.detail.toPlainText()
        dialog.show_verdict(desk.verify())
        assert dialog.verdict.text().startswith("The record is whole: 2 events")
        dialog.show_verdict((1, "ab", "event 1 (search) was changed after it was recorded"))
        assert "was changed" in dialog.verdict.text()


# device, help, errors, hints ------------------------------------------------------------------------------------------


def test_the_device_page_tells_what_is_used_and_why(qtbot: QtBot) -> None:
    dialog = DeviceDialog()
    qtbot.addWidget(dialog)
    dialog.show_lines([("Networks run on", "the processor"), ("Because", "CUDA has no driver here")], 3.17)
    assert "Because: CUDA has no driver here" in dialog.report()
    assert "3.2× real time" in dialog.report()


@pytest.mark.parametrize("name", PAGES)
def test_every_place_has_a_page_of_help(name: str, qtbot: QtBot) -> None:
    assert page(name).startswith("# ")
    dialog = HelpDialog(name)
    qtbot.addWidget(dialog)
    assert dialog.text.toPlainText().startswith(page(name).splitlines()[0].removeprefix("# "))


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
def test_every_error_is_shown_with_what_why_kept_and_what_now(kind: type[errors.ReappearError], qtbot: QtBot) -> None:
    dialog = TroubleDialog(kind("the reason that was found"))
    qtbot.addWidget(dialog)
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    words = explain(kind())
    assert {words.heading, "the reason that was found", words.kept, words.advice} <= set(shown)


def test_the_hint_leads_from_nothing_to_the_third_decision() -> None:
    steps = [
        Progress(),
        Progress(recordings=4),  # and none of them can be read
        Progress(recordings=4, reading=True),
        Progress(recordings=4, waiting=4),
        Progress(recordings=4, running=True),
        Progress(recordings=4, searchable=4),
        Progress(recordings=4, searchable=4, investigating=True),
        Progress(recordings=4, searchable=4, investigating=True, listed=True),
        Progress(recordings=4, searchable=4, investigating=True, selected=True),
        Progress(recordings=4, searchable=4, investigating=True, selected=True, matches=9),
        Progress(recordings=4, searchable=4, investigating=True, selected=True, matches=9, decided=3),
    ]
    told = [next_step(step) for step in steps]
    assert len(set(told)) == len(told)
    assert told[-1] == ""
    assert [words[:1] for words in told[:-1]] == ["1", "1", "1", "2", "2", "3", "3", "4", "4", "5"]


def test_recent_cases_are_forgotten_without_touching_them(state: WindowState, tmp_path: Path) -> None:
    state.opened(tmp_path / "a", "why a")
    state.opened(tmp_path / "b", "why b")
    state.forget(tmp_path / "b")
    assert state.recent() == [(tmp_path / "a", "why a")]


@pytest.mark.window
def test_what_a_case_is_for_and_how_long_it_is_kept_is_said_anew_in_the_window(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    view.ask_about_case()
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, AboutCaseDialog)
    assert dialog.purpose == view.work.desk.purpose()
    dialog._purpose.setPlainText(" ")
    assert not dialog._save.isEnabled()
    dialog._purpose.setPlainText("theft, order 17")
    dialog.rule.setCurrentIndex(1)
    dialog.until.setText("soon")
    dialog.until.textEdited.emit("soon")
    assert not dialog._save.isEnabled()
    assert "no time" in dialog._problem.text()
    dialog.until.setText("2027-01-31")
    dialog.until.textEdited.emit("2027-01-31")
    with qtbot.waitSignal(view.purposed, timeout=WAIT_MS):
        dialog._save.click()
    assert window._bar._purpose.text() == view.work.desk.purpose() == "theft, order 17"
    until_us = view.work.desk.retention().until_us
    assert until_us == local_time.parse("2027-01-31", view.work.footage.home_zone)
    kinds = [event.kind for event in view.work.desk.case.store.events(limit=2)]
    assert kinds == ["purpose", "retention"]
    again = AboutCaseDialog("p", Retention(days=7), "UTC")
    qtbot.addWidget(again)
    assert again.keep == Retention(days=7)
