"""VectorIndex: FAISS behind tracklet numbers, exact; and its file, which is a cache of the case and nothing more.

The file has a stamp beside it: which case, which model, up to which generation, how many vectors, and hashes of their
numbers and of the file itself. Whatever does not fit (older, missing, cut, a flipped byte, another case's) is made
again from the case, and the reason is said aloud; a search never sees a doubtful index.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import CaseDamaged, CaseError, DiskFull, ReappearError, ShapeError
from reid_engine.jobs import JobControl
from reid_engine.ranking import unit_length
from reid_engine.store import Generation, Store
from reid_engine.store.connection import explained
from reid_engine.types import DistanceName, ModelId, Vectors

FLAT_LIMIT = 100_000  # beyond it vectors are held as 16-bit floats: half the memory, three times as fast
READ_BACK = 32
HASH_BLOCK = 1 << 24

Ids = NDArray[np.int64]


class IndexUnusable(ReappearError):
    """An index file that must not be searched; the message says why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index file claims to be."""

    case: str
    model: str
    distance: str
    generation: int
    count: int
    ids_crc32: int
    sha256: str
    faiss: str


class VectorIndex:
    """Exact nearest neighbours among tracklets of one model.

    Cosine vectors are brought to unit length on their way in, queries too; the order of adding does not matter.
    """

    def __init__(self, model: ModelId, dim: int, distance: DistanceName, *, expected: int = 0) -> None:
        metric = faiss.METRIC_INNER_PRODUCT if distance == "cosine" else faiss.METRIC_L2
        inner: Any
        if expected > FLAT_LIMIT:
            inner = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, metric)
        else:
            inner = faiss.IndexFlat(dim, metric)
        self.model = model
        self.dim = dim
        self.distance: DistanceName = distance
        self.generation = 0
        self._index: Any = faiss.IndexIDMap2(inner)
        self._ids: Ids = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> Ids:
        """The tracklets in it, ascending."""
        return np.sort(self._ids)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add ``vectors`` (N, D). Raises ValueError, naming one, when a number is there already or comes twice."""
        ids = np.asarray(ids, np.int64)
        if vectors.shape != (len(ids), self.dim):
            raise ShapeError(f"{len(ids)} tracklets need vectors ({len(ids)}, {self.dim}), got {vectors.shape}")
        unique, times = np.unique(ids, return_counts=True)
        twice = np.concatenate([unique[times > 1], unique[np.isin(unique, self._ids)]])
        if len(twice):
            raise ValueError(f"tracklet {twice[0]} is in the index already, or comes twice")
        self._index.add_with_ids(self._prepared(vectors), ids)
        self._ids = np.concatenate([self._ids, ids])

    def search(self, queries: Vectors, k: int, *, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """The k nearest of every query (Q, D): distances (Q, k) ascending and ids (Q, k); -1 at infinity fills up.

        ``allowed`` are the only tracklets that may answer.
        """
        k = max(1, min(k, len(self) if allowed is None else len(allowed)))
        if not len(self):
            return np.full((len(queries), k), np.inf, np.float32), np.full((len(queries), k), -1, np.int64)
        parameters = None
        library: Any = faiss  # its stubs do not know the Python side of these two
        if allowed is not None:
            mask = np.packbits(np.isin(self._ids, allowed), bitorder="little")
            parameters = library.SearchParameters(sel=library.IDSelectorBitmap(mask))
        found, places = self._index.index.search(self._prepared(queries), k, params=parameters)
        distance = np.float32(1.0) - found if self.distance == "cosine" else np.sqrt(np.maximum(found, 0.0))
        distance[places < 0] = np.inf
        ids = np.where(places < 0, -1, self._ids[np.maximum(places, 0)])
        return np.maximum(distance, 0.0), ids

    def vectors(self, ids: Sequence[int] | Ids) -> Vectors:
        """(N, D) as they are held. Raises KeyError for a tracklet that is not in the index."""
        wanted = np.asarray(ids, np.int64)
        missing = wanted[~np.isin(wanted, self._ids)]
        if len(missing):
            raise KeyError(f"tracklet {missing[0]} is not in the index")
        held: Vectors = self._index.reconstruct_batch(wanted) if len(wanted) else np.empty((0, self.dim), np.float32)
        return held

    def fault(self) -> str | None:
        """Read back: a sentence when the index does not give out what went in, else None."""
        if self._index.ntotal != len(self._ids):
            return f"it holds {self._index.ntotal} vectors for {len(self._ids)} tracklets"
        step = max(1, len(self) // READ_BACK)
        some = self._ids[::step][:READ_BACK]
        if not len(some):
            return None
        held = self.vectors(some)
        nearest = self.search(held, 1)[0][:, 0]
        scale = 1.0 if self.distance == "cosine" else float(np.linalg.norm(held, axis=1).max())
        if not np.isfinite(held).all() or (nearest > 1e-2 * max(scale, 1.0)).any():
            return "a vector that was put in does not find itself"
        return None

    def _prepared(self, vectors: Vectors) -> Vectors:
        rows = np.ascontiguousarray(vectors, np.float32)
        return unit_length(rows) if self.distance == "cosine" else rows

    def save(self, path: Path, case: str) -> None:
        """Write the file and its stamp; a kill half-way leaves the old ones or a pair that does not fit together."""
        beside = path.with_suffix(".part")
        with explained(path), _temporary(beside):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(self._index, beside)
            stamp = Stamp(
                case=case,
                model=self.model,
                distance=self.distance,
                generation=self.generation,
                count=len(self),
                ids_crc32=_crc(self.ids),
                sha256=_sha256(beside),
                faiss=faiss.__version__,
            )
            _replace(beside, path)
            part = path.with_suffix(".json.part")
            part.write_text(json.dumps(asdict(stamp), indent=1), "utf-8")
            _replace(part, path.with_suffix(".json"))

    @classmethod
    def load(cls, path: Path, case: str, model: ModelId, distance: DistanceName) -> VectorIndex:
        """Raises IndexUnusable, saying why, unless file and stamp belong together and to this case and model."""
        stamp = _read_stamp(path, case, model, distance)
        try:
            if _sha256(path) != stamp.sha256:
                raise IndexUnusable("the index file was changed or cut after it was written")
            held: Any = faiss.read_index(str(path))
        except (OSError, RuntimeError) as error:
            raise IndexUnusable("the index file cannot be read") from error
        index = cls(model, held.d, distance)
        index._index = held
        index._ids = faiss.vector_to_array(held.id_map).copy()
        index.generation = stamp.generation
        if len(index) != stamp.count or _crc(index.ids) != stamp.ids_crc32:
            raise IndexUnusable("the index file does not hold what its stamp says")
        return index


def open_index(store: Store, model: ModelId, folder: Path, control: JobControl | None = None) -> VectorIndex:
    """The index of a model, equal to the case: loaded, brought up to date, or made anew with the reason said aloud."""
    control = JobControl() if control is None else control
    path = folder / f"{hashlib.sha256(model.encode()).hexdigest()[:16]}.faiss"
    case, distance = store.info().uuid, distance_of(store, model)
    try:
        index = VectorIndex.load(path, case, model, distance)
        loaded = index.generation
    except IndexUnusable as reason:
        if store.generation(model).number:
            control.notice(f"the search index is made again from the case: {reason}")
        index, loaded = _built(store, model, distance, control), -1
    index = up_to_date(index, store, control)
    if index.generation != loaded and not store.read_only:
        try:
            index.save(path, case)
        except (DiskFull, CaseError) as error:  # only a cache: the search goes on with what is in memory
            control.notice(f"the search index could not be kept and will be made again next time: {error}")
    return index


def up_to_date(index: VectorIndex, store: Store, control: JobControl | None = None) -> VectorIndex:
    """The same index with what came in since, or a new one when something went; free when nothing changed."""
    control = JobControl() if control is None else control
    now = store.generation(index.model)
    if now.number == index.generation and now.dim in (0, index.dim):
        return index
    if now.removed_at > index.generation or now.dim != index.dim or _outgrown(index, store):
        return _built(store, index.model, index.distance, control)
    with store.snapshot(index.model, since=index.generation) as new:
        _fill(index, new.generation, new.blocks, control)
    return _proven(index)


def distance_of(store: Store, model: ModelId) -> DistanceName:
    """What the model's card says; cosine without a word."""
    return "euclidean" if store.card(model).get("distance") == "euclidean" else "cosine"


def _outgrown(index: VectorIndex, store: Store) -> bool:
    return len(index) <= FLAT_LIMIT < store.vector_count(index.model)


def _built(store: Store, model: ModelId, distance: DistanceName, control: JobControl) -> VectorIndex:
    expected = store.vector_count(model)
    with store.snapshot(model) as found:
        index = VectorIndex(model, max(found.generation.dim, 1), distance, expected=expected)
        _fill(index, found.generation, found.blocks, control)
    return _proven(index)


def _fill(index: VectorIndex, generation: Generation, blocks: Any, control: JobControl) -> None:
    for ids, vectors in blocks:
        index.add(ids, vectors)
        control.report(stage="index", done=len(index))
    index.generation = generation.number


def _proven(index: VectorIndex) -> VectorIndex:
    fault = index.fault()
    if fault is not None:
        raise CaseDamaged(f"the search index of {index.model} cannot be trusted right after it was made: {fault}")
    return index


def _read_stamp(path: Path, case: str, model: ModelId, distance: DistanceName) -> Stamp:
    try:
        stamp = Stamp(**json.loads(path.with_suffix(".json").read_text("utf-8")))
    except FileNotFoundError as error:
        raise IndexUnusable("there is none yet") from error
    except (OSError, ValueError, TypeError) as error:
        raise IndexUnusable("its stamp cannot be read") from error
    if (stamp.case, stamp.model, stamp.distance) != (case, model, distance):
        raise IndexUnusable("the one that lies there belongs to another case or model")
    return stamp


def _crc(ids: Ids) -> int:
    return zlib.crc32(ids.astype("<i8").tobytes())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _write(index: Any, path: Path) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:  # what FAISS makes of a full disk
        space = os.statvfs(path.parent)
        number = errno.ENOSPC if space.f_bavail * space.f_frsize < HASH_BLOCK else errno.EIO
        raise OSError(number, str(error)) from error


@contextmanager
def _temporary(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _replace(part: Path, path: Path) -> None:
    """Move a finished file into place so that a power cut leaves the old one or the new one."""
    for place in (part, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
            if place is part:
                part.replace(path)
        finally:
            os.close(handle)
