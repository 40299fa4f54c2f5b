"""The queue of a running job: its recordings in the order in which they are analysed, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor

from app import local_time, theme
from app.item_models.table import Index, TableModel
from app.words import Later, tr

CAMERA = 0
FILE = 1
STAGE = 2
SHARE = 3
DONE = 4
FOUND = 5
COLUMNS = (Later("Camera"), Later("File"), Later("Stage"), Later("Progress"), Later("Done"), Later("Tracks"))
STAGES = {
    "waiting": Later("waiting"), "analysing": Later("analysing"), "done": Later("done"), "failed": Later("failed"),
    "dropped": Later("left out"), "paused": Later("paused"),
}  # fmt: skip
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One recording. ``source``: its number in the case; ``duration_us`` None while nobody knows."""

    source: int
    camera: str
    file: str
    state: str = "waiting"
    done_us: int = 0
    duration_us: int | None = None
    tracks: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> QueueRow:
        """As a progress event tells it."""
        length = told.get("duration_us")
        return cls(
            int(told.get("source", 0)),
            str(told.get("camera", "")),
            str(told.get("file", "")),
            str(told.get("state", "waiting")),
            int(told.get("done_us") or 0),
            None if length is None else int(length),
            int(told.get("tracklets") or 0),
        )

    @property
    def share(self) -> float:
        """0 to 1; negative while nobody knows."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.done_us / self.duration_us) if self.duration_us else -1.0 if self.done_us else 0.0

    @property
    def open(self) -> bool:
        """True while it can still be left out."""
        return self.state in ("waiting", "analysing")


class QueueModel(TableModel[QueueRow]):
    """Rows in the order of the job."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent=parent)
        self._held = False

    def hold(self, held: bool) -> None:
        """Whether the job is paused: what it analyses then stands still."""
        if held != self._held:
            self._held = held
            self._announce(0, len(self._rows) - 1)

    def show(self, rows: Sequence[QueueRow]) -> None:
        """What the job says now; only what differs is announced."""
        if [row.source for row in rows] != [row.source for row in self._rows]:
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
            return
        for place, row in enumerate(rows):
            if row != self._rows[place]:
                self._rows[place] = row
                self._announce(place, place)

    def _announce(self, first: int, last: int) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index.row())
        if row is None:
            return None
        if self._held and row.state == "analysing":
            row = replace(row, state="paused")
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, index.column())
        if role == SHARE_ROLE:
            return row.share
        if role == Qt.ItemDataRole.ForegroundRole and index.column() != CAMERA:
            tokens = theme.current()
            colours = {"done": tokens.good, "failed": tokens.danger, "dropped": tokens.warning,
                       "paused": tokens.warning}  # fmt: skip
            return QColor(colours.get(row.state, tokens.muted) if index.column() == STAGE else tokens.muted)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.camera if index.column() == CAMERA else row.file
        return None


def _text(row: QueueRow, column: int) -> str:
    length = local_time.length(row.duration_us) if row.duration_us else "?"
    done = tr("{done} of {length}").format(done=local_time.length(row.done_us), length=length)
    stage = tr(STAGES[row.state]) if row.state in STAGES else row.state
    return (row.camera, row.file, stage, f"{max(0.0, row.share):.0%}", done, str(row.tracks))[column]
