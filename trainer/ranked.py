"""The ranked lists of a run's last evaluation, as small arrays that need no model and no data set to be looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import InputError
from trainer.evaluation import Evaluation

RANKED = "ranked.npz"  # in a run's folder
LISTED = 20  # answers kept of every query
Columns: TypeAlias = Mapping[str, NDArray[Any]]


def save_ranked(path: Path, evaluation: Evaluation) -> None:
    """Write, for trial ``n``, whole or not at all:

    n/query_pids, n/query_camids, n/query_names (Q,) and the same of the gallery (G,);
    n/nearest (Q, 20) places in the gallery, -1 where there are no more; n/distance (Q, 20) float32;
    n/precision (Q,) average precision, NaN without a right answer; n/first (Q,) rank from 0 of the first right answer
    """
    columns: dict[str, NDArray[Any]] = {}
    for n, scores in enumerate(evaluation.trials):
        for side, tracklets in (("query", scores.trial.query), ("gallery", scores.trial.gallery)):
            columns[f"{n}/{side}_pids"] = np.array([one.pid for one in tracklets], np.int64)
            columns[f"{n}/{side}_camids"] = np.array([one.camid for one in tracklets], np.int64)
            columns[f"{n}/{side}_names"] = np.array([one.name for one in tracklets], np.str_)
        columns[f"{n}/nearest"] = scores.nearest.astype(np.int32)
        columns[f"{n}/distance"] = scores.distance.astype(np.float32)
        columns[f"{n}/precision"], columns[f"{n}/first"] = scores.precision, scores.first
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **columns)  # type: ignore[arg-type]
    os.replace(part, path)


def load_ranked(path: Path) -> list[Columns]:
    """What ``save_ranked`` wrote, a mapping a trial without the number. Raises InputError, naming the file."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            held = {key: file[key] for key in file.files}
    except Exception as error:  # a damaged archive fails anywhere in its readers
        raise InputError(f"{path} holds no ranked lists: {error}") from error
    trials = sorted({int(key.split("/")[0]) for key in held})
    return [{key.split("/")[1]: held[key] for key in held if key.startswith(f"{n}/")} for n in trials]
