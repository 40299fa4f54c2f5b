"""The footage that comes with the program, for a walk that looks at it as a person would: by who is really seen."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

import numpy as np
from PySide6.QtCore import Qt

import resources
from app.case_view import CaseView
from reid_engine.store import TrackletFilter
from reid_engine.truth import Truth
from reid_engine.types import Tracklet, TrackletId
from tests.support.window_walk import Scene, Start

LEAST_TALL_PX = 90


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
    known, store = Truth.beside(resources.path("demo")), view.work.desk.case.store
    assert known is not None
    named = ((track.id, known.person(store, track)) for track in _tracks(view))
    return {number: person for number, person in named if person is not None}


def _plan() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((resources.path("demo") / "plan.json").read_text("utf-8"))
    return found
