"""GRL's training (CVPR 2021, section 3.4, eq. 11-14, and section 4.1): OIM of frames and of videos, pair verification.

Open in the paper, and taken from the authors' code: the weights of the terms (1, 1, 20), OIM's scale and momentum, how
pairs are drawn. Their code adds OIM and a triplet on the pooled vector, trains ten epochs more and gives what stands
behind GCE twice the learning rate; the text has a random crop, the code has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from reid_engine.models.grl import GRL, GrlFeatures, PairHead
from trainer import losses
from trainer.losses import OnlineInstanceMatching, UpdateOrder
from trainer.recipes.base import Groups, Labels, Method, Objective, Settings, group

Term: TypeAlias = Literal["frame", "video", "verification", "pooled", "triplet"]


@dataclass(frozen=True, kw_only=True)
class GrlSettings(Settings):
    """Section 4.1.

    terms:     of the loss: "frame" (L_f), "video" (L_v), "verification" (L_veri), "pooled" (OIM on the pooled vector,
               in the frames' table), "triplet" (soft margin, on the pooled vector)
    head_lr:   times lr, for all that stands behind GCE
    oim_order: when OIM's tables move, see there; "released" also shows them all probes before all galleries, where a
               clip has one vector
    """

    sampler: Any = "pairs"
    identities: int = 8
    per_identity: int = 2
    clip: Any = "restricted"
    flip: float = 0.5
    crop: bool = True
    erase: float = 0.5
    erase_area: tuple[float, float] = (0.02, 0.2)
    erase_aspect: tuple[float, float] = (0.3, 3.33)
    erase_fill: Any = "colour"
    optimizer: Any = "sgd"
    lr: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    epochs: int = 50
    decay_at: tuple[int, ...] = (15, 30, 45)
    gamma: float = 0.1
    evaluate_every: int = 5
    evaluate_late: tuple[int, int] = (30, 3)
    terms: tuple[Term, ...] = ("frame", "video", "verification")
    verification_weight: float = 20.0
    oim_scale: float = 30.0
    oim_momentum: float = 0.5
    oim_order: UpdateOrder = "snapshot"
    head_lr: float = 1.0


PAPER = GrlSettings()
RELEASED = GrlSettings(
    crop=False,
    epochs=60,
    terms=("frame", "video", "verification", "pooled", "triplet"),
    oim_order="released",
    head_lr=2.0,
)

ROWS: Mapping[str, Mapping[str, Any]] = {
    "grl/baseline": {"terms": ("video",)},
    "grl/gce_low": {"terms": ("video",)},
    "grl/gce_high": {"terms": ("frame",)},
    "grl/gce_both": {"terms": ("frame", "video")},
    "grl/loss_v": {"terms": ("video", "pooled", "verification")},
    "grl/loss_f": {"terms": ("frame", "verification")},
}


class GrlObjective(Objective):
    """Two tables and a pair head. Terms on a stream that the model does not build are left out."""

    def __init__(self, model: GRL, identities: int, settings: GrlSettings) -> None:
        super().__init__()
        width = model.trunk.channels
        built = {"video"} if model.bn_low is not None else set()
        if model.bn_high is not None:
            built |= {"frame", "verification", "pooled", "triplet"}
        self.terms = tuple(name for name in settings.terms if name in built)
        self.verification_weight = settings.verification_weight
        self.apart = settings.oim_order == "released"
        scale, momentum, order = settings.oim_scale, settings.oim_momentum, settings.oim_order
        self.frame_oim = OnlineInstanceMatching(identities, width, scale=scale, momentum=momentum, order=order)
        self.video_oim = OnlineInstanceMatching(identities, width, scale=scale, momentum=momentum, order=order)
        self.pair_head = PairHead(width) if "verification" in self.terms else None

    def forward(self, features: GrlFeatures, labels: Labels) -> dict[str, Tensor]:
        """Eq. 14: rows 2 i and 2 i + 1 of the batch are a pair; all P x P probes and galleries are compared."""
        pids, found = labels.pids, features
        terms: dict[str, Tensor] = {}
        if "frame" in self.terms and found.frames is not None:
            terms["frame"] = self.frame_oim(found.frames, pids)  # eq. 12
        if "video" in self.terms and found.video is not None:
            terms["video"] = self.video_oim(*self._in_turn(found.video, pids))  # eq. 13
        if found.pooled is None:
            return terms
        if self.pair_head is not None:
            logits = self.pair_head(found.pooled[0::2], found.pooled[1::2])
            same = losses.pair_verification(logits, pids[0::2], pids[1::2])  # eq. 11
            terms["verification"] = self.verification_weight * same
        if "pooled" in self.terms:
            terms["pooled"] = self.frame_oim(*self._in_turn(found.pooled, pids))
        if "triplet" in self.terms:
            terms["triplet"] = losses.batch_hard_triplet(found.pooled, pids)
        return terms

    def _in_turn(self, found: Tensor, pids: Tensor) -> tuple[Tensor, Tensor]:
        """One vector a clip as a table follows them: in the batch's order, or all probes first as the code has them.

        It matters where two pairs of a batch are of one person: what comes last counts most.
        """
        if not self.apart:
            return found, pids
        return torch.cat([found[0::2], found[1::2]]), torch.cat([pids[0::2], pids[1::2]])


def groups(model: GRL, objective: GrlObjective, settings: GrlSettings) -> Groups:
    """The trunk and GCE at lr, the rest at head_lr times as much."""
    heads = (model.trl, model.bn_high, model.bn_low, model.pooling, objective)
    return [group(settings.lr, model.trunk, model.gce), group(settings.lr * settings.head_lr, *heads)]


METHOD = Method("grl", {"paper": PAPER, "released": RELEASED}, GrlObjective, ROWS, groups)
