"""By which model everybody is described again: one of the case, one that came with the program, or a file."""

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
from app.networks import EMBEDDERS, Offer, named
from app.words import Later, counted, tr
from reid_engine.store import KnownModel

WHAT = Later(
    "The kept pictures of {tracks} are given to another model; the recordings are not needed. Decisions, notes and "
    "journeys stay. Searches go by {model} until the last track is done, and by the new model from then on."
)


class DescribeDialog(QDialog):
    """Asks for a model; ``chosen`` holds the answer. known: at least one, the model in force first."""

    def __init__(
        self, known: Sequence[KnownModel], offers: Sequence[Offer] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Describe everybody again"))
        self.setMinimumWidth(theme.px(640))
        self.resize(theme.room(self, 740, 560))
        self._known = known
        self._offers = [offer for offer in offers if not offer.finds_people]
        self._chosen: Path | None = None
        self.choices: dict[Path, QRadioButton] = {}
        self.file = QLineEdit(self)
        self.file.setPlaceholderText(tr("A model file, or a folder with an OpenVINO export"))
        self.file.setAccessibleName(tr("File"))
        heading, words = QLabel(tr("Describe everybody again"), self), QLabel(self._what(), self)
        heading.setObjectName("title")
        words.setWordWrap(True)
        self._problem = QLabel(self)
        self._problem.setObjectName("muted")
        self._problem.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.use = buttons.addButton(tr("Describe everybody"), QDialogButtonBox.ButtonRole.AcceptRole)
        theme.primary(self.use)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(12))
        for part in (heading, words):
            layout.addWidget(part)
        layout.addWidget(self._models(), 1)
        layout.addWidget(self._problem)
        layout.addWidget(buttons)
        self._check()

    @property
    def chosen(self) -> Path | None:
        """As the command line takes it: a file, or the name of a model of the case. None while nothing is chosen."""
        if self._own.isChecked():
            return Path(self.file.text()).expanduser() if self.file.text() else None
        return self._chosen

    def _what(self) -> str:
        count = self._known[0].tracklets
        tracks = counted(count, tr("1 track"), tr("all {count} tracks"))
        return tr(WHAT).format(tracks=tracks, model=self._name(self._known[0]))

    def _name(self, model: KnownModel) -> str:
        """As its card does; by its full name where two have the same."""
        names = [named(Path(one.path), self._offers) for one in self._known]
        mine = named(Path(model.path), self._offers)
        return mine if mine and names.count(mine) == 1 else str(model.model)

    # the list ---------------------------------------------------------------------------------------------------------

    def _models(self) -> QWidget:
        page = QFrame(self)
        grid = QGridLayout(page)
        grid.setContentsMargins(*(theme.px(side) for side in (14, 8, 14, 12)))
        grid.setVerticalSpacing(theme.px(8))
        grid.setHorizontalSpacing(theme.px(14))
        grid.setColumnStretch(1, 1)
        self._group = QButtonGroup(self)
        self._head(grid, tr("In this case"))
        for model in self._known:
            useful = not model.in_force or model.described < model.tracklets
            gone = not Path(model.path).is_absolute() or not Path(model.path).exists()
            row = self._row(grid, self._name(model), _state(model, gone=gone), Path(str(model.model)))
            row.setEnabled(useful and not gone)
            row.setToolTip(f"{model.model}\n{model.path}".strip())
        used = {Path(model.path) for model in self._known}
        new = [offer for offer in self._offers if offer.path not in used]
        if new:
            self._head(grid, tr("Came with the program"))
        for offer in new:
            self._row(grid, offer.shown, offer.line or tr("Its card says nothing about it."), offer.path)
        self._head(grid, tr("Of your own"))
        self._file(grid)
        grid.setRowStretch(grid.rowCount(), 1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(page)
        area.setMinimumHeight(theme.px(160))
        return area

    def _head(self, grid: QGridLayout, words: str) -> None:
        title = QLabel(words, self)
        title.setObjectName("heading")
        title.setContentsMargins(0, theme.px(6), 0, 0)
        grid.addWidget(title, grid.rowCount(), 0, 1, 4)

    def _row(self, grid: QGridLayout, name: str, words: str, path: Path) -> QRadioButton:
        button, line = QRadioButton(name, self), QLabel(words, self)
        button.setAccessibleDescription(words)
        line.setObjectName("muted")
        line.setWordWrap(True)
        button.toggled.connect(lambda on: self._choose(path) if on else None)
        self._group.addButton(button)
        self.choices[path] = button
        row = grid.rowCount()
        grid.addWidget(button, row, 0)
        grid.addWidget(line, row, 1, 1, 3)
        return button

    def _file(self, grid: QGridLayout) -> None:
        self._own = QRadioButton(tr("File"), self)
        self._group.addButton(self._own)
        self._own.toggled.connect(self._check)
        self.file.textEdited.connect(lambda: self._own.setChecked(True))
        self.file.textChanged.connect(self._check)
        browse, folder = QPushButton(tr("File …"), self), QPushButton(tr("Folder …"), self)
        folder.setToolTip(tr("An OpenVINO export is a folder"))
        browse.clicked.connect(
            lambda: self._take(
                QFileDialog.getOpenFileName(self, tr("Choose a model"), self.file.text(), tr(EMBEDDERS))[0]
            )
        )
        folder.clicked.connect(
            lambda: self._take(QFileDialog.getExistingDirectory(self, tr("Choose a model"), self.file.text()))
        )
        row = grid.rowCount()
        for column, part in enumerate((self._own, self.file, browse, folder)):
            grid.addWidget(part, row, column)

    def _take(self, found: str) -> None:
        if found:
            self.file.setText(found)
            self._own.setChecked(True)

    def _choose(self, path: Path) -> None:
        self._chosen = path
        self._check()

    def _check(self) -> None:
        chosen, own = self.chosen, self._own.isChecked()
        there = chosen is not None and (not own or chosen.exists())
        self._problem.setText("" if there or not own or chosen is None else tr("There is no such file."))
        self.use.setEnabled(there)


def _state(model: KnownModel, *, gone: bool) -> str:
    """How far a model has come with the case, in words."""
    if model.in_force:
        return tr("In force: searches go by it now.")
    if gone:
        return tr("Its file is not at {path} any more.").format(path=model.path or "?")
    if model.described < model.tracklets:
        words = tr("{described} of {tracklets} tracks are described; the rest follows.")
        return words.format(described=model.described, tracklets=model.tracklets)
    return tr("It has described everybody: in force at once.")
