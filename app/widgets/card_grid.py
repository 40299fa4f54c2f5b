"""A grid of equal cards under headings, lazy: only what is seen is laid out, asked for and painted.

``QListView`` lays out every item before it shows the first and knows no headings; here a hundred thousand cards cost as
much as their sections.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QWidget

from app import theme
from app.arrange import Section
from app.item_models.matches import MatchesModel
from app.item_models.table import Index
from app.words import tr

GAP = 4
FEWEST_COLUMNS = 2
HEADING = 30
LINE = 26


def heading_words(section: Section, metrics: QFontMetrics, room: int) -> str:
    """The title and how many there are, in so many pixels: the title gives way."""
    count = f"   {section.count + section.hidden}"
    title = metrics.elidedText(section.title, Qt.TextElideMode.ElideRight, room - metrics.horizontalAdvance(count))
    return title + count


class CardGrid(QAbstractItemView):
    """Shows a MatchesModel.

    asked: a card was clicked or Enter pressed on it; scrubbed: row and share (0 to 1) under the pointer, -1 when it
    left; walked: a key moved the cursor, or would have; unfolded: the key of a section whose heading was clicked;
    menu_wanted: of a card, at a place of the screen
    """

    asked = Signal(QModelIndex)
    scrubbed = Signal(int, float)
    walked = Signal()
    unfolded = Signal(str)
    menu_wanted = Signal(QModelIndex, QPoint)

    def __init__(self, model: MatchesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tops: list[int] = []
        self._height = 0
        self._columns = 1
        self._model = model
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(tr("Ranked matches"))
        self.setFrameShape(QAbstractItemView.Shape.NoFrame)
        model.modelReset.connect(self._lay_out)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if index.isValid():
            at = self.visualRect(index).center() if by_key else event.pos()
            self.menu_wanted.emit(index, self.viewport().mapToGlobal(at))

    def minimumSizeHint(self) -> QSize:
        """Two cards beside one another, and so much of them that they are seen to be cards."""
        wide, tall = self._cell()
        return QSize(FEWEST_COLUMNS * wide + self.verticalScrollBar().sizeHint().width() + 2, tall // 3)

    # where things are -------------------------------------------------------------------------------------------------

    def _cell(self) -> tuple[int, int]:
        size = self.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex())
        return size.width() + GAP, size.height() + GAP

    def _lay_out(self) -> None:
        wide, tall = self._cell()
        self._columns = max(1, self.viewport().width() // wide)
        top, self._tops = 0, []
        for section in self._sections():
            self._tops.append(top)
            top += self._head(section) + -(-section.count // self._columns) * tall
        self._height = top
        self.updateGeometries()
        self.viewport().update()

    def _sections(self) -> Sequence[Section]:
        return self._model.sections

    def _head(self, section: Section) -> int:
        return (theme.px(HEADING) if section.title else 0) + (theme.px(LINE) if section.line else 0)

    def _section_of(self, row: int) -> int:
        return bisect_right([section.first for section in self._sections() if section.count], row) - 1

    def _place(self, row: int) -> QRect:
        """In the whole, before scrolling."""
        filled = [(top, s) for top, s in zip(self._tops, self._sections(), strict=True) if s.count]
        number = self._section_of(row)
        if not 0 <= number < len(filled):
            return QRect()
        top, section = filled[number]
        wide, tall = self._cell()
        line, column = divmod(row - section.first, self._columns)
        return QRect(column * wide, top + self._head(section) + line * tall, wide, tall)

    def visualRect(self, index: Index) -> QRect:
        return self._place(index.row()).translated(0, -self.verticalOffset()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        y = point.y() + self.verticalOffset()
        number = bisect_right(self._tops, y) - 1
        if number < 0:
            return QModelIndex()
        section, (wide, tall) = self._sections()[number], self._cell()
        column, line = point.x() // wide, (y - self._tops[number] - self._head(section)) // tall
        row = line * self._columns + column
        inside = line >= 0 and 0 <= column < self._columns and row < section.count
        return self._model.index(section.first + row) if inside else QModelIndex()

    def section_of(self, index: Index) -> Section | None:
        """The section in which a card lies."""
        filled = [section for section in self._sections() if section.count]
        return filled[self._section_of(index.row())] if index.isValid() else None

    def heading_at(self, point: QPoint) -> Section | None:
        """The section whose heading is at this place of the viewport."""
        y = point.y() + self.verticalOffset()
        number = bisect_right(self._tops, y) - 1
        if number < 0:
            return None
        section = self._sections()[number]
        return section if y - self._tops[number] < self._head(section) else None

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        place, bar = self._place(index.row()), self.verticalScrollBar()
        room = self.viewport().height()
        if place.isEmpty():
            return
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(place.center().y() - room // 2)
        elif place.top() - theme.px(HEADING) < bar.value():
            bar.setValue(place.top() - theme.px(HEADING))
        elif place.bottom() > bar.value() + room:
            bar.setValue(place.bottom() - room)

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def updateGeometries(self) -> None:
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, self._height - room))
        bar.setPageStep(room)
        bar.setSingleStep(self._cell()[1] // 4)
        super().updateGeometries()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted; only what comes into view is painted anew."""
        self.viewport().scroll(dx, dy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    # moving about -----------------------------------------------------------------------------------------------------

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        self.walked.emit()
        count, here = self._model.rowCount(), max(0, self.currentIndex().row())
        if not count:
            return QModelIndex()
        move = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // self._cell()[1])
        steps = {move.MoveLeft: -1, move.MovePrevious: -1, move.MoveRight: 1, move.MoveNext: 1}
        lines = {move.MoveUp: -1, move.MoveDown: 1, move.MovePageUp: -page, move.MovePageDown: page}
        if action in steps:
            row = here + steps[action]
        elif action in lines:
            row = self._below(here, lines[action])
        else:
            row = 0 if action == move.MoveHome else count - 1
        if here == count - 1 and (steps | lines).get(action, 0) > 0:
            self._show_more()
        return self._model.index(min(max(row, 0), count - 1))

    @property
    def folded(self) -> str | None:
        """The key of the first part that is folded away whole."""
        return next((section.key for section in self._sections() if section.hidden and not section.count), None)

    def _show_more(self) -> None:
        """Whoever goes on from the last card wants to see a part that is folded away whole."""
        if self.folded is not None:
            self.unfolded.emit(self.folded)

    def _below(self, row: int, lines: int) -> int:
        """The card ``lines`` below, or above; past the end of a section the nearest of the next one."""
        place = self._place(row)
        filled = [section for section in self._sections() if section.count]
        section = filled[self._section_of(row)]
        target = row + lines * self._columns
        if section.first <= target < section.first + section.count:
            return target
        column = place.left() // self._cell()[0]
        if lines > 0:
            return min(max(section.first + section.count + column, row + 1), self._model.rowCount() - 1)
        last = section.first - 1
        if last < 0:
            return row
        before = filled[self._section_of(last)]
        start = before.first + (before.count - 1) // self._columns * self._columns
        return min(start + column, last)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        index = self.indexAt(rect.center())
        chosen = QItemSelection(index, index) if index.isValid() else QItemSelection()
        self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for index in selection.indexes():
            region = region.united(QRegion(self.visualRect(index)))
        return region

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.asked.emit(self.currentIndex())
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are the program's keys here, not a search among the cards' words."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        section = self.heading_at(event.position().toPoint())
        if section is not None and section.hidden:
            self.unfolded.emit(section.key)
            return
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.asked.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        index = self.indexAt(point)
        if index.isValid():
            place = self.visualRect(index)
            self.scrubbed.emit(index.row(), min(max((point.x() - place.left()) / max(1, place.width()), 0.0), 0.999))
        else:
            self.scrubbed.emit(-1, 0.0)
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.scrubbed.emit(-1, 0.0)
        super().leaveEvent(event)

    # painting ---------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(theme.current().ground))
        first, last = self.verticalOffset() + event.rect().top(), self.verticalOffset() + event.rect().bottom()
        number = max(0, bisect_right(self._tops, first) - 1)
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        for top, section in zip(self._tops[number:], self._sections()[number:], strict=True):
            if top > last:
                break
            self._paint_section(painter, option, top, section, (first, last))
        painter.end()

    def _paint_section(
        self, painter: QPainter, option: QStyleOptionViewItem, top: int, section: Section, seen: tuple[int, int]
    ) -> None:
        head, (wide, tall) = self._head(section), self._cell()
        if top + head >= seen[0]:
            self._paint_heading(painter, QRect(0, top - self.verticalOffset(), self.viewport().width(), head), section)
        begin = max(0, (seen[0] - top - head) // tall) * self._columns
        end = min(section.count, ((seen[1] - top - head) // tall + 1) * self._columns)
        current = self.currentIndex().row()
        for row in range(begin, end):
            line, column = divmod(row, self._columns)
            y = top + head + line * tall - self.verticalOffset()
            option.rect = QRect(column * wide, y, wide - GAP, tall - GAP)
            option.state = QStyle.StateFlag.State_Enabled
            if section.first + row == current:
                option.state |= QStyle.StateFlag.State_Selected
            self.itemDelegate().paint(painter, option, self._model.index(section.first + row))

    def _paint_heading(self, painter: QPainter, place: QRect, section: Section) -> None:
        painter.save()
        top = place.top()
        if section.line:
            self._paint_line(painter, QRectF(4, top, place.width() - 8, theme.px(LINE)), section.line)
            top += theme.px(LINE)
        if section.title:
            painter.setFont(theme.font(painter, 12, bold=True))
            room = QRectF(6, top, place.width() - 12, theme.px(HEADING))
            more = tr("Show {count}").format(count=section.hidden) if section.hidden else ""
            painter.setPen(QColor(theme.current().accent))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, more)
            metrics = painter.fontMetrics()
            left = round(room.width()) - (metrics.horizontalAdvance(more + "  ") if more else 0)
            painter.setPen(QColor(theme.current().text))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, heading_words(section, metrics, left))
        painter.restore()

    def _paint_line(self, painter: QPainter, room: QRectF, words: str) -> None:
        """The line of the calibration: dashes, with what it means in their middle."""
        painter.setFont(theme.font(painter, 11, bold=False))
        painter.setPen(QPen(QColor(theme.current().warning), 1, Qt.PenStyle.DashLine))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, round(room.width()) - 40)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, shown)
        half = (room.width() - painter.fontMetrics().horizontalAdvance(shown)) / 2 - 10
        y = room.center().y()
        for left in (room.left(), room.right() - half):
            painter.drawLine(QPointF(left, y), QPointF(left + half, y))
