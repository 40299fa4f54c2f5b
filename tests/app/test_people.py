"""``reappear people``: who is here, as a table and as JSON, by camera and time, and on the record."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.cli import main
from reid_engine.case import Case
from reid_engine.sheet import CARD_W, MARGIN, PICTURE_H, PICTURE_W, TITLE_H
from reid_engine.types import TrackletId
from tests.support.cases import calibrated


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ann before Gate and Hall, Bob before Gate twice, somebody else before Hall; from 1970-01-01 00:00 UTC."""
    monkeypatch.setenv("COLUMNS", "160")
    seen = ("Gate", 1, 0), ("Gate", 2, 60), ("Hall", 1, 120), ("Gate", 2, 180), ("Hall", 3, 240)
    return calibrated(tmp_path / "case", *seen)


def listed(case: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert main(["people", str(case), "--json", *options]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["people"]
    return found


def test_everybody_is_listed_by_likely_person(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people", str(case)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["person", "tracks", "cameras", "first", "last", "track", "numbers"]
    stamp = [[f"{minute}:00", "into", "it,", "time", "unknown"] for minute in range(5)]  # they begin in 1970
    assert lines[1] == ["1", "2", "Gate,", "Hall", *stamp[0], *stamp[2], "1", "3"]
    assert lines[2] == ["2", "2", "Gate", *stamp[1], *stamp[3], "2", "4"]
    assert lines[3] == ["3", "1", "Hall", *stamp[4], *stamp[4], "5"]
    first = listed(case, capsys)[0]
    assert (first["person"], first["tracklets"], first["face"], first["cameras"]) == (1, [1, 3], 1, ["Gate", "Hall"])
    assert (first["start_us"], first["end_us"], first["decided"]) == (0, 120_160_000, False)


def test_only_some_cameras_and_a_time_are_looked_at(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [found["tracklets"] for found in listed(case, capsys, "--camera", "Hall")] == [[3], [5]]
    after = listed(case, capsys, "--from", "1970-01-01T00:01:30Z", "--to", "1970-01-01T00:03:30Z")
    assert [found["tracklets"] for found in after] == [[3], [4]]
    assert listed(case, capsys, "--quality", "0.9") == listed(case, capsys, "--upper", "red") == []
    assert main(["people", str(case), "--lower", "red"]) == 0
    assert "no tracklet passes the filters" in capsys.readouterr().err


def test_decisions_stand_and_are_marked(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Case.open(case) as opened:
        opened.decide(TrackletId(1), TrackletId(5), "same")
        opened.decide(TrackletId(2), TrackletId(4), "different")
    assert main(["people", str(case)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].rstrip().endswith("1 5 (decided)")
    assert [line.split()[-1] for line in lines[2:5]] == ["2", "3", "4"]


def test_the_list_is_on_the_record_and_a_wrong_call_is_not(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people", str(case), "--camera", "Nowhere"]) == 3
    assert "Nowhere" in capsys.readouterr().err
    assert main(["people", str(case), "--from", "yesterday"]) != 0
    assert "yesterday" in capsys.readouterr().err
    listed(case, capsys, "--camera", "Gate")
    assert main(["record", str(case)]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "people" in line]
    assert len(told) == 1
    assert "people listed: 2 likely people in 3 tracks, in Gate" in told[0]


def test_faces_are_written_as_one_picture_and_that_is_on_the_record(
    case: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed(case, capsys, "--sheet", str(tmp_path / "new" / "who.png"))
    sheet = cv2.imread(str(tmp_path / "new" / "who.png"))
    left = MARGIN + MARGIN  # of the first card's picture
    for place, track in enumerate((1, 2, 5)):  # whose crops are as grey as their number
        column = sheet[TITLE_H + PICTURE_H // 2, left + place * (CARD_W + MARGIN) + PICTURE_W // 2]
        assert np.abs(column.astype(int) - track).max() <= 1
    assert sheet.shape[1] == 3 * (CARD_W + MARGIN) + 2 * MARGIN
    with Case.open(case, read_only=True) as opened:
        last = opened.store.events()[-1]
    assert (last.kind, last.body["matches"]) == ("contact sheet", [1, 2, 5])
    assert listed(case, capsys, "--quality", "0.9", "--sheet", str(tmp_path / "none.png")) == []


def test_a_case_without_vectors_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Case.create(tmp_path / "empty", "a test").close()
    assert main(["people", str(tmp_path / "empty")]) == 3
    assert "ingest recordings first" in capsys.readouterr().err


def test_a_search_tells_of_strong_ones_in_the_own_camera_that_it_leaves_out(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(case), "--tracklet", "2"]) == 0
    assert "1 strong in the person's own camera" in capsys.readouterr().err
    assert main(["search", str(case), "--tracklet", "2", "--same-camera"]) == 0
    assert "own camera" not in capsys.readouterr().err
