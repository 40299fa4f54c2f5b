"""Why a match was found: the pictures that carried it, the strongest first, and the places in them that counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.images import heat_image
from app.widgets.dressed import paragraph, scrolled
from app.words import Later, tr

TALL = 170
OWN = Later("The model's own account.")
METHODS = MappingProxyType({
    "carried": Later("It glows where a place brings more than others to the track's vector."),
    "attention": Later("It glows where the model's attention is strong."),
    "correlation": Later("It glows where the model found what its pictures have in common."),
    "update_gate": Later("It glows where the model took something new from the picture."),
    "": Later("This model keeps no map of places."),
    "occlusion": Later("This network cannot be asked what it looks at, so places of the nearest pictures were covered "
                       "one by one: it glows where that moves the picture farthest away from the other person."),
})  # fmt: skip
SHARES = Later("Weight is a picture's part in the track's vector; all of a track's pictures add up to one.")
NEARNESS = Later("The nearer a picture, the more it carried the match.")
CAUTION = Later("This says what the network saw, not who it is.")


@dataclass(frozen=True, slots=True)
class Ground:
    """One picture: the crop, when it was taken, how near (cosine distance), how good, its weight and map, if known."""

    picture: QImage
    when: str
    distance: float
    quality: float
    share: float | None = None
    heat: NDArray[np.float32] | None = None

    @property
    def words(self) -> str:
        """Below the picture."""
        weight = [] if self.share is None else [tr("weight {share}").format(share=f"{self.share:.2f}")]
        distance = tr("distance {distance}").format(distance=f"{self.distance:.3f}")
        return "\n".join([*weight, distance, tr("quality {quality}").format(quality=f"{self.quality:.2f}"), self.when])


@dataclass(frozen=True, slots=True)
class Grounds:
    """One side of a match: whose pictures, how the network was asked, and the pictures, the strongest first."""

    title: str
    method: str
    pictures: Sequence[Ground]


class WhyDialog(QDialog):
    """Shows the sides of a match below one another."""

    def __init__(self, title: str, sides: Sequence[Grounds], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(theme.room(self, 1064, 330 + 290 * (len(sides) - 1)))
        inner = QWidget(self)
        inner.setObjectName("panel")
        rows = QVBoxLayout(inner)
        rows.setSpacing(theme.px(8))
        for side in sides:
            heading = QLabel(side.title, inner)
            heading.setObjectName("heading")
            rows.addWidget(heading)
            rows.addWidget(self._row(side, inner))
        rows.addStretch(1)
        self.explained = paragraph(explanation(sides), "muted", self)
        closing = QPushButton(tr("Close"), self)
        closing.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.explained, 1)
        foot.addWidget(closing)
        layout = QVBoxLayout(self)
        layout.addWidget(scrolled(inner, self), 1)
        layout.addLayout(foot)

    def _row(self, side: Grounds, parent: QWidget) -> QWidget:
        row = QWidget(parent)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.px(14))
        for ground in side.pictures:
            line.addLayout(_column(side.title, ground, row))
        line.addStretch(1)
        return row


def explanation(sides: Sequence[Grounds]) -> str:
    """How to read what is shown."""
    methods = dict.fromkeys(side.method for side in sides)
    told = [tr(METHODS.get(method, METHODS[""])) for method in methods]
    own = "occlusion" not in methods
    return " ".join([*([tr(OWN)] if own else []), *told, tr(SHARES if own else NEARNESS), tr(CAUTION)])


def _column(whose: str, ground: Ground, parent: QWidget) -> QVBoxLayout:
    shown, said = QLabel(parent), QLabel(ground.words, parent)
    shown.setPixmap(glowing(ground.picture, ground.heat))
    shown.setAccessibleName(f"{whose}, {ground.words}".replace("\n", ", "))
    said.setObjectName("muted")
    column = QVBoxLayout()
    column.setSpacing(theme.px(4))
    column.addWidget(shown, 0, Qt.AlignmentFlag.AlignLeft)
    column.addWidget(said, 0, Qt.AlignmentFlag.AlignLeft)
    return column


def glowing(picture: QImage, heat: NDArray[np.float32] | None) -> QPixmap:
    """A crop with the places that counted laid over it."""
    smooth = Qt.TransformationMode.SmoothTransformation
    pixmap = QPixmap.fromImage(picture.scaledToHeight(theme.px(TALL), smooth))
    if heat is not None and not pixmap.isNull():
        painter = QPainter(pixmap)
        painter.fillRect(pixmap.rect(), QColor(0, 0, 0, 70))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(pixmap.rect()), heat_image(heat))
        painter.end()
    return pixmap
