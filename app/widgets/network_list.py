"""Networks to choose from: a row for each that is known, with what its card says, and one for a file of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.dressed import paragraph
from app.words import tr


class NetworkList(QScrollArea):
    """Headings and rows, from the top; one of a group is chosen. choices: the buttons of known networks"""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.choices: dict[Path, QRadioButton] = {}
        page = QFrame(self)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(theme.px(8))
        self._grid.setHorizontalSpacing(theme.px(14))
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(*(theme.px(side) for side in (14, 8, 14, 12)))
        layout.addLayout(self._grid)
        layout.addStretch(1)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(page)
        self.setMinimumHeight(theme.px(160))

    def head(self, words: str) -> None:
        """What the rows below it are."""
        title = QLabel(words, self)
        title.setObjectName("heading")
        title.setContentsMargins(0, theme.px(6), 0, 0)
        self._grid.addWidget(title, self._grid.rowCount(), 0, 1, 4)

    def offer(
        self, path: Path, name: str, words: str, group: QButtonGroup, choose: Callable[[Path], object]
    ) -> QRadioButton:
        """One network by its name, with what is known of it."""
        words = words or tr("Its card says nothing about it.")
        button = QRadioButton(name, self)
        button.setAccessibleDescription(words)
        button.toggled.connect(lambda on: choose(path) if on else None)
        group.addButton(button)
        self.choices[path] = button
        row = self._grid.rowCount()
        self._grid.addWidget(button, row, 0)
        self._grid.addWidget(paragraph(words, "muted", self), row, 1, 1, 3)
        return button

    def file(self, name: QWidget, field: QLineEdit, filters: str) -> None:
        """A file, or the folder of an OpenVINO export, to be typed or looked for."""

        def take(found: str) -> None:
            if found:
                field.setText(found)

        title = tr("Choose a network")
        browse, folder = QPushButton(tr("File …"), self), QPushButton(tr("Folder …"), self)
        browse.clicked.connect(lambda: take(QFileDialog.getOpenFileName(self, title, field.text(), filters)[0]))
        folder.clicked.connect(lambda: take(QFileDialog.getExistingDirectory(self, title, field.text())))
        folder.setToolTip(tr("An OpenVINO export is a folder"))
        row = self._grid.rowCount()
        for column, part in enumerate((name, field, browse, folder)):
            self._grid.addWidget(part, row, column)
