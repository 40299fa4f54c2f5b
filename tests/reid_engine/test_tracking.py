"""Our ByteTrack against ultralytics' own, and what it promises beside."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_engine.errors import ShapeError
from reid_engine.process import child_environment
from reid_engine.settings import TrackingSettings
from reid_engine.tracking import ByteTracker
from reid_engine.types import Detections, State
from tests.reid_engine.crowds import as_columns, crowd

STRICT = TrackingSettings(high_score=0.5, low_score=0.12, new_score=0.6, match_cost=0.7, lost_s=0.4)
PLAIN = TrackingSettings(high_score=0.25, new_score=0.25)  # as in bytetrack.yaml
# name: (scene, settings, analysed pictures a second)
SCENES: dict[str, tuple[list[Detections], TrackingSettings, float]] = {
    "street": (crowd(1, 12, 400), PLAIN, 25.0),
    "crowd": (crowd(2, 40, 300), PLAIN, 25.0),
    "flicker": (crowd(3, 15, 400, missing=0.5, empty=0.1), STRICT, 10.0),
    "short memory": (crowd(4, 25, 500, missing=0.4), STRICT, 2.5),  # given-up tracks come back: 1,000 removals and more
    "dense": (crowd(5, 50, 150, size=240.0), PLAIN, 25.0),
    "alone": (crowd(6, 1, 200, missing=0.3), PLAIN, 5.0),
    "nobody": ([Detections.none()] * 5, PLAIN, 25.0),
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.float64]]:
    """Rows of ultralytics' BYTETracker, from a child so that its import changes nothing here."""
    folder = tmp_path_factory.mktemp("ultralytics")
    np.savez(folder / "in.npz", **{name: as_columns(scene) for name, (scene, _, _) in SCENES.items()})
    settings = {
        name: {
            "track_high_thresh": s.high_score,
            "track_low_thresh": s.low_score,
            "new_track_thresh": s.new_score,
            "match_thresh": s.match_cost,
            "track_buffer": round(s.lost_s * fps),
            "fuse_score": True,
        }
        for name, (_, s, fps) in SCENES.items()
    }
    child = Path(__file__).with_name("ultralytics_rows.py")
    command = [sys.executable, str(child), str(folder / "in.npz"), str(folder / "out.npz"), json.dumps(settings)]
    subprocess.run(command, check=True, env=child_environment(), timeout=120)
    return dict(np.load(folder / "out.npz"))


def boxes(*rows: tuple[float, ...]) -> Detections:
    """Detections from rows of x1, y1, x2, y2, score."""
    columns = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(columns[:, :4], columns[:, 4])


def ids(tracked: Detections) -> list[int]:
    assert tracked.track_id is not None
    return tracked.track_id.tolist()


@pytest.mark.parametrize("name", SCENES)
def test_rows_equal_those_of_ultralytics(name: str, theirs: dict[str, NDArray[np.float64]]) -> None:
    scene, settings, fps = SCENES[name]
    tracker = ByteTracker(settings, fps)
    for picture, detections in enumerate(scene):
        rows = theirs[name][theirs[name][:, 0] == picture, 1:]
        tracked, estimates = tracker.update(detections), tracker.estimates()
        feeding = rows[:, 7].astype(int)
        assert len(estimates) == len(rows)
        assert ids(tracked)[: len(rows)] == rows[:, 4].astype(int).tolist()
        np.testing.assert_array_equal(tracked.xyxy[: len(rows)], detections.xyxy[feeding])
        np.testing.assert_array_equal(tracked.score[: len(rows)], detections.score[feeding])
        np.testing.assert_allclose(estimates, rows[:, :4], rtol=1e-6, atol=1e-4)


def test_the_scenes_try_what_they_should(theirs: dict[str, NDArray[np.float64]]) -> None:
    counts = {name: (len(theirs[name]), theirs[name][:, 5].max(initial=0)) for name in SCENES}
    assert counts["crowd"][0] > 5000
    assert counts["short memory"][1] > 300
    assert counts["nobody"] == (0, 0)


def through_a_file(state: State) -> State:
    block = io.BytesIO()
    np.savez(block, **state)
    block.seek(0)
    with np.load(block, allow_pickle=False) as found:
        return dict(found)


