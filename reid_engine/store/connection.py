"""One database file: how it is opened, who may write when, and what its errors mean to a person.

The recipe: WAL, so that readers never wait for the writer; BEGIN IMMEDIATE for whoever writes, because a transaction
that reads first and writes later cannot wait for its turn; foreign keys on; a long wait for a busy file. What a person
decided is written through to the disk; what an ingest found can be found again and is not.

One thread of one process ingests. Decisions and events may be written beside it from any thread: they wait their turn.
Readers, in any number of threads and processes, see the last commit.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from reid_engine.errors import CaseBusy, CaseDamaged, CaseError, DiskFull, ReappearError
from reid_engine.jobs import JobControl
from reid_engine.store.standing import ways_out

BUSY_S = 30.0
QUICK_CHECK_S = 1.0
LEAST_ROOM_BYTES = 1 << 20
NO_LOG = (
    "{path} cannot keep its write-ahead log where it lies (SQLite answered {found}, not wal), as some network drives "
    "cannot; copy the folder to a disk of this computer and open it there"
)
STEPS_BETWEEN_LOOKS = 100_000
PAGES_A_STEP = 2048  # of a backup, between two looks whether to stop
PRAGMAS = ("foreign_keys=ON", "temp_store=MEMORY", "journal_size_limit=67108864")


class Database:
    """The engine behind a store: ``reading()`` and ``writing()`` transactions, errors as sentences."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.QueuePool)
        sa.event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(writes=True)
        self._durable = self._engine.execution_options(writes=True, durable=True)

    @property
    def _log(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self.read_only else "rw"
        if self.read_only and not os.access(self.path.parent, os.W_OK) and not self._log.exists():
            mode += "&immutable=1"  # an archive: SQLite would make its shared memory beside the file
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,  # the driver keeps out of transactions
            check_same_thread=False,
        )
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if not self.read_only:
            found = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if found != "wal":
                connection.close()
                raise CaseError(NO_LOG.format(path=self.path, found=found))
        return connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the case from its begin to its end."""
        with explained(self.path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        """A transaction that may write; all of it is kept or none. ``durable``: survives a power cut once it returns.

        Raises DiskFull, CaseBusy after waiting for BUSY_S, CaseError for a case that was opened for reading.
        """
        if self.read_only:
            raise CaseError(f"{self.path.parent} is open for reading only; open it, or a copy, where it can be written")
        with explained(self.path), (self._durable if durable else self._writer).begin() as connection:
            yield connection

    @contextmanager
    def rebuilding(self) -> Iterator[sa.Connection]:
        """A writing transaction that may drop and rebuild tables. With foreign keys on, dropping a table would take
        every row below it along; they can be switched only outside a transaction, so it happens around this one."""
        with explained(self.path), self._durable.connect() as connection:
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                connection.connection.cursor().execute("PRAGMA foreign_keys=ON")

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """The driver's own connection, outside any transaction, for what SQL has no words for."""
        with explained(self.path), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            yield driver

    def revision(self) -> str | None:
        """The version of a case's tables; None for a database that is no case."""
        with self.reading() as connection:
            if not {"case_info", "alembic_version"} <= set(sa.inspect(connection).get_table_names()):
                return None
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()

    def quick_check(self, budget_s: float = QUICK_CHECK_S) -> None:
        """Raise CaseDamaged when the file contradicts itself; a big file is looked at for ``budget_s`` only."""
        until = monotonic() + budget_s
        with self.raw() as connection:
            connection.set_progress_handler(lambda: monotonic() > until, STEPS_BETWEEN_LOOKS)
            try:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            except sqlite3.OperationalError as error:
                if not _is(error, sqlite3.SQLITE_INTERRUPT):
                    raise
                found = "ok"
            finally:
                connection.set_progress_handler(None, 0)
        if found != "ok":
            raise damaged(self.path, str(found))

    def backup(self, target: Path, control: JobControl | None = None) -> None:
        """A whole, consistent and tested copy at ``target``, one file; nothing stands there unless it is complete.

        Nobody waits for it: readers and writers go on, and the copy is of the moment at which it began. Raises
        DiskFull, JobCancelled, and CaseDamaged when the copy, and so the case, contradicts itself.
        """
        beside = target.with_name(target.name + ".part")
        control = JobControl() if control is None else control
        try:
            with self.raw() as connection:
                copy = sqlite3.connect(beside, isolation_level=None)
                try:
                    connection.execute("BEGIN")
                    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on one moment
                    connection.backup(copy, pages=PAGES_A_STEP, progress=lambda *_: control.check())
                    copy.execute("PRAGMA journal_mode=DELETE")
                    found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
                finally:
                    copy.close()
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            if found != "ok":
                raise damaged(self.path, str(found))
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def fold(self) -> None:
        """Write everything that is in the log into the file. Raises DiskFull, CaseBusy while others read."""
        with self.raw() as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise CaseBusy(f"another program reads {self.path.parent}")

    def overwrite(self, patience_s: float) -> None:
        """Write the file anew without what was deleted, and empty the log. Raises CaseBusy while others read."""
        with self.raw() as connection:
            connection.execute(f"PRAGMA busy_timeout={round(1000 * patience_s)}")
            connection.execute("PRAGMA temp_store=FILE")  # a whole case may not fit into memory
            try:
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute("PRAGMA temp_store=MEMORY")
                connection.execute(f"PRAGMA busy_timeout={round(1000 * BUSY_S)}")
        if busy:
            raise CaseBusy(f"another program reads {self.path.parent}")

    def close(self) -> None:
        """Give back every connection; the last one to go folds the write-ahead log into the file."""
        self._engine.dispose()


