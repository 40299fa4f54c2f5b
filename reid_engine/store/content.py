"""Hashes of what was found: they tell whether boxes and pixels are still those that an ingest, a split or a merge kept.

A tracklet carries one over its boxes and crops; the record's "source finished" carries one over those of its
recording, and is itself part of the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from reid_engine.store.schema import tracklet
from reid_engine.types import SourceId

BOXES = ("frame_index", "offset_us", "xyxy", "score")
CROP = ("run", "position", "frame_index", "offset_us", "x1", "y1", "x2", "y2", "quality")


def tracklet_sha256(boxes: Mapping[str, bytes], crops: Iterable[Mapping[str, Any]]) -> str:
    """Over the columns of ``tracklet_box`` and the rows of ``crop`` by run and position, each part with its length."""
    digest = hashlib.sha256()
    parts = [boxes[name] for name in BOXES]
    for crop in crops:
        parts += [json.dumps([crop[name] for name in CROP]).encode(), crop["jpeg"]]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def source_sha256(connection: sa.Connection, of: SourceId) -> str | None:
    """Over the hashes of all that an ingest found in a recording, sorted; None where an older version found some."""
    found = sa.select(tracklet.c.sha256).where(tracklet.c.source == of, tracklet.c.track_id >= 0)  # below: by edits
    hashes = list(connection.execute(found).scalars())
    if None in hashes:
        return None
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
