"""Which networks find and describe people: two files on this computer, chosen once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.networks import Networks

DETECTORS = "YOLO weights (*.pt *.onnx *.xml *.json);;All files (*)"
EMBEDDERS = "Re-identification networks (*.safetensors *.onnx *.xml);;All files (*)"


class NetworksDialog(QDialog):
    """Asks for the two files; ``chosen`` holds the answer."""

    def __init__(self, networks: Networks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Networks")
        self.setMinimumWidth(620)
        heading = QLabel("Networks", self)
        heading.setObjectName("title")
        words = QLabel(
            "A detector finds people, a re-identification network describes how they look. Both are files on this "
            "computer; the case records which were used, by their content.",
            self,
        )
        words.setObjectName("muted")
        words.setWordWrap(True)
        self.detector = QLineEdit("" if networks.detector is None else str(networks.detector), self)
        self.embedder = QLineEdit("" if networks.embedder is None else str(networks.embedder), self)
        grid = QGridLayout()
        grid.setSpacing(10)
        self._row(grid, 0, "Person detector", self.detector, DETECTORS)
        self._row(grid, 1, "Re-identification", self.embedder, EMBEDDERS)
        self._problem = QLabel(self)
        self._problem.setObjectName("muted")
        self._problem.setWordWrap(True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._use = self._buttons.addButton("Use these", QDialogButtonBox.ButtonRole.AcceptRole)
        theme.primary(self._use)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(14)
        for part in (heading, words):
            layout.addWidget(part)
        layout.addLayout(grid)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self._check()

    @property
    def chosen(self) -> Networks:
        """The two files as they are typed now."""
        paths = [Path(field.text()).expanduser() if field.text() else None for field in (self.detector, self.embedder)]
        return Networks(*paths)

    def _row(self, grid: QGridLayout, row: int, words: str, field: QLineEdit, filters: str) -> None:
        browse = QPushButton("File …", self)
        browse.clicked.connect(lambda: self._browse(field, filters))
        folder = QPushButton("Folder …", self)
        folder.setToolTip("An OpenVINO export is a folder")
        folder.clicked.connect(lambda: self._browse_folder(field))
        field.textChanged.connect(self._check)
        field.setAccessibleName(words)
        for column, part in enumerate((QLabel(words, self), field, browse, folder)):
            grid.addWidget(part, row, column)

    def _browse(self, field: QLineEdit, filters: str) -> None:
        found, _ = QFileDialog.getOpenFileName(self, "Choose a network", field.text(), filters)
        if found:
            field.setText(found)

    def _browse_folder(self, field: QLineEdit) -> None:
        found = QFileDialog.getExistingDirectory(self, "Choose a network", field.text())
        if found:
            field.setText(found)

    def _check(self) -> None:
        problem = self.chosen.problem
        self._problem.setText(problem)
        self._use.setEnabled(not problem)
