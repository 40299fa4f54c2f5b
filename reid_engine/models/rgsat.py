"""RGSAT: relation-guided spatial attention and temporal refinement (Li, Zhou, Zhou and Li, AAAI 2020).

Every place of a frame is weighed by itself and by its relation to all places (RGSA, section 3.3); every frame of a
clip is then refined by its relation to all frames (RGTR, section 3.4). No code was published: there is one variant.

Left open by the paper, and chosen here: linear layers before a BN have no bias; RGSA and RGTR own separate relation
modules; BN statistics run over all rows (or pairs) of the batch; the relation to itself is included, as printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_engine.clips import cut_clips
from reid_engine.errors import ShapeError, UsageError
from reid_engine.models.backbones import Trunk
from reid_engine.models.base import (
    FRAMES_AT_ONCE,
    ModelOptions,
    ModelSpec,
    VideoReidModel,
    carried,
    checked_tracklet,
    over_frames,
)

CLIPS_IN_A_ROW = 256  # clips of known frame features refined at once
RelationName: TypeAlias = Literal["difference", "inner"]


@dataclass(frozen=True, kw_only=True)
class RgsatOptions(ModelOptions):
    """The rows of tables 1, 2 and 3.

    attention:  RGSA, else the mean over places; refinement: RGTR, else the mean over frames alone
    relation:   "difference", the relation module, or "inner" products; r1, r2: what the module divides C by
    """

    attention: bool = True
    refinement: bool = True
    relation: RelationName = "difference"
    r1: int = 32
    r2: int = 256


class RgsatFeatures(NamedTuple):
    """frames: (B, T, C) f_t of eq. 6; refined: (B, T, C) of eq. 9, f_t itself without RGTR; clip: (B, C) of eq. 10."""

    frames: Tensor
    refined: Tensor
    clip: Tensor


def _fully_connected(channels: int, width: int) -> nn.Conv2d:
    """A layer applied to every position of maps; a 1x1 convolution needs no copy of them and is faster."""
    return nn.Conv2d(channels, width, 1, bias=False)


def _rows(maps: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, N, C), positions row by row."""
    return maps.flatten(2).transpose(1, 2)


