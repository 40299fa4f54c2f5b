"""A journey in words and as a file."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.journeys import conflict_words, export, gap_words, seconds, summary
from reid_engine.case import Case
from reid_engine.errors import UsageError
from reid_engine.journey import Conflict, Gap
from reid_engine.types import CameraId, TrackletId
from tests.support.cases import SECOND, Gallery


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with Case.create(tmp_path / "case", "a test") as made:
        people = Gallery(made.store)
        first = people.put("=cmd|gate", 1, at_s=10)
        people.store.decide(first, people.put("yard", 1, at_s=70), "same")
        people.store.decide(first, people.put("yard", 2, at_s=90), "unsure")
        yield made


@pytest.mark.parametrize(
    ("length_us", "words"),
    [(250_000, "0.2 s"), (-3_400_000, "3.4 s"), (59_700_000, "1 m 0 s"), (250_000_000, "4 m 10 s"),
     (7_260_000_000, "2 h 1 m")],
)  # fmt: skip
def test_lengths_of_time_are_readable(length_us: int, words: str) -> None:
    assert seconds(length_us) == words


def test_what_does_not_fit_and_what_lies_between_is_said_in_words() -> None:
    fast = Conflict("travel-time", TrackletId(5), TrackletId(9), 11 * SECOND, 40 * SECOND)
    words = "tracks 5 and 9: faster than people walk: 11 s between them, at least 40 s needed"
    assert conflict_words(fast) == words
    gap = Gap(TrackletId(1), TrackletId(2), 0, 250 * SECOND, 120 * SECOND, 210 * SECOND, (CameraId(5),))
    assert gap_words(gap, {CameraId(5): "stairs"}) == (
        "not seen for 4 m 10 s, usually 2 m 0 s to 3 m 30 s; no footage then: stairs"
    )


def test_a_journey_is_written_as_csv_that_no_spreadsheet_runs(case: Case, tmp_path: Path) -> None:
    found = case.journey(TrackletId(1))
    assert summary(found) == "2 confirmed sightings, 1 unsure"
    export(case, found, tmp_path / "out" / "way.csv")
    with (tmp_path / "out" / "way.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["case"], row["purpose"]) for row in rows} == {(case.folder.name, "a test")}, "as New case promises"
    assert [(row["tracklet"], row["state"]) for row in rows] == [("1", "probe"), ("2", "confirmed"), ("3", "unsure")]
    assert rows[0]["camera"] == "'=cmd|gate"
    assert rows[1]["gap_before_s"] == "59.84"
    assert rows[0]["start_us"] == "10000000"


def test_a_journey_is_written_as_json_and_goes_on_the_record(case: Case, tmp_path: Path) -> None:
    export(case, case.journey(TrackletId(2)), tmp_path / "way.json")
    whole = json.loads((tmp_path / "way.json").read_text("utf-8"))
    assert [row["tracklet"] for row in whole["sightings"]] == [1, 2, 3]
    assert whole["purpose"] == "a test"
    last = case.store.events()[-1]
    assert (last.kind, last.body["tracklets"]) == ("journey exported", [1, 2, 3])
    assert last.body["sha256"] == hashlib.sha256((tmp_path / "way.json").read_bytes()).hexdigest()
    with pytest.raises(UsageError, match=r"\.csv or \.json"):
        export(case, case.journey(TrackletId(2)), tmp_path / "way.pdf")


def test_every_verb_of_the_journey_is_a_command(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(case.folder)
    case.close()
    picture = tmp_path / "plan.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n and more")

    def said(*words: str) -> str:
        assert main([words[0], folder, *words[1:]]) == 0
        both = capsys.readouterr()
        return both.out + both.err

    assert "2 confirmed sightings, 1 unsure" in said("journey", "1", "--export", str(tmp_path / "way.csv"))
    assert len(json.loads(said("journey", "1", "--json"))["sightings"]) == 3
    assert "1 confirmed walks" in said("links")
    said("pair", "=cmd|gate", "yard", "apart", "--least-s", "90", "--most-s", "120")
    assert "faster than people walk" in said("journey", "1")
    assert json.loads(said("links", "--json"))["least_us"] == 90 * SECOND
    said("note", "red bag", "--camera", "yard", "--tracklet", "2")
    number = json.loads(said("notes", "--json"))["note"]
    assert "taken back" in said("notes", "--remove", str(number))
    assert "note 'red bag'" in said("redo")
    said("plan", "--picture", str(picture))
    assert "yard" in said("plan", "--place", "yard", "0.25", "0.5")
    assert "0 tracklets" not in said("colours")
    assert said("undo").startswith("taken back: note")


def test_commands_refuse_what_cannot_be(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(case.folder)
    case.close()
    for words, status in (
        (["journey", folder, "99"], 3), (["notes", folder, "--remove", "9"], 3), (["note", folder, ""], 2),
        (["plan", folder, "--picture", str(tmp_path / "none.png")], 2),
        (["plan", folder, "--place", "yard", "2", "0"], 2),
        (["journey", folder, "1", "--export", str(tmp_path / "way.pdf")], 2),
    ):  # fmt: skip
        assert main(words) == status, words
        assert capsys.readouterr().err.startswith("reappear: ")
