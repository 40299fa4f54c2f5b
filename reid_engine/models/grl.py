"""Watching You: Global-guided Reciprocal Learning for Video-based Person Re-identification (Liu et al., CVPR 2021).

Section 3.2: global-guided correlation estimation (GCE), eq. 1-4. Section 3.3: temporal reciprocal learning (TRL) by
enhancement and memory units, eq. 5-10. Section 3.1 pools frames attentively, section 3.4 compares pairs, eq. 11.

Open in the paper, and what is done: widths inside GCE (C, then C / 2, then 1) and of W_h, W_l (C); the reduction of W_c
(16); how frames are pooled (the published attention: softmax of cosines, its rows summed); the norms after eq. 9-10
(BN, then unit length). Eq. 5 writes f2 for the map of the memory; the published code and figure order call it f1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_engine.errors import UsageError
from reid_engine.models.backbones import Trunk
from reid_engine.models.base import ModelOptions, ModelSpec, VideoReidModel, carried, over_frames, spatial_mean

Direction = Literal["both", "forward", "backward"]
Stream = Literal["both", "high", "low"]
FeatureName = Literal["pooled", "video", "frames"]


@dataclass(frozen=True, kw_only=True)
class GrlOptions(ModelOptions):
    """The rows of tables 2 to 6, and the differences between the text and the published code."""

    disentangle: bool = True  # GCE
    reciprocal: bool = True  # TRL
    streams: Stream = "both"  # which features are built without TRL: F^h, F^l
    correlation: Literal["two_convs", "three_convs"] = "two_convs"  # W_r; three with a projection of half the width
    memory_kernel: Literal[1, 3] = 3  # the middle of the residual block of eq. 8
    fusion: Literal["fc", "sum"] = "fc"  # eq. 9-10
    directions: Direction = "both"
    enhance: bool = True  # eq. 5-7; without, F^h_t is the spatial mean of X^h_t, and eq. 9 has nothing to join
    memory: bool = True  # eq. 8; without, M_t = M_0 and no F^l
    pairwise_pooling: bool = True  # training batches are pairs; probes and galleries are pooled apart
    compared: tuple[FeatureName, ...] = ("pooled", "video")  # what the vector holds, in this order
    unit: bool = True  # the vector has unit length


PAPER = GrlOptions()
RELEASED = GrlOptions(
    variant="released",
    correlation="three_convs",
    memory_kernel=1,
    fusion="sum",
    compared=("video", "pooled", "frames"),
    unit=False,
)


class GrlFeatures(NamedTuple):
    """What the objective sees; None for a stream the configuration leaves out.

    frames:      (B, T, C) F^h of every frame, unit length
    pooled:      (B, C) the attentive pool of ``frames``, unit length
    video:       (B, C) F^l, unit length
    correlation: (B, T, h, w) R in [0, 1]
    """

    frames: Tensor | None
    pooled: Tensor | None
    video: Tensor | None
    correlation: Tensor | None


def _conv(inputs: int, outputs: int, kernel: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


class GlobalGuidedCorrelationEstimation(nn.Module):
    """GCE, figure 2: how much each position has to do with the whole video."""

    def __init__(self, channels: int, *, correlation: Literal["two_convs", "three_convs"] = "two_convs") -> None:
        super().__init__()
        half, eighth = channels // 2, channels // 8
        self.tiled = correlation == "three_convs"  # as published, down to its multiply-adds
        self.project: nn.Sequential
        self.relate: nn.Sequential
        if correlation == "two_convs":
            self.project = nn.Sequential(nn.Linear(channels, channels))
            self.relate = nn.Sequential(
                _conv(2 * channels, half), nn.BatchNorm2d(half), nn.ReLU(), _conv(half, 1), nn.BatchNorm2d(1)
            )
            return
        self.project = nn.Sequential(nn.Linear(channels, half), nn.BatchNorm1d(half), nn.ReLU())
        self.relate = nn.Sequential(
            *(_conv(channels + half, half), nn.BatchNorm2d(half)),
            *(_conv(half, eighth), nn.BatchNorm2d(eighth), nn.ReLU()),
            *(_conv(eighth, 1), nn.BatchNorm2d(1)),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Eq. 1-2: X (B, T, C, h, w) -> R (B, T, 1, h, w) in [0, 1]."""
        guide = self.project(maps.mean((1, 3, 4)))  # F_g, (B, C')
        if self.tiled:
            tiled = guide[:, None, :, None, None].expand(-1, maps.shape[1], -1, *maps.shape[3:])
            return over_frames(self.relate, torch.cat([maps, tiled], 2)).sigmoid()
        return over_frames(self.relate[1:], self._beside(maps, guide)).sigmoid()

    def _beside(self, maps: Tensor, guide: Tensor) -> Tensor:
        """The first layer of W_r on [X ; F_g] of every position, which is never put together.

        W is linear and F_g the same everywhere: W [X ; F_g] = W_x X + W_g F_g, the second once a clip.
        """
        first = self.relate[0]
        assert isinstance(first, nn.Conv2d)
        own, given = torch.split(first.weight, [maps.shape[2], guide.shape[1]], 1)
        related = over_frames(lambda frames: F.conv2d(frames, own), maps)
        return related + F.linear(guide, given.flatten(1))[:, None, :, None, None]


