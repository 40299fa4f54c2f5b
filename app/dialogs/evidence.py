"""A journey handed on: what for, what of it and who is covered; and afterwards where it lies and its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.evidence import REDACTION_WORDS, REDACTIONS, WHOLE_WORDS
from app.widgets.dressed import cancel_or, paragraph, scrolled
from app.widgets.sighting_list import Offered, SightingList
from app.words import Later, counted, shortened, tr
from reid_engine.redaction import Redaction

MOST_S = 600.0
NUMBER_WORDS = Later(
    "Write the number down and tell it to the recipient by another way than the folder, on paper or by telephone: only "
    "the number shows that nobody has made the folder anew. It is in the record of the case too. The recipient runs "
    "verify.py in the folder, which needs no program of ours."
)
LOOK_WORDS = Later(
    "Look through every clip before it leaves the house. Whoever is seen there and should not be was not found by the "
    "detector: make another package, on the command line, with a box over them (reappear evidence --cover; the guide "
    "says how)."
)


@dataclass(frozen=True, slots=True)
class EvidenceWish:
    """What was asked for: the new folder, and the other words of ``reappear evidence``."""

    out: Path
    words: tuple[str, ...]


class EvidenceDialog(QDialog):
    """Asks; ``wish`` holds the answers. It can be accepted once a reason is written and a sighting is ticked.

    offered: the confirmed sightings; out: the folder that is proposed
    """

    def __init__(self, offered: Sequence[Offered], out: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Evidence"))
        self.resize(theme.room(self, 700, 900))
        heading = QLabel(tr("Evidence"), self)
        heading.setObjectName("title")
        before = sum(one.handed_on for one in offered)
        of = counted(len(offered), tr("1 confirmed sighting"), tr("{count} confirmed sightings"))
        known = counted(before, tr("1 of them was handed on before."), tr("{count} of them were handed on before."))
        words = tr("{sightings} as one folder: clips, stills, a report, and a manifest that shows any later change.")
        about = paragraph(" ".join([words.format(sightings=of), *([known] if before else [])]), "muted", self)
        self.before, self.after = self._seconds(tr("Seconds before")), self._seconds(tr("Seconds after"))
        self._asked_s = self.before.value(), self.after.value()
        self.skip = QCheckBox(tr("Leave out sightings whose recording is gone or was changed"), self)
        self.skip.setToolTip(tr("The report says which. Otherwise nothing is exported then."))
        self.choices = {mode: QRadioButton(tr(REDACTIONS[mode]), self) for mode in REDACTIONS}
        self._group = QButtonGroup(self)
        self.reason, self.recipient = QLineEdit(self), QLineEdit(self)
        self.reason.setPlaceholderText(tr("Why is it handed on, and on whose authority?"))
        self.recipient.setPlaceholderText(tr("To whom? May stay empty"))
        self.sightings = SightingList(offered, self)
        self.ticks = QPushButton(self)
        self.ticks.setAutoDefault(False)
        self.ticks.clicked.connect(lambda: self.sightings.tick_all(on=len(self.sightings.chosen) < len(offered)))
        self._chosen = paragraph("", "muted", self)
        self.place = QLineEdit(shortened(out), self)
        self.place.setAccessibleName(tr("New folder"))
        self._problem = paragraph("", "muted", self)
        self._buttons, self._make = cancel_or(self, tr("Export"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(theme.px(10))
        for part in (heading, about, self._asked(), self._problem, self._buttons):
            layout.addWidget(part)
        for field in (self.place, self.reason):
            field.textChanged.connect(self._check)
        self.sightings.ticked.connect(self._check)
        self._check()
        self.reason.setFocus()

    @property
    def redaction(self) -> Redaction:
        """Whom to cover."""
        return next((mode for mode, button in self.choices.items() if button.isChecked()), "others")

    @property
    def wish(self) -> EvidenceWish:
        """The answers."""
        words = [
            f"--before={self.before.value():g}",
            f"--after={self.after.value():g}",
            f"--redact={self.redaction}",
            f"--reason={self.reason.text().strip()}",
            f"--recipient={self.recipient.text().strip()}",
        ]
        chosen = self.sightings.chosen
        only = [] if len(chosen) == self.sightings.count() else [f"--only={number}" for number in chosen]
        return EvidenceWish(self._out, (*words, *only, *(["--skip-missing"] if self.skip.isChecked() else [])))

    @property
    def _out(self) -> Path:
        return Path(self.place.text().strip()).expanduser()

    def _seconds(self, name: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox(self)
        field.setRange(0.0, MOST_S)
        field.setDecimals(1)
        field.setValue(3.0)
        field.setSuffix(tr(" s"))
        field.setAccessibleName(name)
        return field

    def _asked(self) -> QScrollArea:
        """What is asked, to be scrolled where a screen is small or text large."""
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(*[theme.px(10)] * 4)
        column.setSpacing(theme.px(10))
        for box in (self._purpose(), self._which(), self._privacy(), self._what(), self._proof()):
            column.addWidget(box)
        column.addStretch(1)
        return scrolled(inside, self)

    def _purpose(self) -> QGroupBox:
        box = QGroupBox(tr("What for"), self)
        form = QFormLayout(box)
        form.addRow(tr("Reason"), self.reason)
        form.addRow(tr("For"), self.recipient)
        return box

    def _which(self) -> QGroupBox:
        box = QGroupBox(tr("Sightings"), self)
        row = QHBoxLayout()
        row.addWidget(self._chosen, 1)
        row.addWidget(self.ticks)
        column = QVBoxLayout(box)
        column.addWidget(self.sightings)
        column.addLayout(row)
        return box

    def _what(self) -> QGroupBox:
        box = QGroupBox(tr("Of each"), self)
        row = QHBoxLayout()
        for words, field in ((tr("Before each sighting"), self.before), (tr("after it"), self.after)):
            label = QLabel(words, box)
            label.setBuddy(field)
            row.addWidget(label)
            row.addWidget(field)
        row.addStretch(1)
        self._copies = paragraph("", "muted", self)
        column = QVBoxLayout(box)
        column.addLayout(row)
        self._alone = paragraph(
            tr("Shown alone, nothing of a picture is left where the person has no box: no seconds before and after."),
            "muted",
            self,
        )
        column.addWidget(self._alone)
        column.addWidget(self._copies)
        column.addWidget(self.skip)
        return box

    def _privacy(self) -> QGroupBox:
        box = QGroupBox(tr("Privacy"), self)
        column = QVBoxLayout(box)
        for mode, button in self.choices.items():
            said = paragraph(tr(REDACTION_WORDS[mode]), "muted", self)
            said.setContentsMargins(theme.px(24), 0, 0, theme.px(4))
            button.setAccessibleDescription(tr(REDACTION_WORDS[mode]))
            self._group.addButton(button)
            button.setChecked(mode == "others")
            button.toggled.connect(self._check)
            column.addWidget(button)
            column.addWidget(said)
        self._whole = paragraph(tr(WHOLE_WORDS), "muted", self)
        column.addWidget(self._whole)
        return box

    def _proof(self) -> QGroupBox:
        box = QGroupBox(tr("Proof"), self)
        browse = QPushButton(tr("Browse …"), box)
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.addWidget(self.place, 1)
        place.addWidget(browse)
        form = QFormLayout(box)
        form.addRow(tr("New folder"), place)
        said = paragraph(
            tr("The record of the case goes with it, whole. There is no signature: at the end you are shown a number "
               "to write down and to tell by another way."), "muted", self,
        )  # fmt: skip
        form.addRow(said)
        return box

    def _browse(self) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("Put the new folder into"), str(self._out.parent))
        if found:
            self.place.setText(shortened(Path(found) / self._out.name))

    def _show_seconds(self) -> None:
        """No seconds round a sighting where they would be grey alone; what was asked for comes back with the rest."""
        alone, fields = self.redaction == "surroundings", (self.before, self.after)
        if alone and self.before.isEnabled():
            self._asked_s = self.before.value(), self.after.value()
        for field, asked_s in zip(fields, self._asked_s, strict=True):
            if field.isEnabled() == alone:
                field.setValue(0.0 if alone else asked_s)
            field.setEnabled(not alone)
            field.setAccessibleDescription(self._alone.text() if alone else "")
        self._alone.setVisible(alone)

    def _check(self) -> None:
        self._show_seconds()
        bare = self.redaction == "none"
        self._copies.setText(
            tr("Rendered clips with the person's box, and beside them the same stretches as they were recorded.")
            if bare
            else tr("Rendered clips with the person's box. Copies of what was recorded would show everybody.")
        )
        self._whole.setEnabled(not bare)
        chosen, of = len(self.sightings.chosen), self.sightings.count()
        all_words, some = tr("All go into the folder."), tr("{count} of {of} go into the folder; the report says so.")
        self._chosen.setText(all_words if chosen == of else some.format(count=chosen, of=of))
        self.ticks.setText(tr("None") if chosen == of else tr("All"))
        problem = self._missing()
        self._problem.setText(problem)
        self._make.setEnabled(not problem)

    def _missing(self) -> str:
        """What is to be done before anything can be exported; empty when nothing is."""
        if not self.reason.text().strip():
            return tr("Write down why it is handed on.")
        if not self.sightings.chosen:
            return tr("Tick at least one sighting.")
        if not self.place.text().strip():
            return tr("Name the new folder.")
        taken = tr("There is already something at {place}: choose another name.").format(place=shortened(self._out))
        return taken if self._out.exists() else ""


class EvidenceDoneDialog(QDialog):
    """Where the package lies, and the number to write down; both can be copied."""

    def __init__(self, folder: Path, sha256: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Evidence is ready"))
        self.setMinimumWidth(theme.room(self, 860, 300).width())
        heading = QLabel(tr("Evidence is ready"), self)
        heading.setObjectName("title")
        told = [QLabel(tr(words), self) for words in (NUMBER_WORDS, LOOK_WORDS)]
        for label in told:
            label.setWordWrap(True)
        self.folder = self._shown(str(folder), tr("Folder"))
        self.sha256 = self._shown(sha256, tr("SHA-256 of the manifest"))
        self.copies = [QPushButton(tr("Copy"), self) for _ in range(2)]
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)  # all 64 digits are seen
        for field, button in zip((self.folder, self.sha256), self.copies, strict=True):
            button.setAutoDefault(False)
            button.setAccessibleName(tr("Copy: {what}").format(what=field.accessibleName()))
            button.clicked.connect(partial(_copy, field))
            row = QHBoxLayout()
            row.addWidget(field, 1)
            row.addWidget(button)
            form.addRow(field.accessibleName(), row)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close.rejected.connect(self.reject)
        self.opens = {path: QPushButton(text, self) for path, text in (
            (folder, tr("Open folder")), (folder / "report.html", tr("Open report")))}  # fmt: skip
        self._said = paragraph("", "muted", self)
        for path, button in self.opens.items():
            button.setAutoDefault(False)
            button.clicked.connect(partial(self._open, path))
            close.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(theme.px(12))
        layout.addWidget(heading)
        for label in told:
            layout.addWidget(label)
        layout.addLayout(form)
        layout.addWidget(self._said)
        layout.addWidget(close)

    def _open(self, path: Path) -> None:
        """By whatever this computer opens it with; nothing is fetched."""
        opened = QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        words = tr("Nothing on this computer opens {path}.").format(path=shortened(path))
        self._said.setText("" if opened else words)

    def _shown(self, text: str, name: str) -> QLineEdit:
        field = QLineEdit(text, self)
        field.setReadOnly(True)
        field.setCursorPosition(0)
        field.setAccessibleName(name)
        return field


def _copy(field: QLineEdit) -> None:
    QGuiApplication.clipboard().setText(field.text())
