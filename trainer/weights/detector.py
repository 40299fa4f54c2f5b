"""The bundled detector: a YOLO11n, on the world and on whatever else lies in YOLO layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reid_engine._ultralytics import train_detector
from reid_engine.errors import InputError


def train(out: Path, sets: Sequence[Path], *, seed: int, options: dict[str, Any], start: Path | None = None) -> Path:
    """Train on the ``images/train`` of every set and validate on the first one's ``images/val``; returns the weights.

    start: weights to begin with, else random ones
    Raises InputError for a folder that is no YOLO set.
    """
    for folder in sets:
        if not (folder / "images" / "train").is_dir() or not (folder / "labels" / "train").is_dir():
            raise InputError(f"{folder} is no set in YOLO layout: images/train and labels/train are expected")
    out.mkdir(parents=True, exist_ok=True)
    lines = ["train:", *(f"  - {(folder / 'images' / 'train').absolute()}" for folder in sets)]
    lines += [f"val: {(sets[0] / 'images' / 'val').absolute()}", "names:", "  0: person"]
    data = out / "data.yaml"
    data.write_text("\n".join(lines) + "\n", "utf-8")
    return train_detector(data, out, seed, options, start)
