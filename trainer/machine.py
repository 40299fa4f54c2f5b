"""How a run is computed: where, in what arithmetic, and how often its state is kept. None of it is the recipe's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import torch
from torch import nn

from reid_engine.errors import UsageError
from trainer.data import Keeping
from trainer.recipes import parsed
from trainer.recipes.limits import refuse_unfit

CALLED_BEFORE = {"keep": "frames", "keep_gib": "frames_gib"}  # settings of the machine in older commands


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Settings of the machine.

    device:     "auto", "cpu", "cuda" or one of several as "cuda:1"
    threads:    that read and decode pictures; 0: as many as there are cores
    frames, frames_gib: where decoded ones stay, and how much they may take (``data``)
    half:       bfloat16 where safe ("auto": on CUDA devices that have it)
    compile, channels_last: torch.compile the model; keep maps with channels last ("auto": on CUDA)
    micro_batch: clips that pass the model together; 0: all
    checkpoint_minutes, checkpoint_steps: how often the state is kept, besides the end of an epoch; 0: not
    """

    device: str = "auto"
    threads: int = 0
    frames: Keeping = "auto"
    frames_gib: float = 8.0
    half: Literal["auto", "on", "off"] = "auto"
    compile: bool = False
    channels_last: Literal["auto", "on", "off"] = "auto"
    micro_batch: int = 0
    checkpoint_minutes: float = 5.0
    checkpoint_steps: int = 0

    def chosen_device(self) -> str:
        """The device's name. Raises UsageError for one that is not there."""
        if self.device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise UsageError(f"device is auto, cuda, cuda:N or cpu, got {self.device!r}")
        if self.device != "cpu" and int(self.device.partition(":")[2] or 0) >= torch.cuda.device_count():
            raise UsageError(f"there is no such CUDA device here; leave device={self.device} out to use what there is")
        return self.device

    def in_half(self) -> bool:
        """Whether to compute in bfloat16 where autocast thinks it safe."""
        able = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        return self.half == "on" or (self.half == "auto" and self.chosen_device() != "cpu" and able)

    def readers(self) -> int:
        """Threads that decode pictures."""
        return self.threads or len(os.sched_getaffinity(0))

    def prepare(self, model: nn.Module) -> None:
        """Move the model to its device, in its memory format."""
        device = self.chosen_device()
        model.to(device)
        if self.channels_last == "on" or (self.channels_last == "auto" and device != "cpu"):
            model.to(memory_format=torch.channels_last)


def split_machine(changes: Mapping[str, Any]) -> tuple[Machine, dict[str, Any]]:
    """Settings of the machine, and the rest, which is the recipe's. Raises UsageError for values that none can have."""
    for key, name in CALLED_BEFORE.items():
        if key in changes and (key != "keep" or changes[key] in get_args(Keeping)):
            raise UsageError(f"where decoded frames stay is called {name} now: write {name}={changes[key]}")
    usual = Machine()
    own = {one.name for one in fields(Machine)}
    mine = {key: parsed(key, value, getattr(usual, key)) for key, value in changes.items() if key in own}
    machine = Machine(**mine)
    refuse_unfit(machine, mine)
    return machine, {key: value for key, value in changes.items() if key not in own}
