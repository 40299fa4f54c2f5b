"""Folders of pictures: what is there, in which order, and a clear sentence where something is not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reid_engine.errors import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")


def existing(root: Path, what: str, *parts: str) -> Path:
    """``root`` or a folder in it. Raises InputError, saying what is missing of what."""
    folder = root.joinpath(*parts)
    if not root.is_dir():
        raise InputError(f"there is no folder {root}: expected {what}")
    if not folder.is_dir():
        raise InputError(f"{root} has no folder {'/'.join(parts)}; {what} has one. Is the archive wholly unpacked?")
    return folder


def undoubled(folder: Path) -> Path:
    """``bbox_train/bbox_train``, as some archives unpack, or the folder itself."""
    inner = folder / folder.name
    return inner if inner.is_dir() else folder


def folders(inside: Path) -> list[Path]:
    """Its folders, sorted by name."""
    with os.scandir(inside) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    return [inside / name for name in names]


def pictures(inside: Path) -> list[str]:
    """The names of its pictures, sorted."""
    with os.scandir(inside) as entries:
        names = (entry.name for entry in entries if not entry.name.startswith("."))
        return sorted(name for name in names if name.lower().endswith(PICTURES))


def some_pictures(inside: Path) -> list[str]:
    """Its pictures, sorted. Raises InputError where there is none."""
    found = pictures(inside)
    if not found:
        raise InputError(f"{inside} holds no picture ({', '.join(PICTURES)}); is the archive wholly unpacked?")
    return found


def refuse_missing(root: Path, wanted: Mapping[str, Iterable[str]]) -> None:
    """Raise InputError when files that a list names are not there; ``wanted``: folder in ``root`` -> names."""
    missing, total = [], 0
    for folder, names in wanted.items():
        there = set(pictures(root / folder)) if (root / folder).is_dir() else set()
        for name in names:
            total += 1
            if name not in there:
                missing.append(f"{folder}/{name}")
    if missing:
        raise InputError(
            f"{len(missing)} of the {total} pictures that the lists of {root} name are missing, {missing[0]} first; "
            "is the archive wholly unpacked?"
        )


def matrix(path: Path, key: str) -> Any:
    """An array of whole numbers of a MATLAB file, as int64. Raises InputError, naming the file and what it lacks."""
    try:
        from scipy.io import loadmat  # only the official protocols need it
    except ImportError:
        raise InputError(f"{path} is a MATLAB file, and scipy, which reads those, is not installed") from None
    try:
        held = loadmat(path)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:  # the last is scipy's, of MATLAB 7.3
        raise InputError(f"{path} is no readable MATLAB file: {error}") from error
    if key not in held:
        names = [name for name in held if not name.startswith("__")]
        raise InputError(f"{path} has no {key}; it holds {', '.join(names) or 'nothing'}")
    return np.asarray(held[key]).astype(np.int64)


def whole_number(text: str, what: str) -> int:
    """Raises InputError, saying what was expected to be a number."""
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{what} must be a whole number, got {text!r}") from None
