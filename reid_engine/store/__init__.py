"""The only door to SQL: whole-domain verbs in, plain frozen values out.

``Store`` is one class whose verbs are written in groups, each in its own file and standing on the one before:
``record`` (who the case is, the record of events), ``cameras``, ``plan``, ``sources`` (and networks), ``vectors``,
``tracklets``, ``deeds`` (what can be taken back), ``edits``, ``decisions``, ``notes``, ``holds`` (how long to keep),
``erasure``, ``consistency``. Every verb is one transaction. See ``connection`` for who may write from where.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from reid_engine.audit import system_operator
from reid_engine.clock import Clock, SystemClock
from reid_engine.errors import CaseError
from reid_engine.naming import checked_words
from reid_engine.place import make_as_open_as, make_private
from reid_engine.store.cameras import checked_name
from reid_engine.store.connection import Database, explained
from reid_engine.store.consistency import ConsistencyVerbs
from reid_engine.store.rows import (
    ANYBODY,
    Camera,
    CameraPair,
    CaseInfo,
    Decision,
    Deed,
    EraseScope,
    Erasure,
    FloorPlan,
    Generation,
    Hold,
    KnownModel,
    Network,
    NewSource,
    Note,
    Retention,
    Source,
    Spans,
    TrackEdit,
    TrackletFilter,
)
from reid_engine.store.schema import REVISION, case_info

__all__ = (
    "ANYBODY",
    "Camera",
    "CameraPair",
    "CaseInfo",
    "Decision",
    "Deed",
    "EraseScope",
    "Erasure",
    "FloorPlan",
    "Generation",
    "Hold",
    "KnownModel",
    "Network",
    "NewSource",
    "Note",
    "Retention",
    "Source",
    "Spans",
    "Store",
    "TrackEdit",
    "TrackletFilter",
    "checked_name",
)

VERSION = "1"


class Store(ConsistencyVerbs):
    """The rows of one case."""

    @classmethod
    def create(cls, path: Path, *, purpose: str = "", clock: Clock | None = None, operator: str | None = None) -> Self:
        """Make a new case at ``path`` and open it; a kill or a full disk half-way leaves none.

        Raises CaseError when one is there, DiskFull, UsageError for a purpose that cannot be read out as it stands.
        """
        checked_words(purpose, "the purpose", lines=True)
        clock = SystemClock() if clock is None else clock
        beside = path.with_name(path.name + ".new")
        with explained(path):
            make_private(path.parent)
        with explained(path), _alone(path.parent):
            if path.exists():
                raise CaseError(f"{path} exists already; open it, or choose another place")
            info = {"uuid": str(uuid.uuid4()), "created_us": clock.now_us(), "purpose": purpose, "version": VERSION}
            _remove(beside)  # a log that a kill has left would be played into the new file
            try:
                _write_new(cls, beside, info, clock, operator or system_operator())
                beside.replace(path)
            except BaseException:
                _remove(beside)
                raise
        return cls.open(path, clock=clock, operator=operator)

    @classmethod
    def open(
        cls, path: Path, *, clock: Clock | None = None, read_only: bool = False, operator: str | None = None
    ) -> Self:
        """Open a case, bringing an older version's tables up to date after a backup. ``operator``: for the record.

        Raises CaseError (missing, no case), CaseTooNew, CaseDamaged, CaseBusy.
        """
        if not path.is_file():
            raise CaseError(f"there is no case at {path.parent}: {path.name} is missing")
        if not read_only:
            make_as_open_as(path.parent)
        database = Database(path, read_only=read_only)
        try:
            database.quick_check()
            _bring_up_to_date(database)
        except BaseException:
            database.close()
            raise
        return cls(database, clock or SystemClock(), operator or system_operator())

    @property
    def path(self) -> Path:
        """The database file."""
        return self.database.path

    @property
    def read_only(self) -> bool:
        """True when nothing may be written through this store."""
        return self.database.read_only

    def close(self) -> None:
        """Let go of the file; the last one to do so leaves it in one piece, without a write-ahead log."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _write_new(kind: type[Store], path: Path, info: dict[str, Any], clock: Clock, operator: str) -> None:
    """A case's file, whole before it gets its name: a log that could not be folded into it would be left behind."""
    path.write_bytes(b"")
    database = Database(path)
    try:
        _bring_up_to_date(database, empty=True)
        with database.writing(durable=True) as connection:
            connection.execute(sa.insert(case_info), {"id": 1, **info})
            kind(database, clock, operator).append_event(
                connection, "case made", {"case": info["uuid"], "version": VERSION}
            )
        database.fold()
    finally:
        database.close()


def _remove(path: Path) -> None:
    """A database with what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes a case in a folder; the lock goes when its process does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network drives lock no folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bring_up_to_date(database: Database, *, empty: bool = False) -> None:
    """Alembic is loaded only where it has something to do: it takes longer to load than a search takes."""
    if empty or database.revision() != REVISION:
        from reid_engine.store.migrate import bring_up_to_date

        bring_up_to_date(database, empty=empty)
