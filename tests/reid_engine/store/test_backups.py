"""Backups in the case's folder: when one is made, that it is whole, how many stay, and that nobody erased is in one."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from reid_engine.case import Case
from reid_engine.clock import ManualClock
from reid_engine.errors import CaseBusy, CaseDamaged, DiskFull, JobCancelled
from reid_engine.jobs import JobControl
from reid_engine.store import EraseScope, Store, backups
from reid_engine.store.backups import EVERY_S, alone, keep
from reid_engine.store.connection import Database
from reid_engine.store.standing import standing
from reid_engine.types import TrackletId
from tests.support.cases import SECOND, Gallery, jpeg

HALF_HOUR_US = EVERY_S * SECOND


@pytest.fixture
def case(people: Gallery) -> Case:
    """Two people in two cameras."""
    people.put("a", 1)
    people.put("b", 2)
    for camera in "ab":
        people.finish(camera)
    for name in ("index", "exports", "jobs"):
        (people.store.path.parent / name).mkdir()
    return Case(people.store.path.parent, people.store)


def clock_of(case: Case) -> ManualClock:
    assert isinstance(case.store.clock, ManualClock)
    return case.store.clock


def later(case: Case, us: int) -> None:
    """So much time passes, and something is decided."""
    case.store.clock = ManualClock(clock_of(case).now_us() + us)
    case.decide(TrackletId(1), TrackletId(2), "unsure")


def test_closing_a_case_that_changed_leaves_one_file_that_is_the_whole_case(case: Case) -> None:
    case.decide(TrackletId(1), TrackletId(2), "different")
    case.close()
    (made,) = standing(case.folder)
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]
    assert made.words == "1970-01-01 00:00:05 UTC"
    with Store.open(made.path, read_only=True) as copy:
        assert copy.decisions()[0].verdict == "different"
        assert copy.broken_record() is None
        assert copy.crops(TrackletId(1)).best


def test_who_only_looked_makes_no_backup_due(case: Case) -> None:
    made = keep(case.store)
    case.store.clock = ManualClock(clock_of(case).now_us() + HALF_HOUR_US)
    case.view(TrackletId(1))
    assert keep(case.store) is None
    case.store.add_note("a bag", moment_us=1)
    assert keep(case.store) is not None
    assert made is not None


def test_one_in_half_an_hour_but_at_the_end_of_work_at_once(case: Case) -> None:
    keep(case.store)
    later(case, HALF_HOUR_US - SECOND)
    assert keep(case.store) is None
    assert keep(case.store, least_age_s=0) is not None


def test_the_newest_three_stay_and_reach_back(case: Case) -> None:
    begin = clock_of(case).now_us()
    for minutes in (0, 30, 60, 90, 100, 110):
        later(case, begin + minutes * 60 * SECOND - clock_of(case).now_us())
        keep(case.store, least_age_s=0)
    assert [(one.at_us - begin) // (60 * SECOND) for one in standing(case.folder)] == [110, 60, 30]


def test_a_large_case_is_copied_once_a_day_and_one_copy_stays(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "LARGE_BYTES", 1)
    keep(case.store)
    later(case, 23 * 3600 * SECOND)
    assert keep(case.store, least_age_s=0) is None
    later(case, 3600 * SECOND)
    made = keep(case.store, least_age_s=0)
    assert standing(case.folder) == [made]


def test_a_nearly_full_disk_gets_no_backup_and_the_case_closes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 30))
    with pytest.raises(DiskFull, match=r"no backup .* was made: it needs .* only 1.1 GB are free"):
        keep(case.store)
    case.close()
    assert standing(case.folder) == []


def test_a_copy_that_fails_its_test_is_not_kept_and_the_damage_is_said(case: Case, people: Gallery) -> None:
    for number in range(30):
        people.put("a", number, at_s=10 + number)
    good = keep(case.store)
    later(case, HALF_HOUR_US)
    case.store.database.close()  # folds its log; nothing of the file is remembered
    with case.store.path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(os.urandom(4 * 4096))
    with pytest.raises(CaseDamaged, match=r"last backup is of 1970-01-01 00:00:05 UTC.*--backup") as told:
        case.close()
    assert told.value.folder == case.folder
    assert standing(case.folder) == [good]
    assert len(list((case.folder / "backups").iterdir())) == 1


def test_a_backup_is_given_up_when_nobody_waits_for_it(case: Case) -> None:
    control = JobControl()
    control.cancel()
    with pytest.raises(JobCancelled):
        keep(case.store, control)
    assert list((case.folder / "backups").iterdir()) == []
    assert case.store.count_tracklets() == 2


def test_what_is_written_while_a_backup_is_made_is_not_in_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deciding(JobControl):
        def check(self) -> None:
            case.decide(TrackletId(1), TrackletId(2), "same")

    made = keep(case.store, Deciding())
    assert made is not None
    with Store.open(made.path, read_only=True) as copy:
        assert copy.decisions() == []
    assert len(case.store.decisions()) == 1


def test_a_reader_makes_none(case: Case) -> None:
    with Case.open(case.folder, read_only=True) as reader:
        assert keep(reader.store) is None


# erasure -------------------------------------------------------------------------------------------------------------


def holding(folder: Path, number: int) -> list[str]:
    """The files in which a tracklet's picture is; ``cases.jpeg`` of its track."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if jpeg(number) in path.read_bytes()]


def test_nobody_erased_is_in_a_backup_and_the_next_one_is_without_them(case: Case) -> None:
    before = keep(case.store)
    assert before is not None
    assert before.path.name in holding(case.folder, 1)
    scope = EraseScope(tracklets=(TrackletId(1),))
    plan = case.erasure(scope)
    assert (plan.backups, plan.unknown) == ((before.path,), ())
    case.erase(scope, reason="asked for")
    assert (standing(case.folder), holding(case.folder, 1)) == ([], [])
    case.close()
    (after,) = standing(case.folder)
    assert holding(case.folder, 1) == []
    assert after.path.name in holding(case.folder, 2)


def test_a_backup_that_is_being_made_while_somebody_is_erased_goes_too(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, real = threading.Event(), Store.erase

    def erase(*arguments: object, **words: object) -> object:
        found = real(*arguments, **words)  # type: ignore[arg-type]
        taken.set()
        return found

    monkeypatch.setattr(Store, "erase", erase)
    scope = EraseScope(tracklets=(TrackletId(1),))
    erasing = threading.Thread(target=lambda: case.erase(scope, reason="asked for"))
    with alone(case.folder, wait=False) as mine:
        assert mine
        whole = case.store.path.read_bytes() + case.store.path.with_name("case.db-wal").read_bytes()
        erasing.start()
        assert taken.wait(30)
        assert case.store.unfinished_erasure() is not None
        (case.folder / "backups").mkdir(exist_ok=True)
        (case.folder / "backups" / "case-19700101T000005Z.db").write_bytes(whole)
        assert erasing.is_alive()
        assert keep(case.store) is None, "another is being made"
    erasing.join(30)
    assert holding(case.folder, 1) == []


def test_before_an_erasure_is_finished_no_backup_is_begun(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise CaseBusy("another program reads")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "overwrite", busy)
        with pytest.raises(CaseBusy):
            case.erase(EraseScope(tracklets=(TrackletId(1),)), reason="asked for")
        assert keep(case.store) is None
    case.close()
    with Case.open(case.folder) as again:
        assert "was not finished; it is now" in again.notices[-1]
    assert len(standing(case.folder)) == 1
    assert holding(case.folder, 1) == []
