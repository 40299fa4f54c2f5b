"""Cells of the recordings: what is typed counts for all selected rows; what is refused stays until it is mended."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimeZone
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QCompleter,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.item_models.recordings import RecordingsModel

ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)


class TypedDelegate(QStyledItemDelegate):
    """An editor that asks the model while somebody types; its view is the parent."""

    def __init__(self, model: RecordingsModel, view: QTableView) -> None:
        super().__init__(view)
        self._model, self._view = model, view
        self._edited = QPersistentModelIndex()
        self.closeEditor.connect(self._closed)

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        field = QLineEdit(parent)
        field.setFrame(False)
        self._edited = QPersistentModelIndex(index)
        field.textEdited.connect(lambda text: None if self._refusal(text) else self._model.refused.emit(""))
        return field

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """A key that would end the typing does not while the text is refused."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in ENDS:
            words = self._refusal(editor.text()) if isinstance(editor, QLineEdit) else ""
            if words:
                self._model.refused.emit(words)
                return True
        return super().eventFilter(editor, event)

    def setModelData(
        self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        text = editor.text() if isinstance(editor, QLineEdit) else ""
        if text == index.data(Qt.ItemDataRole.EditRole):
            return
        chosen = sorted({one.row() for one in self._view.selectionModel().selectedRows()})
        for row in chosen if index.row() in chosen else [index.row()]:
            cell = model.index(row, index.column())
            if model.flags(cell) & Qt.ItemFlag.ItemIsEditable and not model.setData(cell, text):
                return  # one sentence is enough

    def _refusal(self, text: str) -> str:
        return self._model.refusal(self._edited, text) if self._edited.isValid() else ""

    def _closed(self, _: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        if hint == QAbstractItemDelegate.EndEditHint.RevertModelCache:
            self._model.refused.emit("")


class ZoneDelegate(TypedDelegate):
    """Offers the IANA zones while somebody types."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        field = super().createEditor(parent, option, index)
        assert isinstance(field, QLineEdit)
        zones = [bytes(name.data()).decode() for name in QTimeZone.availableTimeZoneIds()]
        completer = QCompleter([zone for zone in zones if "/" in zone or zone == "UTC"], field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        field.setCompleter(completer)
        return field
