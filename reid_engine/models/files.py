"""Model files: tensors in safetensors, and beside them a JSON card that says what they are and where they come from.

A card holds what rebuilds the model (name, variant, every option), how to feed it and compare what comes out, where its
weights come from, what it was trained on, what was measured, and the SHA-256 of the tensors.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from reid_engine.errors import NetworkFileError, UsageError
from reid_engine.models import build_model
from reid_engine.models.backbones import read_state
from reid_engine.models.base import VideoReidModel
from reid_engine.models.checkpoints import KEYS, fit_tensor, translate

FORMAT = 1


@dataclass(frozen=True)
class Story:
    """What a card tells beside the architecture.

    provenance:    where the weights come from, e.g. {"recipe": "tcl/full", "backbone weights": "..."}
    training_data: the data sets, by name; empty for untrained weights
    results:       what was measured, e.g. {"world mAP": 0.61}
    calibration:   distances below which 1 % (strong), 5 % (possible) and 20 % (weak) of strangers come, and the centre
                   at which they were measured (``camera_bias``)
    """

    provenance: Mapping[str, str] = field(default_factory=dict)
    training_data: tuple[str, ...] = ()
    results: Mapping[str, float] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ImportReport:
    """What became of a foreign checkpoint: names of tensors."""

    matched: tuple[str, ...]  # ours, filled
    missing: tuple[str, ...]  # ours, left as they were
    ignored: tuple[str, ...]  # theirs, without a place here (classifiers)

    @property
    def complete(self) -> bool:
        """True when every tensor of the model was filled."""
        return not self.missing


def card_text(card: Mapping[str, Any]) -> str:
    """As JSON that people can read: lists of numbers stand on one line."""
    text = json.dumps(card, indent=1)
    return re.sub(r"\[\s+(-?[\d.]+[-+\d.eE,\s]*?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", text) + "\n"


def card_path(path: Path) -> Path:
    """Where the card of a model file lies."""
    return path.with_suffix(".json")


def save_model(model: VideoReidModel, path: Path, story: Story | None = None, *, half: bool = False) -> str:
    """Write ``path`` (``.safetensors``) and its card; returns the SHA-256 of the tensors.

    half: keep 16-bit floats, half the bytes; a model that is loaded computes in 32 bits all the same
    Either file appears whole or not at all; a card never describes tensors that are not there yet.
    """
    if path.suffix != ".safetensors":
        raise UsageError(f"a model file ends in .safetensors, got {path.name}")
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in model.state_dict().items()}
    if half:
        state = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in state.items()}
    part = path.with_name(path.name + ".part")
    save_file(state, part)
    digest = _sha256(part)
    card_path(path).unlink(missing_ok=True)
    os.replace(part, path)
    part.write_text(card_text(_card(model, story or Story(), digest)), "utf-8")
    os.replace(part, card_path(path))
    return digest


def load_model(path: Path) -> tuple[VideoReidModel, dict[str, Any]]:
    """The model of a file, on the CPU and in eval mode, and its card.

    Raises NetworkFileError, naming what does not fit: a missing or foreign card, another hash, a tensor.
    """
    card = read_card(path)
    state = read_state(path)
    digest = _sha256(path)
    if digest != card["sha256"]:
        raise NetworkFileError(
            f"{path} has SHA-256 {digest[:12]}.., its card says {str(card['sha256'])[:12]}..: "
            "the file was changed or the card belongs to another one"
        )
    try:
        with torch.device("meta"), _Undrawn():
            model = build_model(card["model"], card["variant"], **options_of(card))
    except (UsageError, TypeError, ValueError) as error:
        raise NetworkFileError(f"the card of {path} describes no model of this version: {error}") from error
    _refuse_mismatch(path, model, state)
    model.to_empty(device="cpu").load_state_dict(state)  # copied: a file's tensors are not aligned for fast kernels
    return model.eval(), card


class _Undrawn(TorchFunctionMode):
    """No first weights are drawn: where there are only shapes, that would load torch's compiler, two seconds of it.

    For shapes alone: over memory, ``trunc_normal_`` draws until what it did not draw lies within its bounds.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if func in (Tensor.normal_, Tensor.uniform_) or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else named["tensor"]
        return func(*args, **named)


