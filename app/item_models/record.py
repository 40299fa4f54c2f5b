"""The record of a case, newest event first, read page by page as somebody scrolls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from app import local_time, theme
from app.events import about, kind, whole
from app.words import Later, tr
from reid_engine.audit import Event

Index: TypeAlias = QModelIndex | QPersistentModelIndex

NUMBER = 0
WHEN = 1
WHO = 2
WHAT = 3
ABOUT = 4
PURPOSE = 5
COLUMNS = (Later("No."), Later("When"), Later("Operator"), Later("What"), Later("About"), Later("Purpose"))
PAGE = 200


class RecordModel(QAbstractTableModel):
    """Read only. ``wanted``: the number of the event before which a page is asked for, or None; ``supply`` answers."""

    wanted = Signal(object)

    def __init__(self, zone: str, cameras: Mapping[int, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._zone, self._cameras = zone, cameras
        self._events: list[Event] = []
        self._waiting = False
        self._complete = False

    def event_of(self, place: int) -> Event | None:
        """The event at this place, or None."""
        return self._events[place] if 0 <= place < len(self._events) else None

    def whole(self, place: int) -> str:
        """Everything that the event at this place says, or nothing."""
        event = self.event_of(place)
        return "" if event is None else whole(event, self._cameras, self._zone)

    def supply(self, events: Sequence[Event]) -> None:
        """The next page, newest first."""
        self._waiting = False
        self._complete = len(events) < PAGE
        if events:
            first = len(self._events)
            self.beginInsertRows(QModelIndex(), first, first + len(events) - 1)
            self._events += events
            self.endInsertRows()

    def canFetchMore(self, parent: Index) -> bool:
        return not (parent.isValid() or self._waiting or self._complete)

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._waiting = True
            self.wanted.emit(self._events[-1].number if self._events else None)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._events)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        named = orientation == Qt.Orientation.Horizontal and 0 <= section < len(COLUMNS)
        return tr(COLUMNS[section]) if named and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        event = self.event_of(index.row())
        if event is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(event, index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() in (NUMBER, ABOUT, PURPOSE):
            return QColor(theme.current().muted)
        return None

    def _text(self, event: Event, column: int) -> str:
        when = local_time.date_and_time(event.at_us, self._zone)
        purpose = str(event.body.get("purpose", ""))
        return (str(event.number), when, event.operator, kind(event), about(event, self._cameras, self._zone), purpose)[
            column
        ]
