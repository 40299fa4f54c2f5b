"""Everybody described by another model: what is in force and when, stops, kills, edits in between, the record."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_engine import describing
from reid_engine.case import Case
from reid_engine.describing import Described, describe
from reid_engine.errors import CaseBusy, CaseDamaged, CaseError, JobCancelled, NotFound
from reid_engine.jobs import JobControl
from reid_engine.repair import merge, split
from reid_engine.search import SearchRequest
from reid_engine.store import EraseScope, Network, TrackletFilter
from reid_engine.types import BgrImage, DistanceName, ModelId, TrackletCrops, TrackletId, Vectors
from tests.support.cases import FRAME_US, MODEL, Gallery, looks

NEW = ModelId("spots@1")
PEOPLE = 3


@dataclass
class Fake:
    """An embedder for which the brightness of the best crop is the person. before: called with the number of a batch"""

    model: ModelId = NEW
    dim: int = 8
    before: Callable[[int], object] = lambda batch: None
    distance: DistanceName = "cosine"
    card: dict[str, Any] = field(default_factory=dict)
    batches: int = 0

    @property
    def name(self) -> str:
        return self.model.partition("@")[0]

    @property
    def path(self) -> Path:
        return Path(f"/models/{self.name}.onnx")

    @property
    def sha256(self) -> str:
        return self.name.ljust(64, "0")

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        self.before(self.batches)
        self.batches += 1
        return np.stack([looks(len(kept.best[0].jpeg), dim=self.dim) for kept in crops])

    def embed_image(self, image: BgrImage) -> Vectors:
        return looks(int(image[0, 0, 0]), dim=self.dim)

    def describe(self) -> str:
        return "a fake"


OLD = Fake(MODEL, 16)


def filled(folder: Path) -> Case:
    """A case of three people in two cameras, by the model MODEL."""
    case = Case.create(folder, "a test", operator="ann")
    case.store.add_network(Network("embedder", OLD.sha256, OLD.name, str(OLD.path), OLD.card, MODEL))
    people = Gallery(case.store)
    for person in range(PEOPLE):
        people.put("a", person, at_s=10 * person)
        people.put("b", person, at_s=1000 + 10 * person)
    for camera in "ab":
        people.finish(camera)
    return case


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setattr(describing, "EMBED_AT_ONCE", 2)
    with filled(tmp_path / "a.case") as made:
        yield made


def kinds(case: Case) -> list[str]:
    return [event.kind for event in case.store.events() if event.kind.startswith(("describing", "model", "network"))]


def ranked(case: Case, model: ModelId) -> list[int]:
    return [int(match.tracklet) for match in case.search(SearchRequest(probe=TrackletId(1), model=model)).matches]


class Told:
    """Keeps a job's events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def event(self, kind: str, **fields: Any) -> None:
        self.events.append({"event": kind, **fields})


def test_everybody_gets_a_vector_and_searches_go_by_the_new_model(case: Case) -> None:
    told = Told()
    assert describe(case, Fake(), JobControl(told)) == Described(NEW, MODEL, 6, 6)
    assert case.model() == NEW
    assert len(list(case.index_folder.glob("*.faiss"))) == 1, "the index is there before somebody asks"
    assert sorted(ranked(case, NEW)) == [2, 4, 6]
    steps = [(event["done"], event["total"]) for event in told.events if event.get("stage") == "embed"]
    assert steps == [(0, 6), (2, 6), (4, 6)]
    assert case.check() == []
    assert kinds(case)[1:] == ["network added", "describing started", "model in force", "describing finished"]
    wanted = ("describing started", "model in force", "describing finished")
    started, switched, finished = (event for event in case.store.events() if event.kind in wanted)
    assert started.body | {"model": NEW, "tracklets": 6, "sha256": Fake().sha256} == started.body
    assert switched.body | {"model": NEW, "before": MODEL} == switched.body
    assert finished.body | {"model": NEW, "described": 6, "tracklets": 6} == finished.body


def test_until_the_last_tracklet_the_old_model_stays_and_a_second_call_goes_on(case: Case) -> None:
    seen: list[ModelId] = []
    control = JobControl()

    def before(batch: int) -> None:
        seen.append(case.model())
        if batch == 1:
            control.cancel()

    with pytest.raises(JobCancelled):
        describe(case, Fake(before=before), control)
    assert (case.model(), case.store.vector_count(NEW)) == (MODEL, 4)
    assert case.check() == [], "a case that is half described is sound"
    assert ranked(case, MODEL)
    listed = [(one.model, one.described, one.tracklets, one.in_force) for one in case.store.known_models()]
    assert listed == [(MODEL, 6, 6, True), (NEW, 4, 6, False)]
    assert describe(case, Fake(before=before), JobControl()).described == 2
    assert seen == [MODEL] * 3
    assert case.model() == NEW
    assert [(one.model, one.in_force) for one in case.store.known_models()] == [(NEW, True), (MODEL, False)]


def test_an_older_model_is_in_force_at_once_and_only_what_it_lacks_is_described(case: Case) -> None:
    describe(case, Fake(), JobControl())
    back = Fake(MODEL, 16)
    assert describe(case, back, JobControl()) == Described(MODEL, NEW, 0, 6)
    assert (case.model(), back.batches) == (MODEL, 0)
    Gallery(case.store, tracks=6).put("c", 1)
    assert describe(case, Fake(), JobControl()) == Described(NEW, MODEL, 1, 7)
    assert describe(case, Fake(), JobControl()) == Described(NEW, NEW, 0, 7), "again changes nothing"
    assert kinds(case).count("model in force") == 3
    assert kinds(case).count("network added") == 2
    assert case.check() == []


KILLED = """
import os, signal, sys
from pathlib import Path
from reid_engine import describing
from reid_engine.case import Case
from reid_engine.jobs import JobControl
from tests.reid_engine.test_describing import Fake
describing.EMBED_AT_ONCE = 2
with Case.open(Path(sys.argv[1])) as case:
    die = lambda batch: os.kill(os.getpid(), signal.SIGKILL) if batch == 2 else None
    describing.describe(case, Fake(before=die), JobControl())
"""


def test_a_kill_in_the_middle_leaves_the_old_model_and_the_next_call_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "a.case"
    filled(folder).close()
    assert subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False).returncode == -signal.SIGKILL
    with Case.open(folder) as case:
        assert (case.model(), case.store.vector_count(NEW)) == (MODEL, 4)
        assert case.check() == []
        assert describe(case, Fake(), JobControl()).described == 2
        assert case.model() == NEW
        assert case.check() == []
        assert kinds(case).count("describing started") == 2


def test_one_at_a_time_and_never_where_nothing_can_be_written(case: Case) -> None:
    with Case.open(case.folder) as other, case.ingest_lock(), pytest.raises(CaseBusy):
        describe(other, Fake(), JobControl())
    with Case.open(case.folder, read_only=True) as reader:
        with pytest.raises(CaseError, match="reading only"):
            describe(reader, Fake(), JobControl())
        assert [one.model for one in reader.store.known_models()] == [MODEL]
    assert case.store.models() == [MODEL]


def test_a_case_that_holds_nobody_is_refused(tmp_path: Path) -> None:
    with Case.create(tmp_path / "empty") as empty:
        with pytest.raises(CaseError, match="nobody is in"):
            describe(empty, Fake(), JobControl())
        assert empty.store.known_models() == []
        assert empty.store.networks() == []


def test_who_is_split_meanwhile_is_described_too_and_what_was_replaced_can_come_back(case: Case) -> None:
    pieces: list[TrackletId] = []

    def before(batch: int) -> None:
        if batch == 2:  # the numbers to describe were read before
            pieces.extend(split(case.store, TrackletId(1), FRAME_US, {MODEL: OLD}).made)

    assert describe(case, Fake(before=before), JobControl()) == Described(NEW, MODEL, 8, 8)
    assert case.check() == []
    assert case.store.vectors(NEW, [*pieces, TrackletId(1)]).shape == (3, 8)
    case.undo()
    assert 1 in case.store.find(TrackletFilter()).tolist()
    assert case.check() == []


def test_edits_need_the_model_in_force_only_and_the_older_one_makes_up_for_it(case: Case) -> None:
    describe(case, Fake(), JobControl())
    made = merge(case.store, (TrackletId(1), TrackletId(3)), {NEW: Fake()}).made
    assert case.check() == []
    with pytest.raises(NotFound):
        case.store.vectors(MODEL, made)
    assert describe(case, OLD, JobControl()).described == 1
    assert case.check() == []


def test_an_edit_whose_vectors_are_of_the_model_before_is_refused(case: Case) -> None:
    class Slow(Fake):
        def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
            found = super().embed_tracklets(crops)
            describe(case, Fake(), JobControl())  # another process
            return found

    with pytest.raises(CaseBusy, match=NEW):
        split(case.store, TrackletId(1), FRAME_US, {MODEL: Slow(MODEL, 16)})
    assert case.store.count_tracklets() == 6
    assert case.check() == []


def test_decisions_and_journeys_stay_and_who_was_erased_is_not_described(case: Case) -> None:
    case.decide(TrackletId(1), TrackletId(2), "same")
    case.erase(EraseScope(tracklets=(TrackletId(5),)), reason="order 1", expected=1)
    assert describe(case, Fake(), JobControl()) == Described(NEW, MODEL, 5, 5)
    assert [sighting.tracklet for sighting in case.journey(TrackletId(1)).sightings] == [1, 2]
    assert case.check() == []


def test_pixels_that_cannot_be_read_are_named_and_the_old_model_stays(case: Case) -> None:
    with case.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM crop WHERE tracklet = 4")
    with pytest.raises(CaseDamaged, match="tracklet 4 has no pixels"):
        describe(case, Fake(), JobControl())
    assert (case.model(), case.store.vector_count(NEW)) == (MODEL, 2)
