"""Several processes, started by torchrun, that train one model: who am I, and the batch of all.

Every process sees its share of a batch. Features are gathered before the objective, so that each process mines the
whole batch and moves the same tables by the same samples; DDP then averages the gradients of the model.

With BN in eval mode several processes do what one does, up to rounding. In training mode each process normalises its
share by the share's own statistics (and the first process's running statistics are kept), as the papers' own runs on
several cards did.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

PATIENCE = timedelta(hours=2)  # the first process evaluates while the others wait


@dataclass(frozen=True)
class World:
    """This process among ``size``, and the device it computes on. The first one writes the run."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process keeps the run's folder."""
        return self.rank == 0


@contextmanager
def join(device: str) -> Iterator[World]:
    """The world that torchrun describes in the environment, or a world of one; left again at the end."""
    size, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    chosen = torch.device("cuda", local) if device == "cuda" else torch.device(device)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if size == 1:
        yield World(0, 1, chosen)
        return
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield World(dist.get_rank(), size, chosen)
    finally:
        dist.destroy_process_group()


def gather(rows: Tensor, world: World) -> Tensor:
    """(b, ...) of every process -> (b size, ...) in the order of ranks; gradients reach this process's own rows.

    They are multiplied by ``size``, since DDP is going to average them and the loss is that of the whole batch.
    """
    if world.size == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows, world)
    return gathered


def broadcast_float(number: float, world: World) -> float:
    """The first process's number, for decisions that all must take alike."""
    if world.size == 1:
        return number
    box = torch.tensor([number], dtype=torch.float64, device=world.device)
    dist.broadcast(box, 0)
    return float(box)


def average_gradients(parameters: list[torch.nn.Parameter], world: World) -> None:
    """Keep an objective's copies equal, should processes round differently."""
    if world.size == 1:
        return
    for parameter in parameters:
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= world.size


def barrier(world: World) -> None:
    """Wait for the others."""
    if world.size > 1:
        dist.barrier()


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, world: World) -> Tensor:
        ctx.world, ctx.rows = world, len(rows)
        shares = [torch.empty_like(rows) for _ in range(world.size)]
        dist.all_gather(shares, rows.contiguous())
        return torch.cat(shares)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        start = ctx.world.rank * ctx.rows
        return grads[0][start : start + ctx.rows] * ctx.world.size, None
