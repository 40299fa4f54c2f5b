"""A line on standard error that says how far long work is and when it will be done."""

from __future__ import annotations

import sys
import time
from typing import TextIO

BAR = 28
BETWEEN_S = 0.5


class Progress:
    """Counts ``total`` equal steps; draws a bar where people watch, and only the end where a file is written."""

    def __init__(self, title: str, total: int, out: TextIO | None = None) -> None:
        self.title, self.total, self.count = title, max(total, 1), 0
        self._out = sys.stderr if out is None else out
        self._begun = self._drawn = time.monotonic()

    def step(self, count: int = 1) -> None:
        """So many steps are done."""
        self.count += count
        now = time.monotonic()
        if self._out.isatty() and now - self._drawn >= BETWEEN_S:
            self._drawn = now
            self._out.write(f"\r{self.line(now - self._begun)}")
            self._out.flush()

    def line(self, passed_s: float) -> str:
        """What is shown after so many seconds."""
        share = min(self.count / self.total, 1.0)
        full = round(BAR * share)
        left = passed_s / share * (1 - share) if share > 0 else 0.0
        bar = "█" * full + "·" * (BAR - full)
        return f"{self.title} {bar} {100 * share:3.0f} %  {_clock(passed_s)} gone, about {_clock(left)} to go"

    def done(self) -> None:
        """Everything is done."""
        self._out.write(("\r" if self._out.isatty() else "") + f"{self.title}: {self.count} of {self.total} done\n")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
