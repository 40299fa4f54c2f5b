"""Slots for pictures in an anonymous file that a decoder and its parent both have mapped."""

from __future__ import annotations

import mmap
import os

import numpy as np

from reid_engine.types import BgrImage


class Ring:
    """``slots`` pictures of up to ``pixels`` with ``channels`` bytes each. Only what is written takes memory."""

    def __init__(self, descriptor: int, slots: int, pixels: int, channels: int) -> None:
        self._channels = channels
        self._stride = -(-pixels * channels // mmap.PAGESIZE) * mmap.PAGESIZE
        length = self._stride * slots
        if os.fstat(descriptor).st_size < length:
            os.ftruncate(descriptor, length)
        self._memory = mmap.mmap(descriptor, length)

    def image(self, slot: int, width: int, height: int) -> BgrImage:
        """The (height, width, channels) picture in a slot, not copied; it keeps the memory alive."""
        return np.ndarray((height, width, self._channels), np.uint8, self._memory, slot * self._stride)
