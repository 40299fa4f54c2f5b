"""How fast an ingest goes, in words that people use: multiples of real time, and when it will be done."""

from __future__ import annotations

from collections.abc import Sequence

from reid_engine.clock import SECOND_US, SystemClock
from reid_engine.jobs import JobControl
from reid_engine.pipeline import SourceProgress

REPORT_INTERVAL_S = 0.2
ENDED = ("done", "dropped", "failed")


class Pace:
    """Turns what the pipeline says of its sources into progress events, a few a second."""

    def __init__(self, control: JobControl) -> None:
        self._control = control
        self._clock = SystemClock()
        self._begun_s = self._clock.monotonic_s()
        self._last_s = self._begun_s - REPORT_INTERVAL_S
        self._paused_s = 0.0

    def report(self, sources: Sequence[SourceProgress]) -> None:
        """Say how far every source is. Time spent paused does not count against the rate."""
        now = self._clock.monotonic_s()
        if now - self._last_s < REPORT_INTERVAL_S:
            return
        self._last_s = now
        rate = self.rate(sources, now)
        self._control.report(
            stage="analyse",
            done=sum(source.done_us for source in sources) / SECOND_US,
            total=self.total_s(sources),
            frames=sum(source.frames for source in sources),
            tracklets=sum(source.tracklets for source in sources),
            rate=round(rate, 2),
            eta_s=self.eta_s(sources, rate),
            least_s=self.least_s(sources, rate),
            cameras=[self._camera(source) for source in sources],
        )
        self._paused_s += max(0.0, self._clock.monotonic_s() - now - REPORT_INTERVAL_S)

    def rate(self, sources: Sequence[SourceProgress], now_s: float) -> float:
        """Seconds of footage analysed in a second, over all sources, in this run."""
        done_us = sum(source.done_us - source.begun_us for source in sources)
        worked_s = now_s - self._begun_s - self._paused_s
        return done_us / SECOND_US / worked_s if worked_s > 0 else 0.0

    @staticmethod
    def total_s(sources: Sequence[SourceProgress]) -> float | None:
        """Seconds of footage in all; None while a source does not know its length."""
        lengths = [source.done_us if source.state in ENDED else source.duration_us for source in sources]
        known = [length for length in lengths if length is not None]
        return sum(known) / SECOND_US if len(known) == len(lengths) else None

    def eta_s(self, sources: Sequence[SourceProgress], rate: float) -> float | None:
        """Seconds until the end at this rate; None while nobody can know."""
        return None if self.total_s(sources) is None else self.least_s(sources, rate)

    @staticmethod
    def least_s(sources: Sequence[SourceProgress], rate: float) -> float | None:
        """Seconds that those take at this rate whose length is known; None before there is a rate."""
        left = [source.duration_us - source.done_us for source in sources
                if source.state not in ENDED and source.duration_us is not None]  # fmt: skip
        return round(sum(max(0, one) for one in left) / SECOND_US / rate, 1) if rate > 0 else None

    @staticmethod
    def _camera(source: SourceProgress) -> dict[str, object]:
        return {
            "source": source.source,
            "camera": source.camera,
            "file": source.file,
            "state": source.state,
            "done_us": source.done_us,
            "duration_us": source.duration_us,
            "frames": source.frames,
            "tracklets": source.tracklets,
        }
