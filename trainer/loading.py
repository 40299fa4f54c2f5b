"""Batches for the loop: who and which frames by ``sampling``, pixels by ``pictures``, changes by ``transforms``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid_engine.pixels import Preparation
from trainer.datasets import Tracklet, labels_of
from trainer.pictures import Pixels, Places
from trainer.sampling import CLIPS, BatchSampler, ClipName, Crowd, Rng, batch_rng
from trainer.transforms import Augmentation, Drawn, apply

AHEAD = 3  # batches that are made while one is trained on


class Batch(NamedTuple):
    """One process's share of a step.

    clips:  (B, T, 3, H, W) float32, as the model wants them, on the device
    pids:   (B,) int64, classes from 0 on; camids: (B,) int64, as in the data set
    indices: (B,) int64, places in the data set's training tracklets
    """

    clips: Tensor
    pids: Tensor
    camids: Tensor
    indices: Tensor


class Units(NamedTuple):
    """What a sampler draws from, as columns: whole tracklets, or their frames one by one.

    tracklet: (N,) places in the training tracklets; frame: (N,) the only frame, or -1 for all
    """

    tracklet: Places
    frame: Places

    @classmethod
    def of(cls, tracklets: Sequence[Tracklet], *, min_frames: int = 1, single_frames: bool = False) -> Units:
        """Tracklets that are long enough."""
        lengths = np.array([len(tracklet) for tracklet in tracklets], np.int64)
        kept = np.flatnonzero(lengths >= min_frames)
        if not single_frames:
            return cls(kept, np.full(len(kept), -1, np.int64))
        frames = [np.arange(length) for length in lengths[kept]]
        return cls(np.repeat(kept, lengths[kept]), np.concatenate(frames) if frames else kept)

    def crowd(self, tracklets: Sequence[Tracklet], rejected: Sequence[tuple[int, int]] = ()) -> Crowd:
        """Their labels; of the rejected pairs those whose tracklets are here."""
        camids = np.array([tracklet.camid for tracklet in tracklets], np.int64)
        place = {int(tracklet): at for at, tracklet in enumerate(self.tracklet)}
        pairs = [(place[a], place[b]) for a, b in rejected if a in place and b in place]
        return Crowd(labels_of(tracklets)[self.tracklet], camids[self.tracklet], pairs)


@dataclass
class ClipLoader:
    """The batches of one stage of training, this process's share of each.

    Every batch has its own generator, from the seed and its place: what comes out depends neither on the number of
    threads or processes nor on how often the epoch was begun.
    """

    tracklets: Sequence[Tracklet]
    units: Units
    sampler: BatchSampler
    pixels: Pixels
    preparation: Preparation
    clip: ClipName
    clip_length: int
    augmentation: Augmentation
    device: torch.device

    def __len__(self) -> int:
        return len(self.sampler)

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number`` from batch ``first`` on; the next few are made meanwhile."""
        batches = self.sampler.whole_epoch(number)
        waiting: deque[Future[tuple[Tensor, Drawn]]] = deque()
        with ThreadPoolExecutor(1, "batches") as maker:
            try:
                for at in range(first, len(batches) + AHEAD):
                    if at < len(batches):
                        waiting.append(maker.submit(self._made, number, at, batches[at]))
                    if at - first >= AHEAD and waiting:
                        clips, drawn = waiting.popleft().result()
                        yield self._batch(clips, drawn, batches[at - AHEAD][self.sampler.mine])
            finally:
                for future in waiting:
                    future.cancel()

    def _made(self, epoch: int, batch: int, members: Places) -> tuple[Tensor, Drawn]:
        """uint8 clips of this process and what is to happen to them; drawn for all processes, so that they agree."""
        rng, mine = batch_rng(self.sampler.seed, epoch, batch), self.sampler.mine
        which = [self._which(member, rng) for member in members.tolist()]
        drawn = self.augmentation.draw(len(which), len(which[0][1]), self.preparation.size, rng)
        clips = self.pixels.clips(which[mine])
        return (clips.pin_memory() if self.device.type == "cuda" and not clips.is_cuda else clips), drawn.of(mine)

    def _which(self, member: int, rng: Rng) -> tuple[int, Places]:
        """A tracklet, and its only frame or those of a clip."""
        tracklet, frame = int(self.units.tracklet[member]), int(self.units.frame[member])
        if frame >= 0:
            return tracklet, np.array([frame], np.int64)
        return tracklet, CLIPS[self.clip](len(self.tracklets[tracklet]), self.clip_length, rng)

    def _batch(self, clips: Tensor, drawn: Drawn, members: Places) -> Batch:
        moved = clips.to(self.device, non_blocking=True)
        columns = (self.sampler.crowd.pids, self.sampler.crowd.camids, self.units.tracklet)
        pids, camids, indices = (torch.from_numpy(column[members]).to(self.device) for column in columns)
        return Batch(apply(moved, drawn, self.preparation), pids, camids, indices)
