"""Holds and how long to keep. Both follow from the record, so that neither goes without its trace."""

from __future__ import annotations

import sqlalchemy as sa

from reid_engine.errors import NotFound, UsageError
from reid_engine.store.notes import NoteVerbs
from reid_engine.store.part import must_be_there
from reid_engine.store.record import events_of
from reid_engine.store.rows import HeldKind, Hold, Retention


class HoldVerbs(NoteVerbs):
    """What must not be erased, and when what is due."""

    def hold(self, what: HeldKind, of: int, reason: str) -> Hold:
        """Keep something from being erased until the hold is lifted. Raises NotFound, UsageError without a reason."""
        reason = with_words(reason, "a hold")
        with self.database.writing(durable=True) as connection:
            must_be_there(connection, what, of)
            made = self.append_event(connection, "held", {"what": what, "of": int(of), "reason": reason})
        return Hold(made.number, what, int(of), reason, made.operator, made.at_us)

    def lift_hold(self, number: int, reason: str) -> Hold:
        """End a hold. Raises NotFound, UsageError without a reason."""
        reason = with_words(reason, "lifting a hold")
        with self.database.writing(durable=True) as connection:
            found = next((hold for hold in standing_holds(connection) if hold.number == number), None)
            if found is None:
                raise NotFound(f"no hold has the number {number}")
            self.append_event(connection, "hold lifted", {"hold": number, "reason": reason})
        return found

    def holds(self) -> list[Hold]:
        """Those that stand, oldest first."""
        with self.database.reading() as connection:
            return standing_holds(connection)

    def set_retention(self, retention: Retention) -> None:
        """How long the case may keep what it holds; without moment and days: as long as it is needed."""
        if retention.days is not None and retention.days < 1:
            raise UsageError(f"{retention.days} days: a case keeps what it holds for one day at least")
        with self.database.writing(durable=True) as connection:
            self.append_event(connection, "retention", {"until_us": retention.until_us, "days": retention.days})

    def retention(self) -> Retention:
        """What was said last."""
        with self.database.reading() as connection:
            said = events_of(connection, "retention")
        return Retention(said[-1].body["until_us"], said[-1].body["days"]) if said else Retention()


def with_words(reason: str, what: str) -> str:
    """The reason without blanks around it. Raises UsageError where nothing is left."""
    reason = reason.strip()
    if not reason:
        raise UsageError(f"{what} needs a reason, which goes on the record")
    return reason


def standing_holds(connection: sa.Connection) -> list[Hold]:
    """Those that were not lifted, oldest first."""
    found: dict[int, Hold] = {}
    for event in events_of(connection, "held", "hold lifted"):
        if event.kind == "hold lifted":
            found.pop(event.body["hold"], None)
        else:
            body = event.body
            said = body["what"], body["of"], body["reason"]
            found[event.number] = Hold(event.number, *said, event.operator, event.at_us)
    return list(found.values())
