"""What the tests of the models build on: a toy trunk, modules as after training, and torch's own count of products."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from reid_engine.models.backbones import Trunk

Part = TypeVar("Part", bound=nn.Module)
SIZE = (64, 32)  # of a picture
MAPS = (4, 2)  # of the toy trunk's maps for it
CHANNELS = 32


def toy_trunk() -> Trunk:
    """A trunk of four thin stages, 16 pixels a map pixel; its side branch gives the mean of the middle maps."""
    widths = (8, 8, 16, CHANNELS)
    inputs, strides = (8, *widths[:-1]), (1, 2, 2, 1)
    stages = [_block(a, b, stride) for a, b, stride in zip(inputs, widths, strides, strict=True)]
    trunk = Trunk("toy", _block(3, 8, 4), stages, widths, 16)
    trunk.auxiliary = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return trunk


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


def clips(batch: int = 3, length: int = 8, seed: int = 0) -> Tensor:
    """Random clips (batch, length, 3, *SIZE)."""
    return torch.randn(batch, length, 3, *SIZE, generator=torch.Generator().manual_seed(seed))


def shaken(module: Part, seed: int = 1, *, size: float = 0.4, gradients: bool = False) -> Part:
    """Every parameter and running statistic drawn, so that none hides a term by its start value.

    Returns the module itself, without gradients unless asked for.
    """
    draw = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=draw) * size)
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn(buffer.shape, generator=draw) * 0.3)
        elif name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=draw) + 0.5)
    return module.requires_grad_(gradients)


def settled(network: Part, batch: Tensor, seed: int = 1) -> Part:
    """As after training: nothing is at its start any more, and running statistics are those of ``batch``; in eval."""
    draw = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        spread = float(parameter.detach().std(correction=0)) if parameter.ndim > 1 else 0.0
        parameter.data.add_(torch.randn(parameter.shape, generator=draw) * max(spread, 0.2))
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None  # the plain mean of what it sees
    with torch.no_grad():
        network.train()(batch)
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def giga_macs(module: nn.Module, inputs: Tensor) -> float:
    """Convolutions and matrix products, each multiply-add once, in thousand millions."""
    with FlopCounterMode(display=False) as counter:
        module(inputs)
    return float(counter.get_total_flops()) / 2e9
