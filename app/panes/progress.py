"""The jobs that run: their queue, how far, how fast, until when; pause, cancel, sooner, leave out."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.item_models.queue import CAMERA, DONE, FILE, FOUND, SHARE, SHARE_ROLE, STAGE, QueueModel, QueueRow
from app.job_words import headline
from app.jobs import Job
from app.widgets.dressed import table
from app.widgets.one_line import OneLine
from app.widgets.share_delegate import ShareDelegate
from app.words import Later, tr

WAITS = Later("Other programs use all processors, and this work takes what they leave over (Settings, Work gently).")
WIDTHS = {STAGE: 90, DONE: 120, FOUND: 70}
ROW = 26
ROWS_SEEN = 5
FEW_ROWS = 2  # where the window is low
TERSE = 560  # a line less wide has icons on its buttons, and what it says more room


class JobCard(QFrame):
    """One job."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job = job
        self.queue = QueueModel(self)
        self._progress: dict[str, Any] = {}
        self._brief, self._rows_seen = False, ROWS_SEEN
        self._title = OneLine("", self)
        self._title.setObjectName("heading")
        self._waits = QLabel(tr("Waits for a processor"), self)
        self._waits.setObjectName("warning")
        self._waits.setToolTip(tr(WAITS))
        self._waits.hide()
        self._notice = QLabel(self)
        self._notice.setObjectName("muted")
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        # a long sentence is cut off (the tool tip has it whole) rather than pushing the buttons out of the window
        self._notice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.sooner = self._button("faster", tr("Sooner"), lambda: self._wish("sooner"))
        self.sooner.setToolTip(tr("Analyse the chosen recording before the others that wait"))
        self.drop = self._button("close", tr("Leave out"), lambda: self._wish("drop"))
        self.drop.setToolTip(tr("Do not analyse the chosen recording now; what was found in it is kept"))
        self._pause = self._button("pause", tr("Pause"), self._toggle)
        self.cancel = self._button("close", tr("Cancel"), lambda: job.say("cancel"))
        self.table = self._make_table()
        self._lay_out()
        job.moved.connect(self._on_events)
        job.starved.connect(self._waits.setVisible)
        job.told.connect(self._tell)
        self._tell()
        self._offer()

    @property
    def begun(self) -> bool:
        """True once the job has told how far recordings are."""
        return self.queue.rowCount() > 0

    def brief(self, brief: bool, *, low: bool = False) -> None:
        """One line, without the queue, where pictures need the room; low: fewer rows of the queue."""
        self._brief, self._rows_seen = brief, FEW_ROWS if low else ROWS_SEEN
        self._fit_rows()
        self._offer()
        self._tell()

    def _wish(self, verb: str) -> None:
        row = self.queue.row(self.table.currentIndex().row())
        if row is not None:
            self._job.say(f"{verb} {row.source}")

    def _offer(self) -> None:
        row = self.queue.row(self.table.currentIndex().row())
        self.sooner.setEnabled(row is not None and row.state == "waiting")
        self.drop.setEnabled(row is not None and row.open)
        for button in (self.sooner, self.drop):
            button.setVisible(self.queue.rowCount() > 1 and not self._brief)
        self.table.setVisible(self.begun and not self._brief)

    def _toggle(self) -> None:
        self._job.say("resume" if self._job.paused else "pause")

    def _tell(self) -> None:
        """Say at once what the job was told, which it obeys in a moment; the button says what it does next."""
        paused, ends = self._job.paused, self._job.cancelling
        self._title.setText(headline(self._job, self._progress))
        self._pause.setIcon(theme.icon("play" if paused else "pause"))
        for button, words in ((self._pause, tr("Resume") if paused else tr("Pause")), (self.cancel, tr("Cancel"))):
            button.setEnabled(not ends)
            button.setText("" if self._terse else words)
            button.setToolTip(words if self._terse else "")
            button.setAccessibleName(words)
        self.queue.hold(paused)

    @property
    def _terse(self) -> bool:
        return self._brief and self.width() < theme.px(TERSE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell()

    def _fit_rows(self) -> None:
        rows = min(self.queue.rowCount(), self._rows_seen)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + rows * theme.px(ROW) + 2)

    def _on_events(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event.get("event") == "notice":
                self._notice.setText(str(event.get("message", "")))
                self._notice.setToolTip(self._notice.text())
        progress = next((event for event in reversed(events) if event.get("event") == "progress"), None)
        if progress is None:
            return
        self._progress = progress
        self._title.setText(headline(self._job, progress))
        if "cameras" in progress:
            self.queue.show([QueueRow.of(told) for told in progress["cameras"]])
            self._fit_rows()
            self._offer()

    def _make_table(self) -> QTableView:
        made = table(self.queue, tr("Queue"), ROW, self)
        made.setItemDelegateForColumn(SHARE, ShareDelegate(SHARE_ROLE, made))
        made.horizontalHeader().setHighlightSections(False)
        made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        made.setWordWrap(False)  # a name that is wrapped is not cut in its middle
        for column in (CAMERA, FILE, SHARE):
            made.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            made.setColumnWidth(column, theme.px(width))
        made.selectionModel().currentRowChanged.connect(self._offer)
        return made

    def _button(self, icon: str, words: str, act: object) -> QPushButton:
        button = QPushButton(theme.icon(icon), words, self)
        button.clicked.connect(act)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addWidget(self._waits)
        head.addSpacing(theme.px(16))
        head.addWidget(self._notice, 1)
        for button in (self.sooner, self.drop, self._pause, self.cancel):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(12), theme.px(8), theme.px(12), theme.px(10))
        layout.addLayout(head)
        layout.addWidget(self.table)


class ProgressPane(QWidget):
    """All running jobs, one above the other; ``emptied`` when the last has ended, ``laid_out`` when heights change."""

    emptied = Signal()
    laid_out = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._cards: dict[str, JobCard] = {}
        self._brief = self._low = False

    def add(self, job: Job) -> None:
        """Show a job until it ends."""
        card = JobCard(job, self)
        card.brief(self._brief, low=self._low)
        self._cards[job.name] = card
        self._layout.addWidget(card)
        job.ended.connect(lambda _: self._remove(job.name))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.laid_out.emit()
        return super().event(event)

    def brief(self, brief: bool, *, low: bool = False) -> None:
        """One line a job, or its queue too; low: fewer rows of it."""
        if (brief, low) == (self._brief, self._low):
            return
        self._brief, self._low = brief, low
        for card in self._cards.values():
            card.brief(brief, low=low)

    def card(self, name: str) -> JobCard:
        """The card of a running job."""
        return self._cards[name]

    def _remove(self, name: str) -> None:
        card = self._cards.pop(name, None)
        if card is not None:
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        if not self._cards:
            self.emptied.emit()
