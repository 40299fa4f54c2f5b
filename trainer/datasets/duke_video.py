"""DukeMTMC-VideoReID (Wu et al., CVPR 2018): ``train, query, gallery/<person>/<tracklet>/0001_C6_F0099_X30823.jpg``.

A reader for those who hold a copy: the recordings were withdrawn by their authors in 2019 and are not given out any
more. F counts the frames of a tracklet and may begin at 2 or skip; X marks people, D distractors. All queries lie in
the gallery too, and being of the same camera are left out there.
"""

from __future__ import annotations

import re
from pathlib import Path

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, folders, some_pictures
from trainer.datasets.records import DataSet, Tracklet, Trial

NAME = re.compile(r"^(\d+)_?C(\d+)_?F(\d+)_?([XD])(\d+)\.\w+$")
PARTS = ("train", "query", "gallery")
OFFICIAL = (2196, 702, 2636)  # tracklets to learn, queries, gallery
WITHDRAWN = "DukeMTMC was withdrawn by its authors in 2019; use it only where you may"


def read(root: Path, *, pieces: int = 0) -> DataSet:
    """The data set in ``root``. ``pieces``: training tracklets are cut into so many frames each (TCLNet: 32).

    Raises InputError for a set that is not there or not whole.
    """
    existing(root, "DukeMTMC-VideoReID")
    inside = next((root / name for name in ("DukeMTMC-VideoReID",) if (root / name).is_dir()), root)
    train, query, gallery = (_tracklets(existing(inside, "DukeMTMC-VideoReID", part)) for part in PARTS)
    found = len(train), len(query), len(gallery)
    notes: tuple[str, ...] = (WITHDRAWN,)
    if found != OFFICIAL:
        notes = (*notes, f"not the official set: {found} of {OFFICIAL} tracklets (train, query, gallery)")
    if pieces:
        train = [piece for tracklet in train for piece in _cut(tracklet, pieces)]
    return DataSet("duke_video", tuple(train), (Trial(tuple(query), tuple(gallery)),), notes=notes)


def _tracklets(part: Path) -> list[Tracklet]:
    found = [_tracklet(person, folder) for person in folders(part) for folder in folders(person)]
    if not found:
        raise InputError(f"{part} holds no tracklet; expected <person>/<tracklet>/*.jpg in it")
    return found


def _tracklet(person: Path, folder: Path) -> Tracklet:
    frames, cameras = [], set()
    for name in some_pictures(folder):
        parts = NAME.match(name)
        if parts is None:
            raise InputError(f"{folder / name} is no picture of the set: expected a name as 0001_C6_F0099_X30823.jpg")
        if int(parts[1]) != int(person.name):
            raise InputError(f"{folder / name} is of another person than its folder")
        cameras.add(int(parts[2]))
        frames.append((int(parts[3]), f"{folder}/{name}"))
    if len(cameras) > 1:
        raise InputError(f"{folder} mixes cameras {sorted(cameras)}; a tracklet has one")
    name = "/".join(folder.parts[-3:])
    return Tracklet(int(person.name), cameras.pop(), tuple(file for _, file in sorted(frames)), name)


def _cut(tracklet: Tracklet, size: int) -> list[Tracklet]:
    """Pieces of ``size`` frames; the last one keeps what is left over."""
    count = max(len(tracklet) // size, 1)
    ends = [size * (at + 1) for at in range(count - 1)] + [len(tracklet)]
    starts = [0, *ends[:-1]]
    return [
        Tracklet(tracklet.pid, tracklet.camid, tracklet.frames[start:end], f"{tracklet.name}/{start}")
        for start, end in zip(starts, ends, strict=True)
    ]
