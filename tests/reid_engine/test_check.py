"""A sound case has no problems; every kind of contradiction is found and named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from reid_engine.check import check
from reid_engine.store import EraseScope, Network
from reid_engine.store.content import tracklet_sha256
from reid_engine.store.schema import crop, tracklet, tracklet_box
from reid_engine.types import TrackletCrops, TrackletId, Vectors
from tests.support.cases import DIM, MODEL, Gallery, gallery, looks


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Gallery]:
    made = gallery(tmp_path)
    for person in range(4):
        made.put("ab"[person % 2], person, at_s=person)
    made.store.decide(made.store.tracklets([1])[0].id, made.store.tracklets([2])[0].id, "same")
    yield made
    made.store.close()


def problems(people: Gallery) -> list[str]:
    return check(people.store, people.store.path.parent / "index")


def test_a_sound_case_has_no_problems(people: Gallery) -> None:
    assert problems(people) == []


def test_an_empty_case_has_no_problems(tmp_path: Path) -> None:
    with gallery(tmp_path).store as store:
        assert check(store, tmp_path / "index") == []


WRONG = {
    "DELETE FROM tracklet_box WHERE tracklet = 2": "tracklets without boxes: 1, the first is number 2",
    "DELETE FROM crop WHERE tracklet = 3": "tracklets without pixels",
    "DELETE FROM embedding WHERE tracklet = 1": "without a vector of a model",
    "DELETE FROM camera WHERE id = 1": "rows of source whose camera is not there",
    "DELETE FROM tracklet WHERE id = 1": "rows of crop whose tracklet is not there",
    "UPDATE tracklet SET camera = 2 WHERE id = 1": "in another camera than their recording",
    "UPDATE tracklet SET box_count = 9 WHERE id = 1": "do not have the length that is written",
    "UPDATE tracklet_box SET xyxy = x'00' WHERE tracklet = 1": "do not have the length that is written",
    "UPDATE tracklet SET start_us = start_us + 1 WHERE id = 1": "tracklet 1 is said to begin and end",
    "UPDATE tracklet SET end_us = end_us - 1 WHERE id = 4": "tracklet 4 is said to begin and end",
    "UPDATE camera SET offset_us = 7 WHERE id = 2": "tracklet 2 is said to begin and end",
    "UPDATE crop SET jpeg = x'FFD8FF00' WHERE tracklet = 2 AND position = 1": "cannot be decoded",
    "UPDATE crop SET jpeg = x'' WHERE tracklet = 2 AND position = 1": "cannot be decoded",
    "UPDATE crop SET jpeg = 'words' WHERE tracklet = 2": "tracklet 2 has a crop that is no picture, but text",
    "UPDATE crop SET jpeg = CAST(jpeg AS TEXT) WHERE tracklet = 3 AND position = 1": "tracklet 3 has a crop that is no",
    "UPDATE crop SET jpeg = 7 WHERE tracklet = 4": "tracklet 4 has a crop that is no picture",
    "UPDATE tracklet_box SET score = printf('%.*c', length(score), 'a') WHERE tracklet = 1": "do not have the length",
    "UPDATE embedding SET vector = printf('%.*c', length(vector), 'a') WHERE tracklet = 2": "of the wrong length",
    "UPDATE crop SET quality = quality + 1e-9 WHERE tracklet = 2 AND position = 1": "tracklet 2: .* were changed",
    "UPDATE crop SET jpeg = CAST(jpeg || x'00' AS BLOB) WHERE tracklet = 3": "tracklet 3: .* were changed",
    "UPDATE tracklet_box SET score = zeroblob(length(score)) WHERE tracklet = 4": "tracklet 4: .* were changed",
    "UPDATE embedding SET vector = x'0000' WHERE tracklet = 2": "vectors of the wrong length",
    "UPDATE tracklet_box SET xyxy = zeroblob(80) WHERE tracklet = 1": "a box without an area",
    "UPDATE tracklet_box SET offset_us = zeroblob(40) WHERE tracklet = 1": "whose times do not rise",
    "UPDATE event SET operator = 'nobody' WHERE id = 1": "event 1 .* was changed",
    "DELETE FROM event WHERE id = 1": "event 1 is missing",
    "DELETE FROM event WHERE id >= 3": "ends with event 2, but .* were written: its end was cut off",
    "DELETE FROM event": "ends with event 0",
    "UPDATE event SET body = '{' WHERE id = 2": "event 2 .* was changed",
    "UPDATE event SET body = '[]' WHERE id = 2": "event 2 .* was changed",
    "UPDATE event SET body = '{\"a\":NaN}' WHERE id = 2": "event 2 .* was changed",
    "UPDATE event SET id = -1 WHERE id = 1; UPDATE event SET id = 1 WHERE id = 2": "event 1 is missing",
}


@pytest.mark.parametrize("change", WRONG)
def test_every_contradiction_is_found(people: Gallery, change: str) -> None:
    with people.store.database.rebuilding() as connection:
        for statement in change.split(";"):
            connection.exec_driver_sql(statement)
    found = problems(people)
    assert any(re.search(WRONG[change], sentence) for sentence in found), found


def test_a_crop_that_is_text_hides_nothing_else(people: Gallery) -> None:
    with people.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE crop SET jpeg = 'words' WHERE tracklet = 2")
        connection.exec_driver_sql("UPDATE crop SET jpeg = x'FFD8FF00' WHERE tracklet = 3 AND position = 1")
    found = problems(people)
    assert found[0].startswith("tracklet 2 has a crop that is no picture")
    assert sum(sentence.startswith("tracklet 2: its boxes or crops were changed") for sentence in found) == 1
    assert sum("tracklet 3 has a crop" in sentence for sentence in found) == 2, found


def test_who_makes_the_hash_fit_too_is_found_by_the_record(people: Gallery) -> None:
    for camera in "ab":
        people.finish(camera)
    assert problems(people) == []
    with people.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE crop SET quality = quality / 2 WHERE tracklet = 1")
        boxes = connection.execute(sa.select(tracklet_box).where(tracklet_box.c.tracklet == 1)).one()
        rows = connection.execute(sa.select(crop).where(crop.c.tracklet == 1).order_by(crop.c.run, crop.c.position))
        fitting = tracklet_sha256(boxes._asdict(), [row._asdict() for row in rows])
        connection.execute(sa.update(tracklet).where(tracklet.c.id == 1).values(sha256=fitting))
    assert problems(people) == ["recording 1: its tracklets are not those that the record says were found in it"]


def test_what_was_split_erased_or_found_by_an_older_version_is_no_problem(people: Gallery) -> None:
    people.finish("a")
    whole = people.store.closed_tracklet(TrackletId(1))
    people.store.replace_tracklets("split", [TrackletId(1)], [whole], {MODEL: looks(0)[None]})
    assert problems(people) == []
    people.store.erase(EraseScope(tracklets=(TrackletId(3),)), reason="asked")
    assert problems(people) == []
    with people.store.database.writing() as connection:
        older = tracklet.c.source == people.source("b")
        connection.execute(sa.update(tracklet).where(older).values(sha256=None))
    people.finish("b")
    assert problems(people) == []


def test_a_record_whose_end_was_cut_off_stays_broken_when_it_is_written_on(people: Gallery) -> None:
    with people.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM event WHERE id = (SELECT max(id) FROM event)")
    for _ in range(3):
        people.store.record("search")
    assert "is missing from the record" in str(people.store.broken_record())


def replace_vector(people: Gallery, vector: Vectors) -> None:
    with people.store.database.writing() as connection:
        blob = vector.astype("<f2").tobytes()
        connection.exec_driver_sql("UPDATE embedding SET vector = ? WHERE tracklet = 2", (blob,))


@pytest.mark.parametrize(
    "vector", [np.full(DIM, np.nan), np.zeros(DIM), np.full(DIM, 3.0)], ids=["nan", "zero", "long"]
)
def test_a_vector_without_unit_length_is_found(people: Gallery, vector: Vectors) -> None:
    replace_vector(people, vector)
    assert any("the vector of tracklet 2" in sentence for sentence in problems(people))


def test_euclidean_vectors_may_be_long_but_not_endless(people: Gallery) -> None:
    card = {"distance": "euclidean"}
    people.store.add_network(Network("embedder", "e" * 64, "net", "net.onnx", card, MODEL))
    replace_vector(people, np.full(DIM, 3.0))
    assert problems(people) == []
    replace_vector(people, np.full(DIM, np.nan))
    assert any("the vector of tracklet 2" in sentence for sentence in problems(people))


def test_an_index_that_holds_another_vector_is_found(people: Gallery) -> None:
    assert problems(people) == []
    replace_vector(people, looks(99))  # behind the index's back: no new generation
    found = problems(people)
    assert any("holds another vector of tracklet 2" in sentence for sentence in found)


def test_many_of_a_kind_are_counted(people: Gallery) -> None:
    for person in range(10):
        people.put("a", person, at_s=20 + person)
    with people.store.database.rebuilding() as connection:
        connection.exec_driver_sql("UPDATE tracklet SET start_us = start_us + 1")
    found = problems(people)
    assert len(found) == 6
    assert found[-1] == "and 9 more of this kind"


class Again:
    """An embedder that gives every tracklet the same look."""

    model = MODEL

    def __init__(self, look: Callable[[TrackletCrops], Vectors]) -> None:
        self.look = look

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        return np.stack([self.look(kept) for kept in crops])


def test_vectors_made_again_from_the_pixels_are_compared(people: Gallery) -> None:
    folder = people.store.path.parent / "index"
    known = {people.store.crops(t.id).best[0].offset_us: n for n, t in enumerate(people.store.tracklets([1, 2, 3, 4]))}
    right = Again(lambda kept: looks(known[kept.best[0].offset_us]))
    assert check(people.store, folder, embedder=right) == []
    wrong = Again(lambda kept: looks(2))
    found = check(people.store, folder, embedder=wrong)
    assert len(found) == 3
    assert all("embedded again" in sentence for sentence in found)
