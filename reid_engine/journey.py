"""Where one person was: confirmed sightings in the order of time, what lies between them, and what does not fit.

A person is everybody who is the same by what people decided, through any chain of decisions: the connected part of the
graph of ``same`` decisions that holds the tracklet one starts from. Unsure ones are listed beside it. Nothing that
contradicts is hidden: it becomes a conflict, with both sightings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, Literal, TypeAlias

from reid_engine.store import Camera, CameraPair, Decision, Store
from reid_engine.topology import Flag, Presence, Topology, Travel, learned, seen_apart
from reid_engine.types import CameraId, TrackletId

State: TypeAlias = Literal["probe", "confirmed", "unsure"]
ConflictKind: TypeAlias = Flag | Literal["same-camera-overlap", "decided-different"]
Links: TypeAlias = Mapping[frozenset[int], "Link"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One tracklet of the person; times are corrected microseconds UTC. quality: in [0, 1], of the best crop."""

    tracklet: TrackletId
    camera: CameraId
    start_us: int
    end_us: int
    state: State
    quality: float

    @property
    def presence(self) -> Presence:
        """When and where."""
        return Presence(self.camera, self.start_us, self.end_us)


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two confirmed sightings that follow one another.

    least_us, most_us: what the walk takes by what was set, else by what at least three others took; 0 when not known
    blind:             cameras that have no footage of this time, so that they could not see anybody
    """

    before: TrackletId
    after: TrackletId
    start_us: int
    end_us: int
    least_us: int
    most_us: int
    blind: tuple[CameraId, ...]

    @property
    def unusual(self) -> bool:
        """True when the walk took longer than is known of it."""
        return 0 < self.most_us < self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sightings that can hardly be one person. gap_us: time between them, negative when they overlap."""

    kind: ConflictKind
    first: TrackletId
    second: TrackletId
    gap_us: int
    least_us: int


