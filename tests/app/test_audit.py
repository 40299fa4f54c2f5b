"""What every dialog, pane and Qt model must keep to: correct models, names, the keyboard, large text, both themes."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, Qt, QTimer
from PySide6.QtGui import QAccessible, QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QMenuBar,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QWidget,
)
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app import theme
from app.item_models.table import TableModel
from app.main_window import MainWindow
from app.verbs import FOOTAGE, INVESTIGATE
from app.widgets.hint_bar import HintBar
from reid_engine.case import Case
from tests.app.conftest import WAIT_MS, Left, Open, view_of
from tests.app.every import DIALOGS, MODELS, classes

INTERACTIVE = (QAbstractButton, QLineEdit, QAbstractSpinBox, QComboBox, QAbstractSlider, QAbstractItemView)
LARGEST = (1920, 1040)  # a common screen, less its bar
LAID_OUT_MS = 5000
SECOND_ROW = 152  # this case has one row of tiles; four cameras have two
NAMED: Any = {"ids": lambda kind: kind.__name__}


@pytest.fixture(autouse=True)
def plain_clothes(qapp: QApplication) -> Iterator[None]:
    """Dark at 100 %, before and after."""
    theme.apply(theme.application(), "dark", 100)
    yield
    theme.apply(theme.application(), "dark", 100)


def parts(root: QWidget) -> list[QWidget]:
    """Everything in a widget that is shown and not a part that Qt makes for itself."""
    inner = (QScrollBar, QHeaderView, QMenu, QMenuBar)
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisibleTo(root) and not isinstance(widget, inner) and not _of_qt(widget, root)
    ]


def _of_qt(widget: QWidget, root: QWidget) -> bool:
    """True for the editor in a box of numbers, the list of a box of choices, the inside of what scrolls."""
    while widget is not root:
        around = widget.parentWidget()
        if (
            isinstance(around, QAbstractScrollArea)
            and around.viewport() is widget
            and not isinstance(around, QScrollArea)
        ):
            return True
        if widget.objectName().startswith("qt_") or type(widget).__name__ == "QTableCornerButton":
            return True
        if isinstance(around, QAbstractSpinBox | QComboBox):
            return True
        if around is None:
            return False
        widget = around
    return False


def shown(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()} {getattr(widget, 'text', str)()!r}"


def unnamed(root: QWidget) -> list[str]:
    """What can be used and has no name for whoever cannot see it."""
    return [
        shown(widget)
        for widget in parts(root)
        if (isinstance(widget, INTERACTIVE) or widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        and not isinstance(widget, QScrollArea | QTabWidget | QStackedWidget)  # they hold what can be used
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name).strip()
    ]


def out_of_reach(root: QWidget) -> list[str]:
    """Buttons and fields that no Tab comes to."""
    return [
        shown(widget)
        for widget in parts(root)
        if isinstance(widget, INTERACTIVE) and widget.isEnabled() and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]


def cut_off(root: QWidget) -> list[str]:
    """Texts that have less room than they need."""
    found = []
    for widget in parts(root):
        if not isinstance(widget, QLabel | QAbstractButton) or not widget.text().strip():
            continue
        policy, wanted = widget.sizePolicy().horizontalPolicy(), widget.minimumSizeHint()
        if policy == QSizePolicy.Policy.Ignored or widget.width() == 0:
            continue  # gives way on purpose, and has it all in its tool tip
        tall = widget.heightForWidth(widget.width()) if widget.hasHeightForWidth() else wanted.height()
        if widget.width() < wanted.width() or widget.height() < tall:
            found.append(f"{shown(widget)} has {widget.size().toTuple()}, needs {wanted.toTuple()}, {tall} tall")
        if not isinstance(widget.parentWidget(), QAbstractScrollArea) and not widget.parentWidget().rect().contains(
            widget.geometry()
        ):
            found.append(f"{shown(widget)} sticks out of {shown(widget.parentWidget())}")
    return found


# models ---------------------------------------------------------------------------------------------------------------


def test_no_model_is_left_out() -> None:
    assert classes(QAbstractItemModel) - {TableModel} == set(MODELS)  # that one is what others are made of


@pytest.mark.parametrize("kind", MODELS, **NAMED)
def test_every_model_is_a_correct_qt_model(
    kind: type[QAbstractItemModel], qtmodeltester: ModelTester, qtbot: QtBot
) -> None:
    model = MODELS[kind]()
    assert model.rowCount() > 1
    qtmodeltester.check(model)


# dialogs --------------------------------------------------------------------------------------------------------------


def test_no_dialog_is_left_out() -> None:
    assert classes(QDialog) == set(DIALOGS)


@pytest.fixture(params=DIALOGS, **NAMED)
def dialog(request: pytest.FixtureRequest, tmp_path: Path, qtbot: QtBot) -> Callable[[int], QDialog]:
    """A dialog, shown with a text of so many per cent."""

    def made(scale: int = 100) -> QDialog:
        theme.apply(theme.application(), "dark", scale)
        found: QDialog = DIALOGS[request.param](tmp_path)
        qtbot.addWidget(found)
        found.show()
        return found

    return made


def test_everything_in_a_dialog_has_a_name_and_a_key_comes_to_it(dialog: Callable[[], QDialog], qtbot: QtBot) -> None:
    opened = dialog()
    assert opened.windowTitle()
    assert unnamed(opened) == []
    assert out_of_reach(opened) == []
    qtbot.keyClick(opened, Qt.Key.Key_Escape)
    assert not opened.isVisible()


def test_a_dialog_with_text_of_200_per_cent_cuts_nothing_off_and_fits_a_screen(
    dialog: Callable[[int], QDialog],
) -> None:
    opened = dialog(200)
    hint = opened.minimumSizeHint().toTuple()
    assert all(least <= room for least, room in zip(hint, LARGEST, strict=True)), hint
    opened.resize(*LARGEST)
    assert cut_off(opened) == []


# the window -----------------------------------------------------------------------------------------------------------


@pytest.mark.window
def test_everything_in_the_window_has_a_name_and_a_key_comes_to_it(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    view.inquiry.search(int(next(n for tile in view.player.tiles.values() for n in tile.people.tracklet)))
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    for place in (INVESTIGATE, FOOTAGE):
        window.go(place)
        assert unnamed(window) == []
        assert out_of_reach(window) == []


@pytest.mark.window
def test_the_welcome_page_has_names_and_keys(open_window: Open) -> None:
    window = open_window(None)
    assert unnamed(window) == []
    assert out_of_reach(window) == []


@pytest.mark.window
def test_the_window_with_text_of_200_per_cent_cuts_nothing_off(window: MainWindow, qtbot: QtBot) -> None:
    folder = view_of(window).work.desk.folder
    theme.apply(theme.application(), "dark", 200)
    with qtbot.waitSignal(window.case_opened, timeout=WAIT_MS):
        window.open_case(folder)
    window.resize(*LARGEST)
    qtbot.waitUntil(lambda: bool(view_of(window).player.tiles), timeout=WAIT_MS)
    for place in (FOOTAGE, INVESTIGATE):
        window.go(place)
        window.findChild(HintBar).tell("What to do next, in a line as long as hints are.")
        qtbot.waitUntil(lambda: cut_off(window) == [], timeout=LAID_OUT_MS)  # docks take their sizes one by one
        assert window.minimumSizeHint().width() <= LARGEST[0]
        assert window.minimumSizeHint().height() + SECOND_ROW <= LARGEST[1]


# themes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("role", ["text", "muted", "accent", "good", "danger", "warning"])
@pytest.mark.parametrize("ground", ["ground", "panel", "raised"])
def test_words_stand_out_from_their_ground_in_either_theme(tokens: theme.Tokens, role: str, ground: str) -> None:
    least = 4.5 if role in ("text", "muted") else 3.0  # WCAG 2.2, 1.4.3 for text, 1.4.11 for marks and large words
    assert contrast(getattr(tokens, role), getattr(tokens, ground)) >= least


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lights = []
    for name in (one, other):
        colour = QColor(name)
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                  for c in (colour.redF(), colour.greenF(), colour.blueF())]  # fmt: skip
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_the_theme_follows_the_system_or_the_choice(qtbot: QtBot) -> None:
    for choice, tokens in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(theme.application(), choice, 100)
        assert theme.current() is tokens
        assert theme.application().palette().color(QPalette.ColorRole.Text) == QColor(tokens.text)


# leak guards ----------------------------------------------------------------------------------------------------------


def test_the_guard_of_every_test_sees_what_is_left_behind(qtbot: QtBot, tmp_path: Path) -> None:
    before = Left.now()
    assert before.beyond(before) == {}
    timer, go_on = QTimer(), threading.Event()
    timer.start(60_000)
    widget = QWidget()
    widget.show()
    thread = threading.Thread(target=go_on.wait, name="lingering")
    thread.start()
    child = subprocess.Popen(["sleep", "60"])
    case = Case.create(tmp_path / "case", "a test")
    try:
        assert set(Left.now().beyond(before)) == {"timers", "windows", "threads", "children", "databases"}
    finally:
        case.close()
        child.kill()
        child.wait()
        go_on.set()
        thread.join()
        widget.close()
        timer.stop()
    assert Left.now().beyond(before) == {}
