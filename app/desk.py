"""The open case as the window uses it: every verb in one place, so that panes hold no rules.

All of these may take longer than a frame: they are called on a lane, never on the window's thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

from app.erasures import Offer, offers, retention_words
from app.footage import Footage, looked_at
from app.journeys import export
from app.networks import Networks
from app.portrait import Portrait
from app.waiting import Waiting, keep, kept
from app.words import Later, tr
from reid_engine.audit import Event
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.errors import CaseError, JobCancelled, ProbeError
from reid_engine.evidence.basis import basis_of
from reid_engine.evidence.still import save_still
from reid_engine.jobs import JobControl
from reid_engine.journey import Journey, Link
from reid_engine.people import Group
from reid_engine.repair import check_merge, check_split
from reid_engine.retention import brought_back
from reid_engine.search import SearchRequest
from reid_engine.store import (
    ANYBODY,
    CameraPair,
    Decision,
    Deed,
    Erasure,
    FloorPlan,
    KnownModel,
    Note,
    Source,
    TrackletFilter,
)
from reid_engine.store.backups import keep as keep_backup
from reid_engine.types import CameraId, Seen, Tracklet, TrackletId, Vectors, Verdict

FIRST_CARDS = 500
EVERYBODY = 100_000  # cards at once; more are asked for by time or place
PORTRAIT = 4
STAYS_ERASED = Later(
    "{why}. This case does not analyse it again; if that may and must be, add it to a case of its own."
)


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for and where: a stored tracklet, or the vector (D,) of a picture; neither lists everybody.

    where: who is let through; with no cameras named all but the probe's own, ``everywhere`` with that one too
    examples, others: further tracklets of the person, and of somebody else, that the search starts from
    model: which made the vector of a picture; picture: which one, for the record (see ``SearchRequest``)
    limit: how many of the nearest
    """

    tracklet: TrackletId | None = None
    vector: Vectors | None = field(default=None, compare=False)
    model: str = ""
    where: TrackletFilter = ANYBODY
    everywhere: bool = False
    same: tuple[TrackletId, ...] = ()
    different: tuple[TrackletId, ...] = ()
    examples: tuple[TrackletId, ...] = ()
    others: tuple[TrackletId, ...] = ()
    picture: Mapping[str, object] | None = field(default=None, compare=False)
    limit: int = FIRST_CARDS

    @property
    def everybody(self) -> bool:
        """True when nobody is looked for."""
        return self.tracklet is None and self.vector is None

    @property
    def filtered(self) -> bool:
        """True when it leaves somebody out who could be found."""
        return self.where != ANYBODY


@dataclass(frozen=True, slots=True)
class Answer:
    """Ranked matches (or everybody, earliest first), what was decided of them before, and what a person should know.

    people: everybody put together into likely people, once somebody has asked for that
    own: strong ones in the own camera of whoever is searched for, which was left out; home: that camera
    of: how many tracks the case held; cut: more are ranked behind these
    """

    query: Query
    matches: Sequence[Seen]
    verdicts: Mapping[TrackletId, Verdict]
    notes: tuple[str, ...] = ()
    people: Sequence[Group] | None = None
    own: int = 0
    home: CameraId | None = None
    of: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What the journey's pane shows."""

    journey: Journey | None = None
    links: tuple[Link, ...] = ()
    notes: tuple[Note, ...] = ()
    plan: FloorPlan | None = None


