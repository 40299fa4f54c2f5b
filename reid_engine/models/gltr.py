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
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_engine.errors import UsageError
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

QUERIES_AT_ONCE = 512  # rows of the mask computed together: bounds the memory of a tracklet of thousands of frames
PyramidName: TypeAlias = Literal["dilated", "conv", "pool", "none"]
MaskName: TypeAlias = Literal["softmax", "raw"]
PixelName: TypeAlias = Literal["imagenet", "bgr_mean"]
Triple: TypeAlias = tuple[float, float, float]
CAFFE_MEAN = (122.679, 116.669, 104.007)  # of R, G, B in 0..255; the numbers of the authors' code


@dataclass(frozen=True, kw_only=True)
class GltrOptions(ModelOptions):
    """The rows of tables 2 and 3, and the curves of fig. 6.

    feature_width: d, of a frame's feature
    pyramid, reach, keep_input: the kind of branch, how many frames each sees on either side, and whether the frame
                   features stand before the branches
    attention:     TSA; rectified, output_norm, mask: of TSA, see there
    pixels:        "imagenet", which torchvision's weights expect, or "bgr_mean", as printed: B, G, R less their mean
    """

    backbone: str = "resnet50_standard"
    clip_length: int = 16
    feature_width: int = 128
    pyramid: PyramidName = "dilated"
    reach: tuple[int, ...] = (1, 2, 4)
    keep_input: bool = False
    attention: bool = True
    rectified: bool = True
    output_norm: bool = False
    mask: MaskName = "softmax"
    pixels: PixelName = "imagenet"


class GltrFeatures(NamedTuple):
    """frames: (B, T, d) F, which the first training stage classifies; clip: (B, D) f of eq. 4."""

    frames: Tensor
    clip: Tensor


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


