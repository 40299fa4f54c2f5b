"""A run told to a person: one line that is rewritten, with the time that is left; notices and tests stay.

Where nobody watches (a file, a scheduler's log) the line is written anew now and then.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

INTERVAL_S = 0.2
LOG_INTERVAL_S = 30.0  # between the lines of a log
WIDTH = 24  # of the bar, characters
FIGURES = {"mAP": "mAP", "rank1": "rank-1", "rank5": "rank-5", "rank10": "rank-10", "rank20": "rank-20"}


class Bar:
    """A reporter for a terminal; where the stream is none, a line of the first step and now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = -LOG_INTERVAL_S
        self._open = False
        self._stage = ""

    def event(self, kind: str, **fields: Any) -> None:
        if kind == "progress":
            self._progress(fields)
            return
        if self._open:
            self._stream.write("\n")
            self._open = False
        self._stream.write(f"{said(kind, fields)}\n")
        self._stream.flush()

    def _progress(self, fields: Mapping[str, Any]) -> None:
        watched, now = self._stream.isatty(), time.monotonic()
        begun, self._stage = fields.get("stage") == "train" != self._stage, str(fields.get("stage"))
        if not begun and now - self._shown < (INTERVAL_S if watched else LOG_INTERVAL_S):
            return
        self._shown, self._open = now, watched
        if watched:  # a longer line than the terminal's would not be rewritten, but pile up
            self._stream.write("\r" + line(fields)[: shutil.get_terminal_size().columns - 1] + "\x1b[K")
        else:
            self._stream.write(line(fields, bar=False) + "\n")
        self._stream.flush()


def line(progress: Mapping[str, Any], *, bar: bool = True) -> str:
    """``train [#####.....] 60 of 200, 4 min left, epoch 12.00 of 40, loss 3.2 (identity 2.1, triplet 1.1), ..``."""
    done, total = progress.get("done", 0), progress.get("total") or 0
    drawn = f"[{('#' * round(min(1.0, done / max(total, 1)) * WIDTH)).ljust(WIDTH, '.')}] " if bar else ""
    told = [f"{progress.get('stage', '')} {drawn}{done} of {total or '?'}"]
    if progress.get("eta_s") is not None:
        told.append(f"{time_left(progress['eta_s'])} left")
    if "epoch" in progress:
        part = f" (stage {progress['part']} of {progress['parts']})" if "parts" in progress else ""
        told.append(f"epoch {progress['epoch']:.2f} of {progress['epochs']}{part}")
    if "loss" in progress:
        terms = ", ".join(f"{name} {_short(value)}" for name, value in progress.get("terms", {}).items())
        told.append(f"loss {_short(progress['loss'])}" + (f" ({terms})" if terms else ""))
    told += [f"lr {_short(progress['lr'])}"] if "lr" in progress else []
    told += [f"{progress['clips_a_second']:.3g} clips a second"] if "clips_a_second" in progress else []
    if best := progress.get("best"):
        told.append(f"best rank-1 {best['rank1']:.1%} (epoch {best['epoch']:g})")
    return ", ".join(told)


def said(kind: str, fields: Mapping[str, Any]) -> str:
    """Any other event as a line."""
    if "message" in fields:
        return f"{kind}: {fields['message']}"
    if kind == "evaluation":
        return f"test after epoch {fields.get('epoch', '?')}: {figures(fields)}, {time_left(fields.get('seconds', 0))}"
    if kind == "result" and "model" in fields:
        took = f"{fields['steps']} steps in {time_left(fields['seconds'])}, loss {_short(fields['first_loss'])} to "
        folder = Path(fields["model"]).parent
        return (
            f"done: {figures(fields['results'])}\n{took}{_short(fields['last_loss'])}\n"
            f"{fields['verdict']}\nthe model is {fields['model']}, the report {folder / 'report.html'}"
        )
    return f"{kind}: " + ", ".join(f"{key} {_short(value)}" for key, value in fields.items())


def figures(found: Mapping[str, Any]) -> str:
    """``mAP 61.2 %, rank-1 62.5 %, .. (16 queries, 32 in the gallery)``."""
    if not found.get("queries"):
        return "not tested"
    told = ", ".join(f"{name} {found[key]:.1%}" for key, name in FIGURES.items() if key in found)
    return f"{told} ({found['queries']} queries, {found['gallery']} in the gallery)"


def time_left(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
