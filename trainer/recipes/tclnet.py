"""TCLNet's training (ECCV 2020, section 4.1 and table captions): cross entropy per learner, and a triplet in "-tri".

Open in the paper, and taken from the authors' code: four frames at stride 8, the BN before each classifier, weight
decay, margin and distance of the triplet, DukeMTMC's tracklets cut into 32 frames. Their code always adds the triplet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from reid_engine.models.tclnet import TclFeatures, TCLNet
from trainer import losses
from trainer.recipes.base import Labels, Method, Objective, Settings, classifier


@dataclass(frozen=True, kw_only=True)
class TclSettings(Settings):
    """Section 4.1. triplet: "TCLNet-tri"; margin: of the hinge on cosine distances."""

    sampler: Any = "tracklets"
    identities: int = 8
    per_identity: int = 4
    clip: Any = "strided"
    flip: float = 0.5
    optimizer: Any = "adam"
    lr: float = 3e-4
    weight_decay: float = 5e-4
    epochs: int = 150
    duke_pieces: int = 32
    decay_at: tuple[int, ...] = (40, 80, 120)
    gamma: float = 0.1
    evaluate_every: int = 10
    triplet: bool = False
    margin: float = 0.4


PAPER = TclSettings()
RELEASED = TclSettings(triplet=True)

_ERASING: Mapping[str, Any] = {"erase": 0.5}  # table 4, "random erasing"
ROWS: Mapping[str, Mapping[str, Any]] = {
    "tcl/full_tri": {"triplet": True},
    "tcl/base_re": _ERASING,
    "tcl/tse_re": _ERASING,
}


class TclObjective(Objective):
    """A BN and a classifier for every learner; the BN is the model's own where its vector needs it."""

    def __init__(self, model: TCLNet, identities: int, settings: TclSettings) -> None:
        super().__init__()
        learners = model.options.learners
        width = model.spec.embedding_dim // learners
        self.settings = settings
        self.necks = nn.ModuleList(_neck(width) for _ in range(0 if model.options.necks else learners))
        self.classifiers = nn.ModuleList(classifier(width, identities) for _ in range(learners))

    def forward(self, features: TclFeatures, labels: Labels) -> dict[str, Tensor]:
        """Summed over learners, weights 1."""
        terms: dict[str, Tensor] = {}
        for n, classify in enumerate(self.classifiers):
            found = self.necks[n](features.videos[:, n]) if self.necks else features.normed[:, n]
            terms[f"identity {n + 1}"] = losses.cross_entropy(classify(found), labels.pids)
            if self.settings.triplet:
                terms[f"triplet {n + 1}"] = losses.batch_hard_triplet(
                    found, labels.pids, margin=self.settings.margin, metric="cosine"
                )
        return terms


def _neck(width: int) -> nn.BatchNorm1d:
    neck = nn.BatchNorm1d(width)
    nn.init.normal_(neck.weight, 1.0, 0.02)
    return neck


METHOD = Method("tclnet", {"paper": PAPER, "released": RELEASED}, TclObjective, ROWS)
