"""The ranked matches as a lazy list: a hundred thousand cards cost as little as those that are seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap, QPixmapCache

from reid_engine.types import BandName, CameraId, Match, TrackletId, Verdict

Index: TypeAlias = QModelIndex | QPersistentModelIndex

CARD_ROLE = Qt.ItemDataRole.UserRole + 1
CACHE_KILOBYTES = 200 * 1024
BATCH_MS = 30
CROP_SIZE = (116, 196)

BAND_WORDS: dict[BandName | None, str] = {
    "strong": "Strong", "possible": "Possible", "weak": "Weak", "none": "Unlikely", None: "Not calibrated",
}  # fmt: skip
BAND_TIPS: dict[BandName | None, str] = {
    "strong": "At most 1 % of strangers come as near as this.",
    "possible": "At most 5 % of strangers come as near as this.",
    "weak": "At most 20 % of strangers come as near as this.",
    "none": "More than 20 % of strangers come as near as this.",
    None: "This network has no calibration: the order means something, the distance alone does not.",
}
FLAG_WORDS = {
    "same-camera-overlap": "same camera, same time: another person",
    "two-places": "two places at once",
    "travel-time": "too fast between the cameras",
}
DECIDED_FLAGS = frozenset({"confirmed", "rejected"})  # the mark of the decision says the same


def doubts(match: Match) -> list[str]:
    """Why an answer is doubtful, in words."""
    return [FLAG_WORDS.get(flag, flag) for flag in match.flags if flag not in DECIDED_FLAGS]


@dataclass(frozen=True, slots=True)
class CameraLabel:
    """How cards name a camera."""

    name: str
    letter: str
    position: int
    zone: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that one card shows."""

    match: Match
    camera: CameraLabel
    verdict: Verdict | None
    picture: QPixmap | None


NO_CAMERA = CameraLabel("?", "?", 0, "UTC")


class MatchesModel(QAbstractListModel):
    """Cards in rank order. ``wanted`` asks somebody for the crop of a tracklet; ``supply`` answers."""

    wanted = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        QPixmapCache.setCacheLimit(CACHE_KILOBYTES)
        self._matches: Sequence[Match] = ()
        self._cameras: Mapping[CameraId, CameraLabel] = {}
        self._verdicts: dict[TrackletId, Verdict] = {}
        self._place: dict[TrackletId, int] = {}
        self._asked: set[TrackletId] = set()
        self._changed: set[int] = set()
        self._batch = QTimer(self)
        self._batch.setSingleShot(True)
        self._batch.setInterval(BATCH_MS)
        self._batch.timeout.connect(self._announce)

    def show(self, matches: Sequence[Match], verdicts: Mapping[TrackletId, Verdict]) -> None:
        """A new ranking."""
        self.beginResetModel()
        self._matches = matches
        self._verdicts = dict(verdicts)
        self._place = {match.tracklet: place for place, match in enumerate(matches)}
        self._asked.clear()
        self._changed.clear()
        self.endResetModel()

    def label(self, cameras: Mapping[CameraId, CameraLabel]) -> None:
        """How the cards name cameras from now on."""
        self._cameras = cameras
        if self._matches:
            self.dataChanged.emit(self.index(0), self.index(len(self._matches) - 1))

    def match_of(self, row: int) -> Match | None:
        """The match of a row, or None."""
        return self._matches[row] if 0 <= row < len(self._matches) else None

    def find(self, tracklet: TrackletId) -> Match | None:
        """The match of a tracklet, or None."""
        place = self._place.get(tracklet)
        return None if place is None else self._matches[place]

    def decide(self, verdicts: Mapping[TrackletId, Verdict]) -> None:
        """Show these decisions, all there are."""
        touched = {
            key for key in verdicts.keys() | self._verdicts.keys() if verdicts.get(key) != self._verdicts.get(key)
        }
        self._verdicts = dict(verdicts)
        for tracklet in touched & self._place.keys():
            self._mark(self._place[tracklet])

    def verdict(self, tracklet: TrackletId) -> Verdict | None:
        """What is decided of a tracklet."""
        return self._verdicts.get(tracklet)

    def next_undecided(self, after: int) -> int | None:
        """The first row below ``after`` without a decision; then from the top; None when all are decided."""
        count = len(self._matches)
        order = [*range(after + 1, count), *range(min(after + 1, count))]
        return next((row for row in order if self._matches[row].tracklet not in self._verdicts), None)

    def supply(self, tracklet: TrackletId, picture: QImage) -> None:
        """The crop of a tracklet has come."""
        scaled = picture.scaled(
            *CROP_SIZE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        QPixmapCache.insert(_key(tracklet), QPixmap.fromImage(scaled))
        self._asked.discard(tracklet)
        if tracklet in self._place:
            self._mark(self._place[tracklet])

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._matches)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        match = self.match_of(index.row())
        if match is None:
            return None
        if role == CARD_ROLE:
            return self._card(match)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            return self._in_words(match)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(match)
        return None

    def _card(self, match: Match) -> Card:
        picture = QPixmap()
        found = QPixmapCache.find(_key(match.tracklet), picture)
        if not found and match.tracklet not in self._asked:
            self._asked.add(match.tracklet)
            self.wanted.emit(match.tracklet)
        camera = self._cameras.get(match.camera, NO_CAMERA)
        return Card(match, camera, self._verdicts.get(match.tracklet), picture if found else None)

    def _in_words(self, match: Match) -> str:
        camera = self._cameras.get(match.camera, NO_CAMERA)
        verdict = self._verdicts.get(match.tracklet)
        decided = f", decided: {verdict}" if verdict else ""
        return f"{match.rank}. {camera.name}, {BAND_WORDS[match.band].lower()}{decided}"

    def _tip(self, match: Match) -> str:
        camera = self._cameras.get(match.camera, NO_CAMERA)
        lines = [f"<b>{camera.letter}  {camera.name}</b>", BAND_TIPS[match.band]]
        lines += doubts(match)
        lines.append(f"rank {match.rank}, distance {match.distance:.3f}, tracklet {match.tracklet}")
        return "<br>".join(lines)

    def _mark(self, row: int) -> None:
        self._changed.add(row)
        if not self._batch.isActive():
            self._batch.start()

    def _announce(self) -> None:
        changed, self._changed = sorted(self._changed), set()
        for row in changed:
            if row < len(self._matches):
                self.dataChanged.emit(self.index(row), self.index(row))


def _key(tracklet: TrackletId) -> str:
    return f"crop {tracklet}"
