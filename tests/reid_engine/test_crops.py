"""What makes a view good, and how choices are spread over time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reid_engine.crops import Choice, Cut, Spread, cut_out, greatest_overlap, rate_views, sharpness
from reid_engine.types import as_boxes

SIZE = (640, 360)


def rate(*boxes: tuple[float, float, float, float], score: float = 1.0) -> list[float]:
    return rate_views(as_boxes(boxes), np.full(len(boxes), score, np.float32), SIZE, 256).tolist()


def test_a_view_is_the_root_of_its_height_times_its_score() -> None:
    assert rate((100, 100, 130, 164), score=0.8) == pytest.approx([0.5 * 0.8])
    assert rate((100, 50, 250, 350)) == pytest.approx([1.0])
    assert rate() == []


def test_the_person_behind_is_hidden_and_the_one_in_front_half_disturbed() -> None:
    alone = rate((100, 50, 200, 306))[0]
    behind, front = rate((100, 50, 200, 306), (150, 60, 250, 316))
    share = 50 * 246 / (100 * 256)
    assert behind == pytest.approx(alone * (1 - share))
    assert front == pytest.approx(alone * (1 - share / 2))


@pytest.mark.parametrize("box", [(0, 50, 100, 306), (100, 0, 200, 256), (540, 50, 640, 306), (100, 104, 200, 360)])
def test_a_box_cut_by_the_pictures_edge_is_worth_less(box: tuple[float, float, float, float]) -> None:
    assert rate(box) == pytest.approx([0.6])


def test_views_stay_between_0_and_1_for_any_boxes() -> None:
    rng = np.random.default_rng(0)
    boxes = rng.uniform(-100, 700, (200, 4)).astype(np.float32)  # some inside out
    views = rate_views(boxes, rng.random(200, np.float32), SIZE, 256)
    assert ((views >= 0) & (views <= 1)).all()


def test_the_greatest_overlap_is_that_with_the_nearest_other_box() -> None:
    boxes = as_boxes([(0, 0, 10, 10), (5, 0, 15, 10), (9, 0, 19, 10), (50, 0, 60, 10), (70, 9, 60, 0)])
    assert greatest_overlap(boxes).tolist() == pytest.approx([1 / 3, 60 / 140, 60 / 140, 0, 0])
    assert greatest_overlap(as_boxes([(0, 0, 10, 10)])).tolist() == [0]
    assert greatest_overlap(as_boxes([])).tolist() == []


def test_a_blurred_crop_is_less_sharp() -> None:
    crop = np.random.default_rng(1).integers(0, 255, (100, 40, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(crop, (9, 9), 3)
    assert 0 < sharpness(np.asarray(blurred, np.uint8)) < sharpness(crop) < 1
    assert sharpness(np.full((50, 20, 3), 90, np.uint8)) == 0.0


def test_a_cut_holds_every_pixel_of_its_box_and_is_a_copy() -> None:
    image = np.arange(60 * 80 * 3, dtype=np.uint32).reshape(60, 80, 3).astype(np.uint8)
    cut = cut_out(image, np.array([10.7, 5.2, 20.1, 30.0], np.float32), 256)
    np.testing.assert_array_equal(cut, image[5:30, 10:21])
    image[:] = 0
    assert cut.any()


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((-50, -50, 300, 300), (60, 80)),
        ((200, 200, 300, 300), (1, 1)),
        ((-20, -20, -10, -10), (1, 1)),
        ((10, 10, 10, 10), (1, 1)),
    ],
)
def test_a_box_beyond_the_picture_still_gives_pixels(
    box: tuple[float, float, float, float], shape: tuple[int, int]
) -> None:
    cut = cut_out(np.zeros((60, 80, 3), np.uint8), np.array(box, np.float32), 256)
    assert cut.shape == (*shape, 3)


@pytest.mark.parametrize(("tall", "wide"), [(33, 10), (65, 11), (200, 3), (97, 80), (400, 1)])
def test_tall_crops_are_shrunk_and_keep_their_proportions(tall: int, wide: int) -> None:
    image = np.random.default_rng(2).integers(0, 255, (tall, wide, 3), dtype=np.uint8)
    cut = cut_out(image, np.array([0, 0, wide, tall], np.float32), 32)
    assert abs(cut.shape[1] - wide * 32 / tall) <= 1
    assert cut.shape[0] <= 32
    assert cut.mean() == pytest.approx(image.mean(), abs=12)


def choice(worth: float, index: int = 0) -> Choice:
    return Choice(worth, [Cut(index, 0, np.zeros(4, np.float32), worth, None)])


def test_every_stretch_of_time_keeps_its_best() -> None:
    spread = Spread(4, 10)
    for age, worth in [(0, 0.2), (5, 0.3), (9, 0.1), (12, 0.05), (39, 0.9)]:
        spread.offer(age, choice(worth))
    assert {number: kept.worth for number, kept in spread.choices.items()} == {0: 0.3, 1: 0.05, 3: 0.9}
    assert (spread.worth(11), spread.worth(25)) == (0.05, -1.0)


def test_stretches_double_so_that_there_are_never_too_many() -> None:
    spread = Spread(4, 10)
    rng = np.random.default_rng(3)
    offered = [(age, float(rng.random())) for age in range(0, 5000, 3)]
    for age, worth in offered:
        spread.offer(age, choice(worth))
        assert len(spread.choices) <= 4
        assert len(spread.choices) >= 2 or age < 10
    for number, kept in spread.choices.items():
        rivals = [worth for age, worth in offered if age // spread.length_us == number]
        assert kept.worth == max(rivals)


def test_a_tie_goes_to_the_earlier() -> None:
    spread = Spread(2, 10)
    for age, index in [(0, 1), (5, 2), (10, 3), (25, 4)]:
        spread.offer(age, choice(0.5, index))
    assert [kept.cuts[0].frame_index for kept in spread.choices.values()] == [1, 4]
