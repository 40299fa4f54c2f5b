"""Is a package of evidence whole? Whatever is done to one is named, and no name in it leads elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reid_engine import evidence, verifier
from reid_engine.case import Case
from tests.support.handed_on import FILES, SPAN, WHY, Call, manifest

pytestmark = pytest.mark.walk


def forged(package: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and make its seal fit."""
    told = manifest(package)
    change(told)
    data = json.dumps(told).encode()
    (package / "manifest.json").write_bytes(data)
    (package / "manifest.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  manifest.json\n")


def rehash(package: Path, name: str) -> None:
    """Let the manifest have the hash that a file has now."""
    sha256, size = verifier.sha256_of(str(package), name)
    entry = {"path": name, "sha256": sha256, "bytes": size}
    forged(package, lambda told: told.update(files=[f for f in told["files"] if f["path"] != name] + [entry]))


@pytest.mark.parametrize("name", ["native", "video", "stills", *FILES, "manifest.json", "manifest.sha256"])
def test_one_flipped_bit_in_any_file_is_named(copy: Path, name: str) -> None:
    path = copy / name if (copy / name).is_file() else min((copy / name).iterdir())
    data = bytearray(path.read_bytes())
    for place in (len(data) // 3, len(data) - 2):
        data[place] ^= 1
        path.write_bytes(data)
        data[place] ^= 1
        found, _, _ = verifier.verify(str(copy))
        assert found
        assert path.relative_to(copy).as_posix() in " ".join(found)


def test_what_is_missing_added_or_renamed_is_named(copy: Path) -> None:
    (copy / "journey.csv").unlink()
    (copy / "stills" / "more.png").write_bytes(b"")
    (copy / "VERIFY.txt").rename(copy / "verify.txt")
    (copy / "empty").mkdir()
    (copy / "link").symlink_to(copy / "journey.json")
    found = "\n".join(verifier.verify(str(copy))[0])
    for words in ("journey.csv is missing", "VERIFY.txt is missing", "verify.txt is not in", "more.png is not in"):
        assert words in found
    assert "empty/ is neither" in found
    assert "link is neither" in found


def test_a_file_that_became_a_link_is_not_opened(copy: Path, tmp_path: Path) -> None:
    same = tmp_path / "same"
    (copy / "journey.csv").rename(same)
    (copy / "journey.csv").symlink_to(same)
    assert verifier.verify(str(copy))[0] == ["journey.csv is no plain file; it was not opened"]


@pytest.mark.parametrize("path", ["../same", "/etc/hostname", "stills/../../same", "C:x", "stills\\..\\x"])
def test_a_manifest_leads_nowhere_else(copy: Path, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "same").write_bytes(b"")
    entry = {"path": path, "sha256": hashlib.sha256(b"").hexdigest(), "bytes": 0}
    forged(copy, lambda told: told["files"].append(entry))
    opened: list[str] = []
    real = os.open

    def watched(name: str, *how: int) -> int:
        opened.append(os.path.realpath(name))
        return real(name, *how)

    monkeypatch.setattr(os, "open", watched)
    found = verifier.verify(str(copy))[0]
    assert found == [f"the manifest names {path}, which is no place in this folder; it was not looked at"]
    assert all(name.startswith(str(copy.resolve())) for name in opened)


def test_a_changed_line_of_the_record_is_named_even_when_the_manifest_was_made_to_fit(copy: Path) -> None:
    record = copy / "record.jsonl"
    lines = record.read_text().splitlines(keepends=True)
    number = next(place for place, line in enumerate(lines, start=1) if '"kind":"decide"' in line)
    changed = [*lines[: number - 1], lines[number - 1].replace('"same"', '"unsure"'), *lines[number:]]
    for left, where in ((changed, number), ([*lines[:2], *lines[3:]], 3), (lines[:-1], len(lines) - 1)):
        record.write_text("".join(left))
        rehash(copy, "record.jsonl")
        (found,) = verifier.verify(str(copy))[0]
        assert f"line {where}:" in found or f"ends with event {where}" in found


HOUR_US = 3_600_000_000
OTHERWISE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "verdict": (
        lambda told: told["sightings"][0]["decided"][0].update(verdict="different"),
        "track 1 with 7: by the record .* said 'same', here .* said 'different'",
    ),
    "operator": (lambda told: told["sightings"][1]["decided"][0].update(operator="nobody"), "here nobody said 'same'"),
    "time of a decision": (
        lambda told: told["sightings"][1]["decided"][0].update(at_us=HOUR_US),
        "track 7 with 1: by the record",
    ),
    "a decision that was never made": (
        lambda told: told["sightings"][1]["decided"][0].update({"with": 9}),
        "track 7 with 9: .* no event of the record decides that",
    ),
    "somebody else": (
        lambda told: told["sightings"][1].update(tracklet=9, decided=[]),
        "track 9: nothing in the record says that it is the person",
    ),
    "name of a camera": (
        lambda told: told["recordings"][0].update(camera="elsewhere"),
        "recording 1, the camera: by the record its name",
    ),
    "clock": (
        lambda told: told["sightings"][0]["clock"].update(offset_us=0),
        "track 1: by the record its offset_us is",
    ),
    "time of a sighting": (
        lambda told: told["sightings"][0].update(start_us=told["sightings"][0]["start_us"] + HOUR_US),
        "track 1: its start_us is not what the start and the clock of the record make of it",
    ),
    "start of a recording": (lambda told: told["recordings"][0].update(start_us=5), "recording 1: .* its start_us"),
    "who set the start": (
        lambda told: told["recordings"][0]["start_set"].update(operator="nobody"),
        "recording 1, its start: by the record its operator",
    ),
    "content": (lambda told: told["recordings"][1].update(sha256="0" * 64), "recording 2: by the record its sha256"),
    "a recording": (lambda told: told["recordings"][1].update(recording=9), "recording 9, which no event"),
    "network": (lambda told: told["networks"][0].update(sha256="0" * 64), "which no event of the record adds"),
    "purpose": (lambda told: told["case"].update(purpose="another"), "the case: by the record its purpose"),
    "nonsense": (lambda told: told.update(sightings=[{}]), "cannot be compared with the record"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_the_manifest_says_otherwise_than_the_record_is_named(copy: Path, what: str) -> None:
    change, words = OTHERWISE[what]
    forged(copy, change)
    found = verifier.verify(str(copy))[0]
    assert found
    assert any(re.search(words, sentence) for sentence in found), found


def test_a_manifest_of_an_earlier_version_says_less_and_is_whole(copy: Path) -> None:
    def older(told: dict[str, Any]) -> None:
        for seen in told["sightings"]:
            del seen["offsets"]
        for listed in told["recordings"]:
            del listed["clock"], listed["start_set"]

    forged(copy, older)
    assert verifier.verify(str(copy))[0] == []


FORGED = (
    "UPDATE decision SET verdict = 'unsure'",
    "UPDATE deed SET operator = 'nobody'",
    "UPDATE camera SET name = 'elsewhere' WHERE id = 1",
    "UPDATE tracklet SET start_us = start_us + 3600000000, end_us = end_us + 3600000000 WHERE id = 1",
    "UPDATE camera SET offset_us = offset_us - 3600000000; "
    "UPDATE tracklet SET start_us = start_us + 3600000000, end_us = end_us + 3600000000",
)


@pytest.mark.parametrize("change", FORGED)
def test_a_case_that_was_changed_behind_its_record_hands_nothing_on(
    case: Path, tmp_path: Path, call: Call, change: str
) -> None:
    spoiled = Path(shutil.copytree(case, tmp_path / "case"))
    with sqlite3.connect(spoiled / "case.db") as raw:
        raw.executescript(change)
    raw.close()
    said = call("evidence", spoiled, 1, tmp_path / "out", *WHY)
    assert said.status == 3
    assert re.search(r"by the record|do not follow from start and clock", said.err)
    assert not (tmp_path / "out").exists()
    assert call("check", spoiled).status == 3
    assert call("check", case).status == 0


def test_a_decision_that_is_taken_back_while_the_package_is_made_ends_it(
    case: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Path(shutil.copytree(case, tmp_path / "case"))
    real = evidence.rendered

    def meanwhile(*words: Any) -> dict[str, Any]:
        with Case.open(busy) as other:
            other.undo()
        return real(*words)

    monkeypatch.setattr(evidence, "rendered", meanwhile)
    said = call("evidence", busy, 1, tmp_path / "out", *WHY, *SPAN)
    assert "the case was changed while the package was made" in said.err
    assert "export it again" in said.err
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    with Case.open(busy) as other:
        other.redo()
    assert call("evidence", busy, 1, tmp_path / "out", *WHY, *SPAN).status == 0


def test_a_package_without_a_record_is_not_whole(copy: Path) -> None:
    (copy / "record.jsonl").unlink()
    forged(copy, lambda told: told.update(files=[f for f in told["files"] if f["path"] != "record.jsonl"]))
    assert verifier.verify(str(copy))[0] == ["record.jsonl is not in the manifest"]


def test_a_package_that_was_made_anew_is_not_the_one_whose_number_was_told(copy: Path, whole: Path, call: Call) -> None:
    told = verifier.verify(str(whole))[1]
    (copy / "journey.csv").write_text("nobody")
    rehash(copy, "journey.csv")
    assert call("verify", copy).status == 0
    said = call("verify", copy, told)
    assert said.status == 1
    assert "not the one whose SHA-256 you were told" in said.out


OLDER = json.dumps({"format": verifier.FORMAT, "version": 0})


@pytest.mark.parametrize("text", ["", "{}", "[]", "[" * 100_000, OLDER])
def test_what_is_no_manifest_is_said_to_be_none(tmp_path: Path, call: Call, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    (tmp_path / "manifest.sha256").write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  manifest.json\n")
    said = call("verify", tmp_path)
    assert said.status == 2
    assert "NOT READABLE" in said.out


def test_the_verifier_in_the_folder_stands_alone(copy: Path, tmp_path: Path) -> None:
    def alone(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(copy / "verify.py"), *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})

    assert alone().returncode == 0
    (copy / "journé.csv").write_text("")
    spoiled = alone()
    assert spoiled.returncode == 1
    assert "is not in the manifest" in spoiled.stdout
    assert alone(str(tmp_path / "nothing")).returncode == 2
    assert spoiled.stderr == ""
