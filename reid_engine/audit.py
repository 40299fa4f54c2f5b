"""The record of a case: events in a chain of hashes, so that a changed or missing one shows.

``h_n = SHA-256(h_{n-1} || canonical JSON of event n)``; ``h_0`` comes from the case's own number, so a chain cannot be
moved to another case. These are pure functions; the store writes each event together with what it records.

Words that were erased are gone from their event, which keeps its hash: it cannot be made again from what is left. A
later event, the erasure, vouches for it instead, by a hash over what is left, that hash and the one before.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reid_engine.errors import SettingsError
from reid_engine.settings import load_settings

ERASED = "erased"  # the kind of event that vouches, in its ``redacted``, for events whose words it took
REDACTED = "redacted"  # what such an event says instead: the number of the one that vouches for it


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done. ``number`` counts from 1 without a gap; ``hash`` is hexadecimal."""

    number: int
    at_us: int
    operator: str
    kind: str
    body: dict[str, Any]
    hash: str = ""


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, ASCII; raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def first_hash(case_uuid: str) -> str:
    """What the first event of a case is chained to."""
    return hashlib.sha256(case_uuid.encode()).hexdigest()


def chained_hash(previous: str, event: Event) -> str:
    """The hash of ``event`` after the event whose hash is ``previous``."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical_json(_fields(event)).encode()).hexdigest()


def vouching_hash(previous: str, event: Event) -> str:
    """What an erasure says of an event whose words it took: over the hash before it, what is left, and its own hash."""
    left = canonical_json({**_fields(event), "hash": event.hash})
    return hashlib.sha256(bytes.fromhex(previous) + left.encode()).hexdigest()


def _fields(event: Event) -> dict[str, Any]:
    return {
        "number": event.number,
        "at_us": event.at_us,
        "operator": event.operator,
        "kind": event.kind,
        "body": event.body,
    }


def first_break(case_uuid: str, events: Iterable[Event], *, at_least: int = 0) -> str | None:
    """A sentence about the first event that does not fit the chain, or None when all of them do.

    at_least: how many events were ever written, as far as is known
    """
    events = list(events)
    vouched = _vouched(events)
    previous, expected = first_hash(case_uuid), 0
    for expected, event in enumerate(events, start=1):
        if event.number != expected:
            return f"event {expected} is missing from the record: number {event.number} stands in its place"
        left = vouched.get(event.number)
        fits = chained_hash(previous, event) == event.hash if left is None else vouching_hash(previous, event) == left
        if not fits:
            return f"event {event.number} ({event.kind}) was changed after it was recorded: its hash does not fit"
        previous = event.hash
    if expected < at_least:
        return f"the record ends with event {expected}, but {at_least} were written: its end was cut off"
    return None


def _vouched(events: Iterable[Event]) -> dict[int, str]:
    """The hashes by which erasures vouch for events before them."""
    found: dict[int, str] = {}
    for event in events:
        redacted = event.body.get(REDACTED) if event.kind == ERASED else None
        if isinstance(redacted, dict):
            found |= {int(n): str(left) for n, left in redacted.items() if n.isdecimal() and int(n) < event.number}
    return found


def operator_words(name: str) -> str:
    """Who is at the machine: by the name that was set, with the login behind it; without one the login alone."""
    return f"{name} ({system_operator()})" if name else system_operator()


def at_work(given: str | None = None) -> tuple[str, list[str]]:
    """Who the record says is at work: as given, else by the settings; and why by the login alone where those fail."""
    try:
        return given or operator_words(load_settings().record.operator), []
    except SettingsError as error:
        return system_operator(), [f"the record names the login alone: {error}"]


def system_operator() -> str:
    """Who is at the machine, as the system names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user number without a name, as in a container
        return f"user {os.getuid()}"
