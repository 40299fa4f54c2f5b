"""How long each stage takes on this machine, one after the other, on somebody's own recordings."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reid_engine.analysis import SourceAnalysis
from reid_engine.case import Case
from reid_engine.clock import SystemClock
from reid_engine.decoder import DecodeRequest, FrameReader, probe
from reid_engine.detection import PersonDetector
from reid_engine.embedding import Embedder
from reid_engine.errors import SourceError
from reid_engine.jobs import JobControl
from reid_engine.recordings import Recording
from reid_engine.search import SearchRequest
from reid_engine.settings import Settings
from reid_engine.store import NewSource
from reid_engine.types import ClosedTracklet, Detections, Frame, SourceId, SourceReport, TrackletId, Vectors

LONGEST_FRAMES = 400
SEARCHES = 20


@dataclass(frozen=True, slots=True)
class Timing:
    """One stage: ``count`` things (frames, tracklets, searches) in ``seconds``."""

    stage: str
    unit: str
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Things a second."""
        return self.count / self.seconds if self.seconds > 0 else 0.0


@dataclass
class Bench:
    """Times the stages of an ingest and a search; up to 400 pictures of every recording."""

    detector: PersonDetector
    embedder: Embedder
    settings: Settings
    control: JobControl
    timings: list[Timing] = field(default_factory=list)

    def run(self, recordings: Sequence[Recording]) -> list[Timing]:
        """All stages over all recordings. Raises SourceError when one cannot be read."""
        closed: list[ClosedTracklet] = []
        for number, recording in enumerate(recordings):
            frames = self._decode(recording, number)
            closed += self._track(recording, frames, self._detect(frames))
        with self._timed("embed", "tracklets", lambda: len(closed)):
            vectors = self.embedder.embed_tracklets([tracklet.crops for tracklet in closed])
        with tempfile.TemporaryDirectory() as folder, Case.create(Path(folder) / "case") as case:
            with self._timed("store", "tracklets", lambda: len(closed)):
                self._store(case, closed, vectors)
            self._search(case)
        return self.timings

    @contextmanager
    def _timed(self, stage: str, unit: str, count: Callable[[], int]) -> Iterator[None]:
        self.control.report(stage=stage)
        begun = time.perf_counter()
        yield
        self.timings.append(Timing(stage, unit, count(), time.perf_counter() - begun))

    def _decode(self, recording: Recording, number: int) -> list[Frame]:
        frames: list[Frame] = []
        request = DecodeRequest(recording.path, recording.kind, source=number)
        with FrameReader(request) as reader:
            first = reader.read()  # the start of the process is not decoding
            with self._timed("decode", "frames", lambda: len(frames)):
                while first is not None and len(frames) < LONGEST_FRAMES:
                    frames.append(Frame(number, first.index, first.offset_us, first.image.copy()))
                    reader.release(first)
                    first = reader.read()
        if not frames:
            raise SourceError(f"{recording.path}: not one picture could be read")
        return frames

    def _detect(self, frames: Sequence[Frame]) -> list[Detections]:
        found: list[Detections] = []
        step = self.detector.wanted_batch
        self.detector.detect([frame.image for frame in frames[:step]])  # compiling is not detecting
        with self._timed("detect", "frames", lambda: len(frames)):
            for first in range(0, len(frames), step):
                found += self.detector.detect([frame.image for frame in frames[first : first + step]])
        return found

    def _track(
        self, recording: Recording, frames: Sequence[Frame], found: Sequence[Detections]
    ) -> tuple[ClosedTracklet, ...]:
        info = probe(DecodeRequest(recording.path, recording.kind))
        analysis = SourceAnalysis(
            SourceId(0),
            rate=info.rate,
            size=(info.width, info.height),
            settings=self.settings,
            clock=SystemClock(),
        )
        with self._timed("track", "frames", lambda: len(frames)):
            for frame, people in zip(frames, found, strict=True):
                analysis.step(frame, people)
            last = analysis.finish(SourceReport(len(frames), len(frames), None, frames[-1].offset_us))
        return last.closed

    def _store(self, case: Case, closed: Sequence[ClosedTracklet], vectors: Vectors) -> None:
        for number, (tracklet, vector) in enumerate(zip(closed, vectors, strict=True)):
            camera = case.store.camera(f"camera {number % 2}", create=True)
            name = f"recording {number}"
            source = case.store.add_source(
                NewSource(camera=camera.id, path=name, content_sha256=name, bytes=0, start_us=0)
            )
            case.store.commit_progress(
                source.id, closed=[(tracklet, vector)], model=self.embedder.model, checkpoint=None, finished=None
            )

    def _search(self, case: Case) -> None:
        ids = case.store.find()
        if not len(ids):
            return
        case.index(self.embedder.model, self.control)
        with self._timed("search", "searches", lambda: SEARCHES):
            for number in range(SEARCHES):
                which = TrackletId(int(ids[number % len(ids)]))
                case.search(SearchRequest(probe=which, model=self.embedder.model))
