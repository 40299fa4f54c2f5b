"""A case: what the window, the command line and the trainer hold.

folder/case.db    everything that matters
       backups/   copies of it
       index/     a cache, may be deleted at any time
       exports/   what was made for others
       jobs/      control files and logs of long work
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from reid_engine.audit import Event, at_work
from reid_engine.camera_bias import CameraBias
from reid_engine.clock import Clock
from reid_engine.errors import CaseBusy, CaseError, DiskFull, InputError, ProbeError
from reid_engine.index import VectorIndex, open_index, up_to_date
from reid_engine.jobs import JobControl
from reid_engine.journey import Journey, Known, Link, journey, known_people, links_of
from reid_engine.last_seen import remember, unlike_last_time
from reid_engine.people import LikelyPeople, likely_people
from reid_engine.place import notices as notices_of
from reid_engine.retention import ErasurePlan, erase, overwrite, person_scope, plan
from reid_engine.search import SearchRequest, SearchResult, band_between, bias_of, search
from reid_engine.settings import SearchSettings
from reid_engine.store import ANYBODY, Decision, Deed, EraseScope, Erasure, Store, TrackletFilter
from reid_engine.store.backups import EVERY_S, keep_at_close
from reid_engine.store.connection import explained
from reid_engine.types import BandName, CameraId, ModelId, Seen, TrackletCrops, TrackletId, Verdict
from reid_engine.whereabouts import hit

if TYPE_CHECKING:
    from reid_engine.check import Reembedder

DATABASE = "case.db"
FOLDERS = ("index", "exports", "jobs")
TOLERANCE_US = 500_000
COLOURS_AT_ONCE = 100
FACES = 300  # on one sheet of likely people


class Case:
    """One case, open. Searching and deciding may be done from several threads; see ``store.connection``."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.notices: list[str] = []  # what opening it did besides, for people
        self._indexes: dict[ModelId, VectorIndex] = {}
        self._biases: dict[ModelId, tuple[int, CameraBias]] = {}
        self._indexing = Lock()  # two threads must not add the same vectors twice

    @classmethod
    def create(
        cls, folder: Path, purpose: str = "", *, clock: Clock | None = None, operator: str | None = None
    ) -> Self:
        """Make a new case in ``folder`` and open it. Raises CaseError when one is there already."""
        name, doubts = at_work(operator)
        store = Store.create(folder / DATABASE, purpose=purpose, clock=clock, operator=name)
        return cls._with_folders(folder, store, doubts)

    @classmethod
    def open(
        cls, folder: Path, *, read_only: bool = False, clock: Clock | None = None, operator: str | None = None
    ) -> Self:
        """A case that lies where nothing can be written is open for reading only.

        Raises CaseError when there is none, CaseTooNew, CaseDamaged, CaseBusy.
        """
        if not folder.is_dir():
            raise CaseError(f"there is no case at {folder}: expected a folder that holds {DATABASE}")
        read_only = read_only or not os.access(folder, os.W_OK)
        name, doubts = at_work(operator)
        store = Store.open(folder / DATABASE, read_only=read_only, clock=clock, operator=name)
        case = cls(folder, store) if read_only else cls._with_folders(folder, store, doubts)
        case.notices += unlike_last_time(store, folder)
        return case

    @classmethod
    def open_or_create(
        cls, folder: Path, purpose: str = "", *, clock: Clock | None = None, operator: str | None = None
    ) -> Self:
        """The case in ``folder``, or a new one where there is none."""
        if not (folder / DATABASE).exists():
            try:
                return cls.create(folder, purpose, clock=clock, operator=operator)
            except CaseError:
                if not (folder / DATABASE).exists():  # else another process has made it meanwhile
                    raise
        return cls.open(folder, clock=clock, operator=operator)

    @property
    def index_folder(self) -> Path:
        """Where the search indexes lie; may be deleted at any time."""
        return self.folder / "index"

    @classmethod
    def _with_folders(cls, folder: Path, store: Store, notices: Sequence[str]) -> Self:
        with explained(folder):
            for name in FOLDERS:
                (folder / name).mkdir(exist_ok=True)
        case = cls(folder, store)
        case.notices += [*notices, *notices_of(folder)]
        case._finish_erasure()
        return case

    def _finish_erasure(self) -> None:
        """What a kill, or another program that was reading, left of an erasure."""
        try:
            number = overwrite(self.store, self.folder)
        except (CaseError, DiskFull) as error:  # the case is whole; the next opening tries again
            self.notices.append(f"an erasure could not be finished yet: {error}")
            return
        if number is not None:
            self.notices.append(f"the erasure of event {number} was not finished; it is now")

    def close(self, *, least_age_s: float = EVERY_S) -> None:
        """Let go of the case, after a backup where one is due, and remember where its record ends.

        Raises CaseDamaged where the backup fails its test.
        """
        try:
            keep_at_close(self.store, least_age_s)
        finally:
            remember(self.store, self.folder)
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def ingest_lock(self) -> Iterator[None]:
        """Only one ingest at a time works on a case; the lock goes when its process does.

        Raises CaseBusy, CaseError where nothing can be written.
        """
        if self.store.read_only:
            raise CaseError(f"{self.folder} is open for reading only; use a copy that can be written")
        with (self.folder / "jobs" / "ingest.lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                owner = file.read().strip() or "unknown"
                raise CaseBusy(
                    f"another ingest (process {owner}) is working on {self.folder}; wait for it or stop it"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def model(self) -> ModelId:
        """The model in force: used last, once everybody was described by it. Raises CaseError without vectors."""
        model = self.store.model_in_force()
        if model is not None:
            return model
        made = self.store.models()
        if not made:
            raise CaseError(f"{self.folder} holds no vectors yet; ingest recordings first")
        return made[-1]

    def index(self, model: ModelId, control: JobControl | None = None) -> VectorIndex:
        """The index of a model, equal to the case at this moment; kept in memory between searches."""
        with self._indexing:
            known = self._indexes.get(model)
            if known is None:
                known = open_index(self.store, model, self.index_folder, control)
            else:
                known = up_to_date(known, self.store, control)
            self._indexes[model] = known
            return known

    def _bias(self, index: VectorIndex) -> CameraBias | None:
        """What the cameras do to everybody in this index; kept until vectors come or go."""
        if not len(index):
            return None
        generation, bias = self._biases.get(index.model, (-1, None))
        if bias is None or generation != index.generation:
            bias = bias_of(self.store, index)
            self._biases[index.model] = (index.generation, bias)
        return bias

    def search(
        self, request: SearchRequest, *, settings: SearchSettings | None = None, control: JobControl | None = None
    ) -> SearchResult:
        """Rank, and write the search into the record unless the case is open for reading only."""
        index = self.index(request.model, control)
        result = search(self.store, index, request, settings, self._bias(index))
        probe = "a picture" if isinstance(request.probe, np.ndarray) else int(request.probe)
        which = {} if request.picture is None else {"picture": dict(request.picture)}
        self._note("search", probe=probe, model=request.model, generation=index.generation, **which, **_asked(request))
        return result

    def recognise(self, tracklet: TrackletId, picture: Mapping[str, object], *, taken_back: bool = False) -> None:
        """Put on the record that a track is said to be the person of a picture (see ``SearchRequest``), or no longer.

        It stands for the person from then on, in decisions that are written down as of any track.
        """
        self._note("recognise", tracklet=int(tracklet), picture=dict(picture), taken_back=taken_back)

    def everybody(self, where: TrackletFilter, limit: int) -> list[Seen]:
        """Who was seen, earliest first, at most ``limit``; on the record unless the case is open for reading only."""
        found = self.store.seen(where, limit)
        self._note("everybody", listed=len(found), **asdict(where))
        return found

    def likely_people(self, where: TrackletFilter = ANYBODY, *, control: JobControl | None = None) -> LikelyPeople:
        """Who is here? Everybody who passes, put together into likely people; that goes on the record like a search.

        Raises CaseError without vectors, UsageError for too many tracklets, JobCancelled.
        """
        index = self.index(self.model(), control)
        found = likely_people(self.store, index, where, self._bias(index), control)
        counts = {"groups": len(found.groups), "tracklets": sum(len(group.tracklets) for group in found.groups)}
        self._note("likely people", model=index.model, generation=index.generation, **counts, **asdict(where))
        return found

    def band_between(self, one: TrackletId, other: TrackletId) -> BandName | None:
        """The band in which a search from one of them finds the other. Raises NotFound, CaseError without vectors."""
        index = self.index(self.model())
        bias = self._bias(index)
        return None if bias is None else band_between(self.store, index, bias, one, other)

    def probe_at(
        self, camera: CameraId, time_us: int, x: float, y: float, *, tolerance_us: int = TOLERANCE_US
    ) -> TrackletId:
        """Whose box lies under a point (pixels of the source picture) at a moment (corrected UTC).

        Every tracklet stands with its box nearest in time, at most ``tolerance_us`` away. Of those under the point the
        nearest in time counts, then the one whose middle the point is nearest to, measured in its own size: people
        click on the middle of whom they mean. Raises ProbeError, which says who is nearest.
        """
        people = self.store.tracklets_between(camera, time_us - tolerance_us, time_us + tolerance_us)
        hits = [hit(tracklet, time_us, x, y) for tracklet in people]
        hits = [near for near in hits if near.away_us <= tolerance_us]
        under = [near for near in hits if near.away_px == 0]
        if under:
            return min(under, key=lambda hit: (hit.away_us, hit.off_middle, hit.tracklet)).tracklet
        if not hits:
            raise ProbeError(f"nobody is in this camera's pictures within {tolerance_us / 1e6:g} s of that moment")
        near = min(hits, key=lambda hit: (hit.away_px, hit.away_us))
        raise ProbeError(
            f"nobody is at ({x:g}, {y:g}) at that moment; the nearest is tracklet {near.tracklet}, "
            f"{near.away_px:.0f} pixels and {near.away_us / 1e6:.2f} s away"
        )

    def contact_sheet(
        self,
        request: SearchRequest,
        result: SearchResult,
        path: Path,
        *,
        when: Callable[[int, str], str],
        truth: Mapping[TrackletId, bool] | None = None,
    ) -> None:
        """Write a PNG of the probe and its matches.

        ``when`` makes a time (microseconds UTC, IANA zone) readable; ``truth`` frames matches as right or wrong.
        """
        from reid_engine.sheet import Card, contact_sheet  # loads OpenCV, which a search does without

        cameras = {camera.id: camera for camera in self.store.cameras()}
        asked = [] if isinstance(request.probe, np.ndarray) else [request.probe]
        pictures = self.store.best_crops([*asked, *(match.tracklet for match in result.matches)])
        cards = []
        for match in result.matches:
            camera = cameras[match.camera]
            cards.append(
                Card(
                    jpeg=pictures.get(match.tracklet),
                    title=str(match.rank),
                    camera=camera.name,
                    when=when(match.start_us, camera.clock.zone),
                    note=f"tracklet {match.tracklet}, {match.distance:.3f} {match.band or ''}",
                    flags=match.flags,
                    band=match.band,
                    truth=None if truth is None else truth.get(match.tracklet),
                )
            )
        probe = Card(None, "probe", "a picture", "")
        for tracklet in self.store.tracklets(asked):
            camera = cameras[tracklet.camera]
            shown = when(tracklet.start_us, camera.clock.zone)
            probe = Card(pictures.get(tracklet.id), "probe", camera.name, shown, f"tracklet {tracklet.id}")
        png = contact_sheet(probe, cards, heading=f"{len(cards)} matches by {request.model}")
        self._keep_sheet(path, png, [match.tracklet for match in result.matches])

    def people_sheet(self, found: LikelyPeople, path: Path, *, when: Callable[[int, str], str]) -> None:
        """Write a PNG of the first ``FACES`` likely people, each by the face; ``when`` as for a contact sheet."""
        from reid_engine.sheet import Card, contact_sheet  # loads OpenCV, which listing does without

        cameras = {camera.id: camera for camera in self.store.cameras()}
        shown = found.groups[:FACES]
        pictures = self.store.best_crops([group.face for group in shown])
        cards = []
        for number, group in enumerate(shown, start=1):
            names = ", ".join(cameras[camera].name for camera in group.cameras)
            seen = when(group.start_us, cameras[group.cameras[0]].clock.zone)
            note = f"{len(group.tracklets)} tracks, face {group.face}"
            cards.append(Card(pictures.get(group.face), str(number), names, seen, note))
        png = contact_sheet(None, cards, heading=f"{len(cards)} of {len(found.groups)} likely people")
        self._keep_sheet(path, png, [group.face for group in shown])

    def _keep_sheet(self, path: Path, png: bytes, shown: Sequence[TrackletId]) -> None:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png)
        sha256 = hashlib.sha256(png).hexdigest()
        self._note("contact sheet", path=str(path), sha256=sha256, matches=[int(number) for number in shown])

    def decide(self, probe: TrackletId, candidate: TrackletId, verdict: Verdict) -> Decision:
        """Write down that two tracklets are the same person, different people, or unclear."""
        return self.store.decide(probe, candidate, verdict)

    def undo(self) -> Deed | None:
        """Take back the last thing that stands: a decision, a split, a merge or a note."""
        return self.store.undo()

    def redo(self) -> Deed | None:
        """Restore what was taken back last."""
        return self.store.redo()

    def journey(self, start: TrackletId) -> Journey:
        """Where the person of this tracklet was, by what people decided. Raises NotFound."""
        return journey(self.store, start)

    def known_people(self) -> list[Known]:
        """Everybody of whom sightings are confirmed, whoever was confirmed last first."""
        return known_people(self.store)

    def person(self, number: TrackletId) -> EraseScope:
        """Everything confirmed to be the person of this tracklet, to be erased. Raises NotFound, UsageError."""
        return person_scope(self.store, number)

    def erasure(self, scope: EraseScope) -> ErasurePlan:
        """What an erasure would take, and what lies around it; nothing is changed. Raises NotFound, CaseError."""
        return plan(self.store, self.folder, scope)

    def erase(
        self,
        scope: EraseScope,
        *,
        reason: str,
        asked_by: str = "",
        expected: int | None = None,
        control: JobControl | None = None,
    ) -> Erasure:
        """Take it out of the case for good; nothing restores it. ``expected``: how many tracklets were agreed to.

        Raises UsageError, NotFound, CaseError (held, half analysed, reading only), CaseBusy, CaseDamaged.
        """
        with self.ingest_lock(), self._indexing:
            self._indexes.clear()
            said = partial(erase, reason=reason, asked_by=asked_by, expected=expected)
            return said(self.store, self.folder, scope, control=control)

    def links(self) -> list[Link]:
        """Every pair of cameras of which something was said or learned."""
        return links_of(self.store)

    def name_colours(self, control: JobControl | None = None, *, again: bool = False) -> int:
        """Name the clothes of tracklets that came in before colours were kept, or of all; returns how many."""
        control = JobControl() if control is None else control
        everybody = self.store.find().tolist() if again else []
        missing = [TrackletId(number) for number in everybody] if again else self.store.without_colour()
        for first in range(0, len(missing), COLOURS_AT_ONCE):
            control.check()
            some = missing[first : first + COLOURS_AT_ONCE]
            self.store.put_colours({number: _worn(self.store.crops(number)) for number in some})
            control.report(stage="colours", done=first + len(some), total=len(missing))
        return len(missing)

    def check(self, *, embedder: Reembedder | None = None, control: JobControl | None = None) -> list[str]:
        """Sentences about everything that does not agree; none when the case is sound."""
        from reid_engine.check import check  # loads OpenCV, which a search does without

        return check(self.store, self.index_folder, embedder=embedder, control=control)

    def crops(self, tracklet: TrackletId) -> TrackletCrops:
        """The kept pixels of one tracklet."""
        return self.store.crops(tracklet)

    def view(self, tracklet: TrackletId) -> TrackletCrops:
        """The kept pixels of one tracklet, for a person who looks at them: that goes on the record."""
        kept = self.store.crops(tracklet)
        self._note("view", tracklet=int(tracklet))
        return kept

    def record(self, kind: str, **body: object) -> Event:
        """Append to the case's record."""
        return self.store.record(kind, **body)

    def _note(self, kind: str, **body: object) -> None:
        """Who looked at what goes on the record, unless the case is open for reading only."""
        if not self.store.read_only:
            self.record(kind, **body)


def _worn(crops: TrackletCrops) -> tuple[str, str]:
    """Colours of upper and lower clothes; nothing for crops that cannot be read, which the check reports."""
    from reid_engine.colours import clothes_of  # loads OpenCV, which a search does without

    try:
        return clothes_of(crops)
    except InputError:
        return "", ""


def _asked(request: SearchRequest) -> dict[str, object]:
    """The rest of a request, for the record."""
    return {
        **asdict(request.where),
        "same": [int(number) for number in request.same],
        "different": [int(number) for number in request.different],
        "same_camera": request.same_camera,
        "rerank": request.rerank,
        "limit": request.limit,
    }
