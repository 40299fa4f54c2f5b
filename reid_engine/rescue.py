"""A new case from a damaged one: of its last backup, or of every row that can still be read.

The damaged case is never written to, nor is anything beside its file; what is made is put together under another name
and gets its own when it is whole.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reid_engine.audit import at_work
from reid_engine.case import DATABASE, Case
from reid_engine.errors import CaseDamaged, CaseError, ChildDied
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child
from reid_engine.store import Store
from reid_engine.store.connection import explained
from reid_engine.store.standing import Backup, standing

# what people ask for first, with its name for one and for many
NAMES = {
    "event": "events", "tracklet": "tracklets", "embedding": "vectors", "crop": "pictures", "decision": "decisions",
    "note": "notes", "source": "recordings", "camera": "cameras", "deed": "deeds", "edit_part": "parts of edits",
    "tracklet_box": "rows of boxes", "tracklet_colour": "colours", "network": "networks",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rescued:
    """What is in the new case, by table: rows ``read`` from the damaged one, rows ``filled`` from the backup, and rows
    ``lost``, at most so many."""

    read: dict[str, int]
    filled: dict[str, int]
    lost: dict[str, int]
    backup: Backup | None

    def sentences(self) -> list[str]:
        """In plain counts."""
        said = [f"read: {_counts(self.read) or 'nothing'}"]
        if self.backup is not None and self.filled:
            said.append(f"filled from the backup of {self.backup.words}: {_counts(self.filled)}")
        missing = _counts(self.lost)
        said.append(f"could not be read, at most: {missing}" if missing else "nothing is missing")
        return said


def restore(folder: Path, out: Path) -> Backup:
    """Make a new case at ``out`` of the newest backup of the case in ``folder`` that is whole.

    Raises CaseError without one, or where ``out`` holds a case already; DiskFull.
    """
    for backup in standing(folder):
        with _made(out) as beside:
            with explained(out):
                shutil.copyfile(backup.path, beside / DATABASE)
            try:
                with _opened(beside) as store:
                    store.record("backup opened", path=str(folder), backup_us=backup.at_us)
            except CaseDamaged:
                continue
            _name(beside, out)
            return backup
    raise CaseError(f"there is no whole backup in {folder}; `reappear rescue {folder} OUT` reads what can be read")


def rescue(folder: Path, out: Path, control: JobControl | None = None) -> Rescued:
    """Make a new case at ``out`` of what can be read of the case in ``folder``, and of its last backup what cannot.

    Raises CaseError (no case there, one at ``out``), CaseDamaged where nothing can be read, DiskFull, JobCancelled.
    """
    control = JobControl() if control is None else control
    if not (folder / DATABASE).is_file():
        raise CaseError(f"there is no case at {folder}: {DATABASE} is missing")
    backup = next(iter(standing(folder)), None)
    with _made(out) as beside:
        Store.create(beside / DATABASE).close()
        damaged = _alone(folder, beside)
        words = [str(damaged), str(beside / DATABASE), *([] if backup is None else [str(backup.path)])]
        try:
            told = ask_child("reid_engine.store.salvage", words, control.check)
        except ChildDied as error:
            raise CaseDamaged(f"{folder} cannot be rescued: {error}") from error
        found = Rescued(told["read"], told["filled"], told["lost"], backup if told["backup"] else None)
        if not any(found.read.values()) and not any(found.filled.values()):
            raise CaseDamaged(f"nothing of {folder} can be read ({told['error']}); look for a copy of the folder")
        with _opened(beside) as store:
            lost = {name: count for name, count in found.lost.items() if count}
            filled = {name: count for name, count in found.filled.items() if count}
            said = {} if found.backup is None else {"backup_us": found.backup.at_us}
            store.record("rescued", path=str(folder), lost=lost, filled=filled, **said)
        _name(beside, out)
    return found


@contextmanager
def _made(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to work in, on the same disk; gone at the end."""
    if (out / DATABASE).exists():
        raise CaseError(f"{out} holds a case already; name a new folder")
    with explained(out):
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".rescue-", dir=out) as beside:
            yield Path(beside)


def _name(beside: Path, out: Path) -> None:
    with explained(out):
        (beside / DATABASE).rename(out / DATABASE)
    Case.open(out).close()


@contextmanager
def _opened(beside: Path) -> Iterator[Store]:
    """Whole in one file at the end, without a log beside it."""
    store = Store.open(beside / DATABASE, operator=at_work()[0])
    try:
        yield store
        store.database.fold()
    finally:
        store.close()


def _alone(folder: Path, beside: Path) -> Path:
    """The damaged file where it lies; where it has a log it is copied with it, for reading a log writes beside it."""
    path, log = folder / DATABASE, folder / f"{DATABASE}-wal"
    if not log.exists() or not log.stat().st_size:
        return path
    copy = beside / "damaged.db"
    with explained(copy):
        shutil.copyfile(path, copy)
        shutil.copyfile(log, beside / "damaged.db-wal")
    return copy


def _counts(rows: dict[str, int]) -> str:
    known = [f"{rows[name]} {words}" for name, words in NAMES.items() if rows.get(name)]
    others = sum(count for name, count in rows.items() if name not in NAMES)
    return ", ".join([*known, *([f"{others} other rows"] if others else [])])
