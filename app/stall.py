"""How long the window's thread keeps people waiting: a timer that should come every few milliseconds, and by how much
it comes late."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer

INTERVAL_MS = 5
KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Delay:
    """Milliseconds by which events came late, over ``count`` events."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class StallMeter(QObject):
    """Measures the delay of the event loop it was made in, from ``start`` to ``stop``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._late_ms: deque[float] = deque(maxlen=KEPT)
        self._last = 0.0

    def start(self) -> None:
        """Begin a new measurement."""
        self._late_ms.clear()
        self._last = time.perf_counter()
        self._timer.start(INTERVAL_MS)

    def stop(self) -> None:
        """End it; ``delay`` keeps its numbers."""
        self._timer.stop()

    def delay(self) -> Delay:
        """What was seen so far."""
        if not self._late_ms:
            return Delay(0, 0.0, 0.0, 0.0)
        import numpy as np  # the first paint does without

        late = np.fromiter(self._late_ms, float)
        return Delay(len(late), float(np.percentile(late, 50)), float(np.percentile(late, 99)), float(late.max()))

    def _tick(self) -> None:
        now = time.perf_counter()
        self._late_ms.append(max(0.0, (now - self._last) * 1000 - INTERVAL_MS))
        self._last = now
