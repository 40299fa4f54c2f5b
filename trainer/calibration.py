"""How near strangers come: the distances below which 1 %, 5 % and 20 % of them pass, for the bands of a search.

As a search measures: without what each camera does to everybody (``reid_engine.camera_bias``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_engine.camera_bias import camera_bias
from reid_engine.errors import InputError
from reid_engine.models.files import card_path, card_text, read_card
from reid_engine.ranking import JUNK, distances, unit_length
from reid_engine.types import BANDS, DistanceName, Vectors

ROWS = 512  # of distances at a time
FEWEST_TO_CARRY = 30  # pairs of strangers, for a line through them
PRIOR_PEOPLE = 20  # as many say that distances have kept their scale
FEWEST = 1000  # pairs of strangers, below which the share of 1 % means little


def calibrate(
    vectors: Vectors, pids: NDArray[np.int64], camids: NDArray[np.int64], distance: DistanceName = "cosine"
) -> dict[str, Any]:
    """{"strong", "possible", "weak", "centre"} of held-out tracklets: (N, D) vectors, (N,) identities and cameras.

    Strangers are pairs of different people in different cameras, as a search meets them; distractors are people, each
    of his own, and junk is nobody. Raises InputError for too few pairs.
    """
    kept = pids != JUNK
    vectors, camids = vectors[kept], camids[kept]
    vectors = unit_length(vectors) if distance == "cosine" else vectors
    centre = vectors.sum(0) / max(1, len(vectors))
    vectors = camera_bias(vectors, camids, distance, centre).off(vectors, camids.tolist())
    pairs = _of_strangers(vectors, pids[kept], camids, distance)
    if len(pairs) < FEWEST:
        raise InputError(
            f"{len(pairs)} pairs of strangers in different cameras are too few to calibrate on; {FEWEST} are needed"
        )
    shares = np.quantile(pairs, list(BANDS.values()))
    bands: dict[str, float] = {band: round(float(share), 6) for band, share in zip(BANDS, shares, strict=True)}
    return {**bands, "centre": [round(float(value), 6) for value in centre]}


def carried_over(
    calibration: Mapping[str, Any],
    before: Vectors,
    after: Vectors,
    pids: NDArray[np.int64],
    camids: NDArray[np.int64],
    distance: DistanceName = "cosine",
) -> dict[str, Any]:
    """The bands of a model for another one that went on from it, where too few people are known to calibrate anew.

    before, after: (N, D) what the one and the other say of the same tracklets
    The centre moves as their mean does, a band's distance along the straight line from the quantiles of strangers'
    distances before to those after (least squares over the nearer half), whose slope few people draw from 1 a little
    only. Raises InputError for fewer than ``FEWEST_TO_CARRY`` pairs.
    """
    kept = pids != JUNK
    camids, nearness, means = camids[kept], [], []
    fair, centre = "centre" in calibration, np.asarray(calibration.get("centre", 0), np.float32)
    for found in (before, after):
        vectors = unit_length(found[kept]) if distance == "cosine" else found[kept]
        means.append(vectors.mean(0))
        if fair:  # else the bands are of bare distances
            here = centre + means[-1] - means[0]
            vectors = camera_bias(vectors, camids, distance, here).off(vectors, camids.tolist())
        nearness.append(_of_strangers(vectors, pids[kept], camids, distance))
    if len(nearness[0]) < FEWEST_TO_CARRY:
        raise InputError(f"{len(nearness[0])} pairs of strangers in different cameras are too few to carry bands over")
    was, now = (np.sort(found)[: len(found) // 2] for found in nearness)
    seen = len(np.unique(pids[kept]))
    slope = 1 + (max(0.0, float(np.polyfit(was, now, 1)[0])) - 1) * seen / (seen + PRIOR_PEOPLE)
    moved: dict[str, float] = {band: float(now.mean() + slope * (calibration[band] - was.mean())) for band in BANDS}
    moved = {band: round(max(0.0, value), 6) for band, value in moved.items()}
    middle = [round(float(value), 6) for value in centre + means[1] - means[0]]
    return {**moved, "centre": middle} if fair else moved


def _of_strangers(
    vectors: Vectors, pids: NDArray[np.int64], camids: NDArray[np.int64], distance: DistanceName
) -> NDArray[np.float32]:
    """The distances of all pairs of different people in different cameras; distractors are people, each of his own."""
    people, found = np.where(pids > 0, pids, -2 - np.arange(len(pids))), [np.empty(0, np.float32)]
    for first in range(0, len(vectors), ROWS):
        block = slice(first, first + ROWS)
        strangers = (people[block, None] != people) & (camids[block, None] != camids)
        strangers &= np.arange(len(vectors)) > np.arange(len(vectors))[block, None]  # every pair once
        found.append(distances(distance, vectors[block], vectors)[strangers])
    return np.concatenate(found)


def write_calibration(model_file: Path, calibration: dict[str, Any], origin: str) -> None:
    """Into the model file's card, and where it comes from. Raises NetworkFileError for a file without a card."""
    card = read_card(model_file)
    card["calibration"] = calibration
    card["provenance"] = {**card.get("provenance", {}), "calibration": origin}
    path = card_path(model_file)
    part = path.with_name(path.name + ".part")
    part.write_text(card_text(card), "utf-8")
    os.replace(part, path)
