"""Real-looking footage with truth for the walks, kept as it was made; each plan.json names every parameter.

tests/data/world, two cameras that share a forecourt, eight people, ten seconds:

    python -m trainer world footage tests/data/world --cameras 2 --people 8 --seconds 10 --fps 10 --seed 8 \
        --size 480x270 --place forecourt --overlapping 2 --bitrate 250k

tests/data/export, a recorder's export of four cameras, the third with a clock that is 37 s ahead:

    python -m trainer world footage tests/data/export --cameras 4 --people 8 --seconds 6 --fps 10 --seed 21 \
        --size 400x300 --place forecourt --overlapping 4 --clock-error cam3=37 --bitrate 170k

A detector that knows the truth stands in for a network: it recognises the picture by a small copy of it. The copies
are made once and lie beside the file that selects the detector, as a walk starts many processes.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from reid_engine.recordings.start import start_from_name
from reid_engine.types import BgrImage, Detections, Part, as_boxes
from reid_engine.video import open_source
from tests.measure.identity import Boxes, intersection_over_union

DATA = Path(__file__).parent.parent / "data"
FOLDER = DATA / "world"
EXPORT = DATA / "export"
CAMERAS = ("cam1", "cam2")
FPS = 10
LEAST_VISIBLE = 0.25  # who shows less is nobody's job to find
THUMBNAIL = (48, 27)


def recordings(folder: Path = FOLDER) -> tuple[Path, ...]:
    """The files of a kept set, in the order of their cameras."""
    return tuple(sorted(folder.glob("*.mp4")))


def copied(folder: Path) -> tuple[Path, Path]:
    """Copies of the two whose names say nothing."""
    first, second = recordings()
    return Path(shutil.copy(first, folder / "east.mp4")), Path(shutil.copy(second, folder / "west.mp4"))


def cut(path: Path, out: Path, seconds: float) -> Path:
    """The beginning of a recording, its pictures as they were encoded; the container follows from the suffix."""
    with av.open(str(path)) as whole, av.open(str(out), "w") as part:
        film = whole.streams.video[0]
        copy = part.add_stream_from_template(film)
        for packet in whole.demux(film):
            if packet.dts is not None and packet.pts * packet.time_base < seconds:
                packet.stream = copy
                part.mux(packet)
    return out


def start_us(path: Path) -> int:
    """When a recording starts, as its name says."""
    found = start_from_name(path.name)
    assert found is not None
    return found.start_us


@lru_cache
def plan(folder: Path = FOLDER) -> dict[str, Any]:
    """What made a kept set, and its cameras with their files."""
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return found


@lru_cache
def truth(camera: str, folder: Path = FOLDER) -> Boxes:
    """True boxes of a camera, cut at the picture's edge."""
    found, size = [], plan(folder)["parameters"]["wanted"]["size"]
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["camera"] == camera and float(row["visible"]) >= LEAST_VISIBLE:
                box = np.clip([float(row[k]) for k in ("x1", "y1", "x2", "y2")], 0, (*size, *size))
                found.append([int(row["frame"]), int(row["person"]), *box])
    return Boxes.from_rows(found)


def stored(tracklets: list[dict[str, Any]], camera: str, begin_us: int) -> Boxes:
    """Boxes of a stored camera, as ``reappear tracklets --json`` prints them, with the numbers of their pictures."""
    rows = [
        [round((box[0] - begin_us) * FPS / 1e6), tracklet["tracklet"], *box[1:]]
        for tracklet in tracklets
        if tracklet["camera"] == camera
        for box in tracklet["boxes"]
    ]
    return Boxes.from_rows(rows)


def people(tracklets: list[dict[str, Any]], called: Sequence[str], begin_us: int) -> dict[int, tuple[str, int]]:
    """tracklet -> (stored camera, the true person that it shows most); ``called`` are the stored names of CAMERAS."""
    who: dict[int, tuple[str, int]] = {}
    for name, camera in zip(called, CAMERAS, strict=True):
        known, boxes = truth(camera), stored(tracklets, name, begin_us)
        votes: dict[int, Counter[int]] = {}
        for picture in np.unique(boxes.picture):
            here, there = boxes.picture == picture, known.picture == picture
            overlap = intersection_over_union(boxes.xyxy[here], known.xyxy[there])
            for row, tracklet in zip(overlap, boxes.identity[here], strict=True):
                if row.size and row.max() >= 0.5:
                    votes.setdefault(int(tracklet), Counter())[int(known.identity[there][row.argmax()])] += 1
        who |= {tracklet: (name, count.most_common(1)[0][0]) for tracklet, count in votes.items()}
    return who


def _thumbnail(image: BgrImage) -> np.ndarray:
    return cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float64).ravel()


class TruthDetector:
    """Finds everybody of whom enough shows; ``delay_s`` a picture makes it as slow as a real network."""

    name = "truth"
    wanted_batch = 4
    sees_parts = False

    def __init__(self, path: Path, folder: Path, delay_s: float = 0.0) -> None:
        self.path, self.folder, self.delay_s = path, folder, delay_s
        self.sha256 = hashlib.sha256(b"truth").hexdigest()
        with np.load(path.with_suffix(".npz")) as kept:
            self.known, self.places = (
                kept["small"].astype(np.float64),
                list(zip(kept["camera"], kept["frame"], strict=True)),
            )
        self.lengths = np.square(self.known).sum(1)

    def describe(self) -> str:
        return "people of the generated footage, known beforehand"

    def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
        """True boxes in each picture, always of the whole."""
        time.sleep(self.delay_s * len(images))
        found = []
        for image in images:
            nearest = int((self.lengths - 2 * self.known @ _thumbnail(image)).argmin())  # squared distance, less ours
            camera, frame = self.places[nearest]
            boxes = truth(str(camera), self.folder)
            rows = boxes.xyxy[boxes.picture == frame]
            found.append(Detections(as_boxes(rows.tolist()), np.full(len(rows), 0.9, np.float32)))
        return found


def _keep_pictures(folder: Path, path: Path) -> None:
    """Small copies of all pictures of a kept set, and which camera and frame each is."""
    small, camera, frame = [], [], []
    for one in plan(folder)["cameras"]:
        source = open_source(folder / one["file"])
        image = np.empty((source.info.height, source.info.width, 3), np.uint8)
        for picture in source.pictures():
            picture.to_bgr(image)
            small.append(_thumbnail(image))
            camera.append(one["name"])
            frame.append(picture.index)
        source.close()
    np.savez(path, small=np.stack(small).astype(np.uint8), camera=camera, frame=frame)


def write_script(folder: Path, delay_s: float = 0.0, *, of: Path = FOLDER) -> Path:
    """A file that the suite's program takes as ``--detector``; ``of`` is the kept set whose people it knows."""
    path = folder / "people.truth.json"
    path.write_text(json.dumps({"delay_s": delay_s, "folder": str(of)}))
    _keep_pictures(of, path.with_suffix(".npz"))
    return path


def load_truth(path: Path) -> TruthDetector:
    """The detector such a file describes."""
    said = json.loads(path.read_text())
    return TruthDetector(path, Path(said["folder"]), said["delay_s"])