def _begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get("writes"):
        level = "FULL" if options.get("durable") else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def last_number(connection: sa.Connection, table: str) -> int:
    """The highest number that a table with numbers for life has ever given; 0 before the first."""
    wanted = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    return int(connection.execute(wanted, {"table": table}).scalar() or 0)


def _is(error: BaseException, code: int) -> bool:
    """True when SQLite gave ``code``, in any of its finer shades."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == code


def damaged(path: Path, found: str) -> CaseDamaged:
    """The error for a database that cannot be trusted, with what there is to do about it."""
    error = CaseDamaged(f"{path} is damaged ({found}). Nothing was changed. {ways_out(path.parent)}")
    error.folder = path.parent
    return error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever the database raises inside becomes one of ours, as a sentence."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _translated(error.orig, path) from error
    except (sqlite3.Error, OSError) as error:
        raise _translated(error, path) from error
    except json.JSONDecodeError as error:
        raise damaged(path, f"a column is not what was written: {error}") from error
    except OverflowError as error:
        raise CaseError("a number is larger than any that a case can hold; look at what was given") from error


def _without_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LEAST_ROOM_BYTES
    except OSError:
        return False


def _translated(error: Any, path: Path) -> ReappearError:
    full = _is(error, sqlite3.SQLITE_FULL) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    if full or (_is(error, sqlite3.SQLITE_IOERR) and _without_room(path)):  # no other word where it maps a file
        return DiskFull(f"no space left where {path} lies. Everything committed is kept; free some space and go on")
    if _is(error, sqlite3.SQLITE_BUSY) or _is(error, sqlite3.SQLITE_LOCKED):
        return CaseBusy(f"another program has been writing to {path} for {BUSY_S:.0f} s; try again when it is done")
    if _is(error, sqlite3.SQLITE_CORRUPT) or _is(error, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if _is(error, sqlite3.SQLITE_READONLY):
        return CaseError(f"{path} cannot be written; let it and its folder be written, or open a copy of the folder")
    if _is(error, sqlite3.SQLITE_CONSTRAINT):
        return CaseError(f"{path}: this would contradict what the case holds ({error})")
    return CaseError(f"{path} cannot be used: {error}")
