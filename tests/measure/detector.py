"""The bundled person detector beside another one on sequences with truth, at equal precision.

    python -m tests.measure.detector --real-data FOLDER [--detector W] [--beside W] [--json FILE]

Both run through the program's own detection (its runtime, letterbox and suppression) on every picture at the same size.
The other one's precision at a confidence of 0.25 is taken, and ours is given the lowest confidence at which it is as
precise on that clip: recall is compared there. A true box is found by a box that shares at least half with it
(intersection over union), each used once, best confidence first. AP50 is the area under the curve of precision over
recall, precision made falling. Truth: MOT files as they are, so hidden people count as missed for both.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import resources
from reid_engine.detection import load_detector
from reid_engine.settings import DetectionSettings
from reid_engine.types import BgrImage, Detections
from tests.measure.identity import Boxes, intersection_over_union
from tests.measure.mot import frames, read_truth

CLIPS = {  # video and truth below the folder of real data, pixels of the video per pixel of the truth
    "PETS09-S2L1": ("videos/pets09_s2l1/PETS09-S2L1_480x360.avi", "videos/pets09_s2l1/gt/gt.txt", 0.625),
    "TUD-Campus": ("videos/tud_campus/TUD-Campus.mp4", "videos/tud_campus/gt/gt.txt", 1.0),
}
YOLOV8N = "weights/yolov8n_dequantised.pt"
USUAL = 0.25  # the confidence that YOLOv8n is used at
LEAST = 0.01  # below, boxes do not count at all
OVERLAP = 0.5
BATCH = 16


@dataclass(frozen=True)
class Found:
    """Boxes of a whole clip, best first: score (N,), hit (N,) whether it covers a true box nobody better covers."""

    score: NDArray[np.float32]
    hit: NDArray[np.bool_]
    true: int

    def at(self, confidence: float) -> tuple[float, float]:
        """Recall and precision of the boxes at least this sure."""
        count = int(np.count_nonzero(self.score >= confidence))
        hits = int(self.hit[:count].sum())
        return hits / max(self.true, 1), hits / max(count, 1)

    def as_precise(self, precision: float) -> float | None:
        """The lowest confidence at which the boxes are at least so precise; None where none is."""
        shares = np.cumsum(self.hit) / np.arange(1, len(self.hit) + 1)
        last = np.append(self.score[:-1] > self.score[1:], True)  # equal scores come together or not at all
        enough = np.flatnonzero((shares >= precision) & last)
        return float(self.score[enough[-1]]) if len(enough) else None

    def average_precision(self) -> float:
        """The area under precision over recall."""
        hits = np.cumsum(self.hit)
        precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
        return float(precision[self.hit].sum() / max(self.true, 1))


def compare(detections: list[Detections], truth: Boxes) -> Found:
    """Boxes of every picture of a clip against its truth."""
    scores, hits = [], []
    for number, found in enumerate(detections):
        scores.append(found.score)
        hits.append(covering(found.xyxy.astype(np.float64), truth.xyxy[truth.picture == number]))
    score, hit = np.concatenate(scores), np.concatenate(hits)
    order = np.argsort(-score, kind="stable")
    return Found(score[order], hit[order], int(np.count_nonzero(truth.picture < len(detections))))


def covering(found: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) which boxes, best first, cover a true one that none before them covers."""
    shared = intersection_over_union(found, true)
    hit = np.zeros(len(found), bool)
    for row in range(len(found)):
        best = int(shared[row].argmax()) if len(true) else -1
        if best >= 0 and shared[row, best] >= OVERLAP:
            hit[row] = True
            shared[:, best] = 0.0
    return hit


def detect(weights: Path, images: list[BgrImage]) -> list[Detections]:
    """Everything at least LEAST sure, at the program's usual size."""
    detector = load_detector(weights, DetectionSettings(score=LEAST), device="cpu")
    print(f"  {detector.describe()}", flush=True)
    return [one for at in range(0, len(images), BATCH) for one in detector.detect(images[at : at + BATCH])]


def side_by_side(name: str, ours: Found, theirs: Found) -> dict[str, Any]:
    """Print and return the comparison on one clip."""
    recall, precision = theirs.at(USUAL)
    confidence = ours.as_precise(precision)
    our_recall, our_precision = ours.at(confidence) if confidence is not None else (0.0, 0.0)
    usual_recall, usual_precision = ours.at(USUAL)
    row = {
        "true boxes": ours.true,
        "theirs": {"confidence": USUAL, "recall": recall, "precision": precision, "AP50": theirs.average_precision()},
        "ours": {"confidence": confidence, "recall": our_recall, "precision": our_precision},
        "ours as used": {"confidence": USUAL, "recall": usual_recall, "precision": usual_precision},
        "ratio of recall": our_recall / max(recall, 1e-9),
    }
    row["ours"]["AP50"] = ours.average_precision()
    print(
        f"| {name} | {recall:.3f} / {precision:.3f} | {row['theirs']['AP50']:.3f} | {our_recall:.3f} / "
        f"{our_precision:.3f} at {confidence or 0:.2f} | {row['ours']['AP50']:.3f} | {row['ratio of recall']:.2f} |"
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real-data", type=Path, required=True)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    ours = given.detector or resources.path("weights") / "person-detector.safetensors"
    theirs = given.beside or given.real_data / YOLOV8N
    results = {}
    print(f"| clip | {theirs.stem}: recall / precision at {USUAL} | AP50 | {ours.stem}: as precise | AP50 | ratio |")
    for name, (video, truth_file, scale) in CLIPS.items():
        truth = read_truth(given.real_data / truth_file, scale)
        images = [frame.image for frame in frames(given.real_data / video)]
        pair = [compare(detect(weights, images), truth) for weights in (ours, theirs)]
        results[name] = side_by_side(name, *pair)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
