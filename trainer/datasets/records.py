"""What a data set is: tracklets to learn from, and trials that say who is looked for among whom.

In every trial a query's own identity in its own camera is left out of its gallery, and so is JUNK; DISTRACTOR is
nobody's identity and counts as wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import InputError
from reid_engine.ranking import JUNK, AveragePrecisionRule
from reid_engine.types import BgrImage

DISTRACTOR = 0  # people whom no query looks for, where a data set numbers them so
Picture: TypeAlias = str | bytes | BgrImage  # a file, an encoded picture, or (H, W, 3) uint8 BGR
Labels: TypeAlias = NDArray[np.int64]
__all__ = ("DISTRACTOR", "JUNK", "DataSet", "Labels", "Picture", "Tracklet", "Trial", "labels_of", "numbered")


@dataclass(frozen=True, eq=False, slots=True)
class Tracklet:
    """One person seen by one camera without a break.

    pid:    the identity; JUNK or DISTRACTOR where the data set says so
    frames: in the order of time: files, encoded pictures, or one array (n, H, W, 3) uint8 BGR
    name:   what people find it by in the data set
    """

    pid: int
    camid: int
    frames: Sequence[Picture] | NDArray[np.uint8]
    name: str

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, eq=False)
class Trial:
    """One test: every query is looked for in the gallery. ``train`` where each trial has its own people to learn."""

    query: tuple[Tracklet, ...]
    gallery: tuple[Tracklet, ...]
    train: tuple[Tracklet, ...] | None = None


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set, read.

    train:     what is learned from, of the first trial where each has its own
    trials:    empty where there is nothing to be tested on; results are means over them
    rule:      how average precision is counted by those who printed figures on it
    rejected:  pairs of places in ``train`` that somebody said are different people
    notes:     what a person should know: a fallback and its reason, figures that cannot be compared
    """

    name: str
    train: tuple[Tracklet, ...]
    trials: tuple[Trial, ...]
    rule: AveragePrecisionRule = "mean"
    rejected: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def identities(self) -> int:
        """People to learn."""
        return len({tracklet.pid for tracklet in self.train})

    def of_one_training(self) -> DataSet:
        """The same, tested only where ``train`` is what is learned from: other trials ask for the people in it."""
        fair = tuple(trial for trial in self.trials if trial.train is None or trial.train == self.train)
        if len(fair) == len(self.trials):
            return self
        said = f"learned and tested on the first of {len(self.trials)} splits alone: the others ask for people in it"
        return replace(self, trials=fair, notes=(*self.notes, said))


def labels_of(tracklets: Iterable[Tracklet]) -> Labels:
    """(N,) classes from 0 on, in the order of the identities' numbers, whatever order the tracklets come in."""
    pids = np.array([tracklet.pid for tracklet in tracklets], np.int64)
    return np.unique(pids, return_inverse=True)[1].astype(np.int64)


def numbered(names: Iterable[str]) -> dict[str, int]:
    """Identities or cameras by name: their own numbers where all names are numbers, else 1, 2, .. in sorted order.

    Where one is called 0 all move up by one, as 0 is DISTRACTOR; JUNK stays what it is.
    """
    found = sorted(set(names))
    try:
        own = {name: int(name) for name in found}
    except ValueError:
        return {name: number for number, name in enumerate(found, start=1)}
    if len(set(own.values())) < len(own):
        raise InputError(f"two of the names {', '.join(found[:6])}.. are the same number; give each person one folder")
    if DISTRACTOR in own.values():
        return {name: number + (number != JUNK) for name, number in own.items()}
    return own
