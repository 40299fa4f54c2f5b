"""Temporal Complementary Learning for Video Person Re-Identification (Hou et al., ECCV 2020).

Section 3.1: temporal saliency erasing (TSE), eq. 1-5. Section 3.2: temporal saliency boosting (TSB), eq. 6.
Section 3.3: the network, eq. 7, and the vector.

Open in the paper, and what is done: the temperature of eq. 6 (5, as published); how B_n and G_n erase F_n (what B_n
keeps, plus the average of F_n under G_n at every position); whether gradients run through f_k (no). The published
code differs in the eight options that `RELEASED` sets. A clip of one frame has no memory, so TSB passes it through.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_engine.errors import UsageError
from reid_engine.models.backbones import Trunk
from reid_engine.models.base import ModelOptions, ModelSpec, VideoReidModel, carried, over_frames, spatial_mean
from reid_engine.models.propagation import DropBlock, NonLocal, inflate

ERASED = -1e8  # the logit of a position that may not be looked at


@dataclass(frozen=True, kw_only=True)
class TclOptions(ModelOptions):
    """The rows of tables 2 to 4, and the differences between the text and the published code."""

    clip_length: int = 4
    learners: int = 2  # N, frames of a segment
    erasing: bool = True  # without: ordered learners only, "TSE-wo-SEO"
    boosts: tuple[int, ...] = (2,)  # the stages that a TSB follows
    temperature: float = 5.0  # tau of eq. 6
    block_height: int = 3  # h_e, positions of the map
    block_width: int | None = None  # w_e; None: the whole width
    block_strides: tuple[int, int] = (1, 1)  # s_h, s_w
    block_placement: Literal["inside", "centred"] = "inside"
    gate: Literal["erased", "kept"] = "erased"  # softmax over all, then erased; or over what is kept
    scaled_correlation: bool = False  # eq. 3 over the root of the width
    erase_conv: bool = False  # a convolution and a BN on the gated average
    boost_conv: bool = False  # a convolution before TSB's BN
    pooled_keys: bool = False  # TSB's keys are means of 2x2 positions
    pool: Literal["avg", "max"] = "avg"  # eq. 1-2
    necks: bool = False  # a BN per learner before the vector
    rival: Literal["none", "dropblock", "3d", "nonlocal"] = "none"  # table 4


PAPER = TclOptions()
RELEASED = TclOptions(
    variant="released",
    block_placement="centred",
    gate="kept",
    scaled_correlation=True,
    erase_conv=True,
    boost_conv=True,
    pooled_keys=True,
    pool="max",
    necks=True,
)


class TclFeatures(NamedTuple):
    """What the objective sees.

    videos: (B, N, D) v_n, the mean over segments of what learner n found
    normed: (B, N, D) v_n after its neck; v_n itself where the model has none
    masks:  (B, T, h, w) B_n of every frame, 1 kept, 0 erased
    """

    videos: Tensor
    normed: Tensor
    masks: Tensor


class TemporalSaliencyBoosting(nn.Module):
    """TSB, figure 3: every frame, as the query, gathers what is salient from the clip's other frames."""

    def __init__(
        self, channels: int, *, temperature: float = 5.0, conv: bool = False, pooled_keys: bool = False
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.pooled_keys = pooled_keys
        self.conv = nn.Conv2d(channels, channels, 1) if conv else None
        if self.conv is not None:
            nn.init.normal_(self.conv.weight, 0.0, (2 / channels) ** 0.5)
        self.bn = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.bn.weight)  # begins as the identity
        nn.init.zeros_(self.bn.bias)

    def probabilities(self, maps: Tensor) -> Tensor:
        """Eq. 6: A (B, T, T h w), how well frame t's query matches each position; its own frame's have none."""
        t, h, w = maps.shape[1], maps.shape[3], maps.shape[4]
        query = F.normalize(maps.mean((3, 4)), dim=2)  # (B, T, C)
        keys = F.normalize(self._keys(maps), dim=2).transpose(1, 2).flatten(2)  # (B, C, T h w)
        own = torch.eye(t, dtype=torch.bool, device=maps.device).repeat_interleave(h * w, dim=1)
        return (self.temperature * (query @ keys)).masked_fill(own, ERASED).softmax(2)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, T, C, h, w) -> the same: E = Q + BN(o), o = A M."""
        if maps.shape[1] == 1:
            return maps
        memory = maps.transpose(1, 2).flatten(2).transpose(1, 2)  # (B, T h w, C)
        gathered = (self.probabilities(maps) @ memory).flatten(0, 1)[..., None, None]  # (B T, C, 1, 1)
        boost: Tensor = self.bn(gathered if self.conv is None else self.conv(gathered))
        return maps + boost.reshape(*maps.shape[:3], 1, 1)

    def _keys(self, maps: Tensor) -> Tensor:
        if not self.pooled_keys:
            return maps
        pooled = F.avg_pool2d(maps.flatten(0, 1), kernel_size=2, stride=1, padding=1)[:, :, :-1, :-1]
        return pooled.reshape(maps.shape)


@dataclass(frozen=True)
class SlidingBlock:
    """The block binarisation layer: which contiguous block of a correlation map to erase.

    "inside": the block slides within the map. "centred": full-width rows around each row, cut at the edges.
    """

    height: int = 3
    width: int | None = None
    strides: tuple[int, int] = (1, 1)
    placement: Literal["inside", "centred"] = "inside"

    def mask(self, correlation: Tensor) -> Tensor:
        """(M, h, w) -> (M, h, w): 0 in the block with the largest sum (the first of equals), 1 elsewhere."""
        h, w = correlation.shape[1:]
        tall, wide = min(self.height, h), min(self.width or w, w)
        if self.placement == "inside":
            means = F.avg_pool2d(correlation[:, None], (tall, wide), self.strides)[:, 0]  # largest where the sum is
            first = means.flatten(1).argmax(1)
            top, left = first // means.shape[2] * self.strides[0], first % means.shape[2] * self.strides[1]
        else:
            rows = F.pad(correlation.mean(2), (tall // 2, tall - 1 - tall // 2))  # zeros outside the map
            top = F.avg_pool1d(rows[:, None], tall, 1)[:, 0].argmax(1) - tall // 2
            left, wide = torch.zeros_like(top), w
        keep = ~(_span(top, tall, h)[:, :, None] & _span(left, wide, w)[:, None, :])
        return keep.to(correlation.dtype)


def _span(first: Tensor, length: int, size: int) -> Tensor:
    places = torch.arange(size, device=first.device)
    return (places >= first[:, None]) & (places < first[:, None] + length)


def _closed_conv_bn(channels: int) -> nn.Sequential:
    """A 1x1 convolution and a BN that lets nothing through until it has learnt."""
    conv, bn = nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels)
    nn.init.normal_(conv.weight, 0.0, (2 / channels) ** 0.5)
    nn.init.zeros_(bn.weight)
    nn.init.zeros_(bn.bias)
    return nn.Sequential(conv, bn)


class SaliencyErasing(nn.Module):
    """SEO, figure 2 (b): erase from a frame what earlier frames of its segment have already found."""

    def __init__(
        self,
        channels: int,
        found_channels: int,
        block: SlidingBlock,
        *,
        gate: Literal["erased", "kept"] = "erased",
        scaled: bool = False,
        conv: bool = False,
    ) -> None:
        super().__init__()
        self.block = block
        self.gate = gate
        self.scale = channels**-0.5 if scaled else 1.0
        self.conv_reduce = nn.Conv2d(found_channels, channels, 1, bias=False)  # w of eq. 3
        nn.init.normal_(self.conv_reduce.weight, 0.0, (2 / channels) ** 0.5)
        self.conv_erase = _closed_conv_bn(channels) if conv else None  # begins as plain masking

    def project(self, found: Tensor) -> Tensor:
        """w f_k: (B, found_channels) -> (B, channels); once for all the frames that follow."""
        projected: Tensor = self.conv_reduce(found[..., None, None])
        return projected.flatten(1)

    def correlate(self, frame: Tensor, projected: Tensor) -> Tensor:
        """Eq. 3: frame (B, C, h, w), projected (B, k, C) -> R_n1 .. R_nk (B, k, h, w)."""
        related = projected @ frame.flatten(2)  # (B, k, h w)
        return related.reshape(*related.shape[:2], *frame.shape[2:]) * self.scale

    def masks(self, correlations: Tensor) -> Tensor:
        """Eq. 4: R (B, k, h, w) -> B_n (B, h, w), the product of the masks of all k."""
        single = self.block.mask(correlations.flatten(0, 1))
        return single.reshape(correlations.shape).prod(1)

    def gates(self, fused: Tensor, mask: Tensor) -> Tensor:
        """Eq. 5: the product of the R (B, h, w) and B_n -> G_n (B, h w)."""
        fused, mask = fused.flatten(1).float(), mask.flatten(1)
        if self.gate == "kept":
            return fused.masked_fill(mask == 0, ERASED).softmax(1)
        return fused.softmax(1) * mask

    def forward(self, frame: Tensor, projected: Sequence[Tensor] = ()) -> tuple[Tensor, Tensor, Tensor]:
        """F_n (B, C, h, w) and the w f_k so far -> the erased map, B_n (B, h, w), the product of the R (B, h, w).

        The first frame is erased with a mask of ones and a uniform gate.
        """
        fused = mask = torch.ones_like(frame[:, 0])
        if projected:
            correlations = self.correlate(frame, torch.stack(list(projected), 1))
            fused, mask = correlations.prod(1), self.masks(correlations)
        gate = self.gates(fused, mask).to(frame.dtype)
        average = (frame.flatten(2) @ gate[..., None])[..., None]  # (B, C, 1, 1)
        added = average if self.conv_erase is None else self.conv_erase(average)
        return frame * mask[:, None] + added, mask, fused


OVER_CLIPS = (TemporalSaliencyBoosting, NonLocal)


class SegmentFeatures(NamedTuple):
    """maps: (S, N, D, h', w') of the learners; masks, correlations: (S, N, h, w)."""

    maps: Tensor
    masks: Tensor
    correlations: Tensor


class TemporalSaliencyErasing(nn.Module):
    """TSE, figure 2 (a): learner n sees frame n of a segment without the parts that learners before it have found."""

    def __init__(self, shared: nn.Module, learners: Sequence[nn.Module], erasing: SaliencyErasing | None) -> None:
        super().__init__()
        self.erasing = erasing
        self.shared = shared
        self.learners = nn.ModuleList(learners)

    def forward(self, segments: Tensor) -> SegmentFeatures:
        """Eq. 1-2: segments (S, N, C, h, w), N = learners."""
        found: list[Tensor] = []
        steps: list[tuple[Tensor, Tensor, Tensor]] = []
        for frame, learner in zip(segments.unbind(1), self.learners, strict=True):
            erased, mask, fused = frame, torch.ones_like(frame[:, 0]), torch.ones_like(frame[:, 0])
            if self.erasing is not None:
                erased, mask, fused = self.erasing(frame, found)
            maps = learner(self.shared(erased))
            if self.erasing is not None and len(steps) + 1 < len(self.learners):
                found.append(self.erasing.project(maps.detach().mean((2, 3))))
            steps.append((maps, mask, fused))
        return SegmentFeatures(*(torch.stack(column, 1) for column in zip(*steps, strict=True)))


def ordered_learners(stage: nn.Sequential, count: int) -> tuple[nn.Sequential, list[nn.Module]]:
    """A trunk's last stage as the blocks all learners share, and ``count`` last blocks of their own.

    The copies keep the block's weights and forget its running statistics, as published.
    """
    shared, last = nn.Sequential(*list(stage)[:-1]), list(stage)[-1]
    if count == 1:
        return shared, [last]
    learners = [copy.deepcopy(last) for _ in range(count)]
    for learner in learners:
        for module in learner.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
    return shared, learners


class TCLNet(VideoReidModel):
    """Figure 4: three stages with TSB, TSE in place of the fourth, temporal average over segments."""

    VARIANTS: ClassVar = {"paper": PAPER, "released": RELEASED}
    PARTS: ClassVar = {"trunk": ("path", "erasing.shared", "erasing.learners"), "tse": ("erasing",)}
    EARLY: ClassVar = ("path.stem", "path.stage1", "path.stage2")
    HEADS: ClassVar = ("necks",)  # the published head begins with them

    options: TclOptions

    def __init__(self, trunk: Trunk, options: TclOptions) -> None:
        _check(options)
        n, width = options.learners, trunk.channels
        spec = ModelSpec(
            name="tclnet",
            paper="Hou et al., Temporal Complementary Learning for Video Person Re-Identification, ECCV 2020",
            variant=options.variant,
            backbone=options.backbone,
            clip_length=options.clip_length,
            input_size=options.input_size,
            embedding_dim=n * width,
            test_clips="consecutive",
            mean=trunk.mean,
            std=trunk.std,
            resize="bicubic",
        )
        super().__init__(spec, options)
        if options.rival == "3d":
            inflate(trunk.stages, frames=options.clip_length)
        self.path = _path(trunk, options)
        whole = [name for name, module in self.path.items() if isinstance(module, OVER_CLIPS)]
        self._alone = list(self.path)[: list(self.path).index(whole[0]) if whole else None]
        if options.rival == "3d":
            self._alone = []
        last = trunk.stages[-1]
        assert isinstance(last, nn.Sequential)
        shared, learners = ordered_learners(last, n)
        erasing = _erasing(trunk, options) if options.erasing else None
        self.erasing = TemporalSaliencyErasing(shared, learners, erasing)
        necks = [nn.BatchNorm1d(width) for _ in range(n)]
        self.necks = nn.ModuleList(necks) if options.necks else None
        for neck in necks:
            nn.init.normal_(neck.weight, 1.0, 0.02)

    def forward(self, clips: Tensor) -> TclFeatures:
        """Eq. 7: (B, T, 3, H, W) -> v_1 .. v_N, with and without necks, and the masks."""
        return self._features(self._maps(clips, self.path))

    def _features(self, maps: Tensor) -> TclFeatures:
        """The third stage's maps (B, T, C, h, w) -> features."""
        found = self._segments(maps)
        maps = found.maps.flatten(0, 2)  # (B L N, D, h, w)
        pooled = spatial_mean(maps) if self.options.pool == "avg" else F.adaptive_max_pool2d(maps, 1).flatten(1)
        videos = pooled.reshape(*found.maps.shape[:3], -1).mean(1)  # over the segments
        return TclFeatures(videos, self._normed(videos), found.masks.flatten(1, 2))

    def frame_features(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) -> the maps before the first module that looks at a whole clip."""
        for name in self._alone:
            frames = self.path[name](frames)
        return frames

    def gather(self, features: Tensor) -> Tensor:
        """Maps of ``frame_features`` (B, T, C, h, w) -> [v_1 .. v_N], not yet normalised: (B, N D)."""
        rest = [name for name in self.path if name not in self._alone]
        return self._features(self._maps(features, rest)).videos.flatten(1)

    def finish(self, features: Tensor) -> Tensor:
        """Every v_n to unit length (after its neck, where there is one), then side by side."""
        videos = features.reshape(features.shape[0], self.options.learners, -1)
        return F.normalize(self._normed(videos).float(), dim=2).flatten(1)

    @torch.no_grad()
    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        """``masks`` (1 kept) and ``correlations`` (B, T, h, w) of TSE; ``boost2``.. what TSB gathered from where.

        ``carried`` (B, T, h, w) and ``weights`` (B, T): what places and frames bring to the v_n, all learners alike.
        """
        shown: dict[str, Tensor] = {}
        found = self._segments(self._maps(clips, self.path, shown))
        if self.options.erasing:
            shown["masks"] = found.masks.flatten(1, 2)
            shown["correlations"] = found.correlations.flatten(1, 2)
        maps = found.maps.transpose(1, 2)  # (B, N, L, D, h, w)
        if self.options.pool == "max":
            maps = maps * (maps == maps.amax((-2, -1), keepdim=True))  # only the greatest place of a channel counts
        shares = carried(maps.flatten(0, 1))
        shares = shares.reshape(*maps.shape[:3], *shares.shape[2:])
        shown["carried"] = shares.transpose(1, 2).flatten(1, 2) / self.options.learners
        shown["weights"] = shown["carried"].sum((2, 3))
        return shown

    def _maps(self, maps: Tensor, names: Iterable[str], shown: dict[str, Tensor] | None = None) -> Tensor:
        """Clips (B, T, ...) through these modules of the first three stages: (B, T, C, h, w)."""
        for name in names:
            module = self.path[name]
            if shown is not None and isinstance(module, TemporalSaliencyBoosting) and maps.shape[1] > 1:
                received = module.probabilities(maps).mean(1)  # over the queries: (B, T h w)
                shown[name] = received.reshape(*maps.shape[:2], *maps.shape[3:])
            maps = module(maps) if isinstance(module, OVER_CLIPS) else over_frames(module, maps)
        return maps

    def _segments(self, maps: Tensor) -> SegmentFeatures:
        """(B, T, C, h, w) -> features (B, L, N, ...) of L = T / N segments.

        In training segment follows segment, so that batch statistics are those of the published code.
        """
        n = self.options.learners
        segments = maps.reshape(maps.shape[0], -1, n, *maps.shape[2:])
        if self.training and self.options.erasing:
            found = [self.erasing(segment) for segment in segments.unbind(1)]
            return SegmentFeatures(*(torch.stack(column, 1) for column in zip(*found, strict=True)))
        found_at_once = self.erasing(segments.flatten(0, 1))
        return SegmentFeatures(*(part.reshape(*segments.shape[:2], *part.shape[1:]) for part in found_at_once))

    def _normed(self, videos: Tensor) -> Tensor:
        if self.necks is None:
            return videos
        return torch.stack([neck(video) for neck, video in zip(self.necks, videos.unbind(1), strict=True)], 1)


def _check(options: TclOptions) -> None:
    if options.learners < 1 or options.clip_length % options.learners:
        raise UsageError(
            f"a clip of {options.clip_length} frames does not divide into segments of {options.learners}; "
            "make clip_length a multiple of learners"
        )
    if options.erasing and options.learners == 1:
        raise UsageError("erasing needs at least two learners; set erasing=False for a single one")
    if options.block_placement == "centred" and (options.block_width is not None or options.block_strides != (1, 1)):
        raise UsageError(
            "a centred block is as wide as the map and moves row by row; leave block_width and block_strides out, "
            "or set block_placement=inside"
        )
    if not set(options.boosts) <= {1, 2, 3}:
        raise UsageError(f"boosts are stages 1 to 3, got {options.boosts}")


def _path(trunk: Trunk, options: TclOptions) -> nn.ModuleDict:
    """Stem and stages 1 to 3 in the order data flows, each TSB behind its stage."""
    path: dict[str, nn.Module] = {"stem": trunk.stem}
    for number, stage in enumerate(trunk.stages[:-1], start=1):
        path[f"stage{number}"] = stage
        if number in options.boosts:
            path[f"boost{number}"] = TemporalSaliencyBoosting(
                trunk.stage_channels[number - 1],
                temperature=options.temperature,
                conv=options.boost_conv,
                pooled_keys=options.pooled_keys,
            )
    if options.rival == "nonlocal":
        path["nonlocal"] = NonLocal(trunk.stage_channels[-2])
    if options.rival == "dropblock":
        path["dropblock"] = DropBlock()
    return nn.ModuleDict(path)


def _erasing(trunk: Trunk, options: TclOptions) -> SaliencyErasing:
    block = SlidingBlock(options.block_height, options.block_width, options.block_strides, options.block_placement)
    return SaliencyErasing(
        trunk.stage_channels[-2],
        trunk.channels,
        block,
        gate=options.gate,
        scaled=options.scaled_correlation,
        conv=options.erase_conv,
    )
