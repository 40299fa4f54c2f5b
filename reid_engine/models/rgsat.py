"""RGSAT: relation-guided spatial attention and temporal refinement (Li, Zhou, Zhou and Li, AAAI 2020).

Every place of a frame is weighed by itself and by its relation to all places (RGSA, section 3.3); every frame of a
clip is then refined by its relation to all frames (RGTR, section 3.4). No code was published: there is one variant.

Left open by the paper, and chosen here: linear layers before a BN have no bias; RGSA and RGTR own separate relation
modules; BN statistics run over all rows (or pairs) of the batch; the relation to itself is included, as printed.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from reid_engine.errors import ShapeError, UsageError

RelationName: TypeAlias = Literal["difference", "inner"]


class _RowNorm(nn.BatchNorm1d):
    """BN over the last axis of (..., width): every row of every leading axis is one sample."""

    def forward(self, rows: Tensor) -> Tensor:
        return super().forward(rows.flatten(0, -2)).view(rows.shape)


class RelationModule(nn.Module):
    """RM, fig. 2: what two features share and where they differ, in C / r2 numbers; eq. 1 and 2."""

    def __init__(self, channels: int = 2048, r1: int = 32, r2: int = 256) -> None:
        super().__init__()
        embedded = max(1, channels // r1)
        self.width = max(1, channels // r2)
        self.theta = nn.Sequential(nn.Linear(channels, embedded, bias=False), _RowNorm(embedded), nn.ReLU())
        self.phi = nn.Sequential(nn.Linear(channels, embedded, bias=False), _RowNorm(embedded), nn.ReLU())
        self.compress = nn.Linear(embedded, self.width, bias=False)
        self.norm = _RowNorm(self.width)

    def forward(self, features: Tensor) -> Tensor:
        """All ordered pairs of (B, N, C) -> (B, N, N, C / r2); entry [i, j] is RM(x_i, x_j).

        W is linear, so W (theta_i - phi_j) = W theta_i - W phi_j: rows are compressed before the pairs are formed,
        which needs an eighth of the memory of eq. 1 as printed.
        """
        first = self.compress(self.theta(features))[:, :, None]  # (B, N, 1, C / r2)
        second = self.compress(self.phi(features))[:, None, :]  # (B, 1, N, C / r2)
        return torch.relu(self.norm(first - second))


class InnerProduct(nn.Module):
    """Table 1, row IP: the relation of two features as one number, <x_i, x_j> / C."""

    width = 1

    def forward(self, features: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, N, 1)."""
        return (features @ features.transpose(1, 2) / features.shape[-1])[..., None]


def _relation(name: RelationName, channels: int, r1: int, r2: int) -> RelationModule | InnerProduct:
    if name == "difference":
        return RelationModule(channels, r1, r2)
    if name == "inner":
        return InnerProduct()
    raise UsageError(f"relation {name!r} is unknown; choose difference or inner")


def _with_relations(features: Tensor, relations: Tensor, expected: int, what: str) -> Tensor:
    """Eq. 4 and 8: every row followed by its relations to all rows, in order: (B, N, C + N C / r2)."""
    if features.shape[1] != expected:
        raise ShapeError(f"built for {expected} {what}, got {features.shape[1]}; the weights depend on that number")
    return torch.cat((features, relations.flatten(2)), 2)


class RelationGuidedSpatialAttention(nn.Module):
    """RGSA, fig. 3a: the maps of one frame to one feature. positions: h * w of the maps, row by row."""

    def __init__(
        self,
        channels: int = 2048,
        positions: int = 128,
        *,
        r1: int = 32,
        r2: int = 256,
        relation: RelationName = "difference",
    ) -> None:
        super().__init__()
        self.positions = positions
        self.relation = _relation(relation, channels, r1, r2)
        self.attention = nn.Linear(channels + positions * self.relation.width, channels, bias=False)
        self.norm = _RowNorm(channels)

    def weigh(self, rows: Tensor) -> Tensor:
        """Eq. 3 to 5: (B, N, C) -> attention a in (0, 1), (B, N, C)."""
        joined = _with_relations(rows, self.relation(rows), self.positions, "positions")
        return torch.sigmoid(self.norm(self.attention(joined)))

    def forward(self, maps: Tensor) -> Tensor:
        """Eq. 6: (B, C, h, w) -> (B, C), the attended mean of every channel."""
        rows = maps.flatten(2).transpose(1, 2)  # (B, N, C)
        weights = self.weigh(rows)
        return (weights * rows).sum(1) / weights.sum(1)


class RelationGuidedTemporalRefinement(nn.Module):
    """RGTR, fig. 3b: the frames of a clip refined by one another. The clip length is part of the weights."""

    def __init__(
        self,
        channels: int = 2048,
        clip_length: int = 8,
        *,
        r1: int = 32,
        r2: int = 256,
        relation: RelationName = "difference",
    ) -> None:
        super().__init__()
        self.clip_length = clip_length
        self.relation = _relation(relation, channels, r1, r2)
        self.refine = nn.Linear(channels + clip_length * self.relation.width, channels, bias=False)
        self.norm = _RowNorm(channels)

    def forward(self, frames: Tensor) -> Tensor:
        """Eq. 7 to 9: (B, T, C) -> refined (B, T, C)."""
        joined = _with_relations(frames, self.relation(frames), self.clip_length, "frames")
        return self.norm(self.refine(joined))  # type: ignore[no-any-return]
