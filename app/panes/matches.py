"""Who was found, or everybody there is: the chips that filter, sort and group, the grid of cards, what to do below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.arrange import Wish
from app.decisions import decisions
from app.desk import Query
from app.dropped import picture_in
from app.item_models.matches import MatchesModel
from app.keys import SEARCH, key
from app.place import Cards
from app.widgets.card_grid import CardGrid
from app.widgets.dressed import paragraph
from app.widgets.filter_row import ALL, EVERYBODY, RANKING, FilterRow
from app.widgets.fitting_button import FittingButton
from app.widgets.match_card import MatchCardDelegate
from app.widgets.pages import Pages
from app.words import Later, tr
from reid_engine.types import CameraId, Seen, Verdict

NOBODY = Later("Pause, point at a person, click.")


class MatchesPane(QWidget):
    """Shows a ranking for somebody, or everybody there is, each with filters of its own.

    chosen: show a tracklet's moment; pointed: the cursor is on another tracklet; searched: look for this one;
    everybody: list them all; decided: what was said of one; filtered, wished: see FilterRow; compare, why: of the
    current one; erase: what a card shows; pictured: a picture of a person was dropped; said: for the status bar;
    again: the same question once more; more: with more of the nearest
    """

    chosen = Signal(int)
    pointed = Signal(int)
    searched = Signal(int)
    everybody = Signal()
    decided = Signal(int, str)
    filtered = Signal()
    wished = Signal()
    refine = Signal()
    compare = Signal()
    why = Signal()
    erase = Signal(int)
    pictured = Signal(Path)
    said = Signal(str)
    again = Signal()
    more = Signal()

    def __init__(self, model: MatchesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = model
        self.setAcceptDrops(True)
        self._opened: frozenset[str] = frozenset()
        self._keep: tuple[Seen | None, int, int] | None = None  # the card, its row and the place to stay at
        self._enter = self._go_on = False
        self._ended: int | None = None  # the last card was decided, and the cursor has not been moved since
        self._rows = {ranks: FilterRow(RANKING if ranks else EVERYBODY, self) for ranks in (False, True)}
        for row in self._rows.values():
            row.filtered.connect(self.filtered)
            row.wished.connect(self.wished)
        self._ranks = False
        self._chosen = -1
        self.cards = self._grid()
        self._line = paragraph("", "muted", self)
        self._back = self._everybody_button(tr("Everybody"))
        self._stack = Pages(self)
        self._blank = self._empty_page()
        self._stack.addWidget(self._blank)
        self._stack.addWidget(self.cards)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        for row in self._rows.values():
            layout.addWidget(row)
        above = QHBoxLayout()
        above.addWidget(self._line, 1)
        above.addWidget(self._back, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(above)
        self.own, self.newer = self._offer(self._search_own), self._offer(self._search_again)
        self.farther = self._offer(self._search_farther)
        for offered in (self.own, self.newer, self.farther):
            layout.addWidget(offered)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._verbs())
        layout.addWidget(self._search_button())
        model.modelReset.connect(self._on_reset)
        self.rank(somebody=False)
        hint = tr("Click once to select the track, again or {key} to search for it.")
        self.say(tr(NOBODY), hint.format(key=key(SEARCH)))
        self.begin.show()

    def _grid(self) -> CardGrid:
        grid = CardGrid(self._model, self)
        grid.setItemDelegate(MatchCardDelegate(grid))
        grid.asked.connect(lambda index: self._choose(index.row()))
        grid.walked.connect(self._walk)
        grid.scrubbed.connect(self._model.scrub)
        grid.menu_wanted.connect(self._show_menu)
        grid.unfolded.connect(self._unfold)
        grid.selectionModel().currentChanged.connect(lambda now, _: self._point(now.row()))
        return grid

    def _show_menu(self, index: QModelIndex, at: QPoint) -> None:
        """What else can be done with a card."""
        match = self._model.match_of(index.row())
        if match is None:
            return
        number = int(match.tracklet)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Search for this person")).triggered.connect(lambda: self.searched.emit(number))
        part = self.cards.section_of(index)
        if part is not None and part.hidden:  # by keyboard, too
            words = tr("Show {count} more of this part").format(count=part.hidden)
            menu.addAction(words).triggered.connect(lambda: self._unfold(part.key))
        menu.addAction(tr("Erase …")).triggered.connect(lambda: self.erase.emit(number))
        menu.popup(at)

    def say(self, sentence: str, hint: str = "", *, filtered: bool = False) -> None:
        """Show a sentence instead of cards, as long as there are none; ``filtered``: offer to clear the filters."""
        self.unfilter.setVisible(filtered)
        self.begin.hide()
        self._empty.setText(f"<p style='font-size:{theme.px(14)}px'>{escape(sentence)}</p><p>{escape(hint)}</p>")
        self._refresh()

    def head(self, sentence: str) -> None:
        """The line above the cards."""
        self._line.setText(sentence)
        self._line.setVisible(bool(sentence))

    def offer(self, own: str, newer: str, more: str) -> None:
        """What there is beyond these cards, each a button while there is some: in the probe's own camera, since, and
        farther."""
        for button, words in ((self.own, own), (self.newer, newer), (self.farther, more)):
            button.setText(words)
            button.setToolTip(words)
            button.setVisible(bool(words))

    @property
    def row(self) -> FilterRow:
        """The filters of what is shown: those of the ranking, or those of everybody."""
        return self._rows[self._ranks]

    @property
    def ranks(self) -> bool:
        """Whether a ranking for somebody is shown, or is about to be, and not everybody."""
        return self._ranks

    def rank(self, *, somebody: bool) -> None:
        """From now on a ranking for somebody is shown, or everybody there is."""
        self._ranks = somebody
        for ranks, row in self._rows.items():
            row.setVisible(ranks == somebody)
        self._decisions.setVisible(somebody)
        self._search.setVisible(not somebody)
        self.cards.setAccessibleName(tr("Ranked matches") if somebody else tr("Everybody"))
        self._refresh()

    def offer_cameras(self, cameras: Sequence[tuple[CameraId, str, int]], zone: str) -> None:
        """The cameras to filter by: number, name and place in the list."""
        for row in self._rows.values():
            row.offer_cameras(cameras, zone)

    def filters(self, day_us: int) -> Query:
        """What the chips say; a time without a day is on the day of ``day_us``."""
        return self.row.filters(day_us)

    def wish(self) -> Wish:
        """How the list shall be shown."""
        return self.row.wish(self._opened)

    def fold(self) -> None:
        """A new list: what folds is folded again."""
        self._opened, self._keep, self._enter, self._go_on = frozenset(), None, False, False

    def enter(self) -> None:
        """The keys go to the next list."""
        self._enter = True

    def stay(self) -> None:
        """The next list is this one, changed: its cursor and place stay."""
        self._keep = self.current(), self.cards.currentIndex().row(), self.cards.verticalScrollBar().value()

    def standing(self) -> Cards:
        """What is shown, and where in it, for another pane."""
        self.stay()
        assert self._keep is not None
        filters = {ranks: row.setting() for ranks, row in self._rows.items()}
        return Cards(self._ranks, filters, self._opened, self._keep, self.cards.hasFocus())

    def stand(self, there: Cards) -> None:
        """Show the next list as another pane showed it, with the cursor where it was."""
        for ranks, row in self._rows.items():
            row.set_to(there.filters[ranks])
        self.rank(somebody=there.ranks)
        self._opened, self._keep, self._enter = there.opened, there.cursor, there.keys

    def current(self) -> Seen | None:
        """Whoever is under the cursor."""
        return self._model.match_of(self.cards.currentIndex().row())

    def decide(self, verdict: Verdict) -> None:
        """Decide the current card and go on to the next undecided one, also of a part that is folded away."""
        match = self.current()
        if match is None or not self._ranks:
            return
        if match.tracklet == self._ended:
            self._end(match)
            return
        row = self.cards.currentIndex().row()
        self.decided.emit(int(match.tracklet), verdict)
        following = self._model.next_undecided(row)
        if following is not None and following > row:
            self.go_to(following)
        elif self.cards.folded is not None:
            self._go_on_folded(self.cards.folded)
        elif following is not None and following != row:
            self.go_to(following)
        elif following is None:
            self._ended = int(match.tracklet)
            self.said.emit(tr("Track {track} is decided: the end of the list.").format(track=match.tracklet))

    def _end(self, match: Seen) -> None:
        """The card was decided and nobody went to it since: it stays so. What is folded away comes next."""
        if self.cards.folded is not None:
            self._go_on_folded(self.cards.folded)
            return
        words = tr("The end of the list: track {track} stays as it is decided. Go to a card to decide it anew.")
        self.said.emit(words.format(track=match.tracklet))

    def _go_on_folded(self, part: str) -> None:
        self._go_on = True
        self._unfold(part)

    def _walk(self) -> None:
        self._ended = None

    def settle(self) -> None:
        """Put the cursor on the first undecided card, without playing it; where a part was unfolded, stay there."""
        keep, enter, go_on = self._keep, self._enter, self._go_on
        self._keep, self._enter, self._go_on = None, False, False
        if not self._model.rowCount():
            return
        if enter and not isinstance(QApplication.focusWidget(), (QLineEdit, QTextEdit)):
            self.cards.setFocus()
        seen, before, place = (None, 0, 0) if keep is None or go_on else keep
        if seen is None:
            row = self._model.next_undecided(-1)
            self.go_to(row or 0)
            first = self.current()
            self._ended = int(first.tracklet) if row is None and first is not None else None
            return
        row = self._model.row_of(seen.tracklet)
        row = min(before, self._model.rowCount() - 1) if row is None else row  # it was split: its first part is there
        self.go_to(row)
        self.cards.verticalScrollBar().setValue(place)
        self.cards.scrollTo(self._model.index(row))

    def go_to(self, row: int) -> None:
        """Put the cursor on a card."""
        self._ended = None
        index = self._model.index(row)
        self.cards.setCurrentIndex(index)
        self.cards.scrollTo(index)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if picture_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = picture_in(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.pictured.emit(path)

    def _choose(self, row: int) -> None:
        """Show the moment; of everybody, whoever is chosen again is searched for, as in the pictures."""
        self._ended = None
        match = self._model.match_of(row)
        if match is None:
            return
        again, self._chosen = self._chosen == match.tracklet, int(match.tracklet)
        (self.searched if again and not self._ranks else self.chosen).emit(self._chosen)

    def _point(self, row: int) -> None:
        self._ended = None
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
        self.unfilter.clicked.connect(lambda: self.row.clear())
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(self._empty)
        layout.addWidget(self.unfilter, 0, Qt.AlignmentFlag.AlignCenter)
        self.begin = self._everybody_button(tr("Show everybody"))
        layout.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        return page

    def _everybody_button(self, words: str) -> QPushButton:
        button = FittingButton(theme.icon("person"), words, key("Everybody"), self)
        button.setToolTip(tr("Everybody who was seen, by place, time and clothes"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self.everybody)
        return button

    def _offer(self, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName("link")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(act)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # a long name widens no pane
        button.hide()
        return button

    def _search_again(self) -> None:
        self.enter()
        self.again.emit()

    def _search_farther(self) -> None:
        self.stay()
        self.enter()
        self.more.emit()

    def _search_own(self) -> None:
        self.enter()
        self.row.cameras.choose(ALL)

    def _unfold(self, key: str) -> None:
        self._opened |= {key}
        self.stay()
        self.wished.emit()

    def _on_reset(self) -> None:
        self._chosen = -1
        self._refresh()

    def _refresh(self) -> None:
        found = self._model.rowCount() > 0 or bool(self._model.sections)
        self._stack.setCurrentWidget(self.cards if found else self._blank)
        for button in self._buttons:
            button.setEnabled(self._model.rowCount() > 0)
        self._line.setVisible(found and bool(self._line.text()))
        self._back.setVisible(self._ranks)

    # buttons ----------------------------------------------------------------------------------------------------------

    def _verbs(self) -> QWidget:
        """What is done with a ranking."""
        self._buttons: list[FittingButton] = []
        self._decisions = QWidget(self)
        layout = QVBoxLayout(self._decisions)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._look_row())
        layout.addLayout(self._decision_row())
        return self._decisions

    def _search_button(self) -> QPushButton:
        """What is done with everybody."""
        self._search = self._button("search", tr("Where else was this person?"), key(SEARCH), theme.current().accent)
        self._search.clicked.connect(self._search_current)
        return self._search

    def _search_current(self) -> None:
        seen = self.current()
        if seen is not None:
            self.searched.emit(int(seen.tracklet))

    def _look_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        looks = (
            ("compare", tr("Compare"), key("Compare side by side"), self.compare),
            ("why", tr("Why?"), key("Why this match"), self.why),
            ("refine", tr("Refine"), key("Refine the ranking"), self.refine),
        )
        tips = (
            tr("Probe and candidate side by side"),
            tr("Which pictures, and what in them, carried this match"),
            tr("Rank again by what you called the same and different"),
        )
        for (icon, words, pressed, signal), tip in zip(looks, tips, strict=True):
            colour = "text" if icon != "refine" else theme.current().accent
            button = self._button(icon, words, pressed, colour, row="looks")
            button.setToolTip(tip)
            button.clicked.connect(signal)
            row.addWidget(button, 1)
        return row

    def _decision_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for verdict, word, pressed, colour in decisions():
            button = self._button(verdict, word, pressed, colour, row="decisions")
            button.clicked.connect(lambda _=False, said=verdict: self.decide(said))
            row.addWidget(button, 1)
        return row

    def _button(self, icon: str, words: str, pressed: str, colour: str, row: str = "") -> QPushButton:
        drawn = theme.icon(icon) if colour == "text" else theme.icon(icon, colour)
        button = FittingButton(drawn, words, pressed, self, row=row)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._buttons.append(button)
        return button
