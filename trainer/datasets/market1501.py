"""Market-1501 (Zheng et al., ICCV 2015): single pictures, ``0002_c1s1_000451_03.jpg``; a tracklet is one picture.

-1 is junk, 0000 a distractor.
"""

from __future__ import annotations

import re
from pathlib import Path

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, some_pictures
from trainer.datasets.records import JUNK, DataSet, Tracklet, Trial

NAME = re.compile(r"^(-?\d+)_c(\d)")
OFFICIAL = (12936, 3368, 19732)  # pictures to learn, queries, gallery with junk


def read(root: Path) -> DataSet:
    """The data set in ``root``. Raises InputError for one that is not there or not whole."""
    existing(root, "Market-1501")
    inside = next((root / name for name in ("Market-1501-v15.09.15",) if (root / name).is_dir()), root)
    train, query, gallery = (
        _pictures(existing(inside, "Market-1501", part))
        for part in ("bounding_box_train", "query", "bounding_box_test")
    )
    if bad := [picture.name for picture in (*train, *query) if picture.pid <= 0]:
        raise InputError(f"{bad[0]} is junk or a distractor, but lies among those to learn or to look for")
    found = len(train), len(query), len(gallery)
    notes = () if found == OFFICIAL else (f"not the official Market-1501: {found} of {OFFICIAL} pictures",)
    kept = tuple(picture for picture in gallery if picture.pid != JUNK)
    return DataSet("market1501", train, (Trial(query, kept),), notes=notes)


def _pictures(folder: Path) -> tuple[Tracklet, ...]:
    found = []
    for name in some_pictures(folder):
        parts = NAME.match(name)
        if parts is None:
            raise InputError(
                f"{folder / name} is no picture of Market-1501: expected a name as 0002_c1s1_000451_03.jpg"
            )
        found.append(Tracklet(int(parts[1]), int(parts[2]), (f"{folder}/{name}",), name))
    return tuple(found)
