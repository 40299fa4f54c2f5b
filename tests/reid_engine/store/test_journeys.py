"""Notes, the floor plan, colours, one line of undo, and cases of the first version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command

from reid_engine.case import Case
from reid_engine.errors import NotFound, UsageError
from reid_engine.store import CameraPair, Store, TrackletFilter
from reid_engine.store.connection import Database
from reid_engine.store.migrate import configuration
from reid_engine.types import CameraId, TrackletId
from tests.support.cases import Gallery

PNG = b"\x89PNG\r\n\x1a\n and more"


def test_one_line_of_undo_holds_decisions_and_notes(people: Gallery) -> None:
    first, second = people.put("a", 1), people.put("b", 1)
    decided = people.store.decide(first, second, "same")
    note = people.store.add_note(" a red bag ", tracklet_id=first)
    assert note.text == "a red bag"
    assert people.store.undo() == note
    assert people.store.undo() == decided
    assert people.store.undo() is None
    assert people.store.redo() == decided
    assert people.store.redo() == note
    assert people.store.notes() == [note]
    kinds = [event.kind for event in people.store.events()]
    assert kinds[-6:] == ["decide", "note", "undo", "undo", "redo", "redo"]
    assert people.store.broken_record() is None


def test_a_note_in_the_middle_is_taken_back_alone_and_can_be_restored(people: Gallery) -> None:
    one, two = people.store.add_note("one"), people.store.add_note("two", moment_us=5)
    assert people.store.remove_note(one.id) == one
    assert people.store.notes() == [two]
    with pytest.raises(NotFound):
        people.store.remove_note(one.id)
    assert people.store.redo() == one
    assert people.store.notes() == [two, one]


@pytest.mark.parametrize(
    ("words", "error"),
    [({"text": "  "}, UsageError), ({"text": "x" * 5000}, UsageError), ({"text": "x", "tracklet_id": 99}, NotFound),
     ({"text": "x", "camera_id": 99}, NotFound)],
)  # fmt: skip
def test_notes_that_cannot_be_are_refused(people: Gallery, words: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        people.store.add_note(**words)  # type: ignore[arg-type]
    assert people.store.notes() == []


def test_a_marker_needs_no_words(people: Gallery) -> None:
    marker = people.store.add_note("", moment_us=7, camera_id=people.camera("a"))
    assert people.store.notes() == [marker]


def test_the_floor_plan_keeps_its_cameras_when_the_picture_changes(people: Gallery) -> None:
    camera = people.camera("a")
    assert people.store.floor_plan() is None
    people.store.place_camera(camera, 0.25, 1.0)
    people.store.set_floor_plan("ground.png", PNG)
    found = people.store.floor_plan()
    assert found is not None
    assert (found.name, found.picture, found.places) == ("ground.png", PNG, {camera: (0.25, 1.0)})


def test_what_is_no_place_and_no_plan_is_refused(people: Gallery) -> None:
    with pytest.raises(UsageError, match="neither PNG nor JPEG"):
        people.store.set_floor_plan("plan.pdf", b"%PDF")
    with pytest.raises(UsageError, match="between 0 and 1"):
        people.store.place_camera(people.camera("a"), 1.2, 0)
    with pytest.raises(NotFound):
        people.store.place_camera(CameraId(99), 0.5, 0.5)


def test_filters_by_colour_and_quality(people: Gallery) -> None:
    ids = [people.put("a", n, at_s=n) for n in range(3)]
    people.store.put_colours({ids[0]: ("red", "blue"), ids[1]: ("red", "black")})
    assert people.store.without_colour() == [ids[2]]

    def found(where: TrackletFilter) -> list[int]:
        return people.store.find(where).tolist()

    assert found(TrackletFilter(upper=("red",))) == ids[:2]
    assert found(TrackletFilter(upper=("red", "green"), lower=("blue",))) == ids[:1]
    assert found(TrackletFilter(lower=("pink",))) == []
    assert found(TrackletFilter(least_quality=0.5)) == ids
    assert found(TrackletFilter(least_quality=0.51)) == []
    assert people.store.colours(ids) == {ids[0]: ("red", "blue"), ids[1]: ("red", "black")}
    people.store.put_colours({ids[0]: ("white red", "blue grey"), ids[2]: ("", "")})
    assert people.store.without_colour() == []
    assert found(TrackletFilter(upper=("red",))) == ids[:2]
    assert found(TrackletFilter(upper=("white",), lower=("grey",))) == ids[:1]
    assert found(TrackletFilter(upper=("re", "whit", "%", "white red"))) == ids[:1]  # whole names, or as they stand
    assert found(TrackletFilter(lower=("%",))) == []


def test_a_pair_keeps_both_travel_times_and_refuses_nonsense(people: Gallery) -> None:
    a, b = people.camera("a"), people.camera("b")
    people.store.set_camera_pair(CameraPair(b, a, "apart", 40, 90))
    assert people.store.camera_pairs() == [CameraPair(a, b, "apart", 40, 90)]
    with pytest.raises(UsageError, match="below the least one"):
        people.store.set_camera_pair(CameraPair(a, b, "apart", 40, 30))


def test_a_case_of_the_first_version_keeps_its_decisions_and_their_undo(people: Gallery) -> None:
    ids = [people.put("a", n, at_s=n) for n in range(3)]
    people.store.decide(ids[0], ids[1], "same")
    people.store.decide(ids[0], ids[2], "different")
    people.store.undo()
    people.store.set_camera_pair(CameraPair(people.camera("a"), people.camera("b"), "apart", 7))
    path = people.store.path
    people.store.close()
    _downgrade(path)
    with sqlite3.connect(path) as raw:
        rows = raw.execute("SELECT action, target, verdict FROM decision ORDER BY id").fetchall()
    raw.close()
    assert rows == [("decide", None, "same"), ("decide", None, "different"), ("undo", 2, "different")]
    with Store.open(path) as again:
        assert [(d.id, d.candidate, d.verdict) for d in again.decisions()] == [(1, ids[1], "same")]
        assert again.camera_pairs()[0].least_travel_us == 7
        restored = again.redo()
        assert restored is not None
        assert restored.words == f"track {ids[2]} different"
        assert again.contradictions() == []
        assert again.disagreements() == []
        assert again.broken_record() is None
        assert again.tracklets([TrackletId(ids[0])])[0].id == ids[0]


def _downgrade(path: Path) -> None:
    """Write the case as the first version would have."""
    database = Database(path)
    with database.rebuilding() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    database.close()


def test_a_case_of_the_first_version_gets_its_colours_when_they_are_asked_for(people: Gallery) -> None:
    ids = [people.put("a", n, at_s=n) for n in range(3)]
    people.store.close()
    with Case.open(people.store.path.parent) as case:
        assert case.name_colours() == 3
        assert case.name_colours() == 0
        assert set(case.store.colours(ids)) == set(ids)
