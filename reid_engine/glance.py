"""Is there anything new to see? A picture that shows what the last detected one showed is not detected again.

Many pictures of a recording are of an empty place. Whatever a detector finds is a function of the picture, so where
no part of a picture has changed since the last detected one, what was found there is still there: people who stand
still stay as they are, and nobody can come or move without changing something. Compared is against the last *detected*
picture, not against the one before, so that whoever creeps adds up.

Deciding looks at pixels only, never at how pictures were gathered into batches: two runs decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.clock import SECOND_US
from reid_engine.types import Detections, Frame, State

CELLS = 96  # along the longer side: the smallest people that a detector finds at 640 pixels are 2 wide and 5 high
TRUSTED_US = 2 * SECOND_US  # then the detector looks again, whatever the picture


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a picture looks from afar.

    cells:     (h, w, 3) uint8, mean colour of each part of the picture, 96 along the longer side
    offset_us: when it was, as of its frame
    """

    cells: NDArray[np.uint8]
    offset_us: int

    @classmethod
    def at(cls, frame: Frame) -> Look:
        """Of this picture."""
        height, width = frame.image.shape[:2]
        scale = CELLS / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return cls(np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)), frame.offset_us)

    def shows(self, later: Look, change: float) -> bool:
        """True when a later picture shows the same: no cell differs by ``change`` levels or more in any colour."""
        if later.offset_us - self.offset_us >= TRUSTED_US or later.cells.shape != self.cells.shape:
            return False
        return bool(cv2.absdiff(later.cells, self.cells).max() < change)


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A detected picture: how it looks, and who is in it."""

    look: Look
    people: Detections

    def state(self) -> State:
        """For a checkpoint."""
        look, people = self.look, self.people
        return {"cells": look.cells, "offset_us": np.array(look.offset_us), "xyxy": people.xyxy, "score": people.score}

    @classmethod
    def restored(cls, state: State) -> Glance:
        """From a checkpoint."""
        look = Look(state["cells"], int(state["offset_us"]))
        return cls(look, Detections(state["xyxy"], state["score"]))
