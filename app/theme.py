"""How the window looks: tokens for dark and light, Fusion, one small style sheet, icons in the colour of the text.

Sizes are written for a text of 100 %; ``px`` makes them grow with it, in code and in the sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Template
from typing import Literal, TypeAlias

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QIconEngine, QPainter, QPalette, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

import resources

Choice: TypeAlias = Literal["system", "dark", "light"]
SCALES = (100, 125, 150, 175, 200)  # per cent of the system's text size
LARGE = 150  # per cent
QT_PICTURES_KIB = 4096  # Qt draws labels and buttons from this cache, under new names at each refresh: it always fills
SCREEN_SHARE = 0.94  # of a screen is a dialog's at most, however large its text


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by duty, not by name."""

    ground: str
    field: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    good: str
    warning: str
    danger: str
    video: str


DARK = Tokens(
    ground="#14171c", field="#14171c",
    panel="#1a1e25", raised="#242a33", line="#343c48", text="#e8ebf0", muted="#9ba6b5",
    accent="#4d9fff", on_accent="#07121f", good="#43b581", warning="#e5b23c", danger="#ee6a5f", video="#0b0d10",
)  # fmt: skip
LIGHT = Tokens(
    ground="#eef0f3", field="#ffffff",
    panel="#ffffff", raised="#f4f6f8", line="#cbd2db", text="#1b2129", muted="#5a6675",
    accent="#1766c9", on_accent="#ffffff", good="#1b7f4c", warning="#946200", danger="#c0352b", video="#101318",
)  # fmt: skip

# told apart by people who see colours differently; a letter always stands beside the colour
CAMERA_COLOURS = ("#56b4e9", "#e69f00", "#2fbf8f", "#e57fb5", "#f0e442", "#a68cff", "#ff8a5c", "#8fd14f")

