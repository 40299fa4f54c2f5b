"""Do the rows contradict each other; what the tables' own rules cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from reid_engine.store.content import tracklet_sha256
from reid_engine.store.erasure import ErasureVerbs, unlike_record
from reid_engine.store.part import plain_rows
from reid_engine.store.replayed import disagreements
from reid_engine.store.schema import (
    crop,
    embedding,
    metadata,
    model_generation,
    source,
    tracklet,
    tracklet_box,
)
from reid_engine.store.vectors import in_force
from reid_engine.types import SourceId, TrackletId

BYTES_A_BOX = {"frame_index": 8, "offset_us": 8, "xyxy": 16, "score": 4}


class ConsistencyVerbs(ErasureVerbs):
    """Sentences about rows that do not fit."""

    def contradictions(self) -> list[str]:
        """One sentence for each kind of contradiction, with how often and where first."""
        with self.database.reading() as connection:
            found = [_sentence(connection, what, query) for what, query in (_dangling() | _unfitting()).items()]
        return [sentence for sentence in found if sentence is not None]

    def without_bytes(self) -> list[TrackletId]:
        """Those of which a crop is no bytes, but text or a number that somebody wrote there: it cannot even be read."""
        with self.database.reading() as connection:
            wanted = sa.select(crop.c.tracklet).where(_no_bytes(crop.c.jpeg)).distinct().order_by(crop.c.tracklet)
            return [TrackletId(number) for number in connection.execute(wanted).scalars()]

    def altered_tracklets(self, among: Sequence[TrackletId] | None = None) -> Iterator[TrackletId]:
        """Those, of all or ``among`` some, whose boxes or crops are not what their hash says; what an older version
        found has none."""
        spoiled = frozenset(self.without_bytes())
        with self.database.reading() as connection:
            hashed = sa.select(tracklet.c.id, tracklet.c.sha256).where(tracklet.c.sha256.is_not(None))
            hashed = hashed if among is None else hashed.where(tracklet.c.id.in_(among))
            for number, sha256 in plain_rows(connection.execute(hashed.order_by(tracklet.c.id))):
                if number in spoiled:
                    yield TrackletId(number)
                    continue
                boxes = connection.execute(sa.select(tracklet_box).where(tracklet_box.c.tracklet == number)).one()
                kept = sa.select(crop).where(crop.c.tracklet == number).order_by(crop.c.run, crop.c.position)
                crops = [row._asdict() for row in connection.execute(kept)]
                if tracklet_sha256(boxes._asdict(), crops) != sha256:
                    yield TrackletId(number)

    def disagreements(self) -> list[str]:
        """Sentences about tables that are not what the record comes to; the record must have been found whole."""
        with self.database.reading() as connection:
            return disagreements(connection)

    def unlike_record(self) -> list[SourceId]:
        """Recordings of which other tracklets are here than the record says were found, or were left by an erasure."""
        with self.database.reading() as connection:
            return unlike_record(connection)


def _sentence(connection: sa.Connection, what: str, query: sa.Select[tuple[int]]) -> str | None:
    numbers = list(connection.execute(query).scalars())
    return f"{what}: {len(numbers)}, the first is number {numbers[0]}" if numbers else None


def _no_bytes(column: sa.Column[bytes]) -> sa.ColumnElement[bool]:
    """SQLite keeps in a column whatever is written there."""
    return sa.func.typeof(column) != "blob"


def _dangling() -> dict[str, sa.Select[tuple[int]]]:
    """Rows that point at nothing, for every foreign key there is."""
    questions = {}
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            parent = key.column.table.alias("parent")
            joined = table.outerjoin(parent, key.parent == parent.c[key.column.name])
            lost = sa.and_(key.parent.is_not(None), parent.c[key.column.name].is_(None))
            what = f"rows of {table.name} whose {key.parent.name} is not there"
            questions[what] = sa.select(key.parent).select_from(joined).where(lost)
    return questions


def _without(child: sa.Table) -> sa.Select[tuple[int]]:
    has = sa.exists().where(child.c.tracklet == tracklet.c.id)
    return sa.select(tracklet.c.id).where(~has).order_by(tracklet.c.id)


def _misshapen() -> sa.Select[tuple[int]]:
    both = tracklet_box.join(tracklet, tracklet.c.id == tracklet_box.c.tracklet)
    wrong = [sa.func.length(tracklet_box.c[name]) != size * tracklet.c.box_count for name, size in BYTES_A_BOX.items()]
    wrong += [_no_bytes(tracklet_box.c[name]) for name in BYTES_A_BOX]
    return sa.select(tracklet.c.id).select_from(both).where(sa.or_(*wrong)).order_by(tracklet.c.id)


def _misfiled() -> sa.Select[tuple[int]]:
    both = tracklet.join(source, source.c.id == tracklet.c.source)
    return sa.select(tracklet.c.id).select_from(both).where(tracklet.c.camera != source.c.camera)


def _not_embedded() -> sa.Select[tuple[int]]:
    """Tracklets without a vector of the model that is in force: what came in since then, the others need not know.

    Where no network is recorded, every model that made vectors counts.
    """
    made = model_generation.c.model
    last = in_force().scalar_subquery()
    has = sa.exists().where(embedding.c.tracklet == tracklet.c.id, embedding.c.model == made)
    wanted = sa.select(tracklet.c.id).join_from(tracklet, model_generation, made == sa.func.coalesce(last, made))
    return wanted.where(~has).order_by(tracklet.c.id)


def _wrong_length() -> sa.Select[tuple[int]]:
    both = embedding.join(model_generation, embedding.c.model == model_generation.c.model)
    wrong = sa.func.length(embedding.c.vector) != 2 * model_generation.c.dim
    return sa.select(embedding.c.tracklet).select_from(both).where(sa.or_(wrong, _no_bytes(embedding.c.vector)))


def _unfitting() -> dict[str, sa.Select[tuple[int]]]:
    return {
        "tracklets without boxes": _without(tracklet_box),
        "tracklets whose boxes do not have the length that is written": _misshapen(),
        "tracklets without pixels": _without(crop),
        "tracklets in another camera than their recording": _misfiled(),
        "tracklets without a vector of a model of the case": _not_embedded(),
        "vectors of the wrong length": _wrong_length(),
    }
