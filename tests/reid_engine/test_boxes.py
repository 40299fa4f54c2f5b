"""Pictures into networks and boxes out of them."""

from __future__ import annotations

import numpy as np
import pytest

from reid_engine.boxes import Letterbox, agreement, iou, layout_of, letterboxed, people, suppress
from reid_engine.types import Part


def raw(columns: list[tuple[float, ...]], classes: int = 3, anchors: int = 20) -> np.ndarray:
    """(4 + classes, anchors): the given columns first, the rest empty."""
    output = np.zeros((4 + classes, anchors), np.float32)
    for index, column in enumerate(columns):
        output[:, index] = column
    return output


@pytest.mark.parametrize(
    ("source", "inner", "outer", "top", "left"),
    [
        ((360, 640), (360, 640), (384, 640), 12, 0),
        ((288, 360), (512, 640), (512, 640), 0, 0),
        ((353, 287), (640, 520), (640, 544), 0, 12),
        ((480, 480), (640, 640), (640, 640), 0, 0),
        ((3, 4000), (1, 640), (32, 640), 15, 0),
    ],
)
def test_a_picture_lies_centred_in_the_smallest_rectangle_of_the_stride(
    source: tuple[int, int], inner: tuple[int, int], outer: tuple[int, int], top: int, left: int
) -> None:
    fit = Letterbox.fit(source, (640, 640), 32)
    assert (fit.inner, fit.outer, fit.top, fit.left) == (inner, outer, top, left)
    placed = fit.apply(np.full((*source, 3), 7, np.uint8))
    assert placed.shape == (1, *outer, 3)
    assert (placed[0, top : top + inner[0], left : left + inner[1]] == 7).all()
    assert (placed == 7).sum() == inner[0] * inner[1] * 3
    assert (placed[placed != 7] == 114).all()


def test_a_fixed_network_gets_its_own_shape() -> None:
    assert Letterbox.fit((360, 640), (416, 416), None).outer == (416, 416)


def test_a_part_keeps_the_scale_of_its_picture_whatever_its_shape() -> None:
    whole = Letterbox.fit((540, 960), (640, 640), 32)
    fit = whole.of_part(Part(300, 100, 680, 540), 32)
    assert (fit.source, fit.inner, fit.outer) == ((440, 380), (293, 253), (320, 256))
    assert (fit.top, fit.left) == (13, 1)


def test_boxes_come_back_to_the_pixels_of_the_source_and_end_at_its_edges() -> None:
    fit = Letterbox.fit((288, 360), (640, 640), 32)
    scale = 640 / 360
    inside = np.array([[10, 20, 30, 40]], np.float32) * np.float32(scale) + np.array([0, fit.top] * 2, np.float32)
    outside = np.array([[-50, -50, 900, 900]], np.float32)
    back = fit.to_source(np.concatenate([inside, outside]))
    assert back[0] == pytest.approx([10, 20, 30, 40], abs=1e-4)
    assert back[1].tolist() == [0, 0, 360, 288]


@pytest.mark.parametrize(
    ("shape", "classes", "layout"),
    [
        ((1, 84, 8400), 80, "raw"),
        ((1, 5, 2100), None, "raw"),
        ((1, 300, 6), 80, "final"),
        ((1, 84, 8400), 1, None),
        ((1, 3549, 85), None, None),
        ((1, 256), None, None),
        ((1, 21, 64, 64), None, None),
    ],
)
def test_a_layout_is_told_by_the_shape(shape: tuple[int, ...], classes: int | None, layout: str | None) -> None:
    assert layout_of(shape, classes) == layout


def test_a_person_is_a_box_whose_best_class_is_person() -> None:
    output = raw([(50, 50, 20, 40, 0.9, 0.1, 0.0), (150, 50, 20, 40, 0.5, 0.6, 0.0), (90, 90, 2, 2, 0.05, 0, 0)])
    boxes, scores = people(output, "raw", 0, 0.1, 0.7)
    assert boxes.tolist() == [[40, 30, 60, 70]]
    assert scores == pytest.approx([0.9])
    boxes, scores = people(output, "raw", 1, 0.1, 0.7)
    assert boxes.tolist() == [[140, 30, 160, 70]]


