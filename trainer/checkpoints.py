"""The state of a run on disk: everything the next step depends on, so that a run killed anywhere goes on bit by bit."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from reid_engine.errors import InputError
from reid_engine.models.base import VideoReidModel
from reid_engine.models.files import load_model

FORMAT = 1


@dataclass
class Position:
    """Where a run stands; what it has used and found so far.

    stage, epoch, batch: finished ones, counted from 0; steps: over all stages
    seconds:     of training, over all starts; stage_seconds: of the present stage
    micro_batch: clips that fit into memory together; 0: not tried
    best:        rank-1 of the best evaluation, and its epoch
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    steps: int = 0
    seconds: float = 0.0
    stage_seconds: float = 0.0
    micro_batch: int = 0
    best: list[float] = field(default_factory=list)


@torch.no_grad()
def blend(model: VideoReidModel, path: Path, share: float) -> None:
    """Move a model the ``share`` of the way back to the one in the file ``path``, statistics included.

    What was learned on few people is kept, what was forgotten comes back: Wortsman et al., "Robust fine-tuning of
    zero-shot models", CVPR 2022.
    """
    if not share:
        return
    before = load_model(path)[0].state_dict()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(before[name].to(tensor.device), share)


def save_checkpoint(path: Path, position: Position, **states: Mapping[str, Any]) -> None:
    """Write ``states`` (of model, objective, optimizer, sampler) and the position, whole or not at all."""
    part = path.with_name(path.name + ".part")
    content = {"format": FORMAT, "position": dict(vars(position)), "rng": torch.get_rng_state(), **states}
    try:
        with part.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)  # half a checkpoint would keep a full disk full
        raise


def load_checkpoint(path: Path) -> tuple[Position, dict[str, Any]]:
    """What ``save_checkpoint`` wrote, on the CPU; runs no code from the file. Raises InputError, naming the file."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path} is not there: nothing was learned yet; leave --resume out to start the run") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except pickle.UnpicklingError as error:
        raise InputError(f"{path} is no checkpoint of a run: it holds more than numbers and was not opened") from error
    except Exception as error:  # a damaged file fails anywhere in torch's reader
        raise InputError(f"{path} is no checkpoint of a run, or damaged ({type(error).__name__})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path} is no checkpoint of this version; expected format {FORMAT}")
    if missing := sorted({"position", "rng", "model", "objective", "optimizer"} - content.keys()):
        raise InputError(f"{path} is no whole checkpoint: it lacks {missing[0]}")
    try:
        torch.set_rng_state(content.pop("rng"))
        return Position(**content.pop("position")), content
    except (TypeError, RuntimeError) as error:
        raise InputError(f"{path} is no checkpoint of this version: {error}") from error
