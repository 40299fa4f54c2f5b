"""STMP: spatial and temporal mutual promotion (Liu, Yuan, Zhou and Li, AAAI 2019).

A recurrent unit repairs every frame's maps with what earlier frames showed at the same place (RRU), then two 3-D
convolutions turn the repaired stack into one vector (STIM). Section "Method" of the paper, eq. 1 to 9.

Left open by the paper, and chosen here: the widths inside the gate (256 and 128, the authors' code). Where text and
code part, ``variant`` decides: the code feeds the gate with S - X, the text with X - S.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_engine.errors import ShapeError, UsageError

GateName: TypeAlias = Literal["both", "spatial", "channel"]
GateInput: TypeAlias = Literal["differences", "appearance", "raw"]
AppearanceName: TypeAlias = Literal["current-minus-memory", "memory-minus-current"]


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

    ``integrate`` pads places but not time: the zero frames before and after a clip are added outside it, so that a long
    tracklet can pass through it in pieces that overlap by two frames.
    """

    def __init__(self, channels: int = 2048, width: int = 256) -> None:
        super().__init__()
        self.width = width
        self.reduce = nn.Sequential(nn.Conv3d(channels, width, 1, bias=False), nn.BatchNorm3d(width), nn.ReLU())
        self.integrate = nn.Sequential(
            nn.Conv3d(width, width, 3, padding=(0, 1, 1), bias=False), nn.BatchNorm3d(width), nn.ReLU()
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> (B, width), any T >= 1."""
        reduced = self.reduce(maps.transpose(1, 2))  # (B, width, T, h, w)
        integrated: Tensor = self.integrate(F.pad(reduced, (0, 0, 0, 0, 1, 1)))
        return integrated.mean((2, 3, 4))


class HorizontalStrips(nn.Module):
    """Eq. 9: the mean of every row of the maps over time and width; no parameters."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> (B, C, h), strip r in the last column."""
        return maps.mean((1, 4))
