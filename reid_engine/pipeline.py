"""From open recordings to committed tracklets: three threads, bounded queues, one writer.

    decoder children -> detect -> track -> commit -> case.db

*detect* (the caller's thread) takes pictures of all cameras in turn and detects in batches what is new in them
(``glance``); *track* runs one tracker and one tracklet builder a source; *commit* makes the vectors and writes. What
closed since the last commit, its vectors and the checkpoint that goes with them stand in one transaction, so whatever
moment the process dies at, the case holds exactly the results up to a checkpoint, and the next run goes on from there.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from reid_engine.analysis import Checkpoint, Commit, SourceAnalysis
from reid_engine.clock import Clock, SystemClock
from reid_engine.decoder import DecodeRequest, FrameReader
from reid_engine.detection import PersonDetector
from reid_engine.embedding import Embedder
from reid_engine.errors import ChildDied, JobCancelled, ReappearError, SourceError
from reid_engine.glance import Glance, Look, News
from reid_engine.jobs import JobControl, Wish
from reid_engine.settings import Settings
from reid_engine.stages import Failure, Stage
from reid_engine.store import Store
from reid_engine.types import Detections, Frame, SourceId, SourceReport

CAMERAS_AT_ONCE = 8
WAIT_S = 0.1
FEWEST_SLOTS = 4  # for the pictures of one camera


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One recording, ready to be analysed.

    rate:       analysed pictures per second, for the tracker's memory
    camera:     sources of one camera are analysed one after the other, cameras at the same time
    checkpoint: where an earlier run stopped
    """

    source: SourceId
    camera: str
    name: str
    request: DecodeRequest
    rate: float
    size: tuple[int, int]
    duration_us: int | None
    checkpoint: Checkpoint | None = None


@dataclass(slots=True)
class SourceProgress:
    """How far one source is. ``begun_us`` was done by an earlier run."""

    source: SourceId
    file: str
    camera: str
    duration_us: int | None
    begun_us: int = 0
    done_us: int = 0
    frames: int = 0
    tracklets: int = 0
    state: str = "waiting"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one source ended: its report, or the error that ended it."""

    report: SourceReport | None
    error: ReappearError | None


@dataclass(slots=True, eq=False)
class _Reading:
    """One source being read. look: what of it is looked at so far; glance: the same, with who was found."""

    plan: SourcePlan
    reader: FrameReader
    analysis: SourceAnalysis
    next_index: int
    look: Look | None = None
    glance: Glance | None = None
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class _Ready:
    """A picture to analyse, and the reader that it must go back to.

    news: None when there is nothing new to see
    """

    reading: _Reading
    reader: FrameReader
    frame: Frame
    news: News | None


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture for the track stage; ``glance`` is None for one that is wanted for its pixels only."""

    reading: _Reading
    reader: FrameReader
    frame: Frame
    glance: Glance | None


@dataclass(frozen=True, slots=True)
class _End:
    """No more pictures from this reader; with a report, the source is done."""

    reading: _Reading
    reader: FrameReader
    report: SourceReport | None


_Item = _Picture | _End


