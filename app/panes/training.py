"""A training run: what to train, how far it is, its curves; pause and cancel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyqtgraph
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.training import DATASETS, DEVICES, Curves, Order, TrainingRun, free_folder
from app.words import tr

LOG_LINES = 500
HUGE_SEED = 2**31 - 1


class TrainingPane(QWidget):
    """``started``: an Order that can be carried out; ``follow`` shows the run."""

    started = Signal(object)

    def __init__(self, recipes: Sequence[str], home: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run: TrainingRun | None = None
        self.curves = Curves()
        self.recipe, self.dataset, self.device = QComboBox(self), QComboBox(self), QComboBox(self)
        self.recipe.setEditable(True)
        self.dataset.addItems(DATASETS)
        self.device.addItems(DEVICES)
        self.root, self.folder = QLineEdit(self), QLineEdit(str(free_folder(home / "runs")), self)
        self.settings = QLineEdit(self)
        self.settings.setPlaceholderText(tr("epochs=60 lr=1e-3"))
        self.settings.setToolTip(
            tr("Settings of the recipe, name=value with a space between two, as --set takes them.")
        )
        self.seed = QSpinBox(self)
        self.seed.setRange(0, HUGE_SEED)
        self.seed.setValue(1)
        self.start = QPushButton(tr("Start training"), self)
        self.pause = QPushButton(theme.icon("pause"), tr("Pause"), self)
        self.cancel = QPushButton(theme.icon("close"), tr("Cancel"), self)
        self.title = QLabel(tr("No run yet."), self)
        self.bar = QProgressBar(self)
        self.log = QPlainTextEdit(self)
        self._problem = QLabel(self)
        self._plots = self._make_plots()
        self.offer(recipes)
        self._lay_out()
        self._connect()
        self._check()

    def offer(self, recipes: Sequence[str]) -> None:
        """The recipes there are."""
        before = self.recipe.currentText()
        self.recipe.clear()
        self.recipe.addItems(list(recipes))
        if before:
            self.recipe.setCurrentText(before)

    @property
    def order(self) -> Order:
        """What is asked for now."""
        return Order(
            self.recipe.currentText().strip(),
            self.dataset.currentText(),
            Path(self.root.text()).expanduser() if self.root.text() else Path("/nowhere"),
            Path(self.folder.text()).expanduser(),
            self.device.currentText(),
            self.seed.value(),
            self.settings.text(),
        )

    def follow(self, run: TrainingRun) -> None:
        """Show this run from now on."""
        self.run, self.curves = run, Curves()
        self._draw()
        self.log.clear()
        self.title.setText(tr("Starting …"))
        self._show_pause()
        run.moved.connect(self._on_events)
        run.ended.connect(self._on_end)
        self._check()

    def _on_events(self, events: Sequence[dict[str, Any]]) -> None:
        grown = False
        for event in events:
            grown |= self.curves.take(event)
            if event.get("event") in ("notice", "evaluation"):
                self.log.appendPlainText(told(event))
        progress = next((event for event in reversed(events) if event.get("event") == "progress"), None)
        if progress is not None:
            self.title.setText(in_words(progress))
            total = progress.get("total")
            self.bar.setRange(0, 1000 if total else 0)
            self.bar.setValue(round(1000 * float(progress.get("done") or 0) / float(total or 1)))
        if grown:
            self._draw()

    def _on_end(self, words: str) -> None:
        self.bar.setRange(0, 1000)
        folder = self.run.order.folder if self.run is not None else Path()
        self.title.setText(words or tr("Done: the model lies in {folder}").format(folder=folder))
        self._check()

    def _draw(self) -> None:
        for name, plot in self._plots.items():
            points = getattr(self.curves, name)
            plot.setData([step for step, _ in points], [value for _, value in points])

    def _check(self) -> None:
        running = self.run is not None and self.run.running
        problem = self.order.problem
        self._problem.setText("" if running else problem)
        self.start.setEnabled(not running and not problem)
        self.start.setText(tr("Go on with this run") if self.order.begun else tr("Start training"))
        for button in (self.pause, self.cancel):
            button.setEnabled(running)

    def _toggle(self) -> None:
        if self.run is not None:
            self.run.say("resume" if self.run.paused else "pause")
            self._show_pause()

    def _show_pause(self) -> None:
        """The button says what it does next."""
        paused = self.run is not None and self.run.paused
        self.pause.setText(tr("Resume") if paused else tr("Pause"))
        self.pause.setIcon(theme.icon("play" if paused else "pause"))

    def _connect(self) -> None:
        self.start.clicked.connect(lambda: self.started.emit(self.order))
        self.pause.clicked.connect(self._toggle)
        self.cancel.clicked.connect(lambda: self.run.say("cancel") if self.run is not None else None)
        fields = (self.root, self.folder, self.settings)
        for changed in (*(field.textChanged for field in fields), self.recipe.editTextChanged):
            changed.connect(self._check)

    def _make_plots(self) -> dict[str, Any]:
        tokens = theme.current()
        self._graphs = pyqtgraph.GraphicsLayoutWidget(self)
        self._graphs.setBackground(tokens.panel)
        self._graphs.setAccessibleName(tr("Curves of the run"))
        plots: dict[str, Any] = {}
        top = self._graphs.addPlot(row=0, col=0, title=tr("Loss"))
        plots["loss"] = top.plot(pen=pyqtgraph.mkPen(tokens.accent, width=2))
        rate = self._graphs.addPlot(row=0, col=1, title=tr("Learning rate"))
        plots["rate"] = rate.plot(pen=pyqtgraph.mkPen(tokens.warning, width=2))
        figures = self._graphs.addPlot(row=1, col=0, colspan=2, title=tr("Rank-1 and mAP on the test data"))
        figures.addLegend(offset=(10, 10), labelTextColor=tokens.text)
        for name, words, colour in (("rank1", tr("rank-1"), tokens.good), ("mean_precision", tr("mAP"), tokens.danger)):
            pen = pyqtgraph.mkPen(colour, width=2)
            plots[name] = figures.plot(pen=pen, name=words, symbol="o", symbolSize=6, symbolBrush=colour)
        for plot in (top, rate, figures):
            plot.showGrid(x=True, y=True, alpha=0.15)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
        return plots

    def _row(self, field: QLineEdit, words: str) -> QHBoxLayout:
        browse = QPushButton(tr("Browse …"), self)
        browse.clicked.connect(lambda: self._browse(field, words))
        row = QHBoxLayout()
        row.addWidget(field, 1)
        row.addWidget(browse)
        return row

    def _browse(self, field: QLineEdit, words: str) -> None:
        found = QFileDialog.getExistingDirectory(self, words, field.text())
        if found:
            field.setText(found)

    def _lay_out(self) -> None:
        self.title.setObjectName("heading")
        self.title.setWordWrap(True)
        self._problem.setObjectName("muted")
        self._problem.setWordWrap(True)
        theme.primary(self.start)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LOG_LINES)
        self.log.setFixedHeight(theme.px(110))
        self.log.setPlaceholderText(tr("What the run says."))
        self.bar.setTextVisible(False)
        named = {
            tr("Recipe"): self.recipe, tr("Kind of data"): self.dataset, tr("Data"): self.root,
            tr("Device"): self.device, tr("Seed"): self.seed, tr("Run's folder"): self.folder,
            tr("Other settings"): self.settings,
        }  # fmt: skip
        form = QFormLayout()
        form.setSpacing(theme.px(9))
        for words, field in named.items():
            field.setAccessibleName(words)
            form.addRow(words, self._row(field, words) if field in (self.root, self.folder) else field)
        self.log.setAccessibleName(tr("What the run says"))
        self.bar.setAccessibleName(tr("How far the run is"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*[theme.px(14)] * 4)
        layout.setSpacing(theme.px(14))
        layout.addWidget(self._left(form))
        layout.addLayout(self._right(), 1)

    def _left(self, form: QFormLayout) -> QFrame:
        left = QFrame(self)
        left.setObjectName("panel")
        left.setFixedWidth(theme.px(430))
        column = QVBoxLayout(left)
        column.setContentsMargins(*[theme.px(16)] * 4)
        heading = QLabel(tr("Train a model"), left)
        heading.setObjectName("title")
        column.addWidget(heading)
        column.addLayout(form)
        column.addWidget(self._problem)
        column.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        return left

    def _right(self) -> QVBoxLayout:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.pause)
        head.addWidget(self.cancel)
        right = QVBoxLayout()
        right.addLayout(head)
        right.addWidget(self.bar)
        right.addWidget(self._graphs, 1)
        right.addWidget(self.log)
        return right


def in_words(progress: dict[str, Any]) -> str:
    """``epoch 4.2 of 40   ·   loss 3.12   ·   12:30 left``."""
    parts = []
    if progress.get("epochs"):
        parts.append(tr("epoch {at} of {all}").format(at=progress.get("epoch", 0), all=progress["epochs"]))
    if progress.get("loss") is not None:
        parts.append(tr("loss {loss}").format(loss=f"{float(progress['loss']):.3g}"))
    if progress.get("eta_s") is not None:
        parts.append(tr("{time} left").format(time=local_time.length(round(float(progress["eta_s"]) * 1e6))))
    return "   ·   ".join(parts) or str(progress.get("stage", tr("Working")))


def told(event: dict[str, Any]) -> str:
    """A notice or an evaluation as a line."""
    if event.get("event") == "notice":
        return str(event.get("message", ""))
    numbers = {key: value for key, value in event.items() if key != "event"}
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in numbers.items()
    )
