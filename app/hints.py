"""The next step for somebody who is here for the first time: from nothing to the first match."""

from __future__ import annotations

from dataclasses import dataclass

from app.keys import SEARCH, key, named
from app.words import tr

ENOUGH = 3  # decisions after which nobody needs to be told


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is. listed: everybody is shown, and nobody searched for."""

    recordings: int = 0
    reading: bool = False
    waiting: int = 0
    running: bool = False
    searchable: int = 0
    investigating: bool = False
    selected: bool = False
    listed: bool = False
    matches: int = 0
    decided: int = 0


def next_step(at: Progress) -> str:
    """One sentence; empty when there is nothing left to tell."""
    if at.decided >= ENOUGH:
        return ""
    if at.recordings == 0:
        return tr("1 of 5   Drop recordings on this page, or add a folder.")
    if at.searchable == 0:
        return _before_the_first(at)
    search = key(SEARCH)
    if not at.investigating:
        return named(tr("3 of 5   Go to Investigate"), "Investigate")
    if at.listed:
        somebody = tr("4 of 5   Click somebody to see them; a second click, or {key}, searches the other cameras.")
        return somebody.format(key=search)
    if at.matches == 0 and not at.selected:
        point = tr("3 of 5   Pause where a person is seen, point at them, and click; or press {key} for everybody.")
        return point.format(key=key("Everybody"))
    if at.matches == 0:
        once_more = tr("4 of 5   Click once more, or press {key}, to search the other cameras for this person.")
        return once_more.format(key=search)
    return tr("5 of 5   Same person? {same} yes, {other} no, {unsure} unsure. {refine} ranks again by that.").format(
        same=key("Same person"),
        other=key("Different person"),
        unsure=key("Unsure"),
        refine=key("Refine the ranking"),
    )


def _before_the_first(at: Progress) -> str:
    if at.running:
        return tr("2 of 5   The recordings are being analysed; the first people can be searched in a moment.")
    if at.reading:
        return tr("1 of 5   Looking at what you dropped …")
    if at.waiting:
        return tr("2 of 5   Check cameras and times, then press Start.")
    return tr("1 of 5   None of these can be analysed; the last column says why. Add other recordings.")
