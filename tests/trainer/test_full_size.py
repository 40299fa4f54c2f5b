"""The networks as the papers build them, two steps each: P = 2, K = 2, hardly more frames than the model needs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.checkpoints import Position, load_checkpoint, save_checkpoint
from trainer.distributed import World
from trainer.loop import Stage, build_optimizer
from trainer.recipes import Labels, find_recipe
from trainer.step import Step

HERE = World(0, 1, torch.device("cpu"))
LABELS = Labels(torch.tensor([0, 0, 1, 1]), torch.arange(4))
# RGTR and pools need two; TSE has two learners. For 8 pictures on one thread torch takes its slow convolutions, which
# in GRL cost more than the other 8.
FRAMES = {"grl": 4, "stmp": 1, "rgsat": 2, "gltr": 1, "tclnet": 2}
SIZES = {"stmp": "299x299"}  # Inception's side branch takes nothing less; else pictures are small, networks are not


def begun(name: str) -> Stage:
    """Model, objective and optimizer of the recipe's last stage, weights by seed."""
    changes = {"clip_length": str(FRAMES[name]), "input_size": SIZES.get(name, "64x32")}
    recipe = find_recipe(name, changes)
    settings = recipe.method.stages(recipe.settings)[-1]
    torch.manual_seed(0)
    model = recipe.build()
    objective = recipe.method.objective(model, 2, settings)
    optimizer = build_optimizer(settings, recipe.method.groups(model, objective, settings))
    return Stage(settings, objective, optimizer, Step(model, model, objective, HERE, 4), [])  # type: ignore[arg-type]


def step(stage: Stage, number: int) -> None:
    model = stage.step.model
    size = (4, model.spec.clip_length, 3, *model.spec.input_size)  # type: ignore[union-attr]
    clips = torch.randn(size, generator=torch.Generator().manual_seed(number))
    stage.optimizer.zero_grad()
    terms, _ = stage.step.backward(clips, LABELS, number)
    assert 0 < terms["gradient norm"] < torch.inf
    stage.optimizer.step()
    stage.step.settle()


@pytest.mark.parametrize("name", FRAMES)
def test_a_full_size_model_trains_and_goes_on_exactly(name: str, tmp_path: Path) -> None:
    stage = begun(name)
    step(stage, 1)
    save_checkpoint(tmp_path / "checkpoint.pt", Position(steps=1), **stage.states())
    step(stage, 2)
    expected = {**stage.step.model.state_dict(prefix="model."), **stage.objective.state_dict(prefix="objective.")}
    again = begun(name)
    position, states = load_checkpoint(tmp_path / "checkpoint.pt")
    assert position.steps == 1
    again.step.model.load_state_dict(states["model"])
    again.objective.load_state_dict(states["objective"])
    again.optimizer.load_state_dict(states["optimizer"])
    step(again, 2)
    found = {**again.step.model.state_dict(prefix="model."), **again.objective.state_dict(prefix="objective.")}
    for key, tensor in expected.items():
        assert torch.equal(tensor, found[key]), key
        assert tensor.isfinite().all(), key
