"""The jobs that run: per camera how far, how fast, until when; pause and cancel."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.jobs import Job

STAGES = {
    "hash": "Reading the files", "analyse": "Analysing", "embed": "Describing people", "index": "Indexing",
}  # fmt: skip


def in_words(progress: dict[str, Any]) -> str:
    """A progress event as one line: stage, rate in multiples of real time, what was found, time left."""
    parts = [STAGES.get(str(progress.get("stage")), str(progress.get("stage", "Working")))]
    if progress.get("rate"):
        parts.append(f"{float(progress['rate']):.1f}× real time")
    if progress.get("tracklets"):
        parts.append(f"{progress['tracklets']} tracks found")
    if progress.get("eta_s") is not None:
        parts.append(f"{local_time.length(round(float(progress['eta_s']) * 1e6))} left")
    return "   ·   ".join(parts)


class JobCard(QFrame):
    """One job."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job = job
        self._bars: dict[str, tuple[QProgressBar, QLabel]] = {}
        self._title = QLabel("Starting …", self)
        self._title.setObjectName("heading")
        self._notice = QLabel(self)
        self._notice.setObjectName("muted")
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        # a long sentence is cut off (the tool tip has it whole) rather than pushing the buttons out of the window
        self._notice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._pause = QPushButton(theme.icon("pause"), "Pause", self)
        self._pause.clicked.connect(self._toggle)
        self.cancel = QPushButton(theme.icon("close"), "Cancel", self)
        self.cancel.clicked.connect(lambda: job.say("cancel"))
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addSpacing(16)
        head.addWidget(self._notice, 1)
        head.addWidget(self._pause)
        head.addWidget(self.cancel)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.addLayout(head)
        layout.addLayout(self._grid)
        job.moved.connect(self._on_events)

    @property
    def begun(self) -> bool:
        """True once the job has told how far recordings are."""
        return bool(self._bars)

    def _toggle(self) -> None:
        self._job.say("resume" if self._job.paused else "pause")
        self._pause.setText("Resume" if self._job.paused else "Pause")
        self._pause.setIcon(theme.icon("play" if self._job.paused else "pause"))

    def _on_events(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event.get("event") == "notice":
                self._notice.setText(str(event.get("message", "")))
                self._notice.setToolTip(self._notice.text())
        progress = next((event for event in reversed(events) if event.get("event") == "progress"), None)
        if progress is not None:
            self._title.setText(in_words(progress))
            for camera in progress.get("cameras", ()):
                self._show_camera(camera)

    def _show_camera(self, camera: dict[str, Any]) -> None:
        file = str(camera.get("file", camera.get("camera")))
        bar, words = self._bars.get(file) or self._add_bar(str(camera.get("camera", "")), file)
        done, total = int(camera.get("done_us") or 0), camera.get("duration_us")
        ended = camera.get("state") == "done"
        bar.setRange(0, 1000 if total or ended else 0)
        bar.setValue(1000 if ended else min(1000, done * 1000 // max(1, int(total or 1))))
        length = local_time.length(int(total)) if total else "?"
        words.setText(f"{local_time.length(done)} of {length}   ·   {camera.get('tracklets', 0)} tracks")

    def _add_bar(self, camera: str, file: str) -> tuple[QProgressBar, QLabel]:
        row = self._grid.rowCount()
        name = QLabel(camera, self)
        name.setToolTip(file)
        bar = QProgressBar(self)
        bar.setTextVisible(False)
        bar.setFixedHeight(8)
        words = QLabel(self)
        words.setObjectName("muted")
        for column, part in enumerate((name, bar, words)):
            self._grid.addWidget(part, row, column, Qt.AlignmentFlag.AlignVCenter)
        self._bars[file] = bar, words
        return bar, words


class ProgressPane(QWidget):
    """All running jobs, one above the other; ``emptied`` when the last has ended."""

    emptied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._cards: dict[str, JobCard] = {}

    def add(self, job: Job) -> None:
        """Show a job until it ends."""
        card = JobCard(job, self)
        self._cards[job.name] = card
        self._layout.addWidget(card)
        job.ended.connect(lambda _: self._remove(job.name))

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
