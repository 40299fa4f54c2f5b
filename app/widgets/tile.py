"""One camera's picture with the people in it: points, clicks and drawn boxes become tracklets and places."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import local_time, theme
from app.hits import Fit, dragged_box, hit
from app.images import lightened
from app.keys import SEARCH, key
from app.player import Showing
from app.words import tr
from reid_engine.clock import SECOND_US, CameraClock
from reid_engine.types import CameraId
from reid_engine.whereabouts import Shown

DRAG_PX = 7
MOST_ZOOM = 8.0
CAPTION_HEIGHT = 26
SMALLEST = (140, 84)
LIGHTS = (1.0, 0.7, 0.5, 0.35)  # exponents of a picture's values in [0, 1]
VCENTER_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
ROUNDING_PX = 2  # a picture that fits but for rounding is painted as it is: scaling it takes ten times as long


class Tile(QWidget):
    """Paints; says what was pointed at. Knows nothing of the case or of decoding.

    clicked: a tracklet was chosen; asked: search for it (the second click); boxed: camera, time, xyxy of a drawn box;
    added: a tracklet as an example (Ctrl) or, when True, as somebody else (Alt)
    """

    clicked = Signal(int)
    asked = Signal(int)
    added = Signal(int, bool)
    missed = Signal()
    boxed = Signal(int, object, tuple)
    hovered = Signal(int)
    solo = Signal(int)
    resized = Signal(int, int, int)

    def __init__(
        self, camera: CameraId, name: str, position: int, clock: CameraClock, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.camera, self.name, self.position, self.clock = camera, name, position, clock
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(*SMALLEST)  # in a small window they give way, not the time line
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(tr("Camera {name}").format(name=name))
        self.showing = Showing()
        self.people = Shown.nobody()
        self.boxes_visible = True
        self.light = 0  # of LIGHTS: how much the dark parts are lifted, which changes what is seen and nothing else
        self._lit = QImage(), 0  # the last one that was lifted, and the key of what it was before
        self.selected: int | None = None
        self.marked: int | None = None  # the match that was chosen
        self.focused = False
        self._hover: int | None = None
        self._press: QPointF | None = None
        self._drag: QPointF | None = None
        self._pan: QPointF | None = None
        self.zoom = 1.0
        self._middle = (0.0, 0.0)

    def show_moment(self, showing: Showing, people: Shown) -> None:
        """A new picture, or a new reason why there is none; the caption changes once a second only."""
        if showing is self.showing and people.same_as(self.people):
            return
        before, self.showing, self.people = self._clock(), showing, people
        self.update(self._room())
        if self._clock() != before:
            self.update(self._strip())

    def box_of(self, tracklet: int) -> tuple[float, float, float, float] | None:
        """Where a tracklet's box is in this widget now: x1, y1, x2, y2."""
        for number, box in zip(self.people.tracklet, self._on_screen(), strict=True):
            if int(number) == tracklet:
                x1, y1, x2, y2 = (float(v) for v in box)
                return x1, y1, x2, y2
        return None

    def tracklet_at(self, x: float, y: float) -> int | None:
        """Whose box holds this point of the widget."""
        if self.showing.image is None or not self.boxes_visible:
            return None
        found = hit(self.people.xyxy, *self._fit().to_source(x, y))
        return None if found is None else int(self.people.tracklet[found])

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Nearer or farther, round a point of the widget; never smaller than the whole picture."""
        middle = QRectF(self._room()).center()
        at = middle if at is None else at
        fixed = self._fit().to_source(at.x(), at.y())
        self.zoom = min(max(self.zoom * factor, 1.0), MOST_ZOOM)
        scale = Fit.inside(self.showing.size, (self._room().width(), self._room().height())).scale * self.zoom
        self._middle = (fixed[0] + (middle.x() - at.x()) / scale, fixed[1] + (middle.y() - at.y()) / scale)
        self._tell_size()
        self.update()

    @property
    def stalled(self) -> str:
        """What is said of a picture that stays although it should have gone; nothing while all is well."""
        seconds = self.showing.stalled_s
        return tr("Stalled: no newer picture for {seconds} s").format(seconds=seconds) if seconds else ""

    def lighten(self) -> None:
        """Lift the dark parts more; after the most as they are."""
        self.light = (self.light + 1) % len(LIGHTS)
        self._lit = QImage(), 0
        self.update()

    def _seen(self, image: QImage) -> QImage:
        """The picture as it is painted."""
        if not self.light:
            return image
        if self._lit[1] != image.cacheKey():
            self._lit = lightened(image, LIGHTS[self.light]), image.cacheKey()
        return self._lit[0]

    def _room(self) -> QRect:
        """Below the caption, which must not cover the clock that is burnt into the picture."""
        return self.rect().adjusted(0, theme.px(CAPTION_HEIGHT), 0, 0)

    def _strip(self) -> QRect:
        """The caption's place."""
        return QRect(0, 0, self.width(), theme.px(CAPTION_HEIGHT))

    def _clock(self) -> int | None:
        """The second that the caption tells."""
        return None if self.showing.image is None else self.showing.time_us // SECOND_US

    def _fit(self) -> Fit:
        place, size = self._room(), self.showing.size
        room = (place.width(), place.height())
        fit = Fit.inside(size, room)
        fit = fit if self.zoom == 1.0 else fit.zoomed(self.zoom, self._middle, size, room)
        return Fit(fit.scale, fit.left, fit.top + place.top())

    def _tell_size(self) -> None:
        """Decode as large as is seen: zoomed in, up to the recording's own size."""
        ratio = self.devicePixelRatioF()
        size = [round(side * ratio) for side in (self._room().width(), self._room().height())]
        if self.zoom > 1.0:
            size = [min(round(s * self.zoom), max(s, own)) for s, own in zip(size, self.showing.size, strict=True)]
        self.resized.emit(self.camera, *size)

    def _on_screen(self) -> list[tuple[float, ...]]:
        return [tuple(row) for row in self._fit().to_screen(self.people.xyxy).tolist()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._tell_size()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.showing.image is not None:
            self.zoom_by(1.25 ** (event.angleDelta().y() / 120), event.position())
            event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            self._pan = event.position()
        if event.button() == Qt.MouseButton.LeftButton:
            self._press, self._drag = event.position(), None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        if self._pan is not None:
            moved, scale = here - self._pan, self._fit().scale
            self._middle = (self._middle[0] - moved.x() / scale, self._middle[1] - moved.y() / scale)
            self._pan = here
            self.update()
            return
        if self._press is not None and self.showing.image is not None:
            if (here - self._press).manhattanLength() > DRAG_PX:
                self._drag = here
                self.update()
            return
        found = self.tracklet_at(here.x(), here.y())
        if found != self._hover:
            self._hover = found
            self.setCursor(Qt.CursorShape.PointingHandCursor if found is not None else Qt.CursorShape.ArrowCursor)
            self.hovered.emit(-1 if found is None else found)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, drag = self._press, self._drag
        self._press = self._drag = self._pan = None
        if event.button() != Qt.MouseButton.LeftButton or press is None:
            return
        if drag is not None:
            self._finish_box(press, drag)
        else:
            self._click(press, event.modifiers())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.tracklet_at(event.position().x(), event.position().y()) is None:
            self.solo.emit(self.camera)
        else:
            self._press = event.position()

    def leaveEvent(self, event: object) -> None:
        self._hover = None
        self.update()

    def _click(self, point: QPointF, keys: Qt.KeyboardModifier) -> None:
        found = self.tracklet_at(point.x(), point.y())
        if found is None:
            self.missed.emit()
        elif keys & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            self.added.emit(found, bool(keys & Qt.KeyboardModifier.AltModifier))
        elif found == self.selected:
            self.asked.emit(found)
        else:
            self.clicked.emit(found)

    def cut(self, xyxy: tuple[float, ...]) -> QImage | None:
        """What is shown of a box in the camera's own pixels."""
        image, width = self.showing.image, self.showing.size[0]
        if image is None or not width:
            return None
        left, top, right, bottom = (round(side * image.width() / width) for side in xyxy)
        return image.copy(left, top, right - left, bottom - top)

    def _finish_box(self, start: QPointF, end: QPointF) -> None:
        fit = self._fit()
        box = dragged_box(fit.to_source(start.x(), start.y()), fit.to_source(end.x(), end.y()), self.showing.size)
        if box is not None:
            self.boxed.emit(self.camera, self.showing.time_us, box)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().video))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        image = self.showing.image
        if image is None:
            self._paint_reason(painter)
        else:
            fit, image = self._fit(), self._seen(image)
            width, height = (side * fit.scale for side in self.showing.size)
            place = QRect(round(fit.left), round(fit.top), round(width), round(height))
            if max(abs(place.width() - image.width()), abs(place.height() - image.height())) <= ROUNDING_PX:
                painter.drawImage(place.topLeft(), image)
            else:
                painter.drawImage(place, image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setClipRect(self._room())
            if self.boxes_visible:
                self._paint_people(painter)
            self._paint_drag(painter)
            painter.setClipping(False)
            self._paint_stalled(painter)
        if event.rect().intersects(self._strip()):
            self._paint_caption(painter)
        if self.focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_reason(self, painter: QPainter) -> None:
        painter.setPen(QColor("#8a94a3"))
        painter.drawText(self._room(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.showing.reason)

    def _paint_people(self, painter: QPainter) -> None:
        """Everybody at once in thin lines, then whoever is chosen, under the pointer or marked."""
        named = {self.selected, self._hover, self.marked}
        plain: list[QRectF] = []
        strong: list[tuple[int, QRectF]] = []
        for number, (x1, y1, x2, y2) in zip(self.people.tracklet.tolist(), self._on_screen(), strict=True):
            place = QRectF(x1, y1, x2 - x1, y2 - y1)
            if number in named:
                strong.append((number, place))
            else:
                plain.append(place)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if plain:
            for pen in (QPen(QColor(0, 0, 0, 130), 2.6), QPen(QColor(255, 255, 255, 170), 1.2)):
                painter.setPen(pen)
                painter.drawRects(plain)
        for number, place in strong:
            self._paint_named(painter, number, place)

    def _paint_named(self, painter: QPainter, number: int, place: QRectF) -> None:
        chosen, marked = number == self.selected, number == self.marked
        colour = QColor("#ffd24a" if chosen else theme.DARK.accent if number == self._hover else "#5fe08c")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 130), 3.5), QPen(colour, 2.2)):
            painter.setPen(pen)
            painter.drawRect(place)
        words = tr("track {number}   {tall} px").format(number=number, tall=round(place.height() / self._fit().scale))
        more = tr("this match") if marked else ""
        if chosen:
            more = tr("{key} to search").format(key=key(SEARCH))
        self._paint_label(painter, place, f"{words}   {more}" if more else words, colour)

    def _paint_label(self, painter: QPainter, place: QRectF, words: str, colour: QColor) -> None:
        width = painter.fontMetrics().horizontalAdvance(words) + 12
        left = min(max(0.0, place.left()), max(0.0, self.width() - width))
        tall = painter.fontMetrics().height() + 3
        top = place.top() - tall - 2 if place.top() - tall - 2 >= self._room().top() else place.bottom() + 2
        label = QRectF(left, top, width, tall)
        painter.fillRect(label, QColor(10, 12, 16, 215))
        painter.setPen(colour)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_stalled(self, painter: QPainter) -> None:
        """That the picture is not of this moment, where one has been owed for long."""
        if self.stalled:
            words = painter.fontMetrics().elidedText(self.stalled, Qt.TextElideMode.ElideRight, self.width() - 16)
            place = painter.fontMetrics().boundingRect(words).adjusted(-6, -3, 6, 3)
            place.moveTopLeft(self._room().topLeft() + QPoint(4, 4))
            painter.fillRect(place, QColor("#ffd24a"))
            painter.setPen(QColor("#101318"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_drag(self, painter: QPainter) -> None:
        if self._press is not None and self._drag is not None:
            painter.setPen(QPen(QColor("#ffd24a"), 1.6, Qt.PenStyle.DashLine))
            painter.setBrush(QColor(255, 210, 74, 30))
            painter.drawRect(QRectF(self._press, self._drag).normalized())

    def _paint_caption(self, painter: QPainter) -> None:
        strip = QRectF(self._strip())
        painter.fillRect(strip, QColor("#0d1014"))
        letters = painter.fontMetrics().horizontalAdvance(theme.camera_letter(self.position))
        chip = QRectF(6, 4, letters + theme.px(12), strip.height() - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.camera_colour(self.position))
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(QColor("#101318"))
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, theme.camera_letter(self.position))
        painter.setPen(QColor("#e8ebf0"))
        lit = tr("lighter {step}").format(step=self.light) if self.light else ""
        looks = "   ".join(words for words in (lit, f"{self.zoom:.1f}×" if self.zoom > 1.0 else "") if words)
        taken = theme.px(90) + (painter.fontMetrics().horizontalAdvance(looks) + 8 if looks else 0)
        name = strip.adjusted(chip.right() + 8, 0, -taken, 0)
        words = painter.fontMetrics().elidedText(self.name, Qt.TextElideMode.ElideRight, round(name.width()))
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, words)
        if self.showing.image is not None:
            font.setBold(False)
            painter.setFont(font)
            shown = local_time.seen(self.showing.time_us, self.clock, local_time.clock_time)
            painter.drawText(strip.adjusted(0, 0, -8, 0), VCENTER_RIGHT, shown)
            painter.drawText(strip.adjusted(0, 0, -theme.px(86), 0), VCENTER_RIGHT, looks)
