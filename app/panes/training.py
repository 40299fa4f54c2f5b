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
from app.networks import Offer
from app.training import ADAPT, DATASETS, DEVICES, Curves, Order, TrainingRun, free_folder, in_the_window, outcome
from app.words import Later, counted, tr

OTHER = "other"
MODEL_FILES = Later("Model files (*.safetensors)")
ABOUT_A_CASE = Later(
    "Learns the people who were confirmed in two or more tracks, beside those who were rejected; three in ten are kept "
    "back to test it on."
)
STAGES = {
    "decode": Later("Reading the pictures"), "embed": Later("Testing"), "train": Later("Learning"),
}  # fmt: skip
LOG_LINES = 500
HUGE_SEED = 2**31 - 1


class BeginWith(QComboBox):
    """The models that came with the program, random weights, and files of one's own."""

    def __init__(self, models: Sequence[Offer], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for offer in models:
            self.addItem(offer.shown, offer.path)
        self.addItem(tr("Random weights"), None)
        self.addItem(tr("Another model file …"), OTHER)
        self._last = 0
        self.activated.connect(self._on_activated)

    @property
    def path(self) -> Path | None:
        """The chosen file; None for random weights."""
        found = self.currentData()
        return found if isinstance(found, Path) else None

    def choose(self, path: Path | None) -> None:
        """Choose a file, listed from now on, or random weights."""
        if path is not None and self.findData(path) < 0:
            self.insertItem(self.count() - 2, path.name, path)
            self.setItemData(self.findData(path), str(path), Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(next(n for n in range(self.count()) if self.itemData(n) == path))
        self._last = self.currentIndex()

    def _on_activated(self, index: int) -> None:
        if self.itemData(index) != OTHER:
            self._last = index
            return
        self.setCurrentIndex(self._last)
        found, _ = QFileDialog.getOpenFileName(self, tr("Choose a model"), "", tr(MODEL_FILES))
        if found:
            self.choose(Path(found))


class TrainingPane(QWidget):
    """``started``: an Order that can be carried out; ``follow`` shows the run; ``taken``: the file of a model that came
    out, for the open case. case: its folder; models: what a run can begin with, the default one first."""

    started = Signal(object)
    taken = Signal(object)

    def __init__(
        self,
        recipes: Sequence[str],
        home: Path,
        parent: QWidget | None = None,
        *,
        case: Path | None = None,
        models: Sequence[Offer] = (),
    ) -> None:
        super().__init__(parent)
        self.run: TrainingRun | None = None
        self.case = case
        self.curves = Curves()
        self._progress: dict[str, Any] = {}
        self.recipe, self.dataset, self.device = QComboBox(self), QComboBox(self), QComboBox(self)
        self.recipe.setEditable(True)
        self.begin = BeginWith(models, self)
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
        self.use = QPushButton(theme.icon("network"), tr("Use it in this case"), self)
        self.use.setToolTip(tr("Describe everybody in the case by the new model; searches go by it once that is done."))
        self.use.hide()
        self.title = QLabel(tr("No run yet."), self)
        self._about = QLabel(tr(ABOUT_A_CASE), self)
        self.bar = QProgressBar(self)
        self.log = QPlainTextEdit(self)
        self._problem = QLabel(self)
        self._plots = self._make_plots()
        self.offer(recipes)
        self.recipe.setCurrentText(ADAPT if case is not None and models else "ours")
        if case is not None:
            self.dataset.setCurrentText("case")
            self.root.setText(str(case))
        self.begin.choose(models[0].path if case is not None and models else None)
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
            self.begin.path,
        )

    def follow(self, run: TrainingRun) -> None:
        """Show this run from now on."""
        self.run, self.curves = run, Curves()
        self._draw()
        self.log.clear()
        self._progress = {}
        self.use.hide()
        self._show_told()
        run.told.connect(self._show_told)
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
            self._progress = progress
            self.title.setText(self.words)
            total = progress.get("total")
            self.bar.setRange(0, 1000 if total else 0)
            self.bar.setValue(round(1000 * float(progress.get("done") or 0) / float(total or 1)))
        if grown:
            self._draw()

    def _on_end(self, words: str) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(self.bar.value() if words else 1000)
        folder = self.run.order.folder if self.run is not None else Path()
        if self.run is not None and self.run.order.begin is not None:
            done = outcome(self.run.result) + "\n" + tr("The model lies in {folder}").format(folder=folder)
        else:
            done = tr("Done: the model lies in {folder}").format(folder=folder)
        self.title.setText(words or done)
        self.use.setVisible(not words and self.case is not None and bool(self.run and self.run.result.get("model")))
        self._check()

    def _draw(self) -> None:
        for name, plot in self._plots.items():
            points = getattr(self.curves, name)
            plot.setData([step for step, _ in points], [value for _, value in points])

    def _check(self) -> None:
        running = self.run is not None and self.run.running
        self._about.setVisible(self.dataset.currentText() == "case")
        problem = self.order.problem
        self._problem.setText("" if running else problem)
        self.start.setEnabled(not running and not problem)
        self.start.setText(tr("Go on with this run") if self.order.begun else tr("Start training"))
        for button in (self.pause, self.cancel):
            button.setEnabled(running and self.run is not None and not self.run.cancelling)

    def _toggle(self) -> None:
        if self.run is not None:
            self.run.say("resume" if self.run.paused else "pause")

    @property
    def words(self) -> str:
        """The run in a line: whether it is held or about to end, and how far it was last."""
        begun = in_words(self._progress) if self._progress else tr("Starting …")
        if self.run is not None and self.run.cancelling:
            return tr("Cancelling …") + "   ·   " + begun
        return tr("Paused") + "   ·   " + begun if self.run is not None and self.run.paused else begun

    def _show_told(self) -> None:
        """What the run was told, which it obeys in a moment; the button says what it does next."""
        paused = self.run is not None and self.run.paused
        self.pause.setText(tr("Resume") if paused else tr("Pause"))
        self.pause.setIcon(theme.icon("play" if paused else "pause"))
        self.title.setText(self.words)
        self._check()

    def _connect(self) -> None:
        self.start.clicked.connect(lambda: self.started.emit(self.order))
        self.pause.clicked.connect(self._toggle)
        self.cancel.clicked.connect(lambda: self.run.say("cancel") if self.run is not None else None)
        self.use.clicked.connect(lambda: self.taken.emit(Path(str(self.run.result["model"]))) if self.run else None)
        fields = (self.root, self.folder, self.settings)
        chosen = (self.recipe.editTextChanged, self.dataset.currentTextChanged, self.begin.currentIndexChanged)
        for changed in (*(field.textChanged for field in fields), *chosen):
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
        figures.addLegend(offset=(-10, -10), labelTextColor=tokens.text)
        for name, words, colour in (("rank1", tr("rank-1"), tokens.good), ("mean_precision", tr("mAP"), tokens.danger)):
            pen = pyqtgraph.mkPen(colour, width=2)
            plots[name] = figures.plot(pen=pen, name=words, symbol="o", symbolSize=6, symbolBrush=colour)
        for plot in (top, rate, figures):
            plot.showGrid(x=True, y=True, alpha=0.15)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
            plot.setLimits(xMin=0, yMin=0)  # there is no step before the first, and nothing below nothing
        figures.setYRange(0, 1, padding=0.02)  # shares
        figures.setLimits(yMax=1.02)
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
        self._about.setObjectName("muted")
        self._about.setWordWrap(True)
        self._problem.setObjectName("muted")
        self._problem.setWordWrap(True)
        theme.primary(self.start)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LOG_LINES)
        self.log.setFixedHeight(theme.px(110))
        self.log.setPlaceholderText(tr("What the run says."))
        self.bar.setTextVisible(False)
        named = {
            tr("Recipe"): self.recipe, tr("Begin with"): self.begin,
            tr("Kind of data"): self.dataset, tr("Data"): self.root,
            tr("Device"): self.device, tr("Seed"): self.seed, tr("Run's folder"): self.folder,
            tr("Other settings"): self.settings,
        }  # fmt: skip
        form = QFormLayout()
        form.setSpacing(theme.px(9))
        for words, field in named.items():
            field.setAccessibleName(words)
            form.addRow(words, self._row(field, words) if field in (self.root, self.folder) else field)
            if field is self.root:
                form.addRow("", self._about)
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
        head.addWidget(self.bar, 1)
        head.addWidget(self.use)
        head.addWidget(self.pause)
        head.addWidget(self.cancel)
        right = QVBoxLayout()
        right.addWidget(self.title)
        right.addLayout(head)
        right.addWidget(self._graphs, 1)
        right.addWidget(self.log)
        return right


