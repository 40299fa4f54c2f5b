"""From a probe to ranked matches.

1. The store says which tracklets pass the filters; the index finds the nearest of them.
2. Feedback moves the query (Rocchio): towards what the operator called the same, away from the different.
3. The top is put in order without what each camera does to everybody (see ``camera_bias``), and re-ranked by
   k-reciprocal neighbours.
4. The list is put in order, which is what ``rank`` counts:
   confirmed (``same``) first, so that they stay where they are while the rest changes; then everything undecided; then
   the rejected (``different``); the list is cut at its limit; and of what is left, whoever cannot be the person by the
   veto goes to the very end, stamped and never removed.

The veto: whoever is seen beside the probe, or beside a confirmed tracklet, in one picture of one camera is somebody
else (``same-camera-overlap``; see ``topology.seen_apart``). A confirmed tracklet carries that flag too, and stays where
it is: a person has spoken. What is known of camera pairs only adds flags (see ``topology``).

``distance`` is always the model's distance to the probe itself, without what their cameras do. Without re-ranking and
feedback it rises with rank, except for the vetoed ones, which are a block of their own at the end, and beyond the top.
Equal distances are ordered by tracklet number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_engine.camera_bias import CameraBias, camera_bias
from reid_engine.errors import NotFound, ProbeError, ShapeError
from reid_engine.index import VectorIndex
from reid_engine.journey import topology
from reid_engine.ranking import distances, k_reciprocal_rerank, rocchio, unit_length
from reid_engine.settings import SearchSettings
from reid_engine.store import ANYBODY, Spans, Store, TrackletFilter
from reid_engine.topology import Presence, seen_apart
from reid_engine.types import BANDS, BandName, CameraId, Match, ModelId, TrackletId, Vectors

OVERLAP = "same-camera-overlap"
CONFIRMED = "confirmed"
REJECTED = "rejected"
SAMPLE = 10_000  # tracklets that say what cameras do, evenly over all: enough for means
NEAR = 4  # of how many times as many as are needed it is first asked who passes
NOBODY_PASSES = "no tracklet passes the filters"

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What is asked.

    probe:           a stored tracklet, or the vector (D,) of a picture
    picture:         which, for the record: ``sha256`` of a file or ``camera`` and ``time_us``, and ``xyxy`` of a part
    where:           who is let through; nobody finds himself
    same, different: what the operator decided about other tracklets
    same_camera:     the probe's own camera too; left out by default
    rerank:          k-reciprocal re-ranking of the top; without it, by distance alone
    """

    probe: TrackletId | Vectors
    model: ModelId
    picture: Mapping[str, object] | None = None
    where: TrackletFilter = ANYBODY
    same: tuple[TrackletId, ...] = ()
    different: tuple[TrackletId, ...] = ()
    same_camera: bool = False
    rerank: bool = True
    limit: int = 50


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked matches, best first, and what a person should know about how they came to be.

    own: strong ones in the probe's own camera, which was left out; cut: more would have passed than the limit lets
    """

    matches: tuple[Match, ...]
    notes: tuple[str, ...] = field(default=())
    own: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Probe:
    """vector: (D,); tracklet and camera: None for a picture that is no tracklet."""

    vector: Vectors
    tracklet: TrackletId | None
    camera: CameraId | None


@dataclass(frozen=True, slots=True)
class _Query:
    """What is near to it? vector: (D,) as stored vectors are; fair: (D,) the same without what cameras did."""

    vector: Vectors
    fair: Vectors


def search(
    store: Store,
    index: VectorIndex,
    request: SearchRequest,
    settings: SearchSettings | None = None,
    bias: CameraBias | None = None,
) -> SearchResult:
    """Rank the tracklets of a case by how near they are to the probe.

    ``bias`` is that of this very index, where it is known; else it is found when it is needed.

    Raises ProbeError for a probe that is not there or has no vector of this model, NotFound for feedback about
    tracklets that are not there, ShapeError for a vector of another length.
    """
    settings = SearchSettings() if settings is None else settings
    probe = _probe(store, index, request)
    if not len(index):
        return SearchResult((), tuple(_notes(store, index, request, probe, 0)))
    same = tuple(number for number in dict.fromkeys(request.same) if number != probe.tracklet)
    different = tuple(number for number in dict.fromkeys(request.different) if number != probe.tracklet)
    feedback = bool(same or different)
    bias = bias_of(store, index) if bias is None else bias
    queries = [_Query(probe.vector, bias.off(probe.vector[None], [probe.camera])[0])]
    if feedback:
        queries.append(_moved(store, index, bias, queries[0], same, different))
    where = _where(probe, request)
    depth = max(request.limit + 1, settings.rerank_top) + len(same) + len(different)
    confirmed = store.find(where, among=same)
    near = _nearest(store, index, np.stack([query.vector for query in queries]), depth, where)
    found = [np.union1d(ids, confirmed) for ids in near]
    orders = [
        _ordered(store, index, bias, q, ids, request.rerank, settings) for q, ids in zip(queries, found, strict=True)
    ]
    judge = _Judge(store, probe, same, different, orders[-1])
    listed = judge.arrange(orders[-1], request.limit)
    before = _Judge(store, probe, (), (), orders[0]).arrange(orders[0]) if feedback else listed
    matches = _matches(store, index, bias, request, queries[0], listed, judge, before)
    own = _own_strong(store, index, bias, request, probe, queries[0], depth)
    notes = tuple(_notes(store, index, request, probe, len(matches)))
    return SearchResult(matches, notes, own, cut=len(orders[-1]) > len(listed))


def _probe(store: Store, index: VectorIndex, request: SearchRequest) -> _Probe:
    if isinstance(request.probe, np.ndarray):
        vector = np.asarray(request.probe, np.float32).reshape(-1)
        if vector.shape != (index.dim,) and len(index):
            raise ShapeError(f"the probe has {len(vector)} numbers; vectors of {request.model} have {index.dim}")
        tracklet, camera = None, None
    else:
        tracklet = TrackletId(int(request.probe))
        try:
            camera = CameraId(int(store.spans([tracklet]).camera[0]))
            vector = store.vectors(request.model, [tracklet])[0]
        except NotFound as error:
            raise ProbeError(f"cannot start from tracklet {tracklet}: {error}") from error
    if index.distance == "cosine":
        vector = unit_length(vector[None])[0]
    return _Probe(vector, tracklet, camera)


def _where(probe: _Probe, request: SearchRequest) -> TrackletFilter:
    """Who is let through, without the probe itself and what is left out with it."""
    where = request.where
    camera = () if request.same_camera or probe.camera is None else (probe.camera,)
    itself = () if probe.tracklet is None else (probe.tracklet,)
    return replace(where, not_cameras=(*where.not_cameras, *camera), exclude=(*where.exclude, *itself))


def _nearest(store: Store, index: VectorIndex, queries: Vectors, depth: int, where: TrackletFilter) -> list[Ids]:
    """The ``depth`` nearest tracklets of every query that pass the filter, or all where fewer pass.

    Most filters let a fair share through, and asking which of a few near ones pass is a hundred times less work than
    listing everybody who does. Only when too few of the near ones pass is everybody listed, and searched among.
    """
    _, near = index.search(queries, NEAR * depth)
    passing = store.find(where, among=np.unique(near).tolist())
    found = [ids[np.isin(ids, passing)] for ids in near]
    if near.shape[1] < len(index) and min(map(len, found)) < depth:
        _, near = index.search(queries, depth, allowed=store.find(where))
        found = [ids[ids >= 0] for ids in near]
    return [ids[:depth] for ids in found]


def _moved(
    store: Store,
    index: VectorIndex,
    bias: CameraBias,
    query: _Query,
    same: tuple[TrackletId, ...],
    different: tuple[TrackletId, ...],
) -> _Query:
    """The query towards ``same`` and away from ``different``, each of them without what its own camera did."""
    both = store.vectors(index.model, same + different)
    both = unit_length(both) if index.distance == "cosine" else both
    fair = bias.off(both, store.spans(same + different).camera.tolist())
    cut = len(same)
    return _Query(rocchio(query.vector, both[:cut], both[cut:]), rocchio(query.fair, fair[:cut], fair[cut:]))


def _ordered(
    store: Store,
    index: VectorIndex,
    bias: CameraBias,
    query: _Query,
    ids: Ids,
    rerank: bool,
    settings: SearchSettings,
) -> Ids:
    """``ids`` by distance to the query, the nearest without what cameras do; ties by number."""
    vectors = index.vectors(ids)
    plain = distances(index.distance, query.vector[None], vectors)[0]
    order = np.lexsort((ids, plain))
    head = order[: settings.rerank_top]
    fair = bias.off(vectors[head], store.spans(ids[head].tolist()).camera.tolist())
    near = distances(index.distance, query.fair[None], fair)
    again = near[0]
    if rerank and len(head) > 1:
        again = k_reciprocal_rerank(
            np.zeros((1, 1), np.float32),
            near,
            distances(index.distance, fair, fair),
            k1=settings.neighbours,
            k2=settings.expansion,
            weight=settings.original_share,
        )[0]
    order[: len(head)] = head[np.lexsort((ids[head], near[0], again))]
    ordered: Ids = ids[order]
    return ordered


class _Judge:
    """What speaks for and against each candidate besides its looks."""

    def __init__(
        self,
        store: Store,
        probe: _Probe,
        same: Sequence[TrackletId],
        different: Sequence[TrackletId],
        candidates: Ids,
    ) -> None:
        self._same, self._different = frozenset(same), frozenset(different)
        anchors = [*same] if probe.tracklet is None else [probe.tracklet, *same]
        self._anchors = dict(zip(anchors, _presences(store.spans(anchors)), strict=True))
        self.spans = store.spans(candidates.tolist())
        self._present: dict[int, Presence] = dict(zip(candidates.tolist(), _presences(self.spans), strict=True))
        self._topology = topology(store)
        self._vetoed = self._seen_beside(store)

    def presence(self, number: int) -> Presence:
        """When and where a candidate was."""
        return self._present[number]

    def _others(self, number: int) -> list[Presence]:
        return [presence for anchor, presence in self._anchors.items() if anchor != number]

    def _seen_beside(self, store: Store) -> frozenset[int]:
        """The candidates whom a picture shows beside an anchor; boxes are read of those only who were there then."""
        pairs = [
            (number, anchor)
            for number, here in self._present.items()
            for anchor, there in self._anchors.items()
            if anchor != number and there.camera == here.camera and there.gap_us(here) <= 0
        ]
        numbers = sorted({TrackletId(number) for pair in pairs for number in pair})
        boxes = {int(tracklet.id): tracklet for tracklet in store.tracklets(numbers)}
        return frozenset(number for number, anchor in pairs if seen_apart(boxes[number], boxes[int(anchor)]))

    def arrange(self, order: Ids, limit: int | None = None) -> list[int]:
        """Confirmed, undecided, rejected, cut at ``limit``; then those vetoed whom nobody confirmed to the end."""
        blocks = sorted(order.tolist(), key=self._block)[:limit]
        return sorted(blocks, key=(self._vetoed - self._same).__contains__)

    def _block(self, number: int) -> int:
        return 0 if number in self._same else 2 if number in self._different else 1

    def flags(self, number: int) -> tuple[str, ...]:
        """Everything that a person should know about this answer."""
        found = [CONFIRMED] if number in self._same else [REJECTED] if number in self._different else []
        found += [OVERLAP] if number in self._vetoed else []
        return (*found, *self._topology.flags(self._present[number], self._others(number)))


def _presences(spans: Spans) -> list[Presence]:
    columns = (spans.camera.tolist(), spans.start_us.tolist(), spans.end_us.tolist())
    return [Presence(*row) for row in zip(*columns, strict=True)]


def _matches(
    store: Store,
    index: VectorIndex,
    bias: CameraBias,
    request: SearchRequest,
    query: _Query,
    listed: Sequence[int],
    judge: _Judge,
    before: Sequence[int],
) -> tuple[Match, ...]:
    vectors = index.vectors(listed)
    fair = bias.off(vectors, [judge.presence(number).camera for number in listed])
    near = distances(index.distance, query.fair[None], fair)[0]
    calibration = calibration_of(store, request.model)
    told = near if centre_of(calibration) is not None else distances(index.distance, query.vector[None], vectors)[0]
    places = {number: place for place, number in enumerate(before, start=1)}
    found = []
    for rank, (number, distance, by) in enumerate(zip(listed, near.tolist(), told.tolist(), strict=True), start=1):
        here = judge.presence(number)
        found.append(
            Match(
                rank=rank,
                tracklet=TrackletId(number),
                camera=CameraId(here.camera),
                start_us=here.start_us,
                end_us=here.end_us,
                distance=distance,
                band=band(by, calibration),
                flags=judge.flags(number),
                moved=places.get(number, len(before) + 1) - rank,
            )
        )
    return tuple(found)


def _own_strong(
    store: Store, index: VectorIndex, bias: CameraBias, request: SearchRequest, probe: _Probe, query: _Query, depth: int
) -> int:
    """How many strong ones the probe's own camera has where it was left out; whoever was seen beside it is none.

    Among the nearest of the whole case, in which strong ones are: nobody else is listed for it.
    """
    calibration = store.card(request.model).get("calibration")
    if probe.camera is None or request.same_camera or calibration is None:
        return 0
    _, near = index.search(query.vector[None], NEAR * depth)
    where = replace(_where(probe, request), cameras=(probe.camera,), not_cameras=())
    ids = np.asarray(store.find(where, among=near[near >= 0].tolist()), np.int64)
    if not len(ids):
        return 0
    ids = np.sort(ids)
    vectors, fair = index.vectors(ids), query.vector
    if centre_of(calibration) is not None:
        vectors, fair = bias.off(vectors, [probe.camera] * len(ids)), query.fair
    told = distances(index.distance, fair[None], vectors)[0].tolist()
    strong = [number for number, by in zip(ids.tolist(), told, strict=True) if band(by, calibration) == "strong"]
    if not strong:
        return 0
    beside = _Judge(store, probe, (), (), np.array(strong, np.int64))
    return sum(OVERLAP not in beside.flags(number) for number in strong)


def band(distance: float, calibration: dict[str, Any] | None) -> BandName | None:
    """Which share of strangers comes as near as ``distance``.

    ``calibration`` holds the distances at which the shares of ``BANDS`` pass; None for a model that was not calibrated.
    Where it names its ``centre`` they were measured without what cameras do, and ``distance`` is to be such a one.
    """
    if calibration is None:
        return None
    return next((name for name in BANDS if distance <= calibration[name]), "none")


def band_between(
    store: Store, index: VectorIndex, bias: CameraBias, one: TrackletId, other: TrackletId
) -> BandName | None:
    """The band in which a search from either finds the other; None without a calibration. Raises NotFound."""
    calibration = calibration_of(store, index.model)
    pair = store.vectors(index.model, [one, other])
    pair = unit_length(pair) if index.distance == "cosine" else pair
    if centre_of(calibration) is not None:
        pair = bias.off(pair, store.spans([one, other]).camera.tolist())
    return band(float(distances(index.distance, pair[:1], pair[1:])[0, 0]), calibration)


def calibration_of(store: Store, model: ModelId) -> dict[str, Any] | None:
    """The bands of a model, as ``band`` takes them; None where none are recorded."""
    found: dict[str, Any] | None = store.card(model).get("calibration")
    return found


def centre_of(calibration: dict[str, Any] | None) -> Vectors | None:
    """(D,) the mean of those on whom the model was calibrated without what cameras do; None where it was not so."""
    found = None if calibration is None else calibration.get("centre")
    return None if found is None else np.asarray(found, np.float32)


def bias_of(store: Store, index: VectorIndex) -> CameraBias:
    """What the cameras of a case do, by at most ``SAMPLE`` of its tracklets; the same case gives the same."""
    ids = index.ids[:: max(1, -(-len(index) // SAMPLE))]
    cameras = store.spans([TrackletId(number) for number in ids.tolist()]).camera
    centre = centre_of(calibration_of(store, index.model))
    return camera_bias(index.vectors(ids), cameras, index.distance, centre)


def _notes(store: Store, index: VectorIndex, request: SearchRequest, probe: _Probe, found: int) -> list[str]:
    notes = []
    if not request.same_camera and probe.camera in (request.where.cameras or ()):
        notes.append("the probe's own camera was asked for, but is left out unless same-camera is asked for too")
    if not len(index):
        notes.append(f"the case holds no vectors of the model {request.model} yet")
    elif not found:
        notes.append(NOBODY_PASSES)
    unseen = store.count_tracklets() - len(index)
    if len(index) and unseen > 0:
        notes.append(
            f"{unseen} tracklets have no vector of the model {request.model} and cannot be found: an ingest is "
            "running, was stopped, or used another model; run it again with this one"
        )
    if calibration_of(store, request.model) is None:
        notes.append(f"the model {request.model} is not calibrated, so no bands are given")
    return notes
