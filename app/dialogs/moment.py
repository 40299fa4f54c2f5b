"""A moment to go to, as somebody types it."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from app import local_time, theme
from app.widgets.dressed import cancel_or, paragraph
from app.words import tr


class MomentDialog(QDialog):
    """``time_us`` is what was typed (corrected UTC); a time without a day is the one nearest to where one is."""

    def __init__(self, now_us: int, zone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Go to a moment"))
        self.resize(theme.room(self, 380, 150))
        self._now_us, self._zone = now_us, zone
        self.time_us = now_us
        label = QLabel(tr("Time in {zone}, or day and time").format(zone=zone), self)
        self.field = QLineEdit(local_time.clock_time(now_us, zone), self)
        self.field.selectAll()
        label.setBuddy(self.field)
        self.field.setAccessibleName(label.text())
        self._problem = paragraph("", "warning", self)
        buttons, _ = cancel_or(self, tr("Go"))
        self.field.textEdited.connect(self._problem.clear)
        layout = QVBoxLayout(self)
        for part in (label, self.field, self._problem, buttons):
            layout.addWidget(part)
        self.field.setFocus()

    def accept(self) -> None:
        """Close, unless it is no time."""
        try:
            self.time_us = local_time.parse_near(self.field.text(), self._now_us, self._zone)
        except ValueError as error:
            self._problem.setText(str(error))
            return
        super().accept()
