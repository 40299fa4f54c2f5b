"""What a list of people is filtered by, and how it is sorted and grouped: chips and times in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app import local_time, theme
from app.arrange import Group, Sort, Wish
from app.desk import Query
from app.place import Filters
from app.widgets.chips import Chip, Choice, FlowLayout, Value
from app.widgets.dressed import paragraph
from app.words import Later, tr
from reid_engine.store import TrackletFilter
from reid_engine.types import CameraId

ALL = Later("All cameras, also this one")
# how a colour of clothes is shown in a menu
SWATCHES = {
    Later("black"): "#1b1b1d", Later("grey"): "#8b8d91", Later("white"): "#f4f4f2", Later("red"): "#c8322c",
    Later("orange"): "#e98022", Later("brown"): "#74492a", Later("yellow"): "#e9d32f", Later("green"): "#3f9a44",
    Later("blue"): "#2f62c4", Later("purple"): "#7a3f9d", Later("pink"): "#e58ab4",
    Later("beige"): "#cdb594",
}  # fmt: skip
TIME_TIP = Later("A time of the day that is shown, or a date and a time, in the cameras' zone")
QUALITIES = ((Later("any"), None), (Later("fair, 0.3 and more"), 0.3), (Later("good, 0.5 and more"), 0.5))
DOUBTS = ((Later("shown"), None), (Later("hidden"), "plausible"))


@dataclass(frozen=True, slots=True)
class Looks:
    """What a row offers; the first of each is what it begins with. doubts: whether there are any to hide."""

    sorts: tuple[tuple[str, Sort], ...]
    groups: tuple[tuple[str, Group], ...]
    doubts: bool


RANKING = Looks(
    ((Later("likeness"), "rank"), (Later("earliest first"), "earliest"), (Later("latest first"), "latest")),
    (
        (Later("by band"), "band"), (Later("by camera"), "camera"), (Later("by hour"), "hour"),
        (Later("not at all"), "none"),
    ),
    doubts=True,
)  # fmt: skip
EVERYBODY = Looks(
    (
        (Later("earliest first"), "earliest"), (Later("latest first"), "latest"),
        (Later("longest in view first"), "longest"),
    ),
    (
        (Later("not at all"), "none"), (Later("by likely person"), "person"), (Later("by camera"), "camera"),
        (Later("by hour"), "hour"),
    ),
    doubts=False,
)  # fmt: skip


class TimeField(QLineEdit):
    """A time; Enter in it is its own, and no search for whoever is selected."""

    def event(self, event: QEvent) -> bool:
        mine = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if mine and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


class FilterRow(QWidget):
    """filtered: others pass now; wished: the same are to be shown in another way."""

    filtered = Signal()
    wished = Signal()

    def __init__(self, looks: Looks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looks = looks
        self._zone = "UTC"
        colours: list[Choice] = [(tr(name), str(name), colour) for name, colour in SWATCHES.items()]
        self.cameras = self._chip(tr("Cameras"), [], self.filtered, several=True)
        self.since, self.until = self._time_field(tr("from  14:00")), self._time_field(tr("to  15:30"))
        self.top = self._chip(tr("Top"), colours, self.filtered, several=True)
        self.legs = self._chip(tr("Legs"), colours, self.filtered, several=True)
        self.quality = self._chip(tr("Quality"), _shown(QUALITIES), self.filtered)
        self.doubts = self._chip(tr("Doubts"), _shown(DOUBTS), self.wished)
        self.doubts.setVisible(looks.doubts)
        self.order = self._chip(tr("Sort"), _shown(looks.sorts), self.wished)
        self.parts = self._chip(tr("Group"), _shown(looks.groups), self.wished)
        self.wrong = paragraph("", "warning", self)
        self.wrong.hide()
        chips = FlowLayout()
        for part in (self.cameras, self.since, self.until, self.top, self.legs, self.quality,
                     *((self.doubts,) if looks.doubts else ()), self.order, self.parts):  # fmt: skip
            chips.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(chips)
        layout.addWidget(self.wrong)

    def offer_cameras(self, cameras: Sequence[tuple[CameraId, str, int]], zone: str) -> None:
        """The cameras to filter by: number, name and place in the list."""
        self._zone = zone
        choices: list[Choice] = [(tr(ALL), ALL)] if self._looks is RANKING else []
        choices += [(f"{theme.camera_letter(position)}   {name}", int(camera)) for camera, name, position in cameras]
        self.cameras.offer(choices)

    def filters(self, day_us: int) -> Query:
        """What the chips say; a time without a day is on the day of ``day_us``. What is no time is said below it."""
        cameras = tuple(CameraId(value) for value in self.cameras.values if isinstance(value, int))
        quality = self.quality.values
        where = TrackletFilter(
            cameras=cameras or None,
            from_us=self._typed(self.since, day_us),
            to_us=self._typed(self.until, day_us),
            upper=tuple(str(value) for value in self.top.values),
            lower=tuple(str(value) for value in self.legs.values),
            least_quality=float(quality[0] or 0) if quality else 0.0,
        )
        return Query(where=where, everywhere=ALL in self.cameras.values)

    def wish(self, opened: frozenset[str]) -> Wish:
        """How the list shall be shown. opened: the parts that were unfolded"""
        sorts, groups = self._looks.sorts, self._looks.groups
        sort = next((value for _, value in sorts if value in self.order.values), sorts[0][1])
        group = next((value for _, value in groups if value in self.parts.values), groups[0][1])
        return Wish(sort, group, opened, bool(self.doubts.values))

    def clear(self) -> None:
        """Let everybody pass; said once, not once for every filter."""
        self.blockSignals(True)
        for part in (self.cameras, self.top, self.legs, self.quality, self.since, self.until):
            part.clear()
        self.blockSignals(False)
        for field in (self.since, self.until):
            field.setProperty("last", "")
        self.filtered.emit()

    def setting(self) -> Filters:
        """What it is set to, for another row."""
        return Filters(tuple(chip.values for chip in self._chips()), (self.since.text(), self.until.text()))

    def set_to(self, filters: Filters) -> None:
        """Set it as another was; nobody is told."""
        self.blockSignals(True)
        for chip, values in zip(self._chips(), filters.chips, strict=True):
            if values:
                chip.choose(*values)
        for field, text in zip((self.since, self.until), filters.times, strict=True):
            field.setText(text)
            field.setProperty("last", text)
        self.blockSignals(False)

    def _chips(self) -> tuple[Chip, ...]:
        return self.cameras, self.top, self.legs, self.quality, self.doubts, self.order, self.parts

    def _chip(self, name: str, choices: Sequence[Choice], changed: object, *, several: bool = False) -> Chip:
        chip = Chip(name, several=several, parent=self)
        chip.offer(choices)
        chip.changed.connect(changed)
        return chip

    def _time_field(self, hint: str) -> QLineEdit:
        field = TimeField(self)
        field.setPlaceholderText(hint)
        field.setClearButtonEnabled(True)
        field.setFixedWidth(theme.px(112))
        field.setToolTip(tr(TIME_TIP))
        field.setAccessibleName(hint.split()[0])
        field.editingFinished.connect(self._times_edited)
        field.textChanged.connect(lambda text: self.filtered.emit() if not text else None)
        field.setProperty("last", "")
        return field

    def _times_edited(self) -> None:
        changed = False
        for field in (self.since, self.until):
            changed = changed or field.property("last") != field.text()
            field.setProperty("last", field.text())
        if changed:
            self.filtered.emit()

    def _typed(self, field: QLineEdit, day_us: int) -> int | None:
        text, time_us, words = field.text().strip(), None, tr(TIME_TIP)
        try:
            if text:
                time_us = local_time.parse_on(text, day_us, self._zone)
                words = local_time.date_and_time(time_us, self._zone)
        except ValueError as error:
            words = str(error)
        self._tell(field, words, wrong=bool(text) and time_us is None)
        return time_us

    def _tell(self, field: QLineEdit, words: str, *, wrong: bool) -> None:
        """Mark a time that filters nothing, because it is none."""
        field.setToolTip(words)
        field.setProperty("wrong", wrong)
        field.style().polish(field)
        wrongs = [one.toolTip() for one in (self.since, self.until) if one.property("wrong")]
        self.wrong.setText("\n".join(wrongs))
        self.wrong.setVisible(bool(wrongs))


def _shown(choices: Sequence[tuple[str, Value]]) -> list[Choice]:
    return [(tr(words), value) for words, value in choices]
