"""The index is exact, refuses what FAISS would not, and its file is never trusted further than its stamp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reid_engine import index as index_module
from reid_engine.errors import ShapeError
from reid_engine.index import VectorIndex, open_index, up_to_date
from reid_engine.jobs import JobControl
from reid_engine.ranking import distances, unit_length
from reid_engine.store import EraseScope, Network, TrackletFilter
from reid_engine.types import DistanceName, TrackletId, Vectors
from tests.support.cases import DIM, MODEL, Gallery, gallery, looks


class Heard:
    """A reporter that remembers the sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def event(self, kind: str, **fields: object) -> None:
        if kind == "notice":
            self.sentences.append(str(fields["message"]))


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Gallery]:
    made = gallery(tmp_path)
    for person in range(12):
        made.put("ab"[person % 2], person, at_s=person)
    yield made
    made.store.close()


def some(count: int, seed: int = 0, dim: int = DIM) -> Vectors:
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


def made(count: int, distance: DistanceName = "cosine") -> tuple[VectorIndex, Vectors]:
    index = VectorIndex(MODEL, DIM, distance)
    vectors = some(count)
    order = np.random.default_rng(1).permutation(count)
    index.add(np.arange(count)[order] * 10 + 2**33, vectors[order])
    return index, vectors


def assert_answers(index: VectorIndex, people: Gallery) -> None:
    """Everybody finds themself, and nobody is missing."""
    everyone = people.store.find(TrackletFilter())
    assert index.ids.tolist() == everyone.tolist()
    assert index.generation == people.store.generation(MODEL).number
    found, ids = index.search(people.store.vectors(MODEL, everyone.tolist()), 1)
    assert ids[:, 0].tolist() == everyone.tolist()
    assert found.max() < 1e-2


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_search_equals_numpy(distance: DistanceName) -> None:
    index, vectors = made(200, distance)
    queries = some(5, seed=2)
    near, ids = index.search(queries, 20)
    slow = distances(distance, queries, vectors)
    order = np.argsort(slow, axis=1)[:, :20]
    assert ((ids - 2**33) // 10).tolist() == order.tolist()
    np.testing.assert_allclose(near, np.take_along_axis(slow, order, 1), atol=1e-4)
    assert (np.diff(near, axis=1) >= 0).all()


def test_only_the_allowed_answer() -> None:
    index, vectors = made(200)
    allowed = np.sort(np.random.default_rng(3).choice(200, 30, replace=False)) * 10 + 2**33
    queries = some(3, seed=4)
    near, ids = index.search(queries, 30, allowed=np.append(allowed, 5))
    assert {*ids.ravel().tolist()} == {*allowed.tolist(), -1} - ({-1} if ids.shape[1] == 30 else set())
    slow = distances("cosine", queries, vectors[(allowed - 2**33) // 10])
    np.testing.assert_allclose(near[:, :30], np.sort(slow, axis=1), atol=1e-4)
    assert (index.search(queries, 5, allowed=np.empty(0, np.int64))[1] == -1).all()


def test_fewer_than_asked_are_filled_up_with_nobody() -> None:
    assert made(3)[0].search(some(1), 10)[1].shape == (1, 3)
    empty = VectorIndex(MODEL, DIM, "cosine")
    near, ids = empty.search(some(2), 4)
    assert (ids == -1).all()
    assert np.isinf(near).all()


def test_a_number_is_in_the_index_once() -> None:
    index, _ = made(5)
    with pytest.raises(ValueError, match="8589934592 is in the index already"):
        index.add(np.array([7, 2**33]), some(2))
    with pytest.raises(ValueError, match="tracklet 7"):
        index.add(np.array([7, 7]), some(2))
    assert len(index) == 5


def test_vectors_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match="got"):
        made(2)[0].add(np.array([1]), some(1, dim=DIM + 1))


def test_what_is_held_comes_out_and_what_is_not_is_named() -> None:
    index, vectors = made(5)
    held = index.vectors([2**33 + 40, 2**33])
    np.testing.assert_allclose(held, unit_length(vectors[[4, 0]]), atol=1e-6)
    with pytest.raises(KeyError, match="tracklet 3 "):
        index.vectors([2**33, 3])


def test_beyond_its_limit_the_index_holds_half_floats(monkeypatch: pytest.MonkeyPatch, people: Gallery) -> None:
    monkeypatch.setattr(index_module, "FLAT_LIMIT", 10)
    index = open_index(people.store, MODEL, people.store.path.parent / "index")
    assert "ScalarQuantizer" in type(index._index.index).__name__ or index._index.index.sa_code_size() == 2 * DIM
    assert_answers(index, people)


# the file ------------------------------------------------------------------------------------------------------------


def opened(people: Gallery, heard: Heard | None = None) -> VectorIndex:
    return open_index(people.store, MODEL, people.store.path.parent / "index", JobControl(heard or Heard()))


def files(people: Gallery) -> tuple[Path, Path]:
    """The index and its stamp."""
    (path,) = (people.store.path.parent / "index").glob("*.faiss")
    return path, path.with_suffix(".json")


def test_an_index_that_fits_is_loaded_in_silence(people: Gallery) -> None:
    opened(people)
    before = [path.stat().st_mtime_ns for path in files(people)]
    heard = Heard()
    assert_answers(opened(people, heard), people)
    assert heard.sentences == []
    assert [path.stat().st_mtime_ns for path in files(people)] == before


def spoil(people: Gallery, how: str) -> None:
    path, stamp = files(people)
    content = bytearray(path.read_bytes())
    claims = json.loads(stamp.read_text())
    if how == "missing":
        path.unlink()
    elif how == "no stamp":
        stamp.unlink()
    elif how == "stamp is no JSON":
        stamp.write_text("{")
    elif how == "another case":
        stamp.write_text(json.dumps(claims | {"case": "somebody else"}))
    elif how == "ids":
        stamp.write_text(json.dumps(claims | {"ids_crc32": 1}))
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


SPOILT = ["missing", "no stamp", "stamp is no JSON", "another case", "ids", "cut", "empty", "flipped"]


@pytest.mark.parametrize("how", SPOILT)
def test_a_doubtful_file_is_made_again_and_that_is_said(people: Gallery, how: str) -> None:
    opened(people)
    spoil(people, how)
    heard = Heard()
    assert_answers(opened(people, heard), people)
    assert len(heard.sentences) == 1
    assert "made again from the case" in heard.sentences[0]
    again = Heard()
    opened(people, again)
    assert again.sentences == []


def test_what_came_in_since_is_added_and_nothing_else_is_read(people: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(people)
    people.put("a", 50, at_s=100)
    people.put("b", 51, at_s=100)
    added: list[int] = []
    plain = VectorIndex.add

    def counted(self: VectorIndex, ids: np.ndarray, vectors: Vectors) -> None:
        added.extend(ids.tolist())
        plain(self, ids, vectors)

    monkeypatch.setattr(VectorIndex, "add", counted)
    index = opened(people)
    assert added == [13, 14]
    assert_answers(index, people)
    assert up_to_date(index, people.store) is index


def test_an_index_in_memory_follows_the_case(people: Gallery) -> None:
    index = opened(people)
    people.put("a", 50, at_s=100)
    index = up_to_date(index, people.store)
    assert_answers(index, people)
    people.finish("a")
    people.store.erase(EraseScope(tracklets=(TrackletId(3),)), reason="asked")
    index = up_to_date(index, people.store)
    assert 3 not in index.ids
    assert_answers(index, people)


def test_replaced_vectors_replace_the_index(people: Gallery) -> None:
    opened(people)
    first = people.store.tracklets([1])[0].id
    people.store.add_embeddings(MODEL, [first], looks(77)[None])
    index = opened(people)
    assert index.search(looks(77)[None], 1)[1].tolist() == [[first]]
    assert_answers(index, people)


def test_the_distance_is_the_one_on_the_card(people: Gallery) -> None:
    assert opened(people).distance == "cosine"
    people.store.add_network(Network("embedder", "e" * 64, "net", "net.onnx", {"distance": "euclidean"}, MODEL))
    heard = Heard()
    index = opened(people, heard)
    assert index.distance == "euclidean"
    assert "another case or model" in heard.sentences[0]


def test_a_case_without_vectors_has_an_empty_index_and_says_nothing(tmp_path: Path) -> None:
    heard = Heard()
    with gallery(tmp_path).store as store:
        index = open_index(store, MODEL, tmp_path / "index", JobControl(heard))
    assert len(index) == 0
    assert heard.sentences == []


def test_an_index_that_cannot_be_kept_still_answers_and_leaves_no_half_file(
    people: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_module, "_sha256", full)
    heard = Heard()
    assert_answers(opened(people, heard), people)
    assert "no space left" in heard.sentences[-1]
    assert list((people.store.path.parent / "index").iterdir()) == []
