"""The auditor: it proves the rules, and it finds the bug that made the highest figures ever printed."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from reid_engine.ranking import cosine_distance
from tests.trainer import trees
from trainer.datasets import DISTRACTOR, JUNK, DataSet, Tracklet, Trial, open_dataset
from trainer.protocol import FAULTS, Columns, audit, check_claim, check_lists, faulty, gains, made_up


def mars_like(people: int = 40, seed: int = 0, *, queries_inside: bool = True) -> Trial:
    """As in MARS: a query a person and camera, more tracklets of the same camera, distractors, uneven lengths."""
    rng = np.random.default_rng(seed)
    query, rest = [], []
    for pid in range(1, people + 1):
        for camid in rng.permutation(6)[:3].tolist():
            query.append(trees.in_memory(pid, camid, int(rng.integers(1, 6)), f"q{pid}/{camid}", (2, 2)))
            rest += [
                trees.in_memory(pid, camid, int(rng.integers(1, 6)), f"g{pid}/{camid}/{n}", (2, 2)) for n in range(3)
            ]
    rest += [trees.in_memory(DISTRACTOR, int(c), 2, f"d{n}", (2, 2)) for n, c in enumerate(rng.integers(6, size=80))]
    order = rng.permutation(len(rest))
    gallery = tuple(rest[at] for at in order) + (tuple(query) if queries_inside else ())
    return Trial(tuple(query), gallery)


def holds(data: DataSet) -> dict[str, bool]:
    return {check.rule: check.holds for check in audit(data)}


def test_a_sound_data_set_passes_every_check() -> None:
    learned = tuple(trees.in_memory(pid, 0) for pid in (101, 102))
    data = DataSet("mars", learned, (mars_like(),))
    assert all(holds(data).values())
    said = {check.rule: check.said for check in audit(data)}
    assert said["every query has a right answer"].startswith("120 of 120 queries count")
    assert "4.00 tracklets a query of their own camera" in said["every query has a right answer"]
    assert "80 distractors" in said["junk and distractors"]
    assert said["no tracklet twice"] == "every tracklet once; 120 queries are part of the gallery"


def broken(what: str) -> DataSet:
    trial, learned = mars_like(6), (trees.in_memory(101, 0),)
    if what == "learned and tested people are apart":
        learned = (*learned, trees.in_memory(3, 0, name="l"))
    if what == "no tracklet twice":
        trial = Trial(trial.query, (*trial.gallery, trial.gallery[0]))
    if what == "every query has a right answer":
        alone = trees.in_memory(77, 0, name="alone")
        trial = Trial((*trial.query, alone), (*trial.gallery, alone))
    if what == "junk and distractors":
        trial = Trial((*trial.query, trees.in_memory(JUNK, 0)), trial.gallery)
    if what == "queries":
        return DataSet("x", learned, ())
    return DataSet("x", learned, (trial,))


@pytest.mark.parametrize(
    "what",
    [
        "learned and tested people are apart", "no tracklet twice", "every query has a right answer",
        "junk and distractors", "queries",
    ],
)  # fmt: skip
def test_every_broken_rule_is_found(what: str) -> None:
    found = holds(broken(what))
    assert not found[what]


def test_the_rules_of_the_evaluator_are_proven_where_there_is_junk_too() -> None:
    trial = mars_like(8)
    junk = tuple(trees.in_memory(JUNK, n % 6, name=f"j{n}") for n in range(9))
    found = audit(DataSet("x", (), (Trial(trial.query, (*trial.gallery, *junk)),)))
    by_rule = {check.rule: check for check in found}
    assert all(by_rule[rule].holds for rule in ("the camera filter", "the junk rule", "the distractor rule"))
    assert by_rule["the junk rule"].said.startswith(f"{9 * len(trial.query)} entries moved")


def test_the_right_answers_are_counted_as_by_hand() -> None:
    trial = mars_like(10, queries_inside=False)
    columns = Columns.of(trial)
    for q, query in enumerate(trial.query):
        mine = [t for t in trial.gallery if t.pid == query.pid]
        assert columns.same_camera()[q] == sum(t.camid == query.camid for t in mine)
        assert columns.right()[q] == sum(t.camid != query.camid for t in mine)


def test_one_camera_a_frame_read_by_tracklet_lifts_the_figures() -> None:
    trial = mars_like(queries_inside=False)
    found = {gain.fault: gain for gain in gains(trial, cosine_distance(*made_up(trial, noise=1.3)))}
    true = found["none"]
    assert 0.5 < true.mean_ap < 0.95
    for fault in ("no camera filter", "cameras per frame"):
        assert found[fault].mean_ap > true.mean_ap + 0.03
        assert found[fault].rank1 > true.rank1
    assert found["distractors left out"].mean_ap >= true.mean_ap


def test_the_list_of_a_faulty_loop_is_the_cameras_of_all_frames_cut_short() -> None:
    trial = mars_like(5)
    by_hand = list(chain.from_iterable([t.camid] * len(t) for t in trial.query))[: len(trial.query)]
    assert faulty(trial, "cameras per frame").query_cameras.tolist() == by_hand


@pytest.mark.parametrize("fault", FAULTS)
def test_an_impossible_claim_is_flagged_and_explained(fault: str) -> None:
    trial = mars_like()
    distances = cosine_distance(*made_up(trial, noise=1.0))
    claimed = faulty(trial, fault).figures(distances)
    check = check_claim(trial, distances, *claimed)
    assert not check.holds
    assert fault in check.said
    assert "impossible" in check.said


def test_an_honest_claim_holds_and_an_odd_one_is_not_explained() -> None:
    trial = mars_like()
    distances = cosine_distance(*made_up(trial))
    assert check_claim(trial, distances, *Columns.of(trial).figures(distances)).holds
    assert "reason unknown" in check_claim(trial, distances, 0.999, 0.111).said


def test_camera_lists_of_a_loop_are_checked_against_the_data() -> None:
    trial = mars_like(5)
    right = [[t.camid for t in tracklets] for tracklets in (trial.query, trial.gallery)]
    assert check_lists(trial, *right).holds
    frames = [[t.camid for t in tracklets for _ in range(len(t))] for tracklets in (trial.query, trial.gallery)]
    per_frame = check_lists(trial, *frames)
    assert not per_frame.holds
    assert "one a frame" in per_frame.said
    cut = check_lists(trial, right[0], frames[1][: len(trial.gallery)])
    assert not cut.holds
    assert "have another camera" in cut.said


def test_a_flat_folder_is_told_that_it_learns_what_it_tests(tmp_path: Path) -> None:
    data = open_dataset("folder", trees.folder(tmp_path, ["1", "2"]))
    checks = {check.rule: check for check in audit(data)}
    assert not checks["learned and tested people are apart"].holds
    assert checks["no tracklet twice"].holds


def test_made_up_vectors_are_one_a_tracklet() -> None:
    trial: Trial = mars_like(4)
    query, gallery = made_up(trial)
    places: dict[int, int] = {id(t): at for at, t in enumerate(trial.gallery)}
    inside: list[Tracklet] = [t for t in trial.query if id(t) in places]
    assert len(inside) == len(trial.query)
    for at, tracklet in enumerate(trial.query):
        assert np.array_equal(query[at], gallery[places[id(tracklet)]])
