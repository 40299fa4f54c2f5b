"""Data sets of two cameras and ten splits: who is learned and who is tested, split by split."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reid_engine.errors import InputError
from trainer.datasets.layout import matrix
from trainer.datasets.records import DataSet, Tracklet, Trial

SPLITS = 10
Split = tuple[tuple[str, ...], tuple[str, ...]]  # names of those to learn, and of those to test


def from_matrix(path: Path, key: str, people: Sequence[str], tested: int) -> list[Split]:
    """Rows of numbers from 1 into the sorted ``people``; the first ``tested`` of a row are the test."""
    rows = matrix(path, key)
    if rows.shape[1] != len(people) or rows.min() != 1 or rows.max() != len(people):
        raise InputError(
            f"{path} splits {rows.shape[1]} people, numbers {rows.min()} to {rows.max()}, but {len(people)} are here; "
            "is the archive wholly unpacked?"
        )
    names = [[people[number - 1] for number in row] for row in rows.tolist()]
    return [(tuple(row[tested:]), tuple(row[:tested])) for row in names]


def from_json(path: Path, people: Sequence[str]) -> list[Split]:
    """A list of {"train": [names], "test": [names]}."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        splits = [(tuple(row["train"]), tuple(row["test"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f'{path} is no list of {{"train": [..], "test": [..]}}: {error!r}') from error
    named = {name for train, test in splits for name in (*train, *test)}
    if unknown := sorted(named - set(people)):
        raise InputError(f"{path} names {len(unknown)} people who are not here or do not qualify, {unknown[0]} first")
    return splits


def drawn(people: Sequence[str], tested: int, seed: int) -> list[Split]:
    """Ten random splits that the seed decides."""
    rng = np.random.default_rng(seed)
    rows = [[people[place] for place in rng.permutation(len(people))] for _ in range(SPLITS)]
    return [(tuple(sorted(row[tested:])), tuple(sorted(row[:tested]))) for row in rows]


def data_set(
    name: str,
    splits: Sequence[Split],
    views: Mapping[str, tuple[Tracklet, Tracklet]],
    split: int | None,
    notes: Sequence[str],
) -> DataSet:
    """First camera against second, for one split (from 1) or for all of them."""
    for train, test in splits:
        if both := sorted(set(train) & set(test)):
            raise InputError(f"{name}: a split has {both[0]} among both those to learn and those to test")
    if split is not None and not 1 <= split <= len(splits):
        raise InputError(f"{name} has splits 1 to {len(splits)}, got {split}")
    chosen = splits if split is None else [splits[split - 1]]
    trials = tuple(
        Trial(
            tuple(views[person][0] for person in test),
            tuple(views[person][1] for person in test),
            tuple(view for person in train for view in views[person]),
        )
        for train, test in chosen
    )
    said = f"{len(splits)} splits: a model is learned from scratch for each (split=1 to {len(splits)})"
    return DataSet(name, trials[0].train or (), trials, notes=(*notes, *((said,) if split is None else ())))
