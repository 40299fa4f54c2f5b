"""One source from pictures to tracklets: what a hole in its recording does."""

from __future__ import annotations

import numpy as np
import pytest

from reid_engine.analysis import Checkpoint, SourceAnalysis
from reid_engine.clock import ManualClock
from reid_engine.settings import Settings, TrackletSettings
from reid_engine.types import ClosedTracklet, Detections, Frame, SourceId, SourceReport

SIZE = (320, 240)
# so long that only the tracker can part people
PATIENT = Settings(tracklets=TrackletSettings(gap_s=60.0))


def analysis(rate: float) -> SourceAnalysis:
    return SourceAnalysis(SourceId(1), rate=rate, size=SIZE, settings=PATIENT, clock=ManualClock())


def step(source: SourceAnalysis, index: int, at_s: float) -> None:
    image = np.random.default_rng(index).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    found = Detections(np.array([[100, 100, 140, 200]], np.float32), np.array([0.9], np.float32))
    source.step(Frame(1, index, round(at_s * 1e6), image), found)


def end(source: SourceAnalysis) -> list[ClosedTracklet]:
    return list(source.finish(SourceReport(0, 0, None, 0)).closed)


@pytest.mark.parametrize(("hole_s", "people"), [(1.2, 1), (1.4, 2), (3600.0, 2)])
def test_after_a_hole_that_nobody_waits_through_everybody_is_somebody_new(hole_s: float, people: int) -> None:
    source = analysis(10.0)
    for index in range(40):
        step(source, index, 0.1 * index + (hole_s - 0.1 if index >= 20 else 0))
    assert len({tracklet.track_id for tracklet in end(source)}) == people


def test_seldom_analysed_pictures_are_no_holes() -> None:
    source = analysis(0.5)
    for index in range(20):
        step(source, index, 2.0 * index)
    (tracklet,) = end(source)
    assert len(tracklet.score) == 20


def test_a_hole_right_after_a_checkpoint_is_seen_too() -> None:
    whole, again = analysis(10.0), analysis(10.0)
    for index in range(20):
        step(whole, index, 0.1 * index)
    again.restore(Checkpoint.from_bytes(whole.commit().checkpoint or b""))
    for index in range(20):
        image = np.random.default_rng(index).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        again.supply(Frame(1, index, 100_000 * index, image))
    ended = []
    for source in (whole, again):
        for index in range(20, 40):
            step(source, index, 30 + 0.1 * index)
        ended.append([(t.track_id, t.frame_index.tolist(), t.crops) for t in end(source)])
    assert len(ended[0]) == 2
    assert ended[0] == ended[1]