class Desk:
    """The verbs. Any thread may call them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._lengths: dict[str, int] = {}
        self._notes: dict[str, Sequence[str]] = {}
        self._control = JobControl()
        self._viewed: TrackletId | None = None

    @property
    def folder(self) -> Path:
        """Where the case lies."""
        return self.case.folder

    def footage(self) -> Footage:
        """Cameras and recordings; a recording whose length the case does not know yet is looked at once."""
        sources = self.case.store.sources()
        lengths = {source.path: self._length(source) for source in sources}
        missing = frozenset(source.path for source in sources if not Path(source.path).exists())
        gone = self.case.store.erased_whole()
        erased = {
            source.path: tr(STAYS_ERASED).format(why=brought_back(Path(source.path).name, gone[source.id]))
            for source in sources
            if source.id in gone
        }
        reached = {one.path: self.case.store.reached_us(one.id) for one in sources if not lengths[one.path]}
        return Footage(
            cameras=tuple(self.case.store.cameras()),
            sources=tuple(sources),
            lengths=lengths,
            missing=missing,
            erased=erased,
            notes=dict(self._notes),
            reached=reached,
        )

    def waiting(self) -> Waiting:
        """What waited for Start when the case was closed; it is not in the case."""
        return Waiting() if self.case.store.read_only else kept(self.folder)

    def keep_waiting(self, waiting: Waiting) -> None:
        """Keep what waits for the next opening. A case that nothing is written to keeps none. Raises OSError."""
        if not self.case.store.read_only:
            keep(self.folder, waiting)

    def _length(self, source: Source) -> int:
        if source.report is not None and source.report.duration_us > 0:
            return source.report.duration_us
        if source.path not in self._lengths:
            self._lengths[source.path], self._notes[source.path] = looked_at(source)
        return self._lengths[source.path]

    def set_clocks(self, clocks: Mapping[str, CameraClock]) -> None:
        """Correct the clocks of cameras by name; cameras that are new to the case are made."""
        for name, clock in clocks.items():
            known = self.case.store.camera(name, create=True)
            if known.clock != clock:
                self.case.store.set_camera_clock(known.id, clock)

    def set_start(self, path: Path, start_us: int) -> None:
        """Say when a recording of the case began, by its camera's clock; all its times follow."""
        source = next(source for source in self.case.store.sources() if Path(source.path) == path)
        self.case.store.set_source_start(source.id, start_us)

    def rename_camera(self, before: str, name: str) -> None:
        """Call a camera of the case by another name. Raises UsageError when another has it."""
        self.case.store.rename_camera(self.case.store.camera(before).id, name)

    def move(self, path: Path, to: Path) -> None:
        """A recording of the case lies elsewhere now."""
        source = next(source for source in self.case.store.sources() if Path(source.path) == path)
        self.case.store.move_source(source.id, str(to))

    def networks(self) -> Networks:
        """The weights that were used last here, as far as the files are still there."""
        used = {known.role: Path(known.path) for known in self.case.store.networks() if Path(known.path).exists()}
        return Networks(used.get("detector"), used.get("embedder"))

    def models(self) -> list[KnownModel]:
        """The models of the case, the one in force first."""
        return self.case.store.known_models()

    def basis(self) -> dict[str, Any] | None:
        """What the bands of the model in force rest on (see ``evidence.basis``)."""
        return basis_of(self.case)

    def purpose(self) -> str:
        """What the case is for."""
        return self.case.store.info().purpose

    def tracklets_between(self, camera: CameraId, from_us: int, to_us: int) -> list[Tracklet]:
        """Whoever was before a camera between two moments."""
        return self.case.store.tracklets_between(camera, from_us, to_us)

    def crop(self, tracklet: TrackletId) -> bytes:
        """The best crop as JPEG."""
        return self.case.store.best_crops([tracklet]).get(tracklet, b"")

    def crops(self, tracklets: Sequence[TrackletId]) -> dict[TrackletId, bytes]:
        """The best crops of several."""
        return self.case.store.best_crops(tracklets)

    def strip(self, tracklet: TrackletId) -> list[bytes]:
        """All single crops of a track in the order of time."""
        return [crop.jpeg for crop in sorted(self.case.crops(tracklet).best, key=lambda crop: crop.offset_us)]

    def name_colours(self) -> int:
        """Name the clothes of tracklets of a case of an older version."""
        return self.case.name_colours()

    def view(self, tracklet: TrackletId) -> None:
        """Put on the record that somebody looked at this person; the same one again is no other look."""
        if tracklet != self._viewed:
            self.case.view(tracklet)
        self._viewed = tracklet

    def trace(self, start: TrackletId | None) -> Trace:
        """The journey of the person of a tracklet, with everything that is shown beside it."""
        store = self.case.store
        found = None if start is None or store.is_replaced(start) else self.case.journey(start)
        return Trace(found, tuple(self.case.links()), tuple(store.notes()), store.floor_plan())

    def export_journey(self, start: TrackletId, path: Path) -> None:
        """Write the list of sightings as CSV or JSON. Raises UsageError, CaseError."""
        export(self.case, self.case.journey(start), path)

    def erasures(self, number: TrackletId | None) -> tuple[list[Offer], list[str]]:
        """What can be erased, and why some of it cannot. Raises NotFound."""
        return offers(self.case, number)

    def erase(self, offer: Offer, reason: str, asked_by: str) -> Erasure:
        """Erase what was offered, if it is still as many. Raises what ``Case.erase`` raises."""
        count = len(offer.plan.rows.tracklets)
        return self.case.erase(offer.scope, reason=reason, asked_by=asked_by, expected=count)

    def opening_words(self) -> str:
        """What somebody who opens the case should know: an erasure that was finished now, and how long it may keep."""
        store = self.case.store
        return "   ".join([*self.case.notices, retention_words(store.retention(), store.clock.now_us())]).strip()

    def save_still(self, camera: str, time_us: int, path: Path) -> None:
        """Write what a camera showed as a PNG that is on the record. Raises UsageError, SourceError, CaseError."""
        save_still(self.case, camera, time_us, path)

    def add_note(self, text: str, moment_us: int, camera: CameraId | None, tracklet: TrackletId | None) -> Note:
        """Write a note about a moment, or set a marker."""
        return self.case.store.add_note(text, moment_us=moment_us, camera_id=camera, tracklet_id=tracklet)

    def remove_note(self, number: int) -> Note:
        """Take a note back."""
        return self.case.store.remove_note(number)

    def set_pair(self, pair: CameraPair) -> None:
        """Say what is known of two cameras."""
        self.case.store.set_camera_pair(pair)

    def place_camera(self, camera: CameraId, x: float, y: float) -> None:
        """Put a camera on the floor plan."""
        self.case.store.place_camera(camera, x, y)

    def set_plan(self, path: Path) -> None:
        """Use a picture as the floor plan. Raises UsageError, OSError."""
        self.case.store.set_floor_plan(path.name, path.read_bytes())

    def portrait(self, tracklet: TrackletId) -> Portrait:
        """The best crops of a track, for a person to judge by."""
        kept = self.case.crops(tracklet).best[:PORTRAIT]
        if not kept:
            return Portrait(tracklet, (), 0)
        whole = self.tracklet(tracklet)
        source = next(source for source in self.case.store.sources() if source.id == whole.source)
        clock = next(camera.clock for camera in self.case.store.cameras() if camera.id == whole.camera)
        tall = (whole.xyxy[:, 3] - whole.xyxy[:, 1]).round().astype(int).tolist()
        return Portrait(
            tracklet,
            tuple(crop.jpeg for crop in kept),
            max(round(crop.xyxy[3] - crop.xyxy[1]) for crop in kept),
            clock.correct(source.start_us + kept[0].offset_us),
            kept[0].quality,
            tuple(zip(whole.time_us.tolist(), tall, strict=True)),
        )

    def tracklet(self, number: TrackletId) -> Tracklet:
        """One stored tracklet."""
        return self.case.store.tracklets([number])[0]

    def warm(self) -> None:
        """Have the search index in memory before somebody asks; nothing where there are no vectors yet."""
        with suppress(CaseError, JobCancelled):
            self.case.index(self.case.model(), self._control)

    def give_up(self) -> None:
        """The case is closed: nobody waits for ``warm`` or ``put_together`` any more."""
        self._control.cancel()

    def answer(self, query: Query) -> Answer:
        """Rank, or list everybody. Raises what ``search`` raises."""
        return self.everybody(query) if query.everybody else self.search(query)

    def count(self) -> int:
        """How many tracks the case holds."""
        return self.case.store.count_tracklets()

    def everybody(self, query: Query) -> Answer:
        """Everybody who passes the filters, earliest first."""
        of = self.count()
        found = self.case.everybody(query.where, EVERYBODY + 1)
        words = tr("Only the first {count}: choose a time, cameras or clothes.").format(count=EVERYBODY)
        return Answer(query, found[:EVERYBODY], {}, (words,) if len(found) > EVERYBODY else (), of=of)

    def put_together(self, answer: Answer) -> Answer:
        """The same list of everybody with its likely people. Raises UsageError (too many), CaseError, JobCancelled."""
        found = self.case.likely_people(answer.query.where, control=self._control)
        return replace(answer, people=found.groups, notes=tuple(dict.fromkeys((*answer.notes, *found.notes))))

    def search(self, query: Query) -> Answer:
        """Rank. Raises ProbeError, also for a vector of another model, and CaseError while nothing was ingested."""
        probe = query.tracklet if query.tracklet is not None else query.vector
        assert probe is not None
        of, model = self.count(), self.case.model()
        if query.vector is not None and query.model not in ("", model):
            words = tr("{old} looked at this picture, and searches go by {new} now: search for it again.")
            raise ProbeError(words.format(old=query.model, new=model))
        request = SearchRequest(
            probe=probe,
            model=model,
            where=query.where,
            same=tuple(dict.fromkeys((*query.examples, *query.same))),
            different=tuple(dict.fromkeys((*query.others, *query.different))),
            same_camera=query.everywhere or query.where.cameras is not None,
            limit=query.limit,
            picture=query.picture,
        )
        result = self.case.search(request)
        verdicts = {} if query.tracklet is None else self.verdicts(query.tracklet)
        home = self.tracklet(query.tracklet).camera if result.own and query.tracklet is not None else None
        return Answer(query, result.matches, verdicts, result.notes, own=result.own, home=home, of=of, cut=result.cut)

    def events(self, before: int | None, limit: int) -> list[Event]:
        """The last events of the record, newest first; those before event number ``before``."""
        return self.case.store.events(before=before, limit=limit)[::-1]

    def handed_on(self) -> dict[TrackletId, int]:
        """Tracks that are in evidence packages, and since when (see ``RecordVerbs.handed_on``)."""
        return self.case.store.handed_on()

    def verify(self) -> tuple[int, str, str | None]:
        """How many events the record has, the hash of the last, and a sentence about the first that does not fit.

        Where all do: about the first thing in the case that is not what they say.
        """
        store = self.case.store
        last = store.events(limit=1)
        count, digest = (last[0].number, last[0].hash) if last else (0, "")
        return count, digest, store.broken_record() or next(iter(store.disagreements()), None)

    def verdicts(self, probe: TrackletId) -> dict[TrackletId, Verdict]:
        """What stands about a probe."""
        return {decision.candidate: decision.verdict for decision in self.case.store.decisions(probe)}

    def recognise(self, tracklet: TrackletId, picture: Mapping[str, object], *, taken_back: bool = False) -> None:
        """Put on the record who the person of a picture is said to be."""
        self.case.recognise(tracklet, picture, taken_back=taken_back)

    def decide(self, probe: TrackletId, candidate: TrackletId, verdict: Verdict) -> Decision:
        """Write a decision down."""
        return self.case.decide(probe, candidate, verdict)

    def last_deed(self) -> int:
        """The number of what ``undo`` would take back; 0 for nothing."""
        return self.case.store.last_deed()

    def last_taken_back(self) -> int:
        """The number of what ``redo`` would restore; 0 for nothing."""
        return self.case.store.last_taken_back()

    def check_edit(self, verb: str, numbers: Sequence[TrackletId], at_us: int) -> None:
        """Raise what a split (of one track, at this moment) or a merge (of two) would raise, before a job begins."""
        if verb == "split":
            check_split(self.case.store, numbers[0], at_us)
        else:
            check_merge(self.case.store, (numbers[0], numbers[1]))

    def undo(self) -> Deed | None:
        """Take back the last thing that stands; None where there is none."""
        return self.case.undo()

    def redo(self) -> Deed | None:
        """Restore what was taken back last; None where there is nothing."""
        return self.case.redo()

    def back_up(self) -> None:
        """A backup, where one is due; given up when the case is closed. Raises DiskFull, CaseDamaged, JobCancelled."""
        keep_backup(self.case.store, self._control)

    def close(self) -> None:
        """Let go of the case, in a thread that makes a backup first where something changed: the window does not wait
        for it, the program's end does."""
        Thread(target=self._close, name="closing").start()

    def _close(self) -> None:
        with suppress(CaseError):  # damage: the next opening says so
            self.case.close(least_age_s=0)
