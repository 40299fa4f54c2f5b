"""A data set made ready for one run: batches for the loop, figures for its reports."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import torch

from reid_engine.errors import InputError
from reid_engine.jobs import JobControl
from reid_engine.models.base import VideoReidModel
from reid_engine.pixels import Preparation
from trainer.datasets import DataSet
from trainer.distributed import World
from trainer.evaluation import evaluate
from trainer.loading import ClipLoader, Units
from trainer.pictures import Decoded, Pixels, bytes_of, stored
from trainer.ranked import LISTED, RANKED, save_ranked
from trainer.recipes.base import Settings
from trainer.sampling import BatchSampler, ClipName
from trainer.transforms import Augmentation

GIB = 2**30
SHARE_OF_GPU = 0.5  # of its free memory, that decoded pixels may take
Keeping: TypeAlias = Literal["auto", "memory", "file", "device", "none"]


@dataclass
class RunData:
    """What a run learns from and is tested on.

    frames: where decoded ones stay: "none" decodes them for every clip anew; "auto" keeps them on the GPU, else in
            memory, where they take less than ``frames_gib``; "file": in ``folder``
    rerank: figures after k-reciprocal re-ranking
    """

    dataset: DataSet
    seed: int = 0
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    frames: Keeping = "auto"
    frames_gib: float = 8.0
    folder: Path | None = None
    control: JobControl = field(default_factory=JobControl)
    rerank: bool = False
    _kept: dict[Preparation, Pixels] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Of the data set."""
        return self.dataset.name

    @property
    def identities(self) -> int:
        """Classes to learn."""
        return self.dataset.identities

    def batches(self, settings: Settings, model: VideoReidModel, world: World) -> ClipLoader:
        """The training batches of a stage. Raises InputError where they cannot be filled."""
        train = self.dataset.train
        units = Units.of(train, min_frames=settings.min_frames, single_frames=settings.single_frames)
        if not len(units.tracklet):
            long = f" of at least {settings.min_frames} frames" if settings.min_frames > 1 else ""
            raise InputError(f"{self.name} has no training tracklet{long}; there is nothing to learn from")
        sampler = BatchSampler(
            settings.sampler,
            units.crowd(train, self.dataset.rejected),
            settings.identities,
            settings.per_identity,
            self.seed,
            world.rank,
            world.size,
        )
        preparation = Preparation.of(model.spec)
        length = 1 if settings.single_frames else model.spec.clip_length
        pixels = self._pixels(preparation, world.device)
        clip: ClipName = settings.clip
        changes = augmentation(settings)
        return ClipLoader(train, units, sampler, pixels, preparation, clip, length, changes, world.device)

    def _pixels(self, preparation: Preparation, device: torch.device) -> Pixels:
        if preparation not in self._kept:
            self._kept[preparation] = self._made(preparation, device)
        return self._kept[preparation]

    def _made(self, preparation: Preparation, device: torch.device) -> Pixels:
        train, size = self.dataset.train, bytes_of(self.dataset.train, preparation)
        where = self.frames if self.frames != "auto" else ("none" if size > self.frames_gib * GIB else "memory")
        if where == "none":
            return Decoded(train, preparation, self.threads)
        file = None
        if where == "file":
            if self.folder is None:
                raise InputError("frames=file needs a folder to keep the pixels in")
            file = self.folder / "pixels.u8"
        kept = stored(train, preparation, threads=self.threads, control=self.control, file=file)
        if kept.damage.names:
            self.control.notice(kept.damage.sentence())
        fits = device.type == "cuda" and size < SHARE_OF_GPU * torch.cuda.mem_get_info(device)[0]
        return kept.to(device) if where == "device" or (self.frames == "auto" and fits) else kept

    def evaluate(self, model: VideoReidModel, control: JobControl, *, final: bool = False) -> Mapping[str, float]:
        """Figures of the model in eval mode by its paper's protocol; ``final`` ones with ranked lists in ``folder``.

        Nothing where no query counts, which is said.
        """
        lists = LISTED if final and self.folder is not None else 0
        found = evaluate(model, self.dataset, rerank=self.rerank, control=control, threads=self.threads, lists=lists)
        if lists and self.folder is not None:
            save_ranked(self.folder / RANKED, found)
        if not found.queries:
            control.notice(
                f"nobody in {self.name} can be looked for: no query has a right answer in another camera. "
                "The model is not tested"
            )
            return {}
        return found.figures()


def augmentation(settings: Settings) -> Augmentation:
    """What the settings let happen to a clip."""
    return Augmentation(
        flip=settings.flip,
        crop=settings.crop,
        erase=settings.erase,
        erase_area=settings.erase_area,
        erase_aspect=settings.erase_aspect,
        erase_fill=settings.erase_fill,
        relight=settings.relight,
    )
