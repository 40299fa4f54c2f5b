"""Times as people read and type them. The program counts microseconds UTC; zones and formats live here only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(time_us: int, zone: str) -> datetime:
    """The moment in the camera's zone."""
    return (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(zone))


def date_and_time(time_us: int, zone: str) -> str:
    """``2026-11-03 14:03:22 CET``."""
    return local(time_us, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def clock_time(time_us: int, zone: str) -> str:
    """``14:03:22``."""
    return local(time_us, zone).strftime("%H:%M:%S")


def day(time_us: int, zone: str) -> str:
    """``2026-11-03``."""
    return local(time_us, zone).strftime("%Y-%m-%d")


def precise_time(time_us: int, zone: str) -> str:
    """``2026-11-03  14:03:22.480 CET``."""
    moment = local(time_us, zone)
    return f"{moment:%Y-%m-%d  %H:%M:%S}.{moment.microsecond // 1000:03d} {moment:%Z}"


def length(duration_us: int | None) -> str:
    """``1:02:03`` or ``2:03``; a dash for a length nobody knows yet."""
    if duration_us is None:
        return "–"
    minutes, seconds = divmod(round(duration_us / 1e6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def size(count: int | None) -> str:
    """``1.4 GB``."""
    if count is None:
        return "–"
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit in ("B", "KB") else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def parse(text: str, zone: str) -> int:
    """What a person typed, in the camera's zone unless it names an offset; microseconds UTC.

    Raises ValueError with a sentence when it is no time.
    """
    words = text.split()
    if len(words) == 3 and not words[2][0].isdigit():
        words = words[:2]  # a zone's short name is ambiguous; the column's zone counts
    try:
        moment = datetime.fromisoformat(" ".join(words))
    except ValueError as error:
        raise ValueError(f"“{text}” is no time: write it as 2026-11-03 14:03:22") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (moment - EPOCH) // timedelta(microseconds=1)


def iso(time_us: int) -> str:
    """ISO 8601 in UTC, as the command line takes it."""
    return (EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
