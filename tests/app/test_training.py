"""A training run beside the window, played by a scripted child that speaks the trainer's lines."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.dialogs.training import TrainingDialog
from app.main_window import MainWindow
from app.panes.training import TrainingPane, in_words
from app.training import RECIPES, Order, TrainingRun, free_folder, told_recipes
from reid_engine.errors import UsageError
from tests.app.conftest import Open
from trainer.recipes import find_recipe

WAIT_MS = 20_000
CHILD = """
import json, sys
def say(**event): print(json.dumps(event), flush=True)
say(event="notice", message=" ".join(sys.argv[1:]))
for step in range(1, 6):
    say(event="progress", stage="train", done=step, total=10, epoch=step / 5, epochs=2,
        loss=4 / step, lr=1e-3, eta_s=3.0)
say(event="evaluation", step=5, rank1=0.5, mAP=0.25)
word = sys.stdin.readline().strip()
say(event="result", ok=word != "cancel", word=word, model="new.safetensors",
    before={"rank1": 0.5, "mAP": 0.4, "queries": 14}, results={"rank1": 0.6, "mAP": 0.5, "queries": 14})
sys.exit(0 if word != "cancel" else 4)
"""
COMMAND = (sys.executable, "-c", CHILD)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order("tcl/full", "folder", tmp_path, tmp_path / "run", "cpu", 7)


@pytest.fixture
def pane(tmp_path: Path, qtbot: QtBot) -> TrainingPane:
    made = TrainingPane(RECIPES, tmp_path)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def training(open_window: Open, order: Order, qtbot: QtBot) -> MainWindow:
    """A window in which a model is trained."""
    window = open_window(None)
    window.program.trainer = COMMAND
    window.program.train()
    pane = window.findChild(TrainingPane)
    pane.root.setText(str(order.root))
    pane.folder.setText(str(order.folder))
    pane.start.click()
    qtbot.waitUntil(lambda: bool(pane.curves.rank1), timeout=WAIT_MS)
    return window


@pytest.mark.window
def test_escape_hides_a_run_that_goes_on_and_the_menu_shows_it_again(training: MainWindow, qtbot: QtBot) -> None:
    dialog = training.findChild(TrainingDialog)
    for leave in (dialog.reject, dialog.close):
        leave()
        assert not dialog.isVisible()
        assert training.program.training
        assert training.program.trace.isVisible()
        assert training.program.trace.text().startswith("Training: epoch 1.0 of 2")
        training.program.trace.click()
        assert dialog.isVisible()
    pane = training.findChild(TrainingPane)
    pane.cancel.click()
    qtbot.waitUntil(lambda: not training.program.training, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not training.program.trace.isVisible(), timeout=WAIT_MS)
    dialog.close()
    assert training.program.run is None
    qtbot.waitUntil(lambda: training.findChild(TrainingDialog) is None, timeout=WAIT_MS)


@pytest.mark.window
def test_a_window_in_which_a_model_is_trained_asks_before_it_stops_it(training: MainWindow, qtbot: QtBot) -> None:
    training.close()
    assert training.isVisible()
    assert training.program.training
    box = training.findChild(QMessageBox)
    next(button for button in box.buttons() if "Stop" in button.text()).click()
    qtbot.waitUntil(lambda: not training.isVisible(), timeout=WAIT_MS)
    assert not training.program.training


def test_a_run_is_the_command_that_a_person_could_type(order: Order) -> None:
    words = " ".join(order.words())
    assert words.startswith(f"train tcl/full folder {order.root} --out {order.folder} --seed 7")
    assert words.endswith("--set device=cpu --json")


def test_other_settings_go_along_as_they_are_typed(pane: TrainingPane, order: Order) -> None:
    pane.root.setText(str(order.root))
    pane.folder.setText(str(order.folder))
    pane.settings.setText("epochs=3  targets='my teacher.npz' ")
    assert pane.order.words()[-4:] == ["device=auto", "epochs=3", "targets=my teacher.npz", "--json"]
    assert pane.start.isEnabled()


@pytest.mark.parametrize("typed", ["epochs", "epochs=3 lr", "--out=elsewhere", "=3", "targets='my teacher"])
def test_settings_that_are_none_are_refused_before_anything_starts(
    typed: str, pane: TrainingPane, order: Order
) -> None:
    pane.root.setText(str(order.root))
    pane.folder.setText(str(order.folder))
    assert pane.start.isEnabled()
    pane.settings.setText(typed)
    assert not pane.start.isEnabled()
    assert pane.order.problem == "Settings are written name=value, with a space between two."


def test_a_setting_that_the_recipe_does_not_know_is_said_in_its_own_sentence(
    pane: TrainingPane, order: Order, qtbot: QtBot
) -> None:
    wrong = replace(order, settings="epochen=3")
    run = TrainingRun((sys.executable, "-m", "trainer"), wrong, pane)
    pane.follow(run)
    qtbot.waitUntil(lambda: not run.running and "epochen" in pane.title.text(), timeout=WAIT_MS)
    with pytest.raises(UsageError) as told:
        find_recipe(order.recipe, {"epochen": "3"})
    assert pane.title.text() == str(told.value)


def test_a_run_is_offered_a_folder_that_nobody_used(pane: TrainingPane) -> None:
    first = Path(pane.folder.text())
    assert first.name == "run-1"
    first.mkdir(parents=True)
    assert free_folder(first.parent).name == "run-2"


def test_a_run_that_was_cancelled_goes_on_and_one_that_ended_stays(pane: TrainingPane, order: Order) -> None:
    pane.root.setText(str(order.root))
    pane.folder.setText(str(order.folder))
    assert pane.start.text() == "Start training"
    assert "--resume" not in pane.order.words()
    order.folder.mkdir()
    (order.folder / "checkpoint.pt").touch()
    pane.folder.textChanged.emit("")
    assert pane.start.text() == "Go on with this run"
    assert pane.order.words()[-2:] == ["--resume", "--json"]
    (order.folder / "result.json").touch()
    pane.folder.textChanged.emit("")
    assert not pane.start.isEnabled()
    assert "complete" in pane.order.problem


def test_the_form_asks_for_data_before_it_starts(pane: TrainingPane, tmp_path: Path, qtbot: QtBot) -> None:
    assert not pane.start.isEnabled()
    pane.root.setText(str(tmp_path))
    assert pane.start.isEnabled()
    with qtbot.waitSignal(pane.started) as heard:
        pane.start.click()
    assert heard.args[0].root == tmp_path


def test_curves_and_figures_follow_the_run_and_it_is_cancelled(pane: TrainingPane, order: Order, qtbot: QtBot) -> None:
    run = TrainingRun(COMMAND, order)
    pane.follow(run)
    qtbot.waitUntil(lambda: bool(pane.curves.rank1), timeout=WAIT_MS)
    assert pane.curves.loss == [(float(step), 4 / step) for step in range(1, 6)]
    assert pane.curves.rank1 == [(5.0, 0.5)]
    assert pane.curves.mean_precision == [(5.0, 0.25)]
    assert "epoch 1.0 of 2" in pane.title.text()
    assert "train tcl/full folder" in pane.log.toPlainText()
    assert not pane.start.isEnabled()
    with qtbot.waitSignal(run.ended, timeout=WAIT_MS):
        pane.cancel.click()
        assert pane.title.text().startswith("Cancelling …   ·   epoch 1.0 of 2")
        assert not pane.cancel.isEnabled()
        assert not pane.pause.isEnabled()
    assert not run.running


def test_shares_are_drawn_between_nothing_and_all(pane: TrainingPane) -> None:
    pane.curves.take({"event": "evaluation", "step": 0, "rank1": 1.0, "mAP": 1.0})
    pane._draw()
    (steps, shares) = pane._plots["rank1"].getViewBox().viewRange()
    assert steps[0] >= 0
    assert shares == pytest.approx([0, 1.02], abs=0.03)


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        ({"stage": "embed", "done": 3, "total": 18}, "Testing   ·   3 of 18"),
        ({"stage": "train", "epochs": 2, "epoch": 0.5, "loss": 2.0}, "epoch 0.5 of 2   ·   loss 2"),
        ({"stage": "decode"}, "Reading the pictures"),
    ],
)
def test_how_far_a_run_is_is_said_in_words(progress: dict[str, object], said: str) -> None:
    assert in_words(progress) == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "stopped as asked after 1 step; go on with --resume",
            "Stopped after 1 step; “Go on with this run” takes it up again",
        ),
        ("no space is left; free some space and go on with --resume",
         "no space is left; free some space and “Go on with this run” takes it up again"),
        ("run-1 holds no run to go on with; leave --resume out to start one",
         "run-1 holds no run to go on with; choose another folder to start one"),
    ],
)  # fmt: skip
def test_a_run_ends_in_words_of_the_window(said: str, shown: str, order: Order, qtbot: QtBot) -> None:
    run = TrainingRun((sys.executable, "-c", f"import sys; sys.exit({said!r})"), order)
    with qtbot.waitSignal(run.ended, timeout=WAIT_MS) as heard:
        pass
    assert heard.args == [shown]


def test_the_next_run_is_not_offered_to_resume_because_the_last_was_paused(
    pane: TrainingPane, order: Order, qtbot: QtBot
) -> None:
    for _ in range(2):
        run = TrainingRun(COMMAND, order)
        pane.follow(run)
        assert pane.pause.text() == "Pause"
        qtbot.waitUntil(lambda: bool(pane.curves.rank1), timeout=WAIT_MS)
        with qtbot.waitSignal(run.ended, timeout=WAIT_MS):
            pane.pause.click()  # the child ends at any word
        assert pane.pause.text() == "Resume"


def test_a_trainer_that_is_not_there_is_said(pane: TrainingPane, order: Order, qtbot: QtBot) -> None:
    run = TrainingRun(("/no/such/trainer",), order)
    pane.follow(run)
    qtbot.waitUntil(lambda: "could not be started" in pane.title.text(), timeout=WAIT_MS)
    run.close()


def test_a_run_that_dies_ends_with_its_last_words(order: Order, qtbot: QtBot) -> None:
    run = TrainingRun((sys.executable, "-c", "import sys; sys.exit('the data are gone')"), order)
    with qtbot.waitSignal(run.ended, timeout=WAIT_MS) as heard:
        pass
    assert heard.args == ["the data are gone"]


def test_closing_ends_the_child(order: Order, qtbot: QtBot) -> None:
    run = TrainingRun((sys.executable, "-c", "import time; time.sleep(60)"), order)
    run.close()
    assert not run.running


def test_recipes_are_those_the_trainer_names() -> None:
    assert told_recipes('["a/b", "c"]') == ["a/b", "c"]
    assert told_recipes("no json") == list(RECIPES)
