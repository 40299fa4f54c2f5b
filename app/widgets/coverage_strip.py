"""When each camera has footage: a lane a camera on one axis of time, with gaps, overlaps and what can be searched."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import local_time, theme
from app.coverage import Lane
from app.widgets import axis
from app.words import tr
from reid_engine.clock import CameraClock

LANE = 30
AXIS = 24
NAME = 150
TELLING = 270
TICK = 96


class CoverageStrip(QWidget):
    """``chosen``: the name of a camera whose lane was clicked, or reached with the arrow keys."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Coverage of the cameras"))
        self._lanes: Sequence[Lane] = ()
        self._limits = (0, 1)
        self._current = -1

    def show_lanes(self, lanes: Sequence[Lane]) -> None:
        """Replace everything."""
        if list(lanes) == list(self._lanes):
            return
        self._lanes = lanes
        spans = [span for lane in lanes for span in lane.seen.spans]
        first, last = min((s[0] for s in spans), default=0), max((s[1] for s in spans), default=1)
        margin = max(1, (last - first) // 60)
        self._limits = first - margin, last + margin
        self.setAccessibleDescription("; ".join(f"{lane.camera}: {lane.words()}" for lane in lanes))
        self.updateGeometry()
        self.update()

    def choose(self, camera: str) -> None:
        """Mark a camera's lane."""
        self._current = next((place for place, lane in enumerate(self._lanes) if lane.camera == camera), -1)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(500), theme.px(AXIS + LANE * max(1, len(self._lanes))))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), self.sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(self._lane_at(event.position().y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self._choose(min(max(self._current + step, 0), len(self._lanes) - 1))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            place = self._lane_at(event.pos().y())
            words = "" if place < 0 else f"{self._lanes[place].camera}: {self._lanes[place].words()}"
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _choose(self, place: int) -> None:
        if 0 <= place < len(self._lanes):
            self._current = place
            self.update()
            self.chosen.emit(self._lanes[place].camera)

    def _lane_at(self, y: float) -> int:
        place = int((y - theme.px(AXIS)) // theme.px(LANE))
        return place if 0 <= place < len(self._lanes) else -1

    def _x(self, time_us: int) -> float:
        first, last = self._limits
        return theme.px(NAME) + (time_us - first) / (last - first) * self._room()

    def _room(self) -> int:
        return max(1, self.width() - theme.px(NAME) - self._telling())

    def _telling(self) -> int:
        """Pixels for what is said of a lane: in large text no more than for its bars."""
        return min(theme.px(TELLING), (self.width() - theme.px(NAME)) // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axis(painter)
        for place, lane in enumerate(self._lanes):
            self._paint_lane(painter, place, lane)
        painter.end()

    def _paint_axis(self, painter: QPainter) -> None:
        if not any(lane.seen.spans for lane in self._lanes):
            return
        tokens, zone = theme.current(), self._lanes[0].zone
        marks = axis.marks(self._limits, self._room(), theme.px(TICK))
        painter.setPen(QColor(tokens.muted))
        day = QRectF(0, 0, theme.px(NAME - 16), theme.px(AXIS))
        painter.drawText(day, _left(), f"{local_time.day(marks.start, zone)} {local_time.local(marks.start, zone):%Z}")
        for moment in marks:
            x = self._x(moment)
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(round(x), theme.px(AXIS - 4), round(x), self.height() - 2)
            painter.setPen(QColor(tokens.muted))
            words = axis.words(moment, marks, CameraClock(zone=zone))
            box = QRectF(x - theme.px(60), 0, theme.px(120), theme.px(AXIS - 4))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_lane(self, painter: QPainter, place: int, lane: Lane) -> None:
        tokens, top, tall = theme.current(), theme.px(AXIS) + place * theme.px(LANE), theme.px(LANE)
        if place == self._current:
            painter.fillRect(QRectF(0, top, self.width(), tall), QColor(tokens.raised))
        self._paint_name(painter, place, lane, QRectF(0, top, theme.px(NAME - 14), tall))
        inset = theme.px(8)
        colour = theme.camera_colour(lane.position)
        pale = QColor(colour)
        pale.setAlpha(90)
        painter.setPen(QPen(colour, 1))
        for span in lane.seen.spans:
            painter.fillRect(self._bar(span, top, tall, inset), pale)
            painter.drawRect(self._bar(span, top, tall, inset))
        for span in lane.done:
            painter.fillRect(self._bar(span, top, tall, inset), colour)
        painter.setPen(QPen(QColor(tokens.warning), 1, Qt.PenStyle.DashLine))
        for span in lane.seen.gaps:
            middle = top + tall / 2
            painter.drawLine(round(self._x(span[0])), round(middle), round(self._x(span[1])), round(middle))
        for span in lane.seen.overlaps:
            painter.fillRect(
                self._bar(span, top, tall, theme.px(5)), QBrush(QColor(tokens.warning), Qt.BrushStyle.BDiagPattern)
            )
        doubtful = lane.seen.gaps or lane.seen.overlaps or lane.undated
        painter.setPen(QColor(tokens.warning if doubtful else tokens.muted))
        words = QRectF(self.width() - self._telling() + theme.px(14), top, self._telling() - theme.px(18), tall)
        painter.drawText(words, _left(), _elided(painter, lane.words(), words))

    def _paint_name(self, painter: QPainter, place: int, lane: Lane, room: QRectF) -> None:
        tokens = theme.current()
        chip = QRectF(room.left() + theme.px(2), room.top() + theme.px(6), theme.px(20), room.height() - theme.px(12))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.camera_colour(lane.position))
        painter.drawRoundedRect(chip, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor("#10141a"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, theme.camera_letter(lane.position))
        painter.setPen(QColor(tokens.text))
        name = room.adjusted(theme.px(30), 0, 0, 0)
        painter.drawText(name, _left(), _elided(painter, lane.camera, name))

    def _bar(self, span: tuple[int, int], top: float, tall: float, inset: float) -> QRectF:
        left = self._x(span[0])
        return QRectF(left, top + inset, max(2.0, self._x(span[1]) - left), tall - 2 * inset)


def _left() -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def _elided(painter: QPainter, words: str, room: QRectF) -> str:
    return QFontMetrics(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
