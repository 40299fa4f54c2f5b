"""What the window's tables have in common: rows of one kind under fixed headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.words import tr

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")


class TableModel(QAbstractTableModel, Generic[Row]):
    """``headings``: of the columns, translated when they are shown."""

    def __init__(self, headings: Sequence[str], rows: Sequence[Row] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._headings = headings
        self._rows = list(rows)

    def row(self, place: int) -> Row | None:
        """The row at this place, or None."""
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        named = orientation == Qt.Orientation.Horizontal and 0 <= section < len(self._headings)
        return tr(self._headings[section]) if named and role == Qt.ItemDataRole.DisplayRole else None
