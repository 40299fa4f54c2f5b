"""Which networks find and describe people: those that came with the program by name, or files of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
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
from app.networks import EMBEDDERS, Networks, Offer
from app.words import Later, tr

DETECTORS = Later("YOLO weights (*.pt *.onnx *.xml *.json);;All files (*)")
NOTHING_BUNDLED = Later(
    "No networks came with this program. Bring a person detector (YOLO weights: .pt, .onnx or an OpenVINO folder) and "
    "a re-identification network (.onnx or OpenVINO .xml, with a card beside it): both are files on this computer."
)
BUNDLED = Later(
    "The default is the pair that was measured best on this program's own tests; each card says how. Every analysis "
    "records which networks were used, by their content. Tracks of different networks are never compared."
)


class NetworksDialog(QDialog):
    """Asks for a detector and a model; ``chosen`` holds the answer."""

    def __init__(self, networks: Networks, offers: Sequence[Offer] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Networks"))
        self.setMinimumWidth(theme.px(700))
        self.resize(theme.room(self, 760, 580))
        heading, words = QLabel(tr("Networks"), self), QLabel(tr(BUNDLED if offers else NOTHING_BUNDLED), self)
        heading.setObjectName("title")
        words.setObjectName("muted")
        words.setWordWrap(True)
        self.detector = QLineEdit("" if networks.detector is None else str(networks.detector), self)
        self.embedder = QLineEdit("" if networks.embedder is None else str(networks.embedder), self)
        self.choices: dict[Path, QRadioButton] = {}
        self._problem = QLabel(self)
        self._problem.setObjectName("muted")
        self._problem.setWordWrap(True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._use = self._buttons.addButton(tr("Use these"), QDialogButtonBox.ButtonRole.AcceptRole)
        theme.primary(self._use)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(12))
        layout.addWidget(heading)
        layout.addWidget(words)
        layout.addWidget(self._lists(offers), 1)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self._check()

    @property
    def chosen(self) -> Networks:
        """The two files as they are chosen now."""
        paths = [Path(field.text()).expanduser() if field.text() else None for field in (self.detector, self.embedder)]
        return Networks(*paths)

    def _lists(self, offers: Sequence[Offer]) -> QWidget:
        page = QFrame(self)
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, theme.px(8), 0)
        grid.setVerticalSpacing(theme.px(8))
        grid.setHorizontalSpacing(theme.px(10))
        grid.setColumnStretch(1, 1)
        roles = ((tr("Person detector"), self.detector, DETECTORS), (tr("Re-identification"), self.embedder, EMBEDDERS))
        for place, (title, field, filters) in enumerate(roles):
            mine = [offer for offer in offers if offer.finds_people == (place == 0)]
            name = QLabel(title, page)
            name.setObjectName("heading")
            grid.addWidget(name, grid.rowCount(), 0, 1, 4)
            group = QButtonGroup(self)
            for offer in mine:
                self._offer(grid, offer, field, group)
            self._file(grid, title, field, tr(filters))
        grid.setRowStretch(grid.rowCount(), 1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(page)
        area.setMinimumHeight(theme.px(160))
        return area

    def _offer(self, grid: QGridLayout, offer: Offer, field: QLineEdit, group: QButtonGroup) -> None:
        button = QRadioButton(offer.shown, self)
        button.setChecked(field.text() == str(offer.path))
        button.setAccessibleDescription(offer.line)
        button.toggled.connect(lambda on: field.setText(str(offer.path)) if on else None)
        group.addButton(button)
        self.choices[offer.path] = button
        line = QLabel(offer.line or tr("Its card says nothing about it."), self)
        line.setObjectName("muted")
        line.setWordWrap(True)
        row = grid.rowCount()
        grid.addWidget(button, row, 0)
        grid.addWidget(line, row, 1, 1, 3)

    def _file(self, grid: QGridLayout, words: str, field: QLineEdit, filters: str) -> None:
        browse = QPushButton(tr("File …"), self)
        browse.clicked.connect(lambda: self._browse(field, filters))
        folder = QPushButton(tr("Folder …"), self)
        folder.setToolTip(tr("An OpenVINO export is a folder"))
        folder.clicked.connect(lambda: self._browse_folder(field))
        field.textChanged.connect(self._check)
        field.setAccessibleName(words)
        row = grid.rowCount()
        for column, part in enumerate((QLabel(tr("File"), self), field, browse, folder)):
            grid.addWidget(part, row, column)

    def _browse(self, field: QLineEdit, filters: str) -> None:
        found, _ = QFileDialog.getOpenFileName(self, tr("Choose a network"), field.text(), filters)
        if found:
            field.setText(found)

    def _browse_folder(self, field: QLineEdit) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("Choose a network"), field.text())
        if found:
            field.setText(found)

    def _check(self) -> None:
        problem = self.chosen.problem
        self._problem.setText(problem)
        self._use.setEnabled(not problem)
