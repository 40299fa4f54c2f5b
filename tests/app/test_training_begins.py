"""Training on from a model: what the form offers for an open case, what it refuses, what it says came out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.networks import Offer, bundled, offers, standard
from app.panes.training import TrainingPane, told
from app.training import ADAPT, RECIPES, Order, TrainingRun, outcome
from app.verbs import verbs
from tests.app.conftest import Open
from tests.app.test_training import COMMAND, WAIT_MS
from tests.support.cases import gallery
from trainer.recipes import find_recipe


def model(folder: Path, name: str = "tclnet") -> Path:
    path = folder / f"my {name}.safetensors"
    path.touch()
    path.with_suffix(".json").write_text(json.dumps({"model": name}))
    return path


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "a.case").mkdir()
    return tmp_path / "a.case"


@pytest.fixture
def pane(case: Path, tmp_path: Path, qtbot: QtBot) -> TrainingPane:
    """The form of an open case, with two models to begin with."""
    models = [Offer(model(tmp_path), "Reappear", "", False, True), Offer(model(tmp_path, "grl"), "GRL", "", False)]
    made = TrainingPane(RECIPES, tmp_path, case=case, models=models)
    qtbot.addWidget(made)
    return made


def test_an_open_case_is_what_the_default_model_is_adapted_to(pane: TrainingPane, case: Path, tmp_path: Path) -> None:
    order = pane.order
    assert (order.recipe, order.dataset, order.root) == (ADAPT, "case", case)
    assert pane.begin.currentText() == "Reappear  (default)"
    assert order.words()[:4] == ["train", ADAPT, "case", str(case)]
    assert f"start={tmp_path / 'my tclnet.safetensors'}" in order.words()
    assert pane.start.isEnabled()
    assert not pane._about.isHidden()
    pane.dataset.setCurrentText("folder")
    assert pane._about.isHidden()


def test_without_a_case_a_run_begins_anew_as_before(tmp_path: Path, qtbot: QtBot) -> None:
    pane = TrainingPane(RECIPES, tmp_path, models=[Offer(model(tmp_path), "Reappear", "", False, True)])
    qtbot.addWidget(pane)
    assert (pane.order.recipe, pane.order.dataset, pane.order.begin) == ("ours", "folder", None)
    assert not any(word.startswith("start=") for word in pane.order.words())


def test_what_cannot_be_gone_on_from_is_refused_with_a_reason(pane: TrainingPane, tmp_path: Path) -> None:
    order = pane.order
    fits = {
        "ours": "",
        "tcl/full": "",
        "tclnet": "",
        "nonsense": "",
        "grl/full": "grl/full does not train tclnet, which my tclnet",
    }
    for recipe, words in fits.items():
        assert replace(order, recipe=recipe).problem.startswith(words)
        assert bool(replace(order, recipe=recipe).problem) == bool(words)
    assert replace(order, recipe="grl", begin=model(tmp_path, "grl")).problem == ""
    assert replace(order, begin=None).problem == "ours/adapt goes on from a model: choose one."
    assert replace(order, settings="lr=1 start=other.safetensors").problem == (
        "The model that is gone on from is chosen under Begin with."
    )
    bare = tmp_path / "bare.safetensors"
    assert "no longer at" in replace(order, begin=bare).problem
    bare.touch()
    assert replace(order, begin=bare).problem == "bare.safetensors has no card of a trained model beside it."
    pane.recipe.setCurrentText("grl/full")
    assert not pane.start.isEnabled()
    assert "choose ours/adapt" in pane._problem.text()
    pane.begin.setCurrentText("GRL")
    assert pane.start.isEnabled()


def test_every_bundled_model_can_be_gone_on_from(tmp_path: Path) -> None:
    """The form's words mean to the trainer what they say: read by it, with the files that are shipped."""
    order = Order(ADAPT, "case", tmp_path, tmp_path / "run")
    found = [offer for offer in offers(bundled()) if not offer.finds_people]
    assert len(found) >= 6
    for offer in found:
        given = replace(order, begin=offer.path)
        assert given.problem == ""
        recipe = find_recipe(ADAPT, dict(word.split("=", 1) for word in given.words() if word.startswith("start=")))
        assert recipe.settings.start == str(offer.path)


