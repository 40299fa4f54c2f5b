"""A detector that finds drawn figures by their colour, and a file format that selects it on the command line."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from reid_engine.types import BgrImage, Detections, Part, as_boxes

LEAST_SATURATION = 90
LEAST_AREA_PX = 300


class ScriptedDetector:
    """Finds saturated blobs. ``delay_s`` a picture makes it as slow as a real network, so that a kill lands midway."""

    name = "scripted"
    wanted_batch = 4
    sees_parts = True

    def __init__(self, path: Path = Path("figures.scripted.json"), delay_s: float = 0.0) -> None:
        self.path = path
        self.sha256 = hashlib.sha256(b"scripted").hexdigest()
        self.delay_s = delay_s

    def describe(self) -> str:
        return "scripted figures, found by colour"

    def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
        """Boxes of the figures in each picture or part, left to right."""
        time.sleep(self.delay_s * len(images))
        wanted = [None] * len(images) if parts is None else parts
        return [
            find_figures(image) if part is None else find_figures(part.of(image)).moved(part)
            for image, part in zip(images, wanted, strict=True)
        ]


def find_figures(image: BgrImage) -> Detections:
    """One box a figure; figures that touch are one."""
    saturation = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[:, :, 1]
    mask = (saturation > LEAST_SATURATION).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    rows = sorted(
        (int(x), int(y), int(x + w), int(y + h))
        for x, y, w, h, area in stats[1:count]
        if area >= LEAST_AREA_PX and h > w
    )
    return Detections(as_boxes(rows), np.full(len(rows), 0.9, np.float32))


def write_script(folder: Path, delay_s: float = 0.0) -> Path:
    """A file that the suite's program takes as ``--detector``."""
    path = folder / "figures.scripted.json"
    path.write_text(json.dumps({"delay_s": delay_s}))
    return path


def load_scripted(path: Path) -> ScriptedDetector:
    """The detector such a file describes."""
    return ScriptedDetector(path, json.loads(path.read_text())["delay_s"])
