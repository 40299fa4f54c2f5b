"""Data sets by their official layouts and protocols: ``open_dataset(name, root)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reid_engine.errors import UsageError
from trainer.datasets import case, duke_video, folder, ilids_vid, ls_vid, market1501, mars, prid2011, world
from trainer.datasets.records import DISTRACTOR, JUNK, DataSet, Picture, Tracklet, Trial, labels_of

__all__ = (
    "DISTRACTOR",
    "JUNK",
    "DataSet",
    "Picture",
    "Tracklet",
    "Trial",
    "dataset_names",
    "labels_of",
    "open_dataset",
)

READERS: Mapping[str, Callable[..., DataSet]] = MappingProxyType(
    {
        "folder": folder.read,
        "mars": mars.read,
        "ilids_vid": ilids_vid.read,
        "prid2011": prid2011.read,
        "duke_video": duke_video.read,
        "ls_vid": ls_vid.read,
        "market1501": market1501.read,
        "case": case.read,
        "world": world.read,
    }
)


def dataset_names() -> tuple[str, ...]:
    """What ``open_dataset`` knows."""
    return tuple(READERS)


def open_dataset(name: str, root: Path | str, **options: Any) -> DataSet:
    """Read the data set ``name`` that lies in ``root``; pictures are listed, not opened.

    options: the reader's own, such as ``min_frames=21`` for prid2011; text as from a command line is converted
    Raises UsageError for an unknown name or option, InputError for a set that is not there, not whole or not as
    its authors gave it out.
    """
    if name not in READERS:
        raise UsageError(f"there is no data set {name!r}; there are {', '.join(READERS)}")
    known = list(inspect.signature(READERS[name]).parameters.values())[1:]
    kinds = {option.name: option.default for option in known}
    if unknown := sorted(options.keys() - kinds.keys()):
        what = f"its options are {', '.join(kinds)}" if kinds else "it has none"
        raise UsageError(f"{name} has no option {unknown[0]!r}; {what}")
    return READERS[name](Path(root), **{key: _as(kinds[key], key, value) for key, value in options.items()})


def _as(default: object, name: str, value: object) -> object:
    """Text of a command line as the kind of an option's default."""
    if not isinstance(value, str) or isinstance(default, str):
        return value
    try:
        number = float(value) if isinstance(default, float) else int(value)
    except ValueError:
        raise UsageError(f"{name} is a number, got {value!r}") from None
    if not number >= 0:
        raise UsageError(f"{name} is at least 0, got {value!r}")
    return number
