"""The sheet of keys, where they may be bound anew."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.actions import Binding
from app.item_models.keys import KEYS, MENU, WORDS, KeysModel
from app.widgets.dressed import paragraph, table
from app.words import tr


class _KeysDelegate(QStyledItemDelegate):
    """A cell that takes the next keys that are pressed."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        editor = QKeySequenceEdit(parent)
        editor.setMaximumSequenceLength(1)
        editor.setClearButtonEnabled(True)
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        return None  # it begins empty: what is pressed next counts

    def setModelData(self, editor: QWidget, model: object, index: QModelIndex | QPersistentModelIndex) -> None:
        if isinstance(editor, QKeySequenceEdit) and not editor.keySequence().isEmpty():
            text = editor.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
            index.model().setData(index, text)


class KeysDialog(QDialog):
    """All keys with what they do, as they are bound now. ``bound``: the keys that differ from the program's own."""

    bound = Signal(dict)

    def __init__(self, bindings: Sequence[Binding], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.room(self, 620, 680))
        heading = QLabel(tr("Keys"), self)
        heading.setObjectName("title")
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(tr("Find an action or a key"))
        self.field.setAccessibleName(tr("Find an action or a key"))
        self.field.setClearButtonEnabled(True)
        self.model = KeysModel(bindings, self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self.model)
        self._proxy.setFilterKeyColumn(-1)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.field.textChanged.connect(self._proxy.setFilterFixedString)
        self.table = self._make_table()
        self._said = paragraph(tr("Double-click a key, or press F2, to bind it anew."), "muted", self)
        self.model.refused.connect(self._refuse)
        self.model.bound.connect(self.bound)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(12))
        for part in (heading, self.field, self.table, self._said):
            layout.addWidget(part)
        layout.addLayout(self._buttons())

    def _refuse(self, words: str) -> None:
        self._said.setText(words)
        self._said.setObjectName("warning")
        self._said.style().polish(self._said)

    def _buttons(self) -> QHBoxLayout:
        one = QPushButton(tr("Default for this one"), self)
        one.clicked.connect(lambda: self.model.reset(self._proxy.mapToSource(self.table.currentIndex()).row()))
        every = QPushButton(tr("All defaults"), self)
        every.clicked.connect(lambda: self.model.reset())
        close = QPushButton(tr("Close"), self)
        close.clicked.connect(self.accept)
        for button in (one, every):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(one)
        row.addWidget(every)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def _make_table(self) -> QTableView:
        made = table(self._proxy, tr("Keys"), 28, self)
        made.setItemDelegateForColumn(KEYS, _KeysDelegate(made))
        made.setAlternatingRowColors(True)
        made.horizontalHeader().setSectionResizeMode(WORDS, QHeaderView.ResizeMode.Stretch)
        made.setColumnWidth(MENU, theme.px(100))
        made.setColumnWidth(KEYS, theme.px(190))
        return made
