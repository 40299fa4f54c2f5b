"""What a case is for, and how long it may keep what it holds: said when it is made, and said anew."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.widgets.dressed import cancel_or, paragraph
from app.words import tr
from reid_engine.store.rows import Retention

NEEDED = 0  # rows of the choice
UNTIL = 1
DAYS = 2
USUAL_DAYS = 30
MOST_DAYS = 36_500


class AboutCaseDialog(QDialog):
    """``purpose`` and ``keep`` hold the answers; both go on the record."""

    def __init__(self, purpose: str, keep: Retention, zone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("This case"))
        self.resize(theme.room(self, 560, 320))
        self._zone = zone
        self._purpose = QPlainTextEdit(purpose, self)
        self._purpose.setTabChangesFocus(True)
        self._purpose.setAccessibleName(tr("Purpose"))
        self._purpose.setPlaceholderText(tr("Why is this footage searched, and on whose authority?"))
        self.rule, self.until, self.days = QComboBox(self), QLineEdit(self), QSpinBox(self)
        self.rule.addItems([tr("as long as it is needed"), tr("until"), tr("this long after it was seen")])
        self.rule.setAccessibleName(tr("What it holds is kept"))
        self.until.setPlaceholderText(tr("2026-12-24 or 2026-12-24 18:00"))
        self.until.setAccessibleName(tr("Kept until"))
        self.days.setRange(1, MOST_DAYS)
        self.days.setSuffix(tr(" days"))
        self.days.setAccessibleName(tr("Days it is kept"))
        self._problem = paragraph("", "warning", self)
        buttons, self._save = cancel_or(self, tr("Save"))
        kept = QHBoxLayout()
        for part in (self.rule, self.until, self.days):
            kept.addWidget(part, 1)
        form = QFormLayout()
        form.addRow(tr("Purpose"), self._purpose)
        form.addRow(tr("Kept"), kept)
        about = tr("Both go on the record. Nothing is ever erased by itself: Case > Erase … offers what is due.")
        layout = QVBoxLayout(self)
        layout.addLayout(form, 1)
        for line in (paragraph(about, "muted", self), self._problem, buttons):
            layout.addWidget(line)
        self._fill(keep)
        for changed in (self.rule.currentIndexChanged, self.until.textEdited, self._purpose.textChanged):
            changed.connect(self._check)
        self._check()

    def _fill(self, keep: Retention) -> None:
        self.days.setValue(USUAL_DAYS if keep.days is None else keep.days)
        if keep.until_us is not None:
            self.until.setText(local_time.date_and_time(keep.until_us, self._zone))
            self.until.setCursorPosition(0)
        self.rule.setCurrentIndex(DAYS if keep.days is not None else NEEDED if keep.until_us is None else UNTIL)

    @property
    def purpose(self) -> str:
        """What was written."""
        return self._purpose.toPlainText().strip()

    @property
    def keep(self) -> Retention:
        """What was chosen. Raises ValueError, a sentence, for what is no time."""
        rule = self.rule.currentIndex()
        if rule == UNTIL:
            return Retention(local_time.parse(self.until.text(), self._zone))
        return Retention(days=self.days.value()) if rule == DAYS else Retention()

    def _check(self) -> None:
        self.until.setVisible(self.rule.currentIndex() == UNTIL)
        self.days.setVisible(self.rule.currentIndex() == DAYS)
        problem = "" if self.purpose else tr("A case needs a purpose; it is printed on everything it exports.")
        try:
            _ = self.keep
        except ValueError as error:
            problem = problem or str(error)
        self._problem.setText(problem)
        self._save.setEnabled(not problem)
