"""The table of recordings: what is in the case and what waits for Start, editable where a person knows better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from app import local_time, theme
from reid_engine.recordings import SourceKind

Index: TypeAlias = QModelIndex | QPersistentModelIndex
RowState: TypeAlias = Literal["reading", "ready", "no time", "unreadable", "waiting", "running", "done", "failed"]

COLUMNS = ("State", "File", "Camera", "Start", "Time from", "Length", "Size", "Remark")
STATE = 0
FILE = 1
CAMERA = 2
START = 3
ORIGIN = 4
LENGTH = 5
SIZE = 6
REMARK = 7
WORDS: dict[RowState, str] = {
    "reading": "reading …", "ready": "ready", "no time": "set a time", "unreadable": "unreadable",
    "waiting": "waiting", "running": "analysing", "done": "done", "failed": "failed",
}  # fmt: skip
TIPS = {
    CAMERA: "The camera's name. Recordings of one camera get the same name. Double-click or F2 to change it.",
    START: "When the first picture was taken, by the camera's clock. Double-click or F2 to correct it.",
    ORIGIN: "Where the proposed time comes from: the file's name, a date inside the file, or a person.",
}


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording. ``in_case`` rows are shown as they are stored; the others wait for Start."""

    path: Path
    kind: SourceKind
    camera: str
    state: RowState
    start_us: int | None = None
    origin: str = ""
    zone: str = "UTC"
    duration_us: int | None = None
    bytes: int | None = None
    remark: str = ""
    in_case: bool = False

    @property
    def startable(self) -> bool:
        """True when Start would analyse it."""
        return (not self.in_case and self.state in ("ready", "no time")) or self.state in ("waiting", "failed")


class RecordingsModel(QAbstractTableModel):
    """Rows in the order they came; those of the case first."""

    edited = Signal()
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[RecordingRow] = []

    def rows(self) -> Sequence[RecordingRow]:
        """All rows, top to bottom."""
        return tuple(self._rows)

    def row(self, number: int) -> RecordingRow | None:
        """The row at this place, or None."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def show(self, rows: Sequence[RecordingRow]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def put(self, row: RecordingRow) -> None:
        """Change the row of the same file, or add it at the end."""
        place = self.place(row.path)
        if place is None:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows))
            self._rows.append(row)
            self.endInsertRows()
        elif self._rows[place] != row:
            self._rows[place] = row
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))

    def place(self, path: Path) -> int | None:
        """Where a file stands in the table."""
        return next((place for place, row in enumerate(self._rows) if row.path == path), None)

    def take_out(self, places: Sequence[int]) -> None:
        """Drop rows that wait; what is in the case stays."""
        for place in sorted(places, reverse=True):
            if not self._rows[place].in_case:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self._rows[place]
                self.endRemoveRows()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return TIPS.get(section) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index.row())
        if row is None:
            return None
        column = index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return _text(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return _tip(row, column) if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        row = self.row(index.row()) if index.isValid() else None
        if row is None:
            return Qt.ItemFlag.NoItemFlags
        found = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if not row.in_case and index.column() in (CAMERA, START):
            found |= Qt.ItemFlag.ItemIsEditable
        return found

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row(index.row())
        if row is None or role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        try:
            changed = _edited(row, index.column(), str(value).strip())
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        self.put(changed)
        self.edited.emit()
        return True


def _edited(row: RecordingRow, column: int, text: str) -> RecordingRow:
    if column == CAMERA:
        if not text or not text.isprintable() or "=" in text:
            raise ValueError("A camera needs a name of printable characters, without =.")
        return replace(row, camera=text)
    if text == _text(row, START):
        return row
    state: RowState = "ready" if row.state == "no time" else row.state
    return replace(row, start_us=local_time.parse(text, row.zone), origin="by hand", state=state)


def _text(row: RecordingRow, column: int) -> str:
    start = "unknown" if row.start_us is None else local_time.date_and_time(row.start_us, row.zone)
    return (
        WORDS[row.state], row.path.name, row.camera, start, row.origin, local_time.length(row.duration_us),
        local_time.size(row.bytes), row.remark,
    )[column]  # fmt: skip


def _colour(row: RecordingRow, column: int) -> QColor | None:
    tokens = theme.current()
    if column in (STATE, REMARK) and row.state in ("unreadable", "failed"):
        return QColor(tokens.danger)
    if row.state == "no time" and column == STATE:
        return QColor(tokens.warning)
    if "unknown" in (_text(row, START), row.origin) and column in (START, ORIGIN):
        return QColor(tokens.warning)
    if column == STATE:
        return QColor(
            {"done": tokens.good, "running": tokens.accent, "ready": tokens.text}.get(row.state, tokens.muted)
        )
    return QColor(tokens.muted) if column in (ORIGIN, REMARK) else None


def _tip(row: RecordingRow, column: int) -> str | None:
    return str(row.path) if column == FILE else row.remark if column == REMARK else TIPS.get(column)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (LENGTH, SIZE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