SHEET = Template("""
* { outline: 0; }
QMainWindow, QDialog { background: $ground; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 6px; }
QFrame#panel, QWidget#panel { background: $panel; }
QFrame#bar { background: $panel; border-bottom: 1px solid $line; }
QFrame#foot { background: $panel; border-top: 1px solid $line; }
QLabel#title { font-size: 22px; font-weight: 600; }
QLabel#banner { font-size: 28px; font-weight: 600; }
QPushButton#trace { background: transparent; border: 0; color: $accent; padding: 0px 8px; min-height: 0px; }
QPushButton#entry { text-align: left; padding: 9px 12px; }
QLabel#heading { font-size: 14px; font-weight: 600; }
QLabel#muted { color: $muted; }
QLabel#warning { color: $warning; }
QLabel#danger { color: $danger; }
QLabel#good { color: $good; }
QLabel#video { background: $video; color: #8a94a3; }
QFrame#dropping { border: 2px dashed $line; border-radius: 10px; }
QLabel#pill { background: $raised; border: 1px solid $line; border-radius: 9px; padding: 1px 8px; color: $muted; }
QPushButton { icon-size: 18px; background: $raised; border: 1px solid $line; border-radius: 5px;
  padding: 6px 14px; min-height: 18px; }
QPushButton:hover { border-color: $accent; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $muted; background: $panel; }
QPushButton#primary { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton#primary:disabled { background: $raised; color: $muted; border-color: $line; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QToolButton { icon-size: 16px; background: transparent; border: 1px solid transparent; border-radius: 5px;
  padding: 4px; }
QToolButton:hover { background: $raised; border-color: $line; }
QToolButton:checked { background: $raised; border-color: $line; color: $accent; }
QToolButton:focus { border-color: $accent; }
QToolButton#switcher { font-size: 15px; font-weight: 600; padding: 6px 24px 6px 10px; }
QToolBar#hints { background: $raised; }
QLabel#hint { font-weight: 600; color: $accent; }
QPushButton#quiet { background: transparent; border-color: transparent; color: $muted; padding: 3px 10px; }
QPushButton#quiet:hover, QPushButton#quiet:focus { border-color: $line; color: $text; }
QToolButton#workspace { padding: 6px 14px; font-weight: 600; color: $muted; }
QToolButton#workspace:checked { color: $text; background: $raised; border-color: $line; }
QToolButton#workspace:disabled { color: $line; }
QToolButton#chip { background: $raised; border: 1px solid $line; border-radius: 11px; padding: 3px 9px; }
QToolButton#chip:hover, QToolButton#chip:focus { border-color: $accent; }
QToolButton#chip[on="true"] { border-color: $accent; color: $accent; font-weight: 600; }
QToolButton#chip::menu-indicator { image: none; }
QPushButton#link { color: $accent; background: transparent; border: 0; padding: 2px 0; min-height: 0;
  text-align: left; }
QPushButton#link:hover, QPushButton#link:focus { text-decoration: underline; }
QLineEdit, QPlainTextEdit { background: $field; border: 1px solid $line; border-radius: 5px; padding: 5px 8px;
  selection-background-color: $accent; selection-color: $on_accent; }
QComboBox { padding: 4px 8px; min-height: 20px; }
QSpinBox, QDoubleSpinBox { min-height: 26px; }
QLineEdit:focus, QPlainTextEdit:focus { border-color: $accent; }
QLineEdit[wrong="true"] { border-color: $danger; color: $danger; }
QTableView { background: $panel; alternate-background-color: $ground; border: 0; gridline-color: $line;
  selection-background-color: $raised; selection-color: $text; }
QTableView::item { padding: 0 6px; }
QListWidget { background: $panel; border: 1px solid $line; border-radius: 5px; padding: 4px; }
QListWidget::item { padding: 7px 8px; border-radius: 4px; }
QListWidget::item:selected { background: $raised; color: $text; }
QTextBrowser { background: $panel; border: 1px solid $line; border-radius: 5px; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator, QListWidget::indicator { width: 14px; height: 14px; border: 2px solid $muted;
  border-radius: 4px; background: $ground; }
QCheckBox::indicator:checked, QListWidget::indicator:checked { background: $accent; border-color: $accent;
  image: url("TICK"); }
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked:focus { border-color: $text; }
QCheckBox::indicator:disabled { border-color: $line; }
QRadioButton { spacing: 8px; }
QRadioButton::indicator { width: 12px; height: 12px; border: 2px solid $muted; border-radius: 7px;
  background: $ground; }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid $accent; background: $on_accent; }
QRadioButton::indicator:focus { border-color: $accent; }
QTableView QLineEdit { padding: 0 4px; border-radius: 0; }
QTableView QLineEdit, QTableView QLineEdit:focus { background: $field; border: 1px solid $accent; }
QHeaderView { background: $panel; }
QHeaderView::section { background: $panel; color: $muted; border: 0; border-bottom: 1px solid $line; padding: 7px 8px;
  font-weight: 600; }
QListView { background: $ground; border: 0; }
QDockWidget { font-weight: 600; }
QDockWidget::title { background: $panel; padding: 8px 10px 5px 10px; border-bottom: 1px solid $line; }
QProgressBar { background: $ground; border: 1px solid $line; border-radius: 4px; height: 6px; text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QScrollBar:vertical { background: transparent; width: 11px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; min-height: 28px; min-width: 28px; margin: 2px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $line; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QToolBar { background: $panel; border: 0; border-bottom: 1px solid $line; padding: 3px 8px; spacing: 4px; }
QScrollArea, QScrollArea > QWidget > QWidget { background: $panel; }
QScrollArea#ground, QScrollArea#ground > QWidget > QWidget { background: $ground; }
QStatusBar { background: $panel; border-top: 1px solid $line; color: $muted; }
QStatusBar::item { border: 0; }
QMenuBar { background: $panel; border-bottom: 1px solid $line; }
QMenuBar::item { padding: 5px 10px; background: transparent; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $panel; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 14px; border-radius: 4px; }
QMenu::item:selected { background: $raised; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
""")


def apply(program: QApplication, choice: Choice = "dark", scale: int = 100) -> None:
    """Dress the whole program. ``choice``: dark, light or as the system is; ``scale``: text size in per cent."""
    QPixmapCache.setCacheLimit(QT_PICTURES_KIB)
    hints = program.styleHints()
    wanted = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light, "system": Qt.ColorScheme.Unknown}[choice]
    hints.setColorScheme(wanted)
    light = choice == "light" or (choice == "system" and hints.colorScheme() == Qt.ColorScheme.Light)
    tokens = LIGHT if light else DARK
    program.setProperty("light", light)
    program.setProperty("scale", scale)
    program.setStyle("Fusion")
    program.setFont(_font(program, scale))
    program.setPalette(palette(tokens))
    program.setStyleSheet(sheet(tokens))


