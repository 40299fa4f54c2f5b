"""What people decided: rows are only added, and taking back is a row too."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from reid_engine.errors import NotFound, UsageError
from reid_engine.store.rows import Decision
from reid_engine.store.schema import decision, tracklet
from reid_engine.store.tracklets import TrackletVerbs
from reid_engine.types import TrackletId, Verdict


class DecisionVerbs(TrackletVerbs):
    """Deciding, taking back, restoring: one line of undo for the whole case, and a new decision ends the redo."""

    def decide(self, probe: TrackletId, candidate: TrackletId, verdict: Verdict) -> Decision:
        """Write down that ``candidate`` is, or is not, the person of ``probe``. Raises NotFound, UsageError."""
        if probe == candidate:
            raise UsageError(f"tracklet {probe} cannot be compared with itself; choose another one")
        with self.database.writing(durable=True) as connection:
            for number in (probe, candidate):
                if connection.execute(sa.select(tracklet.c.id).where(tracklet.c.id == number)).first() is None:
                    raise NotFound(f"no tracklet has the number {number}")
            row = {"probe": probe, "candidate": candidate, "verdict": verdict}
            return self._append(connection, "decide", None, row)

    def undo(self) -> Decision | None:
        """Take back the last standing decision and return it; None when there is none."""
        with self.database.writing(durable=True) as connection:
            standing, _ = _replay(connection)
            return self._append(connection, "undo", standing[-1]) if standing else None

    def redo(self) -> Decision | None:
        """Restore the decision that was taken back last and return it; None when there is none."""
        with self.database.writing(durable=True) as connection:
            _, taken_back = _replay(connection)
            return self._append(connection, "redo", taken_back[-1]) if taken_back else None

    def decisions(self, probe: TrackletId | None = None) -> list[Decision]:
        """What stands, oldest first: of every pair the last word. All of the case, or those of one probe."""
        with self.database.reading() as connection:
            standing, _ = _replay(connection)
        last = {(d.probe, d.candidate): d for d in standing if probe in (None, d.probe)}
        return sorted(last.values(), key=lambda d: d.id)

    def _append(
        self, connection: sa.Connection, action: str, target: Decision | None, row: dict[str, Any] | None = None
    ) -> Decision:
        """Add a row for ``action`` and its event. Returns the decision that was made, taken back or restored."""
        if row is None:
            assert target is not None
            row = {"probe": target.probe, "candidate": target.candidate, "verdict": target.verdict}
        at_us = self.clock.now_us()
        extra = {"action": action, "target": target and target.id, "operator": self.operator, "at_us": at_us}
        key = connection.execute(sa.insert(decision), {**row, **extra}).inserted_primary_key
        assert key is not None
        self.append_event(connection, action, {"decision": target.id if target else key[0], **row})
        return target or Decision(key[0], row["probe"], row["candidate"], row["verdict"], self.operator, at_us)


def _replay(connection: sa.Connection) -> tuple[list[Decision], list[Decision]]:
    """The decisions that stand and those that can be restored, each with the last one at the end."""
    standing: dict[int, Decision] = {}
    taken_back: dict[int, Decision] = {}
    for row in connection.execute(sa.select(decision).order_by(decision.c.id)):
        if row.action == "decide":
            made = Decision(row.id, row.probe, row.candidate, row.verdict, row.operator, row.at_us)
            standing[row.id] = made
            taken_back.clear()
        elif row.action == "undo":
            taken_back[row.target] = standing.pop(row.target)
        else:
            standing[row.target] = taken_back.pop(row.target)
    return list(standing.values()), list(taken_back.values())
