"""Who belongs together by looks: groups of which every two are near one another.

Complete linkage over the pairs that are near enough, the nearest first: the distance of two groups is that of the two
farthest of them. A pair that cannot be one person is simply not among the pairs: then no group ever holds both, however
many others lie between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.ranking import distances
from reid_engine.types import DistanceName, Vectors

ROWS = 512  # of distances at a time
CHECKED = 1000  # pairs, about, between two looks at whether anybody still waits
MOST_PAIRS = 1_000_000  # that are kept: about 300 MB

Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NearPairs:
    """first, second: (P,) rows, first < second; distance: (P,); whole: False where only the nearest were kept."""

    first: Rows
    second: Rows
    distance: NDArray[np.float32]
    whole: bool = True

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> NearPairs:
        return NearPairs(self.first[kept], self.second[kept], self.distance[kept], self.whole)


def near_pairs(
    kind: DistanceName,
    vectors: Vectors,
    within: float,
    *,
    most: int = MOST_PAIRS,
    check: Callable[[], None] = lambda: None,
) -> NearPairs:
    """Every two of (N, D) that are at most ``within`` apart, or the ``most`` nearest of them; no matrix is ever whole.

    Ordered by distance, then row. ``check`` is called now and then, and may raise.
    """
    found = _together([], whole=True)
    fresh: list[NearPairs] = []
    for first in range(0, len(vectors), ROWS):
        check()
        far = distances(kind, vectors[first : first + ROWS], vectors[first:])
        rows, columns = np.nonzero(far <= within)
        kept = columns > rows
        rows, columns = rows[kept], columns[kept]
        fresh.append(NearPairs(rows + first, columns + first, far[rows, columns]))
        if sum(map(len, fresh)) > most:
            found, fresh = _nearest(_together([found, *fresh], whole=found.whole), most), []
    return _nearest(_together([found, *fresh], whole=found.whole), most)


def _together(parts: list[NearPairs], *, whole: bool) -> NearPairs:
    empty = np.empty(0, np.int64)
    rows = [np.concatenate([empty, *(getattr(part, side) for part in parts)]) for side in ("first", "second")]
    return NearPairs(rows[0], rows[1], np.concatenate([empty.astype(np.float32), *(p.distance for p in parts)]), whole)


def _nearest(pairs: NearPairs, most: int) -> NearPairs:
    order = np.lexsort((pairs.second, pairs.first, pairs.distance))[:most]
    kept = pairs[order]
    return NearPairs(kept.first, kept.second, kept.distance, pairs.whole and len(pairs) <= most)


def grouped(count: int, pairs: NearPairs, *, check: Callable[[], None] = lambda: None) -> list[list[int]]:
    """``count`` rows as groups of which every two rows are among ``pairs``; rows and groups ascending.

    Equally near ones are put together by their first rows, so the same pairs give the same groups. ``check`` is called
    now and then, and may raise.
    """
    waiting = list(zip(pairs.distance.tolist(), pairs.first.tolist(), pairs.second.tolist(), strict=True))
    near: list[dict[int, float]] = [{} for _ in range(count)]  # of a group, by its first row, how far others are
    for far, one, other in waiting:
        near[one][other] = near[other][one] = far
    members = [[row] for row in range(count)]
    heapify(waiting)
    while waiting:
        if not len(waiting) % CHECKED:
            check()
        far, one, other = heappop(waiting)
        if near[one].get(other) != far:  # one of them is part of another group by now, or reaches farther
            continue
        members[one] += members[other]
        members[other] = []
        for third, farthest in _of_both(near, one, other).items():
            near[one][third] = near[third][one] = farthest
            heappush(waiting, (farthest, min(one, third), max(one, third)))
    return [sorted(group) for group in members if group]


def _of_both(near: list[dict[int, float]], one: int, other: int) -> dict[int, float]:
    """How far those are from the two together who are near to both; all that was known of the two is taken out."""
    mine, theirs = near[one], near[other]
    near[one], near[other] = {}, {}
    for third in mine:
        near[third].pop(one, None)
    for third in theirs:
        near[third].pop(other, None)
    return {third: max(far, theirs[third]) for third, far in mine.items() if third in theirs}
