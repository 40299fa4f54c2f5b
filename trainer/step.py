"""One step: features of the whole batch, the objective's terms, gradients of the model.

The model's graph is cut behind its features. The objective sees the features of all clips of all processes at once;
its gradients at the cut are then sent through the model. Where a batch does not fit into memory, its clips pass the
model in micro-batches twice: first without a graph for the features, then one by one with the gradients that the
objective gave them. So a triplet is mined, and a table updated, over P x K clips however small the micro-batch; only
batch statistics are those of the micro-batch.

All that is drawn at random in a step (dropout) follows from its seed alone, so both passes draw the same.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reid_engine.errors import UnfinishedError
from trainer.distributed import World, average_gradients, gather
from trainer.losses import OnlineInstanceMatching
from trainer.recipes.base import Labels, Objective

OBJECTIVE_STREAM = 1_000_003  # keeps the objective's draws, equal in all processes, apart from the model's


class NotFinite(UnfinishedError):
    """A loss or a gradient is no number any more."""


@dataclass
class Step:
    """What a step needs besides its batch.

    network:     the model, inside DDP where there are several processes
    micro_batch: clips that pass the model together; halved for good where memory does not suffice
    half:        autocast to bfloat16
    """

    model: nn.Module
    network: nn.Module
    objective: Objective
    world: World
    micro_batch: int
    half: bool = False

    def backward(self, clips: Tensor, labels: Labels, seed: int) -> tuple[dict[str, float], bool]:
        """Gradients of one batch (this process's share, on the device) and the terms of its loss; nothing moves yet.

        True when memory did not suffice and the micro-batch was halved. Raises NotFinite, with all gradients dropped.
        """
        halved = False
        self.micro_batch = min(self.micro_batch, len(clips))
        while True:
            tables = [buffer.clone() for buffer in self.objective.buffers()]
            try:
                return self._checked(self._backward(clips, labels, seed)), halved
            except (torch.OutOfMemoryError, NotFinite) as error:
                self._undo(tables)
                if isinstance(error, NotFinite) or self.world.size > 1 or self.micro_batch <= 2:
                    raise
            gc.collect()
            if self.world.device.type == "cuda":
                torch.cuda.empty_cache()
            self.micro_batch = max(2, self.micro_batch // 4 * 2)  # even: GRL's pairs stay together
            halved = True

    @torch.no_grad()
    def look(self, clips: Tensor, labels: Labels) -> tuple[Any, Labels]:
        """The features and labels of one batch of all processes; nothing is learned. The model is in eval mode."""
        found = _joined([self._features(self.model, piece, 0, 0) for piece in torch.split(clips, self.micro_batch)])
        whole = type(found)(*(None if one is None else gather(one.float(), self.world) for one in found))
        device = self.world.device
        return whole, Labels(*(gather(one.to(device), self.world) for one in labels))

    def settle(self) -> None:
        """After the optimizer: the tables follow."""
        for table in _tables(self.objective):
            table.update()

    def _undo(self, tables: list[Tensor]) -> None:
        self.model.zero_grad(set_to_none=True)
        self.objective.zero_grad(set_to_none=True)
        for table in _tables(self.objective):
            table.forget()
        for buffer, kept in zip(self.objective.buffers(), tables, strict=True):
            buffer.copy_(kept)

    def _backward(self, clips: Tensor, labels: Labels, seed: int) -> dict[str, Tensor]:
        if self.micro_batch >= len(clips):
            features = self._features(self.network, clips, seed, 0)
            leaves = _cut(features)
            terms = self._objective(leaves, labels, seed)
            _send_back(features, leaves)
            return terms
        pieces = _pieces(clips, self.micro_batch)
        with torch.no_grad(), _statistics_at_rest(self.model):
            found = [self._features(self.model, piece, seed, n) for n, piece in enumerate(pieces)]
        leaves = _cut(_joined(found), everything=True)
        terms = self._objective(leaves, labels, seed)
        start = 0
        for n, piece in enumerate(pieces):
            with self._alone(n < len(pieces) - 1):
                features = self._features(self.network, piece, seed, n)
                _send_back(features, leaves, slice(start, start + len(piece)))
            start += len(piece)
        return terms

    def _features(self, network: nn.Module, clips: Tensor, seed: int, piece: int) -> Any:
        torch.manual_seed(seed + self.world.rank + piece * self.world.size)
        with torch.autocast(self.world.device.type, torch.bfloat16, enabled=self.half):
            return network(clips)

    def _objective(self, leaves: Any, labels: Labels, seed: int) -> dict[str, Tensor]:
        whole = type(leaves)(*(None if one is None else gather(one, self.world) for one in leaves))
        torch.manual_seed(seed + OBJECTIVE_STREAM)
        terms: dict[str, Tensor] = self.objective(whole, Labels(*(gather(one, self.world) for one in labels)))
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        average_gradients(list(self.objective.parameters()), self.world)
        return terms

    def _alone(self, alone: bool) -> AbstractContextManager[None]:
        """Keep gradients of all micro-batches but the last to this process."""
        if alone and isinstance(self.network, nn.parallel.DistributedDataParallel):
            return self.network.no_sync()
        return nullcontext()

    def _checked(self, terms: dict[str, Tensor]) -> dict[str, float]:
        gradients = [p.grad for m in (self.model, self.objective) for p in m.parameters() if p.grad is not None]
        norm = torch.stack(torch._foreach_norm(gradients)).norm()  # noqa: SLF001
        numbers = torch.stack([*(term.detach() for term in terms.values()), norm]).tolist()
        found = dict(zip([*terms, "gradient norm"], numbers, strict=True))
        if not torch.tensor(numbers).isfinite().all():
            told = ", ".join(f"{name} {number:.4g}" for name, number in found.items())
            raise NotFinite(f"the loss is no number any more ({told})")
        return found


def _pieces(clips: Tensor, size: int) -> list[Tensor]:
    """Micro-batches; a last clip passes with those before it, as alone it would have no batch statistics."""
    pieces = list(torch.split(clips, size))
    if len(pieces) > 1 and len(pieces[-1]) == 1:
        pieces[-2:] = [clips[-1 - len(pieces[-2]) :]]
    return pieces


def _tables(objective: nn.Module) -> Iterator[OnlineInstanceMatching]:
    return (module for module in objective.modules() if isinstance(module, OnlineInstanceMatching))


def _cut(features: Any, *, everything: bool = False) -> Any:
    """The same NamedTuple as leaves in single precision."""

    def leaf(tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        return tensor.detach().float().requires_grad_(everything or tensor.requires_grad)

    return type(features)(*map(leaf, features))


def _joined(found: list[Any]) -> Any:
    """Features of micro-batches, row after row."""
    return type(found[0])(*(None if part[0] is None else torch.cat(part) for part in zip(*found, strict=True)))


def _send_back(features: Any, leaves: Any, rows: slice = slice(None)) -> None:
    """The gradients at the cut through the model; zeros for what the objective did not use, as DDP waits for all."""
    pairs = [
        (tensor, (torch.zeros_like(leaf) if leaf.grad is None else leaf.grad)[rows].to(tensor.dtype))
        for tensor, leaf in zip(features, leaves, strict=True)
        if tensor is not None and tensor.requires_grad
    ]
    torch.autograd.backward([tensor for tensor, _ in pairs], [gradient for _, gradient in pairs])


@contextmanager
def _statistics_at_rest(model: nn.Module) -> Iterator[None]:
    """Normalise by the batch, as in training, without moving the running statistics."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    kept = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
        yield
    finally:
        for norm, momentum in zip(norms, kept, strict=True):
            norm.momentum = momentum