@pytest.mark.parametrize("cut", [0, 1, 2, 77, 150])
def test_a_restored_tracker_goes_on_bit_for_bit(cut: int) -> None:
    scene = crowd(7, 20, 200, missing=0.3)
    whole, first, second = (ByteTracker(PLAIN, 8.0) for _ in range(3))
    expected = [whole.update(detections) for detections in scene]
    for detections in scene[:cut]:
        first.update(detections)
    second.restore(through_a_file(first.state()))
    np.testing.assert_array_equal(second.estimates(), first.estimates())
    for detections, wanted in zip(scene[cut:], expected[cut:], strict=True):
        found = second.update(detections)
        assert ids(found) == ids(wanted)
        np.testing.assert_array_equal(found.xyxy, wanted.xyxy)
        np.testing.assert_array_equal(found.score, wanted.score)
    assert second.state()["tracks"].tobytes() == whole.state()["tracks"].tobytes()
    np.testing.assert_array_equal(second.estimates(), whole.estimates())


def test_a_state_does_not_change_when_its_tracker_goes_on() -> None:
    tracker = ByteTracker(PLAIN, 25.0)
    tracker.update(boxes((10, 10, 40, 90, 0.9)))
    state = tracker.state()
    before = {name: array.copy() for name, array in state.items()}
    tracker.update(boxes((12, 10, 42, 90, 0.9)))
    assert all(np.array_equal(before[name], state[name]) for name in state)


@pytest.mark.parametrize("change", ["missing", "columns", "counts"])
def test_a_foreign_state_is_refused(change: str) -> None:
    state = ByteTracker(PLAIN, 25.0).state()
    if change == "missing":
        del state["counts"]
    elif change == "columns":
        state["tracks"] = np.zeros(3)
    else:
        state["counts"] = np.zeros(2, np.int64)
    with pytest.raises(ShapeError, match="state"):
        ByteTracker(PLAIN, 25.0).restore(state)


def test_a_new_track_brings_its_first_box_before_it_is_confirmed() -> None:
    tracker = ByteTracker(PLAIN, 25.0)
    tracker.update(Detections.none())
    first = tracker.update(boxes((10, 10, 40, 90, 0.9)))
    assert (ids(first), len(tracker.estimates())) == ([1], 0)
    second = tracker.update(boxes((12, 10, 42, 90, 0.9), (300, 10, 340, 90, 0.8)))
    assert (ids(second), len(tracker.estimates())) == ([1, 2], 1)


def test_tracked_boxes_are_the_detections_own() -> None:
    tracker = ByteTracker(PLAIN, 25.0)
    for step in range(10):
        given = boxes((10 + 3 * step, 10, 40 + 3 * step, 90, 0.9))
        found = tracker.update(given)
        np.testing.assert_array_equal(found.xyxy, given.xyxy)
        assert found.xyxy.dtype == np.float32
        assert found.track_id is not None
        assert found.track_id.dtype == np.int64


def test_a_weak_box_continues_a_track_and_never_starts_one() -> None:
    tracker = ByteTracker(PLAIN, 25.0)
    tracker.update(boxes((10, 10, 40, 90, 0.9)))
    found = tracker.update(boxes((11, 10, 41, 90, 0.15), (300, 10, 340, 90, 0.15)))
    assert ids(found) == [1]
    assert len(tracker.update(boxes((300, 10, 340, 90, 0.15)))) == 0


@pytest.mark.parametrize(("hidden", "same"), [(10, True), (12, False)])
def test_a_lost_person_is_waited_for_in_seconds(hidden: int, same: bool) -> None:
    tracker = ByteTracker(TrackingSettings(lost_s=1.0), 10.0)
    here = boxes((10, 10, 40, 90, 0.9))
    for _ in range(5):
        tracker.update(here)
    for _ in range(hidden):
        tracker.update(Detections.none())
    assert (ids(tracker.update(here)) == [1]) is same


def test_after_a_hole_in_the_recording_every_track_is_new_and_ids_go_on() -> None:
    tracker = ByteTracker(PLAIN, 25.0)
    here = boxes((10, 10, 40, 90, 0.9))
    assert ids(tracker.update(here)) == [1]
    tracker.forget()
    assert [ids(tracker.update(here)) for _ in range(2)] == [[2], [2]]


def test_boxes_without_an_area_feed_nobody() -> None:
    tracker = ByteTracker(PLAIN, 25.0)
    assert len(tracker.update(boxes((10, 10, 10, 90, 0.9), (10, 50, 40, 50, 0.9), (40, 90, 10, 10, 0.9)))) == 0
