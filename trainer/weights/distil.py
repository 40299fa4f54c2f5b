"""A trunk learns to see like a published network: same pictures in, same vectors out.

The student sees no label. Every step draws pictures, changes them as another camera would, asks the teacher, and moves
the student's vector towards the teacher's (cosine) and its distances within the batch towards the teacher's distances
(Park, Kim, Lu, Cho, "Relational Knowledge Distillation", CVPR 2019, here as inner products of unit vectors). A long
schedule on strongly and equally changed pictures is what lets a small student follow: Beyer et al., "Knowledge
distillation: A good teacher is patient and consistent", CVPR 2022.
"""

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from reid_engine.errors import InputError
from reid_engine.models.backbones import Trunk, build_backbone
from reid_engine.models.base import IMAGENET_MEAN, IMAGENET_STD
from trainer.weights.augment import as_seen_elsewhere


@dataclass(frozen=True)
class Plan:
    """How a distillation runs: for so many minutes or steps, whichever ends first; the rate falls with what is left."""

    trunk: str = "compact"
    minutes: float = 4.0
    steps: int = 1_000_000
    batch: int = 512
    rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: float = 0.03  # share of the run
    average: float = 0.998  # inertia of the running average that is kept
    relations: float = 20.0  # weight of the distances within a batch
    height: int = 256
    width: int = 128
    seed: int = 1