class MemoryBlock(nn.Module):
    """The residual block of eq. 8."""

    def __init__(self, channels: int, *, kernel: int = 3) -> None:
        super().__init__()
        inner = channels // 4
        self.conv1 = _conv(channels, inner)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = _conv(inner, inner, kernel)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = _conv(inner, channels)
        self.bn3 = nn.BatchNorm2d(channels)

    def forward(self, memory: Tensor, low: Tensor) -> Tensor:
        """M_{t-1}, X^l_t (B, C, h, w) -> M_t."""
        added = memory + low
        inner = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(added))))))
        return F.relu(self.bn3(self.conv3(inner)) + added)


class EnhancementMemoryUnit(nn.Module):
    """EMU, figure 3: enhance the frame by what the memory lacks, then remember its quiet part."""

    def __init__(self, channels: int, *, memory_kernel: int = 3, enhance: bool = True, memory: bool = True) -> None:
        super().__init__()
        self.f1 = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.ReLU()) if enhance else None
        self.f2 = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.ReLU()) if enhance else None
        inner = channels // 16
        weigh = (nn.Linear(channels, inner, bias=False), nn.ReLU(), nn.Linear(inner, channels, bias=False))
        self.attention = nn.Sequential(*weigh, nn.Sigmoid()) if enhance else None
        self.memory = MemoryBlock(channels, kernel=memory_kernel) if memory else None

    def see(self, high: Tensor) -> Tensor | None:
        """f2 of the frames (N, C, h, w); it needs no memory, so all frames of a clip may go at once."""
        if self.f2 is None:
            return None
        seen: Tensor = self.f2(high)
        return seen

    def enhance(self, high: Tensor, seen: Tensor | None, memory: Tensor) -> Tensor:
        """Eq. 5-7: X^h_t and M_{t-1} (B, C, h, w) -> F^h_t (B, C), the spatial mean of (1 + a_t) X^h_t."""
        mean = spatial_mean(high)
        if self.f1 is None or self.attention is None or seen is None:
            return mean
        difference = (self.f1(memory) - seen).square().mean((2, 3))  # d_t
        weights: Tensor = self.attention(difference)  # a_t
        return (1 + weights) * mean

    def forward(self, high: Tensor, low: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """One step: (B, C, h, w) each -> F^h_t (B, C) and M_t."""
        enhanced = self.enhance(high, self.see(high), memory)
        return enhanced, memory if self.memory is None else self.memory(memory, low)


class TemporalReciprocalLearning(nn.Module):
    """TRL: a chain of EMUs forward in time, another backward, and their integration."""

    def __init__(
        self,
        channels: int,
        *,
        memory_kernel: int = 3,
        fusion: Literal["fc", "sum"] = "fc",
        directions: Direction = "both",
        enhance: bool = True,
        memory: bool = True,
    ) -> None:
        super().__init__()
        names = ("forward", "backward") if directions == "both" else (directions,)
        units = {
            name: EnhancementMemoryUnit(channels, memory_kernel=memory_kernel, enhance=enhance, memory=memory)
            for name in names
        }
        self.units = nn.ModuleDict({f"{name}_unit": unit for name, unit in units.items()})
        joins = fusion == "fc" and directions == "both"  # one direction has nothing to integrate
        self.W_h = nn.Linear(2 * channels, channels) if joins and enhance else None
        self.W_l = nn.Linear(2 * channels, channels) if joins and memory else None
        self.enhances, self.remembers = enhance, memory

    def forward(self, high: Tensor, low: Tensor) -> tuple[Tensor, Tensor | None]:
        """X^h, X^l (B, T, C, h, w) -> F^h (B, T, C), and F^l (B, C) or None without a memory."""
        enhanced, remembered = [], []
        for name, unit in self.units.items():
            assert isinstance(unit, EnhancementMemoryUnit)
            frames, memory = _walk(unit, high, low, backward=name == "backward_unit")
            enhanced.append(frames)
            remembered.append(spatial_mean(memory))
        frames = _integrate(enhanced if self.enhances else enhanced[:1], self.W_h)  # eq. 9
        return frames, _integrate(remembered, self.W_l) if self.remembers else None  # eq. 10


def _walk(unit: EnhancementMemoryUnit, high: Tensor, low: Tensor, *, backward: bool) -> tuple[Tensor, Tensor]:
    """All steps of one direction -> F^h in time order (B, T, C), and the last memory (B, C, h, w).

    What is remembered does not depend on what is enhanced (eq. 8 has no F^h), so only eq. 8 goes step by step; eq. 5-7
    take the frames of all steps at once.
    """
    memory = low.mean(1, dtype=torch.float32)  # M_0; it adds up over the clip, so it is never held in half precision
    steps = range(high.shape[1])
    known = {}  # t -> the memory that frame t meets
    for t in reversed(steps) if backward else steps:
        known[t] = memory
        memory = memory if unit.memory is None else unit.memory(memory, low[:, t])
    frames = high.flatten(0, 1)
    enhanced = unit.enhance(frames, unit.see(frames), torch.stack([known[t] for t in steps], 1).flatten(0, 1))
    return enhanced.reshape(*high.shape[:2], -1), memory


def _integrate(directions: list[Tensor], join: nn.Linear | None) -> Tensor:
    if join is not None:
        joined: Tensor = join(torch.cat(directions, -1))
        return joined
    return torch.stack(directions).sum(0)


class AttentivePooling(nn.Module):
    """Frames to one vector: every frame asks every frame, and the answers are summed."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.query = nn.Sequential(nn.Linear(channels, width), nn.BatchNorm1d(width))
        self.key = nn.Sequential(nn.Linear(channels, width), nn.BatchNorm1d(width))
        for linear in (self.query[0], self.key[0]):
            assert isinstance(linear, nn.Linear)
            nn.init.kaiming_uniform_(linear.weight, mode="fan_out")
            nn.init.zeros_(linear.bias)

    def weights(self, frames: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, T), rows sum to one: the softmax over keys of the cosines."""
        rows, size = frames.flatten(0, 1), frames.shape[:2]
        query = F.normalize(self.query(rows), dim=1).reshape(*size, -1)
        key = F.normalize(self.key(rows), dim=1).reshape(*size, -1)
        return (query @ key.transpose(1, 2)).softmax(2)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, C) -> (B, C), unit length."""
        return F.normalize((self.weights(frames) @ frames).sum(1), dim=1)


class PairHead(nn.Module):
    """Eq. 11's similarity; trained with the model, never part of its file."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(channels)
        self.linear = nn.Linear(channels, 2)
        nn.init.normal_(self.linear.weight, 0.0, 0.001)
        nn.init.zeros_(self.linear.bias)

    def forward(self, probes: Tensor, galleries: Tensor) -> Tensor:
        """(P, C), (G, C) -> logits (P, G, 2) of every pair; entry 1 says "the same person"."""
        difference = (probes[:, None] - galleries[None]).square()
        logits: Tensor = self.linear(self.bn(difference.flatten(0, 1)))
        return logits.reshape(*difference.shape[:2], 2)


