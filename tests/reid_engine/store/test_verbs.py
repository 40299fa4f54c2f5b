"""Every verb of the store: what goes in comes out, and what cannot be is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reid_engine.clock import CameraClock
from reid_engine.errors import CaseError, NotFound, ShapeError, UsageError
from reid_engine.store import CameraPair, EraseScope, Network, NewSource, Store, TrackletFilter
from reid_engine.types import CameraId, Damage, ModelId, SourceId, SourceReport, TrackletId
from tests.support.cases import DIM, FRAME_US, MODEL, SECOND, Gallery, closed, looks

# cameras -------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "'; DROP TABLE camera; --",
    'a "quoted" name',
    "🎥 Süd 日本",
    "\u05e2\u05d1\u05e8\u05d9\u05ea",
    "x" * 255,
    "-leading",
    "%_\\",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_printable_name_is_a_camera(people: Gallery, name: str) -> None:
    made = people.store.camera(name, create=True)
    assert people.store.camera(name) == made
    assert [camera.name for camera in people.store.cameras()] == [name]


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "\x1b[31m", "\x7f", "bad \udcff byte", "line\u2028", "", "  "])
def test_a_name_nobody_could_read_is_refused(people: Gallery, name: str) -> None:
    with pytest.raises(UsageError, match="camera's name"):
        people.store.camera(name, create=True)
    assert people.store.cameras() == []


def test_an_unknown_camera_is_said_beside_the_known_ones(people: Gallery) -> None:
    people.store.camera("north", create=True)
    with pytest.raises(NotFound, match=r"'south'.*north"):
        people.store.camera("south")


def test_a_camera_can_be_renamed_but_not_to_a_taken_name(people: Gallery) -> None:
    north, south = (people.store.camera(name, create=True) for name in ("north", "south"))
    people.store.rename_camera(north.id, "gate")
    assert people.store.camera("gate").id == north.id
    with pytest.raises(UsageError, match="already"):
        people.store.rename_camera(south.id, "gate")
    with pytest.raises(NotFound):
        people.store.rename_camera(CameraId(99), "other")


def test_a_new_clock_moves_every_corrected_time_and_nothing_of_other_cameras(people: Gallery) -> None:
    mine, other = people.put("north", 1, at_s=10), people.put("south", 1, at_s=10)
    clock = CameraClock(offset_us=2_500_000, drift_ppm=40.0, reference_us=-3_600 * SECOND, zone="Europe/Berlin")
    people.store.set_camera_clock(people.camera("north"), clock)
    moved, kept = people.store.tracklets([mine, other])
    assert moved.start_us == clock.correct(10 * SECOND)
    assert moved.end_us == clock.correct(10 * SECOND + 4 * FRAME_US)
    assert moved.time_us.tolist() == [clock.correct(10 * SECOND + n * FRAME_US) for n in range(5)]
    assert kept.start_us == 10 * SECOND
    assert people.store.camera("north").clock == clock
    later = people.put("north", 2, at_s=20)
    assert people.store.tracklets([later])[0].start_us == clock.correct(20 * SECOND)


def test_a_pair_is_the_same_in_either_order_and_said_last_counts(people: Gallery) -> None:
    a, b = people.camera("a"), people.camera("b")
    people.store.set_camera_pair(CameraPair(b, a, "apart", 30 * SECOND))
    people.store.set_camera_pair(CameraPair(a, b, "overlapping"))
    assert people.store.camera_pairs() == [CameraPair(a, b, "overlapping", 0)]


@pytest.mark.parametrize(
    "pair", [CameraPair(CameraId(1), CameraId(1)), CameraPair(CameraId(1), CameraId(2), "apart", -1)]
)
def test_a_pair_that_cannot_be_is_refused(people: Gallery, pair: CameraPair) -> None:
    with pytest.raises(UsageError):
        people.store.set_camera_pair(pair)


# recordings and networks ---------------------------------------------------------------------------------------------


def test_a_recording_comes_out_as_it_went_in(people: Gallery) -> None:
    new = NewSource(
        camera=people.store.camera("gate", create=True).id,
        path='/footage/it\'s "here" 🎥.mp4',
        content_sha256="ab" * 32,
        bytes=2**40,
        start_us=1_700_000_000_000_000,
        kind="images",
        start_origin="file name",
        fingerprint="f",
        settings={"fps": None, "deep": {"x": 1.5}},
        width=1920,
        height=1080,
    )
    added = people.store.add_source(new)
    assert added.state == "pending"
    assert all(getattr(added, name) == getattr(new, name) for name in NewSource.__slots__)
    assert people.store.source_for(new.camera, "ab" * 32) == added == people.store.source(added.id)
    assert people.store.source_for(new.camera, "other") is None


def test_the_same_content_comes_in_once_a_camera(people: Gallery) -> None:
    people.camera("north")
    again = NewSource(camera=people.camera("north"), path="copy.mp4", content_sha256="north", bytes=1, start_us=0)
    with pytest.raises(CaseError, match=r"copy\.mp4 is in the case already.*north\.mp4"):
        people.store.add_source(again)
    assert len(people.store.sources()) == 1


def test_a_finished_recording_keeps_its_report_and_no_checkpoint(people: Gallery) -> None:
    people.put("north", 1)
    source = people.source("north")
    assert people.store.source(source).state == "running"
    assert people.store.load_checkpoint(source) == b"here"
    report = SourceReport(99, 33, 100, 4 * SECOND, Damage(2, 1, 0, ((SECOND, "torn"),), ("a note",)))
    people.store.commit_progress(source, closed=[], model=MODEL, checkpoint=None, finished=report)
    done = people.store.source(source)
    assert (done.state, done.report, done.failure) == ("done", report, None)
    assert people.store.load_checkpoint(source) is None


def test_a_failed_recording_keeps_what_was_found_and_can_go_on(people: Gallery) -> None:
    kept = people.put("north", 1)
    source = people.source("north")
    people.store.fail_source(source, "the file ends at 3 s")
    assert people.store.source(source).failure == "the file ends at 3 s"
    assert people.store.source(source).state == "failed"
    assert people.store.load_checkpoint(source) == b"here"
    people.put("north", 2, at_s=5)
    assert people.store.source(source).failure is None
    assert kept in people.store.find(TrackletFilter())


def test_a_new_start_moves_every_corrected_time(people: Gallery) -> None:
    mine, other = people.put("north", 1, at_s=1), people.put("south", 1, at_s=1)
    people.store.set_source_start(people.source("north"), 100 * SECOND)
    spans = people.store.spans([other, mine])
    assert spans.start_us.tolist() == [SECOND, 101 * SECOND]
    assert people.store.source(people.source("north")).start_us == 100 * SECOND


def test_a_recording_that_lies_elsewhere_now_keeps_what_was_found_in_it(people: Gallery) -> None:
    kept, source = people.put("north", 1), people.source("north")
    people.store.move_source(source, "/elsewhere/north.mp4")
    assert people.store.source(source).path == "/elsewhere/north.mp4"
    assert kept in people.store.find(TrackletFilter())
    assert people.store.events()[-1].kind == "source moved"
    assert people.store.broken_record() is None


def test_a_recording_that_is_analysed_anew_begins_empty(people: Gallery) -> None:
    first, second = people.put("north", 1), people.put("south", 1)
    people.store.decide(first, second, "same")
    before = people.store.generation(MODEL)
    gone = people.store.reset_source(people.source("north"), fingerprint="new", settings={"fps": 5})
    source = people.store.source(people.source("north"))
    assert gone == 1
    assert (source.state, source.fingerprint, source.settings) == ("pending", "new", {"fps": 5})
    assert people.store.load_checkpoint(source.id) is None
    assert people.store.find(TrackletFilter()).tolist() == [second]
    assert people.store.decisions() == []
    assert people.store.generation(MODEL).removed_at > before.number
    assert people.put("north", 1) > second, "a number is never given twice"


def test_a_recording_that_is_not_there_is_said(people: Gallery) -> None:
    nobody = SourceId(77)
    for call in (
        lambda: people.store.source(nobody),
        lambda: people.store.load_checkpoint(nobody),
        lambda: people.store.fail_source(nobody, "x"),
        lambda: people.store.reset_source(nobody),
        lambda: people.store.set_source_start(nobody, 0),
        lambda: people.store.commit_progress(nobody, closed=[], model=MODEL, checkpoint=None, finished=None),
    ):
        with pytest.raises(NotFound, match="77"):
            call()


def test_networks_are_recorded_once_and_a_model_has_one_file(people: Gallery) -> None:
    embedder = Network("embedder", "aa" * 32, "osnet", "/w/osnet.onnx", {"distance": "cosine"}, MODEL)
    people.store.add_network(Network("detector", "dd" * 32, "yolo11n", "/w/yolo11n.pt"))
    people.store.add_network(Network("detector", "dd" * 32, "yolo11n", "/elsewhere/yolo11n.pt"))
    people.store.add_network(embedder)
    assert [network.path for network in people.store.networks()] == ["/elsewhere/yolo11n.pt", "/w/osnet.onnx"]
    assert people.store.card(MODEL) == {"distance": "cosine"}
    assert people.store.card(ModelId("nobody")) == {}
    with pytest.raises(CaseError, match="has the weights aaaaaaaaaaaa"):
        people.store.add_network(Network("embedder", "bb" * 32, "osnet", "/w/other.onnx", {}, MODEL))


# tracklets -----------------------------------------------------------------------------------------------------------


def test_a_tracklet_comes_out_as_it_went_in(people: Gallery) -> None:
    piece = closed(7, start_us=3 * SECOND, box=(1.25, 2.5, 30.75, 90.125))
    (number,) = people.commit("north", [(piece, looks(7))])
    (found,) = people.store.tracklets([number])
    assert (found.camera, found.source, found.quality) == (people.camera("north"), people.source("north"), 0.5)
    assert found.time_us.tolist() == piece.offset_us.tolist()
    assert found.xyxy.tolist() == piece.xyxy.tolist()
    assert found.score.tolist() == piece.score.tolist()
    assert people.store.crops(number) == piece.crops
    assert people.store.best_crops([number]) == {number: piece.crops.best[0].jpeg}
    np.testing.assert_allclose(people.store.vectors(MODEL, [number])[0], looks(7), atol=1e-3)


def test_many_come_out_in_the_order_asked_for(people: Gallery) -> None:
    first, second, third = (people.put("north", person, at_s=person) for person in range(3))
    order = [third, first, second]
    assert [tracklet.id for tracklet in people.store.tracklets(order)] == order
    assert people.store.spans(order).id.tolist() == order
    np.testing.assert_allclose(people.store.vectors(MODEL, order)[0], looks(2), atol=1e-3)
    assert people.store.tracklets([]) == []
    assert len(people.store.spans([])) == 0
    assert people.store.count_tracklets() == people.store.count_tracklets(people.source("north")) == 3


def test_a_tracklet_that_is_not_there_is_named(people: Gallery) -> None:
    nobody = TrackletId(404)
    for call in (
        lambda: people.store.tracklets([nobody]),
        lambda: people.store.spans([nobody]),
        lambda: people.store.crops(nobody),
        lambda: people.store.vectors(MODEL, [nobody]),
        lambda: people.store.add_embeddings(MODEL, [nobody], np.ones((1, DIM), np.float32)),
        lambda: people.store.decide(nobody, TrackletId(405), "same"),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_piece_of_a_track_is_kept_once_and_its_transaction_not_at_all(people: Gallery) -> None:
    people.commit("north", [(closed(1), looks(1))])
    fresh = (closed(2), looks(2))
    with pytest.raises(CaseError, match="contradict"):
        people.commit("north", [fresh, (closed(1), looks(1))])
    assert people.store.count_tracklets() == 1
    assert people.store.vector_count(MODEL) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_a_vector_that_cannot_be_kept_keeps_its_tracklet_out(people: Gallery, bad: float) -> None:
    with pytest.raises(ShapeError):
        people.commit("north", [(closed(1), np.full(DIM, bad, np.float32))])
    assert people.store.count_tracklets() == 0
    assert people.store.load_checkpoint(people.source("north")) is None


def test_vectors_of_another_length_are_refused(people: Gallery) -> None:
    people.put("north", 1)
    with pytest.raises(ShapeError, match="vectors of 16 numbers"):
        people.commit("north", [(closed(9), np.ones(DIM + 1, np.float32))])


def test_filters_meet_and_count_what_touches_the_interval(people: Gallery) -> None:
    a1, a9 = people.put("a", 1, at_s=1), people.put("a", 1, at_s=9)
    b1, b5 = people.put("b", 1, at_s=1), people.put("b", 1, at_s=5)
    a, b = people.camera("a"), people.camera("b")

    def found(where: TrackletFilter) -> list[int]:
        return [int(number) for number in people.store.find(where)]

    assert found(TrackletFilter()) == [a1, a9, b1, b5]
    assert found(TrackletFilter(cameras=(a,))) == [a1, a9]
    assert found(TrackletFilter(cameras=())) == []
    assert found(TrackletFilter(not_cameras=(a,))) == [b1, b5]
    assert found(TrackletFilter(cameras=(b,), exclude=(b1,))) == [b5]
    end = SECOND + 4 * FRAME_US
    assert found(TrackletFilter(from_us=end, to_us=5 * SECOND)) == [a1, b1, b5]
    assert found(TrackletFilter(from_us=end + 1, to_us=5 * SECOND - 1)) == []
    assert found(TrackletFilter(cameras=(a, b), to_us=SECOND)) == [a1, b1]
    between = people.store.tracklets_between(a, 0, 9 * SECOND)
    assert [tracklet.id for tracklet in between] == [a1, a9]
    assert people.store.tracklets_between(a, 2 * SECOND, 3 * SECOND) == []


def test_erasing_takes_everything_along(people: Gallery) -> None:
    keep, gone = people.put("a", 1), people.put("a", 2, at_s=5)
    people.store.decide(keep, gone, "different")
    people.finish("a")
    assert people.store.erase(EraseScope(tracklets=(gone,)), reason="asked").tracklets == (gone,)
    assert people.store.find(TrackletFilter()).tolist() == [keep]
    assert people.store.vector_count(MODEL) == 1
    assert people.store.best_crops([keep, gone]).keys() == {keep}
    assert people.store.decisions() == []
    assert people.store.contradictions() == []


# vectors -------------------------------------------------------------------------------------------------------------


def test_every_change_of_vectors_is_a_generation(people: Gallery) -> None:
    assert people.store.generation(MODEL).number == 0
    first = people.put("a", 1)
    one = people.store.generation(MODEL)
    people.put("a", 2, at_s=5)
    two = people.store.generation(MODEL)
    people.store.add_embeddings(MODEL, [first], looks(3)[None])
    three = people.store.generation(MODEL)
    assert (one.number, two.number, three.number) == (1, 2, 3)
    assert (one.removed_at, two.removed_at, three.removed_at) == (0, 0, 3)
    np.testing.assert_allclose(people.store.vectors(MODEL, [first])[0], looks(3), atol=1e-3)


def test_a_second_model_sees_the_tracklets_that_it_has_no_vectors_of(people: Gallery) -> None:
    first, second = people.put("a", 1), people.put("a", 2, at_s=5)
    other = ModelId("other")
    assert people.store.without_vector(other) == [first, second]
    people.store.add_embeddings(other, [second], np.ones((1, 3), np.float32))
    assert people.store.without_vector(other) == [first]
    assert people.store.models() == [other, MODEL]
    assert people.store.generation(other).dim == 3


def test_what_came_in_since_a_generation_is_all_that_a_cache_is_told(people: Gallery) -> None:
    people.put("a", 1)
    then = people.store.generation(MODEL).number
    new = [people.put("a", person, at_s=person) for person in (2, 3)]
    with people.store.snapshot(MODEL, since=then) as found:
        ids = [number for block, _ in found.blocks for number in block.tolist()]
    assert ids == new
    assert sum(len(block) for block, _ in people.store.all_vectors(MODEL)) == 3


# the record ----------------------------------------------------------------------------------------------------------


def test_what_was_done_is_recorded_with_it(people: Gallery) -> None:
    first, second = people.put("a", 1), people.put("b", 2)
    people.finish("a")
    people.store.set_camera_clock(people.camera("a"), CameraClock(offset_us=5))
    people.store.decide(first, second, "same")
    people.store.undo()
    people.store.redo()
    people.store.record("search", probe=int(first), note="🎥")
    events = people.store.events()
    brought = ["camera made", "source added"] * 2
    kinds = [*brought, "source finished", "camera clock", "decide", "undo", "redo", "search"]
    assert [event.kind for event in events] == ["case made", *kinds]
    assert {event.operator for event in events} == {"tester"}
    assert events[-1].body == {"probe": 1, "note": "🎥", "purpose": "a test"}
    assert {event.body["purpose"] for event in events} == {"a test"}
    assert people.store.events(limit=2) == events[-2:]
    assert people.store.events(before=3, limit=5) == events[:2]
    assert people.store.broken_record() is None


def test_a_refused_change_leaves_no_event(people: Gallery) -> None:
    first = people.put("a", 1)
    before = people.store.events()
    with pytest.raises(UsageError):
        people.store.decide(first, first, "same")
    with pytest.raises(NotFound):
        people.store.set_camera_clock(CameraId(50), CameraClock())
    assert people.store.events() == before


def test_a_case_knows_who_it_is(people: Gallery, tmp_path: Path) -> None:
    info = people.store.info()
    assert (info.purpose, info.created_us) == ("a test", 5_000_000)
    with Store.create(tmp_path / "other" / "case.db") as other:
        assert other.info().uuid != info.uuid
