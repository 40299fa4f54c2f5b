"""The first thing one sees: make a case, or open one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme

MOST_RECENT = 8


class WelcomePane(QWidget):
    """New case, open case, recent cases."""

    new = Signal()
    browse = Signal()
    opened = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel("Where else was this person?", self)
        title.setObjectName("title")
        words = QLabel("A case keeps footage, decisions and evidence together and is deleted as one.", self)
        words.setObjectName("muted")
        new = QPushButton(theme.icon("add", "on_accent"), " New case", self)
        new.setObjectName("primary")
        new.setMinimumHeight(36)
        new.clicked.connect(self.new)
        browse = QPushButton(theme.icon("folder"), " Open case …", self)
        browse.setMinimumHeight(36)
        browse.clicked.connect(self.browse)
        buttons = QHBoxLayout()
        buttons.addWidget(new)
        buttons.addWidget(browse)
        buttons.addStretch(1)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        hint = QLabel("This program makes no network connection. Nothing leaves this computer.", self)
        hint.setObjectName("muted")
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addStretch(3)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(12)
        column.addLayout(buttons)
        column.addSpacing(18)
        column.addLayout(self._recent)
        column.addStretch(4)
        column.addWidget(hint)
        inner = QWidget(self)
        inner.setLayout(column)
        inner.setFixedWidth(560)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(inner)
        row.addStretch(1)

    def show_recent(self, cases: Sequence[tuple[Path, str]]) -> None:
        """The cases opened last, each with its purpose; a missing one is shown, but cannot be opened."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        if cases:
            heading = QLabel("Recent cases", self)
            heading.setObjectName("heading")
            self._recent.addWidget(heading)
        for path, purpose in cases[:MOST_RECENT]:
            self._recent.addWidget(self._entry(path, purpose))

    def _entry(self, path: Path, purpose: str) -> QPushButton:
        there = path.is_dir()
        words = purpose if there else "the folder is not there: is a drive missing?"
        button = QPushButton(theme.icon("case"), f"  {path.name}     {words}", self)
        button.setIconSize(QSize(18, 18))
        button.setStyleSheet("text-align: left; padding: 8px 12px;")
        button.setToolTip(str(path))
        button.setEnabled(there)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.opened.emit(path))
        return button
