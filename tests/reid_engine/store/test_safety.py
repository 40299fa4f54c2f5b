"""What a case survives: kills, full disks, damage, newer and older versions, other programs at the same file."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_alembic.config import Config as AlembicTestConfig
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

from reid_engine.errors import CaseBusy, CaseDamaged, CaseError, CaseTooNew, DiskFull
from reid_engine.store import Network, Store, TrackletFilter, connection
from reid_engine.store.connection import Database
from reid_engine.store.migrate import bring_up_to_date, configuration
from reid_engine.store.schema import REVISION
from tests.support.cases import MODEL, Gallery, closed, looks

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]

KILLS = 3


@pytest.fixture
def alembic_config() -> AlembicTestConfig:
    return AlembicTestConfig(config_options={"script_location": "reid_engine.store:migrations"})


@pytest.fixture
def alembic_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'alembic.db'}")
    yield engine
    engine.dispose()


# versions ------------------------------------------------------------------------------------------------------------

NEXT_VERSION = """
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("tracklet", recreate="always") as batch:
        batch.add_column(sa.Column("note", sa.Text()))
    {then}
"""


def next_version(folder: Path, then: str = "pass") -> Config:
    """A program that is one version further on: it rebuilds the table that most rows hang from."""
    folder.mkdir()
    (folder / "v0004.py").write_text(NEXT_VERSION.format(then=then))
    config = configuration()
    ours = Path(connection.__file__).parent / "migrations" / "versions"
    config.set_main_option("version_locations", f"{ours}{os.pathsep}{folder}")
    return config


def filled(people: Gallery) -> Path:
    """A closed case with two tracklets and a decision between them."""
    first, second = people.put("a", 1), people.put("b", 2)
    people.store.decide(first, second, "same")
    people.store.close()
    return people.store.path


def test_a_migration_keeps_every_row_below_a_table_it_rebuilds(people: Gallery, tmp_path: Path) -> None:
    path = filled(people)
    database = Database(path)
    bring_up_to_date(database, config=next_version(tmp_path / "next"))
    with database.reading() as rows:
        counts = {
            t: rows.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar() for t in ("tracklet", "crop", "decision")
        }
        assert rows.exec_driver_sql("SELECT note FROM tracklet").first() == (None,)
    assert counts == {"tracklet": 2, "crop": 8, "decision": 1}
    with pytest.raises(CaseError), database.writing() as rows:
        rows.exec_driver_sql("INSERT INTO embedding VALUES (99, 'm', 1, x'00')")
    database.close()
    with Store.open(path.with_name("case.db.before-0004")) as before:
        assert before.count_tracklets() == 2


@pytest.mark.parametrize(
    ("then", "error"),
    [
        ('raise RuntimeError("half-way")', RuntimeError),
        ('op.execute("DELETE FROM tracklet WHERE id = 1")', CaseDamaged),
    ],
    ids=["an error half-way", "a row left without its parent"],
)
def test_a_migration_that_fails_leaves_the_case_as_it_was(
    people: Gallery, tmp_path: Path, then: str, error: type[Exception]
) -> None:
    path = filled(people)
    database = Database(path)
    with pytest.raises(error):
        bring_up_to_date(database, config=next_version(tmp_path / "next", then))
    database.close()
    with Store.open(path) as again:
        assert again.count_tracklets() == 2
        assert again.contradictions() == []


def test_a_case_of_a_newer_version_is_refused_and_left_alone(people: Gallery) -> None:
    path = filled(people)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(CaseTooNew, match=r"newer version.*9999.*Nothing was changed"):
            Store.open(path, read_only=read_only)
    assert path.read_bytes() == before


def test_the_tables_are_those_of_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == REVISION


def test_an_older_case_is_not_migrated_by_somebody_who_only_reads(people: Gallery, tmp_path: Path) -> None:
    database = Database(filled(people), read_only=True)
    with pytest.raises(CaseError, match="open it for writing once"):
        bring_up_to_date(database, config=next_version(tmp_path / "next"))
    database.close()


# files that are no case ----------------------------------------------------------------------------------------------


def test_a_missing_case_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="there is no case"):
        Store.open(tmp_path / "case.db")
    assert list(tmp_path.iterdir()) == []


def test_making_a_case_over_another_is_refused(people: Gallery) -> None:
    with pytest.raises(CaseError, match="exists already"):
        Store.create(people.store.path)


@pytest.mark.parametrize("content", [b"this is no database, " * 100, b"SQLite format 3\0" + bytes(4096)])
def test_a_file_that_is_no_database_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "case.db").write_bytes(content)
    with pytest.raises(CaseDamaged, match="There is no backup"):
        Store.open(tmp_path / "case.db")


def test_a_database_of_another_program_is_no_case(tmp_path: Path) -> None:
    for statement in ("SELECT 1", "CREATE TABLE t (x)"):
        with sqlite3.connect(tmp_path / "case.db") as raw:
            raw.execute(statement)
        raw.close()
        with pytest.raises(CaseError, match="not one of a case"):
            Store.open(tmp_path / "case.db")


def test_a_cut_database_and_a_torn_page_are_damage(people: Gallery) -> None:
    for person in range(30):
        people.put("a", person, at_s=person)
    people.store.close()
    whole = people.store.path.read_bytes()
    cut, torn = whole[: len(whole) // 2], bytearray(whole)
    torn[5 * 4096 : 9 * 4096] = os.urandom(4 * 4096)
    for content in (cut, bytes(torn)):
        people.store.path.write_bytes(content)
        with pytest.raises(CaseDamaged):
            Store.open(people.store.path)


def test_columns_that_are_not_what_was_written_are_damage(people: Gallery) -> None:
    track = people.put("a", 1)
    people.store.add_network(Network("embedder", "0" * 64, "n", "n.onnx", {"a": 1}, MODEL))
    with sqlite3.connect(people.store.path) as database:
        database.execute("UPDATE tracklet_box SET xyxy = ?", (b"123",))
        database.execute("UPDATE network SET card = '{'")
    database.close()
    with pytest.raises(CaseDamaged, match=f"tracklet {track} are damaged"):
        people.store.tracklets([track])
    with pytest.raises(CaseDamaged, match="not what was written"):
        people.store.networks()


def test_a_case_that_is_open_for_reading_cannot_be_changed(people: Gallery) -> None:
    people.put("a", 1)
    with Store.open(people.store.path, read_only=True) as reader:
        assert reader.find(TrackletFilter()).tolist() == [1]
        with pytest.raises(CaseError, match="reading only"):
            reader.camera("new", create=True)


def test_a_path_with_signs_that_mean_something_to_sqlite_works(tmp_path: Path) -> None:
    path = tmp_path / "100% 'odd' #case?mode=ro & 🎥" / "case.db"
    Store.create(path).close()
    with Store.open(path) as store:
        store.camera("a", create=True)
    assert path.is_file()


# disks, other writers, kills -----------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_nothing_is_half_written(people: Gallery) -> None:
    people.put("a", 1)
    with people.store.database.raw() as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]

    def small(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 3}")

    sa.event.listen(people.store.database._engine, "connect", small)
    people.store.database._engine.dispose()
    with pytest.raises(DiskFull, match="no space left"):
        people.commit("a", [(closed(n), looks(n)) for n in range(10, 60)])
    assert people.store.count_tracklets() == 1
    assert people.store.contradictions() == []
    sa.event.remove(people.store.database._engine, "connect", small)
    people.store.database._engine.dispose()
    assert len(people.commit("a", [(closed(n), looks(n)) for n in range(10, 60)])) == 50


def test_a_case_that_found_no_room_is_none_and_what_it_left_is_not_played_into_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(database: Database) -> None:
        assert database.path.with_name("case.db.new-wal").stat().st_size > 0, "all of it is in the log still"
        raise DiskFull("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "fold", full)
        with pytest.raises(DiskFull):
            Store.create(tmp_path / "case.db")
    assert list(tmp_path.iterdir()) == []
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE stranger (a)")
        (tmp_path / "case.db.new-wal").write_bytes((tmp_path / "other.db-wal").read_bytes())
    other.close()
    with Store.create(tmp_path / "case.db") as made:
        assert made.cameras() == []
        with made.database.reading() as connection:
            assert "stranger" not in sa.inspect(connection).get_table_names()


def test_where_sqlite_has_no_word_for_a_full_disk_it_is_said_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    usage = SimpleNamespace(free=0)
    monkeypatch.setattr(connection.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFull), connection.explained(tmp_path / "case.db"):
        raise error
    usage.free = 1 << 40
    with pytest.raises(CaseError, match="disk I/O error"), connection.explained(tmp_path / "case.db"):
        raise error


def test_a_backup_that_fails_leaves_nothing(people: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> sqlite3.Connection:
        (people.store.path.parent / "copy.part").write_bytes(b"half")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(connection.sqlite3, "connect", failing)
    with pytest.raises(CaseError):
        people.store.database.backup(people.store.path.parent / "copy")
    assert [path.name for path in people.store.path.parent.glob("copy*")] == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_an_operating_system_without_space_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull):
        Store.create(tmp_path / "case.db")


def test_another_program_that_writes_for_too_long_is_said(people: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    people.store.database._engine.dispose()
    other = sqlite3.connect(people.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CaseBusy, match="another program"):
        people.store.camera("a", create=True)
    other.execute("COMMIT")
    other.close()
    people.store.camera("a", create=True)


def test_people_decide_and_read_while_an_ingest_writes(people: Gallery) -> None:
    first, second = people.put("a", 1), people.put("b", 2)
    done: list[int] = []

    def decide() -> None:
        for _ in range(10):
            people.store.decide(first, second, "same")
            done.append(len(people.store.find(TrackletFilter())))

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(20):
        people.put("a", number, at_s=number + 1)
    for thread in threads:
        thread.join()
    assert len(done) == 20
    assert people.store.count_tracklets() == 22
    assert people.store.broken_record() is None


WRITER = """
import sys
from pathlib import Path
from reid_engine.store import Store
from tests.support.cases import Gallery, closed, looks
people = Gallery(Store.open(Path(sys.argv[1])))
people.sources["a"] = people.store.sources()[0]
first = people.store.count_tracklets()
for n in range(first, 100_000, 4):
    people.commit("a", [(closed(k + 1, boxes=40), looks(k)) for k in range(n, n + 4)])
    print(n + 4, flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_tracklets_and_all_it_reported(people: Gallery) -> None:
    people.camera("a")
    for attempt in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(people.store.path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        reported = [writer.stdout.readline()]
        time.sleep(0.01 * attempt)
        writer.send_signal(signal.SIGKILL)
        reported += writer.stdout.readlines()
        writer.stdout.close()
        writer.wait()
        complete = [int(line) for line in reported if line.endswith("\n")]
        found = people.store.count_tracklets()
        assert found >= complete[-1]
        assert found % 4 == 0
        assert people.store.contradictions() == []
        assert people.store.vector_count(MODEL) == found
    with people.store.database.raw() as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
