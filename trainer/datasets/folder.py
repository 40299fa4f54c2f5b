"""A plain folder: ``ROOT/<person>/<camera>/<tracklet>/*.jpg``, or the same inside ``ROOT/train, query, gallery``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reid_engine.errors import InputError
from trainer.datasets.layout import existing, folders, some_pictures
from trainer.datasets.records import DataSet, Tracklet, Trial, numbered

PARTS = ("train", "query", "gallery")


def read(root: Path, *, held_out: float = 0.0, seed: int = 0) -> DataSet:
    """The tracklets under ``root``. Raises InputError for what is no such folder.

    Without ``train, query, gallery`` every tracklet is a query against all others. ``held_out``: then this share of the
    people (drawn by ``seed``) is only tested on and the others only learned; with 0 all people are both.
    """
    existing(root, "a folder of people: ROOT/<person>/<camera>/<tracklet>/*.jpg")
    parts = [part for part in PARTS if (root / part).is_dir()]
    if ("query" in parts) != ("gallery" in parts):
        raise InputError(f"{root} has {' and '.join(parts)}, but query and gallery belong together")
    found = {part: _places(root / part) for part in parts} or {"": _places(root)}
    people = numbered(person.name for places in found.values() for person, _, _ in places)
    cameras = numbered(camera.name for places in found.values() for _, camera, _ in places)

    def tracklets(part: str) -> tuple[Tracklet, ...]:
        return tuple(
            Tracklet(
                people[person.name],
                cameras[camera.name],
                tuple(f"{tracklet}/{name}" for name in some_pictures(tracklet)),
                "/".join(tracklet.relative_to(root).parts),
            )
            for person, camera, tracklet in found.get(part, ())
        )

    if parts:
        trial = (Trial(tracklets("query"), tracklets("gallery")),) if "query" in parts else ()
        unheard = f"held_out={held_out:g} counts for nothing here: the folders {', '.join(parts)} say who is tested"
        return DataSet("folder", tracklets("train"), trial, notes=(unheard,) if held_out else ())
    return _flat(tracklets(""), held_out, seed)


def _places(root: Path) -> list[tuple[Path, Path, Path]]:
    """Folders of (person, camera, tracklet)."""
    found = [(p, c, t) for p in folders(root) for c in folders(p) for t in folders(c)]
    if not found:
        raise InputError(f"{root} holds no tracklet; expected <person>/<camera>/<tracklet>/*.jpg in it")
    return found


def _flat(everyone: tuple[Tracklet, ...], held_out: float, seed: int) -> DataSet:
    if not held_out:
        note = "there is no train folder: what is learned is what is tested; held_out=0.3 keeps people apart"
        return DataSet("folder", everyone, (Trial(everyone, everyone),), notes=(note,))
    people = sorted({tracklet.pid for tracklet in everyone})
    kept = round(len(people) * held_out)
    if not 0 < kept < len(people):
        raise InputError(f"held_out={held_out} of {len(people)} people leaves nobody to test or nobody to learn")
    tested = set(np.random.default_rng(seed).permutation(people)[:kept].tolist())
    test = tuple(tracklet for tracklet in everyone if tracklet.pid in tested)
    train = tuple(tracklet for tracklet in everyone if tracklet.pid not in tested)
    return DataSet("folder", train, (Trial(test, test),), notes=(f"{kept} of {len(people)} people are held out",))
