"""The ranked matches as a lazy list: a hundred thousand cards cost as little as those that are seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PySide6.QtCore import QAbstractListModel, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from app import local_time, theme
from app.arrange import BAND_TIPS, BAND_WORDS, NO_CAMERA, Arrangement, Label, Section, Wish, arranged
from app.item_models.table import Index
from app.keys import SEARCH, key
from app.pictures import PictureStore
from app.words import Later, tr
from reid_engine.types import CameraId, Match, Seen, TrackletId, Verdict

CARD_ROLE = Qt.ItemDataRole.UserRole + 1
CROPS_BYTES = 16 << 20  # some 180 cards at 100 %
BATCH_MS = 30
CROP_SIZE = (116, 196)  # at 100 %

FLAG_WORDS = {
    "same-camera-overlap": Later("seen beside the person: somebody else"),
    "two-places": Later("two places at once"),
    "travel-time": Later("too fast between the cameras"),
}
VERDICT_WORDS: dict[Verdict, str] = {"same": Later("same"), "different": Later("different"), "unsure": Later("unsure")}
DECIDED_FLAGS = frozenset({"confirmed", "rejected"})  # the mark of the decision says the same


def doubts(match: Seen) -> list[str]:
    """Why an answer is doubtful, in words."""
    if not isinstance(match, Match):
        return []
    return [tr(FLAG_WORDS[flag]) if flag in FLAG_WORDS else flag for flag in match.flags if flag not in DECIDED_FLAGS]


CameraLabel = Label


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that one card shows. share: where in the track the picture is, while the pointer scrubs it;
    handed_on: it is in an evidence package."""

    match: Seen
    camera: Label
    verdict: Verdict | None
    picture: QPixmap | None
    share: float | None = None
    handed_on: bool = False


