"""The first thing one sees: make a case, open one, or try the demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.widgets.dressed import paragraph
from app.words import tr

MOST_RECENT = 8
WIDTH = 640


class WelcomePane(QWidget):
    """New case, open case, the demonstration, recent cases."""

    new = Signal()
    browse = Signal()
    demo = Signal()
    opened = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title, words = QLabel(tr("Where else was this person?"), self), QLabel(self)
        title.setObjectName("banner")
        words.setText(tr("A case keeps what was found and decided in one folder. Recordings stay where they are."))
        words.setObjectName("muted")
        words.setWordWrap(True)
        new = self._button("add", tr("New case"), self.new)
        theme.primary(new)
        browse = self._button("folder", tr("Open case …"), self.browse)
        self._demo = self._button("play", tr("Open the demo"), self.demo)
        self._demo.setToolTip(tr("Four made-up cameras: the first match in two minutes"))
        buttons = QHBoxLayout()
        for button in (new, browse, self._demo):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(theme.px(6))
        hint = paragraph(tr("This program makes no network connection. Nothing leaves this computer."), "muted", self)
        column = QVBoxLayout()
        column.setSpacing(theme.px(10))
        column.addStretch(3)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(theme.px(14))
        column.addLayout(buttons)
        column.addSpacing(theme.px(22))
        column.addLayout(self._recent)
        column.addStretch(4)
        column.addWidget(hint)
        inner = QWidget(self)
        inner.setLayout(column)
        inner.setMaximumWidth(theme.px(WIDTH))
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        row = QHBoxLayout(self)
        row.setContentsMargins(*[theme.px(20)] * 4)
        row.addStretch(1)
        row.addWidget(inner, 4)
        row.addStretch(1)

    def offer_demo(self, there: bool) -> None:
        """Show the button of the demonstration where its footage came with the program."""
        self._demo.setVisible(there)

    def show_recent(self, cases: Sequence[tuple[Path, str]]) -> None:
        """The cases opened last, each with its purpose; a missing one is shown, but cannot be opened."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        if cases:
            heading = QLabel(tr("Recent cases"), self)
            heading.setObjectName("heading")
            self._recent.addWidget(heading)
        for path, purpose in cases[:MOST_RECENT]:
            self._recent.addWidget(self._entry(path, purpose))

    def _entry(self, path: Path, purpose: str) -> QPushButton:
        there = path.is_dir()
        words = purpose if there else tr("the folder is not there: is a drive missing?")
        button = QPushButton(theme.icon("case"), f"  {path.name}", self)
        button.setObjectName("entry")
        button.setAccessibleName(path.name)
        button.setAccessibleDescription(words)
        button.setToolTip(str(path))
        button.setEnabled(there)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.opened.emit(path))
        told = QLabel(words, button)
        told.setObjectName("muted")
        told.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(button)
        row.setContentsMargins(button.sizeHint().width(), 0, theme.px(12), 0)
        row.addWidget(told)
        return button

    def _button(self, icon: str, words: str, signal: object) -> QPushButton:
        button = QPushButton(theme.icon(icon, "on_accent" if icon == "add" else "text"), f" {words}", self)
        button.setMinimumHeight(theme.px(38))
        button.clicked.connect(signal)
        return button
