"""Five published video re-ID methods behind one door: ``build_model(name)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from reid_engine.errors import UsageError
from reid_engine.models.backbones import build_backbone
from reid_engine.models.base import ModelOptions, ModelSpec, Variant, VideoReidModel
from reid_engine.models.configurations import ALIASES, CONFIGURATIONS, MODEL_OF_PREFIX
from reid_engine.models.gltr import GLTR
from reid_engine.models.grl import GRL
from reid_engine.models.rgsat import RGSAT
from reid_engine.models.stmp import STMP
from reid_engine.models.tclnet import TCLNet

__all__ = ("MODELS", "ModelSpec", "VideoReidModel", "build_model", "model_names", "model_options")

# Any: a constructor takes the trunk and the model's own options
MODELS: Mapping[str, Any] = {"grl": GRL, "stmp": STMP, "rgsat": RGSAT, "gltr": GLTR, "tclnet": TCLNet}


def model_names() -> list[str]:
    """The names of the models, as papers are usually told apart."""
    return list(MODELS)


def build_model(
    name: str,
    variant: Variant = "paper",
    backbone: str | None = None,
    *,
    weights: Path | str | None = None,
    allow_network: bool = False,
    **options: Any,
) -> VideoReidModel:
    """A model (``"tclnet"``) or one row of a paper's tables (``"tcl/tse_N3"``), in training mode.

    ``weights`` are the backbone's ImageNet weights: a file, or ``"torchvision"`` where the network is allowed; nothing
    is ever fetched unasked. Every field of the model's options can be set by name and wins over the configuration.
    Raises UsageError, naming what there is to choose from, and NetworkFileError for weights that do not fit.
    """
    model, chosen = model_options(name, variant, **({} if backbone is None else {"backbone": backbone}), **options)
    trunk = build_backbone(chosen.backbone, weights=weights, allow_network=allow_network)
    if not MODELS[model].SIDE_BRANCH:
        trunk.auxiliary = None
    built: VideoReidModel = MODELS[model](trunk, chosen)
    return built


def model_options(name: str, variant: Variant = "paper", **options: Any) -> tuple[str, ModelOptions]:
    """The model a name means, and its options: its variant's, backbone's, row's, caller's; later wins."""
    model, configured = _resolve(name)
    variants = MODELS[model].VARIANTS
    if variant not in get_args(Variant) or variant not in variants:
        raise UsageError(f"{model} has no variant {variant!r}; it has {', '.join(variants)}")
    known = {field.name for field in fields(variants[variant])} - {"variant"}
    if unknown := sorted(set(options) - known):
        raise UsageError(f"{model} has no option {unknown[0]!r}; its options are {', '.join(sorted(known))}")
    chosen = {**configured, **options}
    backbone = chosen.get("backbone", variants[variant].backbone)
    brought = MODELS[model].ON_BACKBONE.get(backbone, {}) if backbone != variants[variant].backbone else {}
    return model, replace(variants[variant], **{**brought, **chosen})


def _resolve(name: str) -> tuple[str, Mapping[str, Any]]:
    if name in MODELS:
        return name, {}
    name = ALIASES.get(name, name)
    if name in CONFIGURATIONS:
        return MODEL_OF_PREFIX[name.split("/")[0]], CONFIGURATIONS[name]
    raise UsageError(
        f"there is no model {name!r}; there are {', '.join(MODELS)} and the configurations that `recipes` lists"
    )
