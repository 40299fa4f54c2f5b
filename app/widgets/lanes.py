"""A journey as lanes: a row a camera, a block a sighting, what lies between, notes above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import local_time, theme
from app.arrange import Label
from app.journeys import gap_words, seconds
from app.widgets import axis
from app.widgets.still import Still
from app.words import tr
from reid_engine.clock import CameraClock
from reid_engine.journey import Gap, Journey, Sighting
from reid_engine.store import Note
from reid_engine.types import CameraId

AXIS = 28  # with room for the marks of notes
LANE = 28
NAME = 120
NAMES_SHARE = 0.35  # of the width at most
CHIP = 18  # behind a letter, and what a sign needs at least
GAP_WORDS = 16
LEAST_SPAN_US = 10_000_000
LEAST_BLOCK = 7
MARGIN = 0.04  # of the span, on either side


@dataclass(frozen=True, slots=True)
class Lane:
    """One camera: how it is named, and when it has footage (corrected UTC)."""

    camera: CameraId
    label: Label
    footage: tuple[tuple[int, int], ...] = ()


class JourneyLanes(QWidget):
    """chosen: a sighting was clicked; sought: a moment; noted: a note was clicked."""

    chosen = Signal(int)
    sought = Signal(object)
    noted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setAccessibleName(tr("Journey, a lane for each camera"))
        self._journey: Journey | None = None
        self._lanes: Sequence[Lane] = ()
        self._notes: Sequence[Note] = ()
        self._limits = (0, 1)
        self._now = 0
        self.current: int | None = None
        self._still = Still(self, self._draw_still)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_journey(self, found: Journey | None, lanes: Sequence[Lane], notes: Sequence[Note]) -> None:
        """This journey; cameras without a sighting keep their lane, because nobody was seen there either."""
        self._journey, self._lanes, self._notes = found, lanes, notes
        seen = [] if found is None else [*found.sightings]
        if seen:
            first, last = min(s.start_us for s in seen), max(s.end_us for s in seen)
            margin = round(max(last - first, LEAST_SPAN_US) * MARGIN)
            self._limits = (first - margin, max(last, first + LEAST_SPAN_US) + margin)
        self.updateGeometry()
        self._still.forget()

    def move_to(self, now_us: int) -> None:
        """Where the master clock is."""
        before, now = self._x(self._now), self._x(now_us)
        self._now = now_us
        if before != now:
            for x in (before, now):
                self.update(QRect(x - 2, 0, 4, self.height()))

    def sizeHint(self) -> QSize:
        return QSize(theme.px(460), theme.px(AXIS) + theme.px(LANE) * max(1, len(self._lanes)) + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(240), self.sizeHint().height())

    # where things are -------------------------------------------------------------------------------------------------

    def _names(self) -> int:
        """Pixels for the cameras' names: large text leaves the most of a narrow pane to the sightings."""
        return min(theme.px(NAME), round(self.width() * NAMES_SHARE))

    def _room(self) -> int:
        return max(1, self.width() - self._names() - 12)

    def _x(self, time_us: int) -> int:
        share = (time_us - self._limits[0]) / (self._limits[1] - self._limits[0])
        return self._names() + round(min(max(share, -0.01), 1.01) * self._room())

    def time_at(self, x: float) -> int:
        """The moment at a place of the widget."""
        share = min(max((x - self._names()) / self._room(), 0.0), 1.0)
        return self._limits[0] + round(share * (self._limits[1] - self._limits[0]))

    def block(self, seen: Sighting) -> QRectF:
        """Where a sighting is drawn; empty where its camera has no lane."""
        row = next((row for row, lane in enumerate(self._lanes) if lane.camera == seen.camera), None)
        if row is None:
            return QRectF()
        left, right = self._x(seen.start_us), self._x(seen.end_us)
        top = theme.px(AXIS) + row * theme.px(LANE)
        room = QRectF(left, top + 5, max(LEAST_BLOCK, right - left), theme.px(LANE) - 10)
        return room.adjusted(0, room.height() * 0.55, 0, 2) if seen.state == "unsure" else room

    def sighting_at(self, point: QPointF) -> Sighting | None:
        """Whose block holds a point; the shortest where several do."""
        seen = () if self._journey is None else self._journey.sightings
        held = [one for one in seen if self.block(one).adjusted(-2, -4, 2, 4).contains(point)]
        return min(held, key=lambda one: one.end_us - one.start_us, default=None)

    def _gap_at(self, point: QPointF) -> Gap | None:
        gaps = () if self._journey is None else self._journey.gaps
        return next((gap for gap in gaps if self._gap_room(gap).contains(point)), None)

    def _gap_room(self, gap: Gap) -> QRectF:
        assert self._journey is not None
        ends = {seen.tracklet: self.block(seen) for seen in self._journey.sightings}
        before, after = ends.get(gap.before, QRectF()), ends.get(gap.after, QRectF())
        top, bottom = sorted((before.center().y(), after.center().y()))
        return QRectF(before.right(), top - 8, max(2.0, after.left() - before.right()), bottom - top + 16)

    def _note_at(self, point: QPointF) -> Note | None:
        placed = [note for note in self._notes if note.moment_us is not None]
        near = [note for note in placed if abs(self._x(note.moment_us or 0) - point.x()) <= 6]
        return near[0] if near and point.y() < theme.px(AXIS) else None

    # what a person does -----------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        note, seen = self._note_at(event.position()), self.sighting_at(event.position())
        if note is not None:
            self.noted.emit(note.id)
        elif seen is not None:
            self._choose(seen)
        elif event.position().x() >= self._names():
            self.sought.emit(self.time_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        seen = () if self._journey is None else self._journey.sightings
        if event.key() not in steps or not seen:
            super().keyPressEvent(event)
            return
        here = next((place for place, one in enumerate(seen) if one.tracklet == self.current), -1)
        self._choose(seen[min(max(here + steps[Qt.Key(event.key())], 0), len(seen) - 1)])

    def _choose(self, seen: Sighting) -> None:
        self.current = int(seen.tracklet)
        self._still.forget()
        self.chosen.emit(self.current)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.words_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def words_at(self, point: QPointF) -> str:
        """What there is to say about a place."""
        labels = {lane.camera: lane.label for lane in self._lanes}
        note, seen, gap = self._note_at(point), self.sighting_at(point), self._gap_at(point)
        if note is not None:
            return note.text or "marker"
        if seen is not None:
            label = labels[seen.camera]
            when = local_time.seen(seen.start_us, label.clock, local_time.precise_time)
            words = f"track {seen.tracklet}, {seen.state}\n{label.name}\n{when}, {seconds(seen.end_us - seen.start_us)}"
            return words + "".join(f"\n! {kind}" for kind in self._conflicts_of(seen))
        return "" if gap is None else gap_words(gap, {camera: label.name for camera, label in labels.items()})

    def _conflicts_of(self, seen: Sighting) -> list[str]:
        conflicts = () if self._journey is None else self._journey.conflicts
        return [conflict.kind for conflict in conflicts if seen.tracklet in (conflict.first, conflict.second)]

    # painting ---------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._still.paint(painter)
        x = self._x(self._now)
        if self._journey is not None and self._journey.sightings and self._names() <= x <= self.width():
            painter.setPen(QPen(QColor(theme.current().text), 1.4))
            painter.drawLine(QPointF(x, theme.px(AXIS) - 12), QPointF(x, self.height() - 3))
        painter.end()

    def _draw_still(self, painter: QPainter) -> None:
        for row, lane in enumerate(self._lanes):
            self._paint_lane(painter, row, lane)
        if self._journey is not None and self._journey.sightings:
            self._paint_axis(painter)
            for gap in self._journey.gaps:
                self._paint_gap(painter, gap)
            for seen in sorted(self._journey.sightings, key=lambda one: one.state != "unsure"):
                self._paint_sighting(painter, seen)
            self._paint_notes(painter)

    def _paint_lane(self, painter: QPainter, row: int, lane: Lane) -> None:
        tokens = theme.current()
        top = theme.px(AXIS) + row * theme.px(LANE)
        tall = theme.px(CHIP)
        chip = QRectF(8, top + (theme.px(LANE) - tall) / 2, theme.px(12 + 8 * len(lane.label.letter)), tall)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.camera_colour(lane.label.position))
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(QColor("#101318"))
        painter.setFont(theme.font(painter, 12, bold=True))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, lane.label.letter)
        painter.setPen(QColor(tokens.text))
        painter.setFont(theme.font(painter, 12))
        name = QRectF(chip.right() + 7, top, self._names() - chip.right() - 14, theme.px(LANE))
        words = painter.fontMetrics().elidedText(lane.label.name, Qt.TextElideMode.ElideRight, round(name.width()))
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(QColor(tokens.line))
        painter.drawLine(0, top, self.width(), top)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        for begin, end in lane.footage:
            left, right = max(self._x(begin), self._names()), self._x(end)
            if right > left:
                painter.drawRect(QRectF(left, top + theme.px(LANE) / 2 - 2, right - left, 4))

    def _paint_axis(self, painter: QPainter) -> None:
        tokens = theme.current()
        clock = self._lanes[0].label.clock if self._lanes else CameraClock()
        painter.setFont(theme.font(painter, 11))
        for moment in axis.marks(self._limits, self._room(), theme.px(axis.TICK_PX)):
            x = self._x(moment)
            painter.setPen(QPen(QColor(tokens.line), 1, Qt.PenStyle.DotLine))
            painter.drawLine(x, theme.px(AXIS), x, self.height())
            painter.setPen(QColor(tokens.muted))
            words = local_time.seen(moment, clock, local_time.clock_time)
            width = painter.fontMetrics().horizontalAdvance(words) + theme.px(4)
            room = QRectF(axis.place(x, width, self.width()), theme.px(AXIS - 17), width, theme.px(16))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_gap(self, painter: QPainter, gap: Gap) -> None:
        assert self._journey is not None
        tokens = theme.current()
        ends = {seen.tracklet: self.block(seen) for seen in self._journey.sightings}
        before, after = ends.get(gap.before), ends.get(gap.after)
        if before is None or after is None:
            return
        begin, end = QPointF(before.right(), before.center().y()), QPointF(after.left(), after.center().y())
        colour = QColor(tokens.warning if gap.unusual else tokens.muted)
        painter.setPen(QPen(colour, 1.3, Qt.PenStyle.DashLine))
        painter.drawLine(begin, end)
        painter.setFont(theme.font(painter, 11))
        words = seconds(gap.end_us - gap.start_us)
        wide, tall = painter.fontMetrics().horizontalAdvance(words) + 8, theme.px(GAP_WORDS)
        room = QRectF(0, 0, wide, tall)
        room.moveCenter((begin + end) / 2)
        if wide + theme.px(10) < end.x() - begin.x() and not any(block.intersects(room) for block in ends.values()):
            painter.fillRect(room, QColor(tokens.panel))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_sighting(self, painter: QPainter, seen: Sighting) -> None:
        tokens, place = theme.current(), self.block(seen)
        if place.isEmpty():
            return
        row = next(lane for lane in self._lanes if lane.camera == seen.camera)
        colour = theme.camera_colour(row.label.position)
        unsure, wrong = seen.state == "unsure", bool(self._conflicts_of(seen))
        painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern) if unsure else colour)
        edge = tokens.danger if wrong else tokens.text if seen.tracklet == self.current else colour.darker(140).name()
        painter.setPen(QPen(QColor(edge), 2.4 if wrong or seen.tracklet == self.current else 1))
        painter.drawRoundedRect(place, 4, 4)
        sign = "!" if wrong else "?" if unsure else "★" if seen.state == "probe" else ""
        if sign:
            painter.setFont(theme.font(painter, 13, bold=True))
            painter.setPen(QColor(tokens.danger if wrong else tokens.text if unsure else "#101318"))
            inside = place.width() >= theme.px(CHIP) and not wrong
            room = place if inside else QRectF(place.right() + 2, place.top(), theme.px(14), place.height())
            painter.setPen(QColor("#101318" if inside and not unsure else tokens.danger if wrong else tokens.text))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, sign)

    def _paint_notes(self, painter: QPainter) -> None:
        tokens = theme.current()
        for note in self._notes:
            if note.moment_us is None or not self._limits[0] <= note.moment_us <= self._limits[1]:
                continue
            x = self._x(note.moment_us)
            painter.setPen(QPen(QColor(tokens.warning), 1.4))
            painter.drawLine(QPointF(x, 5), QPointF(x, theme.px(AXIS) + 4))
            painter.setBrush(QColor(tokens.warning))
            painter.drawPolygon(QPolygonF([QPointF(x, 4), QPointF(x + 11, 8), QPointF(x, 12)]))
