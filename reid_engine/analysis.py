"""One source on its way from pictures to tracklets, and the checkpoint from which it can go on."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from reid_engine.clock import SECOND_US, Clock
from reid_engine.glance import Glance
from reid_engine.settings import Settings
from reid_engine.tracking import ByteTracker
from reid_engine.tracklets import TrackletBuilder
from reid_engine.types import ClosedTracklet, Detections, Frame, SourceId, SourceReport, State

FORMAT = 3
COMMIT_INTERVAL_S = 1.0
COMMIT_TRACKLETS = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything a source needs to go on: the next picture to analyse, the counts so far, the states of its stages.

    glance: what the last detected picture showed, see ``glance``
    """

    next_index: int
    frames: int
    tracklets: int
    offset_us: int
    tracker: State
    builder: State
    glance: State

    def to_bytes(self) -> bytes:
        """Named arrays in one block; no pickles."""
        numbers = np.array([FORMAT, self.next_index, self.frames, self.tracklets, self.offset_us], np.int64)
        states = {"tracker": self.tracker, "builder": self.builder, "glance": self.glance}
        arrays = {f"{stage}.{key}": array for stage, state in states.items() for key, array in state.items()}
        block = io.BytesIO()
        np.savez(block, allow_pickle=False, numbers=numbers, **arrays)
        return block.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Checkpoint:
        """Raises ValueError for a block that this version cannot read."""
        with np.load(io.BytesIO(data), allow_pickle=False) as block:
            form, next_index, frames, tracklets, offset_us = (int(number) for number in block["numbers"])
            if form != FORMAT:
                raise ValueError(f"a checkpoint of format {form}; this program reads format {FORMAT}")
            states: dict[str, State] = {"tracker": {}, "builder": {}, "glance": {}}
            for name in block.files:
                stage, dot, key = name.partition(".")
                if dot:
                    states[stage][key] = block[name]
        return cls(next_index, frames, tracklets, offset_us, **states)


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction: closed tracklets, and either where to go on from or the report of the finished source."""

    source: SourceId
    closed: tuple[ClosedTracklet, ...]
    checkpoint: bytes | None
    finished: SourceReport | None


class SourceAnalysis:
    """Tracker and builder of one source, and what they closed since the last commit. One thread at a time."""

    def __init__(
        self, source: SourceId, *, rate: float, size: tuple[int, int], settings: Settings, clock: Clock
    ) -> None:
        self.source = source
        self.tracker = ByteTracker(settings.tracking, rate)
        self.builder = TrackletBuilder(settings.tracklets, size)
        # the tracker counts pictures, not time: after a hole in the recording it would go on where it was
        self._hole_us = round((settings.tracking.lost_s + 1 / rate) * SECOND_US)
        self.next_index = 0
        self.frames = 0
        self.tracklets = 0
        self.offset_us = 0
        self.glance: Glance | None = None
        self._closed: list[ClosedTracklet] = []
        self._clock = clock
        self._committed_s = clock.monotonic_s()

    def restore(self, checkpoint: Checkpoint) -> list[int]:
        """Go on from a checkpoint. Returns the indices of the pictures that ``supply`` must be given first."""
        self.tracker.restore(checkpoint.tracker)
        self.builder.restore(checkpoint.builder)
        self.next_index, self.frames = checkpoint.next_index, checkpoint.frames
        self.tracklets, self.offset_us = checkpoint.tracklets, checkpoint.offset_us
        self.glance = Glance.restored(checkpoint.glance) if checkpoint.glance else None
        return sorted(self.builder.wanted())

    def supply(self, frame: Frame) -> None:
        """A picture from before the checkpoint, for the pixels that open tracklets keep of it."""
        self.builder.supply(frame)

    def step(self, frame: Frame, detections: Detections, glance: Glance | None = None) -> None:
        """The next analysed picture. After a hole longer than a lost track waits, everybody is somebody new.

        glance: the detected picture that the next one is compared with, for the checkpoint
        """
        if self.frames and frame.offset_us - self.offset_us > self._hole_us:
            self.tracker.forget()
        self._take(self.builder.push(frame, self.tracker.update(detections)))
        self.frames += 1
        self.next_index = frame.index + 1
        self.offset_us = frame.offset_us
        self.glance = glance

    @property
    def due(self) -> bool:
        """True when it is time to commit."""
        waited_s = self._clock.monotonic_s() - self._committed_s
        return len(self._closed) >= COMMIT_TRACKLETS or waited_s >= COMMIT_INTERVAL_S

    def commit(self) -> Commit:
        """What closed since the last commit, with the checkpoint that belongs to it."""
        checkpoint = Checkpoint(
            self.next_index,
            self.frames,
            self.tracklets,
            self.offset_us,
            self.tracker.state(),
            self.builder.state(),
            {} if self.glance is None else self.glance.state(),
        )
        return Commit(self.source, self._hand_over(), checkpoint.to_bytes(), None)

    def finish(self, report: SourceReport) -> Commit:
        """The last commit: every open track ends here."""
        self._take(self.builder.finish())
        return Commit(self.source, self._hand_over(), None, report)

    def _take(self, closed: list[ClosedTracklet]) -> None:
        self._closed.extend(closed)
        self.tracklets += len(closed)

    def _hand_over(self) -> tuple[ClosedTracklet, ...]:
        closed, self._closed = tuple(self._closed), []
        self._committed_s = self._clock.monotonic_s()
        return closed
