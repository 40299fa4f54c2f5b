"""STMP's training (AAAI 2019, section "Multi-level Training Objective", eq. 7-10): identities, videos and their strips.

Open in the paper, and taken from the authors' code: Inception's auxiliary classifier counts as much as the other one in
L_c, and its new layer learns at the whole rate; 900 epochs for small sets. For MARS both are silent about the length;
200 epochs are meant there (``--set epochs=200``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from reid_engine.models.stmp import STMP, IdentityClassifier, StmpFeatures
from trainer import losses
from trainer.recipes.base import Groups, Labels, Method, Objective, Settings, classifier, group, rest_of


@dataclass(frozen=True, kw_only=True)
class StmpSettings(Settings):
    """Section "Implementation Details".

    terms:    of the loss: "identity" and "auxiliary" (L_c), "video" (L_v), "parts" (L_p)
    trunk_lr: of Inception with its auxiliary branch, without the new classifier behind it
    leak:     slope below zero of the classifier's activation
    """

    sampler: Any = "cameras"
    identities: int = 10
    per_identity: int = 2
    min_frames: int = 8
    clip: Any = "adjacent"
    optimizer: Any = "sgd"
    lr: float = 0.01
    trunk_lr: float = 0.001
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    epochs: int = 900
    evaluate_every: int = 20
    terms: tuple[Literal["identity", "auxiliary", "video", "parts"], ...] = ("identity", "auxiliary", "video", "parts")
    margin: float = 0.4
    leak: float = 0.0


PAPER = StmpSettings()
RELEASED = StmpSettings(leak=0.1)

_VIDEO: Mapping[str, Any] = {"terms": ("identity", "auxiliary", "video")}
ROWS: Mapping[str, Mapping[str, Any]] = {
    "stmp/base": {"terms": ("identity", "auxiliary")},
    **{
        f"stmp/{row}_lv": _VIDEO
        for row in ("base", "lstm", "stim", "rru_s", "rru_c", "rru_ad", "rru_od", "rru", "rru_lstm", "rru_stim")
    },
}


class StmpObjective(Objective):
    """The identity classifier and, on Inception, the auxiliary one."""

    def __init__(self, model: STMP, identities: int, settings: StmpSettings) -> None:
        super().__init__()
        self.settings = settings
        self.identity = IdentityClassifier(model.spec.embedding_dim, identities, leak=settings.leak)
        side = model.trunk.auxiliary is not None and "auxiliary" in settings.terms
        self.auxiliary = classifier(768, identities) if side else None

    def forward(self, features: StmpFeatures, labels: Labels) -> dict[str, Tensor]:
        """Eq. 7, all weights 1."""
        pids, margin, wanted = labels.pids, self.settings.margin, self.settings.terms
        terms: dict[str, Tensor] = {}
        if "identity" in wanted:
            terms["identity"] = losses.cross_entropy(self.identity(features.clip), pids)  # L_c
        if self.auxiliary is not None:
            terms["auxiliary"] = losses.cross_entropy(self.auxiliary(features.auxiliary), pids)
        if "video" in wanted:
            terms["video"] = losses.batch_hard_triplet(features.clip, pids, margin=margin)  # eq. 8
        if "parts" in wanted:
            terms["parts"] = losses.part_triplet(features.strips, pids, margin=margin)  # eq. 10
        return terms


def groups(model: STMP, objective: StmpObjective, settings: StmpSettings) -> Groups:
    """The trunk learns slowly, what is new ten times as fast."""
    new = group(settings.lr, objective)
    new["params"] += list(rest_of(model, model.trunk))
    return [group(settings.trunk_lr, model.trunk), new]


METHOD = Method("stmp", {"paper": PAPER, "released": RELEASED}, StmpObjective, ROWS, groups)
