"""Settings: pages built from the typed definitions; what is changed counts at once, and only differences are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.settings import WindowState
from app.widgets.dressed import paragraph, scrolled
from app.words import Later, shortened, tr
from reid_engine.errors import SettingsError
from reid_engine.settings import Setting, Settings, each_setting, with_setting

THEMES: dict[theme.Choice, str] = {"system": Later("As the system"), "dark": Later("Dark"), "light": Later("Light")}
MOST = 1_000_000
FIELD_WIDTH = 190


class SettingsDialog(QDialog):
    """``changed``: new settings, valid and to be kept; ``dressed``: theme or text size were changed."""

    changed = Signal(object)
    dressed = Signal()

    def __init__(self, settings: Settings, state: WindowState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.room(self, 860, 620))
        self.settings = settings
        self._state = state
        self.pages = QListWidget(self)
        self.pages.setFixedWidth(theme.px(170))
        self.pages.setAccessibleName(tr("Pages"))
        self._stack = QStackedWidget(self)
        self._said = paragraph(tr("Changes count at once; only what differs from the defaults is kept."), "muted", self)
        self.fields: dict[str, QWidget] = {}
        self._add_page(tr("Window"), tr("How this window looks, and where new cases lie."), self._window_rows())
        self._add_groups()
        self.pages.currentRowChanged.connect(self._stack.setCurrentIndex)
        self.pages.setCurrentRow(0)
        close = QPushButton(tr("Close"), self)
        close.clicked.connect(self.accept)
        close.setAutoDefault(False)
        body, foot = QHBoxLayout(), QHBoxLayout()
        body.addWidget(self.pages)
        body.addWidget(self._stack, 1)
        foot.addWidget(self._said, 1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(14)] * 4)
        layout.setSpacing(theme.px(10))
        layout.addLayout(body, 1)
        layout.addLayout(foot)

    # the engine's pages, from the definitions -------------------------------------------------------------------------

    def _add_groups(self) -> None:
        known = each_setting(self.settings)
        for group in dict.fromkeys(one.group for one in known):
            rows = [(name_of(one), one.words, self._field(one)) for one in known if one.group == group]
            described = Settings.model_fields[group].description if group else tr("Names of files.")
            self._add_page(group.capitalize() or tr("File names"), described or "", rows)

    def _field(self, one: Setting) -> QWidget:
        if isinstance(one.value, tuple):
            box = QPlainTextEdit("\n".join(one.value), self)
            box.setTabChangesFocus(True)
            box.setFixedHeight(theme.px(110))
            box.setPlaceholderText(tr("cam(?P<camera>\\d+)-(?P<year>\\d{4})(?P<month>\\d\\d)…"))
            apply = QPushButton(tr("Use these"), self)
            apply.clicked.connect(lambda: self._set(one.key, tuple(box.toPlainText().split())))
            self.fields[one.key] = box
            return _below(self, box, apply)
        if isinstance(one.value, bool):
            return self._switch(one)
        if isinstance(one.value, str):
            return self._line(one)
        field = _number(self, one)
        field.setAccessibleName(name_of(one))
        field.setAccessibleDescription(one.words)
        field.valueChanged.connect(lambda value: self._set(one.key, value))
        default = QPushButton(tr("Default"), self)
        default.setAutoDefault(False)
        default.setToolTip(str(one.default))
        default.clicked.connect(lambda: field.setValue(one.default))
        default.setEnabled(one.value != one.default)
        field.valueChanged.connect(lambda value: default.setEnabled(value != one.default))
        self.fields[one.key] = field
        return _beside(self, field, default)

    def _line(self, one: Setting) -> QWidget:
        field = QLineEdit(one.value, self)
        field.setAccessibleName(name_of(one))
        field.setAccessibleDescription(one.words)
        field.setMinimumWidth(theme.px(FIELD_WIDTH))
        field.editingFinished.connect(lambda: self._set(one.key, field.text()))
        self.fields[one.key] = field
        return field

    def _switch(self, one: Setting) -> QWidget:
        box = QCheckBox(tr("on"), self)
        box.setChecked(one.value)
        box.setAccessibleName(name_of(one))
        box.setAccessibleDescription(one.words)
        box.toggled.connect(lambda value: self._set(one.key, value))
        self.fields[one.key] = box
        return box

    def _set(self, key: str, value: Any) -> None:
        try:
            settings = with_setting(self.settings, key, value)
        except SettingsError as error:
            self._tell(str(error), "warning")
            return
        self.settings = settings
        self._tell(tr("Kept."), "muted")
        self.changed.emit(settings)

    def _tell(self, words: str, name: str) -> None:
        self._said.setText(words)
        self._said.setObjectName(name)
        self._said.style().polish(self._said)

    # the window's own page --------------------------------------------------------------------------------------------

    def _window_rows(self) -> list[tuple[str, str, QWidget]]:
        state = self._state
        looks, sizes, home = QComboBox(self), QComboBox(self), QLineEdit(shortened(state.home), self)
        looks.addItems([tr(words) for words in THEMES.values()])
        looks.setCurrentIndex(list(THEMES).index(state.theme))
        looks.currentIndexChanged.connect(lambda place: self._dress("theme", list(THEMES)[place]))
        sizes.addItems([tr("{size} %").format(size=size) for size in theme.SCALES])
        sizes.setCurrentIndex(theme.SCALES.index(state.scale))
        sizes.currentIndexChanged.connect(lambda place: self._dress("scale", theme.SCALES[place]))
        home.editingFinished.connect(lambda: setattr(state, "home", Path(home.text()).expanduser()))
        browse = QPushButton(tr("Browse …"), self)
        browse.setAutoDefault(False)
        browse.clicked.connect(lambda: self._browse(home))
        home.setMinimumWidth(theme.px(200))
        zone = QLineEdit(state.zone, self)
        zone.editingFinished.connect(lambda: self._rezone(zone))
        rows = [
            (tr("Theme"), tr("Dark, light, or as the system is."), looks),
            (tr("Text size"), tr("Everything grows with it; the open case is laid out again."), sizes),
            (tr("Zone of new cameras"), tr("An IANA time zone, such as Europe/Berlin."), zone),
            (
                tr("New cases lie in"),
                tr("A folder with room; a case holds pictures of people, not the recordings."),
                home,
            ),
        ]
        for words, meaning, field in rows:
            field.setAccessibleName(words)
            field.setAccessibleDescription(meaning)
        self.fields |= {"theme": looks, "scale": sizes, "zone": zone, "home": home}
        return [*rows[:3], (rows[3][0], rows[3][1], _beside(self, home, browse))]

    def _dress(self, name: str, value: object) -> None:
        setattr(self._state, name, value)
        self.dressed.emit()

    def _rezone(self, field: QLineEdit) -> None:
        try:
            self._state.zone = field.text().strip()
        except ValueError as error:
            self._tell(str(error), "warning")

    def _browse(self, field: QLineEdit) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("New cases lie in"), field.text())
        if found:
            field.setText(shortened(Path(found)))
            self._state.home = Path(found)

    # laying out -------------------------------------------------------------------------------------------------------

    def _add_page(self, title: str, words: str, rows: Sequence[tuple[str, str, QWidget]]) -> None:
        self.pages.addItem(title)
        page = QFrame(self)
        page.setObjectName("panel")
        grid = QGridLayout(page)
        grid.setContentsMargins(*[theme.px(18)] * 4)
        grid.setHorizontalSpacing(theme.px(18))
        grid.setVerticalSpacing(theme.px(14))
        grid.setColumnStretch(0, 1)
        heading, meaning = QLabel(title, page), paragraph(words, "muted", page)
        heading.setObjectName("title")
        grid.addWidget(heading, 0, 0, 1, 2)
        grid.addWidget(meaning, 1, 0, 1, 2)
        for place, (name, said, field) in enumerate(rows, start=2):
            label = QLabel(tr("<b>{name}</b><br>{said}").format(name=name, said=said), page)
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setWordWrap(True)
            grid.addWidget(label, place, 0)
            grid.addWidget(field, place, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(len(rows) + 2, 1)
        self._stack.addWidget(scrolled(page, self))


def name_of(one: Setting) -> str:
    """A setting's key as words: ``tracking.lost_s`` is “Lost, seconds”."""
    plain = one.key.rpartition(".")[2]
    units: dict[str, Callable[[], str]] = {"_s": lambda: tr(", seconds"), "_px": lambda: tr(", pixels")}
    unit = next((suffix for suffix in units if plain.endswith(suffix)), "")
    words = plain.removesuffix(unit).replace("_", " ").capitalize()
    return words + (units[unit]() if unit else "")


def _number(parent: QWidget, one: Setting) -> QSpinBox | QDoubleSpinBox:
    least, most = one.least if one.least is not None else -MOST, one.most if one.most is not None else MOST
    field: QSpinBox | QDoubleSpinBox
    if isinstance(one.default, int):
        field = QSpinBox(parent)
        field.setRange(int(least), int(most))
    else:
        field = QDoubleSpinBox(parent)
        field.setDecimals(2)
        field.setSingleStep(0.05)
        field.setRange(least, most)
    field.setValue(one.value)
    field.setKeyboardTracking(False)
    field.setFixedWidth(theme.px(FIELD_WIDTH - 70))
    return field


def _beside(parent: QWidget, *parts: QWidget) -> QWidget:
    row = QWidget(parent)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)
    return row


def _below(parent: QWidget, *parts: QWidget) -> QWidget:
    column = QWidget(parent)
    column.setFixedWidth(theme.px(360))
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)
    return column
