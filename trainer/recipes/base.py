"""What a recipe is: every number that decides a run, and the objective that a model is trained against.

Objectives hold the classifiers, tables and pair heads of training. They see the features of the whole batch (of all
processes) and give named terms; the loss is their sum. They never ship in a model file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from torch import Tensor, nn

from reid_engine.errors import UsageError
from reid_engine.models.base import Variant, VideoReidModel
from trainer.sampling import ClipName, SamplerName


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every recipe decides; each adds its own. Settings of the model (backbone, clip_length, ..) are the model's.

    sampler, identities, per_identity: how a batch is put together, P and K (``sampling``); for "pairs" and "shuffle"
                    a batch has P x K clips all the same
    single_frames:  every frame is a training tracklet of its own
    min_frames:     shorter tracklets are left out of training
    clip:           how the frames of a clip are drawn (``sampling``)
    flip, crop, erase: chances; a flip and a crop are drawn once a clip, erasing once a frame
    relight:        chance of another camera's light, colours and sharpness, drawn once a clip; no paper does it
    weights:        a file of trunk weights to begin with; the papers begin with ImageNet's
    start:          a model file to go on from instead: its architecture, its options, all its weights
    keep:           share of its weights in the model that comes out, the rest is what was learned
    still:          parts of the model, like "trunk", whose weights and statistics stay as they are; "early": the stem
                    and the first two stages
    schedule:       "steps": lr x gamma at the epochs decay_at; "cosine": down to final_lr x lr
    warmup:         share of the epochs in which the lr rises to its value
    freeze_bn:      normalise by the running statistics, which stand still
    rerank:         figures after k-reciprocal re-ranking
    duke_pieces:    so many frames are a training tracklet of DukeMTMC-VideoReID (the last keeps the rest); 0: uncut
    max_minutes:    0, or when a schedule has to be at its end: epochs are stretched over what comes first
    evaluate_every: epochs; 0: after the last one only. evaluate_late: (from epoch, every)
    """

    sampler: SamplerName = "tracklets"
    identities: int = 8
    per_identity: int = 4
    single_frames: bool = False
    min_frames: int = 1
    clip: ClipName = "scattered"
    flip: float = 0.0
    crop: bool = False
    erase: float = 0.0
    erase_area: tuple[float, float] = (0.02, 0.4)
    erase_aspect: tuple[float, float] = (0.3, 3.33)
    erase_fill: Literal["mean", "colour"] = "mean"
    relight: float = 0.0
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 5e-4
    epochs: int = 100
    schedule: Literal["steps", "cosine"] = "steps"
    decay_at: tuple[int, ...] = ()
    gamma: float = 0.1
    warmup: float = 0.0
    final_lr: float = 0.0
    freeze_bn: bool = False
    rerank: bool = False
    duke_pieces: int = 0
    weights: str = ""
    start: str = ""
    keep: float = 0.0
    still: tuple[str, ...] = ()
    max_minutes: float = 0.0
    evaluate_every: int = 10
    evaluate_late: tuple[int, int] = (0, 0)

    @property
    def batch(self) -> int:
        """Clips a step, over all processes."""
        return self.identities * self.per_identity


class Labels(NamedTuple):
    """pids, indices: (B,) int64, of the identity (from 0 on) and of the training tracklet."""

    pids: Tensor
    indices: Tensor


class Objective(nn.Module, ABC):
    """``forward(features, labels) -> terms``: what the recipe of a model asks of its features."""

    @abstractmethod
    def forward(self, features: Any, labels: Labels) -> dict[str, Tensor]:
        """The model's NamedTuple and the labels of the whole batch -> scalars by name, weights included."""

    def acquaint(self, seen: Iterable[tuple[Any, Labels]]) -> None:
        """Before the first step of a model that is trained already: what it says of everybody, in eval mode.

        What an objective would learn anew (who is who) may begin there. Nothing, unless a recipe does so.
        """


Groups: TypeAlias = list[dict[str, Any]]


def one_group(model: VideoReidModel, objective: Objective, settings: Settings) -> Groups:
    """One learning rate for everything."""
    return [group(settings.lr, model, objective)]


def group(lr: float, *modules: nn.Module | None) -> dict[str, Any]:
    """The trainable parameters of some modules, for an optimizer."""
    return {"lr": lr, "params": [p for m in modules if m is not None for p in m.parameters() if p.requires_grad]}


def one_stage(settings: Settings) -> tuple[Settings, ...]:
    """A run of one stretch."""
    return (settings,)


@dataclass(frozen=True)
class Method:
    """How one paper trains its model.

    variants: the settings of "paper" and "released"; rows: what a row of the paper's tables changes in them
    stages:   the settings of every stretch of a run, each with its own objective and optimizer
    """

    model: str
    variants: Mapping[Variant, Any]
    objective: Callable[[Any, int, Any], Objective]
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Callable[[Any, Any, Any], Groups] = one_group
    stages: Callable[[Any], tuple[Settings, ...]] = one_stage


def still_parts(model: VideoReidModel, settings: Settings) -> list[nn.Module]:
    """The submodules that ``still`` names and the row has. Raises UsageError for what is no part of the model."""
    found = []
    for name in [part for one in settings.still for part in (model.EARLY if one == "early" else (one,))]:
        if getattr(model, name, model) is None:  # a part that this row goes without
            continue
        try:
            found.append(model.get_submodule(name))
        except AttributeError:
            known = ", ".join(("early", *(part for part, _ in model.named_children())))
            raise UsageError(f"{model.spec.name} has no part {name!r}; there are {known}") from None
    return found


def rest_of(model: nn.Module, *apart: nn.Module | None) -> Iterable[nn.Parameter]:
    """The parameters of a model that are in none of the modules ``apart``."""
    taken = {id(p) for module in apart if module is not None for p in module.parameters()}
    return (p for p in model.parameters() if id(p) not in taken)


def classifier(width: int, identities: int, *, bias: bool = True, std: float = 0.001) -> nn.Linear:
    """Features to identities, starting near "everybody is as likely"."""
    linear = nn.Linear(width, identities, bias=bias)
    nn.init.normal_(linear.weight, 0.0, std)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear
