"""The matches: the chips that filter, sort and group, the grid of cards, the decisions below it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import local_time, theme
from app.arrange import Group, Sort, Wish
from app.desk import Query
from app.dropped import picture_in
from app.item_models.matches import MatchesModel
from app.widgets.card_grid import CardGrid
from app.widgets.chips import Chip, FlowLayout, Value
from app.widgets.match_card import MatchCardDelegate
from app.words import Later, tr
from reid_engine.types import CameraId, Match, Verdict

ALL = Later("All cameras, also this one")
SORTS: tuple[tuple[str, Sort], ...] = (
    (Later("likeness"), "rank"), (Later("earliest first"), "earliest"), (Later("latest first"), "latest"),
)  # fmt: skip
GROUPS: tuple[tuple[str, Group], ...] = (
    (Later("by band"), "band"), (Later("by camera"), "camera"), (Later("by hour"), "hour"),
    (Later("not at all"), "none"),
)  # fmt: skip
# how a colour of clothes is shown in a menu
SWATCHES = {
    Later("black"): "#1b1b1d", Later("grey"): "#8b8d91", Later("white"): "#f4f4f2", Later("red"): "#c8322c",
    Later("orange"): "#e98022", Later("brown"): "#74492a", Later("yellow"): "#e9d32f", Later("green"): "#3f9a44",
    Later("blue"): "#2f62c4", Later("purple"): "#7a3f9d", Later("pink"): "#e58ab4",
}  # fmt: skip
TIME_TIP = Later("A time of the day that is shown, or a date and a time, in the cameras' zone")
QUALITIES = ((Later("any"), None), (Later("fair, 0.3 and more"), 0.3), (Later("good, 0.5 and more"), 0.5))


class MatchesPane(QWidget):
    """Shows a ranking; says which card was chosen, what was decided, which filters are set and how it shall be shown.

    chosen: show a tracklet's moment; pointed: the cursor is on another tracklet; compare, why: of the current one;
    erase: what a card shows;
    pictured: a picture of a person was dropped
    """

    chosen = Signal(int)
    pointed = Signal(int)
    decided = Signal(int, str)
    filtered = Signal()
    wished = Signal()
    refine = Signal()
    compare = Signal()
    why = Signal()
    erase = Signal(int)
    pictured = Signal(Path)

    def __init__(self, model: MatchesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = model
        self.setAcceptDrops(True)
        self._zone = "UTC"
        self._folded = True
        self.cards = CardGrid(model, self)
        self.cards.setItemDelegate(MatchCardDelegate(self.cards))
        self.cards.asked.connect(lambda index: self._choose(index.row()))
        self.cards.scrubbed.connect(model.scrub)
        self.cards.menu_wanted.connect(self._show_menu)
        self.cards.unfolded.connect(lambda _: self._unfold())
        self.cards.selectionModel().currentChanged.connect(lambda now, _: self._point(now.row()))
        self._line = QLabel(self)
        self._line.setObjectName("muted")
        self._line.setWordWrap(True)
        self._wrong = QLabel(self)
        self._wrong.setObjectName("warning")
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        self._stack = QStackedWidget(self)
        self._blank = self._empty_page()
        self._stack.addWidget(self._blank)
        self._stack.addWidget(self.cards)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        layout.addLayout(self._chip_row())
        layout.addWidget(self._wrong)
        layout.addWidget(self._line)
        layout.addWidget(self._stack, 1)
        layout.addLayout(self._look_row())
        layout.addLayout(self._decision_row())
        model.modelReset.connect(self._refresh)
        self.say(
            tr("Pause, point at a person, click."),
            tr("Click once to select the track, again or Enter to search for it."),
        )

    def _show_menu(self, index: QModelIndex, at: QPoint) -> None:
        """What else can be done with a card."""
        match = self._model.match_of(index.row())
        if match is None:
            return
        number = int(match.tracklet)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Erase …")).triggered.connect(lambda: self.erase.emit(number))
        menu.popup(at)

    def say(self, sentence: str, hint: str = "", *, filtered: bool = False) -> None:
        """Show a sentence instead of cards, as long as there are none; ``filtered``: offer to clear the filters."""
        self.unfilter.setVisible(filtered)
        self._empty.setText(f"<p style='font-size:{theme.px(14)}px'>{escape(sentence)}</p><p>{escape(hint)}</p>")
        self._refresh()

    def head(self, sentence: str) -> None:
        """The line above the cards."""
        self._line.setText(sentence)
        self._line.setVisible(bool(sentence))

    def offer_cameras(self, cameras: Sequence[tuple[CameraId, str, int]], zone: str) -> None:
        """The cameras to filter by: number, name and place in the list."""
        self._zone = zone
        choices: list[tuple[str, Value]] = [(tr(ALL), ALL)]
        choices += [(f"{theme.camera_letter(position)}   {name}", int(camera)) for camera, name, position in cameras]
        self._cameras.offer(choices)

    def filters(self, day_us: int) -> Query:
        """What the chips say; a time without a day is on the day of ``day_us``. What is no time is said beside it."""
        cameras = tuple(CameraId(value) for value in self._cameras.values if isinstance(value, int))
        quality = self._quality.values
        return Query(
            cameras=cameras or None,
            everywhere=ALL in self._cameras.values,
            from_us=self._typed(self._from, day_us),
            to_us=self._typed(self._to, day_us),
            upper=tuple(str(value) for value in self._upper.values),
            lower=tuple(str(value) for value in self._lower.values),
            least_quality=float(quality[0] or 0) if quality else 0.0,
        )

    def wish(self) -> Wish:
        """How the ranking shall be shown."""
        sort: Sort = next((value for _, value in SORTS if value in self._sort.values), "rank")
        group: Group = next((value for _, value in GROUPS if value in self._group.values), "band")
        return Wish(sort, group, self._folded, bool(self._plausible.values))

    def fold(self) -> None:
        """A new ranking: many weak ones are folded away again."""
        self._folded = True

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
            self.go_to(following)

    def select_first(self) -> None:
        """Put the cursor on the best match, without playing it."""
        if self._model.rowCount():
            self.go_to(0)

    def go_to(self, row: int) -> None:
        """Put the cursor on a card."""
        index = self._model.index(row)
        self.cards.setCurrentIndex(index)
        self.cards.scrollTo(index)

    def clear_filters(self) -> None:
        """Let everybody pass; one search, not one for every filter."""
        self.blockSignals(True)
        for part in (self._cameras, self._upper, self._lower, self._quality, self._from, self._to):
            part.clear()
        self.blockSignals(False)
        for field in (self._from, self._to):
            field.setProperty("last", "")
        self.filtered.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if picture_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = picture_in(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.pictured.emit(path)

    def _choose(self, row: int) -> None:
        match = self._model.match_of(row)
        if match is not None:
            self.chosen.emit(int(match.tracklet))

    def _point(self, row: int) -> None:
        match = self._model.match_of(row)
        if match is not None:
            self.pointed.emit(int(match.tracklet))

    def _empty_page(self) -> QWidget:
        page = QWidget(self)
        self._empty = QLabel(page)
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(32)
        self.unfilter = QPushButton(tr("Clear all filters"), page)
        self.unfilter.clicked.connect(self.clear_filters)
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(self._empty)
        layout.addWidget(self.unfilter, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        return page

    def _unfold(self) -> None:
        self._folded = False
        self.wished.emit()

    def _refresh(self) -> None:
        found = self._model.rowCount() > 0 or bool(self._model.sections)
        self._stack.setCurrentWidget(self.cards if found else self._blank)
        for button in self._buttons:
            button.setEnabled(self._model.rowCount() > 0)
        self._line.setVisible(found and bool(self._line.text()))

    # chips ------------------------------------------------------------------------------------------------------------

    def _chip_row(self) -> FlowLayout:
        self._cameras = self._chip(tr("Cameras"), [], several=True, changed=self.filtered)
        colours: list[tuple[str, Value, str]] = [(tr(name), str(name), colour) for name, colour in SWATCHES.items()]
        self._upper = self._chip(tr("Top"), colours, several=True, changed=self.filtered)
        self._lower = self._chip(tr("Legs"), colours, several=True, changed=self.filtered)
        self._quality = self._chip(tr("Quality"), _shown(QUALITIES), several=False, changed=self.filtered)
        doubts: tuple[tuple[str, Value], ...] = ((tr("shown"), None), (tr("hidden"), "plausible"))
        self._plausible = self._chip(tr("Doubts"), doubts, several=False, changed=self.wished)
        self._sort = self._chip(tr("Sort"), _shown(SORTS), several=False, changed=self.wished)
        self._group = self._chip(tr("Group"), _shown(GROUPS), several=False, changed=self.wished)
        self._from, self._to = self._time_field(tr("from  14:00")), self._time_field(tr("to  15:30"))
        row = FlowLayout()
        for part in (self._cameras, self._from, self._to, self._upper, self._lower, self._quality, self._plausible,
                     self._sort, self._group):  # fmt: skip
            row.addWidget(part)
        return row

    def _chip(
        self,
        name: str,
        choices: Sequence[tuple[str, Value] | tuple[str, Value, str]],
        *,
        several: bool,
        changed: object,
    ) -> Chip:
        chip = Chip(name, several=several, parent=self)
        chip.offer(choices)
        chip.changed.connect(changed)
        return chip

    def _time_field(self, hint: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText(hint)
        field.setClearButtonEnabled(True)
        field.setFixedWidth(theme.px(112))
        field.setToolTip(tr(TIME_TIP))
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

    def _typed(self, field: QLineEdit, day_us: int) -> int | None:
        text, time_us, words = field.text().strip(), None, tr(TIME_TIP)
        try:
            if text:
                time_us = local_time.parse_on(text, day_us, self._zone)
                words = local_time.date_and_time(time_us, self._zone)
        except ValueError as error:
            words = str(error)
        self._tell(field, words, wrong=bool(text) and time_us is None)
        return time_us

    def _tell(self, field: QLineEdit, words: str, *, wrong: bool) -> None:
        """Mark a time that filters nothing, because it is none."""
        field.setToolTip(words)
        field.setProperty("wrong", wrong)
        field.style().polish(field)
        wrongs = [one.toolTip() for one in (self._from, self._to) if one.property("wrong")]
        self._wrong.setText("\n".join(wrongs))
        self._wrong.setVisible(bool(wrongs))

    # buttons ----------------------------------------------------------------------------------------------------------

    def _look_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self._buttons: list[QPushButton] = []
        looks = (
            ("compare", tr("Compare   C"), self.compare, tr("Probe and candidate side by side")),
            ("why", tr("Why?   W"), self.why, tr("Which pictures, and what in them, carried this match")),
            ("refine", tr("Refine   R"), self.refine, tr("Rank again by what you called the same and different")),
        )
        for icon, words, signal, tip in looks:
            button = self._button(icon, words, "text" if icon != "refine" else theme.current().accent)
            button.setToolTip(tip)
            button.clicked.connect(signal)
            row.addWidget(button, 1)
        return row

    def _decision_row(self) -> QHBoxLayout:
        tokens = theme.current()
        row = QHBoxLayout()
        row.setSpacing(6)
        verbs: tuple[tuple[Verdict, str, str, str], ...] = (
            ("same", tr("Same"), "Y", tokens.good),
            ("different", tr("Different"), "N", tokens.danger),
            ("unsure", tr("Unsure"), "U", tokens.warning),
        )
        for verdict, word, key, colour in verbs:
            button = self._button(verdict, f"{word}   {key}", colour)
            button.clicked.connect(lambda _=False, said=verdict: self.decide(said))
            row.addWidget(button, 1)
        return row

    def _button(self, icon: str, words: str, colour: str) -> QPushButton:
        drawn = theme.icon(icon) if colour == "text" else theme.icon(icon, colour)
        button = QPushButton(drawn, words, self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._buttons.append(button)
        return button


def _shown(choices: Sequence[tuple[str, Value]]) -> list[tuple[str, Value]]:
    return [(tr(words), value) for words, value in choices]
