"""Why a candidate was found: how near each of its kept crops is to the probe, and which places of a crop carried that.

For a network that can only be asked for vectors, a place counts by how much farther the crop moves away when the place
is covered with the crop's own mean colour (occlusion sensitivity; Zeiler and Fergus 2014, section 4.2). A place that
brings it nearer when covered speaks against the match and counts as nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid_engine.crops import pixels_of
from reid_engine.ranking import unit_length
from reid_engine.types import BgrImage, Crop, TrackletCrops, Vectors

ROWS = 8
COLUMNS = 3
MAPPED = 2  # crops, the nearest ones, whose places are looked at


class EmbedsImages(Protocol):
    """What of an embedder is needed."""

    def embed_image(self, image: BgrImage) -> Vectors:
        """(D,) of one picture."""
        ...


@dataclass(frozen=True, slots=True)
class Reason:
    """One kept crop of the candidate.

    place:    among the best crops
    distance: cosine, to the probe's vector
    heat:     (ROWS, COLUMNS) in [0, 1], 1 where it counted most; None where nobody looked, or nothing counted
    """

    place: int
    offset_us: int
    quality: float
    distance: float
    heat: NDArray[np.float32] | None = None


def why(embedder: EmbedsImages, probe: Vectors, candidate: TrackletCrops, *, mapped: int = MAPPED) -> list[Reason]:
    """The candidate's best crops, the nearest to ``probe`` (D,) first, the first few with a map of places."""
    probe = unit_length(probe[None])[0]
    reasons = []
    for place, crop in enumerate(candidate.best):
        away = _away(probe, embedder.embed_image(pixels_of(crop)))
        reasons.append(Reason(place, crop.offset_us, crop.quality, away))
    reasons.sort(key=lambda reason: (reason.distance, reason.place))
    found = []
    for rank, reason in enumerate(reasons):
        heat = occlusion(embedder, probe, candidate.best[reason.place], reason.distance) if rank < mapped else None
        found.append(Reason(reason.place, reason.offset_us, reason.quality, reason.distance, heat))
    return found


def occlusion(embedder: EmbedsImages, probe: Vectors, crop: Crop, plain: float) -> NDArray[np.float32] | None:
    """(ROWS, COLUMNS): how much covering each place moves the crop away from the probe, as a share of the most."""
    image = pixels_of(crop)
    mean = image.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    rows, columns = _edges(image.shape[0], ROWS), _edges(image.shape[1], COLUMNS)
    heat = np.zeros((ROWS, COLUMNS), np.float32)
    for row in range(ROWS):
        for column in range(COLUMNS):
            covered = image.copy()
            covered[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = mean
            heat[row, column] = max(0.0, _away(probe, embedder.embed_image(covered)) - plain)
    most = float(heat.max())
    return heat / np.float32(most) if most > 0 else None


def _edges(length: int, parts: int) -> Sequence[int]:
    edges: list[int] = np.linspace(0, length, parts + 1).round().astype(int).tolist()
    return edges


def _away(probe: Vectors, vector: Vectors) -> float:
    return float(1.0 - probe @ unit_length(vector[None])[0])
