"""What a camera does to everybody it sees: its light, colours and place move all vectors one way. Taken off again.

A camera's bias is the mean of its tracklets' vectors. Means of few are drawn to what is known without them: a camera's
to the mean of all cameras, that to the mean at which the model was calibrated, each as if ``PRIOR`` more tracklets
had it, so that a case of a few people is not bent by who happens to be in it. And a camera whose tracklets differ far
less than those of the others has seen one person again and again: its mean would be that person, so it is not believed.
Two people before one camera are told apart as before; two cameras are compared as if they saw the same light. Inside a
network statistics of each camera do the same (Zhuang et al., ECCV 2020).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.ranking import unit_length
from reid_engine.types import DistanceName, Vectors

PRIOR = 20  # tracklets; 5 to 40 were compared, see docs/accuracy.md
LEAST_SPREAD = (
    0.5  # of the median camera's; where many people were seen it is 0.8 to 1.6 of it, where one was 0.0 to 0.2
)


@dataclass(frozen=True, slots=True)
class CameraBias:
    """everywhere: (D,) the mean of all; means: (C, D) those of ``cameras``."""

    distance: DistanceName
    everywhere: Vectors
    cameras: tuple[int, ...] = ()
    means: Vectors | None = None

    def off(self, vectors: Vectors, cameras: Iterable[int | None]) -> Vectors:
        """(N, D) without what their cameras did; for one that is not known (None: a picture) the mean of all is."""
        place = {camera: number for number, camera in enumerate(self.cameras)}
        known = self.everywhere[None] if self.means is None else np.concatenate([self.means, self.everywhere[None]])
        rows = [len(place) if camera is None else place.get(int(camera), len(place)) for camera in cameras]
        left: Vectors = vectors - known[rows]
        return unit_length(left) if self.distance == "cosine" else left


def camera_bias(
    vectors: Vectors, cameras: NDArray[np.int64], distance: DistanceName, centre: Vectors | None = None
) -> CameraBias:
    """Of tracklets' vectors (N, D), of unit length where they are compared by cosines, and their (N,) cameras.

    centre: (D,) the mean at which the model was calibrated; zero without one.
    """
    known = np.zeros(vectors.shape[1], np.float32) if centre is None else centre
    names, places = np.unique(cameras, return_inverse=True)
    counts = np.bincount(places, minlength=len(names))[:, None]
    sums = (places == np.arange(len(names))[:, None]).astype(np.float32) @ vectors
    squares = np.bincount(places, (vectors**2).sum(1), len(names))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):  # of a single tracklet nothing is known: NaN is below nothing
        spread = (squares - (sums**2).sum(1, keepdims=True) / counts) / (counts - 1)
    believed = spread >= LEAST_SPREAD * np.median(spread[counts > 1]) if (counts > 1).any() else counts < 0
    sums, counts = np.where(believed, sums, 0), np.where(believed, counts, 0)
    everywhere = (sums.sum(0) + PRIOR * known) / (counts.sum() + PRIOR)
    means = (sums + PRIOR * everywhere) / (counts + PRIOR)
    return CameraBias(distance, everywhere.astype(np.float32), tuple(names.tolist()), means.astype(np.float32))
