"""STMP: spatial and temporal mutual promotion (Liu, Yuan, Zhou and Li, AAAI 2019).

A recurrent unit repairs every frame's maps with what earlier frames showed at the same place (RRU), then two 3-D
convolutions turn the repaired stack into one vector (STIM). Section "Method" of the paper, eq. 1 to 9.

Left open by the paper, and taken from the authors' code: convolutions before a BN have no bias, the gate's BN has
Inception's eps, and the side branch sees maps averaged over time. Where text and code part, ``variant`` decides: the
code feeds the gate with S - X, the text with X - S.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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

GateName: TypeAlias = Literal["both", "spatial", "channel"]
GateInput: TypeAlias = Literal["differences", "appearance", "raw"]
AppearanceName: TypeAlias = Literal["current-minus-memory", "memory-minus-current"]
PoolingName: TypeAlias = Literal["stim", "average", "lstm"]


@dataclass(frozen=True, kw_only=True)
class StmpOptions(ModelOptions):
    """The rows of table 1.

    recurrent:  the RRU; gate, gate_input, appearance: of the RRU, see there
    pooling:    the refined maps to one vector: "stim", "average", or "lstm" on pooled frames
    width:      of STIM, and so of the embedding
    """

    backbone: str = "inception_v3"
    input_size: tuple[int, int] = (299, 299)
    recurrent: bool = True
    gate: GateName = "both"
    gate_input: GateInput = "differences"
    appearance: AppearanceName = "current-minus-memory"
    pooling: PoolingName = "stim"
    width: int = 256


class StmpFeatures(NamedTuple):
    """clip: (B, D) f of eq. 6; strips: (B, C, h) p of eq. 9; auxiliary: (B, 768), or (B, 0) on other trunks."""

    clip: Tensor
    strips: Tensor
    auxiliary: Tensor


class UpdateGate(nn.Module):
    """Fig. 2b: how much of the current frame's maps to trust, per channel and place.

    channels:   C of the maps; in_channels: of what the gate looks at (2 C in the paper)
    map_size:   (h, w) of the maps; the spatial branch has one weight per place
    branches:   "both" (the paper), or one of "spatial", "channel" (table 1)
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        map_size: tuple[int, int],
        *,
        width: int = 256,
        hidden: int = 128,
        branches: GateName = "both",
    ) -> None:
        super().__init__()
        if branches not in ("both", "spatial", "channel"):
            raise UsageError(f"gate {branches!r} is unknown; choose both, spatial or channel")
        places = map_size[0] * map_size[1]
        self.map_size = map_size
        self.transition = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False), nn.BatchNorm2d(width, eps=1e-3), nn.ReLU()
        )
        self.spatial: nn.Module | None = None
        self.channel: nn.Module | None = None
        if branches != "channel":
            self.spatial = nn.Sequential(
                nn.Linear(places, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, places, bias=False)
            )
        if branches != "spatial":
            self.channel = nn.Linear(width, channels, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Eq. 2 to 4: (B, in_channels, h, w) -> the gate Z in (0, 1), broadcastable to (B, C, h, w)."""
        z = self.transition(inputs)  # (B, 256, h, w)
        maps: list[Tensor] = []
        if self.spatial is not None:
            maps.append(self.spatial(z.mean(1).flatten(1)).unflatten(1, (1, *self.map_size)))  # (B, 1, h, w), eq. 2
        if self.channel is not None:
            maps.append(self.channel(z.mean((2, 3)))[:, :, None, None])  # (B, C, 1, 1), eq. 3
        return torch.sigmoid(maps[0] * maps[1] if len(maps) == 2 else maps[0])  # eq. 4


class RefiningRecurrentUnit(nn.Module):
    """RRU, fig. 2a: every frame's maps repaired from the frames before it.

    gate_input: "differences" [A_t ; X_t - X_{t-1}], "appearance" [A_t] or "raw" [X_t ; S_{t-1}] (table 1)
    appearance: the sign of A_t; the text subtracts the memory, the authors' code subtracts the current frame
    """

    def __init__(
        self,
        channels: int = 2048,
        map_size: tuple[int, int] = (8, 8),
        *,
        width: int = 256,
        gate: GateName = "both",
        gate_input: GateInput = "differences",
        appearance: AppearanceName = "current-minus-memory",
    ) -> None:
        super().__init__()
        if gate_input not in ("differences", "appearance", "raw"):
            raise UsageError(f"gate_input {gate_input!r} is unknown; choose differences, appearance or raw")
        if appearance not in ("current-minus-memory", "memory-minus-current"):
            raise UsageError(
                f"appearance {appearance!r} is unknown; choose current-minus-memory or memory-minus-current"
            )
        self.channels = channels
        self.map_size = map_size
        self.gate_input = gate_input
        self.appearance = appearance
        in_channels = channels if gate_input == "appearance" else 2 * channels
        self.gate = UpdateGate(in_channels, channels, map_size, width=width, branches=gate)

    def _looks_at(self, current: Tensor, previous: Tensor, memory: Tensor) -> Tensor:
        if self.gate_input == "raw":
            return torch.cat((current, memory), 1)
        backwards = self.appearance == "memory-minus-current"
        appearance = memory - current if backwards else current - memory  # A_t
        if self.gate_input == "appearance":
            return appearance
        return torch.cat((appearance, current - previous), 1)

    def step(self, current: Tensor, previous: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 1 and 5: X_t, X_{t-1}, S_{t-1}, each (B, C, h, w) -> the repaired S_t and its gate Z."""
        gate = self.gate(self._looks_at(current, previous, memory))
        return (1 - gate) * memory + gate * current, gate

    def scan(self, maps: Tensor, previous: Tensor, memory: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Go on from an earlier frame: (B, T, C, h, w), X_0 and S_0 -> repaired maps and gates, one a frame."""
        if maps.shape[2:] != (self.channels, *self.map_size):
            raise ShapeError(
                f"RRU was built for maps of {(self.channels, *self.map_size)}, got {tuple(maps.shape[2:])}; "
                "build it for this input size"
            )
        refined, gates = [], []
        for current in maps.unbind(1):  # a recurrence: step t needs S_{t-1}
            memory, gate = self.step(current, previous, memory)
            previous = current
            refined.append(memory)
            gates.append(gate)
        return refined, gates

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> repaired (B, T, C, h, w), any T >= 1. Both memories start as the first frame."""
        return torch.stack(self.scan(maps, maps[:, 0], maps[:, 0])[0], 1)


class SpatialTemporalIntegration(nn.Module):
    """STIM: two 3-D convolution blocks and an average, eq. 6.

    A 3x3x3 convolution is a 3x3 convolution of each frame beside its two neighbours: the kernel (width, width, 3, 3, 3)
    is kept as (width, 3 width, 3, 3), the same numbers in the same order. Two-dimensional layers are faster, and only
    they follow ``channels_last``.
    """

    def __init__(self, channels: int = 2048, width: int = 256) -> None:
        super().__init__()
        self.width = width
        self.reduce = nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.integrate = nn.Sequential(
            nn.Conv2d(3 * width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> (B, width), any T >= 1; before the first and after the last frame are zeros."""
        return self.stack(maps).mean((1, 3, 4))

    def stack(self, maps: Tensor) -> Tensor:
        """O of eq. 6, whose mean is the vector: (B, T, width, h, w)."""
        return self._integrated(_pad_time(over_frames(self.reduce, maps), 1, 1))

    def _integrated(self, reduced: Tensor) -> Tensor:
        """(B, n + 2, width, h, w) -> O of the n inner frames, (B, n, width, h, w)."""
        neighbours = reduced.unfold(1, 3, 1).permute(0, 1, 2, 5, 3, 4)  # (B, n, width, 3, h, w)
        return over_frames(self.integrate, neighbours.flatten(2, 3))

    def stream(self, pieces: Iterable[Tensor]) -> Tensor:
        """The same for consecutive pieces (B, n, C, h, w) of one long tracklet; needs ``eval()``."""
        sums, frames, held = [], 0, None
        for piece in pieces:
            reduced = over_frames(self.reduce, piece)
            window = _pad_time(reduced, 1, 0) if held is None else torch.cat((held, reduced), 1)
            if window.shape[1] > 2:  # a first piece of one frame waits for its successor
                sums.append(self._integrated(window).float().mean((3, 4)).sum(1))
            held, frames = window[:, -2:], frames + piece.shape[1]
        if held is None:
            raise ShapeError("a tracklet has at least one frame, got none")
        sums.append(self._integrated(_pad_time(held, 0, 1)).float().mean((3, 4)).sum(1))
        return torch.stack(sums).sum(0) / frames


def _pad_time(maps: Tensor, before: int, after: int) -> Tensor:
    """Zero frames around (B, T, C, h, w)."""
    return F.pad(maps, (0, 0, 0, 0, 0, 0, before, after))


class AveragePooling(nn.Module):
    """Table 1's baseline: the mean over time and places."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.width = channels

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> (B, C)."""
        return maps.mean((1, 3, 4))

    def stack(self, maps: Tensor) -> Tensor:
        """What the vector is the mean of."""
        return maps

    def stream(self, pieces: Iterable[Tensor]) -> Tensor:
        """The same for consecutive pieces (B, n, C, h, w) of one long tracklet."""
        frames = torch.cat([piece.mean((3, 4)) for piece in pieces], 1)  # (B, L, C)
        return frames.mean(1)


class LstmPooling(nn.Module):
    """Table 1's LSTM: pooled frames through an LSTM of 256 units, the mean of its outputs."""

    def __init__(self, channels: int, width: int = 256) -> None:
        super().__init__()
        self.width = width
        self.lstm = nn.LSTM(channels, width, batch_first=True)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> (B, width)."""
        return self.stream([maps])

    def stream(self, pieces: Iterable[Tensor]) -> Tensor:
        """The same for consecutive pieces (B, n, C, h, w) of one long tracklet."""
        return self._outputs(torch.cat([piece.mean((3, 4)) for piece in pieces], 1)).mean(1)

    def stack(self, maps: Tensor) -> Tensor:
        """What the vector is the mean of: (B, T, width, 1, 1)."""
        return self._outputs(maps.mean((3, 4)))[..., None, None]

    def _outputs(self, frames: Tensor) -> Tensor:
        """(B, L, C) -> (B, L, width)."""
        outputs: Tensor = self.lstm(frames)[0]
        return outputs


class HorizontalStrips(nn.Module):
    """Eq. 9: the mean of every row of the maps over time and width; no parameters."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> (B, C, h), strip r in the last column."""
        return maps.mean((1, 4))


class IdentityClassifier(nn.Module):
    """Section "Multi-level Training Objective": f to identities, for L_c; trained beside the model, never in its file.

    leak: slope of the activation below zero; the text says ReLU (0), the authors' code 0.1
    """

    def __init__(self, width: int, identities: int, *, hidden: int = 512, leak: float = 0.0) -> None:
        super().__init__()
        self.embed = nn.Linear(width, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.activation = nn.LeakyReLU(leak)
        self.dropout = nn.Dropout(0.5)
        self.classify = nn.Linear(hidden, identities)
        nn.init.kaiming_normal_(self.embed.weight, mode="fan_out")
        nn.init.normal_(self.norm.weight, 1.0, 0.02)
        nn.init.normal_(self.classify.weight, 0.0, 0.001)
        for layer in (self.embed, self.norm, self.classify):
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(B, width) -> logits (B, identities)."""
        logits: Tensor = self.classify(self.dropout(self.activation(self.norm(self.embed(features)))))
        return logits


def _pooling(options: StmpOptions, channels: int) -> SpatialTemporalIntegration | AveragePooling | LstmPooling:
    match options.pooling:
        case "stim":
            return SpatialTemporalIntegration(channels, options.width)
        case "average":
            return AveragePooling(channels)
        case "lstm":
            return LstmPooling(channels, options.width)
        case unknown:
            raise UsageError(f"pooling {unknown!r} is unknown; choose stim, average or lstm")


def _data_sheet(trunk: Trunk, options: StmpOptions, embedding_dim: int) -> ModelSpec:
    return ModelSpec(
        name="stmp",
        paper="Liu et al., Spatial and Temporal Mutual Promotion for Video-Based Person Re-ID, AAAI 2019",
        variant=options.variant,
        backbone=options.backbone,
        clip_length=options.clip_length,
        input_size=options.input_size,
        embedding_dim=embedding_dim,
        test_clips="whole",
        resize="bicubic",
        mean=trunk.mean,
        std=trunk.std,
    )


class STMP(VideoReidModel):
    """Fig. 1: trunk, RRU, STIM; any number of frames from one on."""

    VARIANTS: ClassVar = {
        "paper": StmpOptions(),
        "released": StmpOptions(variant="released", appearance="memory-minus-current"),
    }
    ON_BACKBONE: ClassVar = {
        "compact": {"input_size": (256, 128), "width": 128},
        "resnet50": {"input_size": (256, 128)},
        "resnet50_standard": {"input_size": (256, 128)},
        "inception": {"input_size": (256, 128)},
        "alexnet": {"input_size": (256, 128)},
    }
    PARTS: ClassVar = {
        "trunk": ("trunk.stem", *(f"trunk.stages.{stage}" for stage in range(4))),  # without the auxiliary branch
        "rru": ("rru",),
        "stim": ("pooling",),
    }
    HEADS: ClassVar = ("trunk.auxiliary",)
    SIDE_BRANCH: ClassVar = True

    options: StmpOptions

    def __init__(self, trunk: Trunk, options: StmpOptions) -> None:
        pooling = _pooling(options, trunk.channels)
        super().__init__(_data_sheet(trunk, options, pooling.width), options)
        self.trunk = trunk
        self.rru: RefiningRecurrentUnit | None = None
        if options.recurrent:
            self.rru = RefiningRecurrentUnit(
                trunk.channels,
                trunk.map_size(options.input_size),
                gate=options.gate,
                gate_input=options.gate_input,
                appearance=options.appearance,
            )
        self.pooling = pooling
        self.strips = HorizontalStrips()

    def _refine(self, maps: Tensor) -> Tensor:
        refined: Tensor = maps if self.rru is None else self.rru(maps)
        return refined

    def forward(self, clips: Tensor) -> StmpFeatures:
        """(B, T, 3, H, W) -> features; the auxiliary one is of the middle maps averaged over time first."""
        batch, length = clips.shape[:2]
        maps, middle = self.trunk.with_middle(clips.flatten(0, 1))
        middle = middle.reshape(batch, length, *middle.shape[1:]).mean(1)
        side = self.trunk.auxiliary
        auxiliary = middle.new_zeros(batch, 0) if side is None else side(middle)
        refined = self._refine(maps.reshape(batch, length, *maps.shape[1:]))
        return StmpFeatures(self.pooling(refined), self.strips(refined), auxiliary)

    def frame_features(self, frames: Tensor) -> Tensor:
        """X, (N, C, h, w)."""
        maps: Tensor = self.trunk(frames)
        return maps

    def gather(self, features: Tensor) -> Tensor:
        """X (B, T, C, h, w) -> f, (B, D)."""
        return self.pool(self._refine(features))

    def step(self, current: Tensor, previous: Tensor, memory: Tensor) -> Tensor:
        """X_t, X_{t-1}, S_{t-1} (B, C, h, w) -> S_t; X_t itself without RRU."""
        return current if self.rru is None else self.rru.step(current, previous, memory)[0]

    def pool(self, refined: Tensor) -> Tensor:
        """S (B, T, C, h, w) -> f, (B, D)."""
        pooled: Tensor = self.pooling(refined)
        return pooled

    def finish(self, features: Tensor) -> Tensor:
        """Unit length, for the cosine distance of section "Implementation Details"."""
        return F.normalize(features.float())

    @torch.no_grad()
    def embed_tracklet(self, frames: Tensor) -> Tensor:
        """(L, 3, H, W) with L >= 1 -> (D,): one recurrent pass over all frames, as the paper tests."""
        return self.finish(self.pooling.stream(self._refined_pieces(checked_tracklet(frames))))[0]

    def _refined_pieces(self, frames: Tensor) -> Iterator[Tensor]:
        device = next(self.parameters()).device
        previous = memory = None
        for piece in torch.split(frames, FRAMES_AT_ONCE):
            maps = self.trunk(piece.to(device))[None]  # (1, n, C, h, w)
            if self.rru is None:
                yield maps
                continue
            start = maps[:, 0] if memory is None else memory
            refined, _ = self.rru.scan(maps, start if previous is None else previous, start)
            previous, memory = maps[:, -1], refined[-1]
            yield torch.stack(refined, 1)

    @torch.no_grad()
    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        """``update_gate`` (B, T, h, w): how far each place of each frame was trusted, mean over channels; eq. 4.

        ``carried`` (B, T, h, w) and ``weights`` (B, T): what places and frames of the integrated stack bring to f.
        """
        maps = over_frames(self.trunk, clips)
        shown = {}
        if self.rru is not None:
            refined, gates = self.rru.scan(maps, maps[:, 0], maps[:, 0])
            trust = [gate.mean(1).expand(-1, *self.rru.map_size) for gate in gates]
            maps, shown = torch.stack(refined, 1), {"update_gate": torch.stack(trust, 1)}
        shares = carried(self.pooling.stack(maps))
        return {**shown, "carried": shares, "weights": shares.sum((2, 3))}
