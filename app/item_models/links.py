"""Pairs of cameras as a table: what somebody said of them, editable, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from app.arrange import NO_CAMERA, Label
from app.item_models.table import Index, TableModel
from app.journeys import seconds
from app.words import Later, tr
from reid_engine.clock import SECOND_US
from reid_engine.journey import Link
from reid_engine.store import CameraPair
from reid_engine.types import CameraId, PairRelation

HEADINGS = (Later("Cameras"), Later("They are"), Later("At least (s)"), Later("At most (s)"),
            Later("Learned from confirmed people"))  # fmt: skip
CAMERAS = 0
RELATION = 1
LEAST = 2
MOST = 3
LEARNED = 4
RELATIONS: dict[str, PairRelation] = {"unknown": "unknown", "apart": "apart", "overlapping": "overlapping"}


class LinksModel(TableModel[Link]):
    """Every pair of cameras. ``changed``: a CameraPair as a person wants it now; ``refused``: why not."""

    changed = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(HEADINGS, parent=parent)
        self._labels: Mapping[CameraId, Label] = {}

    def show(self, links: Sequence[Link], labels: Mapping[CameraId, Label]) -> None:
        """All pairs of these cameras, with what is known of some."""
        known = {(link.pair.first, link.pair.second): link for link in links}
        self.beginResetModel()
        self._labels = labels
        self._rows = [
            known.get((one, other), Link(CameraPair(one, other))) for one, other in combinations(sorted(labels), 2)
        ]
        self.endResetModel()

    def row_of(self, first: int, second: int) -> int | None:
        """The row of a pair."""
        wanted = tuple(sorted((first, second)))
        return next((row for row, link in enumerate(self._rows) if (link.pair.first, link.pair.second) == wanted), None)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() in (RELATION, LEAST, MOST) else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        link = self._rows[index.row()]
        names = [self._labels.get(camera, NO_CAMERA) for camera in (link.pair.first, link.pair.second)]
        cells = {
            CAMERAS: "   –   ".join(f"{label.letter}  {label.name}" for label in names),
            RELATION: link.pair.relation,
            LEAST: _seconds(link.pair.least_travel_us),
            MOST: _seconds(link.pair.most_travel_us),
            LEARNED: learned_words(link),
        }
        return cells[index.column()]

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid() or role != Qt.ItemDataRole.EditRole or index.column() in (CAMERAS, LEARNED):
            return False
        link = self._rows[index.row()]
        try:
            pair = self._edited(link.pair, index.column(), str(value).strip())
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        if pair != link.pair:
            self._rows[index.row()] = Link(pair, link.travel)
            self.dataChanged.emit(index, index)
            self.changed.emit(pair)
        return True

    def _edited(self, pair: CameraPair, column: int, text: str) -> CameraPair:
        """Raises ValueError with a sentence."""
        if column == RELATION:
            if text not in RELATIONS:
                raise ValueError(f"{text!r}: two cameras are {', '.join(RELATIONS)}")
            return replace(pair, relation=RELATIONS[text])
        try:
            length_us = round(float(text or 0) * SECOND_US)
        except (ValueError, OverflowError):
            raise ValueError(f"{text!r} is no number of seconds") from None
        pair = replace(pair, least_travel_us=length_us) if column == LEAST else replace(pair, most_travel_us=length_us)
        if min(pair.least_travel_us, pair.most_travel_us) < 0 or 0 < pair.most_travel_us < pair.least_travel_us:
            raise ValueError("travel times are 0 (not known) or more, and the longest is not below the least")
        return pair


def learned_words(link: Link) -> str:
    """What confirmed people took."""
    travel = link.travel
    if travel is None:
        return tr("nobody confirmed in both yet")
    if travel.count == 1:
        return tr("{length}, one walk").format(length=seconds(travel.median_us))
    lengths = {name: seconds(getattr(travel, f"{name}_us")) for name in ("least", "most", "median")}
    return tr("{least} to {most}, mostly {median}; {count} walks").format(count=travel.count, **lengths)


def _seconds(length_us: int) -> str:
    return f"{length_us / SECOND_US:g}" if length_us else ""
