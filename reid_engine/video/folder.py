"""A folder of numbered pictures as a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from reid_engine.errors import SeekError, SourceError
from reid_engine.picture import TOO_LARGE, TooLarge, pixels
from reid_engine.recordings import SourceInfo, pictures_in
from reid_engine.types import RATE_ASSUMED, BgrImage, Damage
from reid_engine.video import Picture
from reid_engine.video.damage import DamageCount

# What a whole picture ends with, near its last byte; a cut one still decodes, partly grey.
ENDINGS = {b"\xff\xd8": b"\xff\xd9", b"\x89P": b"IEND"}
ENDING_WITHIN = 64


class FolderSource:
    """Pictures in natural order, one every 1 / ``folder_fps`` seconds. Every file has its number, broken or not."""

    def __init__(self, path: Path, folder_fps: float, alive: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._alive = alive
        self._files = pictures_in(path)
        self._fps = folder_fps
        self._from = 0
        first, problem = self._first()
        if first is None:
            told = f" ({problem})" if problem else "; copy the folder again"
            raise SourceError(f"{path}: none of its {len(self._files)} pictures can be read{told}")
        height, width = first.shape[:2]
        note = f"a folder of pictures has no times of its own: {folder_fps:g} {RATE_ASSUMED}"
        self._info = SourceInfo(
            width, height, folder_fps, len(self._files), None, self._offset(len(self._files)), "pictures", (note,)
        )
        self._damage = DamageCount(self._info.notes)

    @property
    def info(self) -> SourceInfo:
        """What the folder says of itself."""
        return self._info

    @property
    def damage(self) -> Damage:
        """What was wrong so far with what ``pictures`` read."""
        return self._damage.so_far()

    def close(self) -> None:
        """Nothing is held open."""
        self._from = 0

    def pictures(self) -> Iterator[Picture]:
        """Every readable picture from the first, or from where the last ``seek`` went."""
        start, self._from = self._from, 0
        self._damage = DamageCount(self._info.notes)
        for index in range(start, len(self._files)):
            offset = self._damage.reached_us = self._offset(index)
            self._alive()
            image, whole, problem = _read(self._files[index])
            if image is None:
                self._damage.decode_error(problem)
                continue
            if not whole:
                self._damage.corrupt_frame()
            if image.shape[1::-1] != (self._info.width, self._info.height):
                self._damage.note("the pictures differ in size; every one is scaled to the size of the first")
            yield Picture(index, offset, self._offset(index + 1) - offset, partial(_fill, image))

    def seek(self, offset_us: int, check: Callable[[], None] = lambda: None) -> None:
        """Let ``pictures`` begin with the one shown at ``offset_us``; raises SeekError."""
        self._from = 0
        index = int(max(0, offset_us) * self._fps / 1e6) + 1
        while index > 0 and self._offset(index) > offset_us:
            index -= 1  # at most twice: offsets are rounded to microseconds
        if index >= len(self._files):
            raise SeekError(f"{self._path}: there is no picture at {offset_us / 1e6:.3f} s after the first")
        check()
        self._from = index

    def _first(self) -> tuple[BgrImage | None, str]:
        """The first picture that can be read; where there is none, whether one was too large."""
        problem = ""
        for file in self._files:
            self._alive()
            image, _, why = _read(file)
            if image is not None:
                return image, ""
            problem = problem or (why if why.endswith(TOO_LARGE) else "")
        return None, problem

    def _offset(self, index: int) -> int:
        return round(index * 1e6 / self._fps)


def _read(file: Path) -> tuple[BgrImage | None, bool, str]:
    """(H, W, 3) BGR, or None where there is no picture; whether the file is whole; and what is wrong with it."""
    try:
        content = file.read_bytes()
        image = pixels(content)
    except TooLarge:
        return None, False, f"{file.name} has {TOO_LARGE}"
    except (OSError, MemoryError):
        image = None
    if image is None:
        return None, False, f"{file.name} is no picture that can be read"
    ending = next((end for start, end in ENDINGS.items() if content.startswith(start)), b"")
    return image, ending in content[-ENDING_WITHIN:], ""


def _fill(image: BgrImage, out: BgrImage) -> None:
    if out.shape[2] == 4:
        sized = np.empty((*out.shape[:2], 3), np.uint8)
        _fill(image, sized)
        cv2.cvtColor(sized, cv2.COLOR_BGR2BGRA, dst=out)
    elif image.shape == out.shape:
        np.copyto(out, image)
    else:
        cv2.resize(image, out.shape[1::-1], dst=out, interpolation=cv2.INTER_AREA)
