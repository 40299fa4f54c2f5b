"""When a recording starts: by hand, by its file name, or by its container, in that order.

Times of recorders are written in the camera's own zone; what comes out is microseconds UTC by the camera's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reid_engine.clock import NO_TIME_BEFORE_US
from reid_engine.errors import SettingsError, UsageError

CONTAINER_NOTE = "the start is the date inside the file; some recorders write the end or the export there"
Origin: TypeAlias = Literal["by hand", "file name", "container", "unknown"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST_YEAR = 9999  # of every calendar here; it and the first are out of reach, so that no zone leads over the edge
WIDEST_OFFSET = timedelta(hours=14)

_DATE = r"(?P<year>(?:19|20)\d\d)(?P<d>[-_.]?)(?P<month>\d\d)(?P=d)(?P<day>\d\d)"
_FRACTION = r"(?:[.,]?(?P<fraction>\d{3}(?:\d{3})?))?"
# The order decides: what names its zone comes before what merely looks like a date.
RECORDER_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "ISO 8601 with its zone",
        rf"(?<!\d){_DATE}T(?P<hour>\d\d)[:._-]?(?P<minute>\d\d)[:._-]?(?P<second>\d\d){_FRACTION}"
        r"(?P<zone>Z|[+-]\d\d[:.]?\d\d)(?!\d)",
    ),
    (
        "Pixel phones, which write UTC",
        rf"(?P<zone>PXL)_{_DATE}_(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d){_FRACTION}(?!\d)",
    ),
    (
        "UniFi Protect",
        r"(?<!\d)(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<year>20\d\d), (?P<hour>\d{1,2})\.(?P<minute>\d\d)"
        r"\.(?P<second>\d\d)(?: (?P<zone>UTC|GMT(?:[+-]\d{1,2}(?:[:.]?\d\d)?)?))?(?!\d)",
    ),
    (
        "Genetec",
        rf"(?<!\d){_DATE}[ _T-](?P<hour>\d\d)h(?P<minute>\d\d)m(?:in)?(?P<second>\d\d)s?",
    ),
    (
        "Hikvision, Dahua, Reolink, Axis, Milestone, Android and others",
        rf"(?<!\d){_DATE}[ _T.-]*(?P<hour>\d\d)(?P<t>[-_.:]?)(?P<minute>\d\d)(?P=t)(?P<second>\d\d){_FRACTION}"
        r"(?P<zone>Z)?(?!\d)",
    ),
    ("seconds or milliseconds since 1970", r"(?<!\d)(?P<epoch>1\d{9}(?:\d{3})?)(?!\d)"),
)
_NOT_A_CAMERA = re.compile(r"(?:^|[ _.-]+)(?:main|sub|DST|VID|IMG|PXL)$|^(?:VID|IMG|PXL)$")


@dataclass(frozen=True, slots=True)
class StartTime:
    """When a recording starts by its camera's clock, and how that is known.

    note:   a sentence for people where the answer is a choice or a guess, else empty
    camera: the name that the file name gives the camera, else empty
    writer: whose file names look like this one, else empty
    """

    start_us: int
    origin: Origin
    note: str = ""
    camera: str = ""
    writer: str = field(default="", compare=False)


def microseconds(moment: datetime) -> int:
    """A moment that knows its zone, as microseconds UTC, exactly."""
    return (moment - EPOCH) // MICROSECOND


def parse_time(text: str) -> int:
    """ISO 8601 with an offset to microseconds UTC; raises UsageError for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is no time: write it like 2026-11-03T14:02:11+01:00") from None
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} does not say its offset from UTC: write it like 2026-11-03T14:02:11+01:00 or ...Z")
    if not 1 < moment.year < LAST_YEAR:
        raise UsageError(f"{text!r} is no time that a camera could mean: write it like 2026-11-03T14:02:11+01:00")
    return microseconds(moment)


def decide_start(by_hand: int | None, name: StartTime | None, container_us: int | None) -> StartTime:
    """By hand beats the file name, which beats the container; without any, 0 for unknown, and a sentence."""
    camera = "" if name is None else name.camera
    if by_hand is not None:
        return StartTime(by_hand, "by hand", camera=camera)
    if name is not None:
        return name
    if container_us is not None and container_us >= NO_TIME_BEFORE_US:
        return StartTime(container_us, "container", CONTAINER_NOTE)
    note = "nothing says when it began: until somebody gives its start, its times are how far into it"
    return StartTime(0, "unknown", note)


