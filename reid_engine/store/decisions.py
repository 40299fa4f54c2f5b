"""What people said of two tracklets: the same person, different people, or unclear."""

from __future__ import annotations

import sqlalchemy as sa

from reid_engine.errors import UsageError
from reid_engine.store.deeds import body_of, replay
from reid_engine.store.edits import EditVerbs, heirs, standing_edits
from reid_engine.store.part import must_be_there
from reid_engine.store.rows import Decision
from reid_engine.store.schema import decision, deed
from reid_engine.types import TrackletId, Verdict


class DecisionVerbs(EditVerbs):
    """Deciding, and what stands."""

    def decide(self, probe: TrackletId, candidate: TrackletId, verdict: Verdict) -> Decision:
        """Write down that ``candidate`` is, or is not, the person of ``probe``. Raises NotFound, UsageError."""
        if probe == candidate:
            raise UsageError(f"tracklet {probe} cannot be compared with itself; choose another one")
        with self.database.writing(durable=True) as connection:
            must_be_there(connection, "tracklet", probe, candidate)
            number, at_us = self.do(connection, "decision")
            row = {"id": number, "probe": probe, "candidate": candidate, "verdict": verdict}
            connection.execute(sa.insert(decision), row)
            made = Decision(number, probe, candidate, verdict, self.operator, at_us)
            self.append_event(connection, "decide", {"decision": number, **body_of(made)})
        return made

    def decisions(self, probe: TrackletId | None = None) -> list[Decision]:
        """What stands, oldest first: of every pair the last word, whichever of the two was asked for.

        All of the case, as it was said; or those of one tracklet, which is then the probe of each. Of tracklets that
        were merged the one that stands for them is named.
        """
        with self.database.reading() as connection:
            standing = _standing(connection)
            now = heirs(standing_edits(connection))
        last: dict[frozenset[TrackletId], Decision] = {}
        for said in standing:
            first, second = now.get(said.probe, said.probe), now.get(said.candidate, said.candidate)
            if first != second and probe in (None, first, second):
                pair = (second, first) if probe == second else (first, second)
                last[frozenset(pair)] = Decision(said.id, *pair, said.verdict, said.operator, said.at_us)
        return sorted(last.values(), key=lambda d: d.id)


def _standing(connection: sa.Connection) -> list[Decision]:
    wanted = sa.select(decision, deed.c.operator, deed.c.at_us).join(deed, deed.c.id == decision.c.id)
    rows = {row.id: row for row in connection.execute(wanted)}
    found = (rows[number] for number in sorted(replay(connection)[0]) if number in rows)
    return [Decision(r.id, r.probe, r.candidate, r.verdict, r.operator, r.at_us) for r in found]
