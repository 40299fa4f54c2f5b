"""What the verbs say: names instead of numbers, sentences instead of the program's own words, and nothing untrue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.table import Table

from app.cli import main
from app.console import show_table
from reid_engine.case import Case
from reid_engine.settings import load_settings
from tests.support.cases import gallery


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two people before two cameras."""
    monkeypatch.setenv("REAPPEAR_CONFIG", str(tmp_path / "config"))
    made = gallery(tmp_path / "case")
    for name, person in (("Gate", 1), ("Hall", 1), ("Hall", 2)):
        made.put(name, person)
    made.store.close()
    return tmp_path / "case"


def kinds(case: Path) -> list[str]:
    with Case.open(case, read_only=True) as opened:
        return [event.kind for event in opened.store.events()]


def test_a_clock_that_stays_as_it_is_is_told_and_not_written_down(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clock", str(case), "Gate", "--offset-s", "3600"]) == 0
    assert "every time was corrected" in capsys.readouterr().err
    before = kinds(case)
    for options in ([], ["--offset-s", "3600"]):
        assert main(["clock", str(case), "Gate", *options]) == 0
        said = capsys.readouterr().err
        assert "Gate: nothing was changed; clock +3600 s, +0 ppm" in said
        assert "was corrected" not in said
    assert kinds(case) == before


def test_a_pair_and_a_decision_are_said_as_they_were_written_down(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pair", str(case), "Gate", "Hall", "apart", "--least-s", "40"]) == 0
    assert capsys.readouterr().err == "Gate and Hall: apart, at least 40 s\n"
    assert main(["decide", str(case), "1", "2", "same"]) == 0
    assert capsys.readouterr().err == "written down: tracklets 1 and 2 are the same person\n"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["pair", "CASE", "Gate", "Gate", "apart"], 2, "the same one was named twice"),
        (
            ["pair", "CASE", "Gate", "Hall", "apart", "--least-s", "9", "--most-s", "3"],
            2,
            "3 s, is below the least one",
        ),
        (["search", "CASE", "--at", "Gate", "1970-01-01T00:00:00Z", "900", "900"], 3, "at that moment; the nearest is"),
        (["search", "CASE", "--at", "Gate", "1970-01-02T00:00:00Z", "20", "60"], 3, "within 0.5 s of that moment"),
        (["settings", "detection.score", "high"], 2, "reappear: detection.score: Input should be a valid number"),
        (["settings", "name_patterns", r"['cam(?P<camera>\d+)"], 2, "name_patterns is a list as settings.toml has it"),
        (["settings", "name_patterns", "camera"], 2, "name_patterns is a list as settings.toml has it"),
    ],
)
def test_what_cannot_be_is_said_in_words_of_whoever_typed_it(
    words: list[str], status: int, sentence: str, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(case) if word == "CASE" else word for word in words]) == status
    said = capsys.readouterr().err
    assert sentence in said
    assert "CameraPair" not in said
    assert " us" not in said


@pytest.mark.parametrize("typed", [r"['cam(?P<camera>\d+)-x']", r'["cam(?P<camera>\\d+)-x"]'])
def test_name_patterns_are_typed_as_they_stand_in_the_file(
    typed: str, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", "name_patterns", typed]) == 0, capsys.readouterr().err
    assert load_settings().name_patterns == (r"cam(?P<camera>\d+)-x",)


def test_a_camera_on_hold_is_listed_by_its_name(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hold", str(case), "court order", "--camera", "Gate"]) == 0
    assert "  camera Gate  " in capsys.readouterr().out
    assert main(["hold", str(case), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["what"] == "camera"


def test_a_row_in_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("person", "track numbers", box=None)
    table.add_row("1", " ".join(map(str, range(500))) + " [red]")
    show_table(table)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].rstrip().endswith("499 [red]")
