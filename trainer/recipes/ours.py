"""Our own recipe: what has proved itself since the five papers, on any of their networks.

A BN between the vector that is compared and the classifier ("BNNeck", Luo et al. 2019), label smoothing, a soft-margin
triplet, flip, crop and random erasing, batches whose clips of one identity come from different cameras, Adam with
warm-up and a cosine down to nothing. A teacher's vectors may be given, one a training tracklet, for distillation.

From a trained model (``start``) it goes on without forgetting: whoever is to be learned is looked at first, and every
row of the classifier begins as what the model says of that person already (Qi, Brown, Lowe, "Low-Shot Learning with
Imprinted Weights", CVPR 2018); the projection towards the teacher begins as the least squares' answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid_engine.errors import InputError
from reid_engine.models.base import VideoReidModel
from reid_engine.models.gltr import GltrFeatures
from reid_engine.models.grl import GrlFeatures
from reid_engine.models.rgsat import RgsatFeatures
from reid_engine.models.stmp import StmpFeatures
from reid_engine.models.tclnet import TclFeatures, TCLNet
from trainer import losses
from trainer.recipes.base import Groups, Labels, Method, Objective, Settings, classifier

HEAD = "tcl/tsb"  # the row of a paper's tables that the recipe trains unless told otherwise
RIDGE = 1e-3  # of the least squares, as a share of their mean square
MODEL_OPTIONS: Mapping[str, Mapping[str, Any]] = {"tclnet": {"necks": True}}  # its vector is compared behind the BN


@dataclass(frozen=True, kw_only=True)
class OurSettings(Settings):
    """The recipe.

    head:           the model or configuration that is trained
    triplet_weight: 0: none
    targets:        an .npz of a teacher's vectors (``vectors``, one a training tracklet, in the data set's order)
    distill:        how they are followed: "relational" (all cosines of a batch) or "cosine" (through a projection)
    """

    head: str = HEAD
    sampler: Any = "cameras"
    identities: int = 16
    per_identity: int = 4
    clip: Any = "restricted"
    flip: float = 0.5
    crop: bool = True
    erase: float = 0.5
    erase_area: tuple[float, float] = (0.02, 0.33)
    optimizer: Any = "adam"
    lr: float = 3.5e-4
    weight_decay: float = 5e-4
    epochs: int = 120
    schedule: Any = "cosine"
    warmup: float = 0.08
    final_lr: float = 0.002
    evaluate_every: int = 20
    smoothing: float = 0.1
    triplet_weight: float = 1.0
    targets: str = ""
    distill: Literal["relational", "cosine"] = "relational"
    distill_weight: float = 1.0


def branches(features: Any) -> list[tuple[Tensor, Tensor]]:
    """The vectors (B, D) that the model compares, and the same behind its own BN, where it has one."""
    match features:
        case TclFeatures():
            return list(zip(features.videos.unbind(1), features.normed.unbind(1), strict=True))
        case GrlFeatures():
            return [(one, one) for one in (features.pooled, features.video) if one is not None]
        case RgsatFeatures() | StmpFeatures() | GltrFeatures():
            return [(features.clip, features.clip)]
        case _:
            raise TypeError(f"{type(features).__name__} is of no known model")


class OurObjective(Objective):
    """For every vector that the model compares: a BN, a classifier without bias, a triplet before the BN."""

    targets: Tensor

    def __init__(self, model: VideoReidModel, identities: int, settings: OurSettings) -> None:
        super().__init__()
        widths = _widths(model)
        has_bn = isinstance(model, TCLNet) and model.options.necks
        self.settings = settings
        self.necks = nn.ModuleList(nn.Identity() if has_bn else _neck(width) for width in widths)
        self.classifiers = nn.ModuleList(classifier(width, identities, bias=False) for width in widths)
        taught = teacher_vectors(settings.targets)
        self.register_buffer("targets", taught, persistent=False)
        follows = len(taught) > 0 and settings.distill == "cosine"
        self.projection = nn.Linear(sum(widths), taught.shape[1], bias=False) if follows else None

    def forward(self, features: Any, labels: Labels) -> dict[str, Tensor]:
        """Cross entropy with label smoothing and triplet, summed over vectors; the teacher, where there is one."""
        settings, terms = self.settings, {}
        compared = []
        heads = zip(branches(features), self.necks, self.classifiers, strict=True)
        for n, ((vector, normed), neck, classify) in enumerate(heads, start=1):
            found = neck(normed)
            terms[f"identity {n}"] = losses.cross_entropy(classify(found), labels.pids, settings.smoothing)
            if settings.triplet_weight:
                terms[f"triplet {n}"] = settings.triplet_weight * losses.batch_hard_triplet(vector, labels.pids)
            compared.append(found)
        if len(self.targets):
            terms["teacher"] = settings.distill_weight * self._follow(torch.cat(compared, 1), labels)
        return terms

    @torch.no_grad()
    def acquaint(self, seen: Iterable[tuple[Any, Labels]]) -> None:
        """Begin the classifiers' rows at everybody's mean, BNs at what they will see, the projection at its best."""
        found, pids, places = [], [], []
        for features, labels in seen:
            found.append([normed for _, normed in branches(features)])
            pids.append(labels.pids)
            places.append(labels.indices)
        people, compared = torch.cat(pids), []
        heads = zip(zip(*found, strict=True), self.necks, self.classifiers, strict=True)
        for parts, neck, classify in heads:
            vectors = torch.cat(parts)
            if isinstance(neck, nn.BatchNorm1d):
                neck.running_mean, neck.running_var = vectors.mean(0), vectors.var(0)
            compared.append(neck.eval()(vectors))
            rows = cast(Tensor, classify.weight)
            sums = torch.zeros_like(rows).index_add_(0, people, F.normalize(compared[-1], dim=1))
            met = sums.norm(dim=1) > 0
            rows[met] = F.normalize(sums[met], dim=1)
        if self.projection is not None:
            whole = torch.cat(compared, 1)
            ridge = RIDGE * whole.pow(2).sum(0).mean() * torch.eye(whole.shape[1], device=whole.device)
            wanted = self.targets[torch.cat(places)]
            self.projection.weight.copy_(torch.linalg.solve(whole.T @ whole + ridge, whole.T @ wanted).T)

    def _follow(self, vectors: Tensor, labels: Labels) -> Tensor:
        taught = self.targets[labels.indices]
        if self.projection is not None:
            return losses.toward(self.projection(vectors), taught)
        return losses.relational(vectors, taught)


def _widths(model: VideoReidModel) -> list[int]:
    """Of the compared vectors, found by a look at the model's features."""
    training, device = model.training, next(model.parameters()).device
    clips = torch.zeros(1, model.spec.clip_length, 3, *model.spec.input_size, device=device)
    with torch.no_grad():
        found = branches(model.eval()(clips))
    model.train(training)
    return [vector.shape[1] for vector, _ in found]


