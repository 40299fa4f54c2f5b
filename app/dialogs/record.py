"""The record of the case: who did what, when and for which purpose; read only, with Verify."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.item_models.record import ABOUT, NUMBER, PURPOSE, WHAT, WHEN, WHO, RecordModel
from app.widgets.dressed import table
from app.words import tr

WIDTHS = {NUMBER: 52, WHEN: 186, WHO: 110, WHAT: 130, ABOUT: 320, PURPOSE: 240}


class RecordDialog(QDialog):
    """``verify``: check the chain; ``show_verdict`` answers."""

    verify = Signal()

    def __init__(self, model: RecordModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("The record"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.room(self, 1120, 680))
        self.model = model
        model.setParent(self)
        heading = QLabel(tr("The record of this case"), self)
        heading.setObjectName("title")
        words = QLabel(
            tr("Everything that was done, in a chain of hashes. It can be read here, and not changed."), self
        )
        words.setObjectName("muted")
        self.table = self._make_table()
        self.detail = QPlainTextEdit(self)
        self.detail.setReadOnly(True)
        self.detail.setFixedHeight(theme.px(150))
        self.detail.setAccessibleName(tr("The chosen event"))
        self.detail.setPlaceholderText(tr("Choose an event to see all of it, with its hash."))
        self.verdict = QLabel(self)
        self.verdict.setWordWrap(True)
        self.check = QPushButton(tr("Verify"), self)
        theme.primary(self.check)
        self.check.clicked.connect(self._ask)
        close = QPushButton(tr("Close"), self)
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self.check)
        foot.addWidget(self.verdict, 1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(12))
        for part in (heading, words, self.table, self.detail):
            layout.addWidget(part)
        layout.addLayout(foot)

    def show_verdict(self, found: tuple[int, str, str | None]) -> None:
        """How many events there are, the hash of the last, and what does not fit."""
        count, digest, broken = found
        self.check.setEnabled(True)
        good = tr("The record is whole: {count} events. The last has the hash {digest}").format(
            count=count, digest=digest[:16] + " …" if digest else "–"
        )
        self.verdict.setText(broken or good)
        self.verdict.setToolTip(digest)
        self.verdict.setObjectName("danger" if broken else "good")
        self.verdict.style().polish(self.verdict)

    def _ask(self) -> None:
        self.check.setEnabled(False)
        self.verdict.setText(tr("Checking …"))
        self.verify.emit()

    def _on_current(self, current: QModelIndex) -> None:
        self.detail.setPlainText(self.model.whole(current.row()))

    def _make_table(self) -> QTableView:
        made = table(self.model, tr("Events"), 28, self)
        made.setAlternatingRowColors(True)
        made.setWordWrap(False)
        made.horizontalHeader().setStretchLastSection(True)
        for column, width in WIDTHS.items():
            made.setColumnWidth(column, theme.px(width))
        made.selectionModel().currentRowChanged.connect(lambda current, _: self._on_current(current))
        return made