def test_another_file_is_listed_and_giving_up_keeps_what_was_chosen(
    pane: TrainingPane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["", str(model(tmp_path, "rgsat"))])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (next(answers), ""))
    other = pane.begin.count() - 1
    for expected in ("Reappear  (default)", "my rgsat.safetensors"):
        pane.begin.setCurrentIndex(pane.begin.count() - 1)
        pane.begin.activated.emit(pane.begin.count() - 1)
        assert pane.begin.currentText() == expected
    assert pane.begin.count() == other + 2
    assert pane.order.begin == tmp_path / "my rgsat.safetensors"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            0.4,
            0.5,
            "Done, and better: rank-1 50.0 → 60.0 %, mAP 40.0 → 50.0 %, on 14 questions about people who were kept",
        ),
        (0.5, 0.5, "Done, and no better than before: rank-1 50.0 → 60.0 %, mAP 50.0 → 50.0 %"),
        (0.5004, 0.5004001, "no better than before: rank-1 50.0 → 60.0 %, mAP 50.0 → 50.0 %"),
        (0.6, 0.5, "Keep the model that it began with."),
        (None, 0.5, "Nobody was kept back to test it on"),
    ],
)
def test_what_came_out_is_said_as_it_is(before: float | None, after: float, words: str) -> None:
    was = None if before is None else {"rank1": 0.5, "mAP": before}
    assert words in outcome({"before": was, "results": {"rank1": 0.6, "mAP": after, "queries": 14.0}})


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"step": 0, "rank1": 0.812, "mAP": 0.8, "queries": 14.0},
            "Tested before the first step: rank-1 81.2 %, mAP 80.0 %, 14 questions",
        ),
        (
            {"step": 40, "rank1": 0.5, "mAP": 0.25, "queries": 1},
            "Tested after 40 steps: rank-1 50.0 %, mAP 25.0 %, 1 question",
        ),
        ({"step": 40}, "Nobody could be tested."),
    ],
)
def test_a_test_on_the_way_reads_as_words(event: dict[str, Any], words: str) -> None:
    assert told({"event": "evaluation", **event}) == words


def test_a_model_that_came_out_is_offered_to_the_case(pane: TrainingPane, tmp_path: Path, qtbot: QtBot) -> None:
    for word, offered in (("cancel", False), ("pause", True)):
        run = TrainingRun(COMMAND, pane.order, pane)
        pane.follow(run)
        assert pane.use.isHidden()
        qtbot.waitUntil(lambda: bool(pane.curves.rank1), timeout=WAIT_MS)
        with qtbot.waitSignal(run.ended, timeout=WAIT_MS):
            run.say(word)  # the child ends at any word
        assert pane.use.isHidden() != offered
    assert pane.title.text().startswith("Done, and better: rank-1 50.0 → 60.0 %")
    with qtbot.waitSignal(pane.taken) as heard:
        pane.use.click()
    assert heard.args == [Path("new.safetensors")]


@pytest.mark.window
def test_using_it_describes_everybody_in_the_case_that_it_was_trained_for(
    open_window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery(tmp_path / "yard.case").store.close()
    window: MainWindow = open_window(tmp_path / "yard.case")
    assert window.view is not None
    described: list[Path] = []
    monkeypatch.setattr(window.view, "describe", described.append)
    next(verb for verb in verbs(window) if verb.words == "Train a model …").act()
    pane = window.findChild(TrainingPane)
    assert pane.root.text() == str(window.view.work.desk.folder)
    assert pane.order.begin == standard(bundled()).embedder
    pane.taken.emit(Path("new.safetensors"))
    assert described == [Path("new.safetensors")]
    window.program.model_taken.emit(Path("new.safetensors"), tmp_path / "another.case")
    assert len(described) == 1
