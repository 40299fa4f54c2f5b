"""Sightings to choose among, each with its picture and a box to tick: all are ticked until somebody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app import theme
from app.words import tr
from reid_engine.types import TrackletId

PICTURE = (28, 56)  # width and height at 100 %
ROWS = 3  # so many are seen at once; the others are scrolled to


@dataclass(frozen=True, slots=True)
class Offered:
    """A confirmed sighting. words: camera, time, length; handed_on: it is in an evidence package already."""

    tracklet: TrackletId
    words: str
    handed_on: bool = False


class SightingList(QListWidget):
    """Space ticks the one under the cursor; ``chosen`` holds the ticked ones. ticked: that has changed."""

    ticked = Signal()

    def __init__(self, offered: Sequence[Offered], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Sightings"))
        self.setIconSize(QSize(*(theme.px(side) for side in PICTURE)))
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self._offered = tuple(offered)
        empty = QPixmap(self.iconSize())
        empty.fill(Qt.GlobalColor.transparent)  # the words stay where they are when the pictures come
        for one in self._offered:
            words = tr("{sighting}, handed on before").format(sighting=one.words) if one.handed_on else one.words
            item = QListWidgetItem(QIcon(empty), words, self)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.setCurrentRow(0)
        self.setFixedHeight(min(ROWS, max(1, self.count())) * (self.iconSize().height() + theme.px(16)) + theme.px(12))
        self.itemChanged.connect(lambda _: self.ticked.emit())

    @property
    def chosen(self) -> tuple[TrackletId, ...]:
        """The ticked ones, in the order of time."""
        on = Qt.CheckState.Checked
        return tuple(one.tracklet for row, one in enumerate(self._offered) if self.item(row).checkState() is on)

    def tick_all(self, *, on: bool) -> None:
        """Tick all of them, or none."""
        self.blockSignals(True)
        for row in range(self.count()):
            self.item(row).setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.blockSignals(False)
        self.viewport().update()
        self.ticked.emit()

    def supply(self, pictures: Mapping[TrackletId, QImage]) -> None:
        """Their best crops, which come after the list is shown."""
        size, keep = self.iconSize(), Qt.AspectRatioMode.KeepAspectRatio
        self.blockSignals(True)  # a picture is no tick
        for row, one in enumerate(self._offered):
            if one.tracklet in pictures:
                small = pictures[one.tracklet].scaled(size, keep, Qt.TransformationMode.SmoothTransformation)
                icon, seen = QIcon(), QPixmap.fromImage(small)
                for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # else Qt dyes it where the cursor is
                    icon.addPixmap(seen, mode)
                self.item(row).setIcon(icon)
        self.blockSignals(False)
        self.viewport().update()
