"""The footage that comes with the program, for a walk that looks at it as a person would: by who is really seen."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from PySide6.QtCore import Qt

import resources
from app.case_view import CaseView
from reid_engine.boxes import iou
from reid_engine.store import TrackletFilter
from reid_engine.types import Tracklet, TrackletId
from tests.support.window_walk import Scene, Start

OVERLAP = 0.4
SURE = 0.6
LEAST_TALL_PX = 90
Truth = dict[int, tuple[list[int], list[list[float]]]]


def scene() -> Scene:
    """The demo as an investigation: the camera whose clock is ahead is set right, somebody seen often is searched."""
    plan = _plan()
    ((wrong, ahead_s),) = plan["parameters"]["wanted"]["clock_error_s"]
    name = next(camera["file"] for camera in plan["cameras"] if camera["name"] == wrong)
    started = datetime.strptime("".join(name.rpartition(".")[0].split("_")[1:]), "%Y%m%d%H%M%S")
    true = datetime.fromtimestamp(started.timestamp() - ahead_s)
    return Scene(
        footage=resources.path("demo"), wrong=wrong, ahead_s=round(ahead_s), true_time=f"{true:%H:%M:%S}",
        whom=whom, verdict=verdict,
    )  # fmt: skip


def whom(view: CaseView) -> Start:
    """Whoever is seen by most cameras, in the track and at the moment where they are seen best."""
    people = _people(view)
    tracks = {track.id: track for track in _tracks(view)}
    cameras: dict[int, set[int]] = defaultdict(set)
    for number, person in people.items():
        cameras[person].add(tracks[number].camera)
    choice = [(len(cameras[person]), tracks[number].quality, number) for number, person in people.items()]
    *_, best = max((known for known in choice if _tall(tracks[known[2]]) >= LEAST_TALL_PX), default=max(choice))
    track = tracks[best]
    heights = track.xyxy[:, 3] - track.xyxy[:, 1]
    inside = (track.xyxy[:, 1] > 0) & (track.xyxy[:, 3] < track.xyxy[:, 3].max())
    moment = int(np.argmax(np.where(inside, heights, 0)))
    return Start(best, int(track.time_us[moment]))


def verdict(view: CaseView, probe: TrackletId, candidate: TrackletId) -> Qt.Key:
    """What somebody who knows the people presses: the same, another person, or unsure where nobody can know."""
    people = _people(view)
    if candidate not in people or probe not in people:
        return Qt.Key.Key_U
    return Qt.Key.Key_Y if people[candidate] == people[probe] else Qt.Key.Key_N


def _tall(track: Tracklet) -> float:
    return float((track.xyxy[:, 3] - track.xyxy[:, 1]).max())


def _tracks(view: CaseView) -> list[Tracklet]:
    store = view.work.desk.case.store
    return list(store.tracklets([TrackletId(n) for n in store.find(TrackletFilter()).tolist()]))


def _people(view: CaseView) -> dict[TrackletId, int]:
    """The true person of every track of which most boxes lie on one."""
    found = {}
    for track in _tracks(view):
        person = _person(view, track)
        if person is not None:
            found[track.id] = person
    return found


def _person(view: CaseView, track: Tracklet) -> int | None:
    footage = view.work.footage
    camera = footage.camera(track.camera)
    source = next(source for source in footage.sources if source.id == track.source)
    assert camera is not None
    start_us = camera.clock.correct(source.start_us)
    fps, frames = float(_plan()["parameters"]["fps"]), _truth(camera.name)
    votes: Counter[int] = Counter()
    for time_us, box in zip(track.time_us.tolist(), track.xyxy.tolist(), strict=True):
        people, boxes = frames.get(round((time_us - start_us) / 1e6 * fps), ([], []))
        votes.update(_nearest(box, people, boxes))
    person, count = votes.most_common(1)[0] if votes else (0, 0)
    return person if count >= SURE * len(track.xyxy) else None


def _nearest(box: list[float], people: list[int], boxes: list[list[float]]) -> Iterable[int]:
    if not people:
        return ()
    overlaps = iou(np.array(box, np.float32), np.array(boxes, np.float32))
    return (people[int(overlaps.argmax())],) if overlaps.max() >= OVERLAP else ()


def _plan() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((resources.path("demo") / "plan.json").read_text("utf-8"))
    return found


@lru_cache
def _truth(camera: str) -> Truth:
    """By frame: who is seen, and where."""
    found: Truth = defaultdict(lambda: ([], []))
    with (resources.path("demo") / "truth.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["camera"] == camera:
                people, boxes = found[int(row["frame"])]
                people.append(int(row["person"]))
                boxes.append([float(row[side]) for side in ("x1", "y1", "x2", "y2")])
    return found
