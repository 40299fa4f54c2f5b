"""What the five video models have in common: their data sheet, their verbs, and how a tracklet is cut into clips.

A model is asked three things. ``forward`` gives everything an objective may need, as the model's own NamedTuple.
``embed`` gives one vector a clip. ``embed_tracklet`` gives the vector a search compares, by the paper's test protocol:
features of clips are averaged *before* the paper's last normalisation, so it is not a mean of ``embed``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from torch import Tensor, nn

from reid_engine.clips import TestClips, cut_clips
from reid_engine.errors import ShapeError
from reid_engine.types import DistanceName

Variant: TypeAlias = Literal["paper", "released"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CLIPS_AT_ONCE = 8  # bounds the memory of long tracklets
FRAMES_AT_ONCE = 64  # the same, where single frames pass the trunk


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The data sheet of one built model: how to feed it and how to compare what comes out.

    input_size:  (height, width) in pixels; mean, std: of RGB / 255
    clip_length: frames a clip, T
    test_clips:  "consecutive" clips whose last one repeats its own frames, "overlapping" by half a clip,
                 or the "whole" tracklet in one pass
    """

    name: str
    paper: str
    variant: Variant
    backbone: str
    clip_length: int
    input_size: tuple[int, int]
    embedding_dim: int
    test_clips: TestClips
    distance: DistanceName = "cosine"
    resize: Literal["bilinear", "bicubic"] = "bilinear"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What every model lets one choose; each model adds its own fields, one for every difference it names."""

    variant: Variant = "paper"
    backbone: str = "resnet50"
    clip_length: int = 8
    input_size: tuple[int, int] = (256, 128)


class VideoReidModel(nn.Module, ABC):
    """A network that turns clips of one person into vectors. Built by ``build_model``; inference wants ``eval()``.

    A model's constructor takes the trunk it stands on and its own options: ``GRL(trunk, GrlOptions(...))``.

    VARIANTS:    the options of "paper" and, where code was published, of "released"
    ON_BACKBONE: backbone -> the options that another trunk than the variant's brings along, such as its input size
    PARTS:       name of a published block -> the submodules that make it up
    HEADS:       submodules that the paper counts to its classifier though the vector needs them
    EARLY:       submodules of the stem and the first two stages, which see edges and colours
    SIDE_BRANCH: whether Inception keeps its side branch; only STMP's objective looks at it
    """

    VARIANTS: ClassVar[Mapping[str, ModelOptions]]
    ON_BACKBONE: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    PARTS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    HEADS: ClassVar[tuple[str, ...]] = ()
    EARLY: ClassVar[tuple[str, ...]] = ("trunk.stem", "trunk.stages.0", "trunk.stages.1")
    SIDE_BRANCH: ClassVar[bool] = False

    def __init__(self, spec: ModelSpec, options: ModelOptions) -> None:
        super().__init__()
        self.spec = spec
        self.options = options

    @abstractmethod
    def forward(self, clips: Tensor) -> Any:
        """(B, T, 3, H, W) -> the model's NamedTuple of features, always the same type."""

    @abstractmethod
    def frame_features(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, ...): what every frame gives by itself."""

    @abstractmethod
    def gather(self, features: Tensor) -> Tensor:
        """(B, T, ...) features of frames -> (B, F): what the test protocol averages over the clips of a tracklet."""

    @abstractmethod
    def finish(self, features: Tensor) -> Tensor:
        """(B, F) averaged clip features -> (B, D) vectors that may be compared."""

    @abstractmethod
    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        """What the model looked at: name -> (B, T) weights of frames, (B, T, h, w) maps, (B, T, T) of pairs.

        Names are the paper's; ``carried`` maps and ``weights`` are shares of the vector, see ``carried``.
        """

    def clip_features(self, clips: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> (B, F)."""
        return self.gather(over_frames(self.frame_features, clips))

    def embed(self, clips: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> (B, D), one vector a clip, ready to compare."""
        return self.finish(self.clip_features(clips))

    @torch.no_grad()
    def embed_tracklet(self, frames: Tensor) -> Tensor:
        """(L, 3, H, W) with L >= 1 -> (D,), by the paper's test protocol; a few clips at a time.

        The frames may lie on another device than the model.
        """
        frames = checked_tracklet(frames)
        device = next(self.parameters()).device
        overlapping = self.spec.test_clips == "overlapping"
        clips = torch.from_numpy(cut_clips(len(frames), self.spec.clip_length, overlapping=overlapping))
        sums = [self.clip_features(frames[part].to(device)).sum(0) for part in torch.split(clips, CLIPS_AT_ONCE)]
        return self.finish(torch.stack(sums).sum(0, keepdim=True) / len(clips))[0]


def checked_tracklet(frames: Tensor) -> Tensor:
    """The same frames, or a ShapeError where they are no tracklet (L, 3, H, W)."""
    if frames.ndim != 4 or not len(frames):
        raise ShapeError(f"a tracklet is (L, 3, H, W) with at least one frame, got {tuple(frames.shape)}")
    return frames


def over_frames(network: Callable[[Tensor], Tensor], clips: Tensor) -> Tensor:
    """Run a network of single frames over clips: (B, T, ...) -> (B, T, ...)."""
    if clips.ndim != 5:
        raise ShapeError(f"clips are (B, T, channels, height, width), got {tuple(clips.shape)}")
    output = network(clips.flatten(0, 1))
    return output.reshape(*clips.shape[:2], *output.shape[1:])


def carried(stack: Tensor) -> Tensor:
    """Which share of their mean f each frame and place brings: (B, T, D, h, w) -> (B, T, h, w).

    <x, f> / |f|^2 over T h w. The shares of a clip add up to one, because f is the mean; what points away from f
    brings less than nothing.
    """
    stack = stack.float()
    mean = stack.mean((1, 3, 4))  # f, (B, D)
    along = torch.einsum("btdhw,bd->bthw", stack, mean)
    whole = mean.square().sum(1) * (stack.shape[1] * stack.shape[3] * stack.shape[4])
    return along / whole.clamp(min=torch.finfo(torch.float32).tiny)[:, None, None, None]


def spatial_mean(maps: Tensor) -> Tensor:
    """(..., h, w) -> (...) in single precision, also under autocast: norms after it would magnify the rounding."""
    return maps.mean((-2, -1), dtype=torch.float32)
