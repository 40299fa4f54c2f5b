"""The record of the case: what was done, when and by whom, in a chain of hashes (see ``audit``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from reid_engine.audit import Event, canonical_json, chained_hash, first_break, first_hash
from reid_engine.store.part import Part
from reid_engine.store.rows import CaseInfo
from reid_engine.store.schema import case_info, event


class RecordVerbs(Part):
    """Who the case is, and what was done to it."""

    def info(self) -> CaseInfo:
        """The case's own row."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(case_info)).one()
        return CaseInfo(row.uuid, row.created_us, row.purpose, row.version)

    def record(self, kind: str, **body: Any) -> Event:
        """Append an event of something that is not itself in the database, such as a search or an export."""
        with self.database.writing(durable=True) as connection:
            return self.append_event(connection, kind, body)

    def events(self) -> list[Event]:
        """The whole record, in order."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(event).order_by(event.c.id)).all()
        return [Event(r.id, r.at_us, r.operator, r.kind, json.loads(r.body), r.hash) for r in rows]

    def broken_record(self) -> str | None:
        """A sentence about the first event that was changed or is missing, or None."""
        return first_break(self.info().uuid, self.events())

    def append_event(self, connection: sa.Connection, kind: str, body: Mapping[str, Any]) -> Event:
        """Append in the caller's own transaction, so that a thing and its record cannot part."""
        last = connection.execute(sa.select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1)).first()
        if last is None:
            uuid: str = connection.execute(sa.select(case_info.c.uuid)).scalar_one()
            number, previous = 1, first_hash(uuid)
        else:
            number, previous = last.id + 1, last.hash
        new = Event(number, self.clock.now_us(), self.operator, kind, dict(body))
        digest = chained_hash(previous, new)
        row = {"id": number, "at_us": new.at_us, "operator": new.operator, "kind": kind, "hash": digest}
        connection.execute(sa.insert(event), {**row, "body": canonical_json(new.body)})
        return Event(number, new.at_us, new.operator, kind, new.body, digest)
