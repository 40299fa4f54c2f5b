"""How much a model holds and how much it multiplies, measured over shapes only: nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from reid_engine.errors import UsageError
from reid_engine.models.base import VideoReidModel


@dataclass(frozen=True, slots=True)
class Complexity:
    """One clip through a model file, or through one part of it.

    params:     trainable numbers, without the training's heads
    macs:       multiply-adds of convolutions and matrix products, counted once
    bn_outputs: numbers that batch normalisation puts out (TCLNet's tables add one operation for each)
    clip:       (batch, frames, channels, height, width) of the input
    """

    params: int
    macs: int
    bn_outputs: int
    clip: tuple[int, ...]


class _Embedding(nn.Module):
    """The counter names modules from the first one called, so that one has to hold all others."""

    def __init__(self, model: VideoReidModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, clips: Tensor) -> Tensor:
        return self.model.embed(clips)


def measure(model: VideoReidModel, part: str | None = None) -> Complexity:
    """Count one clip of the model's own size through ``embed``. The model may lie on the meta device.

    ``part`` names published blocks of the model, joined by "+". Raises UsageError for an unknown one.
    """
    chosen = _modules_of(model, part)
    clip = (1, model.spec.clip_length, 3, *model.spec.input_size)
    device = next(model.parameters()).device
    counter = FlopCounterMode(display=False)
    was_training = model.training
    model.eval()
    with torch.no_grad(), _bn_outputs(model) as outputs, counter:
        _Embedding(model)(torch.empty(clip, device=device))
    model.train(was_training)
    flops = counter.get_flop_counts()
    roots = [f"_Embedding.model.{name}" for name in chosen] if part else ["Global"]
    return Complexity(
        params=_params(model, chosen) if part else _params(model, [""]) - _params(model, list(model.HEADS)),
        macs=sum(sum(flops.get(root, {}).values()) for root in roots) // 2,
        bn_outputs=sum(count for name, count in outputs.items() if not part or _inside(name, chosen)),
        clip=clip,
    )


def _modules_of(model: VideoReidModel, part: str | None) -> list[str]:
    names = part.split("+") if part else []
    if unknown := [name for name in names if name not in model.PARTS]:
        known = ", ".join(model.PARTS) or "none"
        raise UsageError(f"{model.spec.name} has no part {unknown[0]!r}; its parts are {known}")
    present = dict(model.named_modules())
    return [module for name in names for module in model.PARTS[name] if module in present]


def _inside(name: str, roots: Sequence[str]) -> bool:
    return any(name == root or name.startswith(root + ".") for root in roots)


def _params(model: nn.Module, roots: Sequence[str]) -> int:
    """Shared parameters count once; an empty root is the whole model."""
    found = {id(p): p.numel() for name, p in model.named_parameters() if "" in roots or _inside(name, roots)}
    return sum(found.values())


@contextmanager
def _bn_outputs(model: nn.Module) -> Iterator[dict[str, int]]:
    counts: dict[str, int] = {}

    def count(name: str, output: Tensor) -> None:
        counts[name] = counts.get(name, 0) + output.numel()

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: count(name, output))
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)
    ]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()
