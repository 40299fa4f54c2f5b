"""Pictures of a data set as pixels: decoded when asked for or once and for all, damage named and counted.

Decoding releases Python's lock, so threads decode beside one another: nothing is copied between processes, and there is
nothing to spawn.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_engine.errors import InputError
from reid_engine.jobs import JobControl
from reid_engine.pixels import Preparation
from reid_engine.types import BgrImage
from trainer.datasets import Picture, Tracklet

MOST_DAMAGED = 0.01  # share of the pictures asked for, above which a run stops
FEW = 20  # pictures that say nothing about a share yet

Places = NDArray[np.int64]


@dataclass
class Damage:
    """Pictures that could not be decoded, by name. Above ``most`` of all pictures asked for the work stops."""

    most: float = MOST_DAMAGED
    asked: int = 0
    names: dict[str, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, asked: int, broken: Sequence[str]) -> None:
        """So many were asked for, and these were broken. Raises InputError above the share."""
        with self._lock:
            self.asked += asked
            self.names.update(dict.fromkeys(broken))
            damaged, read = len(self.names), max(self.asked, 1)
        if broken and read >= FEW and damaged > self.most * read:
            raise InputError(f"{self.sentence()}: more than {self.most:.1%}. Unpack the data set again")

    def sentence(self) -> str:
        """For people; empty when nothing was damaged."""
        first = next(iter(self.names), "")
        return f"{len(self.names)} of {self.asked} pictures cannot be decoded, {first} first" if first else ""


def decoded(picture: Picture) -> BgrImage | None:
    """(H, W, 3) uint8 BGR; None for what is no whole picture."""
    if isinstance(picture, np.ndarray):
        return picture
    try:
        data = np.fromfile(picture, np.uint8) if isinstance(picture, str) else np.frombuffer(picture, np.uint8)
    except OSError:
        return None
    found = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    return None if found is None else np.asarray(found, np.uint8)


def frames_of(
    tracklet: Tracklet, preparation: Preparation, damage: Damage, places: Places | None = None
) -> NDArray[np.uint8]:
    """All frames of a tracklet, or those at ``places`` (T,), as (T, H, W, 3) uint8 BGR of the model's size.

    A broken frame is counted and replaced by the nearest whole one of those asked for, else by any of the tracklet.
    Raises InputError where there is none, or when too many are broken.
    """
    asked = range(len(tracklet)) if places is None else places.tolist()
    found = [decoded(tracklet.frames[at]) for at in asked]
    broken = [at for at, image in zip(asked, found, strict=True) if image is None]
    damage.count(len(found), [_name(tracklet, at) for at in broken])
    whole = found if not broken else _mended(tracklet, found)
    return np.stack([preparation.resized(image) for image in whole if image is not None])


def _name(tracklet: Tracklet, at: int) -> str:
    frame = tracklet.frames[at]
    return frame if isinstance(frame, str) else f"{tracklet.name}, picture {at + 1}"


def _mended(tracklet: Tracklet, found: Sequence[BgrImage | None]) -> list[BgrImage | None]:
    whole = [at for at, image in enumerate(found) if image is not None]
    if whole:
        return [found[min(whole, key=lambda other: abs(other - at))] for at in range(len(found))]
    spare = next((image for image in map(decoded, tracklet.frames) if image is not None), None)
    if spare is None:
        raise InputError(f"no picture of {tracklet.name} can be decoded, {_name(tracklet, 0)} first")
    return [spare] * len(found)


class Pixels(Protocol):
    """Where clips come from."""

    damage: Damage

    def clips(self, which: Sequence[tuple[int, Places]]) -> Tensor:
        """(tracklet, its frames (T,)) each -> (B, T, H, W, 3) uint8 BGR of the model's size."""
        ...


class Decoded:
    """Frames decoded whenever they are asked for."""

    def __init__(self, tracklets: Sequence[Tracklet], preparation: Preparation, threads: int) -> None:
        self.damage = Damage()
        self._tracklets, self._preparation = tracklets, preparation
        self._pool = ThreadPoolExecutor(threads, "decode")

    def clips(self, which: Sequence[tuple[int, Places]]) -> Tensor:
        """See Pixels."""
        return torch.from_numpy(np.stack(list(self._pool.map(self._clip, which))))

    def _clip(self, one: tuple[int, Places]) -> NDArray[np.uint8]:
        return frames_of(self._tracklets[one[0]], self._preparation, self.damage, one[1])


class Stored:
    """All frames decoded once, at the model's size, into one array: in memory, in a file, or on the GPU.

    pixels: (N, H, W, 3) uint8 BGR, tracklet after tracklet; starts: (tracklets + 1,) where each begins
    """

    def __init__(self, pixels: Tensor, starts: Places, damage: Damage | None = None) -> None:
        self.pixels, self.starts = pixels, starts
        self.damage = damage or Damage()

    def clips(self, which: Sequence[tuple[int, Places]]) -> Tensor:
        """See Pixels; on the device that the pixels are on."""
        places = np.stack([self.starts[tracklet] + frames for tracklet, frames in which])
        index = torch.from_numpy(places).to(self.pixels.device)
        taken = torch.index_select(self.pixels, 0, index.flatten())
        return taken.reshape(*index.shape, *self.pixels.shape[1:])

    def to(self, device: torch.device) -> Stored:
        """The same on another device."""
        return Stored(self.pixels.to(device), self.starts, self.damage)


def bytes_of(tracklets: Sequence[Tracklet], preparation: Preparation) -> int:
    """What ``stored`` takes."""
    height, width = preparation.size
    return sum(map(len, tracklets)) * height * width * 3


def stored(
    tracklets: Sequence[Tracklet],
    preparation: Preparation,
    *,
    threads: int,
    control: JobControl | None = None,
    file: Path | None = None,
) -> Stored:
    """Decode every frame once. ``file``: keep the pixels in it (a memory map) instead of in memory.

    Raises InputError for a tracklet without a whole picture, or above the share of damaged pictures.
    """
    control, damage = control or JobControl(), Damage()
    starts = np.concatenate([[0], np.cumsum([len(tracklet) for tracklet in tracklets])]).astype(np.int64)
    shape = (int(starts[-1]), *preparation.size, 3)
    pixels = np.empty(shape, np.uint8) if file is None else np.memmap(file, np.uint8, "w+", shape=shape)

    def fill(at: int) -> int:
        pixels[starts[at] : starts[at + 1]] = frames_of(tracklets[at], preparation, damage)
        return len(tracklets[at])

    with ThreadPoolExecutor(threads, "decode") as pool:
        done = 0
        try:
            for number in pool.map(fill, range(len(tracklets))):
                done += number
                control.report(stage="decode", done=done, total=shape[0])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Stored(torch.from_numpy(pixels), starts, damage)
