"""A distilled trunk as a model by itself: frames averaged, one normalisation, nothing fine-tuned."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from reid_engine.errors import UsageError
from reid_engine.models import VideoReidModel, build_model
from reid_engine.models.base import IMAGENET_MEAN, IMAGENET_STD
from trainer.weights.distil import Pictures

AT_ONCE = 64


def model_on(trunk_name: str, trunk: Path, pictures: Pictures) -> VideoReidModel:
    """The plain average over frames on a trunk (``tcl/base``), its neck's statistics those of the pictures.

    Every folder counts by its share of the draws, however many pictures it has.
    """
    model = build_model("tcl/base", backbone=trunk_name, weights=trunk, necks=True).eval()
    necks = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    if len(necks) != 1:
        raise UsageError(f"{trunk_name} has {len(necks)} necks, expected one")
    mean, variance = _statistics(model, pictures)
    necks[0].load_state_dict({"running_mean": mean, "running_var": variance}, strict=False)
    return model


@torch.no_grad()
def _statistics(model: VideoReidModel, pictures: Pictures) -> tuple[torch.Tensor, torch.Tensor]:
    mean, std = (torch.tensor(numbers)[:, None, None] * 255 for numbers in (IMAGENET_MEAN, IMAGENET_STD))
    first, second = torch.zeros(()), torch.zeros(())
    for part, share in zip(pictures.parts, pictures.shares, strict=True):
        features = torch.cat(
            [model.clip_features(((x.float() - mean) / std)[:, None]) for x in torch.split(part, AT_ONCE)]
        )
        first = first + share * features.mean(0)
        second = second + share * features.square().mean(0)
    return first, second - first.square()