class RelationModule(nn.Module):
    """RM, fig. 2: what two features share and where they differ, in C / r2 numbers; eq. 1 and 2."""

    def __init__(self, channels: int = 2048, r1: int = 32, r2: int = 256) -> None:
        super().__init__()
        embedded = max(1, channels // r1)
        self.width = max(1, channels // r2)
        self.theta = nn.Sequential(_fully_connected(channels, embedded), nn.BatchNorm2d(embedded), nn.ReLU())
        self.phi = nn.Sequential(_fully_connected(channels, embedded), nn.BatchNorm2d(embedded), nn.ReLU())
        self.compress = _fully_connected(embedded, self.width)
        self.norm = nn.BatchNorm2d(self.width)

    def forward(self, maps: Tensor) -> Tensor:
        """All ordered pairs of the N = h w features of (B, C, h, w) -> (B, C / r2, N, N); [:, :, i, j] is RM(x_i, x_j).

        W is linear, so W (theta_i - phi_j) = W theta_i - W phi_j: features are compressed before the pairs are formed,
        which needs an eighth of the memory of eq. 1 as printed.
        """
        first = _rows(self.compress(self.theta(maps)))[:, :, None]  # (B, N, 1, C / r2), over i
        second = _rows(self.compress(self.phi(maps)))[:, None]  # (B, 1, N, C / r2), over j
        return torch.relu(self.norm((first - second).permute(0, 3, 1, 2)))


class InnerProduct(nn.Module):
    """Table 1, row IP: the relation of two features as one number, <x_i, x_j> / C."""

    width = 1

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, N, N)."""
        rows = _rows(maps)
        return (rows @ rows.transpose(1, 2) / rows.shape[2])[:, None]


def _relation(name: RelationName, channels: int, r1: int, r2: int) -> RelationModule | InnerProduct:
    if name == "difference":
        return RelationModule(channels, r1, r2)
    if name == "inner":
        return InnerProduct()
    raise UsageError(f"relation {name!r} is unknown; choose difference or inner")


def _with_relations(maps: Tensor, relations: Tensor, expected: int, what: str) -> Tensor:
    """Eq. 4 and 8: every feature, then its relations to all, in their order: (B, C + N C / r2, h, w)."""
    batch, _, h, w = maps.shape
    if h * w != expected:
        raise ShapeError(f"built for {expected} {what}, got {h * w}; the weights depend on that number")
    of_each = relations.permute(0, 2, 3, 1).reshape(batch, h, w, -1)  # j slow, the numbers of one relation fast
    return torch.cat((maps, of_each.permute(0, 3, 1, 2)), 1)


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
        self.attention = _fully_connected(channels + positions * self.relation.width, channels)
        self.norm = nn.BatchNorm2d(channels)

    def weigh(self, maps: Tensor) -> Tensor:
        """Eq. 3 to 5: (B, C, h, w) -> attention a in (0, 1), (B, C, h, w)."""
        joined = _with_relations(maps, self.relation(maps), self.positions, "positions")
        return torch.sigmoid(self.norm(self.attention(joined)))

    def forward(self, maps: Tensor) -> Tensor:
        """Eq. 6: (B, C, h, w) -> (B, C), the attended mean of every channel."""
        weights = self.weigh(maps)
        return (weights * maps).sum((2, 3)) / weights.sum((2, 3))


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
        self.refine = _fully_connected(channels + clip_length * self.relation.width, channels)
        self.norm = nn.BatchNorm2d(channels)

    def relate(self, frames: Tensor) -> Tensor:
        """Eq. 7: (B, T, C) -> RM of all ordered pairs of frames, (B, C / r2, T, T)."""
        related: Tensor = self.relation(frames.transpose(1, 2)[..., None])
        return related

    def forward(self, frames: Tensor) -> Tensor:
        """Eq. 7 to 9: (B, T, C) -> refined (B, T, C)."""
        maps = frames.transpose(1, 2)[..., None]  # (B, C, T, 1)
        joined = _with_relations(maps, self.relate(frames), self.clip_length, "frames")
        return _rows(self.norm(self.refine(joined)))


class SpatialAverage(nn.Module):
    """Table 1's baseline: (B, C, h, w) -> (B, C)."""

    def forward(self, maps: Tensor) -> Tensor:
        """The mean over places."""
        return maps.mean((2, 3))


class RGSAT(VideoReidModel):
    """Fig. 1: trunk, RGSA on every frame, RGTR on every clip, the mean."""

    VARIANTS: ClassVar = {"paper": RgsatOptions()}
    PARTS: ClassVar = {"trunk": ("trunk",), "rgsa": ("rgsa",), "rgtr": ("rgtr",)}

    options: RgsatOptions

    def __init__(self, trunk: Trunk, options: RgsatOptions) -> None:
        channels, relation, r1, r2 = trunk.channels, options.relation, options.r1, options.r2
        spec = ModelSpec(
            name="rgsat",
            paper="Li et al., Relation-Guided Spatial Attention and Temporal Refinement, AAAI 2020",
            variant=options.variant,
            backbone=options.backbone,
            clip_length=options.clip_length,
            input_size=options.input_size,
            embedding_dim=channels,
            test_clips="overlapping",
            mean=trunk.mean,
            std=trunk.std,
        )
        super().__init__(spec, options)
        self.map_size = trunk.map_size(options.input_size)
        places = self.map_size[0] * self.map_size[1]
        self.trunk = trunk
        self.rgsa: RelationGuidedSpatialAttention | SpatialAverage = SpatialAverage()
        if options.attention:
            self.rgsa = RelationGuidedSpatialAttention(channels, places, r1=r1, r2=r2, relation=relation)
        self.rgtr: RelationGuidedTemporalRefinement | nn.Identity = nn.Identity()
        if options.refinement:
            length = options.clip_length
            self.rgtr = RelationGuidedTemporalRefinement(channels, length, r1=r1, r2=r2, relation=relation)

    def forward(self, clips: Tensor) -> RgsatFeatures:
        """(B, T, 3, H, W) -> features; with RGTR, T is the clip length the model was built for."""
        frames = over_frames(self.frame_features, clips)  # (B, T, C)
        refined = self.rgtr(frames)
        return RgsatFeatures(frames, refined, refined.mean(1))  # eq. 10

    def frame_features(self, frames: Tensor) -> Tensor:
        """f_t, (N, C)."""
        features: Tensor = self.rgsa(self.trunk(frames))
        return features

    def gather(self, features: Tensor) -> Tensor:
        """f_t (B, T, C) -> (B, C), unit length; section 4.2 averages unit clip features."""
        clip: Tensor = self.rgtr(features).mean(1)
        return F.normalize(clip.float())

    def finish(self, features: Tensor) -> Tensor:
        """Unit length again, for the cosine distance."""
        return F.normalize(features.float())

    @torch.no_grad()
    def embed_tracklet(self, frames: Tensor) -> Tensor:
        """(L, 3, H, W) with L >= 1 -> (C,): clips that overlap by half; every frame passes the trunk once."""
        device = next(self.parameters()).device
        pieces = [
            self.frame_features(some.to(device)) for some in torch.split(checked_tracklet(frames), FRAMES_AT_ONCE)
        ]
        features = torch.cat(pieces)  # (L, C)
        clips = torch.from_numpy(cut_clips(len(frames), self.spec.clip_length, overlapping=True)).to(device)
        sums = [self.gather(features[some]).sum(0) for some in torch.split(clips, CLIPS_IN_A_ROW)]
        return self.finish(torch.stack(sums).sum(0, keepdim=True) / len(clips))[0]

    @torch.no_grad()
    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        """``attention`` (B, T, h, w) of RGSA: eq. 5, mean over channels.

        ``relations`` (B, T, T) of RGTR: the mean of r_ts, how frame t relates to frame s; ``weights`` (B, T): what
        every refined frame brings to f of eq. 10.
        """
        maps = over_frames(self.trunk, clips)
        frames = over_frames(self.rgsa, maps)
        shown = {}
        if isinstance(self.rgsa, RelationGuidedSpatialAttention):
            weights = self.rgsa.weigh(maps.flatten(0, 1)).mean(1)  # (B T, h, w)
            shown["attention"] = weights.view(*clips.shape[:2], *self.map_size)
        if isinstance(self.rgtr, RelationGuidedTemporalRefinement):
            shown["relations"] = self.rgtr.relate(frames).mean(1)
        return {**shown, "weights": carried(self.rgtr(frames)[..., None, None])[:, :, 0, 0]}
