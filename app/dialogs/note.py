"""A note about a moment: words, or none for a marker."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.widgets.dressed import paragraph
from app.words import tr


class NoteDialog(QDialog):
    """``text`` is what was written. remove: with a note that is there already, that it shall go."""

    def __init__(self, about: str, text: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Note"))
        self.resize(theme.room(self, 440, 240))
        self.removed = False
        words = paragraph(about, "muted", self)
        self._field = QPlainTextEdit(text or "", self)
        self._field.setReadOnly(text is not None)
        self._field.setPlaceholderText(tr("What is seen here? Empty sets a marker."))
        self._field.setAccessibleName(tr("Words of the note"))
        buttons = QDialogButtonBox(self)
        if text is None:
            theme.primary(buttons.addButton(tr("Write"), QDialogButtonBox.ButtonRole.AcceptRole))
        else:
            removing = buttons.addButton(tr("Take back"), QDialogButtonBox.ButtonRole.DestructiveRole)
            removing.clicked.connect(self._remove)
        buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self._field, 1)
        layout.addWidget(buttons)
        self._field.setFocus()

    @property
    def text(self) -> str:
        """What was written."""
        return self._field.toPlainText().strip()

    def _remove(self) -> None:
        self.removed = True
        self.accept()
