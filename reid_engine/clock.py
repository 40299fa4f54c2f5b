"""Time: where "now" comes from, and how a camera's own clock becomes UTC.

Two quantities only: *recorded* microseconds (what the camera's clock said) and *corrected* microseconds UTC. A frame
number is never a time, and a media time never leaves ``video``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
NO_TIME_BEFORE_US = 366 * DAY_US  # recorders without a set clock write 1904 or 1970


class Clock(Protocol):
    """Where the program asks what time it is."""

    def now_us(self) -> int:
        """Microseconds UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back, for rates and time-outs."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return time.monotonic()


@dataclass(slots=True)
class ManualClock:
    """A clock that a test moves by hand."""

    time_us: int = 0

    def now_us(self) -> int:
        return self.time_us

    def monotonic_s(self) -> float:
        return self.time_us / SECOND_US

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``."""
        self.time_us += round(seconds * SECOND_US)


@dataclass(frozen=True, slots=True)
class CameraClock:
    """How far a camera's clock is off.

    offset_us:      how much the clock is ahead of UTC at ``reference_us``: positive means it shows too late a time
    drift_ppm:      how much faster than true time it runs, in microseconds per second
    reference_us:   the recorded time at which the offset was read
    uncertainty_us: how far the reading may be off, either way
    zone:           IANA zone of the place, for people; times in the program are UTC
    """

    offset_us: int = 0
    drift_ppm: float = 0.0
    reference_us: int = 0
    uncertainty_us: int = 0
    zone: str = "UTC"

    def correct(self, recorded_us: int) -> int:
        """Recorded microseconds to corrected microseconds UTC."""
        drift = self.drift_ppm * 1e-6 * (recorded_us - self.reference_us)
        return recorded_us - self.offset_us - round(drift)

    def untimed(self, corrected_us: int) -> int | None:
        """How far into a recording of unknown start a moment lies, in microseconds; None for a moment of known time.

        A start that nobody knows counts from 1970 by the camera's own clock, and no recording is that old.
        """
        into_us = self.recorded(corrected_us)
        return max(0, into_us) if -SECOND_US < into_us < NO_TIME_BEFORE_US else None

    def recorded(self, corrected_us: int) -> int:
        """The recorded time whose correction is ``corrected_us`` (to within a microsecond or two)."""
        rate = 1.0 - self.drift_ppm * 1e-6
        elapsed = (corrected_us + self.offset_us - self.reference_us) / rate
        return self.reference_us + round(elapsed)

    @classmethod
    def from_readings(
        cls,
        shown_us: int,
        true_us: int,
        *,
        later: tuple[int, int] | None = None,
        uncertainty_us: int = SECOND_US,
        zone: str = "UTC",
    ) -> CameraClock:
        """A clock from one reading (shown, true), or from two, which also give the drift."""
        drift = 0.0
        if later is not None:
            if later[0] == shown_us:
                raise ValueError("the two readings are of the same moment")
            gained = (later[0] - later[1]) - (shown_us - true_us)
            drift = gained / (later[0] - shown_us) * 1e6
        return cls(shown_us - true_us, drift, shown_us, uncertainty_us, zone)