def _neck(width: int) -> nn.BatchNorm1d:
    """A BN whose shift stays at zero, so that the classifier's planes pass through the origin."""
    neck = nn.BatchNorm1d(width)
    neck.bias.requires_grad_(False)
    return neck


def teacher_vectors(path: str) -> Tensor:
    """(tracklets, D) of the file, unit length; (0, 0) without one. Raises InputError for a file that is none."""
    if not path:
        return torch.zeros(0, 0)
    try:
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            vectors = torch.from_numpy(np.asarray(file["vectors"], np.float32))
    except Exception as error:  # a damaged archive fails anywhere in its readers
        raise InputError(f"{path} holds no teacher's vectors (an .npz with `vectors`): {error}") from error
    if vectors.ndim != 2:
        raise InputError(f"{path}: vectors are (tracklets, D), got {tuple(vectors.shape)}")
    return F.normalize(vectors, dim=1)


def groups(model: VideoReidModel, objective: OurObjective, settings: OurSettings) -> Groups:
    """One learning rate; norms and shifts are not decayed."""
    moved = [p for module in (model, objective) for p in module.parameters() if p.requires_grad]
    return [
        {"lr": settings.lr, "params": [p for p in moved if p.ndim > 1]},
        {"lr": settings.lr, "params": [p for p in moved if p.ndim <= 1], "weight_decay": 0.0},
    ]


ADAPT = "ours/adapt"  # the row for few people before known cameras: a little way on from a trained model
ROWS: Mapping[str, Mapping[str, Any]] = {
    ADAPT: {
        "identities": 8,
        "lr": 5e-5,
        "keep": 0.5,
        "epochs": 20,
        "still": ("early",),
        "freeze_bn": True,
        "relight": 0.3,
        "evaluate_every": 0,
    }
}
METHOD = Method("tclnet", {"paper": OurSettings()}, OurObjective, ROWS, groups)
