"""The sheet of keys: every verb with its keys, which a person may bind anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeySequence

from app import theme
from app.actions import Binding
from app.item_models.table import Index, TableModel
from app.keys import BETWEEN
from app.words import Later, tr

WORDS = 0
MENU = 1
KEYS = 2
COLUMNS = (Later("Action"), Later("Menu"), Later("Keys"))


class KeysModel(TableModel[Binding]):
    """Rows in the order of the menus. ``bound``: keys that differ from the program's own; ``refused``: a sentence."""

    bound = Signal(dict)
    refused = Signal(str)

    def __init__(self, bindings: Sequence[Binding], parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, bindings, parent)

    def chosen(self) -> dict[str, str]:
        """The keys that differ from the program's own."""
        return {row.name: row.keys for row in self._rows if row.keys != row.default}

    def reset(self, place: int | None = None) -> None:
        """The program's own keys again, for one row or for all."""
        for number, row in enumerate(self._rows):
            if place in (None, number) and row.keys != row.default:
                self._put(number, row.default)
        self.bound.emit(self.chosen())

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index.row())
        if row is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            shown = readable(row.keys) if role == Qt.ItemDataRole.DisplayRole else row.keys
            return (row.words, row.menu, shown)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == MENU:
            return QColor(theme.current().muted)
        if role == Qt.ItemDataRole.FontRole and row.keys != row.default and index.column() == KEYS:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == KEYS:
            return tr("Double-click or F2, then press the new keys.")
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        found = super().flags(index)
        return found | Qt.ItemFlag.ItemIsEditable if index.isValid() and index.column() == KEYS else found

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row(index.row())
        if row is None or role != Qt.ItemDataRole.EditRole or index.column() != KEYS:
            return False
        wanted = QKeySequence(str(value)).toString(QKeySequence.SequenceFormat.PortableText)
        if wanted == row.keys:
            return True
        other = next((known for known in self._rows if known.name != row.name and wanted in _each(known.keys)), None)
        if wanted and other is not None:
            words = tr("{keys} already means “{words}”: give that other keys first.")
            self.refused.emit(words.format(keys=readable(wanted), words=other.words))
            return False
        self._put(index.row(), wanted)
        self.bound.emit(self.chosen())
        return True

    def _put(self, place: int, keys: str) -> None:
        self._rows[place] = replace(self._rows[place], keys=keys)
        self.dataChanged.emit(self.index(place, KEYS), self.index(place, KEYS))


def _each(keys: str) -> list[str]:
    return [QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText) for key in keys.split(BETWEEN)]


def readable(keys: str) -> str:
    """Keys as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return tr("  or  ").join(QKeySequence(key).toString(native) for key in keys.split(BETWEEN) if key)