class GRL(VideoReidModel):
    """Figure 1: ResNet-50, GCE, TRL; high-correlation features a frame, low-correlation features a video."""

    VARIANTS: ClassVar = {"paper": PAPER, "released": RELEASED}
    PARTS: ClassVar = {
        "trunk": ("trunk", "gce", "trl", "bn_high", "bn_low"),  # all but the pooling, as measured
        "backbone": ("trunk",),
        "gce": ("gce",),
        "trl": ("trl",),
        "pooling": ("pooling",),
    }

    options: GrlOptions

    def __init__(self, trunk: Trunk, options: GrlOptions) -> None:
        _check(options)
        channels = trunk.channels
        spec = ModelSpec(
            name="grl",
            paper="Liu et al., Watching You: Global-guided Reciprocal Learning for Video-based Person "
            "Re-identification, CVPR 2021",
            variant=options.variant,
            backbone=options.backbone,
            clip_length=options.clip_length,
            input_size=options.input_size,
            embedding_dim=channels * len(_compared(options)),
            test_clips="consecutive",
            mean=trunk.mean,
            std=trunk.std,
        )
        super().__init__(spec, options)
        high, low = _built(options)
        self.trunk = trunk
        self.gce: GlobalGuidedCorrelationEstimation | None = None
        self.trl: TemporalReciprocalLearning | None = None
        if options.disentangle:
            self.gce = GlobalGuidedCorrelationEstimation(channels, correlation=options.correlation)
        if options.reciprocal:
            self.trl = TemporalReciprocalLearning(
                channels,
                memory_kernel=options.memory_kernel,
                fusion=options.fusion,
                directions=options.directions,
                enhance=options.enhance,
                memory=options.memory,
            )
        self.bn_high = nn.BatchNorm1d(channels) if high else None
        self.bn_low = nn.BatchNorm1d(channels) if low else None
        self.pooling = AttentivePooling(channels, channels // 4) if high else None

    def forward(self, clips: Tensor) -> GrlFeatures:
        """(B, T, 3, H, W) -> features of frames and of the video, each of unit length."""
        return self._features(over_frames(self.trunk, clips))

    def _features(self, maps: Tensor) -> GrlFeatures:
        """X (B, T, C, h, w) -> features."""
        high, low, correlation = self._streams(maps)
        frames = pooled = video = None
        if high is not None and self.bn_high is not None:
            normed = self.bn_high(high.flatten(0, 1)).reshape(high.shape)
            frames = F.normalize(normed, dim=2)
            pooled = self._pool(frames)
        if low is not None and self.bn_low is not None:
            video = F.normalize(self.bn_low(low), dim=1)
        return GrlFeatures(frames, pooled, video, None if correlation is None else correlation[:, :, 0])

    def frame_features(self, frames: Tensor) -> Tensor:
        """X, (N, C, h, w)."""
        maps: Tensor = self.trunk(frames)
        return maps

    def gather(self, features: Tensor) -> Tensor:
        """The compared features side by side; the mean over frames for ``frames``."""
        found = self._features(features)
        parts = {"pooled": found.pooled, "video": found.video}
        if found.frames is not None:
            parts["frames"] = found.frames.mean(1)
        return torch.cat([part for name in _compared(self.options) if (part := parts[name]) is not None], 1)

    def finish(self, features: Tensor) -> Tensor:
        """To unit length, or as they are (the published evaluation compares inner products)."""
        return F.normalize(features.float(), dim=1) if self.options.unit else features.float()

    @torch.no_grad()
    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        """``correlation`` (B, T, h, w) of GCE and ``weights`` (B, T) of the attentive pool, summing to one.

        Without GCE: ``carried`` and ``weights``, what places and frames bring to the average.
        """
        maps = over_frames(self.trunk, clips)
        if self.gce is None:
            shares = carried(maps)
            return {"carried": shares, "weights": shares.sum((2, 3))}
        features = self._features(maps)
        shown = {}
        if features.correlation is not None:
            shown["correlation"] = features.correlation
        if features.frames is not None and self.pooling is not None:
            shown["weights"] = self.pooling.weights(features.frames).mean(1)
        return shown

    def _streams(self, maps: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """X (B, T, C, h, w) -> high (B, T, C), low (B, C) before their norms, and R."""
        if self.gce is None:
            return None, spatial_mean(maps).mean(1), None
        correlation = self.gce(maps)
        high, low = correlation * maps, (1 - correlation) * maps  # eq. 3-4
        if self.trl is None:
            return spatial_mean(high), spatial_mean(low).mean(1), correlation
        return (*self.trl(high, low), correlation)

    def _pool(self, frames: Tensor) -> Tensor:
        """Probes (even rows) and galleries (odd) apart in training, because Q and K normalise over their batch."""
        assert self.pooling is not None
        if self.training and self.options.pairwise_pooling and len(frames) % 2 == 0:
            pair = [self.pooling(frames[0::2]), self.pooling(frames[1::2])]
            return torch.stack(pair, 1).flatten(0, 1)
        pooled: Tensor = self.pooling(frames)
        return pooled


def _built(options: GrlOptions) -> tuple[bool, bool]:
    """Whether F^h and F^l exist."""
    if not options.disentangle:
        return False, True  # the baseline: one average of everything
    return options.streams != "low", options.streams != "high" and (options.memory or not options.reciprocal)


def _compared(options: GrlOptions) -> tuple[FeatureName, ...]:
    high, low = _built(options)
    exists = {"pooled": high, "frames": high, "video": low}
    return tuple(name for name in options.compared if exists[name])


def _check(options: GrlOptions) -> None:
    if options.reciprocal and not options.disentangle:
        raise UsageError("reciprocal learning needs the two streams of disentangle=True")
    if options.reciprocal and options.streams != "both":
        raise UsageError("reciprocal learning builds both streams; choose by `compared` what the vector holds")
    if not _compared(options):
        raise UsageError(f"none of the compared features {options.compared} is built by these options")
