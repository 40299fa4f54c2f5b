"""A teacher's vector for every training tracklet, in the data set's order, for recipes that follow a teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from reid_engine.errors import InputError
from trainer.datasets import Tracklet

AT_ONCE = 128


def taught(
    teacher: nn.Module, tracklets: Sequence[Tracklet], device: torch.device, *, frames: int = 16, workers: int = 2
) -> NDArray[np.float32]:
    """(tracklets, D) unit vectors: the mean of the teacher's unit vectors of up to ``frames`` pictures of each."""
    half = torch.float16 if device.type == "cuda" else torch.float32
    teacher = teacher.to(device, half).eval()
    owner = [number for number, tracklet in enumerate(tracklets) for _ in range(min(frames, len(tracklet)))]
    with ThreadPoolExecutor(workers) as pool, torch.no_grad():
        found = [
            F.normalize(teacher(torch.from_numpy(batch).to(device, half)).float(), dim=1).cpu()
            for batch in _batches(pool.map(_picture, _chosen(tracklets, frames)))
        ]
    sums = torch.zeros(len(tracklets), found[0].shape[1]).index_add_(0, torch.tensor(owner), torch.cat(found))
    return np.asarray(F.normalize(sums, dim=1).numpy(), np.float32)


def _chosen(tracklets: Sequence[Tracklet], frames: int) -> Iterator[str]:
    """Up to ``frames`` pictures of each tracklet, evenly spread."""
    for tracklet in tracklets:
        for at in np.linspace(0, len(tracklet) - 1, min(frames, len(tracklet))).round().astype(int):
            yield str(tracklet.frames[at])


def _picture(path: str) -> NDArray[np.uint8]:
    """(3, 256, 128) BGR, as retail networks take them."""
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError(f"{path} is no picture")
    return np.asarray(cv2.resize(picture, (128, 256)).transpose(2, 0, 1), np.uint8)


def _batches(pictures: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    held: list[NDArray[np.uint8]] = []
    for picture in pictures:
        held.append(picture)
        if len(held) == AT_ONCE:
            yield np.stack(held)
            held = []
    if held:
        yield np.stack(held)


def write(path: Path, vectors: NDArray[np.float32]) -> None:
    """The file that the recipe's ``targets`` names."""
    np.savez(path, vectors=vectors)
