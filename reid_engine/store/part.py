"""What every group of verbs stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from reid_engine.clock import Clock
from reid_engine.store.connection import Database

IDS_PER_QUERY = 10_000


class Part:
    """A group of verbs over one database. Every verb is one transaction; none of them keeps state between calls."""

    def __init__(self, database: Database, clock: Clock, operator: str) -> None:
        self.database = database
        self.clock = clock
        self.operator = operator


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
