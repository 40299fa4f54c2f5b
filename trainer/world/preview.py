"""A contact sheet of generated crops: what a set looks like at a glance."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

TILE = (192, 96)  # height and width of a crop on the sheet
MARGIN = 2


def sheet(crops: list[NDArray[np.uint8]], columns: int = 16) -> NDArray[np.uint8]:
    """Crops (h, w, 3) BGR of any size, row by row on one picture; what is missing of the last row stays grey."""
    rows = -(-len(crops) // columns)
    high, wide = TILE[0] + MARGIN, TILE[1] + MARGIN
    picture = np.full((rows * high + MARGIN, columns * wide + MARGIN, 3), 40, np.uint8)
    for place, crop in enumerate(crops):
        line, column = divmod(place, columns)
        y, x = MARGIN + line * high, MARGIN + column * wide
        picture[y : y + TILE[0], x : x + TILE[1]] = cv2.resize(crop, TILE[::-1], interpolation=cv2.INTER_AREA)
    return picture


def of_folder(root: Path, count: int = 64) -> NDArray[np.uint8]:
    """``count`` crops from tracklets all over a folder of sequences, each from the middle of its tracklet."""
    folders = sorted({path.parent for path in root.rglob("*.jpg") if path.parent != root})
    chosen = [folders[k] for k in np.linspace(0, len(folders) - 1, min(count, len(folders))).astype(int)]
    middles = [sorted(folder.glob("*.jpg")) for folder in chosen]
    return sheet([np.asarray(cv2.imread(str(some[len(some) // 2])), np.uint8) for some in middles])


def write(root: Path, count: int = 64) -> Path:
    """Write ``preview.jpg`` into a folder of sequences; returns its path."""
    path = root / "preview.jpg"
    path.write_bytes(cv2.imencode(".jpg", of_folder(root, count), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return path
