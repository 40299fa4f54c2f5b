"""GLTR's training (ICCV 2019, section 4.2): frames first, then sequences, by softmax cross entropy.

The text trains in two stages, the authors' code in one. Open in the text, and taken from the code: momentum, weight
decay, the classifier (BN, ReLU, dropout, linear). Whether the second stage moves the trunk is open in both: it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from reid_engine.models.gltr import GLTR, GltrFeatures
from trainer import losses
from trainer.recipes.base import Groups, Labels, Method, Objective, Settings, classifier, group, rest_of


@dataclass(frozen=True, kw_only=True)
class GltrSettings(Settings):
    """Section 4.2; the fields of every recipe are those of the second stage.

    frame_epochs, frame_batch, frame_lr, frame_decay_at: the first stage, of single frames; 0 epochs: there is none
    freeze_cnn: the second stage leaves the trunk and the frame feature alone, its running statistics too
    """

    sampler: Any = "shuffle"
    identities: int = 10
    per_identity: int = 1
    clip: Any = "adjacent_but_last"
    optimizer: Any = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    epochs: int = 400
    decay_at: tuple[int, ...] = (120,)
    gamma: float = 0.1
    evaluate_every: int = 20
    frame_epochs: int = 20
    frame_batch: int = 128
    frame_lr: float = 0.01
    frame_decay_at: tuple[int, ...] = (10,)
    freeze_cnn: bool = False


PAPER = GltrSettings()
RELEASED = GltrSettings(frame_epochs=0, epochs=501, decay_at=(120, 240, 360, 480))

ROWS: Mapping[str, Mapping[str, Any]] = {"gltr/full_rerank": {"rerank": True}}
CNN = ("trunk", "feature")
TEMPORAL = ("dtp", "tsa")


class GltrObjective(Objective):
    """BN, ReLU, dropout, linear: on the feature of a frame in the first stage, of a sequence in the second."""

    def __init__(self, model: GLTR, identities: int, settings: GltrSettings) -> None:
        super().__init__()
        self.of_frames = settings.single_frames
        width = model.options.feature_width if self.of_frames else model.spec.embedding_dim
        head = (nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5), classifier(width, identities))
        self.classify = nn.Sequential(*head)

    def forward(self, features: GltrFeatures, labels: Labels) -> dict[str, Tensor]:
        """Softmax cross entropy and nothing else."""
        if not self.of_frames:
            return {"identity": losses.cross_entropy(self.classify(features.clip), labels.pids)}
        frames = features.frames.flatten(0, 1)
        of_each = labels.pids.repeat_interleave(features.frames.shape[1])
        return {"identity": losses.cross_entropy(self.classify(frames), of_each)}


def stages(settings: GltrSettings) -> tuple[Settings, ...]:
    """Single frames, then clips. Frames alone teach the temporal part nothing, so its statistics rest meanwhile."""
    clips = replace(settings, still=tuple({*settings.still, *CNN})) if settings.freeze_cnn else settings
    if not settings.frame_epochs:
        return (clips,)
    first_share = settings.frame_epochs / (settings.frame_epochs + settings.epochs)  # of the time, where it is bounded
    frames = replace(
        settings,
        single_frames=True,
        still=(*settings.still, *TEMPORAL),
        identities=settings.frame_batch,
        per_identity=1,
        lr=settings.frame_lr,
        epochs=settings.frame_epochs,
        decay_at=settings.frame_decay_at,
        max_minutes=settings.max_minutes * first_share,
        evaluate_every=0,
    )
    return frames, replace(clips, max_minutes=settings.max_minutes * (1 - first_share))


def groups(model: GLTR, objective: GltrObjective, settings: GltrSettings) -> Groups:
    """The first stage trains the trunk and the frame feature; the second all, or what stands behind them."""
    frames, temporal = (model.trunk, model.feature), group(settings.lr, objective)
    if settings.single_frames:
        return [group(settings.lr, *frames, objective)]
    temporal["params"] += list(rest_of(model, *frames))
    return [temporal] if settings.freeze_cnn else [group(settings.lr, *frames), temporal]


METHOD = Method("gltr", {"paper": PAPER, "released": RELEASED}, GltrObjective, ROWS, groups, stages)
