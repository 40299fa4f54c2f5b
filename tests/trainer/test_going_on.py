"""A run that goes on from a trained model: what it takes over, what it knows before its first step, what it tells."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from reid_engine.errors import InputError, JobCancelled, NetworkFileError, UsageError
from reid_engine.jobs import JobControl
from reid_engine.models import build_model
from reid_engine.models.files import Story, fill_model, load_model, read_card, save_model
from reid_engine.models.tclnet import TclFeatures, TCLNet
from tests.support.cases import gallery
from tests.trainer.datasets.test_case import decided
from tests.trainer.drawn import DrawnData, write_folder
from tests.trainer.test_loop import StopAfter, losses_of, new_run, small, state_of
from trainer.__main__ import main
from trainer.calibration import write_calibration
from trainer.checkpoints import load_checkpoint
from trainer.loop import fit
from trainer.machine import Machine
from trainer.recipes import Labels, Recipe, find_recipe
from trainer.recipes.ours import OurObjective, OurSettings
from trainer.runs import Run

TINY = {"identities": "2", "per_identity": "2", "epochs": "2"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of our recipe that has learned from drawn people, and says so."""
    folder = tmp_path_factory.mktemp("trained")
    recipe = small("ours", epochs="25", lr="3e-3", evaluate_every="0")
    run = new_run(folder / "run", recipe)
    fit(recipe, DrawnData(4, 2), run, Machine())
    return run.model


def going_on(name: str, start: Path, **changes: Any) -> Recipe:
    return find_recipe(name, {**TINY, "start": str(start), **changes})


def our_objective(recipe: Recipe, people: int) -> OurObjective:
    assert isinstance(recipe.settings, OurSettings)
    return OurObjective(recipe.build(), people, recipe.settings)


def grl_file(folder: Path) -> Path:
    model = build_model("grl", backbone="compact", input_size=(32, 16), clip_length=2)
    save_model(model, folder / "grl.safetensors", Story(training_data=("secret footage",)))
    return folder / "grl.safetensors"


def test_the_model_is_the_file_s_and_so_are_its_options(trained: Path, tmp_path: Path) -> None:
    card = read_card(trained)
    for name in ("ours", "ours/adapt", "tcl/full_tri"):
        recipe = going_on(name, trained)
        model = recipe.build()
        assert (model.spec.name, model.spec.backbone) == (card["model"], "compact")
        assert isinstance(model, TCLNet)
        assert model.options.learners == card["options"]["learners"] == 1  # tcl/full_tri has two of its own
        fill_model(model, trained)
        for key, tensor in load_file(trained).items():
            assert torch.equal(tensor, model.state_dict()[key]), key
        assert f"start={trained}" in recipe.verdict()
        assert "(recipe: )" not in recipe.verdict()  # ours begin with no model: there is nothing to name
    assert "not the paper's settings" in going_on("tcl/full_tri", trained).verdict()
    assert going_on("ours", grl_file(tmp_path)).build().spec.name == "grl"


