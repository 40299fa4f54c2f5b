"""A name shows what it holds: signs that turn others about are refused, and those that are there already are marked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.item_models.record import RecordModel
from reid_engine.case import Case
from reid_engine.errors import NotFound, SettingsError, UsageError
from reid_engine.naming import TURNING, checked_words, harmless
from reid_engine.settings import load_settings, save_settings
from reid_engine.store import checked_name

REVERSED = "gate \u202egpj.exe"
MARKED = "gate \ufffdgpj.exe"


@pytest.mark.parametrize("sign", [*sorted(TURNING), "\x1b", "\x85", "\u2028", "\udc80", "\n"])
def test_a_name_with_a_sign_that_misleads_is_refused(sign: str) -> None:
    with pytest.raises(UsageError, match="a camera's name holds the control character"):
        checked_name(f"gate{sign}1")
    assert harmless(f"gate{sign}1") == ("gate\n1" if sign == "\n" else "gate\ufffd1")


@pytest.mark.parametrize(
    "name", ["Tür 3", "\u05e9\u05e2\u05e8", "\u0628\u0648\u0627\u0628\u0629", "\U0001f468\u200d\U0001f469"]
)
def test_a_name_in_any_script_is_a_name(name: str) -> None:
    assert checked_name(name) == harmless(name) == name


def test_a_purpose_may_have_lines_and_no_sign_that_misleads(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the purpose holds the control character"):
        Case.create(tmp_path / "case", f"theft {REVERSED}")
    assert not (tmp_path / "case").exists()
    assert checked_words("one\n\ttwo", "the purpose", lines=True) == "one\n\ttwo"
    with Case.create(tmp_path / "case", "one\ntwo") as case:
        assert case.store.info().purpose == "one\ntwo"


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\x85", "\u2028", "\x1b"])
def test_an_operators_name_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    monkeypatch.setenv("REAPPEAR_CONFIG", str(tmp_path))
    (tmp_path / "settings.toml").write_text(f'[record]\noperator = "Ann \\u{ord(sign):04x} Doe"\n', "utf-8")
    with pytest.raises(SettingsError, match="operator"):
        load_settings()


def test_an_operators_name_in_any_script_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAPPEAR_CONFIG", str(tmp_path))
    settings = load_settings()
    named = settings.model_copy(update={"record": settings.record.model_copy(update={"operator": "Jörg \u05d0"})})
    save_settings(named)
    assert load_settings().record.operator == "Jörg \u05d0"


def test_what_an_older_version_let_in_is_shown_marked_and_found_as_it_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    with Case.create(folder, "a test") as case:
        made = case.store.camera("gate", create=True)
    with sqlite3.connect(folder / "case.db") as raw:
        raw.execute("UPDATE camera SET name = ?", (REVERSED,))
        raw.execute("UPDATE case_info SET purpose = ?", (f"theft\n{REVERSED}",))
    raw.close()
    with Case.open(folder) as case:
        assert [camera.name for camera in case.store.cameras()] == [MARKED]
        assert case.store.info().purpose == f"theft\n{MARKED}"
        assert case.store.camera(MARKED).id == made.id
        assert case.store.camera(MARKED, create=True).id == made.id
        with pytest.raises(NotFound, match=MARKED):
            case.store.camera("yard")
        case.store.rename_camera(made.id, "gate")
        events = case.store.events()
        assert case.store.broken_record() is None
    model = RecordModel("UTC", {})
    model.supply(list(events))
    cells = [
        str(model.index(row, column).data(Qt.ItemDataRole.DisplayRole))
        for row in range(model.rowCount())
        for column in range(model.columnCount())
    ]
    assert any(MARKED in cell for cell in cells)
    assert not any("\u202e" in cell for cell in cells)
    assert not any("\u202e" in model.whole(row) for row in range(model.rowCount()))
