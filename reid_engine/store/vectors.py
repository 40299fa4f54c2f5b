"""Embeddings: one float16 block a tracklet and model, and the generations that tell a cache what it has missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from reid_engine.errors import CaseDamaged, NotFound, ShapeError
from reid_engine.store.part import chunks, plain_rows
from reid_engine.store.rows import Generation, KnownModel
from reid_engine.store.schema import embedding, model_generation, network, tracklet
from reid_engine.store.sources import SourceVerbs
from reid_engine.types import ModelId, TrackletId, Vectors

ROWS_PER_BLOCK = 4096
STORED = "<f2"
Block = tuple[NDArray[np.int64], Vectors]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One model's vectors at one moment: its generation, and (ids (n,), vectors (n, D)) block by block."""

    generation: Generation
    blocks: Iterator[Block]


class VectorVerbs(SourceVerbs):
    """Everything about embeddings."""

    def add_embeddings(self, model: ModelId, ids: Sequence[TrackletId], vectors: Vectors) -> None:
        """Keep ``vectors`` (N, D) of stored tracklets; replaces those that the model had made of them before."""
        with self.database.writing() as connection:
            known = sum(
                len(connection.execute(sa.select(tracklet.c.id).where(tracklet.c.id.in_(piece))).all())
                for piece in chunks(ids)
            )
            if known != len(set(ids)):
                raise NotFound(f"vectors for {len(set(ids))} tracklets, but only {known} of them are in the case")
            replaced = 0
            for piece in chunks(ids):
                which = sa.and_(embedding.c.model == model, embedding.c.tracklet.in_(piece))
                replaced += connection.execute(sa.delete(embedding).where(which)).rowcount
            put_vectors(connection, ids, model, vectors, replaced=replaced > 0)

    def vectors(self, model: ModelId, ids: Sequence[TrackletId]) -> Vectors:
        """(N, D) float32 in the order asked for. Raises NotFound, naming the first that has none."""
        found: dict[int, bytes] = {}
        with self.database.reading() as connection:
            columns = sa.select(embedding.c.tracklet, embedding.c.vector).where(embedding.c.model == model)
            for piece in chunks(ids):
                found.update(plain_rows(connection.execute(columns.where(embedding.c.tracklet.in_(piece)))))  # type: ignore[arg-type]
            dim = _generation(connection, model).dim
        missing = next((number for number in ids if number not in found), None)
        if missing is not None:
            raise NotFound(f"tracklet {missing} has no vector of the model {model}")
        return _from_bytes([found[number] for number in ids], dim)

    def generation(self, model: ModelId) -> Generation:
        """The state of a model's vectors; all zero for a model that made none."""
        with self.database.reading() as connection:
            return _generation(connection, model)

    def all_vectors(self, model: ModelId) -> Iterator[Block]:
        """Every vector of a model as (ids, vectors) blocks of a few thousand, of one moment."""
        with self.snapshot(model) as found:
            yield from found.blocks

    @contextmanager
    def snapshot(self, model: ModelId, *, since: int = 0) -> Iterator[Snapshot]:
        """The vectors that came in after generation ``since``, with the generation they lead to."""
        newer = sa.and_(embedding.c.model == model, embedding.c.generation > since)
        order = (embedding.c.generation, embedding.c.tracklet)
        with self.database.reading() as connection:
            now = _generation(connection, model)
            wanted = sa.select(embedding.c.tracklet, embedding.c.vector).where(newer).order_by(*order)
            yield Snapshot(now, _blocks(connection.execute(wanted), now.dim))

    def without_vector(self, model: ModelId) -> list[TrackletId]:
        """The tracklets that this model has not seen yet, ascending."""
        with self.database.reading() as connection:
            wanted = _without(model).order_by(tracklet.c.id)
            return [TrackletId(number) for number in connection.execute(wanted).scalars()]

    def vector_count(self, model: ModelId) -> int:
        """How many tracklets have a vector of this model."""
        with self.database.reading() as connection:
            wanted = sa.select(sa.func.count()).select_from(embedding).where(embedding.c.model == model)
            return int(connection.execute(wanted).scalar_one())

    def model_in_force(self) -> ModelId | None:
        """The model that searches go by; None where no network is recorded that made vectors."""
        with self.database.reading() as connection:
            found = connection.execute(in_force()).scalar()
        return None if found is None else ModelId(found)

    def known_models(self) -> list[KnownModel]:
        """Every model that made vectors here: the one in force first, then those used last."""
        made, recorded = self.models(), {used.model: used for used in self.networks()}
        now = self.model_in_force() or next(reversed(made), None)
        with self.database.reading() as connection:
            count = int(connection.execute(sa.select(sa.func.count()).select_from(tracklet)).scalar_one())
        order = [now, *(model for model in reversed(recorded) if model in made), *made]
        found = []
        for model in dict.fromkeys(model for model in order if model is not None):
            used = recorded.get(model)
            name, path = ("", "") if used is None else (used.name, used.path)
            found.append(KnownModel(model, name, path, self.vector_count(model), count, model == now))
        return found

    def put_in_force(self, model: ModelId) -> bool:
        """Let searches go by a recorded model from now on, unless a tracklet lacks its vector: then False, as before.

        Raises NotFound for a model that was never recorded.
        """
        with self.database.writing(durable=True) as connection:
            if connection.execute(_without(model).limit(1)).first() is not None:
                return False
            before = connection.execute(in_force()).scalar()
            last = connection.execute(sa.select(sa.func.max(network.c.id))).scalar() or 0
            change = sa.update(network).where(network.c.model == model)
            if not connection.execute(change.values(id=last + 1)).rowcount:
                raise NotFound(f"no network of the model {model} is recorded in this case")
            if before not in (None, model):
                self.append_event(connection, "model in force", {"model": model, "before": before})
        return True

    def models(self) -> list[ModelId]:
        """The models that made vectors here."""
        with self.database.reading() as connection:
            names = connection.execute(sa.select(model_generation.c.model).order_by(model_generation.c.model))
            return [ModelId(name) for name in names.scalars()]


