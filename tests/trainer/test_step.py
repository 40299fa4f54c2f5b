"""A step sees the whole batch, whatever fits into memory at a time."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.models.base import VideoReidModel
from trainer.distributed import World
from trainer.recipes import Labels, Objective, Recipe, find_recipe
from trainer.step import NotFinite, Step, _pieces

HERE = World(0, 1, torch.device("cpu"))
LABELS = Labels(torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]), torch.arange(8))
METHODS = ["grl", "stmp", "rgsat", "gltr", "tcl/full_tri", "ours"]


def small(name: str, **changes: Any) -> tuple[Recipe, VideoReidModel, Objective]:
    size = "64x32" if name.startswith(("tcl", "ours")) else "32x16"
    recipe = find_recipe(name, {"backbone": "compact", "input_size": size, "clip_length": "2", **changes})
    torch.manual_seed(1)
    model = recipe.build()
    return recipe, model, recipe.method.objective(model, 4, recipe.settings)


def clips_for(model: VideoReidModel) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(8, model.spec.clip_length, 3, *model.spec.input_size, generator=generator)


def at_rest(*modules: nn.Module) -> None:
    for module in modules:
        for inner in module.modules():
            if isinstance(inner, nn.modules.batchnorm._BatchNorm):
                inner.eval()


def gradients(*modules: nn.Module) -> list[Tensor]:
    found = [p.grad for module in modules for p in module.parameters() if p.requires_grad and p.grad is not None]
    return [gradient.clone() for gradient in found]


def out_of_memory_above(model: nn.Module, clips: int) -> None:
    """As a device of that size would have it."""

    def check(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if len(inputs[0]) > clips:
            raise torch.OutOfMemoryError("no more memory")

    model.register_forward_pre_hook(check)


@pytest.mark.parametrize("name", METHODS)
def test_micro_batches_give_the_gradients_of_the_whole_batch(name: str) -> None:
    """With batch statistics at rest; dropout of the objective included."""
    _, model, objective = small(name)
    at_rest(model, objective)
    state = copy.deepcopy(objective.state_dict())
    found = []
    for micro in (8, 2):
        objective.load_state_dict(state)
        model.zero_grad()
        objective.zero_grad()
        step = Step(model, model, objective, HERE, micro)
        terms, _ = step.backward(clips_for(model), LABELS, 5)
        step.settle()
        found.append((terms, gradients(model, objective), copy.deepcopy(objective.state_dict())))
    (terms, whole, tables), (terms_again, parts, tables_again) = found
    assert terms == pytest.approx(terms_again, rel=1e-4)
    largest = max(float(one.abs().max()) for one in whole)
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-4 * largest)
    for key in tables:
        assert torch.allclose(tables[key], tables_again[key], atol=1e-5), key


def test_both_passes_of_a_micro_batch_draw_the_same() -> None:
    _, model, objective = small("tcl/base_dropblock")
    seen: list[Tensor] = []
    model.register_forward_hook(lambda module, inputs, features: seen.append(features.videos.detach()))
    Step(model, model, objective, HERE, 2).backward(clips_for(model), LABELS, 5)
    assert len(seen) == 8
    for first, second in zip(seen[:4], seen[4:], strict=True):
        assert torch.equal(first, second)


def test_running_statistics_move_once_a_step_however_it_is_cut() -> None:
    _, model, objective = small("tcl/base")
    Step(model, model, objective, HERE, 2).backward(clips_for(model), LABELS, 5)
    norm = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    assert norm.momentum == 0.1
    assert norm.running_var is not None
    expected = copy.deepcopy(model)
    at_start = small("tcl/base")[1]
    for piece in clips_for(model).split(2):
        at_start(piece)
    for (key, found), wanted in zip(expected.named_buffers(), at_start.buffers(), strict=True):
        if "running" in key:
            assert torch.allclose(found, wanted, atol=1e-6), key


def test_memory_that_does_not_suffice_halves_the_micro_batch_and_keeps_the_batch() -> None:
    _, model, objective = small("grl", variant="released")
    at_rest(model, objective)
    whole = Step(model, model, objective, HERE, 8)
    state = copy.deepcopy(objective.state_dict())
    terms, halved = whole.backward(clips_for(model), LABELS, 5)
    tables = copy.deepcopy(objective.state_dict())
    assert not halved
    objective.load_state_dict(state)
    out_of_memory_above(model, 2)
    step = Step(model, model, objective, HERE, 8)
    again, halved = step.backward(clips_for(model), LABELS, 5)
    assert halved
    assert step.micro_batch == 2
    assert terms == pytest.approx(again, rel=1e-4)
    for key, wanted in tables.items():
        assert torch.allclose(objective.state_dict()[key], wanted, atol=1e-5), "tables moved once"


def test_memory_that_holds_not_even_a_pair_is_an_error() -> None:
    _, model, objective = small("tcl/base")
    out_of_memory_above(model, 1)
    with pytest.raises(torch.OutOfMemoryError):
        Step(model, model, objective, HERE, 8).backward(clips_for(model), LABELS, 5)


def test_a_loss_that_is_no_number_leaves_no_gradient_and_no_table_behind() -> None:
    _, model, objective = small("grl", variant="released")
    before = copy.deepcopy(objective.state_dict())
    clips = clips_for(model)
    clips[3] = torch.nan
    with pytest.raises(NotFinite, match="frame nan"):
        Step(model, model, objective, HERE, 8).backward(clips, LABELS, 5)
    assert not gradients(model, objective)
    for key, kept in before.items():
        assert torch.equal(objective.state_dict()[key], kept), key


def test_no_micro_batch_is_of_one_clip() -> None:
    """It would have no batch statistics."""
    for clips, size, expected in ((9, 4, [4, 5]), (8, 4, [4, 4]), (3, 2, [3]), (10, 4, [4, 4, 2])):
        pieces = _pieces(torch.arange(clips), size)
        assert [len(piece) for piece in pieces] == expected
        assert torch.cat(pieces).tolist() == list(range(clips))
