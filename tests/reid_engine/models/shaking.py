"""Modules as after training: no parameter and no running statistic at a start value that would hide a term."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Part = TypeVar("Part", bound=nn.Module)


def shaken(module: Part, seed: int = 1, *, gradients: bool = False) -> Part:
    """Draw every parameter and running statistic; returns the module itself, without gradients unless asked for."""
    draw = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=draw) * 0.4)
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn(buffer.shape, generator=draw) * 0.3)
        elif name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=draw) + 0.5)
    return module.requires_grad_(gradients)
