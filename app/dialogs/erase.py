"""What is to be erased, why, and the number that says somebody has read it. Nothing restores what goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be erased, why, and by whose order."""

    offer: Offer
    reason: str
    asked_by: str


class EraseDialog(QDialog):
    """``request`` is what was chosen; it can be accepted once a reason is written and the number of tracks typed.

    before: what was asked for last and refused: chosen and written already, and agreed to anew
    """

    def __init__(
        self, offers: Sequence[Offer], parent: QWidget | None = None, *, before: Request | None = None
    ) -> None:
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
        if before is not None:
            self._what.setCurrentIndex(max(0, self._what.findText(before.offer.words)))
            self._reason.setText(before.reason)
            self._asked_by.setText(before.asked_by)
        self._show()

    @property
    def offer(self) -> Offer:
        """What was chosen."""
        return self._offers[self._what.currentIndex()]

    @property
    def request(self) -> Request:
        """All of it."""
        return Request(self.offer, self._reason.text().strip(), self._asked_by.text().strip())

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
        self._erase.setEnabled(agreed and bool(self.request.reason) and not self.offer.plan.rows.empty)
