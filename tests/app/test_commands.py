"""The command line loads what a verb needs and no more."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from app.cli import command_line, main
from app.commands import FAMILIES, register
from app.commands.program import Program, load_networks
from app.events import about
from reid_engine.audit import system_operator
from reid_engine.case import Case
from reid_engine.clock import ManualClock
from reid_engine.errors import NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.settings import Settings
from reid_engine.store import EraseScope
from tests.support.cases import Gallery, gallery

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("openvino", "alembic", "cv2", "av", "torch", "PySide6")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_brings_the_verbs_it_is_listed_with(family: str) -> None:
    line = typer.Typer()
    register(line, FAMILIES[family][0])
    named = [command.callback.__name__ for command in line.registered_commands if command.callback]
    assert tuple(named) == FAMILIES[family]


@pytest.mark.parametrize("verb", [None, "nonsense", "--help"])
def test_whoever_names_no_verb_is_offered_all(verb: str | None) -> None:
    listed = [verb for verbs in FAMILIES.values() for verb in verbs]
    assert list(getattr(get_command(command_line(verb)), "commands")) == listed  # noqa: B009 - a group has them


def test_a_search_loads_nothing_that_only_others_need() -> None:
    program = (
        "import sys; from app.cli import command_line; command_line('search'); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder of the test's own."""
    monkeypatch.setenv("REAPPEAR_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config" / "settings.toml"


def test_settings_are_shown_with_their_meaning_and_set(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "detection.score"]) == 0
    assert "How sure the detector must be" in capsys.readouterr().out
    assert main(["settings", "detection.score", "0.2"]) == 0
    assert configured.read_text() == "[detection]\nscore = 0.2\n"
    assert main(["settings", "detection.score", "7"]) == 2
    assert "detection.score" in capsys.readouterr().err
    assert main(["settings", "detection.score", "--default"]) == 0
    assert configured.read_text().strip() == ""


