"""Reads what can be read of a damaged database, row by row round damaged pages, into an empty one of the same tables.

``python -m reid_engine.store.salvage DAMAGED OUT [BACKUP]`` is the child that does it: a damaged file may hold
anything, and nobody else should fall with whoever reads it. It answers with one JSON object (see ``salvage``).

A table is a tree by row number. It is read from its first row up and from its last row down until a page cannot be
read, then the gap between both is halved, again and again, until nothing in it can be read; no index is trusted.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reid_engine.process import die_with_parent, private_stdout
from reid_engine.store.mending import mend
from reid_engine.store.schema import REVISION, metadata

FEW = 4096
ONE_ROW = ("case_info", "floor_plan")
PROBES = 200_000  # a page of lies must not keep anybody for ever
# rows of these go with an erasure alone, which deletes the backups too: what a backup has of them was lost by damage
ADDED_ONLY = frozenset({
    "case_info", "camera", "source", "network", "tracklet", "tracklet_box", "crop", "embedding", "model_generation",
    "tracklet_colour", "deed", "decision", "edit_part", "note", "event",
})  # fmt: skip
Row = tuple[Any, ...]


def salvage(damaged: Path, out: Path, backup: Path | None) -> dict[str, Any]:
    """Fill the tables of ``out``, which are there and empty.

    Returns for every table the rows ``read``, those ``filled`` from the backup, and how many are ``lost``: by an index
    that could be read or by the numbers around the gaps, at most; whether the ``backup`` fitted; and an ``error`` where
    not even the list of tables can be read.
    """
    found: dict[str, Any] = {"read": {}, "filled": {}, "lost": {}, "error": None, "backup": False}
    with closing(_reading(damaged)) as source, closing(sqlite3.connect(out, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous=OFF")  # a kill leaves no case: it gets its name later
        target.execute("BEGIN")
        try:
            known = _columns(source)
        except sqlite3.DatabaseError as error:
            known, found["error"] = {}, str(error)
        for table in metadata.sorted_tables:
            target.execute("DELETE FROM " + table.name)
            columns = [column.name for column in table.columns if column.name in known.get(table.name, ())]
            read, lost = _copy(source, target, table.name, columns) if columns else (0, 0)
            found["read"][table.name], found["lost"][table.name] = read, lost
        _sequences(source, target)
        if backup is not None:
            with closing(_reading(backup)) as copy:
                found["backup"] = _fits(copy, source)
                if found["backup"]:
                    _fill(copy, target, found)
        mend(target, found["lost"])
        target.execute("COMMIT")
    return found


def _reading(path: Path) -> sqlite3.Connection:
    """Nothing is written, not even beside it, but where a log was copied with it; no rule in a stranger's file runs."""
    mode = "rw" if path.with_name(path.name + "-wal").exists() else "ro&immutable=1"
    opened = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None)
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", "mmap_size=0"):
        opened.execute(f"PRAGMA {pragma}")
    return opened


