"""A damaged case: a new one of its last backup, or of what can be read; the damaged one stays as it is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import main
from reid_engine.case import Case
from reid_engine.errors import CaseDamaged, CaseError
from reid_engine.rescue import rescue, restore
from reid_engine.store import EraseScope
from reid_engine.store.backups import keep
from reid_engine.store.standing import standing
from reid_engine.types import TrackletId
from tests.support.cases import gallery

PAGE = 4096
PEOPLE = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed case with decisions, notes and a long record; no backup."""
    people = gallery(tmp_path_factory.mktemp("whole") / "case")
    folder = people.store.path.parent
    for number in range(PEOPLE):
        people.put("ab"[number % 2], number, at_s=number)
    for camera in "ab":
        people.finish(camera)
    for number in range(1, PEOPLE, 2):
        people.store.decide(TrackletId(number), TrackletId(number + 1), "same")
        people.store.add_note(f"a bag, {number}", moment_us=number, tracklet_id=TrackletId(number))
    people.store.close()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copytree(whole, tmp_path / "case"))


def pages_of(path: Path, *names: str) -> list[int]:
    """The pages of tables or indexes, the topmost first, counted from 1."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        roots = dict(database.execute("SELECT name, rootpage FROM sqlite_master"))
    return [roots[name] for name in names]


def leaves(path: Path, name: str) -> list[int]:
    """The lowest pages of a table, by reading its topmost one (which lists them)."""
    root = pages_of(path, name)[0]
    page = path.read_bytes()[(root - 1) * PAGE : root * PAGE]
    assert page[0] == 5, "an inner page of a table"
    cells = int.from_bytes(page[3:5])
    at = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(cells)]
    return [*(int.from_bytes(page[place : place + 4]) for place in at), int.from_bytes(page[8:12])]


def garble(path: Path, *pages: int) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(b"\xa5" * PAGE)


def untouched(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def counts(folder: Path) -> dict[str, int]:
    with Case.open(folder, read_only=True) as case:
        return {
            "event": len(case.store.events()),
            "tracklet": case.store.count_tracklets(),
            "decision": len(case.store.decisions()),
            "note": len(case.store.notes()),
        }


def test_one_page_of_an_index_costs_nothing(folder: Path, tmp_path: Path) -> None:
    before = counts(folder)
    garble(folder / "case.db", *pages_of(folder / "case.db", "ix_tracklet_camera_start_us_end_us"))
    with pytest.raises(CaseDamaged, match="There is no backup in the folder; `reappear rescue"):
        Case.open(folder)
    damaged = untouched(folder)
    found = rescue(folder, tmp_path / "out")
    assert found.sentences()[-1] == "nothing is missing"
    assert untouched(folder) == damaged, "not a byte of the damaged case, nor a file beside it"
    after = counts(tmp_path / "out")
    assert after == {**before, "event": before["event"] + 1}
    with Case.open(tmp_path / "out") as case:
        told = case.store.events()[-1]
        assert (told.kind, told.body["path"], told.body["lost"]) == ("rescued", str(folder), {})
        assert case.check() == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir())[:2] == ["backups", "case.db"]


def test_a_page_of_the_record_costs_the_events_on_it_and_no_others(folder: Path, tmp_path: Path) -> None:
    before = counts(folder)
    garble(folder / "case.db", leaves(folder / "case.db", "event")[1])
    found = rescue(folder, tmp_path / "out")
    after = counts(tmp_path / "out")
    assert 0 < found.lost["event"] == before["event"] + 1 - after["event"] < before["event"] / 2
    assert {**after, "event": 0} == {**before, "event": 0}
    with Case.open(tmp_path / "out") as case:
        assert "is missing from the record" in (case.store.broken_record() or "")
        assert case.store.events()[-1].number == before["event"] + 1, "numbers are not given twice"


@pytest.mark.parametrize("at", [1, -1], ids=["one inside", "the last"])
def test_a_page_of_tracklets_costs_those_on_it(folder: Path, tmp_path: Path, at: int) -> None:
    garble(folder / "case.db", leaves(folder / "case.db", "tracklet")[at])
    found = rescue(folder, tmp_path / "out")
    assert 0 < found.lost["tracklet"] < PEOPLE
    with Case.open(tmp_path / "out") as case:
        assert case.store.count_tracklets() == PEOPLE - found.lost["tracklet"]
        assert case.store.contradictions() == []
        assert case.store.broken_record() is None
        assert all("not those that the record says" in problem for problem in case.check())


def test_recordings_and_cameras_that_are_lost_get_stand_ins_and_everybody_stays(folder: Path, tmp_path: Path) -> None:
    garble(folder / "case.db", *pages_of(folder / "case.db", "source", "camera"))
    rescue(folder, tmp_path / "out")
    with Case.open(tmp_path / "out") as case:
        assert case.store.count_tracklets() == PEOPLE
        assert [camera.name for camera in case.store.cameras()] == [
            "camera 1 (its row was lost)", "camera 2 (its row was lost)",
        ]  # fmt: skip
        assert len(case.store.decisions()) == PEOPLE / 2
        assert case.store.contradictions() == []


def test_torn_pages_all_over_leave_a_case_that_opens(folder: Path, tmp_path: Path) -> None:
    size = (folder / "case.db").stat().st_size // PAGE
    garble(folder / "case.db", *range(size // 3, size, size // 20))
    found = rescue(folder, tmp_path / "out")
    with Case.open(tmp_path / "out") as case:
        assert case.store.contradictions() == [] or found.lost["crop"] or found.lost["embedding"]
        assert case.store.count_tracklets() > 0
    assert any(found.lost.values())


def test_what_was_lost_comes_from_the_backup_and_what_was_done_since_stays(folder: Path, tmp_path: Path) -> None:
    with Case.open(folder) as case:
        keep(case.store, least_age_s=0)
        case.decide(TrackletId(1), TrackletId(4), "different")
    before = counts(folder)
    (made,) = standing(folder)
    for name in ("event", "tracklet", "crop"):
        garble(folder / "case.db", leaves(folder / "case.db", name)[1])
    with pytest.raises(CaseDamaged, match=f"last backup is of {made.words}"):
        Case.open(folder)
    found = rescue(folder, tmp_path / "out")
    assert found.sentences()[-1] == "nothing is missing"
    assert f"filled from the backup of {made.words}: " in found.sentences()[1]
    assert counts(tmp_path / "out") == {**before, "event": before["event"] + 1}
    with Case.open(tmp_path / "out") as case:
        assert case.check() == []


def test_a_case_whose_first_page_is_lost_is_its_backup(folder: Path, tmp_path: Path) -> None:
    with Case.open(folder) as case:
        keep(case.store, least_age_s=0)
    garble(folder / "case.db", 1)
    made = restore(folder, tmp_path / "restored")
    with Case.open(tmp_path / "restored") as case:
        told = case.store.events()[-1]
        assert (told.kind, told.body["backup_us"]) == ("backup opened", made.at_us)
        assert case.check() == []
        assert case.store.count_tracklets() == PEOPLE
    assert "filled from the backup" in rescue(folder, tmp_path / "rescued").sentences()[1]
    assert counts(tmp_path / "rescued")["tracklet"] == PEOPLE


def test_a_backup_that_somebody_put_back_after_an_erasure_fills_nothing(folder: Path, tmp_path: Path) -> None:
    with Case.open(folder) as case:
        keep(case.store, least_age_s=0)
        (made,) = standing(folder)
        hidden = made.path.read_bytes()
        case.erase(EraseScope(tracklets=(TrackletId(1),)), reason="asked for")
    for backup in standing(folder):
        backup.path.unlink()
    made.path.write_bytes(hidden)
    garble(folder / "case.db", leaves(folder / "case.db", "tracklet")[0])
    found = rescue(folder, tmp_path / "out")
    assert found.backup is None
    with Case.open(tmp_path / "out") as case:
        assert case.store.present([TrackletId(1)]) == []


def test_what_was_in_the_log_only_is_read_too(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    with Case.open(whole) as case:
        case.decide(TrackletId(1), TrackletId(6), "different")
        shutil.copytree(whole, folder)
    assert (folder / "case.db-wal").stat().st_size
    garble(folder / "case.db", pages_of(folder / "case.db", "camera_pair")[0])
    before = untouched(folder)
    rescue(folder, tmp_path / "out")
    assert untouched(folder) == before
    assert counts(tmp_path / "out")["decision"] == PEOPLE / 2 + 1


@pytest.mark.parametrize("content", [b"no database" * 999, b"SQLite format 3\0" + bytes(4096)])
def test_what_holds_nothing_is_said_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.db").write_bytes(content)
    with pytest.raises(CaseError):
        rescue(tmp_path / "case", tmp_path / "out")
    with pytest.raises(CaseError, match="no whole backup"):
        restore(tmp_path / "case", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_that_holds_a_case_is_never_written_over(folder: Path) -> None:
    before = untouched(folder)
    for make in (rescue, restore):
        with pytest.raises(CaseError, match="holds a case already"):
            make(folder, folder)
    assert untouched(folder) == before


def test_the_command_line_says_what_there_is_and_does_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Case.open(folder) as case:
        keep(case.store, least_age_s=0)
    (made,) = standing(folder)
    assert main(["check", str(folder)]) == 0
    assert f"backup of {made.words}" in capsys.readouterr().err
    garble(folder / "case.db", leaves(folder / "case.db", "event")[1])
    assert main(["check", str(folder)]) == 3
    said = capsys.readouterr().err
    assert f"last backup is of {made.words}: `reappear rescue {folder} OUT --backup`" in said
    assert main(["rescue", str(folder), str(tmp_path / "one")]) == 0
    assert "nothing is missing" in capsys.readouterr().err
    assert main(["rescue", str(folder), str(tmp_path / "two"), "--backup"]) == 0
    assert made.words in capsys.readouterr().err
    assert main(["rescue", str(folder), str(tmp_path / "two")]) == 3
    for out in ("one", "two"):
        assert main(["check", str(tmp_path / out)]) == 0
        assert main(["record", str(tmp_path / out)]) == 0
    assert "rescued: from" in capsys.readouterr().out