def test_the_operators_name_is_set_once_and_stands_on_the_record_with_the_login(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "case"
    Case.create(folder, "a test").close()
    assert main(["settings", "record.operator", " Meyer "]) == 0
    assert 'operator = "Meyer"' in configured.read_text("utf-8")
    assert main(["note", str(folder), "red bag"]) == 0
    configured.write_text("[record", "utf-8")  # nobody can read it: the case opens, and it is said
    with Case.open(folder) as case:
        operators = [event.operator for event in case.store.events()]
        assert case.store.broken_record() is None
        assert case.notices[0].startswith("the record names the login alone")
        assert case.store.operator == system_operator()
    assert operators[-1] == f"Meyer ({system_operator()})"
    capsys.readouterr()


def test_a_record_that_ends_earlier_than_it_did_is_said_by_every_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "case"
    with Case.create(folder, "a test") as case:
        case.store.add_note("a red bag")
    with sqlite3.connect(folder / "case.db") as raw:
        raw.executescript("DELETE FROM event WHERE id = 2; UPDATE sqlite_sequence SET seq = 1 WHERE name = 'event'")
    raw.close()
    for verb, status in (("record", 0), ("notes", 0), ("record", 0), ("check", 3)):
        assert main([verb, str(folder)]) == status
        said = capsys.readouterr().err
        assert "the record ended at event 2 when the case was last open here; it ends at 1 now" in said
    assert "deed 1 (note) is in the tables, but on no record" in said
    assert main(["record", str(folder)]) == 0
    assert "when the case was last open here" not in capsys.readouterr().err


def test_making_a_case_is_the_first_thing_on_its_record(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a theft", operator="meyer", clock=ManualClock(5)) as case:
        (made,) = case.store.events()
        assert (made.number, made.kind, made.at_us, made.operator) == (1, "case made", 5, "meyer")
        assert made.body == {"case": case.store.info().uuid, "version": case.store.info().version, "purpose": "a theft"}
        assert about(made, {}, "UTC") == "for: a theft"
        assert case.store.broken_record() is None


def test_cases_are_listed_with_their_purpose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Case.create(tmp_path / "2026-014", "station theft").close()
    assert main(["cases", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["case"], found["purpose"], found["recordings"]) == (str(tmp_path / "2026-014"), "station theft", 0)


def test_a_folder_of_cases_that_is_none_and_a_setting_that_is_none_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cases", str(tmp_path / "gone")]) == 3
    assert "is no folder" in capsys.readouterr().err
    assert main(["settings", "detection.scroe"]) == 2
    assert "no setting detection.scroe" in capsys.readouterr().err


def test_a_name_that_no_disk_takes_is_said_and_is_no_mistake_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tracklets", "x" * 300]) == 3
    said = capsys.readouterr().err
    assert said.startswith("reappear: xxx")
    assert said.endswith("File name too long\n")


def test_whoever_stops_reading_ends_it_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        assert main(["settings"]) == 0
        monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_a_full_disk_behind_the_output_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["settings"]) == 4
        monkeypatch.undo()
    assert "No space left on device" in capsys.readouterr().err


def test_closed_streams_are_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Case.create(tmp_path / "case").close()
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    assert main(["check", str(tmp_path / "case"), "--json"]) == 0
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_a_search_says_that_its_index_was_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = tmp_path / "case"
    with Case.create(case) as made:
        for camera in ("gate", "hall"):
            Gallery(made.store).put(camera, 1)
    assert main(["people", str(case)]) == 0
    for file in (case / "index").iterdir():
        file.write_bytes(b"x")
    capsys.readouterr()
    for call in (["search", str(case), "--tracklet", "1"], ["people", str(case)]):
        assert main(call) == 0
        assert ("index is made again" in capsys.readouterr().err) == (call[0] == "search"), "the first makes it again"


def test_an_erased_recording_is_called_so_and_counts_as_done_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = gallery(tmp_path / "case")
    people.put("gate", 1)
    people.finish("gate")
    people.store.erase(EraseScope(source=people.source("gate")), reason="order 3")
    people.store.close()
    assert main(["cases", str(tmp_path)]) == 0
    assert "0 of 1 recordings done" in capsys.readouterr().out
    assert main(["cameras", str(tmp_path / "case")]) == 0
    assert "gate.mp4" in (out := capsys.readouterr().out)
    assert out.rstrip().endswith("  erased")


def test_a_camera_is_renamed_and_the_record_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        case.store.camera("ch01", create=True)
    assert main(["cameras", str(tmp_path / "case"), "--rename", "ch01", "Gate"]) == 0
    assert capsys.readouterr().out.startswith("Gate")
    assert main(["record", str(tmp_path / "case"), "--json"]) == 0
    event = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (event["kind"], event["body"]["to"], event["body"]["purpose"]) == ("camera renamed", "Gate", "a test")


def test_an_ingest_without_named_networks_uses_the_bundled_pair(tmp_path: Path) -> None:
    from app.commands.analyse import chosen

    detector, embedder = chosen(None, None)
    assert (detector.name, embedder.name) == ("person-detector.safetensors", "reappear.safetensors")
    assert detector.is_file()
    assert embedder.is_file()
    assert chosen(tmp_path / "mine.pt", None) == (tmp_path / "mine.pt", embedder)


class _Waiting:
    """Loads two networks; the embedder is there when the detector has begun, or the job is over."""

    def __init__(self, error: Exception | None) -> None:
        self.begun = threading.Event()
        self.error = error

    def detector(self, path: Path, settings: Settings, *, threads: int | None, control: JobControl) -> Any:
        if self.error is not None:
            raise self.error
        self.begun.set()
        return path.name

    def embedder(self, path: Path, card: Any, *, threads: int | None, control: JobControl) -> Any:
        while not self.begun.wait(0.01):
            control.check()
        return path.name

    def load(self) -> tuple[Any, Any]:
        program = Program(self.detector, self.embedder)
        files = Path("boxes.pt"), Path("vectors.onnx"), None
        return load_networks(program, *files, settings=Settings(), threads=None, control=JobControl())


def test_two_networks_are_loaded_side_by_side() -> None:
    assert _Waiting(None).load() == ("boxes.pt", "vectors.onnx")


def test_a_detector_that_is_none_is_said_at_once_and_stops_the_other() -> None:
    with pytest.raises(NetworkFileError, match="no detector"):
        _Waiting(NetworkFileError("boxes.pt is no detector")).load()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (["search", "--tracklet", "1", "--same", "7", "--different", "7"], "tracklet 7 is said to be the same person"),
        (["clock", "gate", "--offset-s", "nan"], "expected seconds"),
        (["clock", "gate", "--offset-s", "1e30"], "expected seconds"),
        (["clock", "gate", "--uncertainty-s", "inf"], "expected seconds"),
        (["pair", "gate", "hall", "apart", "--least-s", "inf"], "expected seconds"),
        (["split", "1", "--at", "²"], "is no time"),
        (["note", "x", "--at", "0001-01-01T00:00:00+23:59"], "no time that a camera could mean"),
        (["retention", "--until", "9999-12-31T23:59:59-23:59"], "no time that a camera could mean"),
        (["clock", "gate", "--shown", "2026-11-03T14:00:00Z", "--true", "0100-01-01T00:00:00Z"], "a hundred years"),
        (["ingest", "film.mp4", "--zone", "Mars/Olympus", "--detector", "w", "--embedder", "w"], "is no time zone"),
    ],
)
def test_a_call_that_makes_no_sense_is_a_wrong_call_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], call: list[str], sentence: str
) -> None:
    with Case.create(tmp_path / "case") as case:
        for name in ("gate", "hall"):
            case.store.camera(name, create=True)
    assert main([call[0], str(tmp_path / "case"), *call[1:]]) == 2
    assert sentence in capsys.readouterr().err
    with Case.open(tmp_path / "case") as case:
        assert [event.kind for event in case.store.events()] == ["case made", "camera made", "camera made"]
        assert [camera.name for camera in case.store.cameras()] == ["gate", "hall"]
