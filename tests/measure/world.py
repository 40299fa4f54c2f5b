"""A detector's recall, precision and confidence on generated footage, beside those on real clips with MOT truth.

    python -m tests.measure.world FOOTAGE --detector WEIGHTS [--real VIDEO=GT[:SCALE] ...] [--least-visible 0.4]

FOOTAGE: a folder of ``python -m trainer world footage``, with its truth.csv. Heights are those of the picture that the
detector sees, whose longer side is 640 pixels, for generated and real recordings alike. Whoever is less than --least-px
high, or shows less than --least-visible, neither counts as missed nor makes a found box wrong. MOT truth says nothing
of what is hidden, so there every box counts. Below each sum stands the recall by height, and below that of the
generated recordings the interval that holds it in 95 of 100 drawings of as many cameras.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from reid_engine.detection import PersonDetector, load_detector
from reid_engine.settings import Settings
from reid_engine.types import Frame
from tests.measure.identity import intersection_over_union
from tests.measure.intervals import over_people
from tests.measure.mot import frames, read_truth
from trainer.endings import told

Rows = NDArray[np.float64]
HEIGHTS_PX = (25.0, 33.0, 44.0, 60.0, 80.0, 120.0, 1e4)  # in the picture that the detector sees
SEEN_PX = 640
LEAST_PX = 44.0  # nobody in the truth of PETS and TUD-Campus is lower
Truth = dict[int, list[tuple[Rows, bool]]]  # picture -> boxes and whether they count


@dataclass
class Tally:
    """What was found so far: true boxes, found boxes that count, those that agree, and their confidence."""

    true: int = 0
    found: int = 0
    agree: int = 0
    confidence: float = 0.0
    tall: list[float] = field(default_factory=list)  # pixels, of every true box
    hit: list[bool] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another recording in."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def by_height(self) -> str:
        """Recall of the people between two heights, and of all who are at least so high; how many they are."""
        tall, hit = np.array(self.tall), np.array(self.hit, bool)
        shown = []
        for low, high in pairwise(HEIGHTS_PX):
            inside = (tall >= low) & (tall < high)
            if inside.any():
                shown.append(f"{low:g}-{high:g} px {hit[inside].mean():.3f} ({inside.sum()})")
        above = [tall >= low for low in HEIGHTS_PX[:-1] if 0 < (tall >= low).sum() < len(tall)]
        shown += [f"from {tall[them].min():.0f} px {hit[them].mean():.3f} ({them.sum()})" for them in above]
        return "    " + ", ".join(shown)

    def line(self) -> str:
        """Recall, precision, mean confidence of what agrees, and how many true boxes there were."""
        some = max(self.agree, 1)
        return (
            f"{self.agree / max(self.true, 1):8.3f}{self.agree / max(self.found, 1):10.3f}{self.confidence / some:8.3f}"
            f"{self.true:8d}"
        )


def compare(
    tally: Tally, truth: list[tuple[Rows, bool]], boxes: Rows, scores: Rows, overlap: float, scale: float = 1.0
) -> None:
    """Pair one picture's boxes; what lies on a person who does not count is left out. ``scale``: of noted heights."""
    tall = [scale * float(box[3] - box[1]) for box, counts in truth if counts]
    if not truth or not len(boxes):
        tally.add(Tally(len(tall), len(boxes), tall=tall, hit=[False] * len(tall)))
        return
    counts = np.array([c for _, c in truth])
    iou = intersection_over_union(np.stack([b for b, _ in truth]), boxes)
    rank = np.where(iou >= overlap, 1 + iou + counts[:, None], 0)  # those who count come first
    first, second = linear_sum_assignment(rank, maximize=True)
    good = iou[first, second] >= overlap
    hits = good & counts[first]
    hit = np.isin(np.flatnonzero(counts), first[hits]).tolist()
    found = len(boxes) - int((good & ~counts[first]).sum())
    tally.add(Tally(len(tall), found, int(hits.sum()), float(scores[second[hits]].sum()), tall, hit))


def generated(folder: Path, least_visible: float) -> dict[str, Truth]:
    """Camera -> truth of a folder of footage, boxes cut at nothing."""
    found: dict[str, Truth] = defaultdict(lambda: defaultdict(list))
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            box = np.array([float(row[k]) for k in ("x1", "y1", "x2", "y2")])
            found[row["camera"]][int(row["frame"])].append((box, float(row["visible"]) >= least_visible))
    return found


def real(path: Path, scale: float) -> Truth:
    """Truth of a MOT file."""
    boxes, found = read_truth(path, scale), defaultdict(list)
    for picture, box in zip(boxes.picture, boxes.xyxy, strict=True):
        found[int(picture)].append((box, True))
    return found


def run(detector: PersonDetector, pictures: Iterator[Frame], truth: Truth, given: argparse.Namespace) -> Tally:
    """Detect in the pictures of one recording and compare."""
    tally = Tally()
    for frame in pictures:
        if frame.index % given.every:
            continue
        (found,) = detector.detect([frame.image])
        height, width, _ = frame.image.shape
        scale = SEEN_PX / max(height, width)
        there = [
            (np.clip(box, 0, (width, height, width, height)), counts and scale * (box[3] - box[1]) >= given.least_px)
            for box, counts in truth.get(frame.index, [])
        ]
        compare(tally, there, found.xyxy.astype(np.float64), found.score.astype(np.float64), given.overlap, scale)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("footage", type=Path, nargs="*")
    parser.add_argument("--detector", type=Path, required=True)
    parser.add_argument("--real", action="append", default=[], metavar="VIDEO=GT[:SCALE]")
    parser.add_argument("--least-visible", type=float, default=0.4)
    parser.add_argument("--least-px", type=float, default=LEAST_PX)
    parser.add_argument("--least-score", type=float, default=0.25)
    parser.add_argument("--overlap", type=float, default=0.5)
    parser.add_argument("--every", type=int, default=1, help="look at every so manieth picture only")
    given = parser.parse_args()
    settings = Settings()
    settings = settings.model_copy(
        update={"detection": settings.detection.model_copy(update={"score": given.least_score})}
    )
    detector = load_detector(given.detector, settings.detection)
    print(f"{'':32}{'recall':>8}{'precision':>10}{'conf.':>8}{'boxes':>8}")
    for text in given.real:
        video, _, truth = text.partition("=")
        path, _, scale = truth.partition(":")
        tally = run(detector, frames(Path(video)), real(Path(path), float(scale or 1)), given)
        print(f"{Path(video).stem[:31]:32}{tally.line()}")
        print(tally.by_height())
    whole, seen_by = Tally(), list[int]()
    for number, folder in enumerate(given.footage):
        for place, (camera, truth) in enumerate(generated(folder, given.least_visible).items()):
            video = next(folder.glob(f"{camera}_*.mp4"), folder / f"{camera}_*.mp4")
            tally = run(detector, frames(video), truth, given)
            print(f"{folder.name + '/' + camera:32}{tally.line()}")
            whole.add(tally)
            seen_by += [100 * number + place] * tally.true
    if whole.true:
        print(f"{'all generated':32}{whole.line()}")
        print(whole.by_height())
        print(f"    recall {over_people(np.array(whole.hit, np.float64), np.array(seen_by)).said()} over cameras")


if __name__ == "__main__":
    sys.exit(told(main))
