"""Purge and erasure: out of the tables, out of the file's free pages, and out of what lies beside it in the folder.

The tables lose it in one transaction, together with the event that says so. What follows (indexes and backups deleted,
the file written anew, its log emptied) may be killed at any moment: the record tells that it is not done, and whoever
opens the case for writing next does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reid_engine.audit import Event
from reid_engine.errors import CaseBusy, UsageError
from reid_engine.jobs import JobControl
from reid_engine.journey import person
from reid_engine.store import EraseScope, Erasure, Store
from reid_engine.store.backups import alone
from reid_engine.store.connection import explained
from reid_engine.store.standing import FOLDER
from reid_engine.types import TrackletId

PATIENCE_S = 5.0
BACKUPS = ("*.before-*", "*.part", "*.new", "backups/*")


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What an erasure takes, and what lies around it.

    backups: files beside the case that hold what it held once; they go too
    exports: files that were made for others and show what goes; they stay, and somebody has to see to them
    unknown: other files in the folder; nobody here knows what they hold, they stay
    """

    rows: Erasure
    backups: tuple[Path, ...]
    exports: tuple[str, ...]
    unknown: tuple[Path, ...]


def plan(store: Store, folder: Path, scope: EraseScope) -> ErasurePlan:
    """What would go; nothing is changed. Raises NotFound, CaseError for what is held."""
    rows = store.erasure(scope)
    ours = {"index", "jobs", "exports", FOLDER, *(store.path.name + end for end in ("", "-wal", "-shm"))}
    backups = _backups(folder)
    unknown = (path for path in sorted(folder.iterdir()) if path.name not in ours and path not in backups)
    return ErasurePlan(rows, tuple(backups), tuple(store.shown_in(rows.tracklets)), tuple(unknown))


def person_scope(store: Store, number: TrackletId) -> EraseScope:
    """Everything that is confirmed to be the person of this tracklet. Raises NotFound, UsageError."""
    if store.is_replaced(number):
        raise UsageError(f"tracklet {number} was split or merged; name one that stands for it now")
    members = sorted(person(store.decisions(), number) | {number})
    return EraseScope(tracklets=tuple(store.present(members)) or (number,))


def erase(
    store: Store,
    folder: Path,
    scope: EraseScope,
    *,
    reason: str,
    asked_by: str = "",
    expected: int | None = None,
    control: JobControl | None = None,
) -> Erasure:
    """Take it out of the case for good. Raises what ``Store.erase`` and ``overwrite`` raise."""
    control = JobControl() if control is None else control
    control.check()  # from here on there is no way back, and so no cancelling
    control.report(stage="erase", done=0, total=2)
    found = store.erase(scope, reason=reason, asked_by=asked_by, expected=expected)
    control.report(stage="erase", done=1, total=2)
    overwrite(store, folder)
    control.report(stage="erase", done=2, total=2)
    return found


def overwrite(store: Store, folder: Path) -> int | None:
    """Finish the last erasure where it is not finished: no byte of it stays in the folder. Returns its number or None.

    Raises CaseBusy while another program reads: the tables are without it already, and the next opening tries again.
    """
    number = store.unfinished_erasure()
    if number is None:
        return None
    try:
        with explained(folder), alone(folder, wait=True):  # a backup that is being made is of before: it goes too
            indexes = (path for path in (folder / "index").glob("*") if path.is_file())
            for path in (*_backups(folder), *indexes):
                path.unlink(missing_ok=True)
            store.database.overwrite(PATIENCE_S)
    except CaseBusy as error:
        raise CaseBusy(
            f"erasure {number} took everything out of the tables of {folder}, but another program reads the case, so "
            "that its file could not be written anew. Close it there; the next opening finishes the erasure"
        ) from error
    store.record("erasure finished", erasure=number)
    return number


def brought_back(name: str, erased: Event) -> str:
    """Why a recording of this name is refused, of which everything was erased; who tells it says what can be done."""
    day = datetime.fromtimestamp(erased.at_us / 1e6, UTC)
    return f"{name}: what was found in it was erased on {day:%Y-%m-%d} by {erased.operator} ({erased.body['reason']})"


def _backups(folder: Path) -> list[Path]:
    return sorted(path for pattern in BACKUPS for path in folder.glob(pattern) if path.is_file())
