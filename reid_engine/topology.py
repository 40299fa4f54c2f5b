"""Where a person can be at the same time, and how fast they can be elsewhere: what is known of pairs of cameras.

Only a pair of which somebody said ``apart`` raises flags: pictures of *unknown* cameras may well overlap. Flags make an
answer doubtful and never hide it, because clocks are off more often than people are in two places.

Of one camera more is known: whoever is seen at two places of one picture is two people (``seen_apart``). Tracklets that
merely overlap in time need not be: a detector may box one person twice, and two recordings may show the same minute.

Travel times are learned from what people confirmed: of every confirmed person the sightings in order of time, and of
every two that follow one another in different cameras the time between them (``learned``).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from reid_engine.clock import NO_TIME_BEFORE_US
from reid_engine.types import Tracklet

Flag: TypeAlias = Literal["two-places", "travel-time"]
TWO_PLACES: Flag = "two-places"
TRAVEL_TIME: Flag = "travel-time"
ENOUGH_WALKS = 3
TOUCH = 0.1  # of the smaller of two boxes: less in common is another place


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody in front of a camera: microseconds UTC, corrected, both ends included."""

    camera: int
    start_us: int
    end_us: int

    def gap_us(self, other: Presence) -> int:
        """Time between the two; negative when they overlap."""
        return max(self.start_us, other.start_us) - min(self.end_us, other.end_us)


@dataclass(frozen=True, slots=True)
class Travel:
    """What confirmed people took from one camera to another: of ``count`` walks the least, middle and longest time.

    people: how many of them walked
    """

    count: int
    least_us: int
    median_us: int
    most_us: int
    people: int = 0

    @property
    def usual(self) -> bool:
        """True when enough people walked so that it may be called usual."""
        return self.people >= ENOUGH_WALKS

    @property
    def doubtful_us(self) -> int:
        """A walk shorter than this is doubtful: half of the middle time, once ``ENOUGH_WALKS`` were seen; 0 before.

        One mistake among three does not move the middle one, so a wrong confirmation cannot excuse itself.
        """
        return self.median_us // 2 if self.count >= ENOUGH_WALKS else 0


@dataclass(frozen=True, slots=True)
class Topology:
    """The pairs that are ``apart``: (camera, camera) in either order to the least travel time in microseconds."""

    apart: dict[frozenset[int], int] = field(default_factory=dict)

    def flags(self, candidate: Presence, anchors: Iterable[Presence]) -> tuple[str, ...]:
        """What speaks against ``candidate`` being the person of ``anchors``, each flag once."""
        found = (self.flag(candidate, anchor) for anchor in anchors)
        return tuple(dict.fromkeys(flag for flag in found if flag is not None))

    def flag(self, one: Presence, other: Presence) -> Flag | None:
        """What speaks against two sightings being one person, or None."""
        least_us = self.apart.get(frozenset((one.camera, other.camera)))
        if least_us is None:
            return None
        gap_us = one.gap_us(other)
        return TWO_PLACES if gap_us <= 0 else TRAVEL_TIME if gap_us < least_us else None


def learned(journeys: Iterable[Sequence[Presence]]) -> dict[frozenset[int], Travel]:
    """Travel times of every pair of cameras, in either direction, from the sightings of confirmed people.

    Two sightings that overlap in time are no walk: such a pair of cameras sees the same place. Nor are two that lie
    further apart than any walk: the time of one of them is not known, and counts from 1970.
    """
    gaps: dict[frozenset[int], list[int]] = {}
    walkers: dict[frozenset[int], set[int]] = {}
    for number, sightings in enumerate(journeys):
        for one, other in pairwise(sorted(sightings, key=lambda seen: (seen.start_us, seen.end_us))):
            gap_us = other.start_us - one.end_us
            if one.camera != other.camera and 0 < gap_us < NO_TIME_BEFORE_US:
                pair = frozenset((one.camera, other.camera))
                gaps.setdefault(pair, []).append(gap_us)
                walkers.setdefault(pair, set()).add(number)
    return {
        pair: Travel(len(times), min(times), round(statistics.median(times)), max(times), len(walkers[pair]))
        for pair, times in gaps.items()
    }


def seen_apart(one: Tracklet, other: Tracklet) -> bool:
    """True when a picture shows both tracklets at places that hardly touch: then they are two people.

    A part of a body and the whole of it, or two boxes round one person, lie on one another in every picture.
    """
    if one.source != other.source:
        return False
    _, mine, theirs = np.intersect1d(one.time_us, other.time_us, return_indices=True)
    these, those = one.xyxy[mine], other.xyxy[theirs]
    sides = np.minimum(these[:, 2:], those[:, 2:]) - np.maximum(these[:, :2], those[:, :2])
    areas = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (these, those))
    return bool((sides.clip(0).prod(axis=1) < TOUCH * np.minimum(*areas)).any())
