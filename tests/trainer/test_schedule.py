"""What a recipe's numbers do in a run: learning rates, tests on the way, the optimizer, the clips that are fed."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from tests.trainer import trees
from trainer.data import RunData
from trainer.datasets import DataSet
from trainer.distributed import World
from trainer.loop import build_optimizer
from trainer.recipes import find_recipe
from trainer.recipes.base import Settings
from trainer.schedule import evaluates_after, lr_factor, place
from trainer.transforms import Augmentation

HERE = World(0, 1, torch.device("cpu"))
EVERY = {"grl": 15, "tclnet": 40, "rgsat": 125}  # epochs between two decays


def stages(name: str, **changes: Any) -> tuple[Settings, ...]:
    recipe = find_recipe(name, changes)
    return recipe.method.stages(recipe.settings)


@pytest.mark.parametrize("name", EVERY)
def test_the_rate_falls_to_a_tenth_at_the_printed_epochs(name: str) -> None:
    (settings,) = stages(name)
    for epoch in range(settings.epochs):
        assert lr_factor(settings, epoch) == pytest.approx(0.1 ** (epoch // EVERY[name]))
        assert lr_factor(settings, epoch + 0.99) == lr_factor(settings, epoch), "not within an epoch"


def test_gltr_falls_once_a_stage_its_code_four_times_and_stmp_never() -> None:
    frames, clips = stages("gltr")
    assert [lr_factor(frames, e) for e in (0, 9, 10, 19)] == pytest.approx([1, 1, 0.1, 0.1])
    assert [lr_factor(clips, e) for e in (0, 119, 120, 399)] == pytest.approx([1, 1, 0.1, 0.1])
    (code,) = stages("gltr", variant="released")
    assert [lr_factor(code, e) for e in (119, 120, 240, 360, 480, 500)] == pytest.approx(
        [1, *(0.1**n for n in (1, 2, 3, 4, 4))]
    )
    (stmp,) = stages("stmp")
    assert {lr_factor(stmp, e) for e in range(stmp.epochs)} == {1.0}


def test_ours_warms_up_in_a_line_and_comes_down_by_a_cosine() -> None:
    settings = Settings(schedule="cosine", warmup=0.1, final_lr=0.002, epochs=100)
    assert [lr_factor(settings, e) for e in (0, 5, 10)] == pytest.approx([0.01, 0.505, 1.0])
    for epoch in range(10, 101):
        expected = 0.002 + 0.998 * (1 + math.cos(math.pi * (epoch - 10) / 90)) / 2
        assert lr_factor(settings, epoch) == pytest.approx(expected)


def test_grl_is_tested_every_five_epochs_and_every_three_after_thirty() -> None:
    (settings,) = stages("grl")
    assert [e for e in range(1, 51) if evaluates_after(settings, e)] == [5, 10, 15, 20, 25, 30, 33, 36, 39, 42, 45, 48]
    (tclnet,) = stages("tclnet")
    assert [e for e in range(1, 151) if evaluates_after(tclnet, e)] == list(range(10, 150, 10))


def test_a_bound_of_minutes_stretches_the_epochs_over_them() -> None:
    settings = Settings(epochs=100, max_minutes=20)
    assert place(settings, 10, 10) == 50
    assert place(settings, 60, 10) == 60
    assert place(settings, 3, 40) == 100
    assert place(Settings(epochs=100), 3, 40) == 3


@pytest.mark.parametrize("max_minutes", [0.0, 60.0])
def test_the_first_step_of_an_epoch_is_of_that_epoch_whatever_their_number(max_minutes: float) -> None:
    for epochs in range(1, 400):
        settings = Settings(epochs=epochs, max_minutes=max_minutes)
        assert [place(settings, done, 0) for done in range(epochs + 1)] == list(range(epochs + 1))


@pytest.mark.parametrize(
    ("name", "kind", "rates", "rest"),
    [
        ("grl", torch.optim.SGD, (1e-3,), {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
        ("stmp", torch.optim.SGD, (0.01,), {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
        ("gltr", torch.optim.SGD, (0.01,), {"momentum": 0.9, "nesterov": False, "weight_decay": 5e-4}),
        ("rgsat", torch.optim.Adam, (3e-4,), {"betas": (0.9, 0.999), "weight_decay": 5e-4}),
        ("tclnet", torch.optim.Adam, (3e-4,), {"betas": (0.9, 0.999), "weight_decay": 5e-4}),
    ],
)
def test_optimizers_are_the_papers(name: str, kind: type, rates: tuple[float, ...], rest: dict[str, Any]) -> None:
    for settings in stages(name):
        optimizer = build_optimizer(settings, [{"lr": settings.lr, "params": nn.Linear(2, 2).parameters()}])
        assert type(optimizer) is kind
        assert [group["initial_lr"] for group in optimizer.param_groups] == list(rates)
        assert {key: optimizer.param_groups[0][key] for key in rest} == rest
    changed = stages(name, optimizer="adamw")[-1]
    assert type(build_optimizer(changed, [{"params": nn.Linear(2, 2).parameters()}])) is torch.optim.AdamW


CLIP_AND_CHANGES: dict[str, tuple[str, list[int], Augmentation]] = {  # name, kept tracklets, what happens to clips
    "grl": (
        "restricted",
        [0, 1, 2],
        Augmentation(flip=0.5, crop=True, erase=0.5, erase_area=(0.02, 0.2), erase_fill="colour"),
    ),
    "stmp": ("adjacent", [1, 2], Augmentation()),
    "rgsat": ("scattered", [0, 1, 2], Augmentation(flip=0.5, erase=0.5)),
    "gltr": ("adjacent_but_last", [0, 1, 2], Augmentation()),
    "tclnet": ("strided", [0, 1, 2], Augmentation(flip=0.5)),
    "tcl/tse_re": ("strided", [0, 1, 2], Augmentation(flip=0.5, erase=0.5)),
}


@pytest.mark.parametrize("name", CLIP_AND_CHANGES)
def test_clips_are_drawn_and_changed_as_the_recipe_says(name: str) -> None:
    clip, kept, changes = CLIP_AND_CHANGES[name]
    train = (trees.in_memory(1, 1, 7), trees.in_memory(1, 2, 8), trees.in_memory(2, 1, 9))
    model: Any = SimpleNamespace(
        spec=SimpleNamespace(clip_length=6, input_size=(16, 8), mean=(0.5,) * 3, std=(0.5,) * 3, resize="bilinear")
    )
    *before, settings = stages(name, identities="1", per_identity="2")
    loader = RunData(DataSet("folder", train, ())).batches(settings, model, HERE)
    assert (loader.clip, loader.clip_length, loader.units.tracklet.tolist()) == (clip, 6, kept)
    assert loader.augmentation == changes
    for settings in before:  # GLTR's first stage: frames
        loader = RunData(DataSet("folder", train, ())).batches(replace(settings, identities=4), model, HERE)
        assert (loader.clip_length, len(loader.units.tracklet)) == (1, 24)
