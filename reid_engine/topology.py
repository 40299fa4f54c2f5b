"""Where a person can be at the same time, and how fast they can be elsewhere: what is known of pairs of cameras.

Only a pair of which somebody said ``apart`` raises flags: pictures of *unknown* cameras may well overlap. Flags make an
answer doubtful and never hide it, because clocks are off more often than people are in two places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

TWO_PLACES = "two-places"
TRAVEL_TIME = "travel-time"


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
class Topology:
    """The pairs that are ``apart``: (camera, camera) in either order to the least travel time in microseconds."""

    apart: dict[frozenset[int], int] = field(default_factory=dict)

    def flags(self, candidate: Presence, anchors: Iterable[Presence]) -> tuple[str, ...]:
        """What speaks against ``candidate`` being the person of ``anchors``, each flag once."""
        found: dict[str, None] = {}
        for anchor in anchors:
            least_us = self.apart.get(frozenset((candidate.camera, anchor.camera)))
            if least_us is None:
                continue
            gap_us = candidate.gap_us(anchor)
            if gap_us <= 0:
                found[TWO_PLACES] = None
            elif gap_us < least_us:
                found[TRAVEL_TIME] = None
        return tuple(found)
