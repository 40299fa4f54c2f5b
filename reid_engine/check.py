"""Does the case agree with itself and with its record: rows, boxes, times, decisions, pixels, vectors and index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from reid_engine.errors import CaseDamaged, NotFound
from reid_engine.index import VectorIndex, distance_of, open_index
from reid_engine.jobs import JobControl
from reid_engine.ranking import distances
from reid_engine.store import Spans, Store
from reid_engine.types import ModelId, Tracklet, TrackletCrops, TrackletId, Vectors

BLOCK = 1000
SAMPLE = 32
UNIT_TOLERANCE = 5e-3  # 16-bit floats of a few thousand numbers
SAME_VECTOR = 1e-2
SENTENCES_A_KIND = 5


class Reembedder(Protocol):
    """What of an embedder is needed to make stored vectors again."""

    @property
    def model(self) -> ModelId:
        """Whose vectors it makes."""
        ...

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        """(N, D), from the stored pixels."""
        ...


def check(
    store: Store, index_folder: Path, *, embedder: Reembedder | None = None, control: JobControl | None = None
) -> list[str]:
    """Sentences about everything that does not agree; none when the case is sound.

    With an embedder a sample of the stored vectors is made again from the stored pixels and compared.
    """
    control = JobControl() if control is None else control
    found = store.contradictions()
    broken = store.broken_record()
    found += [] if broken is None else [broken]
    if found:
        return found  # what rows that do not fit say of pixels and vectors means nothing
    found += _few(iter(store.disagreements()))
    spoiled = frozenset(store.without_bytes())  # the check goes on with the others
    found += _few(
        f"tracklet {number} has a crop that is no picture, but text or a number" for number in sorted(spoiled)
    )
    found += _few(_altered(store))
    ids = [TrackletId(number) for number in store.find().tolist() if number not in spoiled]
    found += _few(_tracklet_problems(store, ids, control))
    for model in store.models():
        found += _few(_vector_problems(store, model))
        found += _few(_index_problems(store, model, index_folder, control))
    if embedder is not None:
        found += _few(_reembedding_problems(store, embedder, ids))
    return found


def _few(problems: Iterator[str]) -> list[str]:
    """The first few of a kind, and how many more there are."""
    found = list(problems)
    more = len(found) - SENTENCES_A_KIND
    return found if more <= 0 else [*found[:SENTENCES_A_KIND], f"and {more} more of this kind"]


def _altered(store: Store) -> Iterator[str]:
    for number in store.altered_tracklets():
        yield f"tracklet {number}: its boxes or crops were changed after they were found; their hash does not fit"
    for source in store.unlike_record():
        yield f"recording {source}: its tracklets are not those that the record says were found in it"


def _tracklet_problems(store: Store, ids: list[TrackletId], control: JobControl) -> Iterator[str]:
    for start in range(0, len(ids), BLOCK):
        some = ids[start : start + BLOCK]
        spans = store.spans(some)
        for at, tracklet in enumerate(store.tracklets(some)):
            yield from _box_problems(tracklet, spans, at)
            yield from _crop_problems(tracklet.id, store.crops(tracklet.id))
        control.report(stage="check", done=start + len(some), total=len(ids))


def _box_problems(tracklet: Tracklet, spans: Spans, at: int) -> Iterator[str]:
    name = f"tracklet {tracklet.id}"
    times = tracklet.time_us
    if not len(times) or len(times) != len(tracklet.xyxy) or len(times) != len(tracklet.score):
        yield f"{name} has {len(times)} times, {len(tracklet.xyxy)} boxes and {len(tracklet.score)} scores"
        return
    if (int(times[0]), int(times[-1])) != (int(spans.start_us[at]), int(spans.end_us[at])):
        written = (int(spans.start_us[at]), int(spans.end_us[at]))
        yield f"{name} is said to begin and end at {written}, but its boxes do at {times[[0, -1]].tolist()}"
    if (np.diff(times) <= 0).any():
        yield f"{name} has boxes whose times do not rise"
    sizes = tracklet.xyxy[:, 2:] - tracklet.xyxy[:, :2]
    if not np.isfinite(tracklet.xyxy).all() or (sizes <= 0).any():
        yield f"{name} has a box without an area"


def _crop_problems(number: TrackletId, crops: TrackletCrops) -> Iterator[str]:
    every = [*crops.best, *(crop for run in crops.runs for crop in run)]
    if not every:
        yield f"tracklet {number} has no pixels"
    for crop in every:
        if not crop.jpeg or cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR) is None:
            yield f"tracklet {number} has a crop (picture {crop.frame_index}) that cannot be decoded"


def _vector_problems(store: Store, model: ModelId) -> Iterator[str]:
    cosine = distance_of(store, model) == "cosine"
    for ids, vectors in store.all_vectors(model):
        lengths = np.linalg.norm(vectors, axis=1)
        wrong = ~np.isfinite(lengths) | (lengths == 0)
        if cosine:
            wrong |= np.abs(lengths - 1) > UNIT_TOLERANCE
        for number, length in zip(ids[wrong], lengths[wrong], strict=True):
            yield f"the vector of tracklet {number} by {model} has the length {length:g}"


def _index_problems(store: Store, model: ModelId, folder: Path, control: JobControl) -> Iterator[str]:
    """The index as a search would get it; one that was stale or broken is made again, which is said aloud, not here."""
    try:
        index = open_index(store, model, folder, control)
    except CaseDamaged as error:
        yield str(error)
        return
    fault = index.fault()
    if fault is not None:
        yield f"the search index of {model}: {fault}"
    seen = 0
    for ids, vectors in store.all_vectors(model):
        seen += len(ids)
        yield from _index_against(index, ids, vectors)
    if seen != len(index):
        yield f"the search index of {model} holds {len(index)} vectors, the case {seen}"


def _index_against(
    index: VectorIndex, ids: np.ndarray[tuple[int], np.dtype[np.int64]], vectors: Vectors
) -> Iterator[str]:
    known = np.isin(ids, index.ids)
    for number in ids[~known]:
        yield f"tracklet {number} is missing from the search index of {index.model}"
    held = index.vectors(ids[known])
    for number, stored, kept in zip(ids[known], vectors[known], held, strict=True):
        if not distances(index.distance, stored[None], kept[None])[0, 0] < SAME_VECTOR:
            yield f"the search index of {index.model} holds another vector of tracklet {number} than the case"


def _reembedding_problems(store: Store, embedder: Reembedder, ids: list[TrackletId]) -> Iterator[str]:
    sample = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
    try:
        stored = store.vectors(embedder.model, sample)
    except NotFound as error:
        yield f"not every tracklet was embedded: {error}"
        return
    again = embedder.embed_tracklets([store.crops(number) for number in sample])
    kind = distance_of(store, embedder.model)
    for number, before, now in zip(sample, stored, again, strict=True):
        apart = float(distances(kind, before[None], now[None])[0, 0])
        if not apart < SAME_VECTOR * max(1.0, float(np.linalg.norm(before))):
            yield f"tracklet {number} embedded again is {apart:.3f} away from its stored vector of {embedder.model}"
