"""MARS (Zheng et al., ECCV 2016): ``bbox_train/<pid>``, ``bbox_test/<pid>`` and the lists of ``info/``.

A picture is ``0001C1T0001F001.jpg``: identity, camera, tracklet, frame; ``00-1`` is junk, ``0000`` a distractor. Rows
of the lists are first and last line of a name file, counted from 1, both inclusive. Queries are part of the gallery, as
in the papers: 140 of them have no right answer otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from pathlib import Path

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, folders, matrix, refuse_missing, some_pictures, undoubled
from trainer.datasets.records import JUNK, DataSet, Labels, Tracklet, Trial

OFFICIAL = (8298, 12180, 1980)  # training tracklets, test tracklets, queries
TRACKLET = 11  # characters of a picture's name that name its tracklet: 0001C1T0001


def read(root: Path) -> DataSet:
    """The data set in ``root``. Raises InputError for one that is not there or not whole.

    Without ``info/`` tracklets are read from the names of the pictures; the first of every person in every camera is a
    query then, which the notes say.
    """
    train = undoubled(existing(root, "MARS", "bbox_train"))
    test = undoubled(existing(root, "MARS", "bbox_test"))
    info = root / "info"
    if not info.is_dir():
        return _from_names(train, test)
    rows = matrix(info / "tracks_train_info.mat", "track_train_info")
    test_rows = matrix(info / "tracks_test_info.mat", "track_test_info")
    asked = matrix(info / "query_IDX.mat", "query_IDX").ravel() - 1
    learned = _by_rows(train, info / "train_name.txt", rows)
    tested = _by_rows(test, info / "test_name.txt", test_rows)
    if asked.min() < 0 or asked.max() >= len(tested):
        raise InputError(f"query_IDX.mat names row {asked.max() + 1} of {len(tested)} test tracklets")
    is_query = set(asked.tolist())
    query = tuple(tested[place] for place in asked)
    rest = tuple(t for place, t in enumerate(tested) if place not in is_query and t.pid != JUNK)
    found = len(learned), len(tested), len(query)
    notes = () if found == OFFICIAL else (f"not the official MARS: {found} of {OFFICIAL} (train, test, queries)",)
    return DataSet("mars", learned, (Trial(query, rest + query),), notes=notes)


def _by_rows(folder: Path, list_file: Path, rows: Labels) -> tuple[Tracklet, ...]:
    """Tracklets of the lists, checked: every picture there, and one person and one camera a tracklet."""
    try:
        names = list_file.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{list_file} cannot be read: {error}; it is part of MARS-evaluation") from error
    if rows[:, 1].max() > len(names) or rows[:, 0].min() < 1:
        raise InputError(f"{list_file} has {len(names)} lines, but a tracklet ends at line {rows[:, 1].max()}")
    by_person = defaultdict(list)
    for name in names:
        by_person[name[:4]].append(name)
    refuse_missing(folder, by_person)
    return tuple(_tracklet(folder, names[first - 1 : last], pid, camid) for first, last, pid, camid in rows.tolist())


def _tracklet(folder: Path, names: list[str], pid: int, camid: int) -> Tracklet:
    for name in names:
        if person(name) != pid or int(name[5]) != camid:
            raise InputError(f"the lists call {name} person {pid} in camera {camid}; are they of another release?")
    if not names:
        raise InputError(f"the lists of {folder} have a tracklet of person {pid} without a picture")
    return Tracklet(pid, camid, tuple(f"{folder}/{name[:4]}/{name}" for name in names), names[0][:TRACKLET])


def person(name: str) -> int:
    """The identity that a picture's name begins with."""
    return JUNK if name.startswith("00-1") else int(name[:4])


def _from_names(train: Path, test: Path) -> DataSet:
    learned, tested = _grouped(train), [t for t in _grouped(test) if t.pid != JUNK]
    first: dict[tuple[int, int], Tracklet] = {}
    for tracklet in tested:
        if tracklet.pid > 0:
            first.setdefault((tracklet.pid, tracklet.camid), tracklet)
    note = (
        "there is no info folder: tracklets are read from the names of the pictures, and the first of every person in "
        f"every camera is a query ({len(first)}); figures cannot be compared with printed ones"
    )
    return DataSet("mars", tuple(learned), (Trial(tuple(first.values()), tuple(tested)),), notes=(note,))


def _grouped(folder: Path) -> list[Tracklet]:
    found = []
    for inside in folders(folder):
        for name, group in groupby(some_pictures(inside), key=lambda name: name[:TRACKLET]):
            files = tuple(f"{inside}/{file}" for file in group)
            try:
                found.append(Tracklet(person(name), int(name[5]), files, name))
            except (ValueError, IndexError):
                raise InputError(f"{files[0]} is no picture of MARS: expected a name as 0001C1T0001F001.jpg") from None
    if not found:
        raise InputError(f"{folder} holds no person; is the archive wholly unpacked?")
    return found
