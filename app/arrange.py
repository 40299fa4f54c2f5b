"""A ranking, or everybody, in the order and the sections in which it is shown: pure functions, for a lane, tested
without a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from app import local_time
from app.words import Later, tr
from reid_engine.clock import CameraClock
from reid_engine.types import BandName, CameraId, Match, Seen, TrackletId, Verdict

if TYPE_CHECKING:
    from reid_engine.people import Group as LikelyPerson

Sort: TypeAlias = Literal["rank", "earliest", "latest", "longest"]
Group: TypeAlias = Literal["band", "camera", "hour", "person", "none"]

BAND_WORDS: dict[BandName | None, str] = {
    "strong": Later("Strong"), "possible": Later("Possible"), "weak": Later("Weak"), "none": Later("Unlikely"),
    None: Later("Not calibrated"),
}  # fmt: skip
BAND_TIPS: dict[BandName | None, str] = {
    "strong": Later("At most 1 % of strangers come as near as this."),
    "possible": Later("At most 5 % of strangers come as near as this."),
    "weak": Later("At most 20 % of strangers come as near as this."),
    "none": Later("More than 20 % of strangers come as near as this."),
    None: Later("This network has no calibration: the order means something, the distance alone does not."),
}
BAND_ORDER: tuple[BandName | None, ...] = ("strong", "possible", "weak", "none", None)
LINE = Later("5 % of strangers come nearer than this (held-out test)")
PERSON = "person "  # begins the key of a likely person's part,
FACES = 4  # which shows so many cards, and all when they are asked for
MANY_WEAK = 60  # more than so many, beside stronger ones, are folded away until somebody asks for them


@dataclass(frozen=True, slots=True)
class Label:
    """How a camera is named: its name, letter, place in the case's list, zone and clock."""

    name: str
    letter: str
    position: int
    zone: str
    clock: CameraClock = field(default_factory=CameraClock)


NO_CAMERA = Label("?", "?", 0, "UTC")


@dataclass(frozen=True, slots=True)
class Section:
    """``count`` cards from ``first`` under one heading. hidden: how many more are folded away; line: drawn above it."""

    key: str
    title: str
    first: int
    count: int
    hidden: int = 0
    line: str = ""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is shown. place: the row of every shown tracklet."""

    matches: Sequence[Seen] = ()
    sections: tuple[Section, ...] = ()
    place: Mapping[TrackletId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants to see a ranking, or everybody: they have no rank and no band.

    opened: keys of the parts that are shown whole, of those that fold; plausible: without doubts
    """

    sort: Sort = "rank"
    group: Group = "band"
    opened: frozenset[str] = frozenset()
    plausible: bool = False


def arranged(
    matches: Sequence[Seen],
    verdicts: Mapping[TrackletId, Verdict],
    labels: Mapping[CameraId, Label],
    wish: Wish | None = None,
    people: Sequence[LikelyPerson] = (),
) -> Arrangement:
    """Order, parts and headings. Everything is in it that ``wish`` does not fold away.

    people: who is put together where they are grouped by person, in order
    """
    wish = Wish() if wish is None else wish
    shown = [match for match in matches if not (wish.plausible and _doubtful(match))]
    if wish.sort == "longest":
        shown.sort(key=lambda seen: seen.start_us - seen.end_us)
    elif wish.sort != "rank":
        shown.sort(key=lambda seen: seen.start_us, reverse=wish.sort == "latest")
    parts: dict[Any, list[Seen]] = {}
    key = _by_person(people, labels) if wish.group == "person" else _key(wish.group, verdicts, labels)
    for match in shown:
        parts.setdefault(key(match), []).append(match)
    latest_first = wish.group == "hour" and wish.sort == "latest"
    order = sorted(parts, reverse=latest_first) if wish.group != "none" else list(parts)
    return _laid_out([(where, parts[where]) for where in order], wish)


def _doubtful(match: Seen) -> bool:
    return isinstance(match, Match) and any(flag not in ("confirmed", "rejected") for flag in match.flags)


def _key(
    group: Group, verdicts: Mapping[TrackletId, Verdict], labels: Mapping[CameraId, Label]
) -> Callable[[Seen], tuple[Any, ...]]:
    """(order, key, title) of a match's section."""

    def band(match: Seen) -> tuple[Any, ...]:
        assert isinstance(match, Match)
        verdict = verdicts.get(match.tracklet)
        if verdict == "same":
            return (-1, "confirmed", tr("Confirmed"))
        if verdict == "different":
            return (9, "rejected", tr("Rejected"))
        return (BAND_ORDER.index(match.band), match.band or "", tr(BAND_WORDS[match.band]))

    def camera(match: Seen) -> tuple[Any, ...]:
        label = labels.get(match.camera, NO_CAMERA)
        return (label.position, f"camera {match.camera}", f"{label.letter}   {label.name}")

    def hour(match: Seen) -> tuple[Any, ...]:
        label = labels.get(match.camera, NO_CAMERA)
        if label.clock.untimed(match.start_us) is not None:
            return ("", "timeless", tr("Time unknown"))
        zone = label.zone
        begins = local_time.local(match.start_us, zone).replace(minute=0, second=0, microsecond=0)
        return (
            begins.isoformat(),
            f"hour {begins.isoformat()}",
            tr("{day}  {hour} h").format(day=f"{begins:%Y-%m-%d}", hour=f"{begins:%H}"),
        )

    return {"band": band, "camera": camera, "hour": hour, "none": lambda _: (0, "all", "")}[group]


def _by_person(people: Sequence[LikelyPerson], labels: Mapping[CameraId, Label]) -> Callable[[Seen], tuple[Any, ...]]:
    """(order, key, title) of somebody's section: likely people first, then all who are put together with nobody."""
    several = [person for person in people if len(person.tracklets) > 1]
    alone = (len(several), "alone", tr("Put together with nobody"))
    found: dict[TrackletId, tuple[Any, ...]] = {}
    for place, person in enumerate(several):
        letters = " ".join(labels.get(camera, NO_CAMERA).letter for camera in person.cameras)
        words = tr("Confirmed as one person   {letters}") if person.decided else tr("May be one person   {letters}")
        found.update(
            (number, (place, f"{PERSON}{person.face}", words.format(letters=letters))) for number in person.tracklets
        )
    return lambda seen: found.get(seen.tracklet, alone)


def _laid_out(parts: Sequence[tuple[tuple[Any, ...], list[Seen]]], wish: Wish) -> Arrangement:
    strong = any(key in ("confirmed", "strong", "possible") for (_, key, _), _ in parts)
    weak = sum(len(found) for (_, key, _), found in parts if key in ("weak", "none"))
    fold = wish.group == "band" and strong and weak > MANY_WEAK and wish.opened.isdisjoint(("weak", "none"))
    shown: list[Seen] = []
    sections: list[Section] = []
    drawn = False
    for (_, key, title), found in parts:
        beyond = wish.group == "band" and key in ("weak", "none")
        line = tr(LINE) if beyond and not drawn else ""
        drawn = drawn or beyond
        most = FACES if key.startswith(PERSON) and key not in wish.opened else len(found)
        kept = [] if fold and beyond else found[:most]
        sections.append(Section(key, title, len(shown), len(kept), len(found) - len(kept), line))
        shown += kept
    return Arrangement(shown, tuple(sections), {match.tracklet: row for row, match in enumerate(shown)})
