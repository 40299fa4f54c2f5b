"""A run told to a person: one line that is rewritten, with the time that is left; notices and tests stay."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

INTERVAL_S = 0.2
WIDTH = 24  # of the bar, characters


class Bar:
    """A reporter for a terminal; where the stream is none, a line a test instead of a bar."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = 0.0
        self._open = False

    def event(self, kind: str, **fields: Any) -> None:
        if kind == "progress":
            if self._stream.isatty() and time.monotonic() - self._shown > INTERVAL_S:
                self._shown, self._open = time.monotonic(), True
                self._stream.write("\r" + line(fields) + "\x1b[K")
                self._stream.flush()
            return
        if self._open:
            self._stream.write("\n")
            self._open = False
        said = fields.get("message") or ", ".join(f"{key} {_short(value)}" for key, value in fields.items())
        self._stream.write(f"{kind}: {said}\n")
        self._stream.flush()


def line(progress: dict[str, Any]) -> str:
    """``train [#####.....]  12 of 40 epochs, loss 3.2, lr 0.0003, 4 min left``."""
    done, total = progress.get("done", 0), progress.get("total") or 0
    share = min(1.0, done / total) if total else 0.0
    bar = ("#" * round(share * WIDTH)).ljust(WIDTH, ".")
    told = [f"{progress.get('stage', '')} [{bar}] {done} of {total or '?'}"]
    if "epoch" in progress:
        told.append(f"epoch {progress['epoch']:.2f} of {progress['epochs']}")
    told += [f"{key} {_short(progress[key])}" for key in ("loss", "lr") if key in progress]
    if progress.get("eta_s") is not None:
        told.append(f"{time_left(progress['eta_s'])} left")
    return ", ".join(told)


def time_left(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
