"""Backups of a case in its own folder: which stand there, when another is due, and how many are kept (decision 24).

folder/backups/case-20261103T140211Z.db    one SQLite file, whole and tested, named by when it was begun (UTC)

A backup holds what the case held, erased rows' bytes too: an erasure waits for the one that is being made and deletes
all of them, and none is begun before the erasure is finished.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from reid_engine.errors import CaseDamaged, CaseError, DiskFull
from reid_engine.jobs import JobControl
from reid_engine.store import Store
from reid_engine.store.connection import explained
from reid_engine.store.standing import FOLDER, NAME, SECOND_US, Backup, standing

KEPT = 3
EVERY_S = 1800
LARGE_BYTES = 1 << 30  # from here on a copy takes long: once a day, and one is kept
LARGE_EVERY_S = 86_400
SPARE_BYTES = 1 << 30
LOOKING = ("search", "everybody", "likely people", "view", "contact sheet")  # alone they make no backup due
MARK = """
    SELECT (SELECT coalesce(max(id), 0) FROM event WHERE kind NOT IN (?, ?, ?, ?, ?)),
           (SELECT coalesce(max(id), 0) FROM tracklet), (SELECT count(*) FROM deed),
           (SELECT coalesce(sum(generation), 0) FROM model_generation)
"""


def keep(store: Store, control: JobControl | None = None, *, least_age_s: float = EVERY_S) -> Backup | None:
    """Back the case up where it changed since its last backup, and delete those that are too many; None where none is
    due, another is being made, or an erasure is not finished.

    least_age_s: how old the last one is at least; of a large case a day. Who only looked changed nothing.
    Raises DiskFull where the copy would fill the disk, CaseDamaged where the copy fails its test (it is not kept then),
    JobCancelled, CaseError.
    """
    folder, now_us = store.path.parent, store.clock.now_us()
    if store.read_only:
        return None
    size = store.path.stat().st_size
    last = next(iter(standing(folder)), None)
    age_s = LARGE_EVERY_S if size >= LARGE_BYTES else least_age_s
    if last is not None and (0 <= now_us - last.at_us < age_s * SECOND_US or _mark(last.path) == _mark(store.path)):
        return None
    with explained(store.path), alone(folder, wait=False) as mine:
        if not mine or store.unfinished_erasure() is not None:
            return None
        _refuse_without_room(folder, size)
        at = datetime.fromtimestamp(now_us // SECOND_US, UTC)
        made = Backup(folder / FOLDER / at.strftime(NAME), int(at.timestamp()) * SECOND_US)
        made.path.parent.mkdir(exist_ok=True)
        for left in made.path.parent.glob("*.part*"):  # by a kill
            left.unlink(missing_ok=True)
        store.database.backup(made.path, control)
        _rotate(folder, made, 1 if size >= LARGE_BYTES else KEPT)
    return made


def keep_at_close(store: Store, least_age_s: float = EVERY_S) -> None:
    """As ``keep``; what only stands in the way of a copy keeps nobody from closing. Raises CaseDamaged."""
    try:
        keep(store, least_age_s=least_age_s)
    except CaseDamaged:
        raise
    except (CaseError, DiskFull):  # the check says of when the last one is
        return


@contextmanager
def alone(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Nobody makes or deletes backups of this case meanwhile; without ``wait`` False where somebody does."""
    (folder / "jobs").mkdir(exist_ok=True)
    with (folder / "jobs" / "backup.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def _rotate(folder: Path, made: Backup, count: int) -> None:
    """The newest stay; one that is younger than half an hour is replaced, so that those that stay reach back."""
    others = [backup for backup in standing(folder) if backup != made]
    old = [backup for backup in others if abs(made.at_us - backup.at_us) >= EVERY_S * SECOND_US]
    for backup in others:
        if backup not in old[: count - 1]:
            backup.path.unlink(missing_ok=True)


def _refuse_without_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < 2 * size + SPARE_BYTES:
        raise DiskFull(
            f"no backup of {folder} was made: it needs {size / 1e9:.1f} GB, and only {free / 1e9:.1f} GB are free"
        )


def _mark(path: Path) -> tuple[int, ...] | None:
    """What changes whenever somebody did something, or an analysis found somebody; None for a file without it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            return tuple(database.execute(MARK, LOOKING).fetchone())
    except sqlite3.Error:
        return None
