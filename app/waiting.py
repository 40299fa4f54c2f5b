"""Rows that wait for Start, kept beside the case: whoever closes it finds them again, with names, times and clocks.

They are no part of the record: nothing of them is in the case until they are started. The file is plain JSON, and is
read as if a stranger had written it: what does not fit is left out, with a sentence.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.item_models.recordings import ORIGINS, WORDS, RecordingRow
from app.words import counted, tr
from reid_engine.clock import CameraClock

NAME = "waiting.json"
VERSION = 1
NUMBERS = ("start_us", "duration_us", "bytes")
TEXTS = ("camera", "origin", "remark", "writer")
LONGEST = 32_000_000  # bytes: more than any list of recordings
MOST_US = 1 << 57  # the year 6537; further off no calendar need go


@dataclass(frozen=True, slots=True)
class Reading:
    """What a camera's clock showed at a moment whose true time is known; microseconds UTC."""

    shown_us: int
    true_us: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that wait, top to bottom; clocks and readings of cameras that are not in the case yet, by name.

    problem: a sentence about what could not be read; empty while all is well
    """

    rows: tuple[RecordingRow, ...] = ()
    clocks: Mapping[str, CameraClock] = field(default_factory=dict)
    readings: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    problem: str = ""


def keep(case: Path, waiting: Waiting) -> None:
    """Write them down, whole or not at all; without rows the file goes. Raises OSError."""
    path = case / "jobs" / NAME
    if not waiting.rows:
        path.unlink(missing_ok=True)
        return
    kept = {
        "version": VERSION,
        "rows": [_plain(row) for row in waiting.rows],
        "clocks": {camera: asdict(clock) for camera, clock in waiting.clocks.items()},
        "readings": {
            camera: [[one.shown_us, one.true_us] for one in taken] for camera, taken in waiting.readings.items()
        },
    }
    half = path.with_suffix(".part")
    half.write_text(json.dumps(kept, ensure_ascii=True, indent=1), "utf-8")
    os.replace(half, path)


def kept(case: Path) -> Waiting:
    """What waits here, and is each file still there? Nothing where nothing was kept."""
    path = case / "jobs" / NAME
    try:
        if path.stat().st_size > LONGEST:
            raise ValueError("too long")
        told = json.loads(path.read_text("utf-8"))
        if told["version"] != VERSION:
            raise ValueError("of another version")
        rows, clocks, readings = told["rows"], dict(told["clocks"]), dict(told["readings"])
        found = [_row(one) for one in rows]
    except FileNotFoundError:
        return Waiting()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Waiting(problem=tr("The recordings that waited here could not be read again: add them once more."))
    good = [row for row in found if row is not None]
    lost = counted(len(found) - len(good), tr("1 recording"), tr("{count} recordings"))
    return Waiting(
        tuple(good),
        {camera: clock for camera, clock in ((name, _clock(one)) for name, one in clocks.items()) if clock is not None},
        {camera: _readings(taken) for camera, taken in readings.items()},
        tr("{lost} that waited here could not be read again.").format(lost=lost) if len(found) > len(good) else "",
    )


def _plain(row: RecordingRow) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in (*NUMBERS, *TEXTS)}
    return {"path": os.fsdecode(row.path), "kind": row.kind, "state": row.state, **fields}


def _row(told: Any) -> RecordingRow | None:
    """A row as it was kept, or None for what is none."""
    with suppress(LookupError, TypeError, ValueError):
        numbers = {name: told[name] for name in NUMBERS}
        texts = {name: told[name] for name in TEXTS}
        path, kind, state = told["path"], told["kind"], told["state"]
        whole = all(value is None or (type(value) is int and 0 <= value < MOST_US) for value in numbers.values())
        written = all(isinstance(value, str) for value in (*texts.values(), path))
        known = state in WORDS and kind in ("video", "folder") and texts["origin"] in ("", *ORIGINS)
        if whole and written and known and Path(path).is_absolute() and "\0" not in path:
            return _looked_up(RecordingRow(path=Path(path), kind=kind, state=state, **numbers, **texts))
    return None


def _looked_up(row: RecordingRow) -> RecordingRow:
    """A file may have gone since, or come back; one that could not be read is read once more."""
    if not row.path.exists():
        return replace(row, state="missing")
    if row.state == "missing":
        return replace(row, state=row.resting)
    return replace(row, state="reading") if row.state == "unreadable" else row


def _clock(told: Any) -> CameraClock | None:
    with suppress(TypeError, ValueError, KeyError, OSError):
        numbers, drift = [told[name] for name in ("offset_us", "reference_us", "uncertainty_us")], told["drift_ppm"]
        ZoneInfo(told["zone"])
        whole = all(type(value) is int and abs(value) < MOST_US for value in numbers)
        if whole and isinstance(drift, int | float) and math.isfinite(drift) and abs(drift) < 1e6:
            offset_us, reference_us, uncertainty_us = numbers
            return CameraClock(offset_us, float(drift), reference_us, uncertainty_us, told["zone"])
    return None


def _readings(told: Any) -> list[Reading]:
    pairs = [pair for pair in told if isinstance(pair, list) and [type(one) for one in pair] == [int, int]]
    return [Reading(*pair) for pair in pairs]