def start_from_name(name: str, patterns: Sequence[str] = (), zone: str = "UTC") -> StartTime | None:
    """The start that a file name gives, or None.

    patterns: a site's own, tried first: regular expressions with the named groups year, month, day, hour, minute
              (second, fraction, zone) or epoch, and camera
    zone:     IANA zone of the camera, for times that do not name theirs

    Raises SettingsError for a pattern or zone that cannot be used.
    """
    place = zone_of(zone)
    for writer, match in _matches(name, patterns):
        found = _start(match, place)
        if found is not None:
            return replace(found, writer=writer)
    return None


def zone_of(name: str) -> ZoneInfo:
    """An IANA zone by its name. Raises SettingsError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"{name!r} is no time zone: write one like Europe/Berlin") from None


def _matches(name: str, patterns: Sequence[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for pattern in patterns:
        yield from (("this site's own pattern", match) for match in _compiled(pattern).finditer(name))
    for writer, pattern in RECORDER_PATTERNS:
        yield from ((writer, match) for match in re.finditer(pattern, name))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"name pattern {pattern!r} is no regular expression: {error}") from None
    names = compiled.groupindex.keys()
    if "epoch" not in names and not {"year", "month", "day", "hour", "minute"} <= names:
        raise SettingsError(
            f"name pattern {pattern!r} lacks named groups: it needs year, month, day, hour and minute, or epoch"
        )
    return compiled


def _start(match: re.Match[str], place: tzinfo) -> StartTime | None:
    groups = {key: text for key, text in match.groupdict().items() if text is not None}
    camera = _camera(match, groups)
    try:
        if "epoch" in groups:
            return StartTime(_epoch_us(groups["epoch"]), "file name", camera=camera)
        moment, note = _moment(groups, place)
        return StartTime(microseconds(moment), "file name", note, camera)
    except (ValueError, KeyError, OverflowError):
        return None  # the 31st of February: digits that are no date


def _epoch_us(digits: str) -> int:
    number = int(digits)
    scale = {13: 1_000, 16: 1}.get(len(digits), 1_000_000)
    if number * scale > microseconds(datetime(2100, 1, 1, tzinfo=UTC)):
        raise ValueError("no recording is from after 2100")
    return number * scale


def _moment(groups: dict[str, str], place: tzinfo) -> tuple[datetime, str]:
    year, month, day, hour, minute = (int(groups[key]) for key in ("year", "month", "day", "hour", "minute"))
    fraction = int(groups.get("fraction", "0").ljust(6, "0"))
    year += 2000 if year < 100 else 0
    naive = datetime(year, month, day, hour, minute, int(groups.get("second", "0")), fraction)
    if "zone" in groups:
        return naive.replace(tzinfo=timezone(_offset(groups["zone"]))), ""
    return naive.replace(tzinfo=place), _daylight_note(naive, place)


def _offset(text: str) -> timedelta:
    found = re.search(r"([+-])(\d{1,2})[:.]?(\d\d)?$", text)
    if found is None:
        return timedelta(0)
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > WIDEST_OFFSET:
        raise ValueError("no place on earth is that far from UTC")
    return -offset if found[1] == "-" else offset


def _daylight_note(naive: datetime, place: tzinfo) -> str:
    first, second = (naive.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None or first == second:
        return ""
    shown = f"{naive:%Y-%m-%d %H:%M:%S} in {place}"
    if first > second:
        return f"{shown} happened twice, the clocks went back; the first is taken, the second is {first - second} later"
    really = naive.replace(tzinfo=place).astimezone(UTC).astimezone(place)
    return f"{shown} never happened, the clocks went forward; it is read as {really:%H:%M:%S}"


def _camera(match: re.Match[str], groups: dict[str, str]) -> str:
    if "camera" in groups:
        return groups["camera"].strip()
    name = match.string[: match.start()].strip(" _.-")
    while (shorter := _NOT_A_CAMERA.sub("", name)) != name:
        name = shorter.strip(" _.-")
    return name
