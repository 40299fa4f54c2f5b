"""A training run as the window follows it: the child process, and the figures that it has told so far."""

from __future__ import annotations

import itertools
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

from app.children import environment
from app.networks import model_of
from app.words import Later, counted, tr
from reid_engine.jobs import LineSplitter
from reid_engine.process import LAST, NICENESS, put_behind

COMMAND = (sys.executable, "-m", "trainer")
ADAPT = "ours/adapt"  # goes on from a model, a little
RECIPES = (ADAPT, "ours", "tcl/full", "grl/full", "stmp/full", "rgsat/full", "gltr/full")
DATASETS = ("folder", "case", "mars", "ilids_vid", "prid2011", "duke_video", "ls_vid", "market1501", "world")
DEVICES = ("auto", "cpu", "cuda")
# which model a paper's recipes train, by what stands before their stroke
TRAINS = {"grl": "grl", "stmp": "stmp", "rgsat": "rgsat", "gltr": "gltr", "tcl": "tclnet", "tclnet": "tclnet"}
KEPT_WORDS = 2000
# what the trainer says to whoever types commands, and what the window has for it
IN_THE_WINDOW = {
    "stopped as asked": Later("Stopped"),
    "go on with --resume": Later("“Go on with this run” takes it up again"),
    "go on with it by --resume": Later("go on with it by “Go on with this run”"),
    "--resume goes on from that state": Later("“Go on with this run” takes it up from that state"),
    "leave --resume out to start the run": Later("choose another folder to start one"),
    "leave --resume out to start one": Later("choose another folder to start one"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What to train, on what, where. settings: what else differs from the recipe, as ``--set`` takes it

    begin: the model file that is gone on from; None: random weights
    """

    recipe: str
    dataset: str
    root: Path
    folder: Path
    device: str = "auto"
    seed: int = 1
    settings: str = ""
    begin: Path | None = None

    @property
    def changes(self) -> list[str] | None:
        """The settings one by one, NAME=VALUE each, quotes keep spaces together; None where they are something else."""
        try:
            found = shlex.split(self.settings)
        except ValueError:  # a quote that nobody closed
            return None
        named = all(
            name and not name.startswith("-") and sign for name, sign, _ in (one.partition("=") for one in found)
        )
        return found if named else None

    @property
    def problem(self) -> str:
        """Why it cannot start, or nothing."""
        if not self.recipe:
            return tr("A recipe is needed.")
        if not self.root.is_dir():
            return tr("Point to the folder of a data set.")
        if not str(self.folder) or self.folder == Path():
            return tr("The run needs a folder of its own.")
        if (self.folder / "result.json").exists():
            return tr("The run in this folder is complete: choose another folder.")
        if self.changes is None:
            return tr("Settings are written name=value, with a space between two.")
        if any(change.startswith("start=") for change in self.changes):
            return tr("The model that is gone on from is chosen under Begin with.")
        return self._unfit()

    def _unfit(self) -> str:
        """Why the recipe cannot begin with the chosen model, or nothing."""
        if self.begin is None:
            return tr("{recipe} goes on from a model: choose one.").format(recipe=ADAPT) if self.recipe == ADAPT else ""
        name, made = self.begin.name, model_of(self.begin)
        if not self.begin.is_file():
            return tr("The model to begin with is no longer at {path}.").format(path=self.begin)
        if not made:
            return tr("{name} has no card of a trained model beside it.").format(name=name)
        if TRAINS.get(self.recipe.split("/")[0], made) != made:
            words = tr("{recipe} does not train {model}, which {name} holds: choose {ours}.")
            return words.format(recipe=self.recipe, model=made, name=name, ours=ADAPT)
        return ""

    @property
    def begun(self) -> bool:
        """True when a run in its folder was stopped before its end: starting goes on with it."""
        return (self.folder / "checkpoint.pt").exists()

    def words(self) -> list[str]:
        """As the command line takes them."""
        where = ["--out", str(self.folder), "--seed", str(self.seed), "--set", f"device={self.device}"]
        where += [] if self.begin is None else [f"start={self.begin}"]
        where += self.changes or ()
        onward = ["--resume"] if self.begun else []
        return ["train", self.recipe, self.dataset, str(self.root), *where, *onward, "--json"]


def free_folder(runs: Path) -> Path:
    """``run-1``, or the first number that nobody used."""
    return next(folder for number in itertools.count(1) if not (folder := runs / f"run-{number}").exists())


@dataclass
class Curves:
    """What a run has told, as lines over steps: (step, value)."""

    loss: list[tuple[float, float]] = field(default_factory=list)
    rate: list[tuple[float, float]] = field(default_factory=list)
    rank1: list[tuple[float, float]] = field(default_factory=list)
    mean_precision: list[tuple[float, float]] = field(default_factory=list)

    def take(self, event: dict[str, Any]) -> bool:
        """Read one event; True when a curve has grown."""
        kind = event.get("event")
        if kind == "progress" and event.get("loss") is not None:
            step = float(event.get("done") or 0)
            self.loss.append((step, float(event["loss"])))
            if event.get("lr") is not None:
                self.rate.append((step, float(event["lr"])))
            return True
        if kind == "evaluation":
            step = float(event.get("step") or 0)
            for name, curve in (("rank1", self.rank1), ("map", self.mean_precision), ("mAP", self.mean_precision)):
                if event.get(name) is not None:
                    curve.append((step, float(event[name])))
            return True
        return False


class TrainingRun(QObject):
    """``python -m trainer train ... --json`` as a child of the window.

    moved: the events of one read; told: it was paused, resumed or cancelled
    ended: a sentence, empty when the run came to its end; gently: it takes only what nobody else wants
    result: what it told last, once it has ended well
    """

    moved = Signal(list)
    told = Signal()
    ended = Signal(str)

    def __init__(
        self, command: Sequence[str], order: Order, parent: QObject | None = None, *, gently: bool = False
    ) -> None:
        super().__init__(parent)
        self.order = order
        self.paused = self.cancelling = False
        self._gently = gently
        self.result: dict[str, Any] = {}
        self._splitter = LineSplitter()
        self._finished = False
        self._said = ""
        self._process = QProcess(self)
        self._process.setProcessEnvironment(environment())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._listen)
        self._process.started.connect(self._put_behind)
        self._process.finished.connect(self._died)
        self._process.errorOccurred.connect(self._not_started)
        program, *words = [*command, *order.words()]
        self._process.start(program, words)

    @property
    def running(self) -> bool:
        """True until it has ended."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def say(self, word: str) -> None:
        """cancel, pause or resume."""
        self.paused, self.cancelling = word == "pause", self.cancelling or word == "cancel"
        self._process.write(f"{word}\n".encode())
        self.told.emit()

    def close(self) -> None:
        """End it now; what was saved is kept."""
        self._process.blockSignals(True)
        if self.running:
            self._process.kill()
            self._process.waitForFinished(2000)

    def _put_behind(self) -> None:
        """Behind the pictures that a person looks at meanwhile."""
        put_behind(self._process.processId(), LAST if self._gently else NICENESS)  # not idle: nobody says that it waits

    def _read(self) -> None:
        events = list(self._splitter.feed(bytes(self._process.readAllStandardOutput().data())))
        if events:
            for event in events:
                if event.get("event") == "result":
                    self._finished, self.result = True, event if event.get("ok") else {}
            self.moved.emit(events)

    def _listen(self) -> None:
        self._said = (self._said + bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace"))[
            -KEPT_WORDS:
        ]

    def _died(self, status: int) -> None:
        self._read()
        last = self._said.strip().splitlines()[-1:]
        good = status == 0 and (self._finished or not last)
        self.ended.emit(
            "" if good else in_the_window(last[0]) if last else tr("The run ended without a word; its folder is kept.")
        )

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.ended.emit(tr("The trainer could not be started: check the installation."))


def in_the_window(said: str) -> str:
    """A sentence of the trainer without the options of its command line."""
    for typed, pressed in IN_THE_WINDOW.items():
        said = said.replace(typed, tr(pressed))
    return said


def outcome(result: dict[str, Any]) -> str:
    """What became of the model that a run began with, in words, by its last event."""
    before, after = result.get("before") or {}, result.get("results") or {}
    if not {"rank1", "mAP"} <= before.keys() & after.keys():
        return tr("Done. Nobody was kept back to test it on: whether it is better is not known.")
    shown = {name: [f"{100 * figures[name]:.1f}" for figures in (before, after)] for name in ("rank1", "mAP")}
    shares = {name: f"{was} → {now} %" for name, (was, now) in shown.items()}
    asked = counted(round(after.get("queries") or 0), tr("1 question"), tr("{count} questions"))
    found = tr("rank-1 {rank1}, mAP {mAP}, on {asked} about people who were kept back").format(asked=asked, **shares)
    if float(shown["mAP"][1]) > float(shown["mAP"][0]):
        return tr("Done, and better: {found}.").format(found=found)
    return tr("Done, and no better than before: {found}. Keep the model that it began with.").format(found=found)


def told_recipes(text: str) -> list[str]:
    """The recipes that ``python -m trainer recipes --json`` names; the best known ones where it says nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return list(RECIPES)
    return [str(name) for name in found] if isinstance(found, list) and found else list(RECIPES)
