"""What an erasure takes and when something is due, in words; for the command line and the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from app.local_time import date_and_time
from app.words import counted, tr
from reid_engine.case import Case
from reid_engine.errors import CaseError
from reid_engine.retention import ErasurePlan
from reid_engine.store import EraseScope, Erasure, Retention, Store
from reid_engine.types import SourceId, TrackletId

LISTED = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be erased, in words, with what would go."""

    words: str
    scope: EraseScope
    plan: ErasurePlan


def offers(case: Case, number: TrackletId | None = None) -> tuple[list[Offer], list[str]]:
    """What can be erased: a tracklet that is named and its person, what is due, every recording and camera.

    Those of the tracklet come first. And why some of what is named or due cannot, in sentences. Raises NotFound.
    """
    store, scopes = case.store, list[tuple[str, EraseScope]]()
    whole = None if number is None else store.tracklets([number])[0]
    if number is not None:
        scopes.append((tr("Track {number}").format(number=number), EraseScope(tracklets=(number,))))
        scopes.append((tr("The whole person of track {number}").format(number=number), case.person(number)))
    due = store.retention().due_before(store.clock.now_us())
    if due is not None:
        scopes.append((tr("All that is due"), EraseScope(before_us=due)))
    named = len(scopes) + (0 if whole is None else 2)  # with its recording and its camera
    scopes += _places(store, None if whole is None else whole.source)
    found, refused = list[Offer](), list[str]()
    for place, (said, scope) in enumerate(scopes):
        try:
            found.append(Offer(said, scope, case.erasure(scope)))
        except CaseError as error:  # on hold
            refused += [f"{said}: {error}"] if place < named else []
    return found, refused


def _places(store: Store, first: SourceId | None = None) -> list[tuple[str, EraseScope]]:
    """Every recording of which something may be left, and every camera with one; those of ``first`` before the others.

    A recording in which nobody was found counts too: erased, it is refused when it is offered again.
    """
    gone = store.erased_whole()
    sources = [source for source in store.sources() if source.id not in gone]
    cameras = {camera.id: camera.name for camera in store.cameras()}
    words = tr("The recording {name} of {camera}")
    found = [
        (words.format(name=PurePath(one.path).name, camera=cameras[one.camera]), EraseScope(source=one.id))
        for one in sources
    ]
    homes = dict.fromkeys(one.camera for one in sources)
    found += [(tr("The camera {name}").format(name=cameras[home]), EraseScope(camera=home)) for home in homes]
    near = [
        scope
        for one in sources
        if one.id == first
        for scope in (EraseScope(source=first), EraseScope(camera=one.camera))
    ]
    return sorted(found, key=lambda offer: offer[1] not in near)


def plan_words(plan: ErasurePlan) -> list[str]:
    """The plan as sentences, what goes first."""
    rows = plan.rows
    if rows.empty:
        return [tr("Nothing in the case is meant by this.")]
    return [*_going(rows), *_beside(plan), *_staying(plan)]


def done_words(found: Erasure) -> str:
    """What was done."""
    tracks = counted(len(found.tracklets), tr("1 track"), tr("{count} tracks"))
    return tr("{tracks} erased for good; event {number} of the record says so").format(
        tracks=tracks, number=found.event
    )


def _going(rows: Erasure) -> Iterator[str]:
    numbers = ", ".join(map(str, rows.tracklets[:LISTED])) + (", …" if len(rows.tracklets) > LISTED else "")
    tracks = counted(len(rows.tracklets), tr("1 track"), tr("{count} tracks"))
    listed = tr("{tracks} ({numbers})").format(tracks=tracks, numbers=numbers) if numbers else tracks
    yield tr("Goes for good: {tracks}.").format(tracks=listed)
    if len(rows.tracklets) > rows.asked:
        more = len(rows.tracklets) - rows.asked
        yield tr("{count} of them by splits and merges: they show the same pictures.").format(count=more)
    parts = (
        counted(rows.crops, tr("1 picture"), tr("{count} pictures")),
        counted(rows.vectors, tr("1 vector"), tr("{count} vectors")),
        counted(rows.decisions, tr("1 decision"), tr("{count} decisions")),
        counted(rows.edits, tr("1 split or merge"), tr("{count} splits and merges")),
        counted(rows.notes, tr("1 note"), tr("{count} notes")),
    )
    yield tr("With {parts}; {size} MB.").format(parts=", ".join(parts), size=f"{rows.bytes / 1e6:.2f}")
    if rows.whole:
        wholly = counted(len(rows.whole), tr("1 recording"), tr("{count} recordings"))
        yield tr("Nothing is left of {wholly}; offered again, it is refused.").format(wholly=wholly)


def _beside(plan: ErasurePlan) -> Iterator[str]:
    yield tr("The search indexes are made again, and the case's file is written anew.")
    for path in plan.backups:
        yield tr("Deleted with it, because it holds what the case once held: {name}").format(name=path.name)


def _staying(plan: ErasurePlan) -> Iterator[str]:
    if plan.rows.held:
        held = counted(plan.rows.held, tr("1 track stays"), tr("{count} tracks stay"))
        yield tr("{held}: on hold.").format(held=held)
    for export in plan.exports:
        yield tr("Stays, see to it yourself; by the record it shows what goes: {path}").format(path=export)
    for path in plan.unknown:
        yield tr("Stays, nobody here knows what it holds: {name}").format(name=path.name)
    if plan.rows.notes_left:
        left = counted(plan.rows.notes_left, tr("1 note about no track stays"), tr("{count} notes about no track stay"))
        yield tr("{left}; read whether it speaks of the person.").format(left=left)
    yield tr("The record stays, without words of erased notes. The recordings themselves lie outside and stay.")


def retention_words(keep: Retention, now_us: int) -> str:
    """How long the case may keep what it holds, and whether something is due; empty when nothing was said."""
    if keep.days is not None:
        return counted(keep.days, tr("kept for 1 day"), tr("kept for {count} days"))
    if keep.until_us is None:
        return ""
    day = date_and_time(keep.until_us, "UTC")
    return (tr("to be kept until {day}, which is over") if keep.until_us <= now_us else tr("kept until {day}")).format(
        day=day
    )
