"""Every recipe learns: compact models on drawn people, from pictures on disk to a model file that ranks strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pytest
import torch

from reid_engine.jobs import JobControl
from reid_engine.models.files import load_model
from tests.trainer.drawn import write_folder
from trainer.data import RunData
from trainer.datasets import DataSet, Trial, open_dataset
from trainer.loop import fit
from trainer.machine import Machine
from trainer.recipes import find_recipe
from trainer.runs import describe, fingerprint, start_run

STRANGERS = 24
SHORT = {"backbone": "compact", "input_size": "64x32", "clip_length": "2", "identities": "8", "per_identity": "2"}
# Small networks from random weights, a minute instead of days: rates, lengths and in three cases the optimizer and
# what happens to pictures are not the recipe's. Batches, clips and objectives are.
SMALL = {"input_size": "48x24"}  # TCLNet erases blocks of maps that would be too small
ADAM = {"optimizer": "adam", "lr": "3e-3"}
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "grl": {**SMALL, "lr": "4e-3", "epochs": "18"},
    "stmp": {**SMALL, **ADAM, "trunk_lr": "3e-3", "epochs": "12", "min_frames": "2"},
    "rgsat": {**SMALL, "lr": "3e-3", "epochs": "20", "erase": "0", "flip": "0"},
    "gltr": {
        **SMALL,
        **ADAM,
        "lr": "4e-3",
        "frame_lr": "4e-3",
        "epochs": "20",
        "frame_epochs": "4",
        "frame_batch": "32",
    },
    "tclnet": {"lr": "3e-3", "epochs": "15"},
    "ours": {"lr": "3e-3", "epochs": "15"},
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    """32 people to learn; of 24 strangers one tracklet by each of two cameras, looked for across them."""
    root = tmp_path_factory.mktemp("people")
    write_folder(root / "train", range(32), tracklets=1)
    for part in ("query", "gallery"):
        write_folder(root / part, range(100, 100 + STRANGERS), tracklets=1, frames=2)
    dataset = open_dataset("folder", root)
    (trial,) = dataset.trials
    one = tuple(tracklet for tracklet in trial.query if tracklet.camid == 1)
    other = tuple(tracklet for tracklet in trial.gallery if tracklet.camid == 2)
    return replace(dataset, trials=(Trial(one, other),))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_recipe_halves_its_loss_and_ranks_strangers_far_better(name: str, people: DataSet, tmp_path: Path) -> None:
    recipe = find_recipe(name, {**SHORT, "evaluate_every": "0", **SETTINGS[name]})
    data = RunData(people, threads=1)
    torch.manual_seed(0)
    untrained = data.evaluate(recipe.build().eval(), JobControl())
    told = describe(recipe, seed=0, dataset="folder", root=tmp_path, data=fingerprint(people.train))
    run = start_run(tmp_path / "run", told)
    result = fit(recipe, data, run, Machine())
    losses = [line["loss"] for line in run.measured() if line["event"] == "step"]
    # OIM's empty table first makes everybody equally likely: the loss rises while it fills, and then falls
    begun = max(losses) if name == "grl" else mean(losses[:2])
    assert mean(losses[-4:]) <= begun / 2
    assert result["results"]["queries"] == STRANGERS
    assert result["results"]["rank1"] >= untrained["rank1"] + 0.2
    model, _ = load_model(run.model)
    assert data.evaluate(model, JobControl()) == pytest.approx(result["results"]), "the file is what was tested"