def fill_model(model: VideoReidModel, path: Path) -> None:
    """Every tensor of a model file into a model of the same making, on whatever device it lies.

    Raises NetworkFileError as ``load_model`` does.
    """
    state = load_model(path)[0].state_dict()
    _refuse_mismatch(path, model, state)
    model.load_state_dict(state)


def options_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a card's model was built with. JSON has lists where options have tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in card["options"].items()}


def read_card(path: Path) -> dict[str, Any]:
    """The card of a model file. Raises NetworkFileError where there is none that this version can read."""
    try:
        card = json.loads(card_path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise NetworkFileError(f"{path} has no card; expected {card_path(path).name} beside it") from None
    except (OSError, ValueError) as error:
        raise NetworkFileError(f"{card_path(path)} is no card: {error}") from error
    wanted = {"format", "model", "variant", "options", "sha256"}
    if not isinstance(card, dict) or (missing := sorted(wanted - card.keys())):
        raise NetworkFileError(f"{card_path(path)} is no card of a video model: it lacks {missing or 'everything'}")
    if card["format"] != FORMAT:
        raise NetworkFileError(f"{card_path(path)} has format {card['format']}, this version reads {FORMAT}")
    return card


def import_checkpoint(model: VideoReidModel, *paths: Path) -> ImportReport:
    """Fill a ``released`` model from the authors' checkpoints; GRL's network and pair model are two files.

    Raises UsageError where no code was published, NetworkFileError where nothing matches or a shape differs.
    """
    name = model.spec.name
    if name not in KEYS or model.spec.variant != "released":
        raise UsageError(f"checkpoints are imported into the released variant of {', '.join(KEYS)}; this is {name}")
    own = model.state_dict()
    found: dict[str, Tensor] = {}
    ignored = []
    for path in paths:
        for key, tensor in read_state(path).items():
            ours = translate(key, KEYS[name])
            if ours is None or ours not in own:
                ignored.append(key)
                continue
            fitted = fit_tensor(tensor, own[ours])
            if fitted is None:
                raise NetworkFileError(f"{path}: {key} is {tuple(tensor.shape)}, {ours} is {tuple(own[ours].shape)}")
            found[ours] = fitted
    if not found:
        raise NetworkFileError(f"{', '.join(map(str, paths))}: no tensor belongs to {name}")
    model.load_state_dict(found, strict=False)
    missing = tuple(key for key in own if key not in found and not key.endswith("num_batches_tracked"))
    return ImportReport(tuple(found), missing, tuple(ignored))


def _card(model: VideoReidModel, story: Story, digest: str) -> dict[str, Any]:
    options = asdict(model.options)
    options.pop("variant")
    spec = asdict(model.spec)
    return {
        "format": FORMAT,
        "model": model.spec.name,
        "variant": model.spec.variant,
        "options": options,
        "spec": spec,
        "input": list(model.spec.input_size),
        "channels": "RGB",
        "scale": 255,
        "mean": list(model.spec.mean),
        "std": list(model.spec.std),
        "distance": model.spec.distance,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "provenance": dict(story.provenance),
        "training_data": list(story.training_data),
        "results": dict(story.results),
        **({} if story.calibration is None else {"calibration": dict(story.calibration)}),
        "sha256": digest,
    }


def _refuse_mismatch(path: Path, model: VideoReidModel, state: Mapping[str, Tensor]) -> None:
    own = model.state_dict()
    problems = {
        "misses": sorted(own.keys() - state.keys()),
        "has the foreign": sorted(state.keys() - own.keys()),
        "has another shape for": sorted(k for k in own.keys() & state.keys() if own[k].shape != state[k].shape),
    }
    for what, keys in problems.items():
        if keys:
            raise NetworkFileError(f"{path} {what} {keys[0]} ({len(keys)} such tensors); its card belongs elsewhere")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
