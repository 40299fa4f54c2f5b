"""Two tracks side by side, moving together: the same share of either, the same zoom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app import theme
from app.decisions import decisions
from app.hits import Fit
from app.words import tr

STEPS = 200
MOST_ZOOM = 8.0


@dataclass(frozen=True, slots=True)
class Side:
    """One track: what it is called, what is said below it, its crops in the order of time."""

    heading: str
    words: str
    pictures: Sequence[QImage]


class CropView(QWidget):
    """One crop, as large as there is room. zoomed: a factor and a place (shares of the picture)."""

    zoomed = Signal(float, QPointF)
    dragged = Signal(QPointF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(theme.px(200), theme.px(320))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture = QImage()
        self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)
        self._held: QPointF | None = None

    def show_picture(self, picture: QImage, zoom: float, middle: QPointF) -> None:
        """This crop, so near, round this place (shares of the picture)."""
        self._picture, self._zoom, self._middle = picture, zoom, middle
        self.update()

    def _fit(self) -> Fit:
        size, room = (self._picture.width(), self._picture.height()), (self.width(), self.height())
        whole = Fit.inside(size, room)
        middle = (self._middle.x() * size[0], self._middle.y() * size[1])
        return whole.zoomed(self._zoom, middle, size, room)

    def _share(self, point: QPointF) -> QPointF:
        x, y = self._fit().to_source(point.x(), point.y())
        return QPointF(x / max(1, self._picture.width()), y / max(1, self._picture.height()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoomed.emit(1.25 ** (event.angleDelta().y() / 120), self._share(event.position()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._held = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            moved = self._share(self._held) - self._share(event.position())
            self._held = event.position()
            self.dragged.emit(moved)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().video))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self._picture.isNull():
            fit = self._fit()
            size = (self._picture.width() * fit.scale, self._picture.height() * fit.scale)
            painter.drawImage(QRectF(fit.left, fit.top, *size), self._picture)
        painter.end()


class CompareDialog(QDialog):
    """decided: same, different or unsure was pressed."""

    decided = Signal(str)

    def __init__(self, title: str, sides: tuple[Side, Side], *, decide: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(theme.room(self, 820, 680))
        self._sides = sides
        self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)
        self.views = [CropView(self) for _ in sides]
        row = QHBoxLayout()
        row.setSpacing(10)
        for side, view in zip(sides, self.views, strict=True):
            view.zoomed.connect(self._on_zoom)
            view.dragged.connect(self._on_drag)
            row.addLayout(self._column(side, view), 1)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName(tr("Moment of both tracks"))
        self.slider.setToolTip(tr("Both tracks, from their beginning to their end"))
        self.slider.valueChanged.connect(lambda _: self._show())
        layout = QVBoxLayout(self)
        layout.addLayout(row, 1)
        layout.addWidget(self.slider)
        layout.addLayout(self._buttons(decide=decide))
        self._show()

    def _column(self, side: Side, view: CropView) -> QVBoxLayout:
        heading, words = QLabel(side.heading, self), QLabel(side.words, self)
        heading.setObjectName("heading")
        words.setObjectName("muted")
        for label in (heading, words):  # both sides are equally wide, whatever they are called
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            label.setToolTip(label.text())
        column = QVBoxLayout()
        column.addWidget(heading)
        column.addWidget(view, 1)
        column.addWidget(words)
        return column

    def _buttons(self, *, decide: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        for verdict, word, pressed, colour in decisions() if decide else ():
            button = QPushButton(theme.icon(verdict, colour), f"{word}   {pressed}".rstrip(), self)
            button.setShortcut(pressed)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, said=verdict: self._decide(said))
            row.addWidget(button)
        row.addStretch(1)
        closing = QPushButton(tr("Close"), self)
        closing.clicked.connect(self.reject)
        row.addWidget(closing)
        return row

    def _decide(self, verdict: str) -> None:
        self.decided.emit(verdict)
        self.accept()

    def _on_zoom(self, factor: float, place: QPointF) -> None:
        self._zoom = min(max(self._zoom * factor, 1.0), MOST_ZOOM)
        self._middle = place if factor > 1 else self._middle
        self._show()

    def _on_drag(self, moved: QPointF) -> None:
        self._middle += moved
        self._show()

    def _show(self) -> None:
        share = self.slider.value() / STEPS
        for side, view in zip(self._sides, self.views, strict=True):
            if side.pictures:
                picture = side.pictures[round(share * (len(side.pictures) - 1))]
                view.show_picture(picture, self._zoom, self._middle)