@dataclass(frozen=True, slots=True)
class Journey:
    """The sightings by start, unsure ones among them. lost: confirmed tracklets that were split since."""

    start: TrackletId
    sightings: tuple[Sighting, ...]
    gaps: tuple[Gap, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    lost: tuple[TrackletId, ...] = ()

    @property
    def confirmed(self) -> tuple[Sighting, ...]:
        """The person's own sightings, without the unsure ones."""
        return tuple(seen for seen in self.sightings if seen.state != "unsure")


@dataclass(frozen=True, slots=True)
class Known:
    """A person of whom sightings are confirmed.

    start:          the tracklet that was asked for when most of them were
    members:        all confirmed tracklets, by number
    cameras:        where they are, by number
    from_us, to_us: when the person was seen first and last (corrected UTC)
    name:           the oldest words that somebody wrote about one of them; empty where nobody did
    """

    start: TrackletId
    members: tuple[TrackletId, ...]
    cameras: tuple[CameraId, ...]
    from_us: int
    to_us: int
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """A pair of cameras: what was said of it, and what was learned."""

    pair: CameraPair
    travel: Travel | None = None

    @property
    def usual_us(self) -> tuple[int, int]:
        """(least, most) of a walk in microseconds: what was set, else what was learned, else 0."""
        least, most = (0, 0) if self.travel is None else (self.travel.least_us, self.travel.most_us)
        return self.pair.least_travel_us or least, self.pair.most_travel_us or most

    @property
    def usual_of_many_us(self) -> tuple[int, int]:
        """As ``usual_us``; what was learned counts only where enough people walked."""
        learned_enough = self.travel is not None and self.travel.usual
        return (self if learned_enough else Link(self.pair)).usual_us

    @property
    def bound_us(self) -> int:
        """A walk shorter than this is flagged: what was set, else what is doubtful by what was learned, else 0."""
        return self.pair.least_travel_us or (0 if self.travel is None else self.travel.doubtful_us)


def journey(store: Store, start: TrackletId) -> Journey:
    """The journey of the person of ``start``. Raises NotFound."""
    decisions = store.decisions()
    members = person(decisions, start)
    unsure = {n for d in decisions if d.verdict == "unsure" for n in _other_end(d, members)}
    shown = {*store.present([*members, *unsure])}
    sightings = _sightings(store, start, sorted(shown | {start}), unsure)
    links, others = _by_cameras(links_of(store, decisions)), _by_cameras(links_of(store, decisions, without=start))
    confirmed = [seen for seen in sightings if seen.state != "unsure"]
    return Journey(
        start,
        tuple(sightings),
        tuple(_gaps(store, confirmed, others)),
        tuple(_conflicts(store, confirmed, decisions, links)),
        tuple(sorted(members - shown - {start})),
    )


def person(decisions: Iterable[Decision], start: TrackletId) -> set[TrackletId]:
    """Everybody who is the same as ``start`` through any chain of decisions, itself included."""
    same: dict[TrackletId, set[TrackletId]] = defaultdict(set)
    for said in decisions:
        if said.verdict == "same":
            same[said.probe].add(said.candidate)
            same[said.candidate].add(said.probe)
    found, todo = {start}, [start]
    while todo:
        new = same[todo.pop()] - found
        found |= new
        todo += new
    return found


def people(decisions: Sequence[Decision]) -> list[set[TrackletId]]:
    """Every person of whom two tracklets or more are confirmed."""
    rest = {number for said in decisions if said.verdict == "same" for number in (said.probe, said.candidate)}
    found = []
    while rest:
        found.append(person(decisions, min(rest)))
        rest -= found[-1]
    return found


def known_people(store: Store) -> list[Known]:
    """Everybody of whom sightings are confirmed, whoever was confirmed last first."""
    decisions = store.decisions()
    confirmed = [said for said in decisions if said.verdict == "same"]
    words = {note.id: note for note in store.notes() if note.text and note.tracklet is not None}
    found: list[tuple[int, Known]] = []
    for everybody in people(decisions):
        members = sorted(store.present(sorted(everybody)))
        if not members:  # all of them were split since
            continue
        said = [one for one in confirmed if one.probe in everybody]
        asked = Counter(one.probe for one in said if one.probe in members)
        start = max(members, key=lambda number: (asked[number], -number))
        spans = store.spans(members)
        about = [words[number].text for number in sorted(words) if words[number].tracklet in everybody]
        cameras = tuple(CameraId(number) for number in sorted({*spans.camera.tolist()}))
        seen = int(spans.start_us.min()), int(spans.end_us.max())
        found.append((said[-1].id, Known(start, tuple(members), cameras, *seen, about[0] if about else "")))
    return [person for _, person in sorted(found, key=lambda one: -one[0])]


def _by_cameras(links: Iterable[Link]) -> Links:
    return {frozenset((int(link.pair.first), int(link.pair.second))): link for link in links}


def links_of(
    store: Store, decisions: Sequence[Decision] | None = None, *, without: TrackletId | None = None
) -> list[Link]:
    """Every pair of cameras of which something was said or learned, in order.

    without: nothing is learned from the person of this tracklet, whose own walk would tell what is usual for it
    """
    decisions = store.decisions() if decisions is None else decisions
    journeys = []
    for members in people(decisions):
        if without in members:
            continue
        spans = store.spans(store.present(sorted(members)))
        rows = zip(spans.camera.tolist(), spans.start_us.tolist(), spans.end_us.tolist(), strict=True)
        journeys.append([Presence(*row) for row in rows])
    times = learned(journeys)
    said = {frozenset((int(pair.first), int(pair.second))): pair for pair in store.camera_pairs()}
    found = []
    for key in sorted({*times, *said}, key=sorted):
        first, second = sorted(key)
        pair = said.get(key, CameraPair(CameraId(first), CameraId(second)))
        found.append(Link(pair, times.get(key)))
    return found


def topology(store: Store) -> Topology:
    """Who cannot be one person, by what is known of pairs of cameras; nothing is learned where none is ``apart``."""
    said = any(pair.relation == "apart" for pair in store.camera_pairs())
    return _topology(links_of(store)) if said else Topology()


def _topology(links: Iterable[Link]) -> Topology:
    """The pairs that are apart, with the time below which a walk is flagged."""
    apart = (link for link in links if link.pair.relation == "apart")
    return Topology({frozenset((int(link.pair.first), int(link.pair.second))): link.bound_us for link in apart})


def _sightings(
    store: Store, start: TrackletId, numbers: Sequence[TrackletId], unsure: set[TrackletId]
) -> list[Sighting]:
    spans, qualities = store.spans(numbers), store.qualities(numbers)
    found = []
    for place, number in enumerate(numbers):
        state: State = "probe" if number == start else "unsure" if number in unsure else "confirmed"
        when = int(spans.start_us[place]), int(spans.end_us[place])
        found.append(Sighting(number, CameraId(int(spans.camera[place])), *when, state, qualities[number]))
    return sorted(found, key=lambda seen: (seen.start_us, seen.end_us, seen.tracklet))


def _other_end(said: Decision, members: set[TrackletId]) -> Iterator[TrackletId]:
    for one, other in ((said.probe, said.candidate), (said.candidate, said.probe)):
        if one in members and other not in members:
            yield other


def _gaps(store: Store, confirmed: Sequence[Sighting], links: Links) -> Iterator[Gap]:
    covered = {camera.id: _footage(store, camera) for camera in store.cameras()}
    for one, other in pairwise(confirmed):
        if other.start_us <= one.end_us:
            continue
        link = links.get(frozenset((int(one.camera), int(other.camera))))
        least_us, most_us = (0, 0) if link is None else link.usual_of_many_us
        blind = (n for n, spans in covered.items() if not _any_footage(spans, one.end_us, other.start_us))
        yield Gap(one.tracklet, other.tracklet, one.end_us, other.start_us, least_us, most_us, tuple(blind))


def _footage(store: Store, camera: Camera) -> list[tuple[int, int]]:
    """When a camera recorded, corrected. One of unknown length counts as its first moment, an erased one not at all."""
    found, gone = [], store.erased_whole()
    for source in store.sources():
        if source.camera == camera.id and source.id not in gone:
            length_us = source.report.duration_us if source.report is not None else 0
            found.append((camera.clock.correct(source.start_us), camera.clock.correct(source.start_us + length_us)))
    return found


def _any_footage(spans: Sequence[tuple[int, int]], from_us: int, to_us: int) -> bool:
    return any(begin <= to_us and end >= from_us for begin, end in spans)


def _conflicts(
    store: Store, confirmed: Sequence[Sighting], decisions: Sequence[Decision], links: Links
) -> Iterator[Conflict]:
    known = _topology(links.values())
    different = {frozenset((d.probe, d.candidate)) for d in decisions if d.verdict == "different"}
    for one, other in combinations(confirmed, 2):
        gap_us = one.presence.gap_us(other.presence)
        kinds: list[ConflictKind] = []
        if frozenset((one.tracklet, other.tracklet)) in different:
            kinds.append("decided-different")
        if one.camera == other.camera and gap_us <= 0 and seen_apart(*store.tracklets([one.tracklet, other.tracklet])):
            kinds.append("same-camera-overlap")
        flag = known.flag(one.presence, other.presence)
        kinds += [] if flag is None else [flag]
        least_us = known.apart.get(frozenset((int(one.camera), int(other.camera))), 0)
        for kind in kinds:
            yield Conflict(kind, one.tracklet, other.tracklet, gap_us, least_us)


def rows_of(found: Journey, cameras: Mapping[CameraId, str]) -> list[dict[str, Any]]:
    """A row a sighting, for CSV and JSON: times in microseconds UTC, corrected."""
    against: dict[TrackletId, list[str]] = defaultdict(list)
    for conflict in found.conflicts:
        against[conflict.first].append(f"{conflict.kind} with {conflict.second}")
        against[conflict.second].append(f"{conflict.kind} with {conflict.first}")
    gaps = {gap.after: gap for gap in found.gaps}
    rows = []
    for place, seen in enumerate(found.sightings, start=1):
        gap = gaps.get(seen.tracklet)
        rows.append(
            {
                "number": place,
                "tracklet": int(seen.tracklet),
                "camera": cameras.get(seen.camera, "?"),
                "start_us": seen.start_us,
                "end_us": seen.end_us,
                "state": seen.state,
                "quality": round(seen.quality, 4),
                "gap_before_s": None if gap is None else (gap.end_us - gap.start_us) / 1e6,
                "conflicts": against[seen.tracklet],
            }
        )
    return rows
