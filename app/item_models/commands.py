"""What the command palette offers, best fit first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QObject, Qt

from app.item_models.table import Index

KEYS_ROLE = Qt.ItemDataRole.UserRole + 1
PLACE_ROLE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be done now. ``place``: its menu, or what kind of thing it is."""

    words: str
    place: str
    keys: str
    act: Callable[[], object]


def fit(query: str, words: str) -> int | None:
    """How well ``words`` answer ``query``, larger is better; None when letters of the query are missing in them.

    Beginnings of words count most, then letters that stand together.
    """
    query, words = query.casefold().replace(" ", ""), words.casefold()
    score = place = 0
    together = False
    for letter in query:
        found = words.find(letter, place)
        start = words.find(" " + letter, max(0, place - 1))
        if start >= 0 and not (together and found == place):
            found = start + 1
        if found < 0:
            return None
        together = found == place and place > 0
        begins = found == 0 or words[found - 1] in " (“"
        score += 3 * begins + 2 * together
        place = found + 1
    return score * 100 - len(words)


class CommandsModel(QAbstractListModel):
    """Commands that fit what was typed."""

    def __init__(self, commands: Sequence[Command], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all = tuple(commands)
        self._shown = list(self._all)

    def narrow(self, query: str) -> None:
        """Show what fits; everything for an empty query."""
        fits = [(fit(query, f"{command.words} {command.place}"), command) for command in self._all]
        fitting = [(score, command) for score, command in fits if score is not None]
        if query.strip():
            fitting.sort(key=lambda pair: -pair[0])
        self.beginResetModel()
        self._shown = [command for _, command in fitting]
        self.endResetModel()

    def command(self, place: int) -> Command | None:
        """The command at this place, or None."""
        return self._shown[place] if 0 <= place < len(self._shown) else None

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        command = self.command(index.row())
        if command is None:
            return None
        return {
            Qt.ItemDataRole.DisplayRole: command.words,
            Qt.ItemDataRole.AccessibleTextRole: f"{command.words}, {command.place} {command.keys}",
            KEYS_ROLE: command.keys,
            PLACE_ROLE: command.place,
        }.get(Qt.ItemDataRole(role) if role < Qt.ItemDataRole.UserRole else role)
