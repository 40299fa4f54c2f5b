"""Which pictures are analysed: by their times, from the source's start, so that the choice is the same every time."""

from __future__ import annotations


class Selection:
    """Takes about ``fps`` pictures a second; None takes every one."""

    def __init__(self, fps: float | None) -> None:
        self._fps = fps
        self._last = -1

    def takes(self, offset_us: int) -> bool:
        """Whether to analyse the next picture; to be asked for every picture in order."""
        if self._fps is None:
            return True
        # Rounded, not cut: pictures at just the wanted rate stay apart although their times jitter.
        number = int(offset_us * self._fps / 1e6 + 0.5)
        if number == self._last:
            return False
        self._last = number
        return True
