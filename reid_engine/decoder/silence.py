"""How long somebody who owes a word has been silent."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_STEP_S = 2.0  # between two looks; more is our own absence: a pause, a machine asleep, a long calculation


class Silence:
    """Seconds of silence, counted only while a word is owed and somebody listens for it."""

    def __init__(self, monotonic_s: Callable[[], float] | None = None) -> None:
        self._monotonic_s = time.monotonic if monotonic_s is None else monotonic_s
        self._looked_s = self._monotonic_s()
        self.seconds = 0.0

    def broken(self) -> None:
        """A word has come, or none is owed from now on."""
        self._looked_s, self.seconds = self._monotonic_s(), 0.0

    def look(self) -> float:
        """A word is still owed: the seconds since the last one."""
        now = self._monotonic_s()
        self.seconds += min(now - self._looked_s, LONGEST_STEP_S)
        self._looked_s = now
        return self.seconds
