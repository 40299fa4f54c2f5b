"""Stored tracklets against the truth of a MOT sequence, beside ultralytics' own ``track()`` with the same weights.

    python -m tests.measure.mot VIDEO --truth gt.txt [--scale 0.625] [--camera NAME --case CASE] [--detector WEIGHTS]

--truth:    MOT rows: frame from 1, identity, left, top, width, height, flag (0: leave out), ...
--scale:    pixels of the video per pixel of the truth, where the video was made smaller
--case:     measures what is stored there, by ``reappear tracklets``; a source without a start time is taken to begin
            in 1970, any other start is given with --start-us
--detector: runs detector, tracker and builder here without a case, and ultralytics' ``track()`` in this process
--dump:     also writes the boxes of both runs to FOLDER/NAME.txt as MOT rows, to be looked at or scored elsewhere

Prints IDF1, recall, precision, and purity: the share of covering boxes that lie on their tracklet's most frequent
person. ``pieces`` is the number of identities found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from reid_engine.detection import load_detector
from reid_engine.settings import Settings
from reid_engine.tracking import ByteTracker
from reid_engine.tracklets import TrackletBuilder
from reid_engine.types import ClosedTracklet, Frame
from reid_engine.video import open_source
from tests.measure.identity import Boxes, score


def read_truth(path: Path, scale: float) -> Boxes:
    """Boxes of a MOT ``gt.txt``, pictures from 0, in pixels of the video."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    rows = rows[rows[:, 6] != 0]
    corner, size = scale * rows[:, 2:4], scale * rows[:, 4:6]
    return Boxes.from_rows(np.column_stack((rows[:, 0] - 1, rows[:, 1], corner, corner + size)))


def frames(video: Path) -> Iterator[Frame]:
    source = open_source(video)
    try:
        width, height = source.info.width, source.info.height
        for picture in source.pictures():
            image = np.empty((height, width, 3), np.uint8)
            picture.to_bgr(image)
            yield Frame(0, picture.index, picture.offset_us, image)
    finally:
        source.close()


def stored(lines: Iterator[str], camera: str | None, start_us: int, video: Path) -> Boxes:
    """What ``reappear tracklets --json`` prints, with times turned back into numbers of pictures."""
    times = np.array([picture.offset_us for picture in open_source(video).pictures()])
    rows = []
    for line in lines:
        tracklet = json.loads(line)
        if camera is not None and tracklet["camera"] != camera:
            continue
        for time_us, *xyxy in tracklet["boxes"]:
            rows.append([int(np.abs(times - (time_us - start_us)).argmin()), tracklet["tracklet"], *xyxy])
    return Boxes.from_rows(rows)


def ours(video: Path, weights: Path, settings: Settings) -> Boxes:
    """Detector, tracker and builder as an ingest runs them."""
    source = open_source(video)
    rate, size = source.info.rate, (source.info.width, source.info.height)
    source.close()
    detector = load_detector(weights, settings.detection)
    tracker, builder = ByteTracker(settings.tracking, rate), TrackletBuilder(settings.tracklets, size)
    closed: list[ClosedTracklet] = []
    for frame in frames(video):
        (found,) = detector.detect([frame.image])
        closed += builder.push(frame, tracker.update(found))
    closed += builder.finish()
    pieces = [
        np.column_stack((t.frame_index, np.full(len(t.score), number), t.xyxy)) for number, t in enumerate(closed)
    ]
    return Boxes.from_rows(np.concatenate(pieces) if pieces else [])


def theirs(video: Path, weights: Path, side: int) -> Boxes:
    """``YOLO(weights).track`` with its own ByteTrack settings, one picture after the other."""
    from reid_engine._ultralytics import import_ultralytics

    model: Any = import_ultralytics().YOLO(str(weights.absolute()), task="detect")
    rows = []
    for frame in frames(video):
        (result,) = model.track(
            frame.image, persist=True, tracker="bytetrack.yaml", classes=[0], imgsz=side, verbose=False
        )
        if result.boxes.id is not None:
            ids, xyxy = result.boxes.id.cpu().numpy(), result.boxes.xyxy.cpu().numpy()
            rows += [[frame.index, number, *box] for number, box in zip(ids, xyxy, strict=True)]
    return Boxes.from_rows(rows)


def dump(found: Boxes, path: Path) -> None:
    """As MOT rows."""
    columns = (found.picture + 1, found.identity, found.xyxy[:, :2], found.xyxy[:, 2:] - found.xyxy[:, :2])
    np.savetxt(path, np.column_stack((*columns, np.ones(len(found)))), "%d,%d,%.2f,%.2f,%.2f,%.2f,%d,-1,-1,-1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--case", type=Path)
    parser.add_argument("--camera")
    parser.add_argument("--start-us", type=int, default=0)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--dump", type=Path)
    given = parser.parse_args()
    truth, runs = read_truth(given.truth, given.scale), {}
    if given.case:
        command = [sys.executable, "-m", "app", "tracklets", str(given.case), "--json"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        runs["stored"] = stored(iter(lines), given.camera, given.start_us, given.video)
    if given.detector:
        settings = Settings()
        runs["ours"] = ours(given.video, given.detector, settings)
        runs["ultralytics"] = theirs(given.video, given.detector, settings.detection.image_size)
    print(f"{'':12}{'IDF1':>8}{'recall':>8}{'prec.':>8}{'purity':>8}{'pieces':>8}")
    for name, found in runs.items():
        s = score(truth, found)
        print(f"{name:12}{s.idf1:8.3f}{s.recall:8.3f}{s.precision:8.3f}{s.purity:8.4f}{s.identities:8d}")
        if given.dump:
            dump(found, given.dump / f"{name}.txt")


if __name__ == "__main__":
    main()