def test_of_two_boxes_of_one_person_the_stronger_stays() -> None:
    output = raw([(50, 50, 20, 40, 0.6, 0, 0), (51, 50, 20, 40, 0.8, 0, 0), (65, 50, 20, 40, 0.7, 0, 0)])
    _, scores = people(output, "raw", 0, 0.1, 0.7)
    assert scores == pytest.approx([0.8, 0.7])


def test_a_final_layout_is_only_filtered() -> None:
    output = np.zeros((300, 6), np.float32)
    output[:3] = [(1, 2, 3, 4, 0.9, 0), (1, 2, 3, 4, 0.8, 0), (5, 6, 7, 8, 0.7, 2)]
    boxes, scores = people(output, "final", 0, 0.1, 0.7)
    assert boxes.tolist() == [[1, 2, 3, 4], [1, 2, 3, 4]]
    assert scores == pytest.approx([0.9, 0.8])


def test_an_empty_picture_has_nobody() -> None:
    fit = Letterbox.fit((32, 32), (32, 32), 32)
    assert len(letterboxed(raw([]), "raw", 0, 0.1, 0.7, fit)) == 0


def test_suppression_is_greedy_from_the_best() -> None:
    chain = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]], np.float32)
    assert suppress(chain, np.array([0.9, 0.8, 0.7], np.float32), 0.5).tolist() == [0, 2]
    assert suppress(chain, np.array([0.8, 0.9, 0.7], np.float32), 0.5).tolist() == [1]
    assert suppress(chain[:0], np.empty(0, np.float32), 0.5).tolist() == []


def test_overlap_of_boxes_without_area_is_nothing() -> None:
    flat = np.array([[5, 5, 5, 5]], np.float32)
    assert iou(flat, flat).tolist() == [0.0]


def outputs(anchors: int = 400) -> np.ndarray:
    rng = np.random.default_rng(5)
    size = np.concatenate([rng.uniform(50, 300, (2, anchors)), rng.uniform(20, 60, (2, anchors))])
    return np.concatenate([size, rng.uniform(0, 1, (3, anchors))])[None].astype(np.float32)


def test_agreement_sees_moved_boxes_and_other_scores() -> None:
    reference = outputs()
    same = agreement(reference, reference.copy(), "raw")
    assert (same.box_px, same.score, same.share, same.score_p95) == (0, 0, 1, 0)
    moved = reference.copy()
    moved[:, 0] += 15
    assert agreement(reference, moved, "raw").share < 0.5
    louder = reference.copy()
    louder[:, 4:] *= 0.7
    assert agreement(reference, louder, "raw").score_p95 > 0.2
    swapped = reference[:, [0, 1, 2, 3, 5, 4, 6]]
    assert agreement(reference, swapped, "raw").score > 0.5


def test_numbers_that_are_not_finite_and_other_shapes_never_agree() -> None:
    reference = outputs()
    broken = reference.copy()
    broken[0, 5, 7] = np.nan
    assert agreement(reference, broken, "raw").share == 0
    assert agreement(reference, reference[:, :, :-1], "raw").share == 0


def test_final_rows_agree_in_any_order() -> None:
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 500, (1, 300, 2))
    rows = np.concatenate([corner, corner + 40, rng.uniform(0, 1, (1, 300, 1)), np.zeros((1, 300, 1))], axis=2)
    rows = rows.astype(np.float32)
    found = agreement(rows, rows[:, ::-1], "final")
    assert found.box_px == 0
    assert found.share == 1


def test_a_crowd_of_several_blocks_is_suppressed_like_one_box_after_the_other() -> None:
    rng = np.random.default_rng(5)
    corner = rng.integers(0, 40, (400, 2)) * 15 + rng.normal(0, 3, (400, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(30, 50, (400, 2))], axis=1).astype(np.float32)
    scores = rng.random(400).astype(np.float32)
    expected: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if all(iou(boxes[row : row + 1], boxes[other : other + 1])[0] <= 0.4 for other in expected):
            expected.append(int(row))
    assert 150 < len(expected) < 400
    assert suppress(boxes, scores, 0.4).tolist() == expected