def _font(program: QApplication, scale: int) -> QFont:
    """The system's font at ``scale`` per cent of its size; its own size is remembered at the first call."""
    font = program.font()
    if program.property("plain size") is None:
        program.setProperty("plain size", font.pointSizeF())
    font.setPointSizeF(float(program.property("plain size")) * scale / 100)
    return font


def sheet(tokens: Tokens) -> str:
    """The style sheet in these colours; sizes in pixels, beyond hair lines, grow with the text."""
    coloured = SHEET.substitute({name: getattr(tokens, name) for name in Tokens.__slots__})
    grown = re.sub(r"\b(\d+)px", lambda found: f"{px(int(found[1])) if int(found[1]) > 2 else found[1]}px", coloured)
    tick = resources.path(f"icons/tick-{'light' if tokens is LIGHT else 'dark'}.svg")
    return grown.replace("TICK", tick.as_posix())


def px(size: int) -> int:
    """Pixels that grow with the text."""
    program = QApplication.instance()
    scale = program.property("scale") if program is not None else None
    return round(size * int(scale or 100) / 100)


def font(painter: QPainter, size: int, *, bold: bool = False) -> QFont:
    """What is drawn in words: the painter's font in pixels that grow with the text."""
    found = QFont(painter.font())
    found.setPixelSize(px(size))
    found.setBold(bold)
    return found


def large() -> bool:
    """True when the text is so large that not everything finds room beside one another."""
    return px(100) >= LARGE


def room(widget: QWidget, width: int, height: int) -> QSize:
    """This size at 100 % for a dialog, in the size of the text, as far as the screen has room."""
    screen = widget.screen().availableSize() * SCREEN_SHARE
    return QSize(min(px(width), screen.width()), min(px(height), screen.height()))


def primary(button: QPushButton) -> None:
    """The one button of a place that a person most likely wants."""
    button.setObjectName("primary")
    button.style().polish(button)  # it may have been dressed before it had the name


def application() -> QApplication:
    """The running program."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


def current() -> Tokens:
    """The tokens in use; dark before anything was applied."""
    application = QApplication.instance()
    return LIGHT if application is not None and application.property("light") else DARK


def palette(tokens: Tokens) -> QPalette:
    """For what the style sheet does not name, and for our own painting."""
    role = QPalette.ColorRole
    colours = {
        role.Window: tokens.ground, role.WindowText: tokens.text, role.Base: tokens.panel, role.Text: tokens.text,
        role.AlternateBase: tokens.ground, role.Button: tokens.raised, role.ButtonText: tokens.text,
        role.Highlight: tokens.accent, role.HighlightedText: tokens.on_accent, role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text, role.PlaceholderText: tokens.muted, role.Mid: tokens.line,
        role.Link: tokens.accent, role.BrightText: tokens.danger,
    }  # fmt: skip
    made = QPalette()
    for name, colour in colours.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(tokens.muted))
    return made


def camera_colour(position: int) -> QColor:
    """The colour of the camera at this place of the case's list."""
    return QColor(CAMERA_COLOURS[position % len(CAMERA_COLOURS)])


def camera_letter(position: int) -> str:
    """A to Z, then A2 to Z2 and so on."""
    turn, letter = divmod(position, 26)
    return chr(ord("A") + letter) + (str(turn + 1) if turn else "")


class _DrawnIcon(QIconEngine):
    """One of our own drawings, drawn when it is painted, so that it follows the theme."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name, self._role = name, role

    def clone(self) -> QIconEngine:
        return _DrawnIcon(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        tokens = current()
        named = getattr(tokens, self._role) if self._role in Tokens.__slots__ else self._role
        colour = tokens.line if mode == QIcon.Mode.Disabled else named
        ratio = painter.device().devicePixelRatio()
        key, drawn = f"icon {self._name} {colour} {rect.width()}x{rect.height()} {ratio:g}", QPixmap()
        if not QPixmapCache.find(key, drawn):  # reading and drawing one takes as long as painting a whole card
            drawn = _drawing(self._name, colour, rect.size(), ratio)
            QPixmapCache.insert(key, drawn)
        painter.drawPixmap(rect.topLeft(), drawn)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return made


def _drawing(name: str, colour: str, size: QSize, ratio: float) -> QPixmap:
    text = resources.path(f"icons/{name}.svg").read_text("utf-8").replace("currentColor", colour)
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return pixmap


def icon(name: str, role: str = "text") -> QIcon:
    """One of our own drawings, in the colour of a duty (a name of ``Tokens``) or a fixed one; paler if disabled."""
    return QIcon(_DrawnIcon(name, role))
