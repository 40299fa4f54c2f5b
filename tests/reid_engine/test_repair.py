"""Splitting and merging: pieces, crops, vectors, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.errors import NetworkFileError, NotFound, UsageError
from reid_engine.index import open_index
from reid_engine.journey import journey
from reid_engine.repair import check_merge, check_split, merge, split
from reid_engine.search import SearchRequest, search
from reid_engine.store import Source, TrackletFilter
from reid_engine.types import BgrImage, Crop, TrackletCrops, TrackletId, Vectors
from tests.support.cases import FRAME_US, MODEL, Gallery, closed, jpeg, looks


class Shades:
    """A vector by the brightness of the first crop, so that a test sees from which crops it was made."""

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        shades = [int(_decoded(kept.best[0])[0, 0, 0]) for kept in crops]
        return np.stack([looks(shade) for shade in shades])


def _decoded(crop: Crop) -> BgrImage:
    return np.asarray(cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


EMBEDDERS = {MODEL: Shades()}


def two_in_one(people: Gallery) -> TrackletId:
    """Ten pictures of one person (shade 20), then ten of another (shade 200)."""
    piece = closed(7, boxes=20)
    times = piece.offset_us
    kept = tuple(
        Crop(row, int(times[row]), (10, 20, 40, 110), quality, jpeg(shade))
        for row, quality, shade in ((3, 0.9, 20), (14, 0.8, 200), (6, 0.7, 20))
    )
    run = tuple(Crop(row, int(times[row]), (10, 20, 40, 110), 0.5, jpeg(20)) for row in range(6, 14))
    people.tracks += 1
    crops = TrackletCrops(kept, (run,))
    return people.commit("a", [(replace(piece, crops=crops), looks(1))])[0]


def numbers(people: Gallery) -> list[int]:
    return people.store.find(TrackletFilter()).tolist()


def test_a_split_shares_out_boxes_crops_and_clips_and_makes_vectors_anew(people: Gallery) -> None:
    whole = two_in_one(people)
    at_us = int(people.store.tracklets([whole])[0].time_us[10])
    edit = split(people.store, whole, at_us, EMBEDDERS)
    first, second = people.store.tracklets(edit.made)
    assert (len(first.time_us), len(second.time_us)) == (10, 10)
    assert first.end_us < at_us == second.start_us
    crops = [people.store.crops(number) for number in edit.made]
    assert [[crop.frame_index for crop in kept.best] for kept in crops] == [[3, 6], [14]]
    assert [[len(run) for run in kept.runs] for kept in crops] == [[4], [4]]
    vectors = people.store.vectors(MODEL, edit.made)
    np.testing.assert_allclose(vectors, np.stack([looks(20), looks(200)]), atol=1e-3)
    assert numbers(people) == [*edit.made]
    assert people.store.contradictions() == []
    assert people.store.broken_record() is None


def test_a_split_is_taken_back_and_restored_without_losing_a_row(people: Gallery, tmp_path: Path) -> None:
    whole = two_in_one(people)
    other = people.put("b", 200)
    edit = split(people.store, whole, 10 * FRAME_US, EMBEDDERS)
    index = open_index(people.store, MODEL, tmp_path / "index")

    def ranked() -> set[int]:
        return {
            match.tracklet for match in search(people.store, index, SearchRequest(probe=other, model=MODEL)).matches
        }

    assert ranked() == set(edit.made)
    assert people.store.undo() == edit
    assert ranked() == {whole}
    assert people.store.tracklets_between(people.camera("a"), 0, 10**9)[0].id == whole
    assert people.store.redo() == edit
    assert ranked() == set(edit.made)
    assert people.store.is_replaced(whole)


def test_a_piece_without_a_crop_gets_some_from_the_recording(people: Gallery) -> None:
    whole = two_in_one(people)
    asked: list[int] = []

    def picture(source: Source, offset_us: int) -> BgrImage:
        asked.append(offset_us)
        return np.full((120, 160, 3), 90, np.uint8)

    edit = split(people.store, whole, 18 * FRAME_US, EMBEDDERS, picture)
    (crop, *_) = people.store.crops(edit.made[1]).best
    assert asked
    assert 18 <= crop.frame_index <= 19
    np.testing.assert_allclose(people.store.vectors(MODEL, edit.made[1:])[0], looks(90), atol=1e-3)


@pytest.mark.parametrize("row", [0, 20, -5])
def test_a_split_outside_the_track_is_refused(people: Gallery, row: int) -> None:
    whole = two_in_one(people)
    with pytest.raises(UsageError, match="cannot be split there"):
        split(people.store, whole, row * FRAME_US, EMBEDDERS)
    assert numbers(people) == [whole]


def test_two_tracks_of_one_person_become_one_and_decisions_follow(people: Gallery) -> None:
    first, second = people.put("a", 1), people.put("a", 1, at_s=3)
    elsewhere = people.put("b", 1, at_s=60)
    people.store.decide(first, elsewhere, "same")
    edit = merge(people.store, (second, first), EMBEDDERS)
    (made,) = people.store.tracklets(edit.made)
    assert len(made.time_us) == 10
    assert (np.diff(made.time_us) > 0).all()
    assert [(d.probe, d.candidate) for d in people.store.decisions()] == [(made.id, elsewhere)]
    assert [seen.tracklet for seen in journey(people.store, elsewhere).sightings] == [made.id, elsewhere]
    people.store.undo()
    assert [(d.probe, d.candidate) for d in people.store.decisions()] == [(first, elsewhere)]
    assert numbers(people) == [first, second, elsewhere]


def test_a_confirmed_track_that_is_split_leaves_the_journey_and_that_is_said(people: Gallery) -> None:
    whole, elsewhere = two_in_one(people), people.put("b", 1, at_s=60)
    people.store.decide(elsewhere, whole, "same")
    split(people.store, whole, 10 * FRAME_US, EMBEDDERS)
    found = journey(people.store, elsewhere)
    assert [seen.tracklet for seen in found.sightings] == [elsewhere]
    assert found.lost == (whole,)


def test_tracks_seen_in_one_picture_or_in_two_recordings_are_not_merged(people: Gallery) -> None:
    first, second, far = people.put("a", 1), people.put("a", 2), people.put("b", 1)
    with pytest.raises(UsageError, match="two people"):
        check_merge(people.store, (first, second))  # what the window asks before it starts a job
    with pytest.raises(UsageError, match="two people"):
        merge(people.store, (first, second), EMBEDDERS)
    with pytest.raises(UsageError, match="only those of one can be merged"):
        merge(people.store, (first, far), EMBEDDERS)
    with pytest.raises(UsageError, match="itself"):
        merge(people.store, (first, first), EMBEDDERS)


def test_what_was_replaced_is_not_replaced_again(people: Gallery) -> None:
    whole = two_in_one(people)
    split(people.store, whole, 10 * FRAME_US, EMBEDDERS)
    with pytest.raises(UsageError, match="split or merged before"):
        split(people.store, whole, 5 * FRAME_US, EMBEDDERS)
    with pytest.raises(UsageError, match="split or merged before"):
        check_split(people.store, whole, 5 * FRAME_US)


def test_without_the_network_nothing_changes(people: Gallery) -> None:
    whole = two_in_one(people)
    with pytest.raises(NetworkFileError, match=MODEL):
        split(people.store, whole, 10 * FRAME_US, {})
    with pytest.raises(NotFound):
        split(people.store, TrackletId(99), 10 * FRAME_US, EMBEDDERS)
    assert numbers(people) == [whole]


def test_an_ingest_that_begins_again_forgets_the_edits_of_its_recording(people: Gallery) -> None:
    whole = two_in_one(people)
    split(people.store, whole, 10 * FRAME_US, EMBEDDERS)
    people.store.reset_source(people.source("a"))
    assert numbers(people) == []
    assert people.store.undo() is None
    assert people.store.contradictions() == []
