"""Likely people: decisions stand, the impossible is never put together, and among many looks must be nearer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_engine import people as module
from reid_engine.case import Case
from reid_engine.errors import JobCancelled, UsageError
from reid_engine.index import open_index
from reid_engine.jobs import JobControl
from reid_engine.journey import person
from reid_engine.people import Group, LikelyPeople, likely_people, reach
from reid_engine.search import NOBODY_PASSES
from reid_engine.store import CameraPair, Network, TrackletFilter
from reid_engine.topology import seen_apart
from reid_engine.types import ModelId, TrackletId, Verdict
from tests.support.cases import DIM, MODEL, SECOND, Gallery, closed, gallery, looks

BANDS = {"strong": 0.3, "possible": 0.5, "weak": 0.7}
BESIDE = (60.0, 20.0, 90.0, 110.0)  # another place of the picture than everybody's


def calibrated(made: Gallery, **card: Any) -> Gallery:
    made.store.add_network(Network("embedder", "e" * 64, "n", "n", {"calibration": BANDS | card}, MODEL))
    return made


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Gallery]:
    """Nobody yet; the model is calibrated on bare distances."""
    made = calibrated(gallery(tmp_path))
    yield made
    made.store.close()


def who(people: Gallery, **where: Any) -> LikelyPeople:
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    return likely_people(people.store, index, TrackletFilter(**where))


def together(found: LikelyPeople) -> list[list[int]]:
    return [[int(number) for number in group.tracklets] for group in found.groups]


def decide(people: Gallery, one: int, other: int, verdict: Verdict) -> None:
    people.store.decide(TrackletId(one), TrackletId(other), verdict)


# looks ---------------------------------------------------------------------------------------------------------------


def test_who_looks_alike_is_one_and_most_cameras_come_first(people: Gallery) -> None:
    for number, (camera, face) in enumerate([("a", 1), ("a", 2), ("a", 2), ("b", 1), ("b", 3), ("b", 2), ("c", 2)]):
        people.put(camera, looks(face, seed=number, noise=0.05), at_s=100 - 10 * number)
    found = who(people)
    assert together(found) == [[7, 6, 3, 2], [4, 1], [5]]
    assert found.groups[0].cameras == tuple(people.camera(name) for name in "abc")
    assert (found.groups[0].start_us, found.groups[0].end_us) == (40 * SECOND, 90 * SECOND + 160_000)
    assert not any(group.decided for group in found.groups)
    assert found.notes == ()


def test_groups_of_as_many_cameras_stand_by_tracks_then_by_start(people: Gallery) -> None:
    for face, at_s in ((1, 50), (2, 40), (3, 30), (3, 70)):
        people.put("a", face, at_s=at_s)
    assert together(who(people)) == [[3, 4], [2], [1]]


def test_two_cameras_stand_before_more_tracks(people: Gallery) -> None:
    for face, camera in ((1, "a"), (1, "a"), (1, "a"), (2, "a"), (2, "b")):
        people.put(camera, face, at_s=10 * people.tracks)
    assert together(who(people)) == [[4, 5], [1, 2, 3]]


def test_the_face_is_whose_best_crop_is_best_and_the_first_of_equals(people: Gallery) -> None:
    for track, quality in enumerate((0.3, 0.8, 0.8, 0.1)):
        piece = replace(closed(track, start_us=track * SECOND), quality=quality)
        people.commit("a", [(piece, looks(1))])
    assert [group.face for group in who(people).groups] == [2]


def test_every_two_of_a_group_are_near_so_that_no_chain_leads_to_a_stranger(people: Gallery) -> None:
    turn = np.eye(DIM, dtype=np.float32)
    for step, angle in enumerate(np.arccos([1.0, 0.8, 0.8**2 - 0.6 * 0.63])):  # 0.2 and 0.24 from the next, 0.74 in all
        people.put("abc"[step], np.cos(angle) * turn[0] + np.sin(angle) * turn[1], at_s=100 * step)
    assert together(who(people)) == [[1, 2], [3]]


def test_equally_near_ones_are_put_together_by_number(people: Gallery) -> None:
    turn = np.eye(DIM, dtype=np.float32)
    for side in (1, 0, -1):
        people.put(
            "a", 0.75 * turn[0] + side * np.sqrt(1 - 0.75**2) * turn[1] if side else turn[0], at_s=10 * side + 20
        )
    found = who(people)
    assert sorted(map(sorted, together(found))) == [[1, 2], [3]]
    assert found == who(people)


def pair_of(near: float) -> list[np.ndarray]:
    turn = np.eye(DIM, dtype=np.float32)
    return [turn[0], (1 - near) * turn[0] + np.sqrt(1 - (1 - near) ** 2) * turn[1]]


def test_what_is_near_enough_among_few_is_not_among_many(people: Gallery) -> None:
    for camera, look in zip("ab", pair_of(0.25), strict=True):
        people.put(camera, look)
    assert together(who(people)) == [[1, 2]]
    crowd = np.random.default_rng(3).normal(size=(800, DIM - 2))
    crowd = np.concatenate([np.zeros((800, 2)), crowd / np.linalg.norm(crowd, axis=1, keepdims=True)], 1)
    people.commit("c", [(closed(n + 9, start_us=n * SECOND, boxes=1), v.astype("f4")) for n, v in enumerate(crowd)])
    assert not {frozenset({1, 2})} & {frozenset(group) for group in together(who(people))}
    assert together(who(people, cameras=(people.camera("a"), people.camera("b")))) == [[1, 2]]


def test_the_reach_is_where_half_a_stranger_comes_and_never_beyond_strong() -> None:
    by_normal = {"strong": 1 - 2.3263479 * 0.2, "possible": 1 - 1.6448536 * 0.2, "weak": 1 - 0.8416212 * 0.2}
    assert reach(by_normal, 2) == reach(by_normal, 50) == pytest.approx(by_normal["strong"])
    assert reach(by_normal, 500) == pytest.approx(1 - 3.0902323 * 0.2)  # one in a thousand comes nearer
    assert reach(by_normal, 10_000) < reach(by_normal, 1_000) < reach(by_normal, 100)


def test_people_are_put_together_before_a_camera_that_colours_everybody(tmp_path: Path) -> None:
    made = calibrated(gallery(tmp_path), centre=[0.0] * DIM)
    colour = 0.9 * looks(999)
    for person_ in range(40):
        made.put("a", looks(person_, seed=person_, noise=0.04), at_s=60 * person_)
    for person_ in range(40):
        made.put("b", looks(person_, seed=100 + person_, noise=0.04) + colour, at_s=60 * person_)
    pairs = [group for group in together(who(made)) if len(group) == 2]
    assert sum(group[1] - group[0] == 40 for group in pairs) >= 35
    made.store.add_network(Network("embedder", "e" * 64, "n", "n", {"calibration": BANDS}, MODEL))
    bare = together(who(made))
    assert sum(len(group) == 2 and group[1] - group[0] == 40 for group in bare) < 25
    made.store.close()


def test_without_a_calibration_only_decisions_count_and_that_is_said(tmp_path: Path) -> None:
    made = gallery(tmp_path)
    for number in range(3):
        made.put("abc"[number], 1)
    decide(made, 1, 3, "same")
    found = who(made)
    assert together(found) == [[1, 3], [2]]
    assert [note for note in found.notes if "not calibrated" in note]
    made.store.close()


# decisions -----------------------------------------------------------------------------------------------------------


def test_whoever_was_decided_to_be_the_same_stands_together_through_any_chain(people: Gallery) -> None:
    for number in range(4):
        people.put("a", 10 * number, at_s=number)
    decide(people, 1, 2, "same")
    decide(people, 2, 4, "same")
    found = who(people)
    assert together(found) == [[1, 2, 4], [3]]
    assert [group.decided for group in found.groups] == [True, False]
    beyond = who(people, from_us=1 * SECOND + SECOND // 2)  # the one in the middle does not pass
    assert together(beyond) == [[3], [4]]
    assert together(who(people, cameras=(people.camera("a"),), exclude=(TrackletId(2),))) == [[1, 4], [3]]


def test_a_look_joins_a_decided_person_who_is_then_no_decision_alone(people: Gallery) -> None:
    turn = np.eye(DIM, dtype=np.float32)
    front, back = turn[0], np.cos(np.deg2rad(100)) * turn[0] + np.sin(np.deg2rad(100)) * turn[1]
    mean = (front + back) / np.linalg.norm(front + back)  # 0.36 from either
    for number, look in enumerate((front, back, turn[2])):
        people.put("abc"[number], look, at_s=number)
    decide(people, 1, 2, "same")
    people.put("d", mean, at_s=9)
    (first, second) = who(people).groups
    assert (first.tracklets, first.decided) == ((1, 2, 4), False)
    assert second.tracklets == (3,)


def test_whoever_was_decided_to_be_different_is_never_put_together(people: Gallery) -> None:
    for number in range(4):
        people.put("abcd"[number], 1, at_s=number)
    assert together(who(people)) == [[1, 2, 3, 4]]
    decide(people, 1, 2, "different")
    assert len(together(who(people))) == 2
    decide(people, 1, 3, "same")
    decide(people, 2, 4, "same")
    assert together(who(people)) == [[1, 3], [2, 4]]
    assert together(who(people, exclude=(TrackletId(1), TrackletId(2)))) == [[3], [4]], "said through others"


def test_unsure_and_what_was_taken_back_count_for_nothing(people: Gallery) -> None:
    people.put("a", 1)
    people.put("b", 1)
    decide(people, 1, 2, "unsure")
    assert together(who(people)) == [[1, 2]]
    decide(people, 1, 2, "different")
    people.store.undo()
    assert together(who(people)) == [[1, 2]]


def test_a_contradiction_among_decisions_is_said_and_the_chain_stands(people: Gallery) -> None:
    for number in range(3):
        people.put("a", number, at_s=number)
    decide(people, 1, 2, "same")
    decide(people, 2, 3, "same")
    decide(people, 3, 1, "different")
    found = who(people)
    assert together(found) == [[1, 2, 3]]
    assert found.notes == ("tracklets 1 and 3 were decided to be different, and are one person by other decisions",)


def test_a_decision_that_a_picture_contradicts_stands_and_is_said(people: Gallery) -> None:
    people.put("a", 1)
    people.put("a", 1, box=BESIDE)
    decide(people, 1, 2, "same")
    found = who(people)
    assert together(found) == [[1, 2]]
    assert found.notes == ("tracklets 1 and 2 were decided to be one person, and cannot be by time and place",)


# what is impossible ---------------------------------------------------------------------------------------------------


def test_whom_one_picture_shows_apart_is_never_put_together_not_even_by_a_third(people: Gallery) -> None:
    people.put("a", 1)
    people.put("a", 1, box=BESIDE)
    people.put("b", 1, at_s=50)
    assert together(who(people)) == [[1, 3], [2]]


def test_two_boxes_on_one_another_or_one_after_the_other_may_be_one_person(people: Gallery) -> None:
    people.put("a", 1)
    people.put("a", 1, box=(12, 22, 42, 112))
    people.put("a", 1, at_s=50, box=BESIDE)
    assert together(who(people)) == [[1, 2, 3]]


@pytest.mark.parametrize(("at_s", "groups"), [(0.1, 2), (20.0, 2), (60.0, 1)])
def test_between_cameras_that_are_apart_nobody_is_in_two_places_or_too_fast(
    people: Gallery, at_s: float, groups: int
) -> None:
    people.put("a", 1)
    people.put("b", 1, at_s=at_s)
    assert len(who(people).groups) == 1
    people.store.set_camera_pair(CameraPair(people.camera("a"), people.camera("b"), "apart", 30 * SECOND, 0))
    assert len(who(people).groups) == groups


def test_a_decided_person_takes_along_what_is_impossible_for_each_tracklet(people: Gallery) -> None:
    people.put("c", 1, at_s=90)
    people.put("a", 1)
    people.put("a", 1, box=BESIDE)
    decide(people, 1, 2, "same")
    assert together(who(people)) == [[2, 1], [3]]


PAIR = st.tuples(st.integers(1, 8), st.integers(1, 8)).filter(lambda two: two[0] != two[1])
VERDICTS: st.SearchStrategy[Verdict] = st.sampled_from(["same", "different"])


def test_no_group_breaks_a_rule_whatever_was_decided(people: Gallery) -> None:
    numbers = range(1, 9)
    for number in numbers:
        box = BESIDE if number % 4 > 1 else (10.0, 20.0, 40.0, 110.0)
        people.put("ab"[number > 5], looks(number % 2, seed=number, noise=0.03), at_s=100 * (number == 3), box=box)
    boxes = {int(t.id): t for t in people.store.tracklets([TrackletId(number) for number in numbers])}

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(PAIR, VERDICTS), max_size=6))
    def holds(wanted: list[tuple[tuple[int, int], Verdict]]) -> None:
        for pair, verdict in wanted:
            decide(people, *pair, verdict)
        found, said = who(people), people.store.decisions()
        group = {number: place for place, members in enumerate(together(found)) for number in members}
        assert sorted(group) == list(numbers)
        root = {number: min(person(said, TrackletId(number))) for number in numbers}
        different = {frozenset((root[d.probe], root[d.candidate])) for d in said if d.verdict == "different"}
        for one, other in combinations(numbers, 2):
            if root[one] == root[other]:
                assert group[one] == group[other]
            elif group[one] == group[other]:
                assert frozenset((root[one], root[other])) not in different
                assert not seen_apart(boxes[one], boxes[other])
        for _ in wanted:
            people.store.undo()

    holds()


# the case ------------------------------------------------------------------------------------------------------------


def test_only_who_passes_is_put_together_and_nobody_is_said(people: Gallery) -> None:
    for number in range(3):
        people.put("abc"[number], 1, at_s=100 * number)
    assert together(who(people, cameras=(people.camera("a"), people.camera("c")))) == [[1, 3]]
    assert together(who(people, from_us=50 * SECOND)) == [[2, 3]]
    assert who(people, from_us=500 * SECOND) == LikelyPeople((), (NOBODY_PASSES,))


def test_too_many_at_once_are_refused_with_what_to_do(people: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        people.put("a", number, at_s=number)
    monkeypatch.setattr(module, "MOST", 2)
    with pytest.raises(UsageError, match=r"3 tracklets are more than the 2 .* choose a time or some of the cameras"):
        who(people)
    assert len(who(people, to_us=SECOND).groups) == 2


def test_who_has_no_vector_stands_alone_but_for_decisions_and_is_counted(people: Gallery) -> None:
    people.put("a", 1)
    people.store.commit_progress(
        people.source("b"), closed=[(closed(7), looks(1))], model=ModelId("other"), checkpoint=None, finished=None
    )
    found = who(people)
    assert together(found) == [[1], [2]]
    assert found.notes == (f"1 tracklets have no vector of the model {MODEL}, so their looks do not count",)
    decide(people, 1, 2, "same")
    assert together(who(people)) == [[1, 2]]


def test_where_too_many_pairs_are_near_the_nearest_count_and_that_is_said(
    people: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        people.put("abcd"[number], looks(1, seed=number, noise=0.02), at_s=number)
    found = module.near_pairs
    monkeypatch.setattr(module, "near_pairs", lambda *given, **named: found(*given, **named, most=1))
    assert [len(group) for group in together(who(people))] == [2, 1, 1]
    assert who(people).notes == ("so many tracklets look alike that only the 1 nearest pairs were gone by",)


def test_the_list_goes_on_the_record_unless_the_case_is_open_for_reading(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case") as case:
        made = calibrated(Gallery(case.store))
        made.put("a", 1)
        made.put("b", 1)
        found = case.likely_people(TrackletFilter(cameras=(made.camera("a"),), upper=("red",)))
        assert found.groups == ()
        found = case.likely_people()
        assert found.groups == (
            Group((TrackletId(1), TrackletId(2)), TrackletId(1), found.groups[0].cameras, 0, 160_000, False),
        )
        first, last = case.store.events()[-2:]
        assert (first.kind, first.body["cameras"], first.body["upper"]) == (
            "likely people",
            [made.camera("a")],
            ["red"],
        )
        assert (last.body["groups"], last.body["tracklets"], last.body["model"]) == (1, 2, MODEL)
        control = JobControl()
        control.cancel()
        with pytest.raises(JobCancelled):
            case.likely_people(control=control)
        count = len(case.store.events())
    with Case.open(tmp_path / "case", read_only=True) as case:
        assert case.likely_people() == found
        assert len(case.store.events()) == count
