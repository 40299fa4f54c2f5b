"""A cell for a time zone: typed with a list of all zones that match."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimeZone
from PySide6.QtWidgets import QCompleter, QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget


class ZoneDelegate(QStyledItemDelegate):
    """Offers the IANA zones while somebody types."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        field = QLineEdit(parent)
        zones = [bytes(name.data()).decode() for name in QTimeZone.availableTimeZoneIds()]
        completer = QCompleter([zone for zone in zones if "/" in zone or zone == "UTC"], field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        field.setCompleter(completer)
        return field
