"""What evidence refuses, and that a package that is not finished leaves nothing."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.commands import evidence as verb
from reid_engine import verifier
from reid_engine.case import Case
from reid_engine.jobs import JobControl
from tests.support.handed_on import SPAN, WEST, WHY, Call, manifest
from tests.support.program import program

pytestmark = pytest.mark.walk


def test_what_exists_is_not_overwritten(case: Path, whole: Path, call: Call) -> None:
    said = call("evidence", case, 1, whole, *WHY)
    assert said.status == 2
    assert "exists already" in said.err
    assert verifier.verify(str(whole))[0] == []


def test_one_sighting_alone_can_be_asked_for_if_it_is_the_persons(case: Path, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "out"
    stranger = call("evidence", case, 1, out, *WHY, "--only", 2)
    assert (stranger.status, out.exists()) == (2, False)
    assert "track 2 is no confirmed sighting" in stranger.err
    assert call("evidence", case, 1, out, "--only", 7, *SPAN, *WHY, "--redact", "surroundings").status == 0
    (told,) = manifest(out)["sightings"]
    assert (told["tracklet"], told["band"]["band"]) == (7, "strong")
    assert "1 further confirmed sighting was not asked for" in (out / "report.html").read_text("utf-8")
    assert verifier.verify(str(out))[0] == []


def exports(case: Path) -> int:
    with Case.open(case, read_only=True) as opened:
        return sum(event.kind == "evidence exported" for event in opened.store.events())


def test_a_cancelled_export_leaves_nothing(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient:
        """Cancels once clips are being made."""

        control: JobControl

        def event(self, kind: str, **fields: Any) -> None:
            if fields.get("stage") == "render" and fields["done"] > 0:
                self.control.cancel()

    listener = Impatient()

    class Job:
        def __enter__(self) -> JobControl:
            listener.control = JobControl(listener)
            return listener.control

        def __exit__(self, *error: object) -> None:
            return None

    monkeypatch.setattr(verb, "job", lambda **_: Job())
    before = exports(case)
    assert main(["evidence", str(case), "1", str(tmp_path / "out" / "x"), *WHY], program()) == 4
    assert list((tmp_path / "out").iterdir()) == []
    assert exports(case) == before


def test_a_full_disk_leaves_nothing(case: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("reid_engine.evidence.write_manifest", full)
    before = exports(case)
    said = call("evidence", case, 1, tmp_path / "out" / "x", *SPAN, *WHY)
    assert said.status == 4
    assert "no space left" in said.err
    assert list((tmp_path / "out").iterdir()) == []
    assert exports(case) == before


def test_a_recording_that_is_gone_or_changed_is_refused_by_name_or_left_out_when_asked(
    case: Path, tmp_path: Path, call: Call
) -> None:
    west, out = case.parent / "west.mp4", tmp_path / "out"
    data = west.read_bytes()
    try:
        west.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        changed = call("evidence", case, 1, out, *WHY)
        west.unlink()
        gone = call("evidence", case, 1, out, *WHY)
        assert (changed.status, gone.status) == (3, 3)
        assert f"track 7 ({WEST}): {west} is not what was analysed" in changed.err
        assert f"{west} is gone; put the recording back where it was" in gone.err
        assert "--skip-missing" in gone.err
        assert not out.exists()
        said = call("evidence", case, 1, out, "--skip-missing", *SPAN, *WHY, "--redact", "none")
    finally:
        west.write_bytes(data)
    assert said.status == 0
    assert "left out: track 7" in said.err
    assert [told["tracklet"] for told in manifest(out)["skipped"]] == [7]
    assert [told["same_now"] for told in manifest(out)["recordings"]] == [True, False]
    assert "Track 7 is left out" in (out / "report.html").read_text("utf-8")
    assert verifier.verify(str(out))[0] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE event SET body = replace(body, '\"same\"', '\"unsure\"') WHERE kind = 'decide'", "was changed after"),
        (
            "UPDATE crop SET jpeg = CAST(jpeg || x'00' AS BLOB) WHERE tracklet = 7",
            "track 7: its boxes or pictures are not those",
        ),
    ],
)
def test_a_case_that_does_not_prove_itself_exports_nothing(
    case: Path, tmp_path: Path, call: Call, change: str, words: str
) -> None:
    copy = Path(shutil.copytree(case, tmp_path / "case"))
    with sqlite3.connect(copy / "case.db") as database:
        database.execute(change)
    database.close()
    said = call("evidence", copy, 1, tmp_path / "out", *WHY)
    assert said.status == 3
    assert words in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--redact", "blur"],
        ["--before", "-1"],
        ["--after", "nan"],
        ["--before", "1e9"],
        ["--reason", " "],
    ],
)
def test_what_cannot_be_asked_for_is_said(case: Path, tmp_path: Path, call: Call, words: list[str]) -> None:
    assert call("evidence", case, 1, tmp_path / "out", *WHY, *words).status == 2
    assert not (tmp_path / "out").exists()


def test_without_a_reason_nothing_is_handed_on(case: Path, tmp_path: Path, call: Call) -> None:
    said = call("evidence", case, 1, tmp_path / "out")
    assert (said.status, (tmp_path / "out").exists()) == (2, False)
    assert "--reason" in said.err
