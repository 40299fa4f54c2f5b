"""RGSAT's training (AAAI 2020, section 3.5, eq. 11-15, and section 4.2). No code was published.

Open in the paper, and chosen here: the classifiers (one linear layer each for frames and clips), the mean over frames
of their loss, the parameters of random erasing, an epoch that meets every identity once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from reid_engine.models.rgsat import RGSAT, RgsatFeatures
from trainer import losses
from trainer.recipes.base import Labels, Method, Objective, Settings, classifier


@dataclass(frozen=True, kw_only=True)
class RgsatSettings(Settings):
    """Section 4.2. triplet: L_tri; frame_ce_on: f_t of eq. 6 or the refined one of eq. 9."""

    sampler: Any = "identities"
    identities: int = 18
    per_identity: int = 4
    clip: Any = "scattered"
    flip: float = 0.5
    erase: float = 0.5
    erase_area: tuple[float, float] = (0.02, 0.4)
    erase_aspect: tuple[float, float] = (0.3, 3.33)
    erase_fill: Any = "mean"
    optimizer: Any = "adam"
    lr: float = 3e-4
    weight_decay: float = 5e-4
    epochs: int = 375
    decay_at: tuple[int, ...] = (125, 250)
    gamma: float = 0.1
    evaluate_every: int = 25
    triplet: bool = True
    frame_ce_on: Literal["frames", "refined"] = "frames"
    pos_include_self: bool = False


PAPER = RgsatSettings()

_CE: Mapping[str, Any] = {"triplet": False}
ROWS: Mapping[str, Mapping[str, Any]] = {"rgsat/base_ce": _CE, "rgsat/both_ce": _CE}


class RgsatObjective(Objective):
    """A classifier of frames and one of clips."""

    def __init__(self, model: RGSAT, identities: int, settings: RgsatSettings) -> None:
        super().__init__()
        self.settings = settings
        self.of_frames = classifier(model.spec.embedding_dim, identities)
        self.of_clips = classifier(model.spec.embedding_dim, identities)

    def forward(self, features: RgsatFeatures, labels: Labels) -> dict[str, Tensor]:
        """Eq. 15, weights 1."""
        refined = self.settings.frame_ce_on == "refined"
        frames = features.refined if refined else features.frames  # (B, T, C)
        of_each = labels.pids.repeat_interleave(frames.shape[1])
        terms = {
            "clip": losses.cross_entropy(self.of_clips(features.clip), labels.pids),
            "frame": losses.cross_entropy(self.of_frames(frames.flatten(0, 1)), of_each),
        }
        if self.settings.triplet:
            include = self.settings.pos_include_self
            terms["triplet"] = losses.adaptive_weighted_triplet(features.clip, labels.pids, include_self=include)
        return terms


METHOD = Method("rgsat", {"paper": PAPER}, RgsatObjective, ROWS)
