"""From tracked boxes to closed tracklets: when they end, what is kept, and going on from a checkpoint."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from reid_engine.errors import ShapeError
from reid_engine.settings import TrackingSettings, TrackletSettings
from reid_engine.tracking import ByteTracker
from reid_engine.tracklets import TrackletBuilder
from reid_engine.types import BgrImage, ClosedTracklet, Detections, Frame, State
from tests.reid_engine.crowds import crowd

PLAIN = TrackletSettings()
STEP_US = 100_000
SIZE = (640, 360)
Box = tuple[float, float, float, float]


def picture(index: int, size: tuple[int, int] = SIZE) -> BgrImage:
    """A picture of ``size`` (width, height) that no other index has."""
    return np.random.default_rng(index).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)


def frame(index: int, *, at_us: int | None = None, size: tuple[int, int] = SIZE) -> Frame:
    return Frame(0, index, index * STEP_US if at_us is None else at_us, picture(index, size))


def tracked(people: dict[int, Box], score: float = 0.9) -> Detections:
    return Detections(
        np.array(list(people.values()), np.float32).reshape(-1, 4),
        np.full(len(people), score, np.float32),
        np.array(list(people), np.int64),
    )


def walk(
    pictures: int,
    *,
    settings: TrackletSettings = PLAIN,
    missing: Sequence[int] = (),
    box: Box = (100, 100, 140, 200),
    step_us: int = STEP_US,
) -> list[ClosedTracklet]:
    """What becomes of one person who stands still for ``pictures`` pictures and is not seen in the ``missing`` ones."""
    builder = TrackletBuilder(settings, SIZE)
    closed: list[ClosedTracklet] = []
    for index in range(pictures):
        closed += builder.push(frame(index, at_us=index * step_us), tracked({} if index in missing else {7: box}))
    return closed + builder.finish()


def test_boxes_arrive_as_they_were_given() -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    for index in range(20):
        people = {3: (100.0 + index, 50.0, 130.5 + index, 150.25)}
        assert builder.push(frame(index), tracked(people, score=0.5 + index / 100)) == []
    (tracklet,) = builder.finish()
    assert tracklet.track_id == 3
    assert tracklet.frame_index.tolist() == list(range(20))
    assert tracklet.offset_us.tolist() == [index * STEP_US for index in range(20)]
    np.testing.assert_array_equal(tracklet.xyxy[:, 0], 100 + np.arange(20, dtype=np.float32))
    np.testing.assert_allclose(tracklet.score, 0.5 + np.arange(20) / 100, rtol=1e-6)
    assert (tracklet.xyxy.dtype, tracklet.score.dtype) == (np.float32, np.float32)


def test_someone_unseen_for_longer_than_the_gap_gives_two_tracklets() -> None:
    assert len(walk(40, missing=range(10, 24))) == 1
    first, second = walk(40, missing=range(10, 25))
    assert first.frame_index.tolist() == list(range(10))
    assert second.frame_index.tolist() == list(range(25, 40))
    assert first.track_id == second.track_id == 7


def test_a_tracklet_closes_as_soon_as_its_gap_is_over() -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    for index in range(5):
        builder.push(frame(index), tracked({1: (100, 100, 140, 200)}))
    assert builder.push(frame(19), tracked({})) == []
    assert [t.track_id for t in builder.push(frame(20), tracked({}))] == [1]
    assert builder.finish() == []


def test_no_tracklet_is_longer_than_its_limit() -> None:
    lengths = [t.offset_us[-1] - t.offset_us[0] for t in walk(100, settings=TrackletSettings(length_s=3.0))]
    assert lengths == [2_900_000, 2_900_000, 2_900_000, 900_000]


@pytest.mark.parametrize(("shift", "pieces"), [(149, 1), (151, 2)])
def test_a_jump_of_more_than_its_share_of_the_height_splits(shift: float, pieces: int) -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    closed = []
    for index in range(10):
        x = 100.0 + (shift if index >= 5 else 0)
        closed += builder.push(frame(index), tracked({1: (x, 100, x + 40, 200)}))
    assert len(closed + builder.finish()) == pieces


def meeting(together: int, cut: int | None = None) -> list[ClosedTracklet]:
    """Two people stand apart, one behind the other for ``together`` pictures, and apart again; restored at ``cut``."""
    builder, closed = TrackletBuilder(PLAIN, SIZE), []
    for index in range(30):
        if index == cut:
            state, builder = builder.state(), TrackletBuilder(PLAIN, SIZE)
            builder.restore(state)
            for number in builder.wanted():
                builder.supply(frame(number))
        x = 110.0 if 10 <= index < 10 + together else 135.0
        closed += builder.push(frame(index), tracked({1: (100, 100, 140, 200), 2: (x, 100, x + 40, 200)}))
    return closed + builder.finish()


def test_two_people_who_were_one_box_for_a_while_begin_anew_when_they_part() -> None:
    assert [(t.track_id, len(t.score)) for t in meeting(2)] == [(1, 30), (2, 30)]
    assert [(t.track_id, len(t.score)) for t in meeting(3)] == [(1, 13), (2, 13), (1, 17), (2, 17)]
    assert same(meeting(3, cut=12), meeting(3))


def test_short_and_small_tracks_are_noise() -> None:
    assert len(walk(4)) == 1
    assert walk(3) == []
    assert len(walk(3, step_us=500_000)) == 1
    assert walk(2, step_us=500_000) == []
    assert len(walk(9, step_us=40_000)) == 1
    assert walk(8, step_us=40_000) == []
    assert walk(20, box=(100, 100, 110, 123)) == []
    assert len(walk(20, box=(100, 100, 110, 124))) == 1


def test_where_nobody_is_seen_well_it_takes_longer_to_believe() -> None:
    faint = TrackletSettings(poor=1.0)
    assert walk(9, settings=faint) == []
    assert len(walk(10, settings=faint)) == 1


@pytest.mark.parametrize("grows", [True, False])
def test_somebody_cut_by_the_edge_of_the_picture_does_not_jump(grows: bool) -> None:
    """From above only the feet come first: the middle moves by three times their height in a picture."""
    builder = TrackletBuilder(PLAIN, SIZE)
    for index in range(12):
        bottom = 16.0 if (index < 6) == grows else 110.0
        assert builder.push(frame(index), tracked({1: (100, 0, 140, bottom)})) == []
    assert [len(t.score) for t in builder.finish()] == [12]


def test_boxes_without_track_ids_are_refused() -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    boxes = tracked({1: (100, 100, 140, 200)})
    with pytest.raises(ShapeError, match="track them first"):
        builder.push(frame(0), Detections(boxes.xyxy, boxes.score))
    assert builder.push(frame(0), Detections.none()) == []


def test_a_long_tracklet_keeps_8_crops_and_up_to_3_whole_runs_spread_in_time() -> None:
    (tracklet,) = walk(400)
    best, runs = tracklet.crops.best, tracklet.crops.runs
    assert len(best) == 8
    assert [c.quality for c in best] == sorted((c.quality for c in best), reverse=True)
    assert tracklet.quality == best[0].quality
    assert np.ptp([c.offset_us for c in best]) > 15_000_000
    assert 2 <= len(runs) <= 3
    for run in runs:
        assert np.diff([c.frame_index for c in run]).tolist() == [1] * 15
    starts = [run[0].offset_us for run in runs]
    assert starts == sorted(starts)
    assert starts[-1] - starts[0] > 8_000_000


def test_runs_are_consecutive_among_the_analysed_pictures() -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    for index in range(0, 200, 5):  # every fifth picture is analysed
        builder.push(frame(index), tracked({1: (100, 100, 140, 200)}))
    (tracklet,) = builder.finish()
    assert all(np.diff([c.frame_index for c in run]).tolist() == [5] * 15 for run in tracklet.crops.runs)
    assert tracklet.crops.runs


def test_a_short_tracklet_keeps_what_it_has_as_one_run() -> None:
    (tracklet,) = walk(11, missing=[3])
    (run,) = tracklet.crops.runs
    assert [c.frame_index for c in run] == [4, 5, 6, 7, 8, 9, 10]


def test_without_runs_none_are_kept() -> None:
    (tracklet,) = walk(40, settings=TrackletSettings(runs=0))
    assert tracklet.crops.runs == ()
    assert tracklet.crops.best


def test_crops_are_cut_from_their_own_picture_and_box() -> None:
    (tracklet,) = walk(50)
    for crop in [*tracklet.crops.best, *(c for run in tracklet.crops.runs for c in run)]:
        found = cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR).astype(float)
        whole = picture(crop.frame_index)[100:200, 100:140].astype(float)
        assert crop.xyxy == (100, 100, 140, 200)
        assert crop.offset_us == crop.frame_index * STEP_US
        assert np.corrcoef(cv2.blur(found, (5, 5)).ravel(), cv2.blur(whole, (5, 5)).ravel())[0, 1] > 0.8


def test_clear_views_are_chosen_before_hidden_and_blurred_ones() -> None:
    builder = TrackletBuilder(TrackletSettings(best_crops=4), SIZE)
    for index in range(60):
        here = frame(index)
        if 20 <= index < 40:
            here = Frame(0, index, here.offset_us, np.asarray(cv2.GaussianBlur(here.image, (15, 15), 5), np.uint8))
        people: dict[int, Box] = {1: (100, 100, 140, 200)}
        if index < 20:
            people[2] = (105, 100, 145, 205)  # stands before the first
        builder.push(here, tracked(people))
    tracklet = next(t for t in builder.finish() if t.track_id == 1)
    assert tracklet.crops.best[0].frame_index >= 40
    assert all(c.frame_index >= 20 for c in tracklet.crops.best), "hidden ones are left out"
    assert tracklet.crops.runs[-1][0].frame_index >= 20


def test_the_image_may_be_overwritten_after_a_push() -> None:
    builders = [TrackletBuilder(PLAIN, SIZE) for _ in range(2)]
    for index in range(30):
        for builder, spoil in zip(builders, (False, True), strict=True):
            here = frame(index)
            builder.push(here, tracked({1: (100, 100, 140, 200)}))
            if spoil:
                here.image[:] = 0
    assert same(*(builder.finish() for builder in builders))


def same(first: list[ClosedTracklet], second: list[ClosedTracklet]) -> bool:
    """Bit for bit, in order."""
    return [_bytes(t) for t in first] == [_bytes(t) for t in second]


def _bytes(t: ClosedTracklet) -> tuple[object, ...]:
    columns = tuple(a.tobytes() for a in (t.frame_index, t.offset_us, t.xyxy, t.score))
    return t.track_id, *columns, t.quality, t.crops


def through_a_file(state: State) -> State:
    block = io.BytesIO()
    np.savez(block, **state)
    block.seek(0)
    with np.load(block, allow_pickle=False) as found:
        return dict(found)


def street(pictures: int) -> list[Detections]:
    """Tracked people who cross, vanish and come back."""
    tracker = ByteTracker(TrackingSettings(lost_s=2.0), 10.0)
    return [tracker.update(d) for d in crowd(11, 5, pictures, missing=0.25, empty=0.05, size=240.0)]


def test_going_on_from_any_checkpoint_gives_the_same_bits() -> None:
    pictures, size = 150, (240, 240)
    settings = TrackletSettings(length_s=6.0, run_length=6, gap_s=0.8, crop_height_px=64)
    scene = street(pictures)
    images = [frame(index, size=size) for index in range(pictures)]
    whole = TrackletBuilder(settings, size)
    pushed, states = [], [whole.state()]
    for here, people in zip(images, scene, strict=True):
        pushed.append(whole.push(here, people))
        states.append(whole.state())
    ended = whole.finish()
    assert sum(len(closed) for closed in pushed) + len(ended) >= 15
    cuts = np.random.default_rng(5).choice(pictures + 1, 25, replace=False).tolist()
    for cut in [0, 1, pictures, *cuts]:
        again = TrackletBuilder(settings, size)
        again.restore(through_a_file(states[cut]))
        for index in again.wanted():
            assert index < cut
            again.supply(images[index])
        assert again.wanted() == []
        assert all(a.tobytes() == states[cut][name].tobytes() for name, a in again.state().items())
        for index in range(cut, pictures):
            assert same(again.push(images[index], scene[index]), pushed[index])
        assert same(again.finish(), ended)


def test_pictures_that_nobody_wants_change_nothing() -> None:
    builder, again = TrackletBuilder(PLAIN, SIZE), TrackletBuilder(PLAIN, SIZE)
    for index in range(40):
        builder.push(frame(index), tracked({1: (100, 100, 140, 200)}))
    again.restore(builder.state())
    assert again.wanted()
    for index in range(40):
        again.supply(frame(index))
    assert same(again.finish(), builder.finish())


def test_a_checkpoint_is_small_and_holds_no_pixels() -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    people: dict[int, Box] = {number: (60.0 * number, 100, 60.0 * number + 40, 200) for number in range(1, 9)}
    for index in range(250):  # 8 people for 10 s at 25 a second
        builder.push(frame(index, at_us=index * 40_000), tracked(people))
    assert sum(array.nbytes for array in builder.state().values()) < 8 * 16_000


@pytest.mark.parametrize("change", ["missing", "different"])
def test_a_foreign_state_is_refused(change: str) -> None:
    state = TrackletBuilder(PLAIN, SIZE).state()
    if change == "missing":
        del state["cuts"]
    else:
        state["open"] = np.zeros(2)
    with pytest.raises(ShapeError, match="no state of a tracklet builder"):
        TrackletBuilder(PLAIN, SIZE).restore(state)


def test_tracklets_come_oldest_first() -> None:
    builder = TrackletBuilder(PLAIN, SIZE)
    for index in range(10):
        there: dict[int, Box] = {9: (100, 100, 140, 200)}
        if index >= 3:
            there[4] = (300, 100, 340, 200)
        builder.push(frame(index), tracked(dict(reversed(there.items()))))
    assert [t.track_id for t in builder.push(frame(40), tracked({}))] == [9, 4]
