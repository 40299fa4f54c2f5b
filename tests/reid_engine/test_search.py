"""Filters are honoured, vetoes put last, feedback moves, bands are the card's, ties are settled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_engine.camera_bias import CameraBias, camera_bias
from reid_engine.case import Case
from reid_engine.errors import NotFound, ProbeError, ShapeError
from reid_engine.index import open_index
from reid_engine.ranking import unit_length
from reid_engine.search import (
    CONFIRMED,
    NEAR,
    OVERLAP,
    REJECTED,
    SearchRequest,
    SearchResult,
    band,
    band_between,
    bias_of,
    search,
)
from reid_engine.settings import SearchSettings
from reid_engine.store import CameraPair, Network, TrackletFilter
from reid_engine.types import Match, ModelId, TrackletId
from tests.support.cases import DIM, FRAME_US, MODEL, SECOND, Gallery, gallery, looks

PEOPLE = 6
BESIDE = (60.0, 20.0, 90.0, 110.0)  # another place of the picture than everybody's


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Gallery]:
    """Six people walk past cameras a, b and c one after the other, a minute apart in each; numbers run 1 to 18."""
    made = gallery(tmp_path)
    for place, camera in enumerate("abc"):
        for person in range(PEOPLE):
            seen = looks(person, seed=place * 100 + person, noise=0.08)
            made.put(camera, seen, at_s=3600 * place + 60 * person)
    yield made
    made.store.close()


def ask(people: Gallery, probe: Any = 1, **wanted: Any) -> SearchResult:
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    return search(people.store, index, SearchRequest(probe=probe, model=MODEL, **wanted))


def ids(result: SearchResult) -> list[int]:
    return [int(match.tracklet) for match in result.matches]


def looks_of(people: Gallery, number: int) -> np.ndarray:
    return np.asarray(unit_length(people.store.vectors(MODEL, [TrackletId(number)]))[0])


def by_id(result: SearchResult) -> dict[int, Match]:
    return {int(match.tracklet): match for match in result.matches}


@pytest.mark.parametrize("rerank", [True, False])
@pytest.mark.parametrize("person", range(PEOPLE))
def test_the_person_comes_first_from_the_other_cameras(people: Gallery, person: int, rerank: bool) -> None:
    found = ask(people, person + 1, rerank=rerank)
    assert {*ids(found)[:2]} == {person + 7, person + 13}
    assert len(found.matches) == 12
    assert [match.rank for match in found.matches] == list(range(1, 13))
    assert {match.moved for match in found.matches} == {0}


def test_a_match_carries_camera_and_corrected_times(people: Gallery) -> None:
    (match,) = ask(people, 1, where=TrackletFilter(cameras=(people.camera("b"),)), limit=1).matches
    assert (match.tracklet, match.camera) == (7, people.camera("b"))
    assert (match.start_us, match.end_us) == (3600 * SECOND, 3600 * SECOND + 4 * FRAME_US)


def test_distance_is_without_what_cameras_do_and_rises_without_re_ranking(people: Gallery) -> None:
    plain = ask(people, 3, rerank=False, same_camera=True)
    assert all(a.distance <= b.distance for a, b in pairwise(plain.matches))
    everybody = [TrackletId(number) for number in range(1, 19)]
    vectors = unit_length(people.store.vectors(MODEL, everybody))
    cameras = people.store.spans(everybody).camera
    fair = camera_bias(vectors, cameras, "cosine").off(vectors, cameras.tolist())
    for match in plain.matches:
        assert match.distance == pytest.approx(1 - float(fair[2] @ fair[match.tracklet - 1]), abs=1e-4)
    again = by_id(ask(people, 3, same_camera=True, same=(TrackletId(9),)))
    assert all(again[int(m.tracklet)].distance == pytest.approx(m.distance, abs=1e-5) for m in plain.matches)


def test_people_are_found_before_a_camera_that_colours_everybody(tmp_path: Path) -> None:
    """Forty people before two cameras; the second moves all vectors far more than people differ."""
    colour = 0.9 * looks(999)
    with gallery(tmp_path).store as store:
        made = Gallery(store)
        for person in range(40):
            made.put("a", looks(person, seed=person, noise=0.06), at_s=60 * person)
        for person in range(40):
            made.put("b", looks(person, seed=100 + person, noise=0.06) + colour, at_s=60 * person)
        stranger = made.put("a", looks(999, noise=0.06), at_s=9000)
        index = open_index(store, MODEL, tmp_path / "index")

        def first(number: int, bias: CameraBias | None) -> int:
            request = SearchRequest(probe=TrackletId(number), model=MODEL)
            return int(search(store, index, request, bias=bias).matches[0].tracklet)

        nothing = CameraBias("cosine", np.zeros(DIM, np.float32))
        as_seen = [first(number, nothing) - number for number in range(41, 81)]
        assert as_seen.count(-40) < 36
        assert sum(first(number, nothing) == stranger for number in range(41, 81)) > 1
        fair = [first(number, None) - number for number in range(41, 81)]
        assert fair.count(-40) >= 39


def test_feedback_counts_without_what_its_own_camera_did(people: Gallery) -> None:
    """Who was confirmed before a camera that colours everybody draws the person, not the colour."""
    colour = 1.6 * looks(999)
    for number in range(30):
        people.put("d", looks(100 + number) + colour, at_s=60 * number)
    confirmed = people.put("d", looks(0, seed=7, noise=0.08) + colour, at_s=9000)
    tinted = people.put("b", looks(999, seed=8, noise=0.3), at_s=9000)
    found = ask(people, same=(confirmed,))
    assert {*ids(found)[:3]} == {confirmed, 7, 13}
    assert ids(found).index(tinted) > 5


def test_equal_distances_are_settled_by_number(people: Gallery) -> None:
    twins = [int(people.put("d", looks(40), at_s=n)) for n in range(4)]
    probe = people.put("e", looks(40))
    for rerank in (True, False):
        assert ids(ask(people, probe, rerank=rerank))[:4] == twins


# filters -------------------------------------------------------------------------------------------------------------


def test_the_probes_own_camera_is_left_out_unless_asked_for(people: Gallery) -> None:
    assert {int(m.camera) for m in ask(people).matches} == {people.camera("b"), people.camera("c")}
    everything = ask(people, same_camera=True)
    assert sorted(ids(everything)) == list(range(2, 19))


def test_cameras_and_times_are_honoured(people: Gallery) -> None:
    b = people.camera("b")
    assert sorted(ids(ask(people, where=TrackletFilter(cameras=(b,))))) == list(range(7, 13))
    then = TrackletFilter(from_us=3600 * SECOND + 61 * SECOND, to_us=3600 * SECOND + 180 * SECOND)
    assert sorted(ids(ask(people, where=then))) == [9, 10]
    left = ask(people, where=TrackletFilter(not_cameras=(b,), exclude=(TrackletId(13), TrackletId(15))))
    assert sorted(ids(left)) == [14, 16, 17, 18], "what is left out besides the probe and its own camera"
    own = ask(people, where=TrackletFilter(cameras=(people.camera("a"),)))
    assert own.matches == ()
    assert any("own camera was asked for" in note for note in own.notes)
    assert any("no tracklet passes" in note for note in own.notes)


def test_the_limit_is_kept_and_it_is_said_that_more_would_follow(people: Gallery) -> None:
    whole = ask(people)
    assert not whole.cut
    short = ask(people, limit=3)
    assert ids(short) == ids(whole)[:3]
    assert short.cut
    assert not ask(people, limit=len(whole.matches)).cut
    only = TrackletFilter(cameras=(people.camera("b"),))
    assert not ask(people, where=only, limit=PEOPLE).cut, "whom the filters leave out would not follow"
    assert ask(people, where=only, limit=PEOPLE - 1, different=(TrackletId(8),)).cut


def test_a_picture_is_a_probe_too(people: Gallery) -> None:
    found = ask(people, looks(2, noise=0.05) * 7)
    assert {*ids(found)[:3]} == {3, 9, 15}
    assert len(found.matches) == 18
    assert found.matches[0].distance < 0.3


# vetoes and flags ----------------------------------------------------------------------------------------------------


def test_who_is_seen_beside_the_probe_in_its_camera_is_last_and_stamped(people: Gallery) -> None:
    twin = people.put("a", looks(0), at_s=0.08, box=BESIDE)
    found = ask(people, same_camera=True)
    assert ids(found)[-1] == twin
    assert by_id(found)[twin].flags == (OVERLAP,)
    assert sum(OVERLAP in match.flags for match in found.matches) == 1
    assert twin in ids(ask(people, same_camera=True, limit=4)), "stamped, never removed"


def test_one_picture_with_both_is_enough_and_times_that_overlap_without_one_are_not(people: Gallery) -> None:
    touching = people.put("a", looks(0), at_s=4 * FRAME_US / SECOND, box=BESIDE)
    after = people.put("a", looks(0), at_s=5 * FRAME_US / SECOND, box=BESIDE)
    between = people.put("a", looks(0), at_s=0.5 * FRAME_US / SECOND, box=BESIDE)
    found = by_id(ask(people, same_camera=True))
    assert found[touching].flags == (OVERLAP,)
    assert found[after].flags == ()
    assert found[between].flags == ()


def test_one_person_boxed_twice_is_not_two_people(people: Gallery) -> None:
    again = people.put("b", looks(0), at_s=3600, box=(11, 22, 41, 111))
    legs = people.put("b", looks(0), at_s=3600, box=(12, 70, 38, 110))
    same = (TrackletId(7), again, legs)
    found = ask(people, same=same)
    assert {*ids(found)[:3]} == {*same}
    assert all(by_id(found)[number].flags == (CONFIRMED,) for number in same)


def test_a_confirmed_tracklet_vetoes_in_its_own_camera(people: Gallery) -> None:
    twin = people.put("b", looks(0), at_s=3600.08, box=BESIDE)
    assert by_id(ask(people))[twin].flags == ()
    found = ask(people, same=(TrackletId(7),))
    assert ids(found)[0] == 7
    assert by_id(found)[7].flags == (CONFIRMED,)
    assert ids(found)[-1] == twin
    assert by_id(found)[twin].flags == (OVERLAP,)


def test_two_who_were_confirmed_though_seen_at_once_are_flagged_and_stay_first(people: Gallery) -> None:
    twin = people.put("b", looks(0), at_s=3600.08, box=BESIDE)
    found = ask(people, same=(TrackletId(7), twin))
    assert {*ids(found)[:2]} == {7, twin}
    assert all(by_id(found)[number].flags == (CONFIRMED, OVERLAP) for number in (7, twin))


def test_camera_pairs_flag_and_never_hide(people: Gallery) -> None:
    at_once = people.put("b", looks(0), at_s=0.1)
    soon = people.put("c", looks(0), at_s=20)
    a, b, c = (people.camera(name) for name in "abc")
    assert by_id(ask(people))[at_once].flags == ()
    people.store.set_camera_pair(CameraPair(a, b, "apart", 30 * SECOND))
    people.store.set_camera_pair(CameraPair(c, a, "apart", 30 * SECOND))
    before = ids(ask(people))
    found = by_id(ask(people))
    assert found[at_once].flags == ("two-places",)
    assert found[soon].flags == ("travel-time",)
    assert found[7].flags == ()
    people.store.set_camera_pair(CameraPair(a, b, "overlapping", 30 * SECOND))
    assert by_id(ask(people))[at_once].flags == ()
    assert ids(ask(people)) == before


# feedback ------------------------------------------------------------------------------------------------------------


def test_a_confirmed_match_comes_first_and_pulls_its_likes_up(people: Gallery) -> None:
    before = ids(ask(people))
    liked = before[-1]
    twin = people.put("c", people.store.vectors(MODEL, [TrackletId(liked)])[0], at_s=9000)
    low = ids(ask(people)).index(twin)
    found = ask(people, same=(TrackletId(liked),))
    assert ids(found)[0] == liked
    assert ids(found).index(twin) < low
    assert by_id(found)[twin].moved == low - ids(found).index(twin)
    assert by_id(found)[liked].moved > 0


def test_a_rejected_match_goes_to_the_end_and_takes_its_likes_down(people: Gallery) -> None:
    first = ids(ask(people, rerank=False))[0]
    found = ask(people, different=(TrackletId(first),), rerank=False)
    assert ids(found)[-1] == first
    assert by_id(found)[first].flags == (REJECTED,)
    assert by_id(found)[first].moved == -(len(found.matches) - 1)
    assert first not in ids(ask(people, different=(TrackletId(first),), limit=3)), "there is room for the undecided"


def test_feedback_about_the_probe_itself_or_twice_changes_nothing(people: Gallery) -> None:
    plain = ask(people, same=(TrackletId(7),))
    assert ask(people, same=(TrackletId(1), TrackletId(7), TrackletId(7))).matches == plain.matches
    assert ask(people, same=(TrackletId(1),)).matches == ask(people).matches


def test_feedback_about_nobody_is_said(people: Gallery) -> None:
    with pytest.raises(NotFound, match="999"):
        ask(people, different=(TrackletId(999),))


# probes and bands ----------------------------------------------------------------------------------------------------


def test_a_probe_that_cannot_be_is_said(people: Gallery) -> None:
    with pytest.raises(ProbeError, match="tracklet 999"):
        ask(people, 999)
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    with pytest.raises(ProbeError, match="no vector of the model other"):
        search(people.store, index, SearchRequest(probe=TrackletId(1), model=ModelId("other")))
    with pytest.raises(ShapeError, match="3 numbers"):
        ask(people, np.ones(3, np.float32))


def test_bands_are_those_of_the_card(people: Gallery) -> None:
    assert {match.band for match in ask(people).matches} == {None}
    assert any("not calibrated" in note for note in ask(people).notes)
    card = {"calibration": {"strong": 0.2, "possible": 0.5, "weak": 0.9}}
    people.store.add_network(Network("embedder", "e" * 64, "net", "net.onnx", card, MODEL))
    found = ask(people, rerank=False)
    assert found.matches[0].band == "strong"
    assert found.matches[-1].band in ("weak", "none")
    assert not any("calibrated" in note for note in found.notes)
    own = {int(m.tracklet): 1 - float(looks_of(people, 1) @ looks_of(people, m.tracklet)) for m in found.matches}
    assert all(match.band == band(own[match.tracklet], card["calibration"]) for match in found.matches)
    assert [band(d, card["calibration"]) for d in (0.2, 0.21, 0.5, 0.9, 0.91)] == [
        "strong", "possible", "possible", "weak", "none",
    ]  # fmt: skip


def test_bands_of_a_calibration_with_a_centre_are_by_the_distance_that_is_told(people: Gallery) -> None:
    card = {"calibration": {"strong": 0.2, "possible": 0.5, "weak": 0.9, "centre": looks(50).tolist()}}
    people.store.add_network(Network("embedder", "e" * 64, "net", "net.onnx", card, MODEL))
    found = ask(people)
    assert {match.band for match in found.matches} > {"strong"}
    assert all(match.band == band(match.distance, card["calibration"]) for match in found.matches)
    everybody = [TrackletId(number) for number in range(1, 19)]
    vectors, cameras = unit_length(people.store.vectors(MODEL, everybody)), people.store.spans(everybody).camera
    fair = camera_bias(vectors, cameras, "cosine", looks(50)).off(vectors, cameras.tolist())
    assert found.matches[0].distance == pytest.approx(
        1 - float(fair[0] @ fair[found.matches[0].tracklet - 1]), abs=1e-4
    )


@pytest.mark.parametrize("centre", [None, looks(50).tolist()])
def test_strong_ones_of_the_own_camera_that_is_left_out_are_counted(
    people: Gallery, centre: list[float] | None
) -> None:
    assert ask(people, 1).own == 0, "nothing is strong without a calibration"
    card = {"calibration": {"strong": 0.2, "possible": 0.5, "weak": 0.9, "centre": centre}}
    people.store.add_network(Network("embedder", "e" * 64, "net", "net.onnx", card, MODEL))
    people.put("a", looks(0, seed=500, noise=0.08), at_s=5000)
    people.put("a", looks(0, seed=501, noise=0.08), at_s=0, box=BESIDE)  # seen beside the probe: somebody else
    whole = ask(people, 1, same_camera=True)
    strong = [m for m in whole.matches if m.band == "strong" and m.camera == people.camera("a")]
    assert {int(match.tracklet) for match in strong} == {19, 20}
    assert ask(people, 1).own == 1
    assert whole.own == 0
    assert ask(people, 1, where=TrackletFilter(to_us=4000 * SECOND)).own == 0, "the filters hold there too"
    assert ask(people, looks(0)).own == 0


@pytest.mark.parametrize("centre", [None, looks(50).tolist()])
def test_the_band_between_two_is_the_one_that_a_search_shows(people: Gallery, centre: list[float] | None) -> None:
    card = {"calibration": {"strong": 0.2, "possible": 0.5, "weak": 0.9, "centre": centre}}
    people.store.add_network(Network("embedder", "e" * 64, "net", "net.onnx", card, MODEL))
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    bias = bias_of(people.store, index)
    for match in ask(people).matches:
        assert band_between(people.store, index, bias, TrackletId(1), match.tracklet) == match.band


def test_only_the_top_is_ranked_again_and_the_rest_follows_by_what_the_index_says(people: Gallery) -> None:
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    request = SearchRequest(probe=TrackletId(1), model=MODEL)
    probe = index.vectors([1])
    _, near = index.search(probe, len(index), allowed=np.arange(7, 19))
    for rerank in (True, False):
        request = SearchRequest(probe=TrackletId(1), model=MODEL, rerank=rerank)
        found = search(people.store, index, request, SearchSettings(rerank_top=4))
        assert sorted(ids(found)[:4]) == sorted(near[0][:4].tolist())
        assert ids(found)[4:] == near[0][4:].tolist()


def test_a_case_without_tracklets_answers_with_a_sentence(tmp_path: Path) -> None:
    with gallery(tmp_path).store as store:
        index = open_index(store, MODEL, tmp_path / "index")
        found = search(store, index, SearchRequest(probe=looks(1), model=MODEL))
    assert found.matches == ()
    assert any("no vectors" in note for note in found.notes)


def test_a_filter_that_few_of_the_near_ones_pass_is_still_exact(people: Gallery) -> None:
    for number in range(30):
        people.put("a", looks(0, seed=number, noise=0.01), at_s=10_000 + 60 * number)
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    request = SearchRequest(probe=TrackletId(1), model=MODEL, rerank=False, limit=3)
    assert NEAR * request.limit < 30, "the near ones are all of the probe's own camera"
    found = ids(search(people.store, index, request))
    assert found == ids(ask(people, rerank=False, limit=500))[:3]
    assert {*found[:2]} == {7, 13}


def test_a_confirmed_tracklet_is_listed_however_far_away_it_is(people: Gallery) -> None:
    for number in range(60):
        people.put("b", looks(0, seed=number, noise=0.05), at_s=20_000 + 60 * number)
    far = people.put("c", -looks(0), at_s=50_000)
    found = ask(people, same=(TrackletId(7), TrackletId(8), far), rerank=False, limit=5)
    assert far in ids(found)[:3]
    assert by_id(found)[far].flags == (CONFIRMED,)


def test_everybody_is_listed_earliest_first_and_it_is_on_the_record(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case") as case:
        made = Gallery(case.store)
        late, early, twin = (made.put(camera, looks(0), at_s=at) for camera, at in (("a", 90), ("b", 30), ("a", 30)))
        everything = TrackletFilter()
        found = case.everybody(everything, 10)
        assert [seen.tracklet for seen in found] == [early, twin, late]
        assert [seen.camera for seen in found] == [made.camera("b"), made.camera("a"), made.camera("a")]
        assert [seen.tracklet for seen in case.everybody(everything, 2)] == [early, twin]
        some = TrackletFilter(cameras=(made.camera("a"),), to_us=80 * SECOND, exclude=(early,))
        assert [seen.tracklet for seen in case.everybody(some, 10)] == [twin]
        last = case.store.events(limit=1)[0]
        assert (last.kind, last.body["listed"], last.body["cameras"]) == ("everybody", 1, [int(made.camera("a"))])
        count = len(case.store.events(limit=100))
    with Case.open(tmp_path / "case", read_only=True) as case:
        assert len(case.everybody(everything, 10)) == 3
        assert len(case.store.events(limit=100)) == count
