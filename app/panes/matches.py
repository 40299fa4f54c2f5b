"""The matches: the grid of cards, the filters above it, the decisions below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.item_models.matches import MatchesModel
from app.widgets.match_card import CARD_SIZE, MatchCardDelegate
from reid_engine.types import CameraId, Match, Verdict

OTHERS = "All other cameras"
ALL = "All cameras, also this one"


class CardList(QListView):
    """The grid. Enter shows the current card's moment."""

    asked = Signal(QModelIndex)

    def __init__(self, model: MatchesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self._delegate = MatchCardDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(CARD_SIZE + QSize(4, 4))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setAccessibleName("Ranked matches")
        self.clicked.connect(self.asked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.asked.emit(self.currentIndex())
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are the program's keys here, not a search among the cards' words."""


class MatchesPane(QWidget):
    """Shows a ranking; says which card was chosen, what was decided and which filters are set."""

    chosen = Signal(int)
    decided = Signal(int, str)
    filtered = Signal()
    refine = Signal()

    def __init__(self, model: MatchesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = model
        self._zone = "UTC"
        self._day_us = 0
        self.cards = CardList(model, self)
        self.cards.asked.connect(lambda index: self._choose(index.row()))
        self._filters = self._filter_row()
        self._line = QLabel(self)
        self._line.setObjectName("muted")
        self._line.setWordWrap(True)
        self._empty = QLabel(self)
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(32)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.cards)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        layout.addLayout(self._filters)
        layout.addWidget(self._line)
        layout.addWidget(self._stack, 1)
        layout.addLayout(self._decision_row())
        model.modelReset.connect(self._refresh)
        self.say("Pause, point at a person, click.", "Click once to select the track, again or Enter to search for it.")

    def say(self, sentence: str, hint: str = "") -> None:
        """Show a sentence instead of cards, as long as there are none."""
        self._empty.setText(f"<p style='font-size:14px'>{sentence}</p><p>{hint}</p>")
        self._refresh()

    def head(self, sentence: str) -> None:
        """The line above the cards."""
        self._line.setText(sentence)
        self._line.setVisible(bool(sentence))

    def offer_cameras(self, cameras: Sequence[tuple[CameraId, str, int]], zone: str) -> None:
        """The cameras to filter by: number, name and place in the list."""
        self._zone = zone
        wanted = self._cameras.currentData()
        self._cameras.blockSignals(True)
        self._cameras.clear()
        self._cameras.addItem(OTHERS, OTHERS)
        self._cameras.addItem(ALL, ALL)
        for camera, name, position in cameras:
            self._cameras.addItem(f"{theme.camera_letter(position)}   {name}", int(camera))
        self._cameras.setCurrentIndex(max(0, self._cameras.findData(wanted)))
        self._cameras.blockSignals(False)

    def cameras_wanted(self) -> tuple[CameraId, ...] | str | None:
        """One camera, ``"all"``, or None for all but the probe's own."""
        wanted = self._cameras.currentData()
        if isinstance(wanted, int):
            return (CameraId(wanted),)
        return "all" if wanted == ALL else None

    def span_wanted(self) -> tuple[int | None, int | None]:
        """From and to in corrected UTC; None where nothing, or nothing readable, was typed."""
        return self._typed(self._from), self._typed(self._to)

    def current(self) -> Match | None:
        """The match under the cursor."""
        return self._model.match_of(self.cards.currentIndex().row())

    def decide(self, verdict: Verdict) -> None:
        """Decide the current card and go on to the next undecided one."""
        match = self.current()
        if match is None:
            return
        row = self.cards.currentIndex().row()
        self.decided.emit(int(match.tracklet), verdict)
        following = self._model.next_undecided(row)
        if following is not None and following != row:
            self._go_to(following)

    def select_first(self) -> None:
        """Put the cursor on the best match, without playing it."""
        if self._model.rowCount():
            self._go_to(0)

    def _go_to(self, row: int) -> None:
        index = self._model.index(row)
        self.cards.setCurrentIndex(index)
        self.cards.scrollTo(index)

    def _choose(self, row: int) -> None:
        match = self._model.match_of(row)
        if match is not None:
            self.chosen.emit(int(match.tracklet))

    def _refresh(self) -> None:
        found = self._model.rowCount() > 0
        self._stack.setCurrentWidget(self.cards if found else self._empty)
        for button in self._buttons:
            button.setEnabled(found)
        self._line.setVisible(found and bool(self._line.text()))

    def _filter_row(self) -> QHBoxLayout:
        self._cameras = QComboBox(self)
        self._cameras.setAccessibleName("Search in")
        self._cameras.addItem(OTHERS, OTHERS)
        self._cameras.addItem(ALL, ALL)
        self._cameras.currentIndexChanged.connect(lambda _: self.filtered.emit())
        self._from = self._time_field("from  14:00")
        self._to = self._time_field("to  15:30")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._cameras, 2)
        row.addWidget(self._from, 1)
        row.addWidget(self._to, 1)
        return row

    def _time_field(self, hint: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText(hint)
        field.setClearButtonEnabled(True)
        field.setToolTip("A time of the day, or a date and a time, in the cameras' zone")
        field.setAccessibleName(hint.split()[0])
        field.editingFinished.connect(self._times_edited)
        field.textChanged.connect(lambda text: self.filtered.emit() if not text else None)
        field.setProperty("last", "")
        return field

    def _times_edited(self) -> None:
        changed = False
        for field in (self._from, self._to):
            changed = changed or field.property("last") != field.text()
            field.setProperty("last", field.text())
        if changed:
            self.filtered.emit()

    def reference(self, time_us: int) -> None:
        """The day that a time without a date means."""
        self._day_us = time_us

    def _typed(self, field: QLineEdit) -> int | None:
        text = field.text().strip()
        if not text:
            return None
        day = local_time.local(self._day_us, self._zone).strftime("%Y-%m-%d")
        try:
            return local_time.parse(text if "-" in text else f"{day} {text}", self._zone)
        except ValueError as error:
            field.setToolTip(str(error))
            return None

    def _decision_row(self) -> QHBoxLayout:
        tokens = theme.current()
        row = QHBoxLayout()
        row.setSpacing(6)
        self._buttons: list[QPushButton] = []
        verbs: tuple[tuple[Verdict, str, str, str], ...] = (
            ("same", "Same", "Y", tokens.good),
            ("different", "Different", "N", tokens.danger),
            ("unsure", "Unsure", "U", tokens.warning),
        )
        for verdict, word, key, colour in verbs:
            button = self._button(verdict, f"{word}   {key}", colour)
            button.clicked.connect(lambda _=False, said=verdict: self.decide(said))
            row.addWidget(button, 1)
        refine = self._button("refine", "Refine   R", tokens.accent)
        refine.setToolTip("Rank again, nearer to what you called the same and further from what you called different")
        refine.clicked.connect(lambda: self.refine.emit())
        row.addWidget(refine, 1)
        return row

    def _button(self, icon: str, words: str, colour: str) -> QPushButton:
        button = QPushButton(theme.icon(icon, colour), words, self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._buttons.append(button)
        return button
