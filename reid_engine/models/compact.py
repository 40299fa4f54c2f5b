"""The compact trunk: small enough to train from scratch, quick on a CPU, with the map sizes of ResNet-50.

Bottlenecks with dense 3x3 convolutions. Of four trunks of 0.5 to 0.6 M parameters tried on two cores at 256x128 (this
one, a quarter-width ResNet-50, inverted residuals, an omni-scale network) it took 1.6 ms a frame forward and 8.4 ms
forward and backward in channels_last; the others took 2.8 to 3.6 and 12.9 to 23.2, though they multiply no more:
depthwise and very narrow convolutions leave the vector units waiting.
"""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# blocks, width, squeeze (width / inner width) and stride of each stage
Plan: TypeAlias = tuple[tuple[int, int, int, int], ...]
STAGES: Plan = ((2, 64, 2, 1), (2, 128, 2, 2), (3, 192, 3, 2), (3, 256, 4, 1))
SOLID_STAGES: Plan = ((2, 64, 2, 1), (3, 128, 2, 2), (4, 256, 2, 2), (3, 384, 2, 1))
STEM_WIDTH = 24
SOLID_STEM_WIDTH = 32


def conv_bn(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (divided by the stride), without bias, and its batch normalisation."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class HalfInstanceNorm(nn.Module):
    """Instance normalisation of the first half of the channels, batch normalisation of the rest.

    What a camera does to a whole picture (exposure, white balance) is taken out of the first half; what tells people
    apart stays in the second. Pan, Luo, Shi, Tang, "Two at Once: Enhancing Learning and Generalization Capacities via
    IBN-Net", ECCV 2018, block (a).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.widths = [channels // 2, channels - channels // 2]
        self.instance = nn.InstanceNorm2d(self.widths[0], affine=True)
        self.batch = nn.BatchNorm2d(self.widths[1])

    def forward(self, maps: Tensor) -> Tensor:
        """(N, channels, h, w) -> same."""
        first, second = torch.split(maps, self.widths, 1)
        return torch.cat([self.instance(first), self.batch(second)], 1)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut, as in ResNet; the inner width is the caller's."""

    def __init__(self, inputs: int, outputs: int, *, inner: int, stride: int = 1, instance: bool = False) -> None:
        super().__init__()
        self.reduce = conv_bn(inputs, inner)
        if instance:
            self.reduce[1] = HalfInstanceNorm(inner)
        self.mix = conv_bn(inner, inner, 3, stride)
        self.expand = conv_bn(inner, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h / stride, w / stride)."""
        mixed = F.relu(self.mix(F.relu(self.reduce(maps))))
        return F.relu(self.expand(mixed) + self.shortcut(maps))


def compact_stages(
    plan: Plan = STAGES, stem_width: int = STEM_WIDTH, *, instance: int = 0
) -> tuple[nn.Sequential, list[nn.Sequential], tuple[int, ...]]:
    """The stem (input / 4), four stages (input / 4, 8, 16, 16) and their widths.

    instance: how many stages, from the first, normalise half of their inner channels picture by picture
    """
    stem = nn.Sequential(*conv_bn(3, stem_width, 3, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
    stages, width_before = [], stem_width
    for number, (blocks, width, squeeze, stride) in enumerate(plan):
        inner, halved = width // squeeze, number < instance
        first = Bottleneck(width_before, width, inner=inner, stride=stride, instance=halved)
        rest = [Bottleneck(width, width, inner=inner, instance=halved) for _ in range(blocks - 1)]
        stages.append(nn.Sequential(first, *rest))
        width_before = width
    return stem, stages, tuple(width for _, width, _, _ in plan)
