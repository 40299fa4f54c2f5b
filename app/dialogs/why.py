"""Why a match was found: its pictures, the nearest first, and the places in them that counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.images import heat_image
from app.words import tr

TALL = 250
EXPLAINED = (
    "The nearer a picture, the more it carried the match. Where it glows, covering that place moves the picture "
    "farthest from the person searched for: the network looked there. It says what the network saw, not who it is."
)


@dataclass(frozen=True, slots=True)
class Ground:
    """One picture: the crop, when it was taken, how near (cosine distance), how good, and a map of places or None."""

    picture: QImage
    when: str
    distance: float
    quality: float
    heat: NDArray[np.float32] | None = None


class WhyDialog(QDialog):
    """Shows grounds, the strongest first."""

    def __init__(self, title: str, grounds: Sequence[Ground], probe: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(theme.px(900), theme.px(460))
        inner = QWidget(self)
        inner.setObjectName("panel")
        grid = QGridLayout(inner)
        grid.setHorizontalSpacing(14)
        self._place(grid, 0, "Searched for", glowing(probe, None), "")
        for column, ground in enumerate(grounds, start=1):
            words = f"distance {ground.distance:.3f}\nquality {ground.quality:.2f}\n{ground.when}"
            heading = "Nearest picture" if column == 1 else f"{column}."
            self._place(grid, column, heading, glowing(ground.picture, ground.heat), words)
        grid.setColumnStretch(len(grounds) + 1, 1)
        grid.setRowStretch(3, 1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        explained = QLabel(EXPLAINED, self)
        explained.setObjectName("muted")
        explained.setWordWrap(True)
        closing = QPushButton(tr("Close"), self)
        closing.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(explained, 1)
        foot.addWidget(closing)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addLayout(foot)

    def _place(self, grid: QGridLayout, column: int, heading: str, picture: QPixmap, words: str) -> None:
        title, shown, said = QLabel(heading, self), QLabel(self), QLabel(words, self)
        title.setObjectName("heading")
        shown.setPixmap(picture)
        shown.setAccessibleName(f"{heading} {words}".replace("\n", ", "))
        said.setObjectName("muted")
        for row, part in enumerate((title, shown, said)):
            grid.addWidget(part, row, column, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)


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
