"""iLIDS-VID (Wang et al., ECCV 2014): ``i-LIDS-VID/sequences/cam1/person001/cam1_person001_00317.png``, ``cam2``.

300 people whose numbers run up to 319; ten splits in halves, of which the first is the test. CMC only.
"""

from __future__ import annotations

import re
from pathlib import Path

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, folders, some_pictures
from trainer.datasets.records import DataSet, Tracklet
from trainer.datasets.splits import data_set, from_json, from_matrix

PEOPLE = 300
NUMBER = re.compile(r"(\d{5})\.\w+$")  # the frame, at the end of a picture's name


def read(root: Path, *, split: int | None = None) -> DataSet:
    """``root`` holds ``i-LIDS-VID`` and ``train-test people splits``, or is the former. ``split``: 1 to 10.

    Raises InputError for a set that is not there or not whole.
    """
    inside = root / "i-LIDS-VID" if (root / "i-LIDS-VID").is_dir() else root
    cameras = [existing(inside, "iLIDS-VID", "sequences", f"cam{camera}") for camera in (1, 2)]
    names = [[folder.name for folder in folders(camera)] for camera in cameras]
    if alone := sorted(set(names[0]) ^ set(names[1])):
        raise InputError(f"{alone[0]} is seen by one camera only in {inside}; is the archive wholly unpacked?")
    people = names[0]
    places = [folder / "train-test people splits" for folder in (root, inside)]
    found = next((place for place in places if place.is_dir()), None)
    if (root / "splits.json").is_file():
        splits = from_json(root / "splits.json", people)
    elif found is None:
        raise InputError(f"{root} has neither train-test people splits/train_test_splits_ilidsvid.mat nor splits.json")
    else:
        splits = from_matrix(found / "train_test_splits_ilidsvid.mat", "ls_set", people, len(people) // 2)
    views = {
        person: (_view(cameras[0], person, number, 1), _view(cameras[1], person, number, 2))
        for number, person in enumerate(people, start=1)
    }
    notes = () if len(people) == PEOPLE else (f"not the official iLIDS-VID: {len(people)} of {PEOPLE} people",)
    return data_set("ilids_vid", splits, views, split, notes)


def _view(camera: Path, person: str, pid: int, camid: int) -> Tracklet:
    folder = camera / person
    names = sorted(some_pictures(folder), key=lambda name: _frame(folder, name))
    return Tracklet(pid, camid, tuple(f"{folder}/{name}" for name in names), f"{camera.name}/{person}")


def _frame(folder: Path, name: str) -> int:
    found = NUMBER.search(name)
    if found is None:
        raise InputError(f"{folder / name} is no picture of iLIDS-VID: expected a name as cam1_person001_00317.png")
    return int(found[1])
