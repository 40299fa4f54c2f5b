"""The record of the case: what was done, when and by whom, in a chain of hashes (see ``audit``)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from reid_engine.audit import (
    REDACTED,
    Event,
    canonical_json,
    chained_hash,
    first_break,
    first_hash,
    vouching_hash,
)
from reid_engine.naming import harmless
from reid_engine.store.connection import last_number
from reid_engine.store.part import Part
from reid_engine.store.rows import CaseInfo
from reid_engine.store.schema import case_info, event
from reid_engine.types import TrackletId

HANDED_ON = "evidence exported"


class RecordVerbs(Part):
    """Who the case is, and what was done to it."""

    def info(self) -> CaseInfo:
        """The case's own row; a purpose from before they were checked is made harmless."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(case_info)).one()
        return CaseInfo(row.uuid, row.created_us, harmless(row.purpose), row.version)

    def record(self, kind: str, **body: Any) -> Event:
        """Append an event of something that is not itself in the database, such as a search or an export."""
        with self.database.writing(durable=True) as connection:
            return self.append_event(connection, kind, body)

    def events(self, *, before: int | None = None, limit: int | None = None) -> list[Event]:
        """The whole record, in order; with ``limit`` its last events, those before event number ``before``."""
        wanted = sa.select(event).order_by(event.c.id if limit is None else event.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(event.c.id < before)
        with self.database.reading() as connection:
            found = [_event(row) for row in connection.execute(wanted)]
        return found if limit is None else found[::-1]

    def handed_on(self) -> dict[TrackletId, int]:
        """When each tracklet that an evidence package shows was last put into one (UTC, microseconds)."""
        with self.database.reading() as connection:
            packages = events_of(connection, HANDED_ON)
        return {TrackletId(number): said.at_us for said in packages for number in said.body.get("tracklets", ())}

    def broken_record(self) -> str | None:
        """A sentence about the first event that was changed or is missing, at its end too, or None."""
        with self.database.reading() as connection:
            written = last_number(connection, event.name)
        return first_break(self.info().uuid, self.events(), at_least=written)

    def append_event(self, connection: sa.Connection, kind: str, body: Mapping[str, Any]) -> Event:
        """Append in the caller's own transaction, so that a thing and its record cannot part.

        Every event says the purpose for which the case was searched: it is part of what the hashes protect. Numbers go
        on from the last one that was ever given, so that events cut off the end stay missing for good. Words that
        somebody typed stand beside random ones: should they be erased, the hash that is left does not betray them.
        """
        last = connection.execute(sa.select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1)).first()
        case = connection.execute(sa.select(case_info.c.uuid, case_info.c.purpose)).one()
        number = last_number(connection, event.name) + 1
        previous = first_hash(case.uuid) if last is None else last.hash
        salt = {"salt": secrets.token_hex(16)} if "text" in body else {}
        new = Event(number, self.clock.now_us(), self.operator, kind, {**body, **salt, "purpose": case.purpose})
        digest = chained_hash(previous, new)
        row = {"id": number, "at_us": new.at_us, "operator": new.operator, "kind": kind, "hash": digest}
        connection.execute(sa.insert(event), {**row, "body": canonical_json(new.body)})
        return Event(number, new.at_us, new.operator, kind, new.body, digest)


def events_of(connection: sa.Connection, *kinds: str) -> list[Event]:
    """The events of some kinds, in order."""
    return [
        _event(row) for row in connection.execute(sa.select(event).where(event.c.kind.in_(kinds)).order_by(event.c.id))
    ]


def last_event(connection: sa.Connection) -> list[Event]:
    """The last one, if there is any."""
    return [_event(row) for row in connection.execute(sa.select(event).order_by(event.c.id.desc()).limit(1))]


def take_words(connection: sa.Connection, taken: Iterable[Event], by: int) -> dict[str, str]:
    """Empty events but for the numbers in them; returns what erasure number ``by`` must say of each (see ``audit``)."""
    vouched = {}
    for old in taken:
        left = {key: value for key, value in old.body.items() if isinstance(value, int) or key == "purpose"}
        new = Event(old.number, old.at_us, old.operator, old.kind, {**left, REDACTED: by}, old.hash)
        change = sa.update(event).where(event.c.id == old.number)
        connection.execute(change.values(body=canonical_json(new.body)))
        vouched[str(old.number)] = vouching_hash(_hash_before(connection, old.number), new)
    return vouched


def _hash_before(connection: sa.Connection, number: int) -> str:
    found = connection.execute(sa.select(event.c.hash).where(event.c.id == number - 1)).scalar()
    return first_hash(connection.execute(sa.select(case_info.c.uuid)).scalar_one()) if found is None else str(found)


def _event(row: Any) -> Event:
    return Event(row.id, row.at_us, row.operator, row.kind, _body(row.body), row.hash)


def _body(text: str) -> dict[str, Any]:
    """What an event says; text that is no such thing was put there by somebody else, and does not fit its hash."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, TypeError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"unreadable": str(text)}


def _refuse(constant: str) -> None:
    raise ValueError(constant)
