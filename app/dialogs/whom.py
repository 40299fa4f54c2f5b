"""Whom to look for in a picture of several people: one of those who were found, or a box drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from app import theme
from app.hits import Fit, dragged_box, hit
from app.words import tr
from reid_engine.types import Boxes, as_boxes

DRAG_PX = 4.0
LARGEST = (900, 560)  # a picture in the dialog, at first
CHOSEN = "#ffd24a"
OTHERS = "#ffffff"
SHADE = QColor(0, 0, 0, 130)

Box: TypeAlias = tuple[float, float, float, float]


class PeopleView(QWidget):
    """A picture with boxes, one of them chosen. chosen: another is; asked: search for it (the second click)"""

    chosen = Signal()
    asked = Signal()

    def __init__(self, picture: QImage, people: Boxes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(theme.px(320), theme.px(220))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("People in the picture"))
        self._picture, self._people = picture, people
        self.box: Box | None = None  # pixels of the picture
        self._press: QPointF | None = None
        self._drag: QPointF | None = None

    def choose(self, number: int) -> None:
        """One of those who were found, counted from 0; after the last the first."""
        if len(self._people):
            self._take(self._people[number % len(self._people)].tolist())

    def _take(self, box: Sequence[float]) -> None:
        left, top, right, bottom = (float(side) for side in box)
        self.box = left, top, right, bottom
        self.update()
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        at = [number for number, box in enumerate(self._people.tolist()) if tuple(box) == self.box]
        self.choose(at[0] + step if at else min(step, 0))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press, self._drag = event.position(), None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        if self._press is not None and (self._drag or (here - self._press).manhattanLength() > DRAG_PX):
            self._drag = here
            self.update()
        elif self._press is None:
            over = self._at(here) is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.CrossCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, drag = self._press, self._drag
        self._press = self._drag = None
        self.update()
        if press is None:
            return
        if drag is not None:
            fit, size = self._fit(), (self._picture.width(), self._picture.height())
            drawn = dragged_box(fit.to_source(press.x(), press.y()), fit.to_source(drag.x(), drag.y()), size)
            if drawn is not None:
                self._take(drawn)
            return
        found = self._at(press)
        if found is not None and tuple(self._people[found].tolist()) == self.box:
            self.asked.emit()
        elif found is not None:
            self.choose(found)

    def _fit(self) -> Fit:
        return Fit.inside((self._picture.width(), self._picture.height()), (self.width(), self.height()))

    def _at(self, point: QPointF) -> int | None:
        return hit(self._people, *self._fit().to_source(point.x(), point.y()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, fit = QPainter(self), self._fit()
        painter.fillRect(self.rect(), QColor(theme.current().video))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = (self._picture.width() * fit.scale, self._picture.height() * fit.scale)
        painter.drawImage(QRectF(fit.left, fit.top, *size), self._picture)
        chosen = as_boxes([] if self.box is None else [self.box])
        for colour, width, boxes in ((OTHERS, 1.4, self._people), (CHOSEN, 2.6, chosen)):
            for x1, y1, x2, y2 in fit.to_screen(boxes).tolist():
                for pen in (QPen(SHADE, width + 1.4), QPen(QColor(colour), width)):
                    painter.setPen(pen)
                    painter.drawRect(QRectF(x1, y1, x2 - x1, y2 - y1))
        if self._press is not None and self._drag is not None:
            painter.setPen(QPen(QColor(CHOSEN), 1.6, Qt.PenStyle.DashLine))
            painter.drawRect(QRectF(self._press, self._drag).normalized())
        painter.end()


class WhomDialog(QDialog):
    """``box`` is whom to search for, pixels of the picture; None for all of it."""

    def __init__(self, name: str, picture: QImage, people: Boxes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Whom do you look for?"))
        self.box: Box | None = None
        one = tr("One person was found in {name}. Is it whom you look for? If not, draw a box round them.")
        many = tr("{count} people were found in {name}. Click whom you look for, or draw a box round them.")
        words = QLabel((one if len(people) == 1 else many).format(count=len(people), name=name), self)
        words.setWordWrap(True)
        self.view = PeopleView(picture, people, self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._whole = buttons.addButton(tr("Search all of it"), QDialogButtonBox.ButtonRole.ActionRole)
        self._whole.setToolTip(tr("The whole picture counts as one person"))
        self._whole.setAutoDefault(False)
        self._whole.clicked.connect(self.accept)
        self._search = buttons.addButton(tr("Search for this person"), QDialogButtonBox.ButtonRole.ApplyRole)
        self._search.setDefault(True)
        theme.primary(self._search)
        self._search.setEnabled(False)
        self._search.clicked.connect(self._accept_person)
        self.view.chosen.connect(lambda: self._search.setEnabled(True))
        self.view.asked.connect(self._accept_person)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        shape = picture.size().scaled(*LARGEST, Qt.AspectRatioMode.KeepAspectRatio)
        self.resize(theme.room(self, shape.width() + 40, shape.height() + 120))
        if len(people) == 1:
            self.view.choose(0)
        self.view.setFocus()

    def _accept_person(self) -> None:
        self.box = self.view.box
        self.accept()
