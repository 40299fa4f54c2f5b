"""Who is really seen in a stored tracklet, where generated footage brought its truth along."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reid_engine.boxes import iou
from reid_engine.store import Store
from reid_engine.types import Boxes, Tracklet

OVERLAP = 0.4  # of a stored box with the true one, to be of that person
SURE = 0.6  # share of a tracklet's boxes that must be of one person


@dataclass(frozen=True)
class Truth:
    """What ``trainer.world footage`` wrote beside its recordings.

    frames: file's name -> frame from 0 -> (people, boxes in the recording's pixels)
    """

    fps: float
    frames: dict[str, dict[int, tuple[list[int], list[list[float]]]]] = field(repr=False)

    @classmethod
    def beside(cls, recordings: Path) -> Truth | None:
        """That of a folder of recordings; None where there is none."""
        plan, table = recordings / "plan.json", recordings / "truth.csv"
        if not (plan.is_file() and table.is_file()):
            return None
        frames: dict[str, dict[int, tuple[list[int], list[list[float]]]]] = defaultdict(
            lambda: defaultdict(lambda: ([], []))
        )
        told = json.loads(plan.read_text("utf-8"))
        files = {camera["name"]: camera["file"] for camera in told["cameras"]}
        with table.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                people, boxes = frames[files[row["camera"]]][int(row["frame"])]
                people.append(int(row["person"]))
                boxes.append([float(row[side]) for side in ("x1", "y1", "x2", "y2")])
        return cls(float(told["parameters"]["fps"]), frames)

    def person(self, store: Store, tracklet: Tracklet) -> int | None:
        """Whom most boxes of a tracklet lie on; None where no one person is under SURE of them."""
        camera = next(one for one in store.cameras() if one.id == tracklet.camera)
        source = next(one for one in store.sources() if one.id == tracklet.source)
        start_us, known = camera.clock.correct(source.start_us), self.frames.get(Path(source.path).name, {})
        votes: Counter[int] = Counter()
        for time_us, box in zip(tracklet.time_us.tolist(), tracklet.xyxy, strict=True):
            votes.update(_nearest(box, *known.get(round((time_us - start_us) / 1e6 * self.fps), ([], []))))
        person, count = votes.most_common(1)[0] if votes else (0, 0)
        return person if count >= SURE * len(tracklet.xyxy) else None


def _nearest(box: Boxes, people: list[int], boxes: list[list[float]]) -> Iterable[int]:
    if not people:
        return ()
    overlaps = iou(np.asarray(box, np.float32), np.array(boxes, np.float32))
    return (people[int(overlaps.argmax())],) if overlaps.max() >= OVERLAP else ()
