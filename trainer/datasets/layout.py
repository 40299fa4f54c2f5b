"""Folders of pictures: what is there, in which order, and a clear sentence where something is not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reid_engine.errors import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
HDF5 = b"\x89HDF\r\n\x1a\n"


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
    """An array of whole numbers of a MATLAB file, any version, as int64 (rows, columns).

    Raises InputError, naming the file and what it lacks.
    """
    try:
        held = _of_hdf5(path, key) if _is_hdf5(path) else _of_matlab(path, key)
        numbers = held.astype(np.int64)
    except ImportError as error:
        raise InputError(f"{path} is a MATLAB file, and {error.name}, which reads those, is not installed") from None
    # what scipy and h5py raise of damaged files; scipy's of a 7.3 file cut before its HDF5 is a RuntimeError too
    except (OSError, ValueError, TypeError, LookupError, RuntimeError) as error:
        raise InputError(f"{path} is no readable MATLAB file: {error}") from error
    return numbers


def _is_hdf5(path: Path) -> bool:
    """MATLAB 7.3 files are HDF5 behind a text of 512 bytes."""
    with path.open("rb") as file:
        start = file.read(512 + len(HDF5))
    return start.startswith(HDF5) or start[512:] == HDF5


def _of_matlab(path: Path, key: str) -> Any:
    from scipy.io import loadmat  # only the official protocols need it
    from scipy.io.matlab import MatReadError

    try:
        held = loadmat(path)
    except MatReadError as error:
        raise ValueError(str(error)) from error
    if key not in held:
        raise _lacks(path, key, [name for name in held if not name.startswith("__")])
    return np.asarray(held[key])


def _of_hdf5(path: Path, key: str) -> Any:
    import h5py

    with h5py.File(path, "r") as held:
        # a link into another file is not followed: a data set speaks for itself only
        if not isinstance(held.get(key, getlink=True), h5py.HardLink) or not isinstance(held[key], h5py.Dataset):
            raise _lacks(path, key, [name for name in held if not name.startswith("#")])
        return held[key][()].T  # MATLAB's columns come first


def _lacks(path: Path, key: str, names: list[str]) -> InputError:
    return InputError(f"{path} has no {key}; it holds {', '.join(names) or 'nothing'}")


def whole_number(text: str, what: str) -> int:
    """Raises InputError, saying what was expected to be a number."""
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{what} must be a whole number, got {text!r}") from None
