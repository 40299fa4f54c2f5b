"""The command palette: everything that can be done now, found by a few letters."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.item_models.commands import KEYS_ROLE, PLACE_ROLE, Command, CommandsModel
from app.item_models.keys import readable
from app.words import tr

SIZE = QSize(620, 460)
ROW = 34
MOVING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class _CommandDelegate(QStyledItemDelegate):
    """Words on the left, where they stand and their keys on the right."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = theme.current()
        room: QRect = option.rect
        chosen = option.state & QStyle.StateFlag.State_Selected
        painter.save()
        if chosen:
            painter.fillRect(room, QColor(tokens.accent))
        inner = room.adjusted(theme.px(12), 0, -theme.px(12), 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(tokens.on_accent if chosen else tokens.text))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | middle, str(index.data()))
        keys, place = readable(str(index.data(KEYS_ROLE))), str(index.data(PLACE_ROLE))
        painter.setPen(QColor(tokens.on_accent if chosen else tokens.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | middle, keys or place)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.px(200), theme.px(ROW))


class PaletteDialog(QDialog):
    """Type, choose with the arrow keys, Enter. The command runs after the palette has closed."""

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Commands"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.room(self, SIZE.width(), SIZE.height()))
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(tr("What do you want to do?"))
        self.field.setAccessibleName(tr("Find a command"))
        self.field.installEventFilter(self)
        self.model = CommandsModel(commands, self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_CommandDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the field its focus
        self.list.setAccessibleName(tr("Commands"))
        self._nothing = QLabel(tr("Nothing fits. Esc closes."), self)
        self._nothing.setObjectName("muted")
        self._nothing.hide()
        self.field.textChanged.connect(self._narrow)
        self.field.returnPressed.connect(self._run)
        self.list.clicked.connect(lambda _: self._run())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(14)] * 4)
        layout.setSpacing(theme.px(10))
        for part in (self.field, self._nothing, self.list):
            layout.addWidget(part)
        self._narrow("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in MOVING:
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _narrow(self, query: str) -> None:
        self.model.narrow(query)
        self.list.setCurrentIndex(self.model.index(0, 0))
        self._nothing.setVisible(self.model.rowCount() == 0)

    def _run(self) -> None:
        command = self.model.command(self.list.currentIndex().row())
        if command is not None:
            self.accept()
            command.act()
