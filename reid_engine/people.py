"""Who is here? Tracklets put together into likely people: by what was decided, by what is impossible, and by looks.

1. Whoever was decided to be the same, through any chain of decisions, is one from the start, with the mean of looks.
2. Two can be one person by their looks when by the model's calibration so few strangers come as near that of all who
   are put together half a one does (``reach``): the more tracklets, the nearer they have to be. A share of strangers
   alone would not do: one in a hundred passes as *strong*, which among a thousand tracklets is ten strangers each.
3. Pairs are struck out who were decided to be different, whom one picture shows apart, and who would have been in two
   places at once or faster between cameras than anybody is (see ``topology``).
4. What is left is put together so that every two of a group are such a pair (``grouping``).

A group is a likely person, not a decision: one person is often several groups, and somebody who looks very much alike
can be among them. Nothing is decided by it, and the same case gives the same groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_engine.camera_bias import CameraBias
from reid_engine.errors import UsageError
from reid_engine.grouping import NearPairs, Rows, grouped, near_pairs
from reid_engine.index import VectorIndex
from reid_engine.jobs import JobControl
from reid_engine.journey import people, topology
from reid_engine.ranking import unit_length
from reid_engine.search import NOBODY_PASSES, bias_of, calibration_of, centre_of
from reid_engine.store import ANYBODY, Decision, Spans, Store, TrackletFilter
from reid_engine.topology import Topology, seen_apart
from reid_engine.types import BANDS, CameraId, TrackletId, Vectors

MOST = 20_000  # tracklets: their distances take seconds
STRANGERS = 0.5  # who may come as near to a tracklet, of all that are put together; chosen in docs/accuracy.md
PAIRS_AT_ONCE = 256  # whose boxes are read together

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Group:
    """A likely person.

    tracklets:        by start
    face:             whose best crop is the best
    cameras:          ascending
    start_us, end_us: corrected microseconds UTC, from the first to the last
    decided:          held together by decisions alone
    """

    tracklets: tuple[TrackletId, ...]
    face: TrackletId
    cameras: tuple[CameraId, ...]
    start_us: int
    end_us: int
    decided: bool


@dataclass(frozen=True, slots=True)
class LikelyPeople:
    """Groups, those first who were seen by most cameras, then in most tracklets, then first; single ones too."""

    groups: tuple[Group, ...]
    notes: tuple[str, ...] = field(default=())


def likely_people(
    store: Store,
    index: VectorIndex,
    where: TrackletFilter = ANYBODY,
    bias: CameraBias | None = None,
    control: JobControl | None = None,
) -> LikelyPeople:
    """Everybody who passes ``where``, each in one group. ``bias`` is that of this very index, where it is known.

    Raises UsageError for more than ``MOST`` tracklets, JobCancelled.
    """
    numbers = store.find(where)
    if len(numbers) > MOST:
        raise UsageError(
            f"{len(numbers)} tracklets are more than the {MOST} that can be put together at once; "
            "choose a time or some of the cameras"
        )
    if not len(numbers):
        return LikelyPeople((), (NOBODY_PASSES,))
    sight, said = _Sight(store, numbers), _Said(store.decisions(), numbers)
    notes = sight.contradictions(said)
    seen = np.isin(numbers, index.ids)
    nodes = said.nodes
    known = [place for place, rows in enumerate(nodes) if seen[rows].any()]  # of whom it is known how they look
    joined = [[place] for place in range(len(nodes))]
    calibration = calibration_of(store, index.model)
    if calibration is None:
        notes.append(f"the model {index.model} is not calibrated, so tracklets are put together by decisions alone")
    elif known:
        of = [nodes[place] for place in known]
        vectors = _looks(store, index, bias, sight.spans, of, seen)
        check = (lambda: None) if control is None else control.check
        pairs = near_pairs(index.distance, vectors, reach(calibration, len(known)), check=check)
        possible = pairs[~(said.apart(of, pairs) | sight.apart(of, pairs))]
        joined = [[known[place] for place in group] for group in grouped(len(known), possible, check=check)]
        joined += [[place] for place in sorted({*range(len(nodes))} - {*known})]
        if not pairs.whole:
            notes.append(f"so many tracklets look alike that only the {len(pairs)} nearest pairs were gone by")
    if not seen.all():
        alone = int((~seen).sum())
        notes.append(f"{alone} tracklets have no vector of the model {index.model}, so their looks do not count")
    return LikelyPeople(sight.groups(nodes, joined), tuple(notes))


def reach(calibration: Mapping[str, Any], count: int) -> float:
    """The distance within which a tracklet meets ``STRANGERS`` of ``count`` strangers, and never beyond *strong*.

    Nearer than the bands, strangers' distances are taken to fall off as the normal distribution through the three does.
    """
    bands, shares = [float(calibration[name]) for name in BANDS], [*BANDS.values()]
    normal = NormalDist()
    slope, middle = np.polyfit([normal.inv_cdf(share) for share in shares], bands, 1)
    share = min(STRANGERS / count, shares[-1])
    return float(min(middle + slope * normal.inv_cdf(share), *bands))


def _looks(
    store: Store,
    index: VectorIndex,
    bias: CameraBias | None,
    spans: Spans,
    nodes: Sequence[Rows],
    seen: Flags,
) -> Vectors:
    """(N, D): of every node the mean of its tracklets, as the bands measure: without what cameras do, where they do."""
    rows = np.flatnonzero(seen)
    vectors = index.vectors(spans.id[rows])
    if centre_of(calibration_of(store, index.model)) is not None:
        bias = bias_of(store, index) if bias is None else bias
        vectors = bias.off(vectors, spans.camera[rows].tolist())
    place = np.cumsum(seen) - 1  # of a row among those that have a vector
    found: Vectors = np.stack([vectors[place[own[seen[own]]]].mean(0) for own in nodes])
    return unit_length(found) if index.distance == "cosine" else found


class _Said:
    """What people decided of the tracklets ``numbers``, also through others that did not pass the filter.

    nodes:  rows of everybody who is one by decisions, and of those alone; ascending, by their first
    denied: pairs who were decided to be different, and are one by other decisions
    """

    def __init__(self, decisions: Sequence[Decision], numbers: NDArray[np.int64]) -> None:
        self._row = {number: row for row, number in enumerate(numbers.tolist())}
        self._person = {int(number): min(members) for members in people(decisions) for number in members}
        said = [(int(d.probe), int(d.candidate)) for d in decisions if d.verdict == "different"]
        self._different = {frozenset(map(self._root, pair)) for pair in said}
        self.denied = [pair for pair in said if self._root(pair[0]) == self._root(pair[1])]
        together: dict[int, list[int]] = defaultdict(list)
        for number, row in self._row.items():
            together[self._root(number)].append(row)
        self.nodes = [np.array(rows, np.int64) for rows in together.values()]

    def _root(self, number: int) -> int:
        return self._person.get(number, number)

    def apart(self, nodes: Sequence[Rows], pairs: NearPairs) -> Flags:
        """(P,) True for those who were decided to be different."""
        if not self._different:
            return np.zeros(len(pairs), bool)
        of = {row: number for number, row in self._row.items()}
        roots = [self._root(of[int(rows[0])]) for rows in nodes]
        both = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
        return np.array([frozenset((roots[one], roots[other])) in self._different for one, other in both], bool)

    def shown(self, number: int) -> bool:
        """Whether a tracklet passed the filter."""
        return number in self._row


class _Sight:
    """When and where the tracklets ``numbers`` were seen, and who therefore are two people."""

    def __init__(self, store: Store, numbers: NDArray[np.int64]) -> None:
        self._store = store
        self.spans = store.spans([TrackletId(number) for number in numbers.tolist()])
        self._least_us, self._place = _travel(topology(store), self.spans.camera)

    def apart(self, nodes: Sequence[Rows], pairs: NearPairs) -> Flags:
        """(P,) True for nodes of whom a tracklet of the one cannot be the person of one of the other."""
        sizes = np.array([len(rows) for rows in nodes], np.int64)
        first, second = np.array([rows[0] for rows in nodes], np.int64)[np.stack([pairs.first, pairs.second])]
        found = self._impossible(first, second)
        for place in np.flatnonzero((sizes[pairs.first] > 1) | (sizes[pairs.second] > 1)).tolist():
            both = [*product(nodes[pairs.first[place]].tolist(), nodes[pairs.second[place]].tolist())]
            found[place] = self._impossible(*np.array(both, np.int64).T).any()
        return found

    def contradictions(self, said: _Said) -> list[str]:
        """Sentences about those who are one by decisions and cannot be by others, or by what was seen."""
        found = [
            f"tracklets {min(pair)} and {max(pair)} were decided to be different, and are one person by other decisions"
            for pair in said.denied
            if said.shown(pair[0]) or said.shown(pair[1])
        ]
        for rows in said.nodes:
            pairs = np.array([*combinations(rows.tolist(), 2)], np.int64).reshape(-1, 2)
            wrong = pairs[self._impossible(*pairs.T)]
            for one, other in self.spans.id[wrong].tolist():
                found.append(
                    f"tracklets {one} and {other} were decided to be one person, and cannot be by time and place"
                )
        return found

    def _impossible(self, first: Rows, second: Rows) -> Flags:
        """(P,) True for rows of tracklets that are two people by time and place."""
        start, end, camera = self.spans.start_us, self.spans.end_us, self.spans.camera
        gap_us = np.maximum(start[first], start[second]) - np.minimum(end[first], end[second])
        least_us = self._least_us[self._place[first], self._place[second]]
        found: Flags = (least_us >= 0) & ((gap_us <= 0) | (gap_us < least_us))
        beside = np.flatnonzero((camera[first] == camera[second]) & (gap_us <= 0) & ~found)
        for at in range(0, len(beside), PAIRS_AT_ONCE):
            some = beside[at : at + PAIRS_AT_ONCE]
            numbers = np.unique(self.spans.id[np.concatenate([first[some], second[some]])]).tolist()
            boxes = {int(tracklet.id): tracklet for tracklet in self._store.tracklets(numbers)}
            both = zip(self.spans.id[first[some]].tolist(), self.spans.id[second[some]].tolist(), strict=True)
            found[some] = [seen_apart(boxes[one], boxes[other]) for one, other in both]
        return found

    def groups(self, nodes: Sequence[Rows], joined: Iterable[Sequence[int]]) -> tuple[Group, ...]:
        """What a person is shown, in order."""
        quality = self._store.qualities([TrackletId(number) for number in self.spans.id.tolist()])
        made = (self._group([nodes[place] for place in places], quality) for places in joined)
        return tuple(sorted(made, key=lambda g: (-len(g.cameras), -len(g.tracklets), g.start_us, min(g.tracklets))))

    def _group(self, nodes: Sequence[Rows], quality: Mapping[TrackletId, float]) -> Group:
        rows = np.concatenate(nodes)
        start, end, number = (column[rows] for column in (self.spans.start_us, self.spans.end_us, self.spans.id))
        order = [TrackletId(one) for one in number[np.lexsort((number, end, start))].tolist()]
        return Group(
            tracklets=tuple(order),
            face=min(order, key=lambda one: (-quality[one], one)),
            cameras=tuple(CameraId(one) for one in np.unique(self.spans.camera[rows]).tolist()),
            start_us=int(start.min()),
            end_us=int(end.max()),
            decided=len(nodes) == 1 and len(rows) > 1,
        )


def _travel(topology: Topology, cameras: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """(C, C) the least time between cameras that are apart, -1 for all others; and (N,) each tracklet's place in it."""
    names, place = np.unique(cameras, return_inverse=True)
    least_us = np.full((len(names), len(names)), -1, np.int64)
    for pair, time_us in topology.apart.items():
        if pair <= {*names.tolist()}:
            ends = np.searchsorted(names, sorted(pair))
            least_us[ends[0], ends[-1]] = least_us[ends[-1], ends[0]] = time_us
    return least_us, place