def in_force() -> sa.Select[Any]:
    """The model that searches go by: of those that made vectors the one whose network was used last; or no row."""
    made = sa.select(model_generation.c.model)
    known = sa.select(network.c.model).where(network.c.role == "embedder", network.c.model.in_(made))
    return known.order_by(network.c.id.desc()).limit(1)


def _without(model: ModelId) -> sa.Select[Any]:
    """Numbers of tracklets that have no vector of a model."""
    has = sa.exists().where(embedding.c.tracklet == tracklet.c.id, embedding.c.model == model)
    return sa.select(tracklet.c.id).where(~has)


def _blocks(result: sa.CursorResult[Any], dim: int) -> Iterator[Block]:
    assert result.cursor is not None
    while rows := result.cursor.fetchmany(ROWS_PER_BLOCK):
        numbers, blobs = zip(*rows, strict=True)
        yield np.array(numbers, np.int64), _from_bytes(blobs, dim)
    result.close()


def _from_bytes(blobs: Sequence[bytes], dim: int) -> Vectors:
    numbers = np.frombuffer(b"".join(blobs), STORED)
    if len(numbers) != len(blobs) * dim:
        raise CaseDamaged(f"vectors of {dim} numbers were expected, some have another length; check the case")
    return numbers.reshape(len(blobs), dim).astype(np.float32)


def _generation(connection: sa.Connection, model: ModelId) -> Generation:
    row = connection.execute(sa.select(model_generation).where(model_generation.c.model == model)).first()
    if row is None:
        return Generation()
    return Generation(row.generation, row.removed_at, row.dim)


def put_vectors(
    connection: sa.Connection, ids: Sequence[TrackletId], model: ModelId, vectors: Vectors, *, replaced: bool = False
) -> None:
    """Insert vectors of tracklets that have none of this model, and move its generation on, in one transaction."""
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused below
        stored = vectors.astype(STORED)
    if vectors.shape[:1] != (len(ids),) or vectors.ndim != 2 or not np.isfinite(stored).all():
        raise ShapeError(f"{len(ids)} tracklets need as many finite vectors (N, D), got {vectors.shape} or NaN")
    if not len(ids):
        return
    number = _next_generation(connection, model, vectors.shape[1], removed=replaced)
    rows = zip(ids, stored, strict=True)
    values = [{"tracklet": n, "model": model, "generation": number, "vector": v.tobytes()} for n, v in rows]
    connection.execute(sa.insert(embedding), values)


def _next_generation(connection: sa.Connection, model: ModelId, dim: int, *, removed: bool) -> int:
    """Count one on and return the new number. Raises ShapeError for vectors of another length than before."""
    table = model_generation
    before = connection.execute(sa.select(table).where(table.c.model == model)).first()
    if before is None:
        connection.execute(sa.insert(table), {"model": model, "dim": dim, "generation": 1, "removed_at": 0})
        return 1
    if before.dim != dim:
        raise ShapeError(f"the model {model} makes vectors of {before.dim} numbers in this case, got {dim}")
    number = int(before.generation) + 1
    removed_at = number if removed else before.removed_at
    change = sa.update(table).where(table.c.model == model)
    connection.execute(change.values(generation=number, removed_at=removed_at))
    return number


def note_removal(connection: sa.Connection) -> None:
    """Tracklets are going: caches of every model are stale."""
    next_number = model_generation.c.generation + 1
    connection.execute(sa.update(model_generation).values(generation=next_number, removed_at=next_number))
