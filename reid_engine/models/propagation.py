"""What TCLNet is compared with in its table 4: DropBlock, 3D convolutions, a non-local block.

The paper cites these and prints no sizes. Taken: DropBlock of 3x8 positions at rate 0.1 before the fourth stage; the
1x1 convolution that opens each bottleneck made 3x1x1; one embedded-Gaussian block of half the width after stage three.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DropBlock(nn.Module):
    """Ghiasi et al., NeurIPS 2018: in training, random blocks of the maps are zero in all channels."""

    def __init__(self, block: tuple[int, int] = (3, 8), rate: float = 0.1) -> None:
        super().__init__()
        self.block = block
        self.rate = rate

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, h, w) -> the same, scaled so that the mean stays; the identity in eval."""
        if not self.training:
            return maps
        h, w = maps.shape[2:]
        tall, wide = min(self.block[0], h), min(self.block[1], w)
        seeds_size = (h - tall + 1, w - wide + 1)  # top left corners
        chance = self.rate * h * w / (tall * wide * seeds_size[0] * seeds_size[1])
        seeds = (torch.rand(len(maps), 1, *seeds_size, device=maps.device) < chance).to(maps.dtype)
        padded = F.pad(seeds, (wide - 1, wide - 1, tall - 1, tall - 1))
        keep = 1 - F.max_pool2d(padded, (tall, wide), stride=1)
        return maps * keep * (keep.numel() / keep.sum().clamp(min=1))


class NonLocal(nn.Module):
    """Wang et al., CVPR 2018, eq. 1-6, embedded Gaussian: every position gathers from all positions of the clip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = nn.Linear(channels, inner, bias=False)
        self.phi = nn.Linear(channels, inner, bias=False)
        self.g = nn.Linear(channels, inner, bias=False)
        self.out = nn.Linear(inner, channels, bias=False)
        nn.init.zeros_(self.out.weight)  # begins as the identity

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> the same."""
        positions = maps.transpose(1, 2).flatten(2).transpose(1, 2)  # (B, T h w, C)
        weights = (self.theta(positions) @ self.phi(positions).transpose(1, 2)).softmax(2)
        gathered: Tensor = self.out(weights @ self.g(positions))  # (B, T h w, C)
        b, t, c, h, w = maps.shape
        return maps + gathered.reshape(b, t, h, w, c).permute(0, 1, 4, 2, 3)


class TemporalConv(nn.Module):
    """A 1x1 convolution inflated to 3x1x1 over the frames of a clip; begins as the single-frame one."""

    def __init__(self, conv: nn.Conv2d, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.conv = nn.Conv3d(conv.in_channels, conv.out_channels, (3, 1, 1), padding=(1, 0, 0), bias=False)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[:, :, 1, 0, 0] = conv.weight[:, :, 0, 0]

    def forward(self, maps: Tensor) -> Tensor:
        """(B T, C, h, w) -> (B T, C', h, w)."""
        clips = maps.reshape(-1, self.frames, *maps.shape[1:]).transpose(1, 2)  # (B, C, T, h, w)
        mixed: Tensor = self.conv(clips)
        return mixed.transpose(1, 2).flatten(0, 1)


def inflate(stages: Iterable[nn.Module], *, frames: int) -> None:
    """Give every block of these stages a temporal convolution in place of its opening 1x1, in place."""
    for stage in stages:
        for block in stage.children():
            name, conv = next((n, m) for n, m in block.named_modules() if isinstance(m, nn.Conv2d))
            parent, _, attribute = name.rpartition(".")
            setattr(block.get_submodule(parent), attribute, TemporalConv(conv, frames))
