"""Another model for everybody who is in a case already: vectors of the kept crops, without the recordings.

Searches go by the model that is in force. Until the last tracklet has its vector of the new one, that is the model that
was in force before; a kill at any moment leaves it so, and the next call goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reid_engine.case import Case
from reid_engine.embedding import Embedder
from reid_engine.errors import CaseDamaged, CaseError, InputError, NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.store import Network
from reid_engine.types import ModelId, TrackletId, Vectors

EMBED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Described:
    """What was done. ``model`` is in force now, ``before`` was until then (None in a case without vectors).

    described: tracklets that got their vector now; tracklets: all there are, those replaced by edits included
    """

    model: ModelId
    before: ModelId | None
    described: int
    tracklets: int


def describe(case: Case, embedder: Embedder, control: JobControl) -> Described:
    """Give every tracklet that has none a vector of this model, then let searches go by it.

    Raises JobCancelled and DiskFull (what is done is kept), CaseBusy, CaseDamaged for pixels that cannot be read,
    CaseError for a case that holds nobody or cannot be written, NetworkFileError.
    """
    with case.ingest_lock():
        if not case.store.count_tracklets():
            raise CaseError(f"nobody is in {case.folder} yet; ingest recordings first")
        return catch_up(case, embedder, control)


def catch_up(case: Case, embedder: Embedder, control: JobControl) -> Described:
    """``describe`` for whoever holds the ingest's lock already; in a case without anybody the model is only recorded.

    Raises as ``describe``.
    """
    store, model = case.store, embedder.model
    before = store.model_in_force()
    path, card = str(embedder.path), embedder.card
    store.add_network(Network("embedder", embedder.sha256, embedder.name, path, card, model), waits=True)
    missing, done = store.without_vector(model), 0
    if missing:
        control.notice(f"{len(missing)} tracklets from before get vectors of {model}, from their kept crops")
        store.record("describing started", model=model, sha256=embedder.sha256, tracklets=len(missing))
    while True:
        for first in range(0, len(missing), EMBED_AT_ONCE):
            control.report(stage="embed", done=done, total=done + len(missing) - first)
            some = missing[first : first + EMBED_AT_ONCE]
            store.add_embeddings(model, some, _vectors(case, embedder, some))
            done += len(some)
        if missing or before != model:
            case.index(model, control)
        if store.put_in_force(model):
            break
        missing = store.without_vector(model)  # somebody has split or merged meanwhile
    found = Described(model, before, done, store.count_tracklets())
    if done:
        store.record("describing finished", model=model, described=done, tracklets=found.tracklets)
    return found


def _vectors(case: Case, embedder: Embedder, numbers: Sequence[TrackletId]) -> Vectors:
    """(N, D) of stored tracklets. Raises CaseDamaged, which names where to look."""
    kept = [case.store.crops(number) for number in numbers]
    bare = next((number for number, crops in zip(numbers, kept, strict=True) if not crops.best), None)
    if bare is not None:
        raise CaseDamaged(f"tracklet {bare} has no pixels; reappear check says what else is missing")
    try:
        return embedder.embed_tracklets(kept)
    except NetworkFileError:
        raise
    except InputError as error:
        raise CaseDamaged(f"among tracklets {numbers[0]} to {numbers[-1]}: {error}") from error
