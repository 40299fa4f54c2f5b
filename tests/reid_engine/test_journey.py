"""A person's way: who belongs to it, what lies between, what does not fit."""

from __future__ import annotations

from reid_engine.journey import Link, journey, known_people, links_of, person, rows_of
from reid_engine.store import CameraPair, Decision, EraseScope
from reid_engine.types import CameraId, PairRelation, TrackletId, Verdict
from tests.support.cases import SECOND, Gallery


def said(*pairs: tuple[int, int, Verdict]) -> list[Decision]:
    return [Decision(n, TrackletId(a), TrackletId(b), v, "x", 0) for n, (a, b, v) in enumerate(pairs)]


def test_a_person_is_everybody_along_a_chain_of_same_decisions() -> None:
    decisions = said((1, 2, "same"), (3, 2, "same"), (3, 4, "different"), (5, 6, "same"), (2, 7, "unsure"))
    assert person(decisions, TrackletId(1)) == {1, 2, 3}
    assert person(decisions, TrackletId(6)) == {5, 6}
    assert person(decisions, TrackletId(9)) == {9}


def walk(people: Gallery, *places: tuple[str, float]) -> list[TrackletId]:
    """One confirmed person, seen for 0.16 s at each place."""
    ids = [people.put(camera, 1, at_s=at_s) for camera, at_s in places]
    for number in ids[1:]:
        people.store.decide(ids[0], number, "same")
    return ids


def pair(people: Gallery, one: str, other: str, relation: PairRelation, least_s: float = 0, most_s: float = 0) -> None:
    cameras = people.camera(one), people.camera(other)
    people.store.set_camera_pair(CameraPair(*cameras, relation, round(least_s * SECOND), round(most_s * SECOND)))


def test_a_journey_lists_sightings_in_time_with_what_lies_between(people: Gallery) -> None:
    first, second, third = walk(people, ("a", 10), ("b", 70), ("a", 200))
    doubtful = people.put("c", 1, at_s=100)
    people.store.decide(second, doubtful, "unsure")
    for camera in "abc":
        people.finish(camera)
    found = journey(people.store, third)
    states = [(seen.tracklet, seen.state) for seen in found.sightings]
    assert states == [(first, "confirmed"), (second, "confirmed"), (doubtful, "unsure"), (third, "probe")]
    assert [(gap.before, gap.after) for gap in found.gaps] == [(first, second), (second, third)]
    assert found.gaps[0].end_us - found.gaps[0].start_us == 60 * SECOND - 160_000
    # recordings of one second from 0 cover none of these gaps
    assert found.gaps[0].blind == tuple(people.camera(name) for name in "abc")
    assert found.conflicts == ()


def test_everybody_who_is_confirmed_is_known_by_whom_was_asked_for_and_by_the_first_words_about_them(
    people: Gallery,
) -> None:
    store = people.store
    first = walk(people, ("a", 10), ("b", 70), ("a", 200))
    second = walk(people, ("b", 300), ("c", 340))
    alone = people.put("c", 5, at_s=400)
    store.decide(first[0], alone, "different")
    store.add_note("", moment_us=5, tracklet_id=first[1])
    store.add_note("the one with the bag", moment_us=9, tracklet_id=first[1])
    store.add_note("written later", moment_us=1, tracklet_id=first[0])
    last, before = known_people(store)
    assert (last.start, last.members, last.name) == (second[0], tuple(second), "")
    assert (before.start, before.members, before.name) == (first[0], tuple(first), "the one with the bag")
    assert before.cameras == (people.camera("a"), people.camera("b"))
    assert (before.from_us, before.to_us) == (10 * SECOND, 200 * SECOND + 160_000)
    store.decide(first[0], first[2], "different")
    assert [(one.start, one.members) for one in known_people(store)] == [
        (second[0], tuple(second)),
        (first[0], (first[0], first[1])),
    ]
    store.undo()
    assert len(known_people(store)[1].members) == 3


def test_travel_times_are_learned_from_confirmed_people_only(people: Gallery) -> None:
    walk(people, ("a", 0), ("b", 60))
    walk(people, ("b", 100), ("a", 140))
    people.put("b", 3, at_s=5)
    (link,) = links_of(people.store)
    assert link.travel is not None
    assert (link.travel.count, link.travel.least_us, link.travel.most_us) == (2, 39_840_000, 59_840_000)
    assert link.travel.median_us == 49_840_000
    assert link.usual_us == (39_840_000, 59_840_000)


