"""Which networks find and describe people: those that came with the program by name, or files of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.networks import EMBEDDERS, Networks, Offer
from app.widgets.dressed import cancel_or, paragraph
from app.widgets.network_list import NetworkList
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
        heading = QLabel(tr("Networks"), self)
        heading.setObjectName("title")
        words = paragraph(tr(BUNDLED if offers else NOTHING_BUNDLED), "muted", self)
        self.detector = QLineEdit("" if networks.detector is None else str(networks.detector), self)
        self.embedder = QLineEdit("" if networks.embedder is None else str(networks.embedder), self)
        found = self._lists(offers)
        self.choices = found.choices
        self._problem = paragraph("", "muted", self)
        self._buttons, self._use = cancel_or(self, tr("Use these"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(12))
        layout.addWidget(heading)
        layout.addWidget(words)
        layout.addWidget(found, 1)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self._check()

    @property
    def chosen(self) -> Networks:
        """The two files as they are chosen now."""
        paths = [Path(field.text()).expanduser() if field.text() else None for field in (self.detector, self.embedder)]
        return Networks(*paths)

    def _lists(self, offers: Sequence[Offer]) -> NetworkList:
        found = NetworkList(self)
        roles = ((tr("Person detector"), self.detector, DETECTORS), (tr("Re-identification"), self.embedder, EMBEDDERS))
        for place, (title, field, filters) in enumerate(roles):
            group = QButtonGroup(self)
            found.head(title)
            for offer in offers:
                if offer.finds_people == (place == 0):
                    self._offer(found, offer, group, field)
            field.textChanged.connect(self._check)
            field.setAccessibleName(title)
            found.file(QLabel(tr("File"), self), field, tr(filters))
        return found

    def _offer(self, found: NetworkList, offer: Offer, group: QButtonGroup, field: QLineEdit) -> None:
        button = found.offer(offer.path, offer.shown, offer.line, group, lambda path: field.setText(str(path)))
        button.setChecked(field.text() == str(offer.path))

    def _check(self) -> None:
        problem = self.chosen.problem
        self._problem.setText(problem)
        self._use.setEnabled(not problem)
