"""By which model everybody is described again: one of the case, one that came with the program, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.networks import EMBEDDERS, Offer, named
from app.widgets.dressed import cancel_or, paragraph
from app.widgets.network_list import NetworkList
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
        self.file, self._own = QLineEdit(self), QRadioButton(tr("File"), self)
        self.file.setPlaceholderText(tr("A model file, or a folder with an OpenVINO export"))
        self.file.setAccessibleName(tr("File"))
        heading, words = QLabel(tr("Describe everybody again"), self), QLabel(self._what(), self)
        heading.setObjectName("title")
        words.setWordWrap(True)
        self._problem = paragraph("", "muted", self)
        buttons, self.use = cancel_or(self, tr("Describe everybody"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(12))
        for part in (heading, words):
            layout.addWidget(part)
        found = self._list()
        self.choices = found.choices
        layout.addWidget(found, 1)
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

    def _list(self) -> NetworkList:
        found = NetworkList(self)
        group = QButtonGroup(self)
        found.head(tr("In this case"))
        for model in self._known:
            useful = not model.in_force or model.described < model.tracklets
            gone = not Path(model.path).is_absolute() or not Path(model.path).exists()
            name, words = self._name(model), _state(model, gone=gone)
            row = found.offer(Path(str(model.model)), name, words, group, self._choose)
            row.setEnabled(useful and not gone)
            row.setToolTip(f"{model.model}\n{model.path}".strip())
        used = {Path(model.path) for model in self._known}
        new = [offer for offer in self._offers if offer.path not in used]
        if new:
            found.head(tr("Came with the program"))
        for offer in new:
            found.offer(offer.path, offer.shown, offer.line, group, self._choose)
        found.head(tr("Of your own"))
        group.addButton(self._own)
        self._own.toggled.connect(self._check)
        self.file.textChanged.connect(lambda: self._own.setChecked(True))
        self.file.textChanged.connect(self._check)
        found.file(self._own, self.file, tr(EMBEDDERS))
        return found

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