def test_what_was_set_goes_before_what_was_learned() -> None:
    said = CameraPair(CameraId(1), CameraId(2), "apart", 5, 9)
    assert Link(said).usual_us == (5, 9)
    assert Link(CameraPair(CameraId(1), CameraId(2))).usual_us == (0, 0)


def test_only_pairs_that_are_apart_conflict_and_both_sightings_are_named(people: Gallery) -> None:
    first, second, third = walk(people, ("a", 10), ("b", 10.1), ("c", 12))
    assert journey(people.store, first).conflicts == ()
    pair(people, "a", "b", "apart", least_s=30)
    pair(people, "b", "c", "overlapping", least_s=30)
    pair(people, "a", "c", "apart", least_s=30)
    found = {(c.kind, c.first, c.second) for c in journey(people.store, first).conflicts}
    assert found == {("two-places", first, second), ("travel-time", first, third)}
    rows = rows_of(journey(people.store, first), {})
    assert rows[1]["conflicts"] == [f"two-places with {first}"]
    assert len(rows) == 3


def test_people_of_one_picture_and_contradicting_decisions_are_conflicts(people: Gallery) -> None:
    first, second = walk(people, ("a", 10), ("a", 10.08))
    beside = people.put("a", 1, at_s=10, box=(60, 20, 90, 110))
    people.store.decide(first, beside, "same")
    third = people.put("b", 1, at_s=50)
    people.store.decide(first, third, "same")
    people.store.decide(second, third, "different")
    kinds = {(c.kind, c.first, c.second) for c in journey(people.store, first).conflicts}
    assert kinds == {
        ("same-camera-overlap", first, beside), ("same-camera-overlap", beside, second),
        ("decided-different", second, third),
    }  # fmt: skip


def test_a_walk_longer_than_usual_is_unusual(people: Gallery) -> None:
    first, _ = walk(people, ("a", 0), ("b", 100))
    pair(people, "a", "b", "apart", most_s=20)
    (gap,) = journey(people.store, first).gaps
    assert gap.unusual


def test_three_walks_teach_what_is_too_fast_between_cameras_that_are_apart(people: Gallery) -> None:
    walk(people, ("a", 0), ("b", 60))
    walk(people, ("a", 1000), ("b", 1070))
    hasty = walk(people, ("a", 2000), ("b", 2010))
    assert journey(people.store, hasty[0]).conflicts == ()  # nobody said that the cameras are apart
    pair(people, "a", "b", "apart")
    (conflict,) = journey(people.store, hasty[0]).conflicts
    assert (conflict.kind, conflict.first, conflict.second) == ("travel-time", *hasty)
    assert conflict.least_us == 29_920_000  # half of the middle one of 59.84, 69.84 and 9.84 s
    pair(people, "a", "b", "apart", least_s=5)
    assert journey(people.store, hasty[0]).conflicts == ()  # what a person set goes first


def test_what_is_usual_comes_from_three_other_people_and_never_from_this_walk(people: Gallery) -> None:
    first, *_ = walk(people, ("a", 0), ("b", 60))
    for number in (1, 2):
        walk(people, ("a", 1000 * number), ("b", 1000 * number + 60))
    (gap,) = journey(people.store, first).gaps
    assert (gap.least_us, gap.most_us) == (0, 0), "two others and this one are not three others"
    walk(people, ("a", 3000), ("b", 3080))
    (gap,) = journey(people.store, first).gaps
    assert (gap.least_us, gap.most_us) == (59_840_000, 79_840_000)
    pair(people, "a", "b", "apart", least_s=20, most_s=30)
    (gap,) = journey(people.store, first).gaps
    assert (gap.least_us, gap.most_us) == (20 * SECOND, 30 * SECOND), "what somebody set is not learned"


def test_one_person_who_walks_to_and_fro_makes_nothing_usual(people: Gallery) -> None:
    first, *_ = walk(people, ("a", 0), ("b", 60))
    walk(people, *((camera, 1000 + 60 * place) for place, camera in enumerate("abababab")))
    (gap,) = journey(people.store, first).gaps
    assert gap.most_us == 0


def test_a_camera_whose_recording_was_erased_could_not_see_anybody(people: Gallery) -> None:
    first, _ = walk(people, ("a", 0), ("b", 1.0))
    people.put("c", 5)
    for camera in "abc":
        people.finish(camera)
    (gap,) = journey(people.store, first).gaps
    assert people.camera("c") not in gap.blind
    people.store.erase(EraseScope(source=people.source("c")), reason="order 3")
    (gap,) = journey(people.store, first).gaps
    assert people.camera("c") in gap.blind
