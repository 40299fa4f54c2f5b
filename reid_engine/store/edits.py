"""Splits and merges of tracklets: the old ones stay and are replaced, so that a number never changes its meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sqlalchemy as sa

from reid_engine.errors import CaseBusy, UsageError
from reid_engine.store.deeds import EDITS, DeedVerbs, body_of, edit_of, replay, show_parts
from reid_engine.store.part import must_be_there
from reid_engine.store.rows import EditKind, TrackEdit
from reid_engine.store.schema import deed, edit_part, replaced, tracklet, tracklet_box
from reid_engine.store.tracklets import insert_tracklet, place_of
from reid_engine.store.vectors import in_force, put_vectors
from reid_engine.types import ClosedTracklet, ModelId, SourceId, TrackletCrops, TrackletId, Vectors, as_boxes


class EditVerbs(DeedVerbs):
    """Everything about splits and merges."""

    def closed_tracklet(self, number: TrackletId) -> ClosedTracklet:
        """A stored tracklet as it was put in: frame numbers, offsets, boxes, scores and crops. Raises NotFound."""
        crops: TrackletCrops = self.crops(number)
        both = tracklet.join(tracklet_box, tracklet_box.c.tracklet == tracklet.c.id)
        with self.database.reading() as connection:
            row = connection.execute(
                sa.select(tracklet, tracklet_box).select_from(both).where(tracklet.c.id == number)
            ).one()
        columns = {name: np.frombuffer(getattr(row, name), "<i8") for name in ("frame_index", "offset_us")}
        boxes = as_boxes(np.frombuffer(row.xyxy, "<f4").reshape(-1, 4).tolist())
        score = np.frombuffer(row.score, "<f4").astype(np.float32)
        return ClosedTracklet(
            row.track_id, columns["frame_index"], columns["offset_us"], boxes, score, row.quality, crops
        )

    def replace_tracklets(
        self,
        kind: EditKind,
        before: Sequence[TrackletId],
        pieces: Sequence[ClosedTracklet],
        vectors: Mapping[ModelId, Vectors],
    ) -> TrackEdit:
        """Let ``pieces``, with (N, D) vectors of the model in force at least, stand for ``before``: all or nothing.

        Raises NotFound, UsageError for tracklets that are replaced already or lie in several recordings, CaseBusy when
        the case has gone over to another model since the vectors were made.
        """
        with self.database.writing(durable=True) as connection:
            now = connection.execute(in_force()).scalar()
            if now is not None and now not in vectors:
                raise CaseBusy(f"the case went over to the model {now} while this was done; do it again")
            of = _only_source(connection, before)
            number, at_us = self.do(connection, kind)
            home, start_us, clock = place_of(connection, of)
            made = []
            for piece in pieces:
                own = ClosedTracklet(-number, piece.frame_index, piece.offset_us, piece.xyxy, piece.score,
                                     piece.quality, piece.crops, piece.upper, piece.lower)  # fmt: skip
                made.append(insert_tracklet(connection, of, home, own, clock, start_us))
            for model, rows in vectors.items():
                put_vectors(connection, made, model, rows)
            parts = [{"edit": number, "tracklet": n, "made": n in made} for n in (*map(int, before), *made)]
            connection.execute(sa.insert(edit_part), parts)
            show_parts(connection, number, stands=True)
            found = TrackEdit(number, kind, tuple(before), tuple(made), self.operator, at_us)
            kept = [_content(connection, one) for one in made]
            self.append_event(connection, kind, {"edit": number, **body_of(found), "sha256": kept})
        return found

    def edits(self) -> list[TrackEdit]:
        """The splits and merges that stand, oldest first."""
        with self.database.reading() as connection:
            return standing_edits(connection)

    def refuse_replaced(self, before: Sequence[TrackletId]) -> None:
        """Raise what ``replace_tracklets`` would raise of these, before anybody makes pieces for them."""
        with self.database.reading() as connection:
            _only_source(connection, before)

    def is_replaced(self, number: TrackletId) -> bool:
        """True when others stand for this tracklet now."""
        with self.database.reading() as connection:
            wanted = sa.select(replaced.c.tracklet).where(replaced.c.tracklet == number)
            return connection.execute(wanted).first() is not None


def _content(connection: sa.Connection, number: TrackletId) -> str:
    """What a tracklet's boxes and crops are, as a hash (see ``content``)."""
    return str(connection.execute(sa.select(tracklet.c.sha256).where(tracklet.c.id == number)).scalar_one())


def standing_edits(connection: sa.Connection) -> list[TrackEdit]:
    """The splits and merges that stand, oldest first."""
    standing = set(replay(connection)[0])
    rows = connection.execute(sa.select(deed).where(deed.c.kind.in_(EDITS), deed.c.action == "do").order_by(deed.c.id))
    found = (edit_of(connection, row) for row in rows.all() if row.id in standing)
    return [edit for edit in found if edit is not None]


def heirs(edits: Sequence[TrackEdit]) -> dict[TrackletId, TrackletId]:
    """For every tracklet that was merged the one that stands for it at last."""
    found: dict[TrackletId, TrackletId] = {}
    for edit in reversed(edits):
        if edit.kind == "merge":
            found.update((number, found.get(edit.made[0], edit.made[0])) for number in edit.before)
    return found


def _only_source(connection: sa.Connection, before: Sequence[TrackletId]) -> SourceId:
    """The recording in which all of these lie. Raises NotFound, UsageError."""
    must_be_there(connection, "tracklet", *before)
    gone = connection.execute(sa.select(replaced.c.tracklet).where(replaced.c.tracklet.in_(before))).scalars().all()
    if gone:
        raise UsageError(f"track {gone[0]} was split or merged before; take that back first, or use its successor")
    of = {row for (row,) in connection.execute(sa.select(tracklet.c.source).where(tracklet.c.id.in_(before)))}
    if len(of) != 1:
        raise UsageError(
            f"tracks {' and '.join(map(str, before))} are of different recordings, and only those of one can be "
            "merged. If they show one person, search for one of them and confirm the other"
        )
    return SourceId(of.pop())
