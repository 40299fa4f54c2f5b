"""How near strangers come: the distances below which 1 %, 5 % and 20 % of them pass, for the bands of a search.

As a search measures: without what each camera does to everybody (``reid_engine.camera_bias``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_engine.camera_bias import camera_bias
from reid_engine.errors import InputError
from reid_engine.models.files import card_path, card_text, read_card
from reid_engine.ranking import JUNK, distances, unit_length
from reid_engine.types import DistanceName, Vectors

BANDS = {"strong": 0.01, "possible": 0.05, "weak": 0.20}  # share of strangers who pass
ROWS = 512  # of distances at a time
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
    people = np.where(pids[kept] > 0, pids[kept], -2 - np.arange(kept.sum()))
    found = []
    for first in range(0, len(vectors), ROWS):
        block = slice(first, first + ROWS)
        strangers = (people[block, None] != people) & (camids[block, None] != camids)
        strangers &= np.arange(len(vectors)) > np.arange(len(vectors))[block, None]  # every pair once
        found.append(distances(distance, vectors[block], vectors)[strangers])
    pairs = np.concatenate(found) if found else np.empty(0, np.float32)
    if len(pairs) < FEWEST:
        raise InputError(
            f"{len(pairs)} pairs of strangers in different cameras are too few to calibrate on; {FEWEST} are needed"
        )
    shares = np.quantile(pairs, list(BANDS.values()))
    bands = {band: round(float(share), 6) for band, share in zip(BANDS, shares, strict=True)}
    return {**bands, "centre": [round(float(value), 6) for value in centre]}


def write_calibration(model_file: Path, calibration: dict[str, Any], dataset: str) -> None:
    """Into the model file's card, and which data it comes from. Raises NetworkFileError for a file without a card."""
    card = read_card(model_file)
    card["calibration"] = calibration
    card["provenance"] = {**card.get("provenance", {}), "calibration": f"held-out pairs of {dataset}"}
    path = card_path(model_file)
    part = path.with_name(path.name + ".part")
    part.write_text(card_text(card), "utf-8")
    os.replace(part, path)
