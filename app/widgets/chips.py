"""Filters as chips: a word for each, lit while it filters, with what there is to choose in its menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QIcon, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QLayout, QLayoutItem, QMenu, QToolButton, QWidget

from app.words import tr

MOST = 34  # letters on a chip
Value: TypeAlias = str | int | float | None
Choice: TypeAlias = tuple[str, Value] | tuple[str, Value, str]  # words, value, and a colour beside them


class StayingMenu(QMenu):
    """A menu that stays open while several are ticked."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        action = self.activeAction()
        if action is not None and action.isCheckable() and action.actionGroup() is None:
            action.trigger()
            return
        super().mouseReleaseEvent(event)


class Chip(QToolButton):
    """One filter. ``changed`` when a person chose; ``values``: what is chosen, none for everything."""

    changed = Signal()

    def __init__(self, name: str, *, several: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._several = name, several
        self.setObjectName("chip")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self._menu = StayingMenu(self)
        self.setMenu(self._menu)
        self._group: QActionGroup | None = None
        self._words()

    @property
    def values(self) -> tuple[Value, ...]:
        """What is chosen, in the order of the menu."""
        return tuple(
            action.data() for action in self._menu.actions() if action.isChecked() and action.data() is not None
        )

    def offer(self, choices: Sequence[Choice]) -> None:
        """(words, value) or (words, value, colour) of all there is to choose; what is chosen stays chosen.

        Without ``several`` exactly one is chosen, and the first stands for everything.
        """
        before = set(self.values)
        self._menu.clear()
        self._group = None if self._several else QActionGroup(self)
        for words, value, *colour in choices:
            action = QAction(words, self._menu)
            action.setCheckable(True)
            action.setData(value)
            if colour:
                action.setIcon(swatch(colour[0]))
            action.setChecked(value in before)
            if self._group is not None:
                self._group.addAction(action)
            action.triggered.connect(self._chosen)
            self._menu.addAction(action)
        if self._several:
            self._menu.addSeparator()
            everything = self._menu.addAction(tr("Any"))
            everything.triggered.connect(self.clear)
        elif self._group is not None and self._group.checkedAction() is None and choices:
            self._menu.actions()[0].setChecked(True)
        self._words()

    def choose(self, *values: Value) -> None:
        """Choose these and no others."""
        for action in self._menu.actions():
            action.setChecked(action.isCheckable() and action.data() in values)
        self._chosen()

    def clear(self) -> None:
        """Choose nothing, or what stands for everything."""
        for place, action in enumerate(self._menu.actions()):
            action.setChecked(not self._several and place == 0)
        self._chosen()

    def _chosen(self) -> None:
        self._words()
        self.changed.emit()

    def _words(self) -> None:
        chosen = [action.text().split("   ")[-1] for action in self._menu.actions() if action.isChecked()]
        first = next(iter(self._menu.actions()), None)
        plain = not self.values or (not self._several and first is not None and first.isChecked())
        words = self._name if plain or not chosen else f"{self._name}: {', '.join(chosen)}"
        if len(words) > MOST:
            words = tr("{name}: {count} chosen").format(name=self._name, count=len(chosen))
            words = words if len(chosen) > 1 else shortest(chosen[0])
        self.setText(f"{words} ▾")
        self.setProperty("on", not plain)
        self.style().unpolish(self)
        self.style().polish(self)


def shortest(words: str) -> str:
    """So much of a choice as there is room for."""
    return words if len(words) <= MOST else f"{words[: MOST - 1]}…"


def swatch(colour: str) -> QIcon:
    """A small square of a colour."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    painter.setPen("#808890")
    painter.drawRoundedRect(1, 1, 12, 12, 3, 3)
    painter.end()
    return QIcon(pixmap)


class FlowLayout(QLayout):
    """Beside one another while there is room, then on the next line."""

    def __init__(self, spacing: int = 6) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        sizes = [item.minimumSize() for item in self._items]
        return QSize(max((s.width() for s in sizes), default=0), max((s.height() for s in sizes), default=0))

    def _place(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            size = item.sizeHint()
            if x > rect.x() and x + size.width() > rect.right() + 1:
                x, y, line = rect.x(), y + line + self.spacing(), 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x, line = x + size.width() + self.spacing(), max(line, size.height())
        return y + line - rect.y()
