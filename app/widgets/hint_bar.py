"""One line that says what to do next, for somebody who is here for the first time."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app import theme
from app.words import tr


class HintBar(QWidget):
    """``shown``: whether there is anything to tell; ``dismissed``: nobody wants to be told any more."""

    shown = Signal(bool)
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel(self)
        self._words.setObjectName("hint")
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        away = QPushButton(tr("Hide hints"), self)
        away.setObjectName("quiet")
        away.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(10), 0, theme.px(4), 0)
        row.addWidget(self._words, 1)
        row.addWidget(away)

    @property
    def words(self) -> str:
        """What is told now; empty when nothing is."""
        return self._words.text()

    def tell(self, words: str) -> None:
        """Say this, or nothing."""
        self._words.setText(words)
        self.shown.emit(bool(words))

    def hide(self) -> None:
        self.tell("")

    def _dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()
