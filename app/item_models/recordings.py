"""The table of recordings: what is in the case and what waits for Start, editable where a person knows better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QColor

from app import local_time, theme
from app.item_models.table import Index, TableModel
from app.words import Later, tr
from reid_engine.clock import CameraClock
from reid_engine.recordings import SourceKind

RowState: TypeAlias = Literal[
    "reading", "ready", "no time", "unreadable", "duplicate", "missing", "waiting", "queued", "running", "paused",
    "dropped", "done", "failed", "erased",
]  # fmt: skip

STATE = 0
FILE = 1
CAMERA = 2
START = 3
ORIGIN = 4
CLOCK = 5
ZONE = 6
LENGTH = 7
SIZE = 8
REMARK = 9
COLUMNS = (
    Later("State"), Later("File"), Later("Camera"), Later("Start"), Later("Time from"), Later("Clock"), Later("Zone"),
    Later("Length"), Later("Size"), Later("Remark"),
)  # fmt: skip
WORDS: dict[RowState, str] = {
    "reading": Later("reading …"), "ready": Later("ready"), "no time": Later("set a time"),
    "unreadable": Later("unreadable"), "duplicate": Later("duplicate"), "missing": Later("missing"),
    "waiting": Later("waiting"),
    "queued": Later("waiting"), "running": Later("analysing"), "paused": Later("paused"),
    "dropped": Later("left out"), "done": Later("done"), "failed": Later("failed"),
    "erased": Later("erased"),
}  # fmt: skip
ORIGINS = {
    "by hand": Later("operator"), "file name": Later("file name"), "container": Later("inside file"),
    "unknown": Later("unknown"),
}  # fmt: skip
RIGHT = CameraClock()
WORDY = (CAMERA, START, ZONE, REMARK)  # cells that may be cut
TIPS = {
    CAMERA: Later("The camera's name. Recordings of one camera get the same name. Double-click or F2 to change it."),
    START: Later("When the first picture was taken, by the camera's clock. Double-click or F2 to correct it."),
    ORIGIN: Later("Where the proposed time comes from: the file's name, a date inside the file, or a person."),
    CLOCK: Later("How far the camera's clock is ahead of the true time. Read it beside the table, or type +37 here."),
    ZONE: Later("The time zone of the camera's clock, for all recordings of the camera."),
}


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording. ``in_case`` rows are shown as they are stored; the others wait for Start.

    clock:  of the row's camera
    writer: whose file names look like this one
    """

    path: Path
    kind: SourceKind
    camera: str
    state: RowState
    start_us: int | None = None
    origin: str = ""
    clock: CameraClock = RIGHT
    duration_us: int | None = None
    bytes: int | None = None
    remark: str = ""
    in_case: bool = False
    writer: str = ""

    @property
    def zone(self) -> str:
        """The zone in which the row's times are shown."""
        return self.clock.zone

    @property
    def startable(self) -> bool:
        """True when Start would analyse it."""
        return (not self.in_case and self.state in ("ready", "no time")) or self.state in ("waiting", "failed")

    @property
    def resting(self) -> RowState:
        """Its state while nothing is done with it and it is not in the case."""
        return "no time" if self.start_us is None else "ready"

    @property
    def span_us(self) -> tuple[int, int] | None:
        """From when to when, in corrected UTC; None while one of them is not known."""
        if self.start_us is None or not self.duration_us or self.state == "duplicate":
            return None
        return self.clock.correct(self.start_us), self.clock.correct(self.start_us + self.duration_us)


