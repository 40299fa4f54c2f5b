"""The record in words: every kind of event that the program writes has some, and none of an unknown kind is lost."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import app
import reid_engine
from app.events import KINDS, WORDS, about, kind, whole
from reid_engine.audit import Event
from reid_engine.case import Case
from reid_engine.store import TrackletFilter
from reid_engine.store.record import HANDED_ON
from reid_engine.types import TrackletId

CAMERAS = {1: "Gate", 2: "Hall"}


def told(kind: str, **body: Any) -> str:
    return about(Event(7, 0, "meyer", kind, body, "ab"), CAMERAS, "Europe/Berlin")


def kinds() -> set[str]:
    """Every literal kind that is put on a record anywhere."""
    found = {"undo", "redo", "split", "merge", HANDED_ON}  # these are handed on by name
    for package in (app, reid_engine):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                name = getattr(getattr(node, "func", None), "attr", "")
                if isinstance(node, ast.Call) and name in ("record", "_note", "append_event"):
                    literal = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                    found |= {value for value in literal if isinstance(value, str)}
    return found


def test_every_kind_of_event_has_words() -> None:
    assert kinds() == set(WORDS) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("decide", {"probe": 1, "candidate": 2, "verdict": "same"}, "track 2 is the person of track 1"),
        ("undo", {"probe": 1, "candidate": 2, "verdict": "different"}, "track 2 is somebody else than track 1"),
        ("split", {"before": [3], "made": [8, 9]}, "track 3 became 8, 9"),
        ("note", {"text": "red bag", "moment_us": 0, "camera": 1}, "“red bag” at 1970-01-01 01:00:00 CET"),
        ("camera pair", {"first": 1, "second": 2, "relation": "apart", "least_travel_us": 40_000_000},
         "Gate and Hall are apart, at least 0:40"),
        ("camera clock", {"camera": 1, "from": {"offset_us": 0, "zone": "UTC"}, "to": {"offset_us": 37_000_000, "zone":
         "UTC"}}, "Gate: ahead +37 s, before –, in UTC"),
        ("search", {"probe": "a picture", "cameras": [2], "upper": ["red", "blue"], "same": [4], "different": []},
         "a picture, in Hall, top red or blue, ranked by 1 confirmed, 0 rejected"),
        ("search", {"probe": 3, "not_cameras": [1], "exclude": [4, 5], "same_camera": False, "rerank": False},
         "track 3, not in Gate, without tracks 4, 5, without its own camera, by distance alone"),
        ("search", {"probe": 3, "not_cameras": [], "exclude": [], "same_camera": True, "rerank": True}, "track 3"),
        ("search", {"probe": "a picture", "same_camera": False}, "a picture"),
        ("search", {"probe": "a picture", "picture": {"sha256": "ab12", "xyxy": [1.2, 2, 30, 40]}},
         "a picture of SHA-256 ab12 (1, 2, 30, 40)"),
        ("recognise", {"tracklet": 5, "picture": {"camera": 1, "time_us": 0, "xyxy": [1, 2, 30, 40]},
         "taken_back": True}, "no longer track 5: the box 1, 2, 30, 40 in Gate at 1970-01-01 01:00:00 CET"),
        ("likely people", {"groups": 1, "tracklets": 3, "cameras": [1], "lower": ["black"], "least_quality": 0.3},
         "1 likely person in 3 tracks, in Gate, legs black, quality of 0.3 and more"),
        ("source added", {"camera": 1, "path": "/x/a.mp4", "bytes": 3}, "a.mp4 of Gate"),
        ("ingest finished", {"files": [{"file": "a.mp4", "tracklets": 3, "state": "done", "damage": {"notes": []}},
         {"file": "b.mp4", "tracklets": 1, "state": "done", "damage": {"corrupt_frames": 2}}]},
         "2 recordings, 4 tracks; 1 not as they should be"),
        ("erased", {"tracklets": 2, "notes": 1, "reason": "order 3", "redacted": {"4": "ab"}},
         "2 tracks; 1 note; order 3"),
        ("erased", {"tracklets": 2, "numbers": [4, 9], "notes": 0, "reason": "order 3", "recordings": [
            {"recording": 7, "name": "TUD.mp4", "tracklets": 2, "left": 0, "whole": True, "sha256": "ab"}]},
         "all of recording 7 (TUD.mp4): 2 tracks; tracks 4, 9; order 3"),
        ("erased", {"tracklets": 40, "numbers": [1], "notes": 0, "reason": "r", "recordings": [
            {"recording": 7, "tracklets": 40, "left": 2, "whole": False, "sha256": "ab"}]},
         "of recording 7: 40 tracks; r"),
        ("note", {"note": 3, "redacted": 9}, "words erased, see event 9"),
        ("held", {"what": "camera", "of": 1, "reason": "order 3"}, "camera 1: order 3"),
        ("retention", {"until_us": None, "days": 30}, "kept for 30 days"),
        ("journey exported", {"path": "/x/way.csv", "start": 4, "tracklets": [4]}, "of track 4 to way.csv"),
        ("journey exported", {"path": "/x/way.csv", "sha256": "ab", "start": 4, "tracklets": [4]},
         "of track 4 to way.csv, SHA-256 ab"),
        ("contact sheet", {"path": "/x/who.png", "matches": [4]}, "who.png"),
        ("contact sheet", {"path": "/x/who.png", "sha256": "ab", "matches": [4]}, "who.png, SHA-256 ab"),
    ],
)  # fmt: skip
def test_an_event_is_told_in_a_sentence(kind: str, body: dict[str, Any], words: str) -> None:
    assert told(kind, **body) == words


def test_what_has_no_words_or_lacks_a_value_is_told_as_it_is_recorded() -> None:
    assert told("watched", whom=3, purpose="p") == "whom 3"
    assert told("decide", probe=3) == "probe 3"
    assert kind(Event(1, 0, "meyer", "watched", {}, "")) == "watched"


def test_an_event_is_shown_whole_with_its_hash_and_an_ingest_file_by_file() -> None:
    files = [{"file": "/x/a.mp4", "state": "done", "tracklets": 3, "frames_decoded": 9, "frames_expected": 10}]
    shown = whole(Event(7, 0, "meyer", "ingest finished", {"files": files}, "abcd"), {}, "UTC")
    assert "  a.mp4: done, 9 of 10 pictures, 3 tracks" in shown
    assert "SHA-256 abcd" in shown
    assert '"frames_expected": 10' in shown


def test_the_record_of_a_real_case_reads_without_braces(case: Path) -> None:
    with Case.open(case) as opened:
        numbers = [TrackletId(number) for number in opened.store.find(TrackletFilter()).tolist()]
        opened.decide(numbers[0], numbers[1], "same")
        opened.undo()
        opened.view(numbers[0])
        cameras = {int(camera.id): camera.name for camera in opened.store.cameras()}
        lines = [about(event, cameras, "UTC") for event in opened.store.events()]
    assert len(lines) > 8
    assert not [line for line in lines if not line or set("{}[]") & set(line)]
