"""The sheet of keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QVBoxLayout, QWidget

COLUMNS = 2


class KeysDialog(QDialog):
    """All keys with what they do, as they are bound now."""

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel("Keys", self)
        heading.setObjectName("title")
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(8)
        rows = -(-len(keys) // COLUMNS)
        for number, (key, words) in enumerate(keys):
            pill = QLabel(key, self)
            pill.setObjectName("pill")
            column = number // rows * 2
            grid.addWidget(pill, number % rows, column, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(QLabel(words, self), number % rows, column + 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 20, 28, 24)
        layout.setSpacing(16)
        layout.addWidget(heading)
        layout.addLayout(grid)