@dataclass
class Pipeline:
    """One run over several sources. Networks, store and control belong to the caller."""

    detector: PersonDetector
    embedder: Embedder
    store: Store
    settings: Settings
    control: JobControl
    clock: Clock = field(default_factory=SystemClock)
    on_progress: Callable[[Sequence[SourceProgress]], None] = lambda sources: None

    def __post_init__(self) -> None:
        self._failure = Failure()
        self._track: Stage[_Item] = Stage("track", self._track_items, self._failure, gather=False)
        self._commit: Stage[Commit] = Stage("commit", self._commit_all, self._failure, gather=True)
        self._progress: dict[SourceId, SourceProgress] = {}
        self._outcomes: dict[SourceId, Outcome] = {}
        self._waiting: list[SourcePlan] = []
        self._reading: list[_Reading] = []
        self._slots = FEWEST_SLOTS
        self._ends: list[_End] = []  # of readers whose last pictures are in the batch that is being gathered

    def run(self, plans: Sequence[SourcePlan]) -> dict[SourceId, Outcome]:
        """Analyse every source to its end.

        A source that cannot be read on is an Outcome with its error and does not stop the others. Raises JobCancelled
        after committing as far as it got, and whatever the store raises (DiskFull, CaseBusy): the case then holds
        everything up to the last commit.
        """
        self._progress = {p.source: SourceProgress(p.source, p.name, p.camera, p.duration_us) for p in plans}
        try:
            self._read_all(plans)
            self._track.finish()
            self._commit.finish()
        except ReappearError:
            self._keep_what_is_done()
            raise
        finally:
            for reading in self._reading:
                reading.reader.close()
        return self._outcomes

    def _keep_what_is_done(self) -> None:
        """After a cancel: let the stages empty, then commit every source where it stands."""
        if self._failure:
            return
        self._track.finish()
        for reading in self._reading:
            self._commit.put(reading.analysis.commit())
        self._commit.finish()

    # detect: the caller's thread -------------------------------------------------------------------------------------

    def _read_all(self, plans: Sequence[SourcePlan]) -> None:
        self._waiting = list(plans)
        cameras = len({plan.camera for plan in plans})
        # Two batches over all cameras: while one is worked on the next is decoded.
        self._slots = max(FEWEST_SLOTS, 2 * self.detector.wanted_batch // min(cameras or 1, CAMERAS_AT_ONCE))
        while self._waiting or self._reading:
            self.control.check()
            for wish in self.control.wishes():
                self._grant(wish)
            self._open_next()
            batch = self._gather()
            self._detect(batch)
            self.on_progress(list(self._progress.values()))

    def _open_next(self) -> None:
        """Begin the next source of every camera that has none open, while there is room."""
        busy = {reading.plan.camera for reading in self._reading}
        for plan in tuple(self._waiting):
            if len(busy) < CAMERAS_AT_ONCE and plan.camera not in busy:
                busy.add(plan.camera)
                self._waiting.remove(plan)
                self._open(plan)

    def _grant(self, wish: Wish) -> None:
        """Move a waiting source to the front, or leave one out; what was found in it so far is kept."""
        plan = next((plan for plan in self._waiting if plan.source == wish.number), None)
        if wish.verb == "sooner":
            self._waiting.sort(key=lambda waiting: waiting is not plan)
            return
        dropped = JobCancelled("taken out of the queue; what was found in it so far is kept")
        if plan is not None:
            self._waiting.remove(plan)
            self._outcomes[plan.source] = Outcome(None, dropped)
            self._progress[plan.source].state = "dropped"
        for reading in [reading for reading in self._reading if reading.plan.source == wish.number]:
            self._close(reading, dropped)
            self._progress[reading.plan.source].state = "dropped"

    def _open(self, plan: SourcePlan) -> None:
        progress = self._progress[plan.source]
        progress.state = "analysing"
        analysis = SourceAnalysis(plan.source, rate=plan.rate, size=plan.size, settings=self.settings, clock=self.clock)
        request = plan.request
        if plan.checkpoint is not None:
            wanted = analysis.restore(plan.checkpoint)
            request = replace(request, resume_index=analysis.next_index, wanted=tuple(wanted))
            progress.begun_us = progress.done_us = analysis.offset_us
            progress.frames, progress.tracklets = analysis.frames, analysis.tracklets
        reader = FrameReader(request, slots=self._slots)
        reading = _Reading(plan, reader, analysis, analysis.next_index)
        if analysis.glance is not None:
            reading.look, reading.glance = analysis.glance.look, analysis.glance
        self._reading.append(reading)

    def _gather(self) -> list[_Ready]:
        """Pictures of all open sources in turn, up to a batch of new ones; waits a moment when there are none."""
        batch: list[_Ready] = []
        found, new = True, 0
        while found and new < self.detector.wanted_batch:
            found = False
            for reading in tuple(self._reading):
                frame = self._next_frame(reading)
                if frame is not None:
                    batch.append(self._look(reading, frame))
                    new += batch[-1].news is not None
                    found = True
        if not batch and self._reading:
            select.select([reading.reader for reading in self._reading], [], [], WAIT_S)
        return batch

    def _look(self, reading: _Reading, frame: Frame) -> _Ready:
        """A picture, and what of it is new."""
        look, seen = Look.at(frame), reading.look
        change, parts = self.settings.detection.change, self.detector.sees_parts
        news = News.all_of(look) if seen is None else seen.news(look, change, parts=parts)
        if news is not None:
            reading.look = news.seen
        return _Ready(reading, reading.reader, frame, news)

    def _next_frame(self, reading: _Reading) -> Frame | None:
        """The next picture to detect, if one is ready. Ends, errors and pixel-only pictures go their own ways."""
        reader = reading.reader
        try:
            frame = reader.poll()
        except ChildDied as death:
            self._restart(reading, death)
            return None
        except SourceError as error:
            self._close(reading, error)
            return None
        if frame is None:
            if reader.ended:
                self._close(reading, None)
            return None
        if frame.index < reading.next_index:
            self._track.put(_Picture(reading, reader, frame, None))
            return None
        reading.next_index = frame.index + 1
        return frame

    def _restart(self, reading: _Reading, death: ChildDied) -> None:
        """A decoder that died is started again once, from the picture it owed us."""
        if reading.restarted:
            return self._close(reading, death)
        self.control.notice(f"{death}; started again once from there")
        reading.restarted = True
        self._ends.append(_End(reading, reading.reader, None))
        request = replace(reading.plan.request, resume_index=reading.next_index, wanted=())
        reading.reader = FrameReader(request, slots=self._slots)
        return None

    def _close(self, reading: _Reading, error: ReappearError | None) -> None:
        self._reading.remove(reading)
        report = reading.reader.report() if error is None else None
        self._outcomes[reading.plan.source] = Outcome(report, error)
        self._progress[reading.plan.source].state = "done" if error is None else "failed"
        self._ends.append(_End(reading, reading.reader, report))

    def _detect(self, batch: Sequence[_Ready]) -> None:
        """People in a batch, handed on in order; whatever ended meanwhile ends after its last pictures."""
        new = [(ready.frame.image, ready.news.part) for ready in batch if ready.news is not None]
        found = iter(self.detector.detect(*zip(*new, strict=True)) if new else [])
        for ready in batch:
            if ready.news is not None:
                ready.reading.glance = self._seen(ready, ready.news, next(found))
            self._track.put(_Picture(ready.reading, ready.reader, ready.frame, ready.reading.glance))
        ends, self._ends = self._ends, []
        for end in ends:
            self._track.put(end)

    def _seen(self, ready: _Ready, news: News, found: Detections) -> Glance:
        """Who is in a picture, where the detector has looked at what is new in it."""
        before = ready.reading.glance
        if news.part is not None and before is not None:
            after = before.after(news, found)
            if after is not None:
                return after
            (found,) = self.detector.detect([ready.frame.image])
        return Glance(news.seen, found)

    # track: its own thread -------------------------------------------------------------------------------------------

    def _track_items(self, items: Sequence[_Item]) -> None:
        for item in items:
            if isinstance(item, _Picture):
                self._track_picture(item)
            else:
                self._track_end(item)

    def _track_picture(self, item: _Picture) -> None:
        analysis = item.reading.analysis
        if item.glance is None:
            analysis.supply(item.frame)
        else:
            analysis.step(item.frame, item.glance.people, item.glance)
        item.reader.release(item.frame)
        progress = self._progress[analysis.source]
        progress.done_us, progress.frames, progress.tracklets = analysis.offset_us, analysis.frames, analysis.tracklets
        if analysis.due:
            self._commit.put(analysis.commit())

    def _track_end(self, item: _End) -> None:
        item.reader.close()
        analysis = item.reading.analysis
        if item.report is not None:
            self._commit.put(analysis.finish(item.report))
            self._progress[analysis.source].tracklets = analysis.tracklets
        elif item.reading.reader is item.reader:
            self._commit.put(analysis.commit())

    # embed and commit: its own thread --------------------------------------------------------------------------------

    def _commit_all(self, commits: Sequence[Commit]) -> None:
        vectors = self.embedder.embed_tracklets([t.crops for commit in commits for t in commit.closed])
        taken = 0
        for commit in commits:
            count = len(commit.closed)
            self.store.commit_progress(
                commit.source,
                closed=list(zip(commit.closed, vectors[taken : taken + count], strict=True)),
                model=self.embedder.model,
                checkpoint=commit.checkpoint,
                finished=commit.finished,
            )
            taken += count
