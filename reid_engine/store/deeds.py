"""What people did and may take back, as one line for the whole case: rows are only added, and taking back is a row too.

A deed's own row says that it was done; what was done is in the table of its kind, under the same number. A deed whose
row of that kind has gone, with the tracklets it spoke of, can be neither taken back nor restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from reid_engine.errors import NotFound
from reid_engine.store.rows import Decision, Deed, EditKind, Note, TrackEdit
from reid_engine.store.schema import decision, deed, edit_part, note, replaced
from reid_engine.store.tracklets import TrackletVerbs
from reid_engine.types import TrackletId

Kind: TypeAlias = Literal["decision", "split", "merge", "note"]
EDITS: tuple[EditKind, ...] = ("split", "merge")


class DeedVerbs(TrackletVerbs):
    """Taking back and restoring; a new deed ends the redo."""

    def undo(self) -> Deed | None:
        """Take back the last standing deed and return it; None when there is none."""
        with self.database.writing(durable=True) as connection:
            return self._turn(connection, "undo", replay(connection)[0])

    def last_deed(self) -> int:
        """The number of the deed that ``undo`` would take back; 0 where there is none."""
        with self.database.reading() as connection:
            return _last(connection, replay(connection)[0])

    def last_taken_back(self) -> int:
        """The number of the deed that ``redo`` would restore; 0 where there is none."""
        with self.database.reading() as connection:
            return _last(connection, replay(connection)[1])

    def redo(self) -> Deed | None:
        """Restore the deed that was taken back last and return it; None when there is none."""
        with self.database.writing(durable=True) as connection:
            return self._turn(connection, "redo", replay(connection)[1])

    def do(self, connection: sa.Connection, kind: Kind) -> tuple[int, int]:
        """Begin a deed in the caller's transaction; the number under which its own row is to be written, and when."""
        return self._add(connection, "do", kind, None)

    def _turn(self, connection: sa.Connection, action: str, numbers: list[int]) -> Deed | None:
        found = deed_of(connection, number) if (number := _last(connection, numbers)) else None
        return None if found is None else self._take(connection, action, found)

    def _take(self, connection: sa.Connection, action: str, found: Deed) -> Deed:
        kind: Kind = found.kind if isinstance(found, TrackEdit) else "note" if isinstance(found, Note) else "decision"
        self._add(connection, action, kind, found.id)
        if isinstance(found, TrackEdit):
            show_parts(connection, found.id, stands=action == "redo")
        self.append_event(connection, action, {kind: found.id, **body_of(found)})
        return found

    def _add(self, connection: sa.Connection, action: str, kind: Kind, target: int | None) -> tuple[int, int]:
        at_us = self.clock.now_us()
        row = {"action": action, "target": target, "kind": kind, "operator": self.operator, "at_us": at_us}
        key = connection.execute(sa.insert(deed), row).inserted_primary_key
        assert key is not None
        return int(key[0]), at_us


def _last(connection: sa.Connection, numbers: list[int]) -> int:
    """The last of these of which everything is still there, or 0."""
    return next((number for number in reversed(numbers) if deed_of(connection, number) is not None), 0)


def replay(connection: sa.Connection) -> tuple[list[int], list[int]]:
    """The numbers of the deeds that stand and of those that can be restored, each with the last one at the end."""
    standing: dict[int, None] = {}
    taken_back: dict[int, None] = {}
    for number, action, target in connection.execute(
        sa.select(deed.c.id, deed.c.action, deed.c.target).order_by(deed.c.id)
    ):
        if action == "do":
            standing[number] = None
            taken_back.clear()
        elif action == "undo":
            standing.pop(target, None)
            taken_back[target] = None
        else:
            taken_back.pop(target, None)
            standing[target] = None
    return list(standing), list(taken_back)


def deed_of(connection: sa.Connection, number: int) -> Deed | None:
    """What was done under a number, or None when what it spoke of is gone. Raises NotFound for no deed."""
    row = connection.execute(sa.select(deed).where(deed.c.id == number)).first()
    if row is None:
        raise NotFound(f"nothing was done under the number {number}")
    if row.kind in EDITS:
        return edit_of(connection, row)
    table = note if row.kind == "note" else decision
    said = connection.execute(sa.select(table).where(table.c.id == number)).first()
    if said is None:
        return None
    if row.kind == "note":
        return Note(number, said.text, said.moment_us, said.camera, said.tracklet, row.operator, row.at_us)
    return Decision(number, said.probe, said.candidate, said.verdict, row.operator, row.at_us)


def edit_of(connection: sa.Connection, row: Any) -> TrackEdit | None:
    """A split or a merge of a row of ``deed``; None when a tracklet of it is gone."""
    parts = connection.execute(sa.select(edit_part.c.tracklet, edit_part.c.made).where(edit_part.c.edit == row.id))
    sides: dict[bool, list[TrackletId]] = {False: [], True: []}
    for number, made in sorted(tuple(part) for part in parts):
        sides[bool(made)].append(TrackletId(number))
    whole = (1, 2) if row.kind == "split" else (2, 1)
    if (len(sides[False]), len(sides[True])) != whole:
        return None
    return TrackEdit(row.id, row.kind, tuple(sides[False]), tuple(sides[True]), row.operator, row.at_us)


def show_parts(connection: sa.Connection, edit: int, *, stands: bool) -> None:
    """Let what a split or a merge made stand for what was before, or the other way round."""
    both = sa.select(edit_part.c.tracklet).where(edit_part.c.edit == edit)
    connection.execute(sa.delete(replaced).where(replaced.c.tracklet.in_(both)))
    hidden = both.where(edit_part.c.made.is_not(stands))
    connection.execute(sa.insert(replaced).from_select(["tracklet"], hidden))


def body_of(found: Deed) -> Mapping[str, Any]:
    """What the record says of a deed."""
    if isinstance(found, TrackEdit):
        return {"before": list(found.before), "made": list(found.made)}
    if isinstance(found, Note):
        return {"text": found.text, "moment_us": found.moment_us, "camera": found.camera, "tracklet": found.tracklet}
    return {"probe": found.probe, "candidate": found.candidate, "verdict": found.verdict}
