"""The tables are what the record comes to: after anything that people do, and not after anything else."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reid_engine.clock import CameraClock
from reid_engine.errors import ReappearError
from reid_engine.repair import merge, split
from reid_engine.store import CameraPair, EraseScope, Network
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
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
TestWorking = pytest.mark.filterwarnings("default")(Working.TestCase)
