"""A record that ends earlier than this user saw it end last is said, and never refused."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from reid_engine.case import Case

CUT = """
DELETE FROM event WHERE id > 2;
UPDATE sqlite_sequence SET seq = 2 WHERE name = 'event';
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REAPPEAR_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case whose record ends with event 5."""
    with Case.create(tmp_path / "case") as case:
        for number in range(4):
            case.record("search", probe=number)
    return tmp_path / "case"


def cut(folder: Path) -> None:
    with sqlite3.connect(folder / "case.db") as raw:
        raw.executescript(CUT)
    raw.close()


def said(folder: Path, *, read_only: bool = False) -> list[str]:
    with Case.open(folder, read_only=read_only) as case:
        return case.notices


def test_an_end_that_was_cut_off_without_a_trace_is_said_until_somebody_was_told(folder: Path) -> None:
    assert said(folder) == []
    cut(folder)
    ended = "the record ended at event 5 when the case was last open here; it ends at 2 now: a copy put back, or events"
    for read_only in (True, True, False):
        (sentence,) = said(folder, read_only=read_only)
        assert sentence.startswith(ended)
    assert said(folder) == []
    with Case.open(folder) as case:
        assert case.store.broken_record() is None, "the record alone cannot tell"


def test_a_record_that_went_on_by_itself_is_another_one(folder: Path) -> None:
    cut(folder)
    with sqlite3.connect(folder / "case.db") as raw:  # another user, who has another state folder
        again = "INSERT INTO event SELECT ?, at_us, operator, kind, body, hash FROM event WHERE id = 2"
        raw.executemany(again, [(number,) for number in (3, 4, 5)])
    raw.close()
    (sentence,) = said(folder)
    assert sentence.startswith("the record ended with another event 5 when the case was last open here")


def test_what_others_did_since_is_no_matter(folder: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAPPEAR_STATE", str(state / "another user"))
    with Case.open(folder) as case:
        case.record("search", probe=9)
    monkeypatch.setenv("REAPPEAR_STATE", str(state))
    assert said(folder) == []


def test_a_copy_goes_its_own_way_and_a_case_that_moved_is_known_again(folder: Path, tmp_path: Path) -> None:
    copy, moved = tmp_path / "copy", tmp_path / "moved"
    shutil.copytree(folder, copy)
    with Case.open(folder) as case:
        case.record("search", probe=9)
    assert said(copy) == []
    shutil.rmtree(copy)
    folder.rename(moved)
    cut(moved)
    (sentence,) = said(moved)
    assert f"ended at event 6 when the case was last open at {folder.resolve()}; it ends at 2 now" in sentence


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', '{"x": [1]}', "[" * 100_000, '{"x": ["a", "b"]}'])
def test_a_state_that_cannot_be_read_is_none(folder: Path, state: Path, text: str) -> None:
    (path,) = (state / "records").iterdir()
    path.write_text(text)
    cut(folder)
    assert said(folder) == []


def test_a_case_works_where_no_state_can_be_kept(folder: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "file").write_text("")
    monkeypatch.setenv("REAPPEAR_STATE", str(state / "file"))
    cut(folder)
    assert said(folder) == []