class MatchesModel(QAbstractListModel):
    """Cards in the order of an arrangement. ``wanted`` asks somebody for the crop of a tracklet; ``supply`` answers.

    scrubbing: somebody points at a tracklet whose other crops are not here yet
    """

    wanted = Signal(int)
    scrubbing = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._crops = PictureStore(CROPS_BYTES)
        self._shown = Arrangement()
        self._cameras: Mapping[CameraId, Label] = {}
        self._verdicts: dict[TrackletId, Verdict] = {}
        self._handed_on: Mapping[TrackletId, int] = {}
        self._asked: set[TrackletId] = set()
        self._changed: set[int] = set()
        self._scrubbed: tuple[int, float] = (-1, 0.0)
        self._strip: tuple[TrackletId | None, list[QPixmap]] = (None, [])
        self._batch = QTimer(self)
        self._batch.setSingleShot(True)
        self._batch.setInterval(BATCH_MS)
        self._batch.timeout.connect(self._announce)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The parts of what is shown, with their headings."""
        return self._shown.sections

    @property
    def labels(self) -> Mapping[CameraId, Label]:
        """How the cards name cameras."""
        return self._cameras

    def show(self, matches: Sequence[Seen], verdicts: Mapping[TrackletId, Verdict]) -> None:
        """A new ranking, as it is."""
        self.arrange(arranged(matches, verdicts, self._cameras, Wish(group="none")), verdicts)

    def arrange(self, shown: Arrangement, verdicts: Mapping[TrackletId, Verdict]) -> None:
        """What to show from now on, put in order elsewhere."""
        self.beginResetModel()
        self._shown = shown
        self._verdicts = dict(verdicts)
        self._asked.clear()
        self._changed.clear()
        self._scrubbed = (-1, 0.0)
        self.endResetModel()

    def label(self, cameras: Mapping[CameraId, Label]) -> None:
        """How the cards name cameras from now on."""
        self._cameras = cameras
        if self._shown.matches:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown.matches) - 1))

    def match_of(self, row: int) -> Seen | None:
        """The match of a row, or None."""
        return self._shown.matches[row] if 0 <= row < len(self._shown.matches) else None

    def row_of(self, tracklet: TrackletId) -> int | None:
        """The row of a tracklet, or None."""
        return self._shown.place.get(tracklet)

    def find(self, tracklet: TrackletId) -> Seen | None:
        """The match of a tracklet, or None."""
        row = self.row_of(tracklet)
        return None if row is None else self._shown.matches[row]

    def decide(self, verdicts: Mapping[TrackletId, Verdict]) -> None:
        """Show these decisions, all there are."""
        touched = {
            key for key in verdicts.keys() | self._verdicts.keys() if verdicts.get(key) != self._verdicts.get(key)
        }
        self._verdicts = dict(verdicts)
        for tracklet in touched & self._shown.place.keys():
            self._mark(self._shown.place[tracklet])

    def verdict(self, tracklet: TrackletId) -> Verdict | None:
        """What is decided of a tracklet."""
        return self._verdicts.get(tracklet)

    def hand_on(self, since: Mapping[TrackletId, int]) -> None:
        """These are in evidence packages, since these moments (UTC, microseconds)."""
        changed, self._handed_on = since.items() ^ self._handed_on.items(), since
        for tracklet in {number for number, _ in changed} & self._shown.place.keys():
            self._mark(self._shown.place[tracklet])

    def handed_on(self, tracklet: TrackletId) -> int | None:
        """When it was last put into an evidence package, or None."""
        return self._handed_on.get(tracklet)

    def next_undecided(self, after: int) -> int | None:
        """The first row below ``after`` without a decision; then from the top; None when all are decided."""
        matches, count = self._shown.matches, len(self._shown.matches)
        order = (*range(after + 1, count), *range(min(after + 1, count)))
        return next((row for row in order if matches[row].tracklet not in self._verdicts), None)

    def supply(self, tracklet: TrackletId, picture: QImage) -> None:
        """The crop of a tracklet has come."""
        self._crops.put(_key(tracklet), QPixmap.fromImage(fitted(picture)))
        self._asked.discard(tracklet)
        if tracklet in self._shown.place:
            self._mark(self._shown.place[tracklet])

    def give_up(self, tracklet: TrackletId) -> None:
        """Nobody fetches this crop now; it is asked for again when it is seen again."""
        self._asked.discard(tracklet)

    def scrub(self, row: int, share: float) -> None:
        """The pointer is over a card at this share of its width; -1: over none."""
        before, self._scrubbed = self._scrubbed, (row, share)
        match = self.match_of(row)
        if match is not None and self._strip[0] != match.tracklet:
            self._strip = (match.tracklet, [])
            self.scrubbing.emit(match.tracklet)
        for touched in {before[0], row} - {-1}:
            self._mark(touched)

    def supply_strip(self, tracklet: TrackletId, pictures: Sequence[QImage]) -> None:
        """The crops of the scrubbed tracklet in the order of time."""
        if self._strip[0] == tracklet:
            self._strip = (tracklet, [QPixmap.fromImage(picture) for picture in pictures])
            self._mark(self._scrubbed[0])

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown.matches)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        match = self.match_of(index.row())
        if match is None:
            return None
        if role == CARD_ROLE:
            return self._card(index.row(), match)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            return self._in_words(index.row(), match)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(match)
        return None

    def _card(self, row: int, match: Seen) -> Card:
        picture = self._crops.get(_key(match.tracklet))
        if picture is None and match.tracklet not in self._asked:
            self._asked.add(match.tracklet)
            self.wanted.emit(match.tracklet)
        camera, verdict = self._cameras.get(match.camera, NO_CAMERA), self._verdicts.get(match.tracklet)
        handed_on = match.tracklet in self._handed_on
        strip = self._strip[1] if self._strip[0] == match.tracklet and self._scrubbed[0] == row else []
        if len(strip) > 1:
            share = self._scrubbed[1]
            return Card(match, camera, verdict, strip[int(share * len(strip))], share, handed_on)
        return Card(match, camera, verdict, picture, handed_on=handed_on)

    def _in_words(self, row: int, match: Seen) -> str:
        """What a screen reader says: the part that a card stands in, too, where it is no ranking's."""
        camera = self._cameras.get(match.camera, NO_CAMERA)
        evidence = [tr("in evidence")] if match.tracklet in self._handed_on else []
        if not isinstance(match, Match):
            when = local_time.seen(match.start_us, camera.clock)
            words = tr("track {track}, {camera}, {when}").format(track=match.tracklet, camera=camera.name, when=when)
            parts = (part for part in self.sections if part.first <= row < part.first + part.count)
            return ", ".join([words, *(part.title for part in parts if part.title), *evidence])
        verdict = self._verdicts.get(match.tracklet)
        decided = tr(", decided: {verdict}").format(verdict=tr(VERDICT_WORDS[verdict])) if verdict else ""
        doubt = "".join(f", {words}" for words in doubts(match))
        ranked = f"{match.rank}. {camera.name}, {tr(BAND_WORDS[match.band]).lower()}{doubt}{decided}"
        return ", ".join([ranked, *evidence])

    def _tip(self, match: Seen) -> str:
        camera = self._cameras.get(match.camera, NO_CAMERA)
        lines = [f"<b>{camera.letter}  {escape(camera.name)}</b>"]
        if camera.clock.untimed(match.start_us) is not None:
            lines.append(local_time.seen(match.start_us, camera.clock))
        since = self._handed_on.get(match.tracklet)
        if since is not None:
            lines.append(tr("Handed on as evidence {when}").format(when=local_time.date_and_time(since, camera.zone)))
        if not isinstance(match, Match):
            lines += [
                tr("track {track}").format(track=match.tracklet),
                tr("Click again, or {key}: where else?").format(key=key(SEARCH)),
            ]
            return "<br>".join(lines)
        lines += [tr(BAND_TIPS[match.band]), *doubts(match)]
        lines.append(
            tr("rank {rank}, distance {distance}, track {track}").format(
                rank=match.rank, distance=f"{match.distance:.3f}", track=match.tracklet
            )
        )
        return "<br>".join(lines)

    def _mark(self, row: int) -> None:
        self._changed.add(row)
        if not self._batch.isActive():
            self._batch.start()

    def _announce(self) -> None:
        changed, self._changed = sorted(self._changed), set()
        for row in changed:
            if 0 <= row < len(self._shown.matches):
                self.dataChanged.emit(self.index(row), self.index(row))


def crop_size() -> tuple[int, int]:
    """Width and height of a card's picture; it grows with the text."""
    return theme.px(CROP_SIZE[0]), theme.px(CROP_SIZE[1])


def fitted(picture: QImage) -> QImage:
    """A crop in the size of a card's picture."""
    return picture.scaled(*crop_size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)


def _key(tracklet: TrackletId) -> tuple[TrackletId, int]:
    return tracklet, theme.px(100)
