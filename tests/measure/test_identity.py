"""The identity measures on cases worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.measure.identity import Boxes, Scores, intersection_over_union, score

HERE = (0.0, 0.0, 10.0, 20.0)
THERE = (100.0, 0.0, 110.0, 20.0)


def boxes(*rows: tuple[int, int, tuple[float, float, float, float]]) -> Boxes:
    """Rows of picture, identity, box."""
    return Boxes.from_rows([[picture, identity, *box] for picture, identity, box in rows])


def person(identity: int, pictures: range, where: tuple[float, float, float, float] = HERE) -> list[tuple]:
    return [(picture, identity, where) for picture in pictures]


def test_a_perfect_answer_under_other_names_scores_one() -> None:
    truth = boxes(*person(1, range(10)), *person(2, range(5), THERE))
    found = boxes(*person(70, range(10)), *person(4, range(5), THERE))
    assert score(truth, found) == Scores(1.0, 1.0, 1.0, 1.0, 2)


def test_a_person_in_two_pieces_counts_the_longer_one() -> None:
    truth = boxes(*person(1, range(10)))
    found = boxes(*person(5, range(7)), *person(6, range(7, 10)))
    # IDTP 7, IDFN 3, IDFP 3: IDF1 = 14 / 20
    assert score(truth, found) == Scores(0.7, 1.0, 1.0, 1.0, 2)


def test_two_people_who_swap_names_are_pure_for_the_larger_part_only() -> None:
    truth = boxes(*person(1, range(10)), *person(2, range(10), THERE))
    found = boxes(
        *person(5, range(6)), *person(5, range(6, 10), THERE), *person(6, range(6), THERE), *person(6, range(6, 10))
    )
    assert score(truth, found) == Scores(0.6, 1.0, 1.0, 0.6, 2)


def test_one_name_for_two_people_is_given_to_one_of_them() -> None:
    truth = boxes(*person(1, range(6)), *person(2, range(6, 10), THERE))
    found = boxes(*person(5, range(6)), *person(5, range(6, 10), THERE))
    assert score(truth, found) == Scores(0.6, 1.0, 1.0, 0.6, 1)


def test_missed_and_invented_boxes_lower_recall_and_precision() -> None:
    truth = boxes(*person(1, range(10)))
    found = boxes(*person(5, range(8)), *person(6, range(2), THERE))
    # IDTP 8 of 10 true and 10 found
    assert score(truth, found) == Scores(0.8, 0.8, 0.8, 1.0, 2)


def test_two_boxes_on_one_person_cover_it_once() -> None:
    truth = boxes(*person(1, range(4)))
    found = boxes(*person(5, range(4)), *person(6, range(4), (0.0, 0.0, 10.0, 19.0)))
    found_scores = score(truth, found)
    assert (found_scores.recall, found_scores.precision) == (1.0, 0.5)
    assert found_scores.idf1 == pytest.approx(8 / 12)


@pytest.mark.parametrize(("height", "covered"), [(10.0, True), (9.9, False)])
def test_a_box_covers_from_half_overlap(height: float, covered: bool) -> None:
    found = boxes((0, 1, (0.0, 0.0, 10.0, height)))
    assert (score(boxes((0, 1, HERE)), found).recall == 1.0) is covered


def test_nothing_found_and_nobody_there_are_zero_and_no_error() -> None:
    nothing = Boxes.from_rows([])
    some = boxes(*person(1, range(3)))
    assert score(some, nothing) == Scores(0.0, 0.0, 0.0, 0.0, 0)
    assert score(nothing, some) == Scores(0.0, 0.0, 0.0, 0.0, 1)
    assert score(nothing, nothing) == Scores(0.0, 0.0, 0.0, 0.0, 0)


def test_overlap_of_boxes_without_an_area_is_zero() -> None:
    flat = np.array([[5.0, 5.0, 5.0, 9.0]])
    np.testing.assert_array_equal(intersection_over_union(flat, flat), [[0.0]])


def test_truth_is_read_in_pixels_of_the_video_and_flagged_rows_are_left_out(tmp_path: Path) -> None:
    from tests.measure.mot import dump, read_truth

    file = tmp_path / "gt.txt"
    file.write_text("1,9,100,40,30,80,1,-1,-1,-1\n3,2,8,8,16,32,1,-1,-1,-1\n2,9,100,40,30,80,0,-1,-1,-1\n")
    truth = read_truth(file, 0.5)
    assert truth.picture.tolist() == [0, 2]
    assert truth.identity.tolist() == [9, 2]
    assert truth.xyxy.tolist() == [[50, 20, 65, 60], [4, 4, 12, 20]]
    dump(truth, tmp_path / "again.txt")
    again = read_truth(tmp_path / "again.txt", 1.0)
    assert score(truth, again) == Scores(1.0, 1.0, 1.0, 1.0, 2)
