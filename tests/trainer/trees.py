"""Small data sets on disk, laid out as the real ones are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from trainer.datasets import Tracklet


def picture(shade: int, size: tuple[int, int] = (16, 8)) -> NDArray[np.uint8]:
    """A plain picture, a little brighter to the right and red below, so that flips and channels show."""
    height, width = size
    image = np.full((height, width, 3), shade % 200, np.uint8)
    image[:, :, 0] += np.arange(width, dtype=np.uint8) * 2
    image[:, :, 2] += np.arange(height, dtype=np.uint8)[:, None] * 2
    return image


def write(path: Path, shade: int = 0) -> Path:
    """One picture file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture(shade))
    return path


def in_memory(pid: int, camid: int, frames: int = 4, name: str = "", size: tuple[int, int] = (16, 8)) -> Tracklet:
    """A tracklet without files."""
    pixels = np.stack([picture(10 * pid + frame, size) for frame in range(frames)])
    return Tracklet(pid, camid, pixels, name or f"{pid}/{camid}")


def folder(root: Path, people: Sequence[str], cameras: Sequence[str] = ("c1", "c2"), frames: int = 3) -> Path:
    """ROOT/<person>/<camera>/t1/*.jpg."""
    for number, person in enumerate(people):
        for camera in cameras:
            for frame in range(frames):
                write(root / person / camera / "t1" / f"{frame:03d}.jpg", 20 * number + frame)
    return root


Row = tuple[str, int, int, int]  # four characters of the person, camera, tracklet, frames


def mars_names(rows: Iterable[Row]) -> list[list[str]]:
    """File names, tracklet by tracklet."""
    return [[f"{pid}C{cam}T{number:04d}F{frame:03d}.jpg" for frame in range(1, n + 1)] for pid, cam, number, n in rows]


def mars(root: Path, train: Sequence[Row], test: Sequence[Row], queries: Sequence[int], *, info: bool = True) -> Path:
    """MARS with its lists; ``queries``: rows of ``test`` from 1."""
    for part, rows in (("train", train), ("test", test)):
        names = mars_names(rows)
        for tracklet in names:
            for name in tracklet:
                write(root / f"bbox_{part}" / name[:4] / name, len(name))
        if info:
            (root / "info").mkdir(exist_ok=True)
            flat = [name for tracklet in names for name in tracklet]
            (root / "info" / f"{part}_name.txt").write_text("\n".join(flat) + "\n")
            ends = np.cumsum([len(tracklet) for tracklet in names])
            pids = [-1 if row[0] == "00-1" else int(row[0]) for row in rows]
            table = [[end - row[3] + 1, end, pid, row[1]] for end, row, pid in zip(ends, rows, pids, strict=True)]
            savemat(root / "info" / f"tracks_{part}_info.mat", {f"track_{part}_info": np.array(table, np.int32)})
    if info:
        savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([queries], np.uint16)})
    return root


def ilids(root: Path, people: Sequence[int], frames: int = 3) -> Path:
    """iLIDS-VID; the frame numbers of the second camera cross 99999's digits so that text order is frame order."""
    for camera in (1, 2):
        for person in people:
            for frame in range(frames):
                name = f"cam{camera}_person{person:03d}_{9 - frame + 95 * camera:05d}.png"
                write(root / "i-LIDS-VID" / "sequences" / f"cam{camera}" / f"person{person:03d}" / name, person)
    return root


def splits_matrix(root: Path, name: str, rows: Sequence[Sequence[int]]) -> None:
    """The MATLAB file of splits."""
    folder = root / "train-test people splits"
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / name, {"ls_set": np.array(rows, np.uint16)})


def prid(root: Path, lengths: dict[int, tuple[int, int]]) -> Path:
    """PRID-2011; person -> frames in both cameras, 0: not there."""
    for person, counts in lengths.items():
        for camera, count in zip("ab", counts, strict=True):
            for frame in range(1, count + 1):
                write(root / "prid_2011" / "multi_shot" / f"cam_{camera}" / f"person_{person:04d}" / f"{frame:04d}.png")
    return root


def duke(root: Path, part: str, person: int, tracklet: int, camera: int, frames: Sequence[int]) -> None:
    """One tracklet of DukeMTMC-VideoReID."""
    for frame in frames:
        name = f"{person:04d}_C{camera}_F{frame:04d}_X{30000 + frame}.jpg"
        write(root / part / f"{person:04d}" / f"{tracklet:04d}" / name)


def ls_vid(root: Path, part: str, tracklets: Sequence[tuple[str, int, int, int]]) -> None:
    """A list and its pictures; tracklet: (prefix below the part's folder, person, camera, frames)."""
    lines = []
    for prefix, person, camera, frames in tracklets:
        whole = f"tracklet_{part}/{prefix}"
        lines.append(f"{whole} {person}")
        for frame in range(frames):
            write(root / f"{whole}_{camera:02d}_{frame:04d}.jpg", person)
    (root / "list_sequence").mkdir(exist_ok=True)
    (root / "list_sequence" / f"list_seq_{part}.txt").write_text("\n".join(lines) + "\n")


def matlab_7_3(file: Path, **held: NDArray[np.float64]) -> Path:
    """As MATLAB writes it: HDF5 behind 512 bytes of text, columns first."""
    with h5py.File(file, "w", userblock_size=512) as made:
        for name, rows in held.items():
            made[name] = rows.T
    with file.open("r+b") as start:
        start.write(b"MATLAB 7.3 MAT-file".ljust(512))
    return file
