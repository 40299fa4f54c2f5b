"""A picture of what stays as it is while a cursor moves over it: drawn once, then only copied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from app import theme


class Still:
    """Belongs to one widget and fills it; ``draw`` paints it anew when the widget's size, font or theme has changed."""

    def __init__(self, widget: QWidget, draw: Callable[[QPainter], None]) -> None:
        self._widget = widget
        self._draw = draw
        self._drawn_for: tuple[object, ...] = ()
        self._pixmap = QPixmap()

    def forget(self) -> None:
        """What is shown has changed."""
        self._drawn_for = ()
        self._widget.update()

    def paint(self, painter: QPainter) -> None:
        """Copy it, as much as is to be painted, drawn before if need be."""
        widget, ratio = self._widget, self._widget.devicePixelRatioF()
        wanted = widget.width(), widget.height(), ratio, widget.font().toString(), theme.current()
        if wanted != self._drawn_for:
            self._drawn_for = wanted
            self._pixmap = QPixmap(widget.size() * ratio)
            self._pixmap.setDevicePixelRatio(ratio)
            self._pixmap.fill(QColor(theme.current().panel))
            drawing = QPainter(self._pixmap)
            drawing.setFont(widget.font())
            drawing.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(drawing)
            drawing.end()
        painter.drawPixmap(0, 0, self._pixmap)