@pytest.mark.parametrize("name", ["gltr", "tcl/full", "rgsat/full"])
def test_a_paper_s_recipe_trains_only_its_own_model(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not train grl, which .*grl\.safetensors holds; `ours` trains any"):
        going_on(name, grl_file(tmp_path))


def test_what_begins_with_a_model_takes_no_other_weights_and_no_other_head(trained: Path) -> None:
    for other in ({"weights": "trunk.safetensors"}, {"head": "rgsat/full"}):
        with pytest.raises(UsageError, match=f"brings the whole model; leave {next(iter(other))} out"):
            going_on("ours", trained, **other)
    with pytest.raises(UsageError, match="ours/adapt goes on from a model; name its file: start="):
        find_recipe("ours/adapt")
    with pytest.raises(NetworkFileError, match="has no card"):
        going_on("ours", trained.with_name("nothing.safetensors"))


def test_a_file_of_another_making_is_refused_before_anything_is_learned(trained: Path, tmp_path: Path) -> None:
    recipe = going_on("ours", trained, backbone="solid")
    with pytest.raises(NetworkFileError, match="its card belongs elsewhere"):
        fit(recipe, DrawnData(4, 1), new_run(tmp_path / "run", recipe), Machine())
    damaged = tmp_path / trained.name
    shutil.copy(trained, damaged)
    shutil.copy(trained.with_suffix(".json"), damaged.with_suffix(".json"))
    with damaged.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    with pytest.raises(NetworkFileError, match="the file was changed"):
        fit(going_on("ours", damaged), DrawnData(4, 1), new_run(tmp_path / "other", recipe), Machine())


def test_a_run_tells_what_the_model_was_worth_before_and_where_it_comes_from(trained: Path, tmp_path: Path) -> None:
    recipe, data = going_on("ours", trained, lr="0.3"), DrawnData(4, 2)  # a rate that spoils every model
    run = new_run(tmp_path / "run", recipe)
    result = fit(recipe, data, run, Machine())
    model, card = load_model(trained)
    expected = data.evaluate(model, JobControl(), final=True)
    assert result["before"] == expected
    first = next(line for line in run.measured() if line["event"] == "evaluation")
    assert (first["step"], first["epoch"], first["rank1"]) == (0, 0, expected["rank1"])
    made = read_card(run.model)
    assert made["provenance"]["start"] == f"model.safetensors, SHA-256 {card['sha256']}"
    assert "trunk weights" not in made["provenance"]
    assert made["training_data"] == [*card["training_data"], "drawn"]
    assert not run.best.exists(), "what it began with is no model of the run's"
    assert fit(small("ours", epochs="1"), data, new_run(tmp_path / "anew", small("ours")), Machine())["before"] is None


def test_terms_of_the_data_that_a_model_learned_from_stay_with_what_is_made_of_it(tmp_path: Path) -> None:
    recipe = going_on("ours", grl_file(tmp_path), epochs="1")
    run = new_run(tmp_path / "run", recipe)
    fit(recipe, DrawnData(4, 1), run, Machine())
    assert read_card(run.model)["training_data"] == ["secret footage", "drawn"]


def test_everybody_is_known_before_the_first_step(trained: Path, tmp_path: Path) -> None:
    """Of the four people the right one is told at once; a classifier that begins anew guesses."""
    first = {}
    for name, changes in (("known", {"start": str(trained)}), ("anew", {})):
        exact = {"smoothing": "0", "freeze_bn": "true"}
        recipe = find_recipe("ours", {**TINY, **exact, **changes}) if changes else small("ours", **exact)
        run = new_run(tmp_path / name, recipe)
        fit(recipe, DrawnData(4, 2), run, Machine())
        first[name] = next(line["terms"]["identity 1"] for line in run.measured() if line["event"] == "step")
    assert first["anew"] == pytest.approx(np.log(4), abs=0.1)
    assert first["known"] < 0.6


def test_rows_are_mean_directions_and_the_projection_is_least_squares(tmp_path: Path) -> None:
    """Against a loop: two looks at three of four people; the fourth, whom nobody saw, stays as it was drawn."""
    np.savez(tmp_path / "teacher.npz", vectors=np.random.default_rng(1).normal(size=(6, 3)))
    recipe = small("ours", targets=str(tmp_path / "teacher.npz"), distill="cosine")
    objective = our_objective(recipe, 4)
    rows = cast(Tensor, objective.classifiers[0].weight)
    width, before = rows.shape[1], rows[3].clone()
    generator = torch.Generator().manual_seed(0)
    looks = []
    for _ in range(2):
        normed = torch.randn(6, 1, width, generator=generator)
        pids, places = torch.tensor([0, 0, 1, 1, 2, 2]), torch.arange(6)
        looks.append((TclFeatures(normed, normed, torch.ones(6, 1, 1, 1)), Labels(pids, places)))
    objective.acquaint(looks)
    for pid in range(3):
        mean = torch.zeros(width)
        for features, labels in looks:
            for row, who in enumerate(labels.pids):
                mean += functional.normalize(features.normed[row, 0], dim=0) if who == pid else 0
        torch.testing.assert_close(rows[pid], mean / mean.norm())
    assert torch.equal(rows[3], before)
    x = torch.cat([features.normed[:, 0] for features, _ in looks])
    ridge = 1e-3 * x.pow(2).sum(0).mean() * torch.eye(width)
    wanted = torch.cat([objective.targets[labels.indices] for _, labels in looks])
    assert objective.projection is not None
    torch.testing.assert_close(
        objective.projection.weight, torch.linalg.solve(x.T @ x + ridge, x.T @ wanted).T, atol=1e-5, rtol=1e-4
    )


def test_a_model_without_a_bn_of_its_own_gets_one_that_knows_what_it_will_see(tmp_path: Path) -> None:
    recipe = going_on("ours", grl_file(tmp_path))
    objective = our_objective(recipe, 2)
    seen = []
    clips = torch.randn(4, 2, 3, 32, 16)
    model = recipe.build().eval()
    with torch.no_grad():
        seen.append((model(clips), Labels(torch.tensor([0, 0, 1, 1]), torch.arange(4))))
    objective.acquaint(seen)
    for neck, vector in zip(objective.necks, (seen[0][0].pooled, seen[0][0].video), strict=True):
        torch.testing.assert_close(neck.running_mean, vector.mean(0))
        torch.testing.assert_close(neck.running_var, vector.var(0))


def test_early_stages_that_are_kept_still_do_not_move_by_a_bit(trained: Path, tmp_path: Path) -> None:
    recipe = going_on("ours", trained, still="early")
    run = new_run(tmp_path / "run", recipe)
    fit(recipe, DrawnData(4, 2), run, Machine())
    was, now = load_file(trained), load_file(run.model)
    early = ("path.stem.", "path.stage1.", "path.stage2.")
    moved = {key for key in was if not torch.equal(was[key], now[key])}
    assert not {key for key in moved if key.startswith(early)}
    assert {key for key in moved if key.startswith("erasing.")}
    wrong = going_on("ours", trained, still="trunk")
    with pytest.raises(UsageError, match="tclnet has no part 'trunk'; there are early, path, erasing"):
        fit(wrong, DrawnData(4, 1), new_run(tmp_path / "wrong", wrong), Machine())


def test_what_comes_out_lies_between_what_was_there_and_what_was_learned(trained: Path, tmp_path: Path) -> None:
    """The checkpoint holds what was learned; the model that is written is the share of the way back."""
    was = load_file(trained)
    for keep in (0.0, 0.25, 1.0):
        recipe = going_on("ours", trained, keep=str(keep))
        run = new_run(tmp_path / str(keep), recipe)
        fit(recipe, DrawnData(4, 2), run, Machine())
        learned, made = load_checkpoint(run.checkpoint)[1]["model"], load_file(run.model)
        for key, tensor in made.items():
            if tensor.is_floating_point():
                torch.testing.assert_close(tensor, was[key] * keep + learned[key] * (1 - keep))
    with pytest.raises(UsageError, match="keep is a share of the model that a run goes on from"):
        find_recipe("ours", {"keep": "0.5"})


@pytest.mark.parametrize("keep", ["0.5", "0"])
def test_the_share_that_is_kept_is_said_on_the_command_line(
    keep: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside where frames stay, which is the machine's own setting."""
    write_folder(tmp_path / "people", range(4), tracklets=1, frames=2)
    asked: list[tuple[Recipe, Machine]] = []

    def stopped(recipe: Recipe, _data: Any, _run: Any, machine: Machine, **_named: Any) -> None:
        asked.append((recipe, machine))
        raise InputError("that was asked for")

    monkeypatch.setattr("trainer.verbs.train.fit", stopped)
    words = ["train", "ours/adapt", "folder", str(tmp_path / "people"), "--out", str(tmp_path / "run")]
    assert main([*words, "--set", f"start={trained}", f"keep={keep}", "frames=none"]) == InputError.exit_status
    ((recipe, machine),) = asked
    assert (recipe.settings.keep, machine.frames) == (float(keep), "none")


def test_a_stopped_run_goes_on_bit_by_bit_and_looks_at_nobody_twice(trained: Path, tmp_path: Path) -> None:
    recipe, data = going_on("ours", trained), DrawnData(4, 2)
    whole, parts = new_run(tmp_path / "whole", recipe), new_run(tmp_path / "parts", recipe)
    fit(recipe, data, whole, Machine())
    listener = StopAfter(3)
    with pytest.raises(JobCancelled, match="after 3 steps"):
        fit(recipe, data, parts, Machine(), control=listener.control)
    result = fit(recipe, data, parts, Machine(), resume=True)
    assert losses_of(whole) == losses_of(parts)
    found = state_of(parts)
    assert all(torch.equal(tensor, found[key]) for key, tensor in state_of(whole).items())
    assert result["before"] is not None
    assert len([line for line in parts.measured() if line["event"] == "evaluation" and not line["step"]]) == 1


def test_a_run_that_is_cancelled_while_it_looks_leaves_nothing_to_go_on_from(trained: Path, tmp_path: Path) -> None:
    recipe, control = going_on("ours", trained), JobControl()
    control.cancel()
    run = new_run(tmp_path / "run", recipe)
    with pytest.raises(JobCancelled, match="before the first step"):
        fit(recipe, DrawnData(4, 2), run, Machine(), control=control)
    assert not run.checkpoint.exists()


@pytest.mark.parametrize(
    ("people", "identities", "epochs"), [(2, 2, 20), (8, 8, 20), (15, 8, 20), (30, 8, 7), (80, 8, 2), (2000, 8, 1)]
)
def test_few_people_fill_a_batch_and_many_are_learned_in_as_many_steps(
    people: int, identities: int, epochs: int, trained: Path
) -> None:
    adapted = find_recipe("ours/adapt", {"start": str(trained)}).among(people)
    assert (adapted.settings.identities, adapted.settings.epochs) == (identities, epochs)
    assert not adapted.changed.keys() & {"identities", "epochs"}
    told = find_recipe("ours/adapt", {"start": str(trained), "epochs": "5"})
    assert (told.among(people).settings.identities, told.among(people).settings.epochs) == (identities, 5)
    plain = find_recipe("ours", {"start": str(trained)})
    assert plain.among(people) == plain


@pytest.mark.parametrize(("confirmed", "learned"), [(4, 3), (14, 8)])
def test_a_model_goes_on_from_what_was_decided_in_a_case(
    confirmed: int, learned: int, trained: Path, tmp_path: Path
) -> None:
    """As the window does it: of a case with few people a batch holds them all; the rest of them are asked for."""
    decided(tmp_path / "case", confirmed)
    write_calibration(trained, {"strong": 0.1, "possible": 0.2, "weak": 0.3, "centre": [0.0] * 256}, "a test")
    words = ["train", "ours/adapt", "case", str(tmp_path / "case"), "--out", str(tmp_path / "run")]
    assert main([*words, "--set", f"start={trained}", "epochs=1", "device=cpu", "threads=1"]) == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    step = next(line for line in Run(tmp_path / "run").measured() if line["event"] == "step")
    assert step["clips"] == 4 * learned
    assert {"rank1", "mAP"} <= result["before"].keys()
    assert {"rank1", "mAP"} <= result["results"].keys()
    model, card = load_model(Path(result["model"]))
    assert card["training_data"] == ["drawn", "case"]
    if confirmed == 4:  # eight tracklets: too few pairs of strangers to say how near they come
        assert "calibration" not in card
    else:
        assert card["provenance"]["calibration"] == "that of model.safetensors, carried over by 28 tracklets"
        assert {"strong", "possible", "weak", "centre"} == card["calibration"].keys()
    assert model.embed_tracklet(torch.zeros(2, 3, 64, 32)).shape == (card["spec"]["embedding_dim"],)


def test_a_case_with_nobody_confirmed_is_refused_with_what_to_do(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery(tmp_path / "case").store.close()
    words = ["train", "ours/adapt", "case", str(tmp_path / "case"), "--out", str(tmp_path / "run")]
    assert main([*words, "--set", f"start={trained}"]) == 3
    assert "Decide more matches first" in capsys.readouterr().err
    assert not (tmp_path / "run" / "config.json").exists()