class RecordingsModel(TableModel[RecordingRow]):
    """Rows in the order in which they are analysed; those of the case first.

    edited: the row of this file was changed by a person; rezoned and reclocked: (file, text) for its whole camera;
    restarted: (file, microseconds) of a recording that is in the case; renamed: (name, name from now on) of its camera
    refused: a sentence about what was typed, empty once something was typed that can be meant
    """

    edited = Signal(Path)
    rezoned = Signal(Path, str)
    reclocked = Signal(Path, str)
    restarted = Signal(Path, object)
    renamed = Signal(str, str)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent=parent)

    def rows(self) -> Sequence[RecordingRow]:
        """All rows, top to bottom."""
        return tuple(self._rows)

    def of(self, path: Path | None) -> RecordingRow | None:
        """The row of this file, or None."""
        return next((row for row in self._rows if row.path == path), None)

    def show(self, rows: Sequence[RecordingRow]) -> None:
        """Replace everything; nothing happens where nothing differs but what rows say."""
        if [row.path for row in rows] == [row.path for row in self._rows]:
            for row in rows:
                self.put(row)
            return
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

    def change(self, which: Callable[[RecordingRow], bool], **fields: Any) -> None:
        """Set fields of every row that ``which`` is true of."""
        for row in [row for row in self._rows if which(row)]:
            self.put(replace(row, **fields))

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

    def shift(self, place: int, step: int) -> int:
        """Move a row that waits up (-1) or down (+1) among those that wait; where it stands then."""
        other = place + step
        if not (0 <= place < len(self._rows) and 0 <= other < len(self._rows)):
            return place
        if self._rows[place].in_case or self._rows[other].in_case:
            return place
        below = other + 1 if step > 0 else other
        self.beginMoveRows(QModelIndex(), place, place, QModelIndex(), below)
        self._rows.insert(other, self._rows.pop(place))
        self.endMoveRows()
        return other

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole and section in TIPS:
            return tr(TIPS[section])
        return super().headerData(section, orientation, role)

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
        if index.column() in ((CAMERA, START, CLOCK) if row.in_case else (CAMERA, START, CLOCK, ZONE)):
            found |= Qt.ItemFlag.ItemIsEditable
        return found

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row(index.row())
        if row is None or role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        text = str(value).strip()
        refusal = self.refusal(index, text)
        self.refused.emit(refusal)
        if refusal:
            return False
        if index.column() in (CLOCK, ZONE):
            if text != _text(row, index.column()):
                (self.reclocked if index.column() == CLOCK else self.rezoned).emit(row.path, text)
            return True
        changed = _edited(row, index.column(), text, self._day_of(row))
        if row.in_case and changed.camera != row.camera:
            self.renamed.emit(row.camera, changed.camera)
        elif row.in_case and changed is not row:
            self.restarted.emit(row.path, changed.start_us)
        elif changed is not row:
            self.put(changed)
            self.edited.emit(row.path)
        return True

    def refusal(self, index: Index, text: str) -> str:
        """Why this cannot be typed into a cell, as a sentence; empty where it can."""
        row = self.row(index.row())
        if row is None or text.strip() == _text(row, index.column()):
            return ""
        try:
            if index.column() == CLOCK:
                local_time.parse_ahead(text)
            elif index.column() == ZONE:
                ZoneInfo(text.strip())
            elif index.column() in (CAMERA, START):
                changed = _edited(row, index.column(), text.strip(), self._day_of(row))
                if row.in_case and changed.camera in {other.camera for other in self._rows} - {row.camera}:
                    words = tr("Another camera is called “{name}” already: choose a different name.")
                    raise ValueError(words.format(name=changed.camera))
        except (OSError, KeyError, ValueError) as error:
            zone = tr("“{zone}” is no time zone: write one like Europe/Berlin.").format(zone=text)
            return zone if index.column() == ZONE else str(error)
        return ""

    def _day_of(self, row: RecordingRow) -> int | None:
        """The day that a time without one is meant for: the row's own, or else that of another row."""
        dated = (other.start_us for other in (row, *self._rows) if other.start_us is not None)
        return next(dated, None)


def _edited(row: RecordingRow, column: int, text: str, day_us: int | None) -> RecordingRow:
    if column == CAMERA:
        if not text or not text.isprintable() or "=" in text:
            raise ValueError(tr("A camera needs a name of printable characters, without =."))
        return replace(row, camera=text)
    if text == _text(row, START):
        return row
    state: RowState = "ready" if row.state == "no time" else row.state
    if day_us is None and not local_time.has_day(text):
        raise ValueError(tr("“{text}” names no day: write it as 2026-11-03 14:03:22").format(text=text))
    return replace(row, start_us=local_time.parse_on(text, day_us or 0, row.zone), origin="by hand", state=state)


def _text(row: RecordingRow, column: int) -> str:
    start = tr("unknown") if row.start_us is None else local_time.date_and_time(row.start_us, row.zone)
    origin = tr(ORIGINS[row.origin]) if row.origin in ORIGINS else row.origin
    return (
        tr(WORDS[row.state]), row.path.name, row.camera, start, origin, local_time.ahead(row.clock.offset_us),
        row.zone, local_time.length(row.duration_us), local_time.size(row.bytes), row.remark,
    )[column]  # fmt: skip


def _colour(row: RecordingRow, column: int) -> QColor | None:
    tokens = theme.current()
    if column in (STATE, REMARK) and row.state in ("unreadable", "failed", "missing"):
        return QColor(tokens.danger)
    if (column == REMARK and row.in_case) or (column == STATE and row.state in ("no time", "duplicate")):
        return QColor(tokens.warning)
    if column in (START, ORIGIN) and "unknown" in (row.origin, "" if row.start_us is not None else "unknown"):
        return QColor(tokens.warning if row.state != "reading" else tokens.muted)
    if column == STATE:
        return QColor(
            {"done": tokens.good, "running": tokens.accent, "ready": tokens.text}.get(row.state, tokens.muted)
        )
    if column == CLOCK and row.clock.offset_us:
        return QColor(tokens.text)
    return QColor(tokens.muted) if column in (ORIGIN, REMARK, CLOCK, ZONE, LENGTH, SIZE) else None


def _tip(row: RecordingRow, column: int) -> str | None:
    """The whole of what a narrow cell cuts, and what it means."""
    if column == FILE:
        return str(row.path)
    whole = [_text(row, column)] if column in WORDY else []
    return "\n".join([*whole, *([tr(TIPS[column])] if column in TIPS else [])])


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (CLOCK, LENGTH, SIZE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
