"""A cell that shows how far something is, as a bar."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from app import theme

HEIGHT = 8


class ShareDelegate(QStyledItemDelegate):
    """``role`` gives 0 to 1, or a negative number while nobody knows."""

    def __init__(self, role: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._role = role

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        share, tokens = float(index.data(self._role) or 0.0), theme.current()
        room = QRectF(option.rect).adjusted(theme.px(6), 0, -theme.px(6), 0)
        tall = theme.px(HEIGHT)
        bar = QRectF(room.left(), room.center().y() - tall / 2, room.width(), tall)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(bar, tall / 2, tall / 2)
        known = share >= 0
        painter.setBrush(QColor(tokens.accent) if known else QBrush(QColor(tokens.accent), Qt.BrushStyle.BDiagPattern))
        bar.setWidth(bar.width() * share if known else bar.width())
        if share != 0:
            painter.drawRoundedRect(bar, tall / 2, tall / 2)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.px(160), theme.px(24))
