from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hits import Fit, dragged_box, hit
from reid_engine.types import CameraId, SourceId, Tracklet, TrackletId, as_boxes
from reid_engine.whereabouts import Shown, box_at, boxes_at


def tracklet(number: int, times: list[int], boxes: list[list[float]]) -> Tracklet:
    stamps = np.array(times, np.int64)
    score = np.ones(len(times), np.float32)
    where = as_boxes(boxes)
    return Tracklet(TrackletId(number), CameraId(1), SourceId(1), times[0], times[-1], stamps, where, score, 1.0)


def test_a_point_hits_the_smallest_of_overlapping_boxes() -> None:
    shown = Shown(np.array([7, 8]), as_boxes([[0, 0, 100, 100], [40, 40, 60, 60]]))
    assert hit(shown.xyxy, 50, 50) == 1
    assert hit(shown.xyxy, 10, 10) == 0
    assert hit(shown.xyxy, 101, 50) is None


def test_nobody_is_hit_in_an_empty_picture() -> None:
    assert hit(Shown.nobody().xyxy, 5, 5) is None


def test_a_box_moves_evenly_between_two_analysed_pictures() -> None:
    walker = tracklet(1, [0, 400_000], [[0, 0, 10, 20], [40, 0, 50, 20]])
    box = box_at(walker, 100_000)
    assert box is not None
    assert box.tolist() == [10, 0, 20, 20]


def test_a_box_is_not_invented_within_a_gap() -> None:
    walker = tracklet(1, [0, 5_000_000], [[0, 0, 10, 20], [40, 0, 50, 20]])
    assert box_at(walker, 2_000_000) is None


def test_a_box_stays_a_moment_and_no_longer() -> None:
    walker = tracklet(4, [1_000_000, 1_100_000], [[0, 0, 10, 20], [0, 0, 10, 20]])
    assert boxes_at([walker], 1_150_000).tracklet.tolist() == [4]
    assert boxes_at([walker], 1_300_000).tracklet.tolist() == []
    assert boxes_at([walker], 800_000).tracklet.tolist() == []


sides = st.integers(1, 4000)


@given(source=st.tuples(sides, sides), room=st.tuples(sides, sides), x=st.floats(0, 1), y=st.floats(0, 1))
def test_screen_and_source_are_each_others_reverse(
    source: tuple[int, int], room: tuple[int, int], x: float, y: float
) -> None:
    fit = Fit.inside(source, room)
    px, py = x * source[0], y * source[1]
    sx, sy, _, _ = fit.to_screen(np.array([[px, py, px, py]], np.float64))[0]
    assert -0.01 <= sx <= room[0] + 0.01
    assert -0.01 <= sy <= room[1] + 0.01
    assert fit.to_source(float(sx), float(sy)) == pytest.approx((px, py), abs=1e-3 * max(1.0, 1 / fit.scale))


def test_a_drawn_box_is_kept_inside_the_picture() -> None:
    assert dragged_box((90, 80), (-20, 10), (64, 48)) == (0, 10, 64, 48)
    assert dragged_box((10, 10), (13, 40), (64, 48)) is None
