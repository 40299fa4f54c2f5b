"""Whether a process wants a processor and gets none: work that takes what others leave over may get nothing at all."""

from __future__ import annotations

from collections import deque
from pathlib import Path

LOOKS = 6  # one after the other, a second apart
FED = 0.1  # of one processor, over these looks: whoever gets that is slow, not starved
TICKS = 100  # of a processor's second, in /proc on every Linux


class Starved:
    """Looks at one process now and then. ``look`` is to be called once a second."""

    def __init__(self, process: int) -> None:
        self._folder = Path(f"/proc/{process}")
        self._seen: deque[tuple[bool, float]] = deque(maxlen=LOOKS)

    def look(self) -> bool:
        """True when at every one of the last looks some thread could have run, and together they hardly did."""
        self._seen.append((self._wants(), self._used_s()))
        (_, first), (_, last) = self._seen[0], self._seen[-1]
        full = len(self._seen) == LOOKS
        return full and all(wants for wants, _ in self._seen) and last - first < FED * (LOOKS - 1)

    def _wants(self) -> bool:
        """Some thread runs or waits for its turn."""
        return any(stat(thread)[:1] == ["R"] for thread in _listed(self._folder / "task"))

    def _used_s(self) -> float:
        """Seconds of a processor that the process has had so far."""
        told = stat(self._folder)
        return (int(told[11]) + int(told[12])) / TICKS if len(told) > 12 else 0.0


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def stat(folder: Path) -> list[str]:
    """What the kernel says of a process or thread (its folder in /proc), from its state on; nothing once it is gone."""
    try:
        return (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []
