"""The tables are what the record comes to: after anything that people do, and not after anything else."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reid_engine import evidence, verifier
from reid_engine.audit import Event
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.errors import ReappearError
from reid_engine.evidence.sightings import EvidenceOptions, pieces_of
from reid_engine.repair import merge, split
from reid_engine.store import CameraPair, EraseScope, Network, Store
from reid_engine.types import ModelId, TrackletCrops, TrackletId, Vectors, Verdict
from tests.support.cases import MODEL, SECOND, Gallery, gallery, looks

PNG = b"\x89PNG\r\n\x1a\n"
NAMES = ("a", "b")
NUMBERS = st.integers(1, 14)


class Seeded:
    """Vectors that follow from nothing but the number of crops."""

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        return np.stack([looks(900 + len(kept.best)) for kept in crops])


EMBEDDERS = {MODEL: Seeded()}


def filled(folder: Path) -> Gallery:
    """Two recordings, analysed to their end, with three sightings each; odd numbers are in the first."""
    made = gallery(folder)
    for number in range(6):
        made.put(NAMES[number % 2], number, at_s=3 * number, boxes=10)
    for camera in NAMES:
        made.finish(camera)
    return made


class Working(RuleBasedStateMachine):
    """Whatever is done, in whatever order, the tables and the record agree; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.people = filled(Path(self.folder.name))
        self.store = self.people.store
        self.case = Case(Path(self.folder.name), self.store)
        self.case.index_folder.mkdir()

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(one=NUMBERS, other=NUMBERS, verdict=st.sampled_from(["same", "different", "unsure"]))
    def decide(self, one: int, other: int, verdict: Verdict) -> None:
        with refused():
            self.store.decide(TrackletId(one), TrackletId(other), verdict)

    @rule()
    def undo(self) -> None:
        self.store.undo()

    @rule()
    def redo(self) -> None:
        self.store.redo()

    @rule(number=NUMBERS, at=st.sampled_from([1, 5, 9]))
    def split(self, number: int, at: int) -> None:
        with refused():
            times = self.store.tracklets([TrackletId(number)])[0].time_us
            split(self.store, TrackletId(number), int(times[min(at, len(times) - 1)]), EMBEDDERS, no_pictures)

    @rule(one=NUMBERS, other=NUMBERS)
    def merge(self, one: int, other: int) -> None:
        with refused():
            merge(self.store, (TrackletId(one), TrackletId(other)), EMBEDDERS)

    @rule(number=NUMBERS, text=st.sampled_from(["", "a red bag"]), about=st.integers(0, 2))
    def note(self, number: int, text: str, about: int) -> None:
        with refused():
            camera = self.people.camera("a") if about == 1 else None
            of = TrackletId(number) if about == 2 else None
            self.store.add_note(text, moment_us=number * SECOND, camera_id=camera, tracklet_id=of)

    @rule(number=st.integers(1, 12))
    def take_back_a_note(self, number: int) -> None:
        with refused():
            self.store.remove_note(number)

    @rule(camera=st.sampled_from(NAMES), offset_s=st.integers(-9, 9), drift=st.sampled_from([0.0, 12.5]))
    def clock(self, camera: str, offset_s: int, drift: float) -> None:
        clock = CameraClock(offset_us=offset_s * SECOND, drift_ppm=drift, uncertainty_us=SECOND, zone="Europe/Berlin")
        self.store.set_camera_clock(self.people.camera(camera), clock)

    @rule(camera=st.sampled_from(NAMES), name=st.sampled_from(["east", "west", "côté"]))
    def rename(self, camera: str, name: str) -> None:
        with refused():
            self.store.rename_camera(self.people.camera(camera), name)

    @rule(camera=st.sampled_from(NAMES), start_s=st.integers(0, 9))
    def start(self, camera: str, start_s: int) -> None:
        self.store.set_source_start(self.people.source(camera), start_s * SECOND)

    @rule(camera=st.sampled_from(NAMES), again=st.booleans())
    def begin_again(self, camera: str, again: bool) -> None:
        of = self.people.source(camera)
        self.store.reset_source(of, settings={"fps": 2.5} if again else None, fingerprint="f" if again else None)
        self.people.put(camera, 7)
        self.people.finish(camera)

    @rule(number=NUMBERS, whole=st.integers(0, 5))
    def erase(self, number: int, whole: int) -> None:
        scope = EraseScope(tracklets=(TrackletId(number),))
        scope = {0: EraseScope(source=self.people.source("a")), 1: EraseScope(before_us=4 * SECOND)}.get(whole, scope)
        with refused():
            self.store.erase(scope, reason="asked for")

    @rule(relation=st.sampled_from(["apart", "overlapping"]), x=st.sampled_from([0, 0.1, 1.0]))
    def places(self, relation: str, x: float) -> None:
        a, b = (self.people.camera(name) for name in NAMES)
        self.store.set_camera_pair(CameraPair(b, a, "apart" if relation == "apart" else "overlapping", 5, 70))
        self.store.set_floor_plan("plan.png", PNG + relation.encode())
        self.store.place_camera(a, x, 0.3)
        self.store.move_source(self.people.source("b"), f"/{relation}/b.mp4")

    @rule(model=st.sampled_from([MODEL, ModelId("other@1")]))
    def networks(self, model: ModelId) -> None:
        self.store.add_network(Network("embedder", model, model, "n.onnx", {}, model), waits=True)
        missing = self.store.without_vector(model)
        if missing:
            self.store.add_embeddings(model, missing, np.stack([looks(int(number)) for number in missing]))
        self.store.put_in_force(model)

    @rule(number=NUMBERS)
    def hand_on(self, number: int) -> None:
        """What a package would say of a person is what its record says."""
        with refused():
            found, record, options = self.case.journey(TrackletId(number)), self.store.events(), EvidenceOptions()
            pieces = pieces_of(self.case, found, options)
            facts = evidence._facts(self.case, found, options)
            facts["recordings"] = evidence._recordings(pieces, {}, record)
            facts["sightings"] = [evidence._sighting(self.case, piece, found.start) for piece in pieces]
            told = json.loads(json.dumps(facts))
            assert list(verifier.contradicted(told, map(asdict, record))) == []

    @invariant()
    def the_tables_are_what_the_record_comes_to(self) -> None:
        assert self.store.disagreements() == []


class refused:  # noqa: N801 - reads as a sentence
    """What cannot be done is said, which is no matter here."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, ReappearError)


def no_pictures(*_: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((240, 320, 3), 90, np.uint8)


Working.TestCase.settings = settings(
    max_examples=4,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
TestWorking = pytest.mark.filterwarnings("default")(Working.TestCase)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks 1, 3, 5 in camera a and 2, 4, 6 in b; 7 and 8 were split off 1, and 9 put together of 2 and 4."""
    made = filled(tmp_path_factory.mktemp("made"))
    store = made.store
    made.camera("c")  # a recording that nobody has analysed
    store.set_camera_clock(made.camera("a"), CameraClock(offset_us=7 * SECOND, zone="Europe/Berlin"))
    store.decide(TrackletId(3), TrackletId(6), "different")
    store.decide(TrackletId(5), TrackletId(6), "same")
    store.undo()
    split(store, TrackletId(1), int(store.tracklets([TrackletId(1)])[0].time_us[5]), EMBEDDERS, no_pictures)
    merge(store, (TrackletId(2), TrackletId(4)), EMBEDDERS)
    store.add_note("a red bag", moment_us=5, tracklet_id=TrackletId(3))
    store.set_camera_pair(CameraPair(made.camera("a"), made.camera("b"), "apart", 5, 70))
    store.set_floor_plan("plan.png", PNG)
    store.place_camera(made.camera("a"), 0.25, 1)
    store.add_network(Network("embedder", "e" * 64, "n", "n.onnx", {}, MODEL))
    store.close()
    return store.path


@pytest.fixture
def worked(made: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy that may be spoiled."""
    with Store.open(Path(shutil.copy(made, tmp_path))) as store:
        yield store


FORGED = {
    "UPDATE decision SET verdict = 'same' WHERE id = 1": "its verdict is 'different', by the tables 'same'",
    "UPDATE decision SET candidate = 5 WHERE id = 1": "its candidate is 6, by the tables 5",
    "DELETE FROM decision WHERE id = 1": "(decide) is not in the tables",
    "UPDATE deed SET operator = 'nobody' WHERE id = 1": "its history is [('do', 'tester')], by the tables",
    "UPDATE deed SET at_us = at_us + 3600000000 WHERE id = 1": "(decide): by the record its time is",
    "DELETE FROM deed WHERE action = 'undo'": "its history is [('do', 'tester'), ('undo', 'tester')]",
    "INSERT INTO deed SELECT 90, 'undo', 1, kind, operator, at_us FROM deed WHERE id = 1": "(decide): .* its history",
    "INSERT INTO deed SELECT 90, 'do', NULL, kind, operator, at_us FROM deed WHERE id = 1;"
    "INSERT INTO decision VALUES (90, 3, 6, 'same')": "deed 90 (decide) is in the tables, but on no record",
    "UPDATE note SET text = 'a blue bag'": "its text is 'a red bag', by the tables 'a blue bag'",
    "UPDATE note SET tracklet = 5": "its tracklet is 3, by the tables 5",
    "INSERT INTO replaced VALUES (3)": "track 3 is hidden as if others stood for it",
    "DELETE FROM replaced WHERE tracklet = 1": "track 1 is shown, and by the record others stand for it",
    "DELETE FROM tracklet WHERE id = 9": "track 9 of event",
    "UPDATE edit_part SET tracklet = 5 WHERE tracklet = 7": "its made is [7, 8], by the tables [5, 8]",
    "UPDATE tracklet SET track_id = -77 WHERE id = 5": "track 5 is called a piece",
    "UPDATE tracklet SET sha256 = 'x' WHERE id = 9": "track 9 of event .* not those that were put together",
    "UPDATE tracklet SET source = 2 WHERE id = 8": "its tracks lie in several recordings now",
    "UPDATE camera SET name = 'elsewhere' WHERE id = 2": "camera 2: by the record its name is 'b', by the tables",
    "UPDATE camera SET offset_us = offset_us + 3600000000 WHERE id = 1;"
    "UPDATE tracklet SET start_us = start_us - 3600000000, end_us = end_us - 3600000000 WHERE camera = 1":
        "camera 1: by the record its offset_us is 7000000",
    "UPDATE camera SET zone = 'Asia/Tokyo' WHERE id = 2": "camera 2: by the record its zone is 'UTC'",
    "UPDATE source SET start_us = 5 WHERE id = 1": "recording 1: by the record its start_us is 0, by the tables 5",
    "UPDATE source SET start_origin = 'name' WHERE id = 1": "recording 1: by the record its start_origin",
    "UPDATE source SET content_sha256 = 'x', path = 'other.mp4' WHERE id = 2": "recording 2: by the record its path",
    "UPDATE source SET state = 'done' WHERE id = 3": "recording 3 is called analysed to its end",
    "UPDATE source SET frames_analysed = 9 WHERE id = 1": "its number of analysed pictures is 10, by the tables 9",
    "INSERT INTO source SELECT 9, 1, 'x', kind, 'x', 1, 0, 'x', 'x', settings, 1, 1, 'pending', NULL, NULL, NULL, NULL,"
    "NULL, NULL, NULL FROM source WHERE id = 1": "recording 9 is in the tables, but no event of the record adds it",
    "UPDATE camera_pair SET least_travel_us = 0": "the pair of cameras 1 2: by the record its least_travel_us is 5",
    "DELETE FROM camera_pair": "the pair of cameras 1 2 is on the record, but not in the tables",
    "UPDATE camera_place SET x = 0.5": "the place of camera 1: by the record its x is 0.25",
    "UPDATE floor_plan SET picture = x'89504E470D0A1A0B'": "the floor plan: by the record its sha256",
    "UPDATE network SET sha256 = 'f'": "is in the tables, but no event of the record adds it",
    "UPDATE case_info SET purpose = 'another'": "the case: by the record its purpose is 'a test', by the tables",
}  # fmt: skip


@pytest.mark.parametrize("change", FORGED)
def test_what_was_changed_behind_the_record_is_named(worked: Store, change: str) -> None:
    assert worked.disagreements() == []
    with worked.database.rebuilding() as connection:
        for statement in change.split(";"):
            connection.exec_driver_sql(statement)
    assert worked.broken_record() is None
    found = worked.disagreements()
    wanted = ".*".join(re.escape(part) for part in FORGED[change].split(" .* "))
    assert any(re.search(wanted, sentence) for sentence in found), found


def test_a_model_that_the_record_does_not_put_in_force_is_named(worked: Store) -> None:
    other = ModelId("other@1")
    everybody = worked.without_vector(other)
    worked.add_embeddings(other, everybody, np.stack([looks(int(number)) for number in everybody]))
    worked.add_network(Network("embedder", "f" * 64, "o", "o.onnx", {}, other), waits=True)
    worked.put_in_force(other)
    assert worked.disagreements() == []
    with worked.database.writing() as connection:
        connection.exec_driver_sql("UPDATE network SET id = 99 WHERE model = 'stripes@0'")
    (found,) = worked.disagreements()
    assert found == "by the record searches go by the model other@1, by the tables by stripes@0"


def test_a_record_of_an_older_version_accuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Store.append_event

    def older(self: Store, connection: sa.Connection, kind: str, body: dict[str, Any]) -> Event | None:
        newer = ("sha256", "fingerprint", "settings", "most_travel_us")
        left = {key: value for key, value in body.items() if kind == "source added" or key not in newer}
        return None if kind == "camera made" else real(self, connection, kind, left)

    monkeypatch.setattr(Store, "append_event", older)
    made = filled(tmp_path)
    store = made.store
    store.camera("never filmed", create=True)
    store.rename_camera(made.camera("b"), "west")
    split(store, TrackletId(1), int(store.tracklets([TrackletId(1)])[0].time_us[5]), EMBEDDERS, no_pictures)
    store.set_camera_pair(CameraPair(made.camera("a"), made.camera("b"), "apart", 5, 70))
    store.reset_source(made.source("b"), fingerprint="f", settings={"fps": 5})
    store.set_floor_plan("plan.png", PNG)
    assert store.disagreements() == []
    store.close()


def test_what_no_version_writes_is_said_and_no_mistake_of_the_program(worked: Store) -> None:
    worked.record("camera clock", camera=1)
    (found,) = worked.disagreements()
    assert found.startswith("the record says what no version of this program writes")