def _columns(source: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of every table that the file has and this program knows."""
    there = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {
        table.name: [row[1] for row in source.execute(f"PRAGMA table_info({table.name})")]
        for table in metadata.sorted_tables
        if table.name in there
    }


def _copy(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, columns: Sequence[str]
) -> tuple[int, int]:
    """(rows copied, rows that could not be, at most)."""
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    rows = _Rows(source, table, names)
    copied = refused = 0
    for row in rows.all():
        try:
            target.execute(insert, row[1:])
            copied += 1
        except (sqlite3.IntegrityError, sqlite3.DataError):  # a page of another table, or of nobody's making
            refused += 1
    if not rows.lost and not refused:
        return copied, 0
    return copied, max(_counted(source, table, rows.lost + refused + copied) - copied, 0)


def _counted(source: sqlite3.Connection, table: str, guess: int) -> int:
    """How many rows there were: SQLite counts by the smallest index, which another page may hold."""
    try:
        return int(source.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.DatabaseError:
        return guess


class _Rows:
    """The rows of a table, each once, in no order. ``lost``: how many numbers are in the gaps, when all was read."""

    def __init__(self, source: sqlite3.Connection, table: str, names: str) -> None:
        self._source = source
        self._select = f"SELECT rowid, {names} FROM {table} NOT INDEXED "
        self._table = table
        self._probes = PROBES
        self.lost = 0

    def all(self) -> Iterator[Row]:
        """Everything that can be read."""
        gaps = [(0, self._last() + 1)]
        while gaps:
            low, high = gaps.pop()
            above, whole = yield from self._run("rowid > ? AND rowid < ? ORDER BY rowid", low, high, low)
            if whole:
                continue
            below, whole = yield from self._run("rowid > ? AND rowid < ? ORDER BY rowid DESC", above, high, high)
            if whole or below - above < 2:
                continue
            if below - above == 2 or self._probes <= 0:
                self.lost += min(below - above - 1, PROBES)
            else:
                middle = (above + below) // 2
                gaps += [(above, middle + 1), (middle, below)]

    def _run(self, where: str, low: int, high: int, reached: int) -> Generator[Row, None, tuple[int, bool]]:
        """Rows one way until a page cannot be read; the last number that was, and whether it came to the end."""
        self._probes -= 1
        try:
            for row in self._source.execute(self._select + "WHERE " + where, (low, high)):
                reached = row[0]
                yield row
        except (sqlite3.DatabaseError, OverflowError):
            return reached, False
        return reached, True

    def _last(self) -> int:
        """The highest row number, or more: of the table, else of what was ever given."""
        if self._table in ONE_ROW:
            return 1
        for question in (
            f"SELECT max(rowid) FROM {self._table} NOT INDEXED",
            f"SELECT seq FROM sqlite_sequence WHERE name = '{self._table}'",
            f"SELECT 2 * count(*) + 1000 FROM {self._table}",  # by an index: numbers have few gaps
            "SELECT max(seq) FROM sqlite_sequence",  # those without one are tracklets' and deeds'
        ):
            try:
                row = self._source.execute(question).fetchone()
            except sqlite3.DatabaseError:
                continue
            if row is not None and isinstance(row[0], int):
                return row[0]
        return FEW


def _sequences(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Numbers that are given once for life go on after the last that was ever given."""
    try:
        given = dict(source.execute("SELECT name, seq FROM sqlite_sequence"))
    except sqlite3.DatabaseError:
        return
    for name in {table.name for table in metadata.sorted_tables} & given.keys():
        if isinstance(given[name], int):
            target.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (given[name], name))
            target.execute(
                "INSERT INTO sqlite_sequence SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence "
                "WHERE name = ?)", (name, given[name], name),
            )  # fmt: skip


def _fill(backup: sqlite3.Connection, target: sqlite3.Connection, found: dict[str, Any]) -> None:
    """Put in what the damage took and the backup has; where nothing of a table was lost nothing is put in."""
    known = _columns(backup)
    for table in metadata.sorted_tables:
        name, read = table.name, found["read"][table.name]
        wanted = found["error"] is not None or found["lost"][name] or not read
        columns = [column.name for column in table.columns if column.name in known.get(name, ())]
        if not wanted or not columns or (name not in ADDED_ONLY and read):
            continue
        keys = [column.name for column in table.primary_key]
        there = set(target.execute(f"SELECT {', '.join(keys)} FROM {name}"))
        at = [columns.index(key) for key in keys]
        insert = f"INSERT OR IGNORE INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        before = target.total_changes
        for row in backup.execute(f"SELECT {', '.join(columns)} FROM {name} NOT INDEXED"):
            if tuple(row[place] for place in at) not in there:
                target.execute(insert, row)
        found["filled"][name] = target.total_changes - before
        found["lost"][name] = max(found["lost"][name] - found["filled"][name], 0)
    _sequences(backup, target)


def _fits(backup: sqlite3.Connection, damaged: sqlite3.Connection) -> bool:
    """May rows that the damage took be put in from this backup: it is whole, of this version and of the same record,
    and no erasure came after it (that would have deleted it: somebody has put it back)."""
    try:
        whole = backup.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        version = backup.execute("SELECT version_num FROM alembic_version").fetchone()
        last, digest = backup.execute("SELECT id, hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
    except (sqlite3.DatabaseError, TypeError):
        return False
    try:
        same = damaged.execute("SELECT hash FROM event WHERE id = ?", (last,)).fetchone()
    except sqlite3.DatabaseError:
        same = None
    erased = any(
        row[1] == "erased" and row[0] > last for row in _Rows(damaged, "event", "kind").all()
    )  # fmt: skip
    return whole and version == (REVISION,) and not erased and same in (None, (digest,))


def main(arguments: Sequence[str]) -> int:
    """The child."""
    die_with_parent()
    answer = private_stdout()
    damaged, out, *backup = map(Path, arguments)
    json.dump(salvage(damaged, out, backup[0] if backup else None), answer)
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
