"""The floor plan: cameras on a picture, what links them, and the way of one person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.arrange import Label
from app.hits import Fit
from app.journeys import seconds
from app.words import tr
from reid_engine.journey import Journey, Link
from reid_engine.types import CameraId

DOT = 13
NEAR_PX = 9
EMPTY_SIZE = (400, 240)
NAMES_PX = (110, 60)  # a name, and a shorter one where there is no place for it
CHOOSING = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
SHARES = (0.5, 0.38, 0.62, 0.27, 0.73)  # of a line: where its length may stand
BESIDE = (0.3, -0.3, 0.6, -0.6)  # of the length's own width, where no such place is free
STEP = 0.02  # of the plan a key moves a camera
MOVING = {
    Qt.Key.Key_Left: (-STEP, 0.0), Qt.Key.Key_Right: (STEP, 0.0), Qt.Key.Key_Up: (0.0, -STEP),
    Qt.Key.Key_Down: (0.0, STEP),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanLabel:
    """Words on the plan: where, and in which colour."""

    room: QRectF
    words: str
    colour: QColor


class FloorPlanView(QWidget):
    """placed: a camera was dragged to shares of the plan; linked: a pair was clicked; pressed: a camera was clicked."""

    placed = Signal(int, float, float)
    linked = Signal(int, int)
    pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Floor plan"))
        self.setAccessibleDescription(tr("Page up and down choose a camera, the arrow keys move it"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._picture = QPixmap()
        self._places: dict[CameraId, tuple[float, float]] = {}
        self._labels: Mapping[CameraId, Label] = {}
        self._links: Sequence[Link] = ()
        self._journey: Journey | None = None
        self._held: CameraId | None = None
        self._chosen: CameraId | None = None  # by key
        self._moved = False

    def show_plan(
        self, picture: QPixmap, places: Mapping[CameraId, tuple[float, float]], labels: Mapping[CameraId, Label]
    ) -> None:
        """A picture, or none, and the cameras; those without a place stand on a circle until they are dragged."""
        self._picture, self._labels = picture, labels
        self._places = dict(places)
        loose = [camera for camera in labels if camera not in places]
        for place, camera in enumerate(loose):
            turn = 2 * math.pi * place / max(1, len(loose)) - math.pi / 2
            self._places[camera] = (0.5 + 0.36 * math.cos(turn), 0.46 + 0.32 * math.sin(turn))
        self.update()

    def show_links(self, links: Sequence[Link]) -> None:
        """What is known of pairs."""
        self._links = links
        self.update()

    def show_journey(self, found: Journey | None) -> None:
        """Whose way is drawn."""
        self._journey = found
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(320), theme.px(210))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(220), min(theme.px(140), 150))  # large text needs the room

    def _fit(self) -> Fit:
        size = (self._picture.width(), self._picture.height()) if not self._picture.isNull() else EMPTY_SIZE
        return Fit.inside(size, (self.width(), self.height()))

    def _size(self) -> tuple[float, float]:
        width, height = EMPTY_SIZE if self._picture.isNull() else (self._picture.width(), self._picture.height())
        scale = self._fit().scale
        return width * scale, height * scale

    def point(self, camera: CameraId) -> QPointF:
        """Where a camera is drawn."""
        fit, (width, height) = self._fit(), self._size()
        x, y = self._places.get(camera, (0.5, 0.5))
        return QPointF(fit.left + x * width, fit.top + y * height)

    def camera_at(self, point: QPointF) -> CameraId | None:
        """Which camera's dot holds a point."""
        near = [(self._away(point, self.point(camera)), camera) for camera in self._places]
        found = min(near, default=None)
        return found[1] if found is not None and found[0] <= theme.px(DOT) + 3 else None

    def link_at(self, point: QPointF) -> Link | None:
        """Which link's line, or label, is at a point."""
        for link in self._links:
            begin, end = self.point(link.pair.first), self.point(link.pair.second)
            length = max(1.0, self._away(begin, end))
            along = (point.x() - begin.x()) * (end.x() - begin.x()) + (point.y() - begin.y()) * (end.y() - begin.y())
            share = min(max(along / length**2, 0.0), 1.0)
            foot = begin + (end - begin) * share
            if self._away(point, foot) <= NEAR_PX:
                return link
        return None

    def _away(self, one: QPointF, other: QPointF) -> float:
        return math.hypot(one.x() - other.x(), one.y() - other.y())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._held, self._moved = self.camera_at(event.position()), False
        if self._held is None:
            link = self.link_at(event.position())
            if link is not None:
                self.linked.emit(int(link.pair.first), int(link.pair.second))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            camera = self.camera_at(event.position())
            named = None if camera is None else self._labels.get(camera)
            self.setToolTip("" if named is None else named.name)
            over = camera is not None or self.link_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        fit, (width, height) = self._fit(), self._size()
        x, y = (event.position().x() - fit.left) / width, (event.position().y() - fit.top) / height
        self._places[self._held] = (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self._moved = True
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, self._held = self._held, None
        if held is not None and self._moved:
            self.placed.emit(int(held), *self._places[held])
        elif held is not None:
            self.pressed.emit(int(held))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        order, key = sorted(self._places), Qt.Key(event.key())
        if key in CHOOSING and order:
            here = order.index(self._chosen) if self._chosen in order else -1
            self._chosen = order[(here + CHOOSING[key]) % len(order)]
            self.update()
        elif key in MOVING and self._chosen in self._places:
            x, y = (min(max(at + by, 0.0), 1.0) for at, by in zip(self._places[self._chosen], MOVING[key], strict=True))
            self._places[self._chosen] = (x, y)
            self.update()
            self.placed.emit(int(self._chosen), x, y)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), QColor(tokens.ground))
        fit, (width, height) = self._fit(), self._size()
        ground = QRectF(fit.left, fit.top, width, height)
        if self._picture.isNull():
            self._paint_grid(painter, ground)
        else:
            painter.drawPixmap(ground, self._picture, QRectF(self._picture.rect()))
        for link in self._links:
            self._paint_link(painter, link)
        self._paint_way(painter)
        for camera in self._places:
            self._paint_camera(painter, camera)
        for label in self.labels():
            self._paint_label(painter, label)
        painter.end()

    def labels(self) -> list[PlanLabel]:
        """Names, and how far it is: each where it covers no camera and no other. Without such a place it is left out: a
        camera keeps its letter and tells its name to whoever points at it, a line can still be clicked."""
        metrics, dot, tall = QFontMetrics(self._small(self.font())), theme.px(DOT), theme.px(18)
        known = [camera for camera in self._places if camera in self._labels]
        taken = [QRectF(at.x() - dot, at.y() - dot, 2 * dot, 2 * dot) for at in map(self.point, known)]
        found: list[PlanLabel] = []

        def put(words: str, colour: QColor, rooms: list[QRectF]) -> bool:
            place = next((room for room in rooms if _free(room, taken)), None)
            if place is not None:
                taken.append(place)
                found.append(PlanLabel(place, words, colour))
            return place is not None

        def name(camera: CameraId, most: int) -> bool:
            words = metrics.elidedText(self._labels[camera].name, Qt.TextElideMode.ElideRight, theme.px(most))
            wide, at = metrics.horizontalAdvance(words) + 10, self.point(camera)
            aside, away = QPointF(dot + 2 + wide / 2, 0), QPointF(0, dot + 1 + tall / 2)
            aslant = [away + aside * 0.6, away - aside * 0.6, aside * 0.6 - away, -away - aside * 0.6]
            rooms = [self._room(at + by, wide) for by in (away, -away, aside, -aside, *aslant)]
            return put(words, QColor(theme.current().text), rooms)

        def names() -> None:
            for camera in known:
                any(name(camera, most) for most in NAMES_PX)

        def lengths() -> None:
            for link in self._links:
                words, begin, end = link_words(link), self.point(link.pair.first), self.point(link.pair.second)
                wide, way = metrics.horizontalAdvance(words) + 10, end - begin
                beside = QPointF(-way.y(), way.x()) / max(1.0, math.hypot(way.x(), way.y()))
                rooms = [self._room(begin + way * share, wide) for share in SHARES]
                rooms += [self._room(begin + way / 2 + beside * by * wide, wide) for by in BESIDE]
                if words and self._concerns(link):
                    put(words, self._colour(link), rooms)

        for part in (names, lengths) if len(self._stops()) < 2 else (lengths, names):  # a journey's lengths go first
            part()
        return found

    def _concerns(self, link: Link) -> bool:
        """Whether somebody's journey went this way; all links do where no journey is shown."""
        stops = self._stops()
        pair = {link.pair.first, link.pair.second}
        return len(stops) < 2 or any({one, other} == pair for one, other in pairwise(stops))

    def _room(self, middle: QPointF, wide: float) -> QRectF:
        """Where words of this width are round a point, inside the whole."""
        tall = theme.px(18)
        left = min(max(middle.x() - wide / 2, 2.0), self.width() - wide - 2.0)
        top = min(max(middle.y() - tall / 2, 2.0), self.height() - tall - 2.0)
        return QRectF(left, top, wide, tall)

    def _paint_grid(self, painter: QPainter, ground: QRectF) -> None:
        painter.setPen(QPen(QColor(theme.current().line), 1, Qt.PenStyle.DotLine))
        for step in range(1, 8):
            x, y = ground.left() + ground.width() * step / 8, ground.top() + ground.height() * step / 8
            painter.drawLine(QPointF(x, ground.top()), QPointF(x, ground.bottom()))
            painter.drawLine(QPointF(ground.left(), y), QPointF(ground.right(), y))

    def _paint_link(self, painter: QPainter, link: Link) -> None:
        dashed = link.pair.relation == "unknown"
        wide = 5.0 if link.pair.relation == "overlapping" else 1.6
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(self._colour(link), wide, style))
        painter.drawLine(self.point(link.pair.first), self.point(link.pair.second))

    def _colour(self, link: Link) -> QColor:
        tokens = theme.current()
        colours = {"apart": tokens.text, "overlapping": tokens.good, "unknown": tokens.muted}
        return QColor(colours[link.pair.relation])

    def _small(self, font: QFont) -> QFont:
        small = QFont(font)
        small.setPixelSize(theme.px(11))
        return small

    def _paint_label(self, painter: QPainter, label: PlanLabel) -> None:
        painter.setFont(self._small(self.font()))
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(theme.current().panel)
        ground.setAlpha(225)
        painter.setBrush(ground)
        painter.drawRoundedRect(label.room, 4, 4)
        painter.setPen(label.colour)
        painter.drawText(label.room, Qt.AlignmentFlag.AlignCenter, label.words)

    def _stops(self) -> list[CameraId]:
        """The cameras of the journey, one after the other."""
        confirmed = () if self._journey is None else self._journey.confirmed
        return [seen.camera for place, seen in enumerate(confirmed)
                if place == 0 or confirmed[place - 1].camera != seen.camera]  # fmt: skip

    def _paint_way(self, painter: QPainter) -> None:
        accent = QColor(theme.current().accent)
        for one, other in pairwise(self._stops()):
            begin, end = self.point(one), self.point(other)
            length = max(1.0, self._away(begin, end))
            aside = QPointF(-(end.y() - begin.y()), end.x() - begin.x()) / length * 6
            way = (end - begin) / length
            begin, end = begin + aside + way * theme.px(DOT), end + aside - way * (theme.px(DOT) + 3)
            painter.setPen(QPen(accent, 3))
            painter.drawLine(begin, end)
            painter.setBrush(accent)
            side = QPointF(-way.y(), way.x()) * 6
            painter.drawPolygon(QPolygonF([end + way * 6, end - way * 6 + side, end - way * 6 - side]))

    def _paint_camera(self, painter: QPainter, camera: CameraId) -> None:
        label, point = self._labels.get(camera), self.point(camera)
        if label is None:
            return
        chosen = self.hasFocus() and camera == self._chosen
        painter.setPen(QPen(QColor(theme.current().accent if chosen else "#101318"), 3.0 if chosen else 1.4))
        painter.setBrush(theme.camera_colour(label.position))
        painter.drawEllipse(point, theme.px(DOT), theme.px(DOT))
        font = QFont(painter.font())
        font.setPixelSize(theme.px(12))
        font.setBold(True)
        painter.setFont(font)
        room = QRectF(point.x() - 20, point.y() - 10, 40, 20)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, label.letter)


def _free(room: QRectF, taken: Sequence[QRectF]) -> bool:
    return not any(room.intersects(other) for other in taken)


def link_words(link: Link) -> str:
    """What a pair's line says."""
    if link.pair.relation == "overlapping":
        return tr("same place")
    least_us, most_us = link.usual_us
    if not least_us and not most_us:
        return "" if link.pair.relation == "unknown" else tr("apart")
    if not most_us:
        return tr("{length} and more").format(length=seconds(least_us))
    return f"{seconds(least_us)} – {seconds(most_us)}" if most_us > least_us else seconds(least_us)
