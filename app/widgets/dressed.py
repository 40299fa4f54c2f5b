"""Paragraphs, buttons, tables and what scrolls, as panes and dialogs have them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from PySide6.QtCore import QAbstractItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableView,
    QWidget,
)

from app import theme

Role: TypeAlias = Literal["muted", "warning", "danger"]  # the theme's sheet knows them


def paragraph(words: str, role: Role, parent: QWidget) -> QLabel:
    """Words on as many lines as they need."""
    made = QLabel(words, parent)
    made.setObjectName(role)
    made.setWordWrap(True)
    return made


def cancel_or(dialog: QDialog, words: str) -> tuple[QDialogButtonBox, QPushButton]:
    """A row of Cancel and the button that accepts, and that button."""
    row = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, dialog)
    accepting = row.addButton(words, QDialogButtonBox.ButtonRole.AcceptRole)
    theme.primary(accepting)
    row.accepted.connect(dialog.accept)
    row.rejected.connect(dialog.reject)
    return row, accepting


def table(model: QAbstractItemModel, name: str, height: int, parent: QWidget) -> QTableView:
    """Rows of one height, of which one is chosen; no Tab stays inside."""
    made = QTableView(parent)
    made.setModel(model)
    made.setAccessibleName(name)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setShowGrid(False)
    made.setTabKeyNavigation(False)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(theme.px(height))
    return made


def scrolled(inner: QWidget, parent: QWidget) -> QScrollArea:
    """A widget that scrolls where there is too little room, as wide as there is."""
    area = QScrollArea(parent)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(inner)
    return area
