"""Times as people read and type them. The program counts microseconds UTC; zones and formats live here only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.words import tr
from reid_engine.clock import CameraClock

DAY_FIRST = re.compile(r"^(\d\d)\.(\d\d)\.(\d{4})\b")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = datetime(1, 1, 2, tzinfo=UTC)  # of the calendar, with room for a zone before it, and behind the last
LAST = datetime(9999, 12, 31, tzinfo=UTC)


def local(time_us: int, zone: str) -> datetime:
    """The moment in the camera's zone; what lies beyond all calendars is their first or last day."""
    since = min(max(timedelta(microseconds=time_us), FIRST - EPOCH), LAST - EPOCH)
    return (EPOCH + since).astimezone(_place(zone))


def _place(zone: str) -> tzinfo:
    """The zone, or UTC, as what is shown then says, where this machine does not know it."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def date_and_time(time_us: int, zone: str) -> str:
    """``2026-11-03 14:03:22 CET``."""
    return local(time_us, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def clock_time(time_us: int, zone: str) -> str:
    """``14:03:22``."""
    return local(time_us, zone).strftime("%H:%M:%S")


def day(time_us: int, zone: str) -> str:
    """``2026-11-03``."""
    return local(time_us, zone).strftime("%Y-%m-%d")


def seen(time_us: int, clock: CameraClock, write: Callable[[int, str], str] = date_and_time) -> str:
    """A moment of a camera as ``write`` has it, in its zone; in a recording of unknown start, how far into it.

    ``clock_time`` stands where there is little room or the rest is said beside it: so do these words then.
    """
    into_us = clock.untimed(time_us)
    if into_us is None:
        return write(time_us, clock.zone)
    words = tr("{length} into it") if write is clock_time else tr("{length} into it, time unknown")
    return words.format(length=length(into_us))


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
    words = DAY_FIRST.sub(r"\3-\2-\1", text.strip()).split()
    if len(words) == 3 and not words[2][0].isdigit():
        words = words[:2]  # a zone's short name is ambiguous; the column's zone counts
    if len(words) == 2:
        words[1] = _padded(words[1])
    try:
        moment = datetime.fromisoformat(" ".join(words))
    except ValueError as error:
        raise ValueError(f"“{text}” is no time: write it as 2026-11-03 14:03:22") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_place(zone))
    return (moment - EPOCH) // timedelta(microseconds=1)


def iso(time_us: int) -> str:
    """ISO 8601 in UTC, as the command line takes it."""
    return local(time_us, "UTC").isoformat().replace("+00:00", "Z")


def ahead(offset_us: int) -> str:
    """How far a clock is ahead: ``+37 s``, ``-1:02:03``; a dash for a clock that is right."""
    if offset_us == 0:
        return "–"
    sign, seconds = "+" if offset_us > 0 else "-", abs(offset_us) / 1e6
    return f"{sign}{seconds:.10g} s" if seconds < 60 else f"{sign}{length(abs(offset_us))}"


def parse_ahead(text: str) -> int:
    """``+37``, ``-3.5 s``, ``+1:02:03`` or a dash to microseconds; raises ValueError with a sentence."""
    plain = text.strip().removesuffix("s").strip()
    if plain in ("", "–", "-"):
        return 0
    sign = -1 if plain.startswith("-") else 1
    try:
        parts = [float(part) for part in plain.lstrip("+-").split(":")]
    except ValueError as error:
        raise ValueError(f"“{text}” is no difference: write it as +37, -3.5 or +1:02:03") from error
    seconds = sum(part * 60.0**place for place, part in enumerate(reversed(parts)))
    return round(sign * seconds * 1e6)


def parse_on(text: str, day_us: int, zone: str) -> int:
    """As ``parse``; a time without a day is on the day of ``day_us``, and hours alone are enough."""
    return parse(text, zone) if has_day(text) else _clock_on(text.strip(), local(day_us, zone), zone)


def has_day(text: str) -> bool:
    """True when a day is typed, as 2026-11-03 or 03.11.2026, and not a time alone."""
    return "-" in text or DAY_FIRST.match(text.strip()) is not None


def parse_near(text: str, near_us: int, zone: str) -> int:
    """As ``parse``; a time without a day is the one nearest to ``near_us``."""
    if has_day(text):
        return parse(text.strip(), zone)
    place = local(near_us, zone)
    found = [_clock_on(text.strip(), place + timedelta(days=days), zone) for days in (-1, 0, 1)]
    return min(found, key=lambda time_us: abs(time_us - near_us))


def _clock_on(text: str, day: datetime, zone: str) -> int:
    try:
        return parse(f"{day:%Y-%m-%d} {text}", zone)
    except ValueError as error:
        raise ValueError(f"“{text}” is no time: write it as 14:03:22 or 2026-11-03 14:03:22") from error


def _padded(clock: str) -> str:
    """``9:30`` and ``9`` as ``09:30`` and ``09:00``."""
    hour, *rest = clock.split(":")
    return ":".join([hour.zfill(2), *(rest or ["00"])])


def about(duration_us: int) -> str:
    """``about 14 min``: a length as nobody knows it exactly."""
    minutes = duration_us / 60e6
    if minutes < 1.5:
        return tr("about a minute") if minutes > 0.75 else tr("less than a minute")
    if minutes < 100:
        return tr("about {count} min").format(count=round(minutes))
    return tr("about {count} h").format(count=f"{minutes / 60:.1f}")
