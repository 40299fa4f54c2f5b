"""The compact trunk: small enough to train from scratch, quick on a CPU, with the map sizes of ResNet-50.

Bottlenecks with dense 3x3 convolutions. Of four trunks of 0.5 to 0.6 M parameters tried on two cores at 256x128 (this
one, a quarter-width ResNet-50, inverted residuals, an omni-scale network) it took 1.6 ms a frame forward and 8.4 ms
forward and backward in channels_last; the others took 2.8 to 3.6 and 12.9 to 23.2, though they multiply no more:
depthwise and very narrow convolutions leave the vector units waiting.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

# blocks, width, squeeze (width / inner width) and stride of each stage
STAGES = ((2, 64, 2, 1), (2, 128, 2, 2), (3, 192, 3, 2), (3, 256, 4, 1))
STEM_WIDTH = 24


def conv_bn(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (divided by the stride), without bias, and its batch normalisation."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut, as in ResNet; the inner width is the caller's."""

    def __init__(self, inputs: int, outputs: int, *, inner: int, stride: int = 1) -> None:
        super().__init__()
        self.reduce = conv_bn(inputs, inner)
        self.mix = conv_bn(inner, inner, 3, stride)
        self.expand = conv_bn(inner, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h / stride, w / stride)."""
        mixed = F.relu(self.mix(F.relu(self.reduce(maps))))
        return F.relu(self.expand(mixed) + self.shortcut(maps))


def compact_stages() -> tuple[nn.Sequential, list[nn.Sequential], tuple[int, ...]]:
    """The stem (input / 4), four stages (input / 4, 8, 16, 16) and their widths."""
    stem = nn.Sequential(*conv_bn(3, STEM_WIDTH, 3, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
    stages, width_before = [], STEM_WIDTH
    for blocks, width, squeeze, stride in STAGES:
        first = Bottleneck(width_before, width, inner=width // squeeze, stride=stride)
        rest = [Bottleneck(width, width, inner=width // squeeze) for _ in range(blocks - 1)]
        stages.append(nn.Sequential(first, *rest))
        width_before = width
    return stem, stages, tuple(width for _, width, _, _ in STAGES)
