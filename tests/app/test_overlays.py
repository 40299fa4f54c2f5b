"""Boxes for the pictures: fetched once, and again when more is known."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from app.background import Lane
from app.overlays import BoxCache
from reid_engine.types import CameraId, SourceId, Tracklet, TrackletId, as_boxes

GATE = CameraId(1)
WAIT_MS = 10_000


def tracklet(number: int) -> Tracklet:
    times, boxes = np.array([0, 1_000_000]), as_boxes([[0, 0, 10, 20]] * 2)
    return Tracklet(TrackletId(number), GATE, SourceId(1), 0, 1_000_000, times, boxes, np.ones(2, np.float32), 0.5)


class Case:
    """What is known grows."""

    def __init__(self) -> None:
        self.known: list[Tracklet] = []
        self.asked = 0

    def between(self, camera: CameraId, from_us: int, to_us: int) -> list[Tracklet]:
        self.asked += 1
        return [one for one in self.known if one.start_us < to_us and one.end_us >= from_us]


def test_people_who_were_found_meanwhile_are_shown_and_nobody_flickers(lane: Lane, qtbot: QtBot) -> None:
    case = Case()
    boxes = BoxCache(lane, case.between)

    def seen() -> list[int]:
        return [int(number) for number in boxes.at(GATE, 500_000).tracklet]

    assert seen() == []
    case.known.append(tracklet(3))
    qtbot.waitUntil(lambda: case.asked == 2 and lane.idle, timeout=WAIT_MS)  # this window of time, and the next
    boxes.renew()
    qtbot.waitUntil(lambda: seen() == [3], timeout=WAIT_MS)
    case.known.append(tracklet(4))
    boxes.renew()
    assert seen() == [3], "the old is shown until the new has come"
    qtbot.waitUntil(lambda: seen() == [3, 4], timeout=WAIT_MS)
