"""Erasing: what goes with a tracklet, the one transaction in which it goes, and what the record says of it afterwards.

A split or a merge leaves the same pixels under several numbers, its family. With a tracklet goes everything of its
family that shows a moment of it; what is left of the family stands for itself from then on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from reid_engine.audit import ERASED, REDACTED, Event
from reid_engine.errors import CaseDamaged, CaseError, NotFound, UsageError
from reid_engine.store.connection import last_number
from reid_engine.store.content import source_sha256
from reid_engine.store.holds import HoldVerbs, standing_holds, with_words
from reid_engine.store.part import chunks, plain_rows
from reid_engine.store.record import HANDED_ON, events_of, take_words
from reid_engine.store.rows import EraseScope, Erasure
from reid_engine.store.schema import (
    crop,
    decision,
    edit_part,
    embedding,
    event,
    note,
    replaced,
    source,
    tracklet,
    tracklet_box,
)
from reid_engine.store.tracklets import place_of
from reid_engine.store.vectors import note_removal
from reid_engine.types import SourceId, TrackletId

TOLD_NUMBERS = 30  # tracklets that an event names; of more it tells how many
OVERWRITTEN = "erasure finished"
CUT_SHORT = "what was found in it was erased before it was analysed to its end"


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    source: int
    camera: int
    first_us: int
    last_us: int

    def meets(self, others: Iterable[_Row]) -> bool:
        """True when one of the others shows a moment of this one."""
        return any(self.first_us <= other.last_us and other.first_us <= self.last_us for other in others)


@dataclass(frozen=True, slots=True)
class _Going:
    """What an erasure takes: rows, edits that end, notes, and hidden tracklets that show again."""

    rows: dict[int, _Row]
    asked: int
    held: int
    edits: set[int]
    shown: set[int]
    notes: set[int]
    whole: set[int]


class ErasureVerbs(HoldVerbs):
    """Erasing, and what was erased."""

    def erasure(self, scope: EraseScope) -> Erasure:
        """What an erasure would take now; nothing is changed. Raises NotFound, CaseError for what is held."""
        with self.database.reading() as connection:
            return _counted(connection, _going(connection, scope))

    def erase(self, scope: EraseScope, *, reason: str, asked_by: str = "", expected: int | None = None) -> Erasure:
        """Take it out of the tables, all of it or nothing; what is left in the file's free pages goes by ``overwrite``.

        expected: how many tracklets somebody agreed to; another number is refused
        Raises UsageError, NotFound, CaseError (held, half analysed), CaseDamaged where the record does not fit already.
        """
        reason = with_words(reason, "erasing")
        with self.database.writing(durable=True) as connection:
            going = _going(connection, scope)
            found = _counted(connection, going)
            if found.empty:
                raise UsageError("nothing in the case is meant by this; nothing was erased")
            if expected is not None and expected != len(found.tracklets):
                raise UsageError(
                    f"{expected} tracklets were agreed to, but it is {len(found.tracklets)} now; look again"
                )
            touched = {row.source for row in going.rows.values()} | going.whole
            _refuse_doubtful(connection, touched, going.whole)
            before = _tracklets_of(connection, touched)
            _take(connection, going)
            body = _told(connection, found, before, touched)
            body |= {"reason": reason, "asked_by": asked_by.strip()}
            number = last_number(connection, event.name) + 1
            body[REDACTED] = take_words(connection, _without_note(connection), number)
            self.append_event(connection, "erased", body)
        return replace(found, event=number)

    def erased_from(self, content_sha256: str) -> Event | None:
        """The last erasure that touched a recording of this content, unless it was begun again since."""
        with self.database.reading() as connection:
            same = sa.select(source.c.id).where(source.c.content_sha256 == content_sha256)
            known = set(connection.execute(same).scalars())
            last = [said for of, said in _last_erasures(connection).items() if of in known]
        return max(last, key=lambda said: said.number, default=None)

    def erased_whole(self) -> dict[SourceId, Event]:
        """The recordings of which nothing was left, with the erasure that took it, unless they were begun again."""
        with self.database.reading() as connection:
            last = _last_erasures(connection)
        return {of: said for of, said in last.items() if of in _whole_in(said)}

    def unfinished_erasure(self) -> int | None:
        """The number of the last erasure whose traces in the file are not overwritten yet, or None."""
        with self.database.reading() as connection:
            last = sa.select(event.c.id, event.c.kind).where(event.c.kind.in_((ERASED, OVERWRITTEN)))
            row = connection.execute(last.order_by(event.c.id.desc()).limit(1)).first()
        return int(row.id) if row is not None and row.kind == ERASED else None

    def shown_in(self, ids: Collection[int]) -> list[str]:
        """Files that were made for others and, by the record, show one of these tracklets; each once."""
        wanted = {int(number) for number in ids}
        files: dict[str, None] = {}
        for said in self.events():
            path = said.body.get("folder" if said.kind == HANDED_ON else "path")
            named = [said.body.get(key) for key in ("matches", "tracklets", "others", "start", "tracklet")]
            numbers = {n for value in named for n in (value if isinstance(value, list) else [value])}
            if isinstance(path, str) and wanted & numbers:
                files[path] = None
        return list(files)


def _last_erasures(connection: sa.Connection) -> dict[SourceId, Event]:
    """The last erasure that touched each recording; without those that were begun again since."""
    last: dict[SourceId, Event] = {}
    for said in events_of(connection, ERASED, "source reset"):
        if said.kind == ERASED:
            last |= {SourceId(told["recording"]): said for told in said.body["recordings"]}
        else:
            last.pop(SourceId(said.body["source"]), None)
    return last


def _whole_in(said: Event) -> set[int]:
    return {told["recording"] for told in said.body["recordings"] if told["whole"]}


def unlike_record(connection: sa.Connection) -> list[SourceId]:
    """Recordings of which other tracklets are here than the record says were found, or were left."""
    recorded: dict[SourceId, str | None] = {}
    for said in events_of(connection, "source finished", "source reset", ERASED):
        if said.kind == "source finished":
            recorded[SourceId(said.body["source"])] = said.body.get("sha256")
        elif said.kind == "source reset":
            recorded.pop(SourceId(said.body["source"]), None)
        else:
            left = {SourceId(told["recording"]): told["sha256"] for told in said.body["recordings"]}
            recorded |= {of: sha256 for of, sha256 in left.items() if recorded.get(of)}
    return [of for of, sha256 in recorded.items() if sha256 and source_sha256(connection, of) != sha256]


# what goes -----------------------------------------------------------------------------------------------------------


def _going(connection: sa.Connection, scope: EraseScope) -> _Going:
    asked, whole = _asked(connection, scope)
    is_held = _held(connection)
    held = {number for number, row in asked.items() if is_held(row)}
    if scope.before_us is not None:  # what is due goes, but for what somebody holds
        asked = {number: row for number, row in asked.items() if number not in held}
    rows, edits, shown = dict(asked), set[int](), set[int]()
    for members, own in _families(connection, asked):
        edits |= own
        gone, back = _of_family(connection, members, asked)
        rows |= gone
        shown |= back
    kept = next((number for number in sorted(rows) if is_held(rows[number])), None)
    if kept is not None:
        raise CaseError(f"tracklet {kept} is on hold and must not be erased; see `reappear hold`, and lift it first")
    if scope.before_us is not None:
        whole = _emptied(connection, rows)
    notes = _notes_of(connection, rows, scope)
    return _Going(rows, len(asked), len(held), edits, shown, notes, whole)


def _asked(connection: sa.Connection, scope: EraseScope) -> tuple[dict[int, _Row], set[int]]:
    """The tracklets that were named, and the recordings of which everything was."""
    if scope.tracklets:
        found = _rows(connection, scope.tracklets)
        for number in scope.tracklets:
            if number not in found:
                raise NotFound(f"no tracklet has the number {number}")
        return found, set()
    if scope.before_us is not None:
        return _where(connection, tracklet.c.start_us < scope.before_us), set()
    which = source.c.id == scope.source if scope.source is not None else source.c.camera == scope.camera
    whole = set(connection.execute(sa.select(source.c.id).where(which)).scalars())
    if not whole:
        raise NotFound("no recording is meant by this; nothing was erased")
    return _where(connection, tracklet.c.source.in_(whole)), whole


def _where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[int, _Row]:
    t = tracklet.c
    wanted = sa.select(t.id, t.source, t.camera, t.first_offset_us, t.last_offset_us).where(condition)
    return {row[0]: _Row(*row) for row in plain_rows(connection.execute(wanted))}


def _rows(connection: sa.Connection, ids: Iterable[int]) -> dict[int, _Row]:
    found: dict[int, _Row] = {}
    for piece in chunks(ids):
        found |= _where(connection, tracklet.c.id.in_(piece))
    return found


def _held(connection: sa.Connection) -> Any:
    held = {(hold.what, hold.of) for hold in standing_holds(connection)}

    def is_held(row: _Row) -> bool:
        return not held.isdisjoint((("tracklet", row.id), ("recording", row.source), ("camera", row.camera)))

    return is_held


def _families(connection: sa.Connection, asked: Collection[int]) -> Iterator[tuple[set[int], set[int]]]:
    """(members, edits) of every family of splits and merges that one of the tracklets belongs to."""
    edits: dict[int, set[int]] = defaultdict(set)
    homes: dict[int, set[int]] = defaultdict(set)
    for edit, number in connection.execute(sa.select(edit_part.c.edit, edit_part.c.tracklet)):
        edits[edit].add(number)
        homes[number].add(edit)
    rest = homes.keys() & set(asked)
    while rest:
        members, own, todo = set[int](), set[int](), [min(rest)]
        while todo:
            number = todo.pop()
            members.add(number)
            own |= homes[number]
            todo += {other for edit in homes[number] for other in edits[edit]} - members
        rest -= members
        yield members, own


def _of_family(
    connection: sa.Connection, members: Collection[int], asked: Collection[int]
) -> tuple[dict[int, _Row], set[int]]:
    """Which of a family go, and which that were hidden show again: none that something visible shows already."""
    rows = _rows(connection, members)
    named = [row for number, row in rows.items() if number in asked]
    gone = {number: row for number, row in rows.items() if row.meets(named)}
    hidden = set(connection.execute(sa.select(replaced.c.tracklet).where(replaced.c.tracklet.in_(members))).scalars())
    visible = [row for number, row in rows.items() if number not in gone and number not in hidden]
    shown = set()
    for number in sorted(hidden - gone.keys(), reverse=True):
        if rows[number].meets(visible):
            gone[number] = rows[number]
        else:
            visible.append(rows[number])
            shown.add(number)
    return gone, shown


def _emptied(connection: sa.Connection, rows: dict[int, _Row]) -> set[int]:
    touched = {row.source for row in rows.values()}
    there = _tracklets_of(connection, touched)
    return {of for of in touched if there[of] == sum(row.source == of for row in rows.values())}


def _notes_of(connection: sa.Connection, rows: Collection[int], scope: EraseScope) -> set[int]:
    """Notes about a tracklet that goes; with a camera, a recording or a time also those of its moments."""
    n = note.c
    found: set[int] = set()
    for piece in chunks(rows):
        found |= set(connection.execute(sa.select(n.id).where(n.tracklet.in_(piece))).scalars())
    if scope.camera is not None:
        found |= set(connection.execute(sa.select(n.id).where(n.camera == scope.camera)).scalars())
    if scope.source is not None:
        found |= _notes_within(connection, scope.source)
    if scope.before_us is not None:
        about_none = sa.and_(n.tracklet.is_(None), n.moment_us < scope.before_us)
        found |= set(connection.execute(sa.select(n.id).where(about_none)).scalars())
    return found


def _notes_within(connection: sa.Connection, of: SourceId) -> set[int]:
    """Notes about no tracklet, of moments of a recording in its camera."""
    home, start_us, clock = place_of(connection, of)
    length_us = connection.execute(sa.select(source.c.duration_us).where(source.c.id == of)).scalar() or 0
    span = note.c.moment_us.between(clock.correct(start_us), clock.correct(start_us + length_us))
    wanted = sa.select(note.c.id).where(note.c.tracklet.is_(None), note.c.camera == home, span)
    return set(connection.execute(wanted).scalars())


def _tracklets_of(connection: sa.Connection, sources: Collection[int]) -> dict[int, int]:
    wanted = sa.select(tracklet.c.source, sa.func.count()).where(tracklet.c.source.in_(sources))
    counted = dict(tuple(row) for row in connection.execute(wanted.group_by(tracklet.c.source)))
    return {of: int(counted.get(of, 0)) for of in sources}


def _counted(connection: sa.Connection, going: _Going) -> Erasure:
    crops = vectors = size = 0
    decisions: set[int] = set()
    for piece in chunks(going.rows):
        for table, column in (
            (crop, crop.c.jpeg),
            (embedding, embedding.c.vector),
            (tracklet_box, tracklet_box.c.xyxy),
        ):
            wanted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(column)), 0))
            count, length = connection.execute(wanted.where(table.c.tracklet.in_(piece))).one()
            size += length
            crops += count if table is crop else 0
            vectors += count if table is embedding else 0
        either = sa.or_(decision.c.probe.in_(piece), decision.c.candidate.in_(piece))
        decisions |= set(connection.execute(sa.select(decision.c.id).where(either)).scalars())
    others = sa.select(sa.func.count()).where(note.c.tracklet.is_(None), note.c.text != "")
    left = connection.execute(others.where(note.c.id.not_in(going.notes))).scalar_one()
    return Erasure(
        tracklets=tuple(TrackletId(number) for number in sorted(going.rows)),
        asked=going.asked,
        crops=crops,
        vectors=vectors,
        decisions=len(decisions),
        edits=len(going.edits),
        notes=len(going.notes),
        notes_left=int(left),
        held=going.held,
        whole=tuple(SourceId(of) for of in sorted(going.whole)),
        bytes=int(size),
    )


# the deed ------------------------------------------------------------------------------------------------------------


def _refuse_doubtful(connection: sa.Connection, touched: Collection[int], whole: Collection[int]) -> None:
    """What is half analysed has people in its checkpoint; what does not fit the record must not get a new hash."""
    wanted = sa.select(source.c.id, source.c.path).where(
        source.c.id.in_(touched), source.c.id.not_in(whole), source.c.state == "running"
    )
    half = connection.execute(wanted).first()
    if half is not None:
        raise CaseError(
            f"recording {half.id} ({half.path}) is analysed only in part; ingest it to its end first, or erase the "
            "whole recording"
        )
    wrong = set(unlike_record(connection)) & set(touched)
    if wrong:
        raise CaseDamaged(
            f"recording {min(wrong)} does not hold what the record says was found in it, and an erasure would hide "
            "that; check the case first"
        )


def _take(connection: sa.Connection, going: _Going) -> None:
    for piece in chunks(going.edits):
        connection.execute(sa.delete(edit_part).where(edit_part.c.edit.in_(piece)))
    for piece in chunks(going.shown):
        connection.execute(sa.delete(replaced).where(replaced.c.tracklet.in_(piece)))
    for piece in chunks(going.notes):
        connection.execute(sa.delete(note).where(note.c.id.in_(piece)))
    for piece in chunks(going.rows):  # boxes, crops, vectors, colours and decisions go with them
        connection.execute(sa.delete(tracklet).where(tracklet.c.id.in_(piece)))
    touched = {row.source for row in going.rows.values()} | going.whole
    for piece in chunks(touched):
        connection.execute(sa.update(source).where(source.c.id.in_(piece)).values(checkpoint=None))
    for piece in chunks(going.whole):
        cut = sa.and_(source.c.id.in_(piece), source.c.state.in_(("running", "pending")))
        connection.execute(sa.update(source).where(cut).values(state="failed", failure=CUT_SHORT))
    note_removal(connection)


def _told(
    connection: sa.Connection, found: Erasure, before: dict[int, int], touched: Collection[int]
) -> dict[str, Any]:
    """What the record says: how many of what, and what is left in each recording."""
    left = _tracklets_of(connection, touched)
    paths = sa.select(source.c.id, source.c.path).where(source.c.id.in_(touched))
    names = {row.id: PurePath(row.path).name for row in connection.execute(paths)}
    recordings = [
        {
            "recording": of,
            "name": names[of],
            "tracklets": before[of] - left[of],
            "left": left[of],
            "whole": of in found.whole,
            "sha256": source_sha256(connection, SourceId(of)),
        }
        for of in sorted(touched)
    ]
    counts = {name: getattr(found, name) for name in ("crops", "vectors", "decisions", "edits", "notes", "bytes")}
    numbers = [int(number) for number in found.tracklets[:TOLD_NUMBERS]]
    return {"tracklets": len(found.tracklets), "numbers": numbers, **counts, "recordings": recordings}


def _without_note(connection: sa.Connection) -> list[Event]:
    """Events with the words of notes that are not in the case any more."""
    there = set(connection.execute(sa.select(note.c.id)).scalars())
    said = events_of(connection, "note", "undo", "redo")
    return [one for one in said if "text" in one.body and one.body.get("note") not in there]
