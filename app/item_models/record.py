"""The record of a case, newest event first, read page by page as somebody scrolls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QColor

from app import local_time, theme
from app.events import about, kind, whole
from app.item_models.table import Index, TableModel
from app.words import Later
from reid_engine.audit import Event
from reid_engine.naming import harmless

NUMBER = 0
WHEN = 1
WHO = 2
WHAT = 3
ABOUT = 4
PURPOSE = 5
COLUMNS = (Later("No."), Later("When"), Later("Operator"), Later("What"), Later("About"), Later("Purpose"))
PAGE = 200


class RecordModel(TableModel[Event]):
    """Read only. ``wanted``: the number of the event before which a page is asked for, or None; ``supply`` answers."""

    wanted = Signal(object)

    def __init__(self, zone: str, cameras: Mapping[int, str], parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent=parent)
        self._zone, self._cameras = zone, cameras
        self._waiting = False
        self._complete = False

    def whole(self, place: int) -> str:
        """Everything that the event at this place says, or nothing."""
        event = self.row(place)
        return "" if event is None else harmless(whole(event, self._cameras, self._zone))

    def supply(self, events: Sequence[Event]) -> None:
        """The next page, newest first."""
        self._waiting = False
        self._complete = len(events) < PAGE
        if events:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(events) - 1)
            self._rows += events
            self.endInsertRows()

    def canFetchMore(self, parent: Index) -> bool:
        return not (parent.isValid() or self._waiting or self._complete)

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._waiting = True
            self.wanted.emit(self._rows[-1].number if self._rows else None)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        event = self.row(index.row())
        if event is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(event, index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() in (NUMBER, ABOUT, PURPOSE):
            return QColor(theme.current().muted)
        return None

    def _text(self, event: Event, column: int) -> str:
        when = local_time.date_and_time(event.at_us, self._zone)
        purpose, told = str(event.body.get("purpose", "")), about(event, self._cameras, self._zone)
        return harmless((str(event.number), when, event.operator, kind(event), told, purpose)[column])