def in_words(progress: dict[str, Any]) -> str:
    """``epoch 4.2 of 40   ·   loss 3.12   ·   12:30 left``."""
    parts, stage = [], str(progress.get("stage", ""))
    if progress.get("epochs"):
        parts.append(tr("epoch {at} of {all}").format(at=progress.get("epoch", 0), all=progress["epochs"]))
    if progress.get("loss") is not None:
        parts.append(tr("loss {loss}").format(loss=f"{float(progress['loss']):.3g}"))
    if progress.get("eta_s") is not None:
        parts.append(tr("{time} left").format(time=local_time.length(round(float(progress["eta_s"]) * 1e6))))
    if not parts and progress.get("total"):
        parts.append(tr("{done} of {total}").format(done=progress.get("done", 0), total=progress["total"]))
    if stage != "train" or not parts:
        parts.insert(0, tr(STAGES[stage]) if stage in STAGES else stage or tr("Working"))
    return "   ·   ".join(parts)


def told(event: dict[str, Any]) -> str:
    """A notice or a test as a line."""
    if event.get("event") == "notice":
        return in_the_window(str(event.get("message", "")))
    if event.get("rank1") is None or event.get("mAP") is None:
        return tr("Nobody could be tested.")
    step = event.get("step")
    when = counted(step, tr("after 1 step"), tr("after {count} steps")) if step else tr("before the first step")
    words = tr("Tested {when}: rank-1 {rank1} %, mAP {mAP} %, {asked}")
    asked = counted(round(event.get("queries") or 0), tr("1 question"), tr("{count} questions"))
    shares = {name: f"{100 * event[name]:.1f}" for name in ("rank1", "mAP")}
    return words.format(when=when, asked=asked, **shares)
