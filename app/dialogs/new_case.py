"""A new case: where it lies, and what it is for."""

from __future__ import annotations

import re
from errno import ENAMETOOLONG
from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.dressed import cancel_or, paragraph
from app.words import shortened, tr


class NewCaseDialog(QDialog):
    """Asks for name, folder and purpose; ``folder`` and ``purpose`` hold the answers."""

    def __init__(self, home: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("New case"))
        self.setMinimumWidth(theme.px(560))
        heading = QLabel(tr("New case"), self)
        heading.setObjectName("title")
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(tr("2026-014 Station theft"))
        self.home = QLineEdit(shortened(home), self)
        browse = QPushButton(tr("Browse …"), self)
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.addWidget(self.home, 1)
        place.addWidget(browse)
        self._purpose = QPlainTextEdit(self)
        self._purpose.setPlaceholderText(tr("Why is this footage searched, and on whose authority?"))
        self._purpose.setTabChangesFocus(True)
        self._purpose.setFixedHeight(theme.px(84))
        self._problem = paragraph("", "muted", self)
        form = QFormLayout()
        form.setSpacing(10)
        form.addRow(tr("Name"), self.name)
        form.addRow(tr("In folder"), place)
        form.addRow(tr("Purpose"), self._purpose)
        self.home.setAccessibleName(tr("In folder"))  # the row holds a button too, so that its label names neither
        self._buttons, self._make = cancel_or(self, tr("Make case"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(14)
        layout.addWidget(heading)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        for changed in (self.name.textChanged, self.home.textChanged, self._purpose.textChanged):
            changed.connect(self._check)
        self._check()

    @property
    def folder(self) -> Path:
        """The case folder."""
        return Path(self.home.text()).expanduser() / folder_name(self.name.text())

    @property
    def purpose(self) -> str:
        """What the case is for."""
        return self._purpose.toPlainText().strip()

    def set_purpose(self, text: str) -> None:
        """Fill the purpose in."""
        self._purpose.setPlainText(text)

    def accept(self) -> None:
        """Only if a folder can be made there: what was typed is not lost to one that cannot."""
        try:
            self.folder.mkdir(parents=True)
            self.folder.rmdir()  # the case makes its own
        except OSError as error:
            self._problem.setText(_cannot(self.folder, error))
            return
        super().accept()

    def _browse(self) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("Keep the case in"), self.home.text())
        if found:
            self.home.setText(found)

    def _check(self) -> None:
        named, problem = bool(folder_name(self.name.text()) and self.purpose), ""
        try:
            free = not self.folder.exists()
        except OSError as error:
            free, problem = False, _cannot(self.folder, error)
        place = shortened(self.folder)
        if problem:
            words = problem
        elif not named:
            words = tr("A case needs a name and a purpose; both are printed on everything it exports.")
        elif not free:
            words = tr("There is already something at {place}: choose another name.").format(place=place)
        else:
            words = tr("The case will lie in {place}").format(place=place)
        self._problem.setText(words)
        self._make.setEnabled(named and free)


def _cannot(folder: Path, error: OSError) -> str:
    if error.errno == ENAMETOOLONG:
        return tr("The name is too long for a folder: choose a shorter one.")
    words = tr("No folder can be made in {place} ({why}): choose another one.")
    return words.format(place=shortened(folder.parent), why=error.strerror)


def folder_name(name: str) -> str:
    """A case's name as a folder: without what file systems refuse."""
    return re.sub(r"[\\/:*?\"<>|\x00-\x1f]+", "-", name).strip(" .")
