"""The time line under the pictures: which camera has footage when, and where we are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import local_time, theme
from app.theme import px
from app.widgets import axis
from app.widgets.still import Still
from app.words import tr
from reid_engine.clock import CameraClock

LANE_HEIGHT = 12  # these five at a text of 100 %
AXIS_HEIGHT = 18
NAME_WIDTH = 34
TEXT_HEIGHT = 11
HAND = 7  # pixels to either side of the mark that shows where we are


@dataclass(frozen=True, slots=True)
class Coverage:
    """When one camera has footage: spans in corrected UTC."""

    position: int
    spans: tuple[tuple[int, int], ...]


class SeekBar(QWidget):
    """Click or drag to go to a moment."""

    sought = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Time line"))
        self._lanes: Sequence[Coverage] = ()
        self._marks: tuple[tuple[int, int], ...] = ()
        self._limits = (0, 1)
        self._now = 0
        self._clock = CameraClock()
        self._still = Still(self, self._draw_still)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def cover(self, lanes: Sequence[Coverage], limits: tuple[int, int], clock: CameraClock) -> None:
        """What there is to play."""
        self._lanes, self._limits, self._clock = lanes, (limits[0], max(limits[0] + 1, limits[1])), clock
        self.updateGeometry()
        self._still.forget()

    def mark(self, marks: Sequence[tuple[int, int]]) -> None:
        """Small marks (place of the camera, time): where the matches are."""
        self._marks = tuple(marks)
        self._still.forget()

    def move(self, now_us: int) -> None:  # type: ignore[override]
        """Where the master clock is."""
        before, now = self._x(self._now), self._x(now_us)
        if before != now:
            self._now = now_us
            for x in (before, now):
                if -HAND <= x <= self.width() + HAND:  # before the first footage the mark stands in 1970
                    self.update(QRect(x - HAND, 0, 2 * HAND, self.height()))

    def sizeHint(self) -> QSize:
        return QSize(400, px(AXIS_HEIGHT) + px(LANE_HEIGHT) * max(1, len(self._lanes)) + 8)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def time_at(self, x: float) -> int:
        """The moment at a place of the widget."""
        share = min(max((x - px(NAME_WIDTH)) / self._span(), 0.0), 1.0)
        return self._limits[0] + round(share * (self._limits[1] - self._limits[0]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.sought.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moment = self.time_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.sought.emit(moment)
        else:
            QToolTip.showText(event.globalPosition().toPoint(), self._words(moment), self)

    def _words(self, moment: int) -> str:
        return local_time.seen(moment, self._clock, local_time.precise_time)

    def _span(self) -> int:
        return max(1, self.width() - px(NAME_WIDTH) - 10)

    def _x(self, time_us: int) -> int:
        share = (time_us - self._limits[0]) / (self._limits[1] - self._limits[0])
        return px(NAME_WIDTH) + round(share * self._span())

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._still.paint(painter)
        x = self._x(self._now)
        painter.setPen(QPen(QColor(tokens.text), 1.4))
        painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 3))
        painter.setBrush(QColor(tokens.text))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 2), QPointF(x + 5, 2), QPointF(x, 9)]))
        painter.end()

    def _draw_still(self, painter: QPainter) -> None:
        self._paint_axis(painter)
        for row, lane in enumerate(self._lanes):
            self._paint_lane(painter, px(AXIS_HEIGHT) + row * px(LANE_HEIGHT), lane)

    def _paint_axis(self, painter: QPainter) -> None:
        tokens = theme.current()
        font = painter.font()
        font.setPixelSize(px(TEXT_HEIGHT))
        painter.setFont(font)
        marks = axis.marks(self._limits, self._span(), px(axis.TICK_PX))
        for moment in marks:
            x = self._x(moment)
            painter.setPen(QColor(tokens.line))
            painter.drawLine(x, px(AXIS_HEIGHT) - 3, x, self.height() - 6)
            painter.setPen(QColor(tokens.muted))
            words = axis.words(moment, marks, self._clock)
            width = painter.fontMetrics().horizontalAdvance(words) + px(4)
            room = QRectF(axis.place(x, width, self.width()), 0, width, px(AXIS_HEIGHT) - 3)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_lane(self, painter: QPainter, top: int, lane: Coverage) -> None:
        tokens, colour = theme.current(), theme.camera_colour(lane.position)
        start, tall = px(NAME_WIDTH), px(LANE_HEIGHT)
        painter.setPen(QColor(tokens.muted))
        name = QRectF(0, top, start - 8, tall)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(name, right, theme.camera_letter(lane.position))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRect(QRectF(start, top + 3, self._span(), tall - 5))
        painter.setBrush(colour.darker(125))
        for first, last in lane.spans:
            left, right_end = self._x(first), self._x(last)
            painter.drawRect(QRectF(left, top + 3, max(2, right_end - left), tall - 5))
        painter.setBrush(QColor(tokens.text))
        for position, moment in self._marks:
            if position == lane.position:
                painter.drawEllipse(QPointF(self._x(moment), top + tall / 2), 2.6, 2.6)
