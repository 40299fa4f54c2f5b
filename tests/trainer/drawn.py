"""People drawn in a few strokes: a head, a top and trousers in their own colours, seen by cameras of their own.

Enough to learn from in seconds and to fail on untrained: colours differ between people, light and ground between
cameras, place and noise between frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_engine.jobs import JobControl
from reid_engine.models.base import VideoReidModel
from trainer.distributed import World
from trainer.loading import Batch
from trainer.recipes import Settings


def picture(pid: int, camid: int, frame: int, size: tuple[int, int] = (64, 32)) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR."""
    person = np.random.default_rng([1, pid])
    camera = np.random.default_rng([2, camid])
    now = np.random.default_rng([3, pid, camid, frame])
    height, width = size
    image = np.full((height, width, 3), camera.uniform(60, 180, 3))
    top, trousers = person.uniform(0, 255, 3), person.uniform(0, 255, 3)
    stripe = int(person.integers(2, 6))
    middle = int(width * (0.5 + now.uniform(-0.08, 0.08)))
    left, right = middle - width // 4, middle + width // 4
    image[height // 6 : height // 2, left:right] = top
    image[height // 6 : height // 2 : stripe, left:right] = 255 - top
    image[height // 2 : height - 2, left + 2 : right - 2] = trousers
    cv2.circle(image, (middle, height // 9), height // 12, (140, 170, 210), -1)
    lit = image * camera.uniform(0.6, 1.1, 3) + now.normal(0, 12, image.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def write_folder(root: Path, pids: range, cameras: int = 2, tracklets: int = 2, frames: int = 8) -> Path:
    """The plain ``folder`` layout: ROOT/<pid>/<camera>/<tracklet>/*.jpg."""
    for pid in pids:
        for camid in range(cameras):
            for tracklet in range(tracklets):
                folder = root / f"{pid:04d}" / f"c{camid + 1}" / f"t{tracklet + 1}"
                folder.mkdir(parents=True)
                for frame in range(frames):
                    image = picture(pid, camid, 100 * tracklet + frame)
                    cv2.imwrite(str(folder / f"{frame:04d}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return root


def prepared(images: list[NDArray[np.uint8]], model: VideoReidModel) -> Tensor:
    """(L, H, W, 3) BGR -> (L, 3, H, W) as the model wants them."""
    height, width = model.spec.input_size
    resized = [cv2.resize(image, (width, height)) for image in images]
    x = torch.from_numpy(np.stack(resized)[..., ::-1].copy()).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(one)[:, None, None] for one in (model.spec.mean, model.spec.std))
    return (x - mean) / std


class DrawnBatches:
    """Pairs of clips of one person by two cameras, side by side; people in a new order every epoch."""

    def __init__(self, people: int, settings: Settings, model: VideoReidModel, world: World, batches: int) -> None:
        self.people, self.model, self.world, self.batches = people, model, world, batches
        self.share = settings.batch // world.size
        self.clip_length = 1 if settings.single_frames else model.spec.clip_length

    def __len__(self) -> int:
        return self.batches

    def epoch(self, number: int, first: int) -> Iterator[Batch]:
        for batch in range(first, self.batches):
            rng = np.random.default_rng([number, batch])
            pids = rng.permutation(self.people)[: self.share * self.world.size // 2].repeat(2)
            mine = slice(self.world.rank * self.share, (self.world.rank + 1) * self.share)
            clips = []
            for place, pid in list(enumerate(pids))[mine]:
                start = int(np.random.default_rng([number, batch, place]).integers(1000))
                images = [picture(int(pid), place % 2, start + t) for t in range(self.clip_length)]
                clips.append(prepared(images, self.model))
            labels = torch.from_numpy(pids[mine].astype(np.int64))
            yield Batch(torch.stack(clips), labels, torch.arange(len(labels)) % 2, labels * 2)


class DrawnData:
    """The stand-in for a data set: ``people`` to learn, as many others to be tested on."""

    name = "drawn"

    def __init__(self, people: int = 20, batches: int = 2) -> None:
        self.identities = people
        self._batches = batches

    def batches(self, settings: Settings, model: VideoReidModel, world: World) -> DrawnBatches:
        return DrawnBatches(self.identities, settings, model, world, self._batches)

    def evaluate(self, model: VideoReidModel, control: JobControl, *, final: bool) -> dict[str, float]:
        """Rank-1 of the others, second camera against first."""
        device = next(model.parameters()).device
        views = []
        for camid in range(2):
            frames = [
                prepared([picture(1000 + pid, camid, t) for t in range(2)], model) for pid in range(self.identities)
            ]
            views.append(torch.stack([model.embed_tracklet(one.to(device)) for one in frames]).cpu())
        nearest = torch.cdist(views[0], views[1]).argmin(1)
        hits = (nearest == torch.arange(self.identities)).float().mean().item()
        return {"rank1": hits, "mAP": hits}