def undilated_branch(kind: PyramidName, width: int, reach: int) -> nn.Module:
    """Fig. 6: a branch that sees as many frames as DTP's with dilation ``reach``, without dilation.

    "conv" has a weight for each of the 2 reach + 1 frames. "pool" averages 2 reach - 1 neighbours, then looks at three:
    the paper only names it; this form keeps DTP's span and, as the paper says, equals the other two for one branch.
    """
    if kind == "conv":
        return nn.Conv1d(width, width, 2 * reach + 1, padding=reach, bias=False)
    return nn.Sequential(
        nn.AvgPool1d(2 * reach - 1, stride=1, padding=reach - 1), nn.Conv1d(width, width, 3, padding=1, bias=False)
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


def _pyramid(options: GltrOptions) -> TemporalPyramid | None:
    width, reach, keep = options.feature_width, options.reach, options.keep_input
    match options.pyramid:
        case "none":
            return None
        case "dilated":
            return DilatedTemporalPyramid(width, reach, keep_input=keep)
        case "conv" | "pool" as kind:
            return TemporalPyramid(width, [undilated_branch(kind, width, one) for one in reach], keep_input=keep)
        case unknown:
            raise UsageError(f"pyramid {unknown!r} is unknown; choose dilated, conv, pool or none")


def _normalisation(pixels: PixelName, trunk: Trunk) -> tuple[Triple, Triple]:
    """Mean and std of RGB / 255; for "bgr_mean" a pixel less its mean, the channels turned round by the model."""
    match pixels:
        case "imagenet":
            return trunk.mean, trunk.std
        case "bgr_mean":
            red, green, blue = CAFFE_MEAN
            return (red / 255, green / 255, blue / 255), (1 / 255, 1 / 255, 1 / 255)
        case unknown:
            raise UsageError(f"pixels {unknown!r} are unknown; choose imagenet or bgr_mean")


class GLTR(VideoReidModel):
    """Frame features, DTP, TSA, the mean over time; any number of frames from one on."""

    VARIANTS: ClassVar = {
        "paper": GltrOptions(),
        "released": GltrOptions(
            variant="released",
            backbone="resnet50",
            reach=(1, 2, 3),
            keep_input=True,
            rectified=False,
            output_norm=True,
        ),
    }
    PARTS: ClassVar = {"trunk": ("trunk",), "feature": ("feature",), "dtp": ("dtp",), "tsa": ("tsa",)}

    options: GltrOptions

    def __init__(self, trunk: Trunk, options: GltrOptions) -> None:
        dtp = _pyramid(options)
        width = options.feature_width if dtp is None else dtp.out_width
        mean, std = _normalisation(options.pixels, trunk)
        spec = ModelSpec(
            name="gltr",
            paper="Li et al., Global-Local Temporal Representations for Video Person Re-Identification, ICCV 2019",
            variant=options.variant,
            backbone=options.backbone,
            clip_length=options.clip_length,
            input_size=options.input_size,
            embedding_dim=width,
            test_clips="whole",
            distance="euclidean",
            mean=mean,
            std=std,
        )
        super().__init__(spec, options)
        self.trunk = trunk
        self.feature = nn.Linear(trunk.channels, options.feature_width)
        nn.init.kaiming_normal_(self.feature.weight, mode="fan_out")
        nn.init.zeros_(self.feature.bias)
        self.dtp = dtp
        self.tsa: TemporalSelfAttention | None = None
        if options.attention:
            self.tsa = TemporalSelfAttention(
                width, rectified=options.rectified, output_norm=options.output_norm, mask=options.mask
            )

    def frame_features(self, frames: Tensor) -> Tensor:
        """F of single frames, (N, d)."""
        features: Tensor = self.feature(self._maps(frames).mean((2, 3)))
        return features

    def _maps(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) RGB -> (N, C, h, w)."""
        maps: Tensor = self.trunk(frames.flip(1) if self.options.pixels == "bgr_mean" else frames)
        return maps

    def _local(self, frames: Tensor) -> Tensor:
        """F -> F', (B, T, width)."""
        local: Tensor = frames if self.dtp is None else self.dtp(frames)
        return local

    def forward(self, clips: Tensor) -> GltrFeatures:
        """(B, T, 3, H, W) -> features, any T >= 1."""
        frames = over_frames(self.frame_features, clips)
        return GltrFeatures(frames, self.gather(frames))

    def gather(self, features: Tensor) -> Tensor:
        """Eq. 4: F (B, T, d) -> f, (B, D)."""
        local = self._local(features)
        both: Tensor = local if self.tsa is None else self.tsa(local)
        return both.mean(1)

    def finish(self, features: Tensor) -> Tensor:
        """Unit length; section 4.2 compares by the Euclidean distance."""
        return F.normalize(features.float())

    @torch.no_grad()
    def embed_tracklet(self, frames: Tensor) -> Tensor:
        """(L, 3, H, W) with L >= 1 -> (D,): all frames in one pass, the mask some rows at a time."""
        device = next(self.parameters()).device
        pieces = torch.split(checked_tracklet(frames), FRAMES_AT_ONCE)
        features = torch.cat([self.frame_features(piece.to(device)) for piece in pieces])
        local = self._local(features[None])  # (1, L, width)
        if self.tsa is None:
            return self.finish(local.mean(1))[0]
        sums = [self.tsa.complete(some, local).sum(1) for some in torch.split(local, QUERIES_AT_ONCE, 1)]
        return self.finish(torch.stack(sums).sum(0) / len(frames))[0]

    @torch.no_grad()
    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        """``mask`` (B, T, T) of eq. 7, row t what frame t takes from each; ``weights`` (B, T), eq. 8's m.

        ``carried`` (B, T, h, w): what every place brings to the feature of its own frame; they add up to one a frame.
        """
        maps = over_frames(self._maps, clips)
        places = self.feature(maps.movedim(2, -1)).movedim(-1, 2)  # F before the mean over places, (B, T, d, h, w)
        shown = {"carried": carried(places.flatten(0, 1)[:, None])[:, 0].reshape(*maps.shape[:2], *maps.shape[3:])}
        if self.tsa is None:
            return shown
        local = self._local(places.mean((3, 4)))
        mask = self.tsa.relate(local, local)
        return {**shown, "mask": mask, "weights": mask.sum(1)}
