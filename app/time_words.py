"""Where a recording's times come from, in words for whoever was not there; and moments of an unknown day."""

from __future__ import annotations

from types import MappingProxyType

from app import local_time
from app.words import Later, tr
from reid_engine.clock import SECOND_US

STARTS = MappingProxyType({
    "by hand": Later("set by an operator: typed, or read off the clock in the picture"),
    "file name": Later("the file's name"),
    "container": Later("the date inside the file; some recorders write the end or the export there"),
    "unknown": Later("unknown: nobody has set it"),
})  # fmt: skip
DOUBTS = MappingProxyType({
    "by hand": Later("start set by an operator"),
    "container": Later("start by the date inside the file"), "unknown": Later("start unknown"),
})  # fmt: skip


def start_words(origin: str) -> str:
    """Where a recording's start comes from."""
    return tr(STARTS[origin]) if origin in STARTS else origin


def doubts(origin: str, rate_assumed: str) -> list[str]:
    """In short what of a recording's times is not from the recorder; empty where all of it is."""
    start = tr(DOUBTS[origin]) if origin in DOUBTS else ""
    return [found for found in (start, rate_assumed) if found]


def moment(time_us: int, zone: str, *, known: bool, offset_us: int) -> str:
    """A corrected time in its zone; where the recording's is unknown, how far into it instead of a date of 1970."""
    if known:
        return local_time.precise_time(time_us, zone)
    return tr("time unknown, {seconds} s into the recording").format(seconds=f"{offset_us / SECOND_US:.3f}")
