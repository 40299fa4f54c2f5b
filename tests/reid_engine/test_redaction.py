from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_engine.errors import UsageError
from reid_engine.redaction import GREY, HELD_US, MARGIN, STAY_US, Cover, Redaction, cover, covered
from reid_engine.types import CameraId, Part, SourceId, Tracklet, TrackletId, as_boxes

SIZE = (200, 100)
SECOND = 1_000_000
MODES: tuple[Redaction, ...] = ("others", "surroundings")


def walker(number: int, times_us: list[int], boxes: list[list[float]]) -> Tracklet:
    stamps = np.array(times_us, np.int64)
    score = np.ones(len(times_us), np.float32)
    where = as_boxes(boxes)
    return Tracklet(TrackletId(number), CameraId(1), SourceId(1), times_us[0], times_us[-1], stamps, where, score, 1.0)


def hidden(mode: Redaction, time_us: int, subject: list[Tracklet], others: list[Tracklet]) -> np.ndarray:
    """(H, W) True where a picture is covered."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    cover(image, covered(mode, SIZE, time_us, subject, others))
    assert set(np.unique(image)) <= {0, GREY}
    found: np.ndarray = image[:, :, 0] == GREY
    return found


ME = walker(1, list(range(0, 10 * SECOND, SECOND)), [[20, 20, 40, 80]] * 10)
STANDING = walker(2, list(range(0, 10 * SECOND, SECOND)), [[100, 10, 120, 60]] * 10)


def test_nothing_is_covered_unless_it_was_asked_for() -> None:
    assert covered("none", SIZE, 0, [], [STANDING]) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_gap_in_which_the_person_is_unknown_is_covered_whole(mode: Redaction) -> None:
    apart = walker(1, [0, 3 * SECOND], [[20, 20, 40, 80]] * 2)
    assert covered(mode, SIZE, SECOND, [apart], []) == [Part(0, 0, *SIZE)]
    assert covered(mode, SIZE, SECOND, [apart], [STANDING]) == [Part(0, 0, *SIZE)]


def test_alone_nothing_is_left_before_the_first_and_after_the_last_box() -> None:
    for time_us in (-SECOND, 20 * SECOND):
        assert covered("surroundings", SIZE, time_us, [ME], []) == [Part(0, 0, *SIZE)]


@pytest.mark.parametrize("time_us", [-5 * SECOND, -1, 15 * SECOND, 20 * SECOND])
def test_before_the_first_and_after_the_last_box_everybody_else_is_covered_and_no_more(time_us: int) -> None:
    """A track of the person that nobody confirmed is somebody else; where nobody is, nothing is covered."""
    always = walker(2, list(range(-10 * SECOND, 30 * SECOND, SECOND)), [[100, 10, 120, 60]] * 40)
    early = [walker(1, [0, SECOND], [[20, 20, 40, 80]] * 2)]
    assert covered("others", SIZE, time_us, early, []) == []
    assert np.array_equal(hidden("others", time_us, early, [always]), hidden("others", 0, early, [always]))
    assert hidden("others", time_us, early, [always]).any()


def test_everybody_else_is_covered_with_a_margin_and_the_rest_is_as_it_was() -> None:
    found = hidden("others", 5 * SECOND, [ME], [STANDING])
    wide, high = round(20 * MARGIN), round(50 * MARGIN + 0.5)
    expected = np.zeros_like(found)
    expected[10 - high : 60 + high, 100 - wide : 120 + wide] = True
    assert np.array_equal(found, expected)


def test_alone_means_that_only_the_persons_own_box_is_left() -> None:
    found = hidden("surroundings", 5 * SECOND, [ME], [STANDING])
    assert not found[20:80, 20:40].any()
    assert found.sum() == found.size - 60 * 20


@pytest.mark.parametrize("mode", MODES)
def test_within_the_persons_box_only_another_box_itself_is_covered(mode: Redaction) -> None:
    near = walker(3, list(range(0, 10 * SECOND, SECOND)), [[36, 20, 60, 80]] * 10)
    found = hidden(mode, 5 * SECOND, [ME], [near])
    assert found[20:80, 36:60].all()
    assert not found[20:80, 20:36].any()


@pytest.mark.parametrize("mode", MODES)
def test_two_tracks_of_the_person_are_both_shown(mode: Redaction) -> None:
    also = walker(4, list(range(0, 10 * SECOND, SECOND)), [[150, 20, 170, 80]] * 10)
    found = hidden(mode, 5 * SECOND, [ME, also], [STANDING])
    assert not found[20:80, 150:170].any()
    assert not found[20:80, 20:40].any()
    assert found[10:60, 100:120].all()


def test_somebody_is_covered_before_they_are_first_found_and_after_they_were_last() -> None:
    brief = walker(3, [4 * SECOND, 5 * SECOND], [[100, 10, 120, 60]] * 2)
    for away_us, there in ((STAY_US, True), (STAY_US + HELD_US, True), (STAY_US + HELD_US + 1, False)):
        assert hidden("others", 4 * SECOND - away_us, [ME], [brief])[30, 110] == there
        assert hidden("others", 5 * SECOND + away_us, [ME], [brief])[30, 110] == there


def test_where_nobody_knows_the_way_both_ends_of_the_gap_are_covered_with_what_is_between() -> None:
    gone = walker(3, [2 * SECOND, 6 * SECOND], [[60, 10, 80, 60], [140, 20, 160, 90]])
    assert hidden("others", 4 * SECOND, [ME], [gone])[10:90, 60:160].all()


@given(st.integers(0, 9 * SECOND), st.floats(-30, 190), st.floats(-30, 190), st.sampled_from(MODES))
def test_whoever_walks_is_covered_at_every_moment(time_us: int, start: float, end: float, mode: Redaction) -> None:
    times = list(range(0, 10 * SECOND, SECOND))
    lefts = np.linspace(start, end, len(times))
    other = walker(3, times, [[left, 10, left + 20, 60] for left in lefts])
    found = hidden(mode, time_us, [ME], [other])
    left = float(np.interp(time_us, times, lefts))
    inside = found[10:60, max(0, int(np.floor(left + 0.01))) : max(0, int(np.ceil(left + 19.99)))]
    assert inside.all()


@given(st.lists(st.tuples(st.integers(0, 180), st.integers(0, 90)), max_size=4), st.sampled_from(MODES))
def test_the_person_is_shown_wherever_no_other_box_lies(corners: list[tuple[int, int]], mode: Redaction) -> None:
    times = list(range(0, 10 * SECOND, SECOND))
    boxes = [[x, y, x + 15, y + 30] for x, y in corners]
    people = [walker(5 + place, times, [list(map(float, box))] * 10) for place, box in enumerate(boxes)]
    found = hidden(mode, 5 * SECOND, [ME], people)
    expected = np.zeros_like(found)
    for x1, y1, x2, y2 in boxes:
        expected[y1:y2, x1:x2] = True
    assert np.array_equal(found[20:80, 20:40], expected[20:80, 20:40])


def test_a_cover_drawn_by_hand_lies_on_its_span_and_box_alone_within_the_picture() -> None:
    drawn = Cover("Gate", 1_000, 2_000, (-5, 2.5, 40, 500))
    assert [drawn.part(time_us, (100, 50)) for time_us in (999, 1_000, 2_000, 2_001)] == [
        None, Part(0, 2, 40, 50), Part(0, 2, 40, 50), None,
    ]  # fmt: skip
    assert Cover("Gate", 0, 1, (100, 0, 120, 50)).part(0, (100, 50)) is None


@pytest.mark.parametrize(
    ("span", "box"),
    [((2, 1), (0, 0, 1, 1)), ((1, 2), (1, 0, 1, 1)), ((1, 2), (0, 3, 1, 1)), ((1, 2), (0, 0, float("nan"), 1))],
)
def test_a_cover_of_no_time_or_no_box_is_refused(span: tuple[int, int], box: tuple[float, float, float, float]) -> None:
    with pytest.raises(UsageError):
        Cover("Gate", *span, box)
