"""GLTR: global-local temporal representations (Li, Wang, Tian, Gao and Zhang, ICCV 2019).

Frame features pass parallel dilated convolutions over time (DTP, section 3.2), then self-attention over all frames
(TSA, section 3.3); their mean is the feature of the tracklet, however long it is.

Left open by the paper, and chosen here: the frame feature is one linear layer on the pooled maps and DTP's branches are
plain convolutions (the authors' code); ``paper`` passes TSA's mask through a softmax too, since the printed product is
unbounded (``mask="raw"`` is the printed one). The authors' code keeps the frame features beside the branches, dilates
by 1, 2, 3 and drops BN and ReLU from queries and keys: that is ``released``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from reid_engine.errors import UsageError

PyramidName: TypeAlias = Literal["dilated", "conv", "pool"]
MaskName: TypeAlias = Literal["softmax", "raw"]


class TemporalPyramid(nn.Module):
    """Parallel branches over the same frames, their outputs side by side; fig. 6 compares three kinds of branch.

    branches:   modules (B, d, T) -> (B, d, T); keep_input: put the frame features themselves before the branches
    """

    def __init__(self, width: int, branches: Iterable[nn.Module], *, keep_input: bool = False) -> None:
        super().__init__()
        self.keep_input = keep_input
        self.branches = nn.ModuleList(branches)
        self.out_width = width * (len(self.branches) + keep_input)
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d):
                nn.init.normal_(layer.weight, std=0.001)

    def forward(self, frames: Tensor) -> Tensor:
        """Eq. 6: (B, T, d) -> (B, T, out_width), any T >= 1; before the first and after the last frame are zeros."""
        over_time = frames.transpose(1, 2)  # (B, d, T)
        outputs = [branch(over_time) for branch in self.branches]
        if self.keep_input:
            outputs.insert(0, over_time)
        return torch.cat(outputs, 1).transpose(1, 2)


class DilatedTemporalPyramid(TemporalPyramid):
    """DTP, fig. 2 left: each branch looks at three frames, further and further apart; eq. 5.

    dilations: the distance of the three frames, one branch each; the text says 1, 2, 4, the authors' code 1, 2, 3
    """

    def __init__(self, width: int = 128, dilations: Sequence[int] = (1, 2, 4), *, keep_input: bool = False) -> None:
        super().__init__(
            width,
            [nn.Conv1d(width, width, 3, padding=gap, dilation=gap, bias=False) for gap in dilations],
            keep_input=keep_input,
        )


def undilated_branch(kind: PyramidName, width: int, number: int) -> nn.Module:
    """Fig. 6: a branch that sees the 2^n + 1 frames of DTP's n-th, without dilation.

    "conv" has a weight for each of them. "pool" averages 2^n - 1 neighbours, then looks at three: the paper only names
    it; this is the form that keeps DTP's span and, as the paper says, equals the other two for n = 1.
    """
    half = 2 ** (number - 1)
    if kind == "conv":
        return nn.Conv1d(width, width, 2 * half + 1, padding=half, bias=False)
    return nn.Sequential(
        nn.AvgPool1d(2 * half - 1, stride=1, padding=half - 1), nn.Conv1d(width, width, 3, padding=1, bias=False)
    )


class TemporalSelfAttention(nn.Module):
    """TSA, fig. 2 right: every frame completed from all frames; eq. 7.

    width:        N d, of the frames; alpha: queries, keys and values have width / alpha
    rectified:    BN and ReLU after queries and keys (the text); the authors' code has neither
    output_norm:  a BN after W whose scale starts at 0 (the authors' code); without it W itself starts at 0 (the text)
    mask:         "softmax" over the keys, or "raw" products as printed
    """

    def __init__(
        self,
        width: int = 384,
        *,
        alpha: int = 2,
        rectified: bool = True,
        output_norm: bool = False,
        mask: MaskName = "softmax",
    ) -> None:
        super().__init__()
        if mask not in ("softmax", "raw"):
            raise UsageError(f"mask {mask!r} is unknown; choose softmax or raw")
        inner = width // alpha
        self.mask = mask
        self.query = _projection(width, inner, rectified)
        self.key = _projection(width, inner, rectified)
        self.value = nn.Conv1d(width, inner, 1)
        self.output = nn.Sequential(nn.Conv1d(inner, width, 1, bias=output_norm))
        if output_norm:
            self.output.append(nn.BatchNorm1d(width))
        for start in self.output[-1].parameters():
            nn.init.zeros_(start)

    def relate(self, some: Tensor, frames: Tensor) -> Tensor:
        """The mask M: (B, Q, width) against (B, T, width) -> (B, Q, T), row q says what frame q takes from each."""
        queries = self.query(some.transpose(1, 2))  # (B, inner, Q)
        keys = self.key(frames.transpose(1, 2))  # (B, inner, T)
        products: Tensor = queries.transpose(1, 2) @ keys
        return products.softmax(-1) if self.mask == "softmax" else products

    def complete(self, some: Tensor, frames: Tensor) -> Tensor:
        """Eq. 7 for some of the frames: (B, Q, width) from all (B, T, width) -> (B, Q, width)."""
        values = self.value(frames.transpose(1, 2))  # (B, inner, T)
        taken = values @ self.relate(some, frames).transpose(1, 2)  # (B, inner, Q)
        return self.output(taken).transpose(1, 2) + some  # type: ignore[no-any-return]

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, width) -> (B, T, width), any T >= 1."""
        return self.complete(frames, frames)


def _projection(width: int, inner: int, rectified: bool) -> nn.Module:
    if not rectified:
        return nn.Conv1d(width, inner, 1)
    return nn.Sequential(nn.Conv1d(width, inner, 1, bias=False), nn.BatchNorm1d(inner), nn.ReLU())
