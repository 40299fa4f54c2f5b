"""What every group of verbs stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from reid_engine.clock import Clock
from reid_engine.errors import NotFound
from reid_engine.store.connection import Database
from reid_engine.store.rows import HeldKind
from reid_engine.store.schema import camera, source, tracklet

IDS_PER_QUERY = 10_000
NUMBERED: Mapping[HeldKind, sa.Table] = {"tracklet": tracklet, "recording": source, "camera": camera}


class Part:
    """A group of verbs over one database. Every verb is one transaction; none of them keeps state between calls."""

    def __init__(self, database: Database, clock: Clock, operator: str) -> None:
        self.database = database
        self.clock = clock
        self.operator = operator


def must_be_there(connection: sa.Connection, what: HeldKind, *numbers: int) -> None:
    """Raises NotFound for a number that nothing of this kind has."""
    number_of = NUMBERED[what].c.id
    for number in numbers:
        if connection.execute(sa.select(number_of).where(number_of == number)).first() is None:
            raise NotFound(f"no {what} has the number {number}")


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Numbers as plain ints, in pieces that fit one query."""
    rest = iter(ids)
    while piece := [int(number) for number in islice(rest, IDS_PER_QUERY)]:
        yield piece


def plain_rows(result: sa.CursorResult[Any]) -> Sequence[Sequence[Any]]:
    """All rows as the driver gives them: a million of them cost a third of what row objects do."""
    assert result.cursor is not None
    rows: Sequence[Sequence[Any]] = result.cursor.fetchall()
    result.close()
    return rows
