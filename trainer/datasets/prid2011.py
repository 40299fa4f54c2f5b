"""PRID-2011 (Hirzer et al., SCIA 2011): ``prid_2011/multi_shot/cam_a/person_0001/0001.png``, ``cam_b``.

Papers say "more than 21 frames", while the splits that they share (178 people, 89 to learn) are those with 27 or more
in both cameras; ``min_frames`` chooses. CMC only.
"""

from __future__ import annotations

from pathlib import Path

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, folders, some_pictures
from trainer.datasets.records import DataSet, Tracklet
from trainer.datasets.splits import data_set, drawn, from_json, from_matrix

QUALIFYING = {27: 178, 21: 183}  # frames at least -> people of the official set
IN_BOTH = 200  # the first so many numbers are the same people in both cameras
JSON = "splits_prid2011.json"
MATRIX = "train_test_splits_prid.mat"


def read(root: Path, *, min_frames: int = 27, split: int | None = None, seed: int = 0) -> DataSet:
    """``root`` holds ``prid_2011`` (or is it) and one of the two files of splits.

    Other ``min_frames`` than 27, or no file: ten splits drawn by ``seed``, which the notes say.
    Raises InputError for a set that is not there or not whole, or splits that do not fit it.
    """
    inside = root / "prid_2011" if (root / "prid_2011").is_dir() else root
    cameras = [existing(inside, "PRID-2011", "multi_shot", camera) for camera in ("cam_a", "cam_b")]
    shared = {folder.name for folder in folders(cameras[0])} & {folder.name for folder in folders(cameras[1])}
    views = {}
    for person in sorted(name for name in shared if _number(name) <= IN_BOTH):
        pair = _view(cameras[0], person, 1), _view(cameras[1], person, 2)
        if min(len(view) for view in pair) >= min_frames:
            views[person] = pair
    people = list(views)
    if len(people) < 2:
        raise InputError(f"{inside} has {len(people)} people with {min_frames} frames in both cameras; two are needed")
    expected, notes = QUALIFYING.get(min_frames, len(people)), []
    if len(people) != expected:
        notes.append(f"not the official PRID-2011: {len(people)} of {expected} people with {min_frames} frames or more")
    places = [folder / name for folder in (root, inside, root / "train-test people splits") for name in (JSON, MATRIX)]
    file = next((place for place in places if place.is_file()), None)
    if file is None or min_frames != 27:
        why = (
            f"splits are published for 27 frames, not {min_frames}" if file else f"there is neither {JSON} nor {MATRIX}"
        )
        notes.append(f"{why}: ten splits drawn by seed {seed}")
        splits = drawn(people, len(people) // 2, seed)
    elif file.name == JSON:
        splits = from_json(file, people)
    else:
        splits = from_matrix(file, "ls_set", people, len(people) // 2)
    return data_set("prid2011", splits, views, split, notes)


def _number(person: str) -> int:
    digits = person.rpartition("_")[2]
    if not digits.isdigit():
        raise InputError(f"the folder {person} is nobody of PRID-2011: expected a name as person_0001")
    return int(digits)


def _view(camera: Path, person: str, camid: int) -> Tracklet:
    folder = camera / person
    files = tuple(f"{folder}/{name}" for name in some_pictures(folder))
    return Tracklet(_number(person), camid, files, f"{camera.name}/{person}")
