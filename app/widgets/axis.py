"""Marks on an axis of time: where they are, and what is written at them."""

from __future__ import annotations

from app import local_time
from reid_engine.clock import DAY_US, CameraClock

TICK_PX = 90  # from one mark to the next, at the least, at a text of 100 %
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 604800, 2592000,
           7776000, 31536000, 157680000, 315360000)  # fmt: skip


def marks(limits: tuple[int, int], room_px: float, apart_px: float) -> range:
    """Round moments between two (microseconds), at least ``apart_px`` from one another where they have ``room_px``."""
    first, last = limits
    seconds = (last - first) / 1e6
    step_us = next((step for step in STEPS_S if seconds / step * apart_px <= room_px), STEPS_S[-1]) * 1_000_000
    return range(-(-first // step_us) * step_us, last + 1, step_us)


def place(x: float, width: float, room_px: float) -> float:
    """Where words of this width begin at a mark: in its middle, or beside it rather than cut at the end of the room."""
    return min(x - width / 2, room_px - width)


def words(moment: int, among: range, clock: CameraClock) -> str:
    """A mark's day where marks are days apart, else its time of day; how far into a recording of unknown time."""
    into_us = clock.untimed(moment)
    if into_us is not None:
        return local_time.length(into_us)
    return (local_time.day if among.step >= DAY_US else local_time.clock_time)(moment, clock.zone)
