"""Pairs of cameras: apart, overlapping or unknown, and how long a walk takes."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.item_models.links import CAMERAS, LEARNED, RELATION, RELATIONS, LinksModel
from app.widgets.dressed import paragraph
from app.words import Later, tr

WORDS = Later(
    "Mark cameras <b>apart</b> where nobody can be in both at once: then two places at once, and walks faster than the "
    "least time, are flagged with both pictures. They stay in the list: a clock is off more often than a person is in "
    "two places. <b>Overlapping</b> cameras see the same place."
)


class RelationDelegate(QStyledItemDelegate):
    """A choice of three instead of a field of text."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        box = QComboBox(parent)
        box.addItems(list(RELATIONS))
        box.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole)))
        box.activated.connect(lambda _: self.commitData.emit(box))
        return box


class LinksDialog(QDialog):
    """The table of all pairs; what is changed is written at once."""

    def __init__(self, model: LinksModel, row: int | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Links between cameras"))
        self.resize(theme.room(self, 980, 460))
        words = QLabel(tr(WORDS), self)
        words.setWordWrap(True)
        self.table = QTableView(self)
        self.table.setModel(model)
        self.table.setItemDelegateForColumn(RELATION, RelationDelegate(self.table))
        self.table.verticalHeader().hide()
        self.table.setWordWrap(False)
        self.table.setAlternatingRowColors(True)
        self.table.setAccessibleName(tr("Pairs of cameras"))
        self.table.setEditTriggers(QTableView.EditTrigger.AllEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CAMERAS, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(LEARNED, QHeaderView.ResizeMode.Stretch)
        self._trouble = paragraph("", "danger", self)
        model.refused.connect(self._trouble.setText)
        model.changed.connect(lambda _: self._trouble.setText(""))
        closing = QPushButton(tr("Close"), self)
        closing.setAutoDefault(False)
        closing.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self._trouble, 1)
        foot.addWidget(closing)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)
        if row is not None:
            self.table.setCurrentIndex(model.index(row, RELATION))
