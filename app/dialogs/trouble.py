"""The one error dialog: what happened, why, what was kept, what to do now."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from types import MappingProxyType

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.explain import explain, sentence
from app.words import tr

NO_WAYS: Mapping[str, Callable[[], object]] = MappingProxyType({})


class TroubleDialog(QDialog):
    """Shows one error; opened without blocking the window. ways: what can be done at once, by the words of a button"""

    def __init__(
        self, error: Exception, parent: QWidget | None = None, ways: Mapping[str, Callable[[], object]] = NO_WAYS
    ) -> None:
        super().__init__(parent)
        self._error = error
        self._ways = ways
        words = explain(error)
        self.setWindowTitle(tr(words.heading))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(theme.px(520))
        heading = QLabel(tr(words.heading), self)
        heading.setObjectName("title")
        mark = QLabel(self)
        mark.setPixmap(theme.icon("warning", "warning").pixmap(36, 36))
        top = QHBoxLayout()
        top.addWidget(mark)
        top.addWidget(heading, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        parts = QGridLayout()
        parts.setVerticalSpacing(theme.px(10))
        parts.setHorizontalSpacing(theme.px(16))
        parts.setColumnStretch(1, 1)
        told = ((tr("Why"), sentence(error)), (tr("Kept"), tr(words.kept)), (tr("Now"), tr(words.advice)))
        for row, (name, part) in enumerate(told):
            heading, label = QLabel(name, self), QLabel(part, self)
            heading.setObjectName("muted")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
            parts.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
            parts.addWidget(label, row, 1)
        layout.addLayout(parts)
        layout.addSpacing(8)
        layout.addWidget(self._buttons())

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        report = QPushButton(tr("Copy report"), box)
        report.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report()))
        box.addButton(report, QDialogButtonBox.ButtonRole.ActionRole)
        for words, act in self._ways.items():
            button = box.addButton(words, QDialogButtonBox.ButtonRole.ActionRole)
            button.clicked.connect(self.accept)
            button.clicked.connect(lambda _=False, act=act: act())
        box.rejected.connect(self.reject)
        box.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        box.button(QDialogButtonBox.StandardButton.Close).setFocus()
        return box

    def report(self) -> str:
        """The error with its place in the program, for the makers."""
        return "".join(traceback.format_exception(self._error))
