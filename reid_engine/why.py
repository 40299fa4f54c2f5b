"""Why a candidate was found: which of its pictures carried its vector, how near each is to the person searched for, and
which places of a picture counted.

A video model is asked itself: its papers' attention, or what every place and frame brings to the vector (see
``explain_tracklets``). A network that can only be asked for vectors is probed from outside: a place counts by how much
farther a picture moves away when the place is covered with the picture's own mean colour (occlusion sensitivity;
Zeiler and Fergus 2014, section 4.2). A place that brings it nearer when covered speaks against the match and counts as
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.crops import pixels_of
from reid_engine.embedding import Embedder, Explanation, explain_tracklets
from reid_engine.jobs import JobControl
from reid_engine.ranking import unit_length
from reid_engine.types import Crop, TrackletCrops, Vectors

ROWS = 8
COLUMNS = 3
COVERED = 2  # pictures, the nearest ones, whose places are covered one by one
SHOWN = 8  # pictures of a tracklet, those that carried most
OCCLUSION = "occlusion"
MAPS = ("carried", "attention", "correlation", "update_gate")  # a model's own, the first that it has

Heat = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reason:
    """One picture of a tracklet.

    frame_index: names the crop among the kept ones
    distance:    cosine, to the other side's vector
    share:       of the tracklet's vector, by the model's own weights; None for a network that has none
    heat:        (h, w) in [0, 1], 1 where it counted most; None where nobody looked, or nothing counted
    """

    frame_index: int
    offset_us: int
    quality: float
    distance: float
    share: float | None = None
    heat: Heat | None = None

    @property
    def brings(self) -> float:
        """To the likeness of the two vectors: the cosine, by the picture's part in the vector."""
        return (1 if self.share is None else self.share) * (1 - self.distance)


@dataclass(frozen=True, slots=True)
class Why:
    """One side of a match. method: the name of the model's own map, or ``occlusion``; pictures: the strongest first."""

    method: str
    pictures: tuple[Reason, ...]


def why(
    embedder: Embedder, sides: Sequence[tuple[TrackletCrops, Vectors]], control: JobControl | None = None
) -> list[Why]:
    """What carried a match, for each side: a tracklet's kept crops and the vector (D,) of whom they are compared with.

    Takes seconds. Raises NetworkFileError where a model cannot be asked, JobCancelled.
    """
    others = [unit_length(other[None])[0] for _, other in sides]
    shown = explain_tracklets(embedder, [kept for kept, _ in sides], control)
    if shown is None:
        return [Why(OCCLUSION, tuple(_covered(embedder, other, kept)))
                for (kept, _), other in zip(sides, others, strict=True)]  # fmt: skip
    return [_asked(embedder, other, one) for other, one in zip(others, shown, strict=True)]


def _asked(embedder: Embedder, other: Vectors, shown: Explanation) -> Why:
    """The pictures that brought most to the likeness, their part in the vector times how near they are."""
    name = next((name for name in MAPS if name in shown.maps), "")
    shares = shown.weights.get("weights")
    heats = _standing_out(shown.maps[name]) if name else None
    found = []
    for row, crop in enumerate(shown.crops):
        share = None if shares is None else float(shares[row])
        heat = heats[row] if heats is not None and heats[row].any() else None
        found.append(_reason(embedder, other, crop, share, heat))
    return Why(name, tuple(sorted(found, key=lambda reason: -reason.brings)[:SHOWN]))


def _standing_out(maps: NDArray[np.float32]) -> Heat:
    """(T, h, w) in [0, 1], on one scale for all pictures of a tracklet: by how much a place is above the mean place."""
    raised = np.maximum(maps - maps.mean(), 0)
    most = float(raised.max())
    even = most <= 1e-6 * float(np.abs(maps).max(initial=0))  # the same everywhere, but for rounding
    return np.asarray(np.zeros_like(raised) if even else raised / np.float32(most), np.float32)


def _covered(embedder: Embedder, other: Vectors, kept: TrackletCrops) -> Sequence[Reason]:
    """The best crops, the nearest first, the first few with a map of what covering their places does."""
    reasons = [(_reason(embedder, other, crop, None, None), crop) for crop in kept.best]
    reasons.sort(key=lambda known: known[0].distance)
    found = []
    for rank, (plain, crop) in enumerate(reasons):
        heat = occlusion(embedder, other, crop, plain.distance) if rank < COVERED else None
        found.append(Reason(plain.frame_index, plain.offset_us, plain.quality, plain.distance, None, heat))
    return found


def _reason(embedder: Embedder, other: Vectors, crop: Crop, share: float | None, heat: Heat | None) -> Reason:
    away = _away(other, embedder.embed_image(pixels_of(crop)))
    return Reason(crop.frame_index, crop.offset_us, crop.quality, away, share, heat)


def occlusion(embedder: Embedder, other: Vectors, crop: Crop, plain: float) -> Heat | None:
    """(ROWS, COLUMNS): how much covering each place moves the crop away from ``other``, as a share of the most."""
    image = pixels_of(crop)
    mean = image.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    rows, columns = _edges(image.shape[0], ROWS), _edges(image.shape[1], COLUMNS)
    heat = np.zeros((ROWS, COLUMNS), np.float32)
    for row in range(ROWS):
        for column in range(COLUMNS):
            covered = image.copy()
            covered[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = mean
            heat[row, column] = max(0.0, _away(other, embedder.embed_image(covered)) - plain)
    most = float(heat.max())
    return heat / np.float32(most) if most > 0 else None


def _edges(length: int, parts: int) -> Sequence[int]:
    edges: list[int] = np.linspace(0, length, parts + 1).round().astype(int).tolist()
    return edges


def _away(other: Vectors, vector: Vectors) -> float:
    return float(1.0 - other @ unit_length(vector[None])[0])
