"""A case is its user's alone, and says where it is not, or where two computers could open it."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reid_engine import place
from reid_engine.case import Case
from reid_engine.embedding import load_embedder
from reid_engine.errors import CaseError
from reid_engine.ingest import Ingest, IngestOptions, Wanted
from reid_engine.jobs import JobControl
from reid_engine.place import drive, notices, reached_by_all
from reid_engine.settings import Settings
from tests.support.footage import Walk, record
from tests.support.networks import stripe_embedder
from tests.support.scripted import ScriptedDetector


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """As most systems have it, whatever other tests have left."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """What of a case others have any right to, were its folder open."""
    return [str(path.relative_to(folder)) for path in (folder, *folder.rglob("*")) if rights(path) & 0o077]


def test_whatever_is_made_in_a_new_case_is_its_users_alone(tmp_path: Path) -> None:
    clip = record(tmp_path / "gate.mp4", [Walk(0, 0.0, 3.0, 40, 280, 130)], seconds=3.0)
    embedder = load_embedder(stripe_embedder(tmp_path), None, threads=1, control=JobControl())
    folder = tmp_path / "new" / "case"
    with Case.create(folder, "a test") as case:
        Ingest(case, ScriptedDetector(), embedder, Settings(), IngestOptions(), JobControl()).run(
            [Wanted(clip, "Gate")]
        )
        case.index(case.model())
        case.store.database.backup(folder / "case.db.backup")
        (folder / "exports" / "list.csv").write_text("one line")
        names = {path.name for path in folder.rglob("*")}
        assert {"case.db", "case.db-wal", "case.db-shm", "ingest.lock", "case.db.backup", "list.csv"} <= names
        assert list((folder / "index").iterdir())
        assert open_to_others(folder) == []
    os.umask(0o022)  # another process, which opens it later
    with Case.open(folder) as case:
        case.store.camera("Yard", create=True)
        (folder / "exports" / "later.csv").write_text("one line")
        assert open_to_others(folder) == []
    assert rights(tmp_path / "new") == 0o755


def test_a_case_that_is_made_in_an_empty_folder_closes_it_and_one_among_other_things_leaves_it(tmp_path: Path) -> None:
    for name in ("empty", "full"):
        (tmp_path / name).mkdir(mode=0o755)
    (tmp_path / "full" / "letter.txt").write_text("somebody's")
    for name in ("empty", "full"):
        Case.create(tmp_path / name, "a test").close()
    assert [rights(tmp_path / name) for name in ("empty", "full")] == [0o700, 0o755]


def test_in_a_case_that_a_group_shares_the_group_reads_what_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    Case.create(folder, "a test").close()
    folder.chmod(0o770)
    os.umask(0o002)
    with Case.open(folder):
        (folder / "exports" / "list.csv").write_text("one line")
    assert rights(folder / "exports" / "list.csv") == 0o660


def test_a_case_that_everybody_can_read_says_so_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a case"
    Case.create(folder, "a test").close()
    monkeypatch.setattr(place, "modes", lambda one: [rights(one)])  # what lies around it is open
    with Case.open(folder) as case:
        assert not any("every user" in notice for notice in case.notices)
    folder.chmod(0o755)
    with Case.open(folder) as case:
        (notice,) = [notice for notice in case.notices if "every user" in notice]
    assert f"every user of this computer can read {folder}; " in notice
    assert f"chmod -R go= '{folder}'" in notice


def test_a_case_is_reached_only_where_everything_around_it_is_open() -> None:
    assert reached_by_all([0o755, 0o711, 0o1777, 0o755])
    assert not reached_by_all([0o755, 0o700, 0o755])
    assert not reached_by_all([0o750, 0o755])
    assert not reached_by_all([])


# where it lies --------------------------------------------------------------------------------------------------------

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /mnt rw - tmpfs tmpfs rw
41 40 0:41 / /mnt/team rw,relatime shared:20 master:1 - nfs4 server:/team rw,vers=4.2
42 22 0:42 / /home/ann/my\\040drive rw,nosuid - fuse.sshfs ann@server:/ rw
43 22 0:43 / /data rw - cifs //server/data rw
44 22 8:2 / /data rw - xfs /dev/sdb1 rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/cases/one", ("ext4", "/")),
        ("/", ("ext4", "/")),
        ("/mnt/teamwork/case", ("tmpfs", "/mnt")),
        ("/mnt/team", ("nfs4", "/mnt/team")),
        ("/mnt/team/a/case", ("nfs4", "/mnt/team")),
        ("/home/ann/my drive/case", ("fuse.sshfs", "/home/ann/my drive")),
        ("/data/case", ("xfs", "/data")),
    ],
)
def test_the_kind_of_drive_is_that_of_the_nearest_mount(path: str, found: tuple[str, str]) -> None:
    assert drive(MOUNTS, path) == found


def test_where_nothing_is_known_of_mounts_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MOUNTS", tmp_path / "none")
    assert drive("", "/case") == ("", "")
    assert notices(tmp_path) == []


def test_a_case_on_a_network_drive_says_what_two_computers_would_do_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(place, "MOUNTS", mounts)
    for kind, said in (("ext4", 0), ("nfs4", 1), ("cifs", 1), ("fuse.sshfs", 1)):
        mounts.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n41 22 0:41 / {tmp_path} rw - {kind} server:/team rw\n")
        with Case.open_or_create(tmp_path / "case", "a test") as case:
            words = [notice for notice in case.notices if "other computers" in notice]
        assert len(words) == said
        assert all(f"({kind} at {tmp_path})" in one and "can ruin it" in one for one in words)


def test_a_case_that_cannot_keep_its_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def without_shared_memory(database: str, **more: Any) -> sqlite3.Connection:
        return connect(f"{database}&vfs=unix-dotfile", **more)

    monkeypatch.setattr(sqlite3, "connect", without_shared_memory)
    with pytest.raises(CaseError, match=r"cannot keep its write-ahead log where it lies \(SQLite answered delete"):
        Case.create(tmp_path / "case", "a test")
    assert not (tmp_path / "case" / "case.db").exists()
