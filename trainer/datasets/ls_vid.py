"""LS-VID (Li et al., ICCV 2019): ``tracklet_train, tracklet_val, tracklet_test`` and the lists of ``list_sequence``.

A line is "<prefix of a tracklet's pictures> <person>"; the third "_"-separated part of a picture's name is the camera.
Not tried on the real set, which is given out on request only: names and counts are as its public readers describe them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, matrix, pictures, whole_number
from trainer.datasets.records import DataSet, Labels, Tracklet, Trial

PARTS = ("test", "val")
OFFICIAL = (2831, 11333, 3504)  # training tracklets, test tracklets, queries, as its public readers count them


def read(root: Path, *, part: str = "test") -> DataSet:
    """The data set in ``root``; ``part``: tested on "test" or on "val".

    The lists lie in ``list_sequence`` or ``info/list_sequence``. Queries are named by ``data/info_<part>.mat`` in
    ``<part>``, ``test`` or ``info``, by ``<part>/query.npy`` or by ``info/query.npy``.
    Raises InputError for a set that is not there or not whole.
    """
    if part not in PARTS:
        raise InputError(f"LS-VID is tested on {' or '.join(PARTS)}, got {part!r}")
    if not (root / "info" / "list_sequence").is_dir():
        existing(root, "LS-VID", "list_sequence")
    learned, tested = _listed(root, "train"), _listed(root, part)
    rows = _queries(root, part)
    if rows.min() < 1 or rows.max() > len(tested):
        raise InputError(f"the queries name rows {rows.min()} to {rows.max()} of {len(tested)} tracklets, from 1")
    query = tuple(tested[row - 1] for row in rows)
    found, notes = (len(learned), len(tested), len(query)), ["LS-VID: not tried on the real set"]
    if part == "test" and found != OFFICIAL:
        notes.append(f"not the official LS-VID: {found} of {OFFICIAL} (train, test, queries)")
    return DataSet("ls_vid", learned, (Trial(query, tested),), notes=tuple(notes))


def _listed(root: Path, part: str) -> tuple[Tracklet, ...]:
    """The tracklets of a list, in its order."""
    places = [root / folder / "list_sequence" / f"list_seq_{part}.txt" for folder in ("", "info")]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise InputError(f"{places[0]} is missing; is the archive wholly unpacked?")
    names = cache(pictures)
    return tuple(_tracklet(root, line, names) for line in file.read_text("utf-8").splitlines() if line.strip())


def _tracklet(root: Path, line: str, names: Any) -> Tracklet:
    prefix, _, person = line.strip().rpartition(" ")
    pid = whole_number(person, f"the person of {line!r}")
    whole = root / prefix
    found = list(_with_prefix(whole, names))
    if not found:
        raise InputError(f"no picture begins with {whole}; is the archive wholly unpacked?")
    cameras = {_camera(whole.parent, name) for name in found}
    if len(cameras) > 1:
        raise InputError(f"the pictures of {prefix} are of cameras {sorted(cameras)}; a tracklet has one")
    return Tracklet(pid, cameras.pop(), tuple(f"{whole.parent}/{name}" for name in found), prefix)


def _with_prefix(whole: Path, names: Any) -> Iterator[str]:
    """Pictures of that tracklet: 0001_1_.., and not 0001_10_.., unless nothing else begins so."""
    if not whole.parent.is_dir():
        return
    there = names(whole.parent)
    stem = whole.name if whole.name.endswith("_") else whole.name + "_"
    strict = [name for name in there if name.startswith(stem)]
    yield from strict or (name for name in there if name.startswith(whole.name))


def _camera(folder: Path, name: str) -> int:
    parts = name.partition(".")[0].split("_")
    if len(parts) < 3:
        raise InputError(f"{folder / name} is no picture of LS-VID: its name has no third part, the camera")
    return whole_number(parts[2].lstrip("cC"), f"the camera of {name}")


def _queries(root: Path, part: str) -> Labels:
    """Rows from 1 of the list that are queries."""
    for file in (root / part / "query.npy", root / "info" / "query.npy", root / "info" / f"query_{part}.npy"):
        if file.is_file():
            try:
                return np.asarray(np.load(file, allow_pickle=False)).astype(np.int64).ravel()
            except ValueError as error:
                raise InputError(f"{file} is no array of numbers: {error}") from error
    for folder in (*(root / place / "data" for place in (part, "test", "info")), root / "info"):
        if (folder / f"info_{part}.mat").is_file():
            rows: Labels = matrix(folder / f"info_{part}.mat", "query").ravel()
            return rows
    raise InputError(f"{root} names no queries: expected {part}/data/info_{part}.mat or {part}/query.npy")
