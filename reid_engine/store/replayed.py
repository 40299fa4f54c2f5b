"""Are the tables what the record comes to? Its events are heard again (``verifier.Told``) and the two are compared.

Who changes a decision, a clock or a name with plain SQL leaves a record that says otherwise. Where a record of an older
version does not say enough, nothing is said: a false alarm would cost the true ones their weight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, TypeAlias

import sqlalchemy as sa

from reid_engine.store.part import chunks
from reid_engine.store.record import events_of, last_event
from reid_engine.store.schema import (
    camera,
    camera_pair,
    camera_place,
    case_info,
    decision,
    deed,
    edit_part,
    floor_plan,
    network,
    note,
    replaced,
    source,
    tracklet,
)
from reid_engine.store.vectors import in_force
from reid_engine.verifier import NEAR_US, SAID, Deed, Told

Row: TypeAlias = dict[str, Any]
LONGEST = 60


def disagreements(connection: sa.Connection) -> list[str]:
    """A sentence for everything in which tables and record differ; of a record that was found whole."""
    events = events_of(connection, *SAID)
    last = (event for event in last_event(connection) if event.kind not in SAID)  # each one says the purpose
    try:
        told = Told(asdict(event) for event in (*events, *last))
        return [*_facts(told, _tables(connection)), *_states(connection, told), *_deeds(connection, told)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"the record says what no version of this program writes ({type(error).__name__} {error})"]


# cameras, recordings, networks ---------------------------------------------------------------------------------------


def _tables(connection: sa.Connection) -> dict[tuple[Any, ...], Row]:
    """What the tables say, as ``Told.facts`` has it."""

    def rows(table: sa.Table) -> list[Row]:
        return [row._asdict() for row in connection.execute(sa.select(table))]

    found: dict[tuple[Any, ...], Row] = {("camera", row["id"]): row for row in rows(camera)}
    found |= {("recording", row["id"]): row for row in rows(source)}
    found |= {("pair", row["first"], row["second"]): row for row in rows(camera_pair)}
    found |= {("place", row["camera"]): row for row in rows(camera_place)}
    found |= {("network", row["role"], row["sha256"], row["model"]): row for row in rows(network)}
    for row in rows(floor_plan):
        picture = bytes(row["picture"])
        sha256 = hashlib.sha256(picture).hexdigest()
        found[("plan",)] = {"name": row["name"], "bytes": len(picture), "sha256": sha256}
    found[("case",)] = rows(case_info)[0]
    return found


def _facts(told: Told, tables: dict[tuple[Any, ...], Row]) -> Iterator[str]:
    for key in sorted({*told.facts, *tables}, key=repr):
        if key not in tables:
            yield f"{_name(key)} is on the record, but not in the tables"
        elif key in told.facts:
            for field, value in told.facts[key].items():
                if field in tables[key] and tables[key][field] != value:
                    yield f"{_name(key)}: {_said(field, value, tables[key][field])}"
        elif key[0] not in ("camera", "case"):  # older versions make a camera without a word
            yield f"{_name(key)} is in the tables, but no event of the record adds it"


def _name(key: tuple[Any, ...]) -> str:
    words = {
        "pair": "the pair of cameras",
        "place": "the place of camera",
        "plan": "the floor plan",
        "case": "the case",
    }
    return " ".join([words.get(key[0], key[0]), *(str(part) for part in key[1:] if part is not None)])


def _said(field: str, by_record: Any, by_table: Any) -> str:
    one, other = (text if len(text) <= LONGEST else text[:LONGEST] + " …" for text in map(repr, (by_record, by_table)))
    return f"by the record its {field} is {one}, by the tables {other}"


def _states(connection: sa.Connection, told: Told) -> Iterator[str]:
    """A recording counts as analysed, and a model as the one in force, only where the record says so."""
    for of, state, frames in connection.execute(sa.select(source.c.id, source.c.state, source.c.frames_analysed)):
        last = told.states.get(of)
        if last is None or state != "done":
            continue
        if last["kind"] != "source finished":
            yield f"recording {of} is called analysed to its end, and the record does not say so"
        elif last["body"].get("frames", frames) != frames:
            yield f"recording {of}: {_said('number of analysed pictures', last['body']['frames'], frames)}"
    model = connection.execute(in_force()).scalar()
    if told.model not in (None, model):
        yield f"by the record searches go by the model {told.model}, by the tables by {model}"


# what people did -----------------------------------------------------------------------------------------------------


def _deeds(connection: sa.Connection, told: Told) -> Iterator[str]:
    turns = _turns(connection)
    rows = _rows(connection)
    named = {number for one in told.deeds.values() for number in _tracklets(one)}
    there = _there(connection, named)
    hidden, doubtful = set[int](), set[int]()
    for number, one in sorted(told.deeds.items()):
        gone = _tracklets(one) - there.keys()
        if gone:
            doubtful |= _tracklets(one)
            if told.took < one.event["number"]:
                yield f"track {min(gone)} of {_event(one)} is not in the case, and no event takes it out"
        elif "redacted" in one.body:
            if number in rows:
                yield f"the note of {_event(one)} was erased by the record, and is in the tables"
        else:
            yield from _unlike(one, rows.get(number), turns.get(number, []))
            if "made" in one.body:
                hidden |= set(one.body["before" if one.stands else "made"])
                yield from _pieces(one, there)
    for number in sorted({*rows, *turns} - told.deeds.keys()):
        yield f"deed {number} ({rows.get(number, {}).get('kind', 'taken back')}) is in the tables, but on no record"
    yield from _hidden(connection, hidden, doubtful)
    yield from _pieces_of_nothing(connection, told)


def _event(one: Deed) -> str:
    return f"event {one.event['number']} ({one.event['kind']})"


def _tracklets(one: Deed) -> set[int]:
    """The tracklets that a deed speaks of."""
    body = one.body
    single = [body.get(key) for key in ("probe", "candidate", "tracklet")]
    return {number for number in (*single, *body.get("before", ()), *body.get("made", ())) if number is not None}


def _there(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for piece in chunks(sorted(numbers)):
        wanted = sa.select(tracklet.c.id, tracklet.c.source, tracklet.c.sha256).where(tracklet.c.id.in_(piece))
        found |= {row.id: row._asdict() for row in connection.execute(wanted)}
    return found


def _turns(connection: sa.Connection) -> dict[int, list[Row]]:
    """The rows of ``deed`` by the deed that they are about."""
    found: dict[int, list[Row]] = {}
    for row in connection.execute(sa.select(deed).order_by(deed.c.id)):
        found.setdefault(row.id if row.target is None else row.target, []).append(row._asdict())
    return found


def _rows(connection: sa.Connection) -> dict[int, Row]:
    """What was done, by its number, in the words of the events."""
    found: dict[int, Row] = {}
    for row in connection.execute(sa.select(decision)):
        found[row.id] = {"kind": "decide", "probe": row.probe, "candidate": row.candidate, "verdict": row.verdict}
    for row in connection.execute(sa.select(note)):
        about = {"moment_us": row.moment_us, "camera": row.camera, "tracklet": row.tracklet}
        found[row.id] = {"kind": "note", "text": row.text, **about}
    for edit, number, made in connection.execute(sa.select(edit_part).order_by(edit_part.c.tracklet)):
        sides = found.setdefault(edit, {"kind": "split or merge", "before": [], "made": []})
        sides["made" if made else "before"].append(number)
    return found


def _unlike(one: Deed, row: Row | None, turns: list[Row]) -> Iterator[str]:
    """How a deed of which every tracklet is there differs from its rows."""
    if row is None or not turns:
        yield f"{_event(one)} is not in the tables"
        return
    for field, value in row.items():
        said = one.body.get(field)
        if field != "kind" and (sorted(said or ()) if isinstance(value, list) else said) != value:
            yield f"{_event(one)}: {_said(field, said, value)}"
    kind = "decision" if one.event["kind"] == "decide" else one.event["kind"]
    by_table = [(turn["action"], turn["operator"]) for turn in turns]
    if by_table != one.turns:
        yield f"{_event(one)}: {_said('history', one.turns, by_table)}"
    elif abs(turns[0]["at_us"] - one.event["at_us"]) > NEAR_US:
        yield f"{_event(one)}: {_said('time', one.event['at_us'], turns[0]['at_us'])}"
    elif turns[0]["kind"] != kind:
        yield f"{_event(one)}: {_said('kind', kind, turns[0]['kind'])}"


def _pieces(one: Deed, there: dict[int, Row]) -> Iterator[str]:
    """What a split or a merge made lies where its tracks lay, with the boxes and crops that it was given."""
    if len({there[number]["source"] for number in _tracklets(one)}) > 1:
        yield f"{_event(one)}: its tracks lie in several recordings now"
    for number, sha256 in zip(one.body["made"], one.body.get("sha256", ()), strict=False):
        if there[number]["sha256"] != sha256:
            yield f"track {number} of {_event(one)}: its boxes or crops are not those that were put together"


def _hidden(connection: sa.Connection, by_record: set[int], doubtful: set[int]) -> Iterator[str]:
    by_table = set(connection.execute(sa.select(replaced.c.tracklet)).scalars())
    for number in sorted(by_table - by_record - doubtful):
        yield f"track {number} is hidden as if others stood for it, and by the record none do"
    for number in sorted(by_record - by_table):
        yield f"track {number} is shown, and by the record others stand for it"


def _pieces_of_nothing(connection: sa.Connection, told: Told) -> Iterator[str]:
    """Tracklets that no ingest found must come from a split or a merge: their track number is minus the deed's."""
    made = sa.select(tracklet.c.id, tracklet.c.track_id).where(tracklet.c.track_id < 0).order_by(tracklet.c.id)
    for number, track in connection.execute(made):
        edit = told.deeds.get(-track)
        if edit is None or number not in edit.body.get("made", ()):
            yield f"track {number} is called a piece of a split or a merge that is not on the record"
