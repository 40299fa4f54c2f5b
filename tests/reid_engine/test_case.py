"""A case as the window and the command line hold it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from reid_engine import store
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.errors import CaseBusy, CaseDamaged, CaseError, DiskFull, ProbeError, UsageError
from reid_engine.search import SearchRequest
from reid_engine.store import TrackletFilter
from reid_engine.store.connection import Database
from reid_engine.types import ModelId, TrackletId
from tests.support.cases import FRAME_US, MODEL, SECOND, Gallery, looks


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with Case.create(tmp_path / "a.case", "a test", operator="ann") as made:
        yield made


@pytest.fixture
def people(case: Case) -> Gallery:
    made = Gallery(case.store)
    for person in range(3):
        made.put("a", person, at_s=10 * person, box=(100 * person, 0, 100 * person + 50, 120))
        made.put("b", person, at_s=1000 + 10 * person)
    return made


def test_a_case_is_a_folder_that_can_be_opened_again(case: Case, people: Gallery) -> None:
    assert {path.name for path in case.folder.iterdir()} >= {"case.db", "index", "exports", "jobs"}
    case.close()
    with Case.open(case.folder, operator="bob") as again:
        assert again.store.info().purpose == "a test"
        assert again.record("export", to="somebody").operator == "bob"
        assert again.store.count_tracklets() == 6
    assert [path.name for path in case.folder.glob("case.db*")] == ["case.db"], "closed in one piece"


def test_opening_or_making_finds_what_is_there(tmp_path: Path) -> None:
    with Case.open_or_create(tmp_path / "deep" / "b.case", "why") as made:
        uuid = made.store.info().uuid
    with Case.open_or_create(tmp_path / "deep" / "b.case") as found:
        assert found.store.info().uuid == uuid
    with pytest.raises(CaseError, match="exists already"):
        Case.create(tmp_path / "deep" / "b.case")


def test_two_who_make_a_case_at_once_get_the_same_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = store._bring_up_to_date

    def slow(database: Database, *, empty: bool = False) -> None:
        tables(database, empty=empty)
        time.sleep(0.2 * empty)

    monkeypatch.setattr(store, "_bring_up_to_date", slow)

    def make(name: str) -> str:
        with Case.open_or_create(tmp_path / "b.case") as made:
            made.record("made", by=name)
            return made.store.info().uuid

    with ThreadPoolExecutor(2) as both:
        assert len(set(both.map(make, ["ann", "bob"]))) == 1
    with Case.open(tmp_path / "b.case") as found:
        first, *rest = found.store.events()
        assert first.kind == "case made"
        assert sorted(event.body["by"] for event in rest) == ["ann", "bob"]


def test_a_case_that_cannot_be_written_is_read_and_left_as_it_is(
    case: Case, people: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = case.store.present([1])[0]
    case.close()
    before = {path.name for path in case.folder.rglob("*")}
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with Case.open(case.folder) as found:
        assert found.search(SearchRequest(probe=probe, model=MODEL)).matches
        assert {path.name for path in case.folder.rglob("*")} == before, "not even SQLite's shared memory"
        with pytest.raises(CaseError, match="open for reading only"):
            found.decide(TrackletId(1), TrackletId(2), "same")
        with pytest.raises(CaseError, match="use a copy"), found.ingest_lock():
            pass


def test_a_number_that_no_case_can_hold_is_said(case: Case, people: Gallery) -> None:
    with pytest.raises(CaseError, match="larger than any"):
        case.decide(TrackletId(1), TrackletId(10**20), "same")


@pytest.mark.parametrize("drift", [1e6, float("nan"), float("-inf")])
def test_a_clock_that_runs_away_is_refused(case: Case, people: Gallery, drift: float) -> None:
    with pytest.raises(UsageError, match="a drift of"):
        case.store.set_camera_clock(people.camera("a"), CameraClock(drift_ppm=drift))
    assert case.store.camera("a").clock == CameraClock()


def test_places_that_hold_no_case_are_said(tmp_path: Path) -> None:
    for folder in (tmp_path / "nothing", tmp_path):
        with pytest.raises(CaseError, match="there is no case"):
            Case.open(folder)
    (tmp_path / "file").write_text("x")
    for opener in (Case.open, Case.open_or_create):
        with pytest.raises(CaseError):
            opener(tmp_path / "file")
    (tmp_path / "case.db").write_bytes(b"no database at all" * 99)
    with pytest.raises(CaseDamaged):
        Case.open(tmp_path)


def test_a_case_on_a_folder_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(CaseError, match="Permission denied"):
        Case.create(tmp_path / "x")


# one ingest at a time ------------------------------------------------------------------------------------------------


def test_one_ingest_at_a_time(case: Case) -> None:
    busy = pytest.raises(CaseBusy, match=f"process {os.getpid()}")
    with case.ingest_lock(), Case.open(case.folder) as other, busy, other.ingest_lock():
        pass
    with Case.open(case.folder) as other, other.ingest_lock():
        pass


def test_the_lock_dies_with_its_process(case: Case) -> None:
    program = (
        "import sys, time; from pathlib import Path; from reid_engine.case import Case\n"
        "with Case.open(Path(sys.argv[1])).ingest_lock(): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(case.folder)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(CaseBusy, match=str(holder.pid)), case.ingest_lock():
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with case.ingest_lock():
        pass


# searching -----------------------------------------------------------------------------------------------------------


def test_a_search_is_ranked_and_recorded(case: Case, people: Gallery) -> None:
    request = SearchRequest(probe=TrackletId(1), model=case.model(), same=(TrackletId(4),))
    found = case.search(request)
    assert {match.camera for match in found.matches} == {people.camera("b")}
    assert found.matches[0].tracklet == 4
    event = case.store.events()[-1]
    assert (event.kind, event.body["probe"], event.body["same"]) == ("search", 1, [4])
    case.search(SearchRequest(probe=looks(1), model=MODEL))
    assert case.store.events()[-1].body["probe"] == "a picture"
    assert case.check() == []


def test_the_record_says_the_whole_question_with_whom_it_leaves_out(case: Case, people: Gallery) -> None:
    place = people.camera("b")
    where = TrackletFilter((place,), (place,), 1, 2, (TrackletId(5),), ("red",), ("blue",), 0.3)
    said = {
        "cameras": [place], "not_cameras": [place], "from_us": 1, "to_us": 2, "exclude": [5],
        "upper": ["red"], "lower": ["blue"], "least_quality": 0.3,
    }  # fmt: skip
    assert set(said) == {field.name for field in fields(TrackletFilter)}
    case.search(SearchRequest(probe=TrackletId(1), model=MODEL, where=where, rerank=False, limit=7))
    case.everybody(where, 9)
    case.likely_people(where)
    for event, more in zip(
        case.store.events()[-3:], ({"same_camera": False, "rerank": False, "limit": 7}, {}, {}), strict=True
    ):
        assert {key: event.body[key] for key in said | more} == said | more, event.kind


def test_looking_at_a_person_goes_on_the_record(case: Case, people: Gallery) -> None:
    assert case.view(TrackletId(1)).best
    event = case.store.events()[-1]
    assert (event.kind, event.body) == ("view", {"tracklet": 1, "purpose": "a test"})


def test_a_search_sees_what_was_found_since_the_last_one(case: Case, people: Gallery) -> None:
    request = SearchRequest(probe=TrackletId(1), model=MODEL)
    before = case.search(request).matches
    new = people.put("c", looks(0), at_s=5000)
    assert case.search(request).matches[0].tracklet in (new, before[0].tracklet)
    assert new in [match.tracklet for match in case.search(request).matches]


def test_a_reader_searches_without_leaving_a_trace(case: Case, people: Gallery) -> None:
    events = len(case.store.events())
    with Case.open(case.folder, read_only=True) as reader:
        assert reader.search(SearchRequest(probe=TrackletId(1), model=MODEL)).matches
        assert not list(case.index_folder.iterdir())
    assert len(case.store.events()) == events


def test_the_model_is_the_one_that_made_vectors(case: Case) -> None:
    with pytest.raises(CaseError, match="ingest recordings first"):
        case.model()
    Gallery(case.store).put("a", 1)
    assert case.model() == MODEL
    case.store.add_embeddings(ModelId("another"), [TrackletId(1)], np.ones((1, 2), np.float32))
    assert case.model() in (MODEL, ModelId("another"))


def test_decisions_go_through_the_case(case: Case, people: Gallery) -> None:
    made = case.decide(TrackletId(1), TrackletId(2), "same")
    assert case.store.decisions() == [made]
    assert case.undo() == made
    assert case.store.decisions() == []
    assert case.redo() == made


def test_a_contact_sheet_is_written(case: Case, people: Gallery, tmp_path: Path) -> None:
    request = SearchRequest(probe=TrackletId(1), model=MODEL)
    result = case.search(request)
    seen: list[tuple[int, str]] = []

    def when(time_us: int, zone: str) -> str:
        seen.append((time_us, zone))
        return "now"

    case.contact_sheet(request, result, tmp_path / "out" / "sheet.png", when=when, truth={TrackletId(2): True})
    written = (tmp_path / "out" / "sheet.png").read_bytes()
    assert written.startswith(b"\x89PNG")
    assert case.store.events()[-1].body["sha256"] == hashlib.sha256(written).hexdigest()
    assert (0, "UTC") in seen
    picture = SearchRequest(probe=looks(1), model=MODEL)
    case.contact_sheet(picture, case.search(picture), tmp_path / "picture.png", when=when)
    with pytest.raises(DiskFull):
        case.contact_sheet(request, result, Path("/dev/full"), when=when)


# clicking ------------------------------------------------------------------------------------------------------------


def test_a_click_finds_the_box_under_it_at_that_moment(case: Case, people: Gallery) -> None:
    a = people.camera("a")
    assert case.probe_at(a, 0, 25, 60) == 1
    assert case.probe_at(a, 10 * SECOND + FRAME_US // 2, 125, 60) == 3
    assert case.probe_at(a, 4 * FRAME_US + 500_000, 25, 60) == 1


def test_a_click_counts_corrected_time(case: Case, people: Gallery) -> None:
    a = people.camera("a")
    case.store.set_camera_clock(a, CameraClock(offset_us=30 * SECOND))
    assert case.probe_at(a, -30 * SECOND, 25, 60) == 1
    with pytest.raises(ProbeError):
        case.probe_at(a, 0, 25, 60)


def test_of_boxes_one_in_the_other_the_smaller_is_meant(case: Case, people: Gallery) -> None:
    inner = people.put("c", 1, at_s=5, box=(40, 40, 60, 80))
    outer = people.put("c", 2, at_s=5, box=(0, 0, 100, 100))
    c = people.camera("c")
    assert case.probe_at(c, 5 * SECOND, 50, 60) == inner
    assert case.probe_at(c, 5 * SECOND, 10, 10) == outer


def test_the_picture_nearest_in_time_counts_before_the_size(case: Case, people: Gallery) -> None:
    now = people.put("c", 1, at_s=5, boxes=3, box=(0, 0, 100, 100))
    people.put("c", 2, at_s=5.2, box=(40, 40, 60, 80))
    assert case.probe_at(people.camera("c"), 5 * SECOND, 50, 60) == now


def test_a_click_on_nobody_says_who_is_nearest(case: Case, people: Gallery) -> None:
    a = people.camera("a")
    with pytest.raises(ProbeError, match=r"nearest is tracklet 1, 10 pixels and 0\.00 s away"):
        case.probe_at(a, 0, 60, 60)
    with pytest.raises(ProbeError, match=r"nobody is in this camera's pictures within 0\.5 s"):
        case.probe_at(a, 500 * SECOND, 25, 60)


def test_many_threads_that_need_the_index_at_once_share_one(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        people = Gallery(case.store)
        for person in range(8):
            people.put("east", person, at_s=person)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: case.index(MODEL), range(8)))
        assert len({id(index) for index in found}) == 1
        people.put("east", 9, at_s=9)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: case.index(MODEL), range(8)))
        assert len(found[0]) == 9
