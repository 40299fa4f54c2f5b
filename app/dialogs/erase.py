"""What is to be erased, why, and the number that says somebody has read it. Nothing restores what goes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.erasures import Offer, plan_words
from app.words import tr

MOST_TYPED = 1_000_000_000


class EraseDialog(QDialog):
    """``offer`` is what was chosen; it can be accepted once a reason is written and the number of tracks typed."""

    def __init__(self, offers: Sequence[Offer], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Erase"))
        self.resize(theme.room(self, 620, 520))
        self._offers = tuple(offers)
        self._what = QComboBox(self)
        self._what.addItems([offer.words for offer in self._offers])
        self._what.setAccessibleName(tr("What to erase"))
        self._plan = QPlainTextEdit(self)
        self._plan.setReadOnly(True)
        self._plan.setTabChangesFocus(True)
        self._plan.setAccessibleName(tr("What would go, and what stays"))
        self._reason = self._field(tr("Reason"), tr("Goes on the record; name nobody in it"))
        self._asked_by = self._field(tr("Asked by"), tr("By whose order; may stay empty"))
        self._figure = self._field(tr("Number of tracks"), "")
        self._figure.setValidator(QIntValidator(0, MOST_TYPED, self))
        self._ask = QLabel(self)
        self._ask.setObjectName("warning")
        self._ask.setWordWrap(True)
        buttons = QDialogButtonBox(self)
        self._erase = buttons.addButton(tr("Erase for good"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._erase.setAutoDefault(False)
        buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow(tr("Reason"), self._reason)
        form.addRow(tr("Asked by"), self._asked_by)
        form.addRow(tr("Number of tracks"), self._figure)
        layout = QVBoxLayout(self)
        for part in (self._what, self._plan, self._ask):
            layout.addWidget(part)
        layout.addLayout(form)
        layout.addWidget(buttons)
        self._what.currentIndexChanged.connect(self._show)
        for field in (self._reason, self._figure):
            field.textChanged.connect(self._judge)
        self._show()

    @property
    def offer(self) -> Offer:
        """What was chosen."""
        return self._offers[self._what.currentIndex()]

    @property
    def reason(self) -> str:
        """Why."""
        return self._reason.text().strip()

    @property
    def asked_by(self) -> str:
        """By whose order."""
        return self._asked_by.text().strip()

    def _field(self, name: str, hint: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        return field

    def _show(self) -> None:
        self._plan.setPlainText("\n\n".join(plan_words(self.offer.plan)))
        ask = tr("Undo does not bring it back. To erase, write a reason and type the number of tracks: {count}.")
        self._ask.setText(ask.format(count=self._count))
        self._figure.clear()
        self._judge()

    @property
    def _count(self) -> int:
        return len(self.offer.plan.rows.tracklets)

    def _judge(self) -> None:
        agreed = self._figure.text() == str(self._count)
        self._erase.setEnabled(agreed and bool(self.reason) and not self.offer.plan.rows.empty)