class Student(nn.Module):
    """A trunk, its average, batch normalisation, and a projection into the teacher's space, thrown away later."""

    def __init__(self, trunk: Trunk, dim: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.neck = nn.BatchNorm1d(trunk.channels)
        self.project = nn.Sequential(
            nn.Linear(trunk.channels, 2 * dim, bias=False), nn.BatchNorm1d(2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) normalised -> own vectors (B, C), vectors in the teacher's space (B, D)."""
        own = self.neck(self.trunk(pictures).mean((2, 3), dtype=torch.float32))
        return own, self.project(own)


def distil(
    teacher: nn.Module, pictures: Pictures, plan: Plan, device: torch.device, say: Callable[[str], object]
) -> tuple[Student, list[dict[str, float]]]:
    """Train a student of ``plan.trunk`` on pictures that lie on ``device``: its running average, and its curve."""
    torch.manual_seed(plan.seed)
    generator = torch.Generator(device).manual_seed(plan.seed)
    taught = _teacher(teacher, device)
    dim = taught(pictures.parts[0][:2].float()).shape[1]
    student = Student(build_backbone(plan.trunk), dim).to(device).to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(student)
    optimiser = torch.optim.AdamW(student.parameters(), plan.rate, weight_decay=plan.weight_decay)
    mean, std = (torch.tensor(numbers, device=device)[:, None, None] * 255 for numbers in (IMAGENET_MEAN, IMAGENET_STD))
    curve: list[dict[str, float]] = []
    for step, share in _until(plan, device):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _schedule(share, plan.warm_up)
        seen = as_seen_elsewhere(pictures.draw(plan.batch, generator), generator)
        wanted = F.normalize(taught(seen), dim=1)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            own, projected = student(((seen - mean) / std).contiguous(memory_format=torch.channels_last))
        towards = 1 - F.cosine_similarity(projected.float(), wanted).mean()
        own = F.normalize(own.float(), dim=1)
        relations = F.mse_loss(own @ own.T, wanted @ wanted.T)
        loss = towards + plan.relations * relations
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(student.parameters(), 5.0)
        optimiser.step()
        follow(averaged, student, min(plan.average, step / (step + 10)))
        if step % 50 == 0:
            cosine, apart = 1 - towards.item(), relations.item()
            curve.append({"step": step, "share": round(share, 4), "cosine": cosine, "relations": apart})
            say(f"{step}: {share:.0%}, cosine {cosine:.4f}, relations {apart:.5f}")
    return averaged, curve


@torch.no_grad()
def follow(averaged: nn.Module, network: nn.Module, inertia: float) -> None:
    """Move a running average of a network's weights and statistics a step on."""
    for mean, now in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - inertia)
        else:
            mean.copy_(now)


def _teacher(teacher: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
    """RGB in [0, 255] -> the teacher's vectors; it wants BGR, untouched. Half precision where that is fast."""
    half = torch.float16 if device.type == "cuda" else torch.float32
    ready = teacher.to(device, half).eval()

    @torch.no_grad()
    def ask(seen: Tensor) -> Tensor:
        bgr = seen.flip(1).to(half).contiguous(memory_format=torch.channels_last)
        found: Tensor = ready(bgr)
        return found.float()

    return ask


def _until(plan: Plan, device: torch.device) -> Iterator[tuple[int, float]]:
    """Step numbers with the share of the run that is gone."""
    begun, step = time.monotonic(), 0
    while (share := max((time.monotonic() - begun) / (60 * plan.minutes), step / plan.steps)) < 1:
        yield step, share
        step += 1
        if device.type == "cuda" and step % 10 == 0:
            torch.cuda.synchronize()


def _schedule(share: float, warm_up: float) -> float:
    """A linear start and a cosine down to nothing."""
    if share < warm_up:
        return share / warm_up
    return 0.5 * (1 + float(np.cos(np.pi * (share - warm_up) / (1 - warm_up))))


@dataclass(frozen=True)
class Pictures:
    """Pictures of several folders, and how often each folder's are drawn.

    parts:  one tensor a folder, (N, 3, H, W) RGB bytes; shares: of the drawn pictures, sum 1; counts: N by folder
    """

    parts: tuple[Tensor, ...]
    shares: tuple[float, ...]
    counts: dict[str, int]

    @classmethod
    def read(cls, folders: Sequence[str], height: int, width: int, workers: int) -> Pictures:
        """Every JPEG and PNG under ``FOLDER`` or ``FOLDER=SHARE``. Raises InputError where there is none."""
        named = [folder.partition("=") for folder in folders]
        parts = tuple(read_pictures(Path(name), height, width, workers) for name, _, _ in named)
        wanted = [float(share) if share else len(part) for (_, _, share), part in zip(named, parts, strict=True)]
        counts = {Path(name).name: len(part) for (name, _, _), part in zip(named, parts, strict=True)}
        return cls(parts, tuple(share / sum(wanted) for share in wanted), counts)

    def to(self, device: torch.device) -> Pictures:
        """The same on another device."""
        return replace(self, parts=tuple(part.to(device) for part in self.parts))

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, 3, H, W), folders in their shares, shuffled."""
        device = self.parts[0].device
        numbers = [round(count * share) for share in self.shares[:-1]]
        numbers.append(count - sum(numbers))
        drawn = [
            part[torch.randint(len(part), (number,), device=device, generator=generator)]
            for part, number in zip(self.parts, numbers, strict=True)
        ]
        together = torch.cat(drawn)
        return together[torch.randperm(count, device=device, generator=generator)]

    def __str__(self) -> str:
        return ", ".join(
            f"{name}: {number} pictures, {share:.0%} of the draws"
            for (name, number), share in zip(self.counts.items(), self.shares, strict=True)
        )


def read_pictures(folder: Path, height: int, width: int, workers: int) -> Tensor:
    """Every JPEG and PNG under ``folder`` as (N, 3, height, width) RGB bytes, in the order of their paths."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if not found:
        raise InputError(f"there are no pictures under {folder}")
    parts = [found[start : start + 256] for start in range(0, len(found), 256)]
    with ThreadPoolExecutor(workers) as pool:  # OpenCV decodes without the interpreter's lock
        arrays = list(pool.map(_decoded, parts, [(height, width)] * len(parts)))
    return torch.from_numpy(np.concatenate(arrays))


def _decoded(paths: Sequence[Path], size: tuple[int, int]) -> NDArray[np.uint8]:
    pictures = []
    for path in paths:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise InputError(f"{path} is no picture")
        shrinks = picture.shape[0] > size[0]
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        pictures.append(cv2.resize(picture, size[::-1], interpolation=way)[:, :, ::-1].transpose(2, 0, 1))
    return np.ascontiguousarray(np.stack(pictures), np.uint8)


def save_trunk(student: Student, path: Path, plan: Plan, story: dict[str, object]) -> None:
    """The trunk's tensors for ``weights=``, and beside them how they came about."""
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in student.trunk.state_dict().items()}
    save_file(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps({"plan": asdict(plan), **story, "sha256": digest}, indent=1) + "\n")
