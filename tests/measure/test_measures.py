"""The measures of people and boxes on cases worked out by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.ranking import unit_length
from reid_engine.types import Detections
from tests.measure.asked import answers
from tests.measure.confidence import as_many
from tests.measure.describers import STRIPES, Describer, load, vectors
from tests.measure.detector import compare, covering
from tests.measure.identity import Boxes
from tests.measure.intervals import over_people
from tests.measure.persistence import Tail, drawn
from tests.measure.sets import LabelledSet, ranked, read_generated, read_market, read_mars, spread


def test_an_interval_of_equal_people_is_a_point_and_of_unequal_ones_holds_the_mean() -> None:
    same = over_people(np.ones(6), np.array([1, 1, 2, 2, 3, 3]))
    assert same.numbers() == [1.0, 1.0, 1.0]
    mixed = over_people(np.array([1.0, 1.0, 0.0, 0.0]), np.array([4, 4, 9, 9]))
    assert mixed.value == 0.5
    assert (mixed.low, mixed.high) == (0.0, 1.0)  # a person of two is drawn alone once in four


def test_many_queries_of_one_person_do_not_make_a_figure_surer() -> None:
    hits, people = np.array([1.0, 0.0, 1.0, 0.0]), np.arange(4)
    once, often = over_people(hits, people), over_people(np.repeat(hits, 50), np.repeat(people, 50))
    assert once.numbers() == often.numbers()


def test_an_average_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no query"):
        over_people(np.array([]), np.array([]))


def test_strangers_drawn_of_those_measured_leave_a_query_right_by_the_counted_chance() -> None:
    far = np.array([[0.1, 0.5, 0.6, 0.7], [0.5, 0.6, 0.7, 0.8]])
    right = np.array([0.3, 0.3])
    np.testing.assert_allclose(drawn(far, right, 1), [0.75, 1.0])
    np.testing.assert_allclose(drawn(far, right, 2), [0.5, 1.0])
    np.testing.assert_allclose(drawn(far, right, 4), [0.0, 1.0])
    with pytest.raises(ValueError, match="of 4"):
        drawn(far, right, 5)


def test_the_modelled_tail_foretells_known_strangers() -> None:
    """Distances 1 - E, E exponential: p below 1 - x is exp(-x), so N strangers leave (1 - exp(-x))^N."""
    far = 1 - np.random.default_rng(3).exponential(1.0, (40, 3000))
    right = np.full(40, 1 - np.log(10_000))
    found = Tail.of(far).alone(far, right, 5000).mean()
    assert found == pytest.approx((1 - 1e-4) ** 5000, abs=0.05)


def test_a_true_box_is_covered_once_and_by_the_surest() -> None:
    here, there = [0.0, 0.0, 10.0, 20.0], [50.0, 0.0, 60.0, 20.0]
    assert covering(np.array([here, here, there]), np.array([here])).tolist() == [True, False, False]
    assert covering(np.array([here]), np.empty((0, 4))).tolist() == [False]


def test_equal_precision_is_the_lowest_confidence_that_reaches_it() -> None:
    boxes = np.array([[0, 0, 10, 20], [100, 0, 110, 20], [200, 0, 210, 20]], np.float32)
    truth = Boxes.from_rows([[0, 1, *boxes[0]], [0, 2, *boxes[1]], [1, 1, *boxes[0]]])
    first = Detections(boxes, np.array([0.9, 0.6, 0.7], np.float32))
    second = Detections(boxes[:1], np.array([0.2], np.float32))
    found = compare([first, second], truth)
    assert found.hit.tolist() == [True, False, True, True]
    assert found.at(0.5) == pytest.approx((2 / 3, 2 / 3))
    assert found.as_precise(0.75) == pytest.approx(0.2)
    assert found.as_precise(0.9) == pytest.approx(0.9)
    assert found.as_precise(1.01) is None
    assert found.average_precision() == pytest.approx((1 + 0.75 + 0.75) / 3)


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (32, 16, 3), np.uint8))


def test_mars_market_and_generated_folders_are_read_with_who_and_where(tmp_path: Path) -> None:
    for frame in range(1, 4):
        picture(tmp_path / f"mars/0004/0004C2T0001F{frame:03}.jpg", frame)
    picture(tmp_path / "market/query/0007_c3s1_000001_00.jpg", 5)
    picture(tmp_path / "market/bounding_box_test/0007_c1s1_000002_01.jpg", 6)
    picture(tmp_path / "world/query/00003/c01/t00/000.jpg", 7)
    picture(tmp_path / "world/gallery/00003/c02/t00/000.jpg", 8)
    mars, market = read_mars(tmp_path / "mars", 2), read_market(tmp_path / "market")
    assert (mars.person.tolist(), mars.camera.tolist(), len(mars.pictures[0])) == ([4], [2], 2)
    assert (market.person.tolist(), market.camera.tolist()) == ([7, 7], [3, 1])
    world = read_generated(tmp_path / "world")
    assert (world.person.tolist(), world.camera.tolist()) == ([3, 3], [1, 2])
    assert [rows.tolist() for rows in world.blocks[0]] == [[0], [1]]
    assert "1 people, 1 queries in 1, 2 crops" in world.said()


def test_frames_are_spread_over_all_and_never_invented() -> None:
    paths = [Path(str(number)) for number in range(11)]
    assert [path.name for path in spread(paths, 3)] == ["0", "5", "10"]
    assert spread(paths, 20) == paths


def test_vectors_are_kept_under_the_pictures_and_the_space_they_come_from(tmp_path: Path) -> None:
    for seed in range(2):
        picture(tmp_path / f"{seed}.jpg", seed)
    data = [[(tmp_path / f"{seed}.jpg").read_bytes()] for seed in range(2)]
    rows = np.arange(2)
    labelled = LabelledSet("two", data, np.array([1, 1]), np.array([0, 1]), ((rows, rows),))
    by = load(STRIPES)
    made = vectors(by, labelled, tmp_path / "cache")
    np.testing.assert_array_equal(vectors(by, labelled, tmp_path / "cache"), made)
    other = LabelledSet("two", data[::-1], labelled.person, labelled.camera, labelled.blocks)
    np.testing.assert_array_equal(vectors(by, other, tmp_path / "cache"), made[::-1])
    assert len(list((tmp_path / "cache").iterdir())) == 2
    each, people = ranked(made, labelled)
    assert (each.first.tolist(), people.tolist()) == ([0, 0], [1, 1])


def test_the_score_that_as_many_boxes_reach_is_found_and_none_is_made_up() -> None:
    ours, theirs = np.array([0.9, 0.2, 0.6, 0.4], np.float32), np.array([0.3, 0.1, 0.26], np.float32)
    assert as_many(ours, theirs) == pytest.approx(0.6)
    with pytest.raises(ValueError, match="0 boxes"):
        as_many(ours, np.array([0.1], np.float32))


def test_a_set_is_asked_as_a_case_of_everybody_and_bands_are_counted() -> None:
    """Sixteen people before three cameras, each of which colours everybody; the program's order sees through that."""
    rng = np.random.default_rng(0)
    people, colours = rng.normal(size=(16, 16)), rng.normal(size=(3, 16))
    seen = np.concatenate([people + colour for colour in colours]) + 0.3 * rng.normal(size=(48, 16))
    found = unit_length(seen.astype(np.float32))
    person, camera = np.tile(np.arange(16), 3), np.repeat([1, 2, 3], 16)
    everybody = LabelledSet("drawn", [[b""]] * 48, person, camera, ((np.arange(48), np.arange(48)),))
    card = {"calibration": {"strong": 0.2, "possible": 0.6, "weak": 0.9, "centre": found.mean(0).tolist()}}
    by = Describer("drawn", "drawn", lambda _: found, card)
    told = {way: answers(everybody, by, found, way) for way in ("distance alone", "the program")}
    precision = {way: float(answer.scores.precision.mean()) for way, answer in told.items()}
    assert precision["the program"] > 0.9 > precision["distance alone"] + 0.1
    for answer in told.values():
        assert len(answer.people) == 48
        strangers, right = np.sum(list(answer.bands.values()), axis=0)
        assert (strangers, right) == (48 * 30, 48 * 2), "the own camera is left out"
