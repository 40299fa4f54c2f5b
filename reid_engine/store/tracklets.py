"""Tracklets, their boxes and their pixels; and the one transaction in which an ingest moves on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from reid_engine.clock import CameraClock
from reid_engine.errors import CaseDamaged, NotFound
from reid_engine.store.cameras import camera_row, correct_all
from reid_engine.store.content import source_sha256, tracklet_sha256
from reid_engine.store.part import chunks, must_be_there, plain_rows
from reid_engine.store.rows import ANYBODY, Spans, TrackletFilter
from reid_engine.store.schema import (
    camera,
    crop,
    deed,
    edit_part,
    replaced,
    source,
    tracklet,
    tracklet_box,
    tracklet_colour,
)
from reid_engine.store.sources import report_columns
from reid_engine.store.vectors import VectorVerbs, note_removal, put_vectors
from reid_engine.types import (
    CameraId,
    ClosedTracklet,
    Crop,
    ModelId,
    Seen,
    SourceId,
    SourceReport,
    Tracklet,
    TrackletCrops,
    TrackletId,
    Vectors,
)

BEST = -1  # the "run" that holds the best single crops


class TrackletVerbs(VectorVerbs):
    """Everything about tracklets."""

    def commit_progress(
        self,
        of: SourceId,
        *,
        closed: Sequence[tuple[ClosedTracklet, NDArray[np.float32]]],
        model: ModelId,
        checkpoint: bytes | None,
        finished: SourceReport | None,
    ) -> list[TrackletId]:
        """Keep what closed, with vectors (D,), together with the checkpoint that goes with it: all of it or nothing.

        ``finished`` ends the recording; without it the recording is running and ``checkpoint`` is where to go on.
        Raises NotFound, DiskFull, CaseBusy; CaseError for a piece of a track that the case holds already.
        """
        with self.database.writing() as connection:
            home, start_us, clock = place_of(connection, of)
            ids = []
            for piece, _ in closed:
                ids.append(insert_tracklet(connection, of, home, piece, clock, start_us))
            if closed:
                put_vectors(connection, ids, model, np.stack([vector for _, vector in closed]))
            values = {"state": "done" if finished else "running", "failure": None, "checkpoint": checkpoint}
            values |= report_columns(finished)
            connection.execute(sa.update(source).where(source.c.id == of).values(**values))
            if finished is not None:
                seen = {"frames": finished.frames_analysed, "damaged": finished.damage.any}
                body = {"source": of, **seen, "sha256": source_sha256(connection, of)}
                self.append_event(connection, "source finished", body)
        return ids

    def reset_source(
        self, which: SourceId, *, fingerprint: str | None = None, settings: dict[str, Any] | None = None
    ) -> int:
        """Forget what was found in a recording, decisions about it included; returns how many tracklets it was."""
        with self.database.writing(durable=True) as connection:
            place_of(connection, which)
            _forget_edits(connection, sa.select(tracklet.c.id).where(tracklet.c.source == which))
            gone = connection.execute(sa.delete(tracklet).where(tracklet.c.source == which)).rowcount
            note_removal(connection)
            values: dict[str, Any] = {"state": "pending", "failure": None, "checkpoint": None, **report_columns(None)}
            again = {"fingerprint": fingerprint, "settings": settings}
            values |= {name: value for name, value in again.items() if value is not None}
            connection.execute(sa.update(source).where(source.c.id == which).values(**values))
            now = connection.execute(sa.select(source.c.fingerprint, source.c.settings).where(source.c.id == which))
            self.append_event(connection, "source reset", {"source": which, "tracklets": gone, **now.one()._asdict()})
        return gone

    def find(self, where: TrackletFilter = ANYBODY, among: Iterable[int] | None = None) -> NDArray[np.int64]:
        """The numbers of the tracklets that pass, ascending: of all, or of those ``among`` which to choose."""
        wanted = sa.select(tracklet.c.id).where(*_conditions(where))
        rows: list[Sequence[Any]] = []
        with self.database.reading() as connection:
            if among is None:
                rows += plain_rows(connection.execute(wanted))
            for piece in chunks(among or ()):
                rows += plain_rows(connection.execute(wanted.where(tracklet.c.id.in_(piece))))
        found = np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))
        return found[~np.isin(found, where.exclude)] if where.exclude else found

    def count_tracklets(self, of: SourceId | None = None) -> int:
        """How many there are, in one recording or in all."""
        conditions = [] if of is None else [tracklet.c.source == of]
        with self.database.reading() as connection:
            wanted = sa.select(sa.func.count()).select_from(tracklet).where(*conditions)
            return int(connection.execute(wanted).scalar_one())

    def reached_us(self, of: SourceId) -> int:
        """How far into a recording somebody was last seen, in microseconds after its first picture; 0 for nobody."""
        with self.database.reading() as connection:
            last = sa.func.max(tracklet.c.last_offset_us)
            return int(connection.execute(sa.select(last).where(tracklet.c.source == of)).scalar() or 0)

    def tracklets(self, ids: Sequence[TrackletId]) -> list[Tracklet]:
        """Whole tracklets in the order asked for. Raises NotFound."""
        found: dict[int, Tracklet] = {}
        with self.database.reading() as connection:
            for piece in chunks(ids):
                found.update((t.id, t) for t in _whole(connection, tracklet.c.id.in_(piece)))
        return [found[number] if number in found else _missing(number) for number in ids]

    def tracklets_between(self, where: CameraId, from_us: int, to_us: int) -> list[Tracklet]:
        """What a camera saw of anybody at some moment of [from_us, to_us], by start."""
        with self.database.reading() as connection:
            wanted = TrackletFilter(cameras=(where,), from_us=from_us, to_us=to_us)
            found = list(_whole(connection, sa.and_(*_conditions(wanted))))
        return sorted(found, key=lambda t: (t.start_us, t.id))

    def appearance(self, cameras: Sequence[CameraId], time_us: int, *, before: bool = False) -> Seen | None:
        """Who comes into view of some cameras next, after a moment (corrected UTC), or came last ``before`` it."""
        begins = tracklet.c.start_us
        wanted = sa.select(tracklet.c.id, tracklet.c.camera, begins, tracklet.c.end_us)
        wanted = wanted.where(*_conditions(TrackletFilter(cameras=tuple(cameras))))
        wanted = wanted.where(begins < time_us if before else begins > time_us)
        order = (begins.desc(), tracklet.c.id.desc()) if before else (begins, tracklet.c.id)
        with self.database.reading() as connection:
            row = connection.execute(wanted.order_by(*order).limit(1)).first()
        return None if row is None else Seen(*row)

    def in_view_until(self, cameras: Sequence[CameraId], time_us: int) -> int | None:
        """When the last of those leaves who are in view of some cameras at a moment; corrected UTC; None for nobody."""
        there = TrackletFilter(cameras=tuple(cameras), from_us=time_us, to_us=time_us)
        with self.database.reading() as connection:
            found: int | None = connection.execute(
                sa.select(sa.func.max(tracklet.c.end_us)).where(*_conditions(there))
            ).scalar_one()
        return found

    def spans(self, ids: Sequence[TrackletId]) -> Spans:
        """When and where, as columns in the order asked for. Raises NotFound."""
        columns = (tracklet.c.id, tracklet.c.camera, tracklet.c.start_us, tracklet.c.end_us)
        rows: list[Sequence[Any]] = []
        with self.database.reading() as connection:
            for piece in chunks(ids):
                rows += plain_rows(connection.execute(sa.select(*columns).where(tracklet.c.id.in_(piece))))
        known = {row[0]: row for row in rows}
        ordered = [known[number] if number in known else _missing(number) for number in ids]
        return Spans(*np.array(ordered, np.int64).reshape(-1, 4).T)

    def seen(self, where: TrackletFilter, limit: int) -> list[Seen]:
        """Who passes, earliest first, ties by number; at most ``limit``."""
        columns = (tracklet.c.id, tracklet.c.camera, tracklet.c.start_us, tracklet.c.end_us)
        wanted = sa.select(*columns).where(*_conditions(where)).order_by(tracklet.c.start_us, tracklet.c.id)
        if where.exclude:
            wanted = wanted.where(tracklet.c.id.not_in(where.exclude))
        with self.database.reading() as connection:
            rows = plain_rows(connection.execute(wanted.limit(limit)))
        return [Seen(TrackletId(row[0]), CameraId(row[1]), row[2], row[3]) for row in rows]

    def crops(self, of: TrackletId) -> TrackletCrops:
        """The kept pixels of one tracklet. Raises NotFound."""
        with self.database.reading() as connection:
            must_be_there(connection, "tracklet", of)
            wanted = sa.select(crop).where(crop.c.tracklet == of).order_by(crop.c.run, crop.c.position)
            runs: dict[int, list[Crop]] = {}
            for r in connection.execute(wanted):
                box = (r.x1, r.y1, r.x2, r.y2)
                runs.setdefault(r.run, []).append(Crop(r.frame_index, r.offset_us, box, r.quality, r.jpeg))
        best = tuple(runs.pop(BEST, ()))
        return TrackletCrops(best, tuple(tuple(run) for run in runs.values()))

    def present(self, ids: Iterable[TrackletId]) -> list[TrackletId]:
        """Those of ``ids`` that are in the case and that no others stand for, ascending."""
        return [TrackletId(number) for number in self.find(among=list(ids)).tolist()]

    def qualities(self, ids: Sequence[TrackletId]) -> dict[TrackletId, float]:
        """The quality of each one's best crop, in [0, 1]."""
        found: dict[TrackletId, float] = {}
        with self.database.reading() as connection:
            for piece in chunks(ids):
                wanted = sa.select(tracklet.c.id, tracklet.c.quality).where(tracklet.c.id.in_(piece))
                found.update((TrackletId(n), quality) for n, quality in plain_rows(connection.execute(wanted)))
        return found

    def without_colour(self) -> list[TrackletId]:
        """The tracklets whose clothes nobody has named yet, ascending: those of cases of older versions."""
        has = sa.exists().where(tracklet_colour.c.tracklet == tracklet.c.id)
        with self.database.reading() as connection:
            wanted = sa.select(tracklet.c.id).where(~has).order_by(tracklet.c.id)
            return [TrackletId(number) for number in connection.execute(wanted).scalars()]

    def put_colours(self, found: Mapping[TrackletId, tuple[str, str]]) -> None:
        """Keep (upper, lower) of tracklets, instead of what they had."""
        rows = [{"tracklet": number, "upper": upper, "lower": lower} for number, (upper, lower) in found.items()]
        if rows:
            with self.database.writing() as connection:
                for piece in chunks(found):
                    connection.execute(sa.delete(tracklet_colour).where(tracklet_colour.c.tracklet.in_(piece)))
                connection.execute(sa.insert(tracklet_colour), rows)

    def colours(self, ids: Sequence[TrackletId]) -> dict[TrackletId, tuple[str, str]]:
        """(upper, lower) of each; those without are left out."""
        found: dict[TrackletId, tuple[str, str]] = {}
        with self.database.reading() as connection:
            for piece in chunks(ids):
                wanted = sa.select(tracklet_colour).where(tracklet_colour.c.tracklet.in_(piece))
                found.update((TrackletId(n), (upper, lower)) for n, upper, lower in connection.execute(wanted))
        return found

    def best_crops(self, ids: Sequence[TrackletId]) -> dict[TrackletId, bytes]:
        """The best single JPEG of each; those without one are left out."""
        found: dict[TrackletId, bytes] = {}
        first = sa.and_(crop.c.run == BEST, crop.c.position == 0)
        with self.database.reading() as connection:
            for piece in chunks(ids):
                wanted = sa.select(crop.c.tracklet, crop.c.jpeg).where(crop.c.tracklet.in_(piece), first)
                found.update((TrackletId(n), jpeg) for n, jpeg in plain_rows(connection.execute(wanted)))
        return found


def _forget_edits(connection: sa.Connection, going: sa.Select[tuple[int]]) -> None:
    """Splits and merges of tracklets that are going cannot be taken back any more; what was replaced and stays shows
    again unless what stands for it stays too."""
    edits = sa.select(edit_part.c.edit).where(edit_part.c.tracklet.in_(going))
    kept = sa.select(edit_part.c.tracklet).where(edit_part.c.edit.in_(edits), edit_part.c.made.is_(False))
    connection.execute(sa.delete(replaced).where(replaced.c.tracklet.in_(kept)))
    connection.execute(sa.delete(deed).where(deed.c.id.in_(edits)))


def _missing(number: int) -> Any:
    raise NotFound(f"no tracklet has the number {number}")


def place_of(connection: sa.Connection, of: SourceId) -> tuple[CameraId, int, CameraClock]:
    """Camera, start by its clock, and the clock, of a recording."""
    both = source.join(camera, source.c.camera == camera.c.id)
    row = connection.execute(sa.select(camera, source.c.start_us).select_from(both).where(source.c.id == of)).first()
    if row is None:
        raise NotFound(f"no recording has the number {of}")
    found = camera_row(row)
    return found.id, int(row.start_us), found.clock


def insert_tracklet(
    connection: sa.Connection, of: SourceId, home: CameraId, piece: ClosedTracklet, clock: CameraClock, start_us: int
) -> TrackletId:
    """Add one tracklet with boxes, crops and colours in the caller's transaction."""
    first, last = int(piece.offset_us[0]), int(piece.offset_us[-1])
    boxes = {
        "frame_index": piece.frame_index.astype("<i8").tobytes(),
        "offset_us": piece.offset_us.astype("<i8").tobytes(),
        "xyxy": piece.xyxy.astype("<f4").tobytes(),
        "score": piece.score.astype("<f4").tobytes(),
    }
    crops = list(_crop_rows(piece.crops))
    row = {
        "source": of,
        "camera": home,
        "track_id": int(piece.track_id),
        "start_us": clock.correct(start_us + first),
        "end_us": clock.correct(start_us + last),
        "first_offset_us": first,
        "last_offset_us": last,
        "box_count": len(piece.offset_us),
        "quality": float(piece.quality),
        "sha256": tracklet_sha256(boxes, crops),
    }
    key = connection.execute(sa.insert(tracklet), row).inserted_primary_key
    assert key is not None
    connection.execute(sa.insert(tracklet_box), {"tracklet": key[0], **boxes})
    if crops:
        connection.execute(sa.insert(crop), [{"tracklet": key[0], **kept} for kept in crops])
    if piece.upper or piece.lower:
        worn = {"tracklet": key[0], "upper": piece.upper, "lower": piece.lower}
        connection.execute(sa.insert(tracklet_colour), worn)
    return TrackletId(key[0])


def _crop_rows(crops: TrackletCrops) -> Iterator[dict[str, Any]]:
    for run, kept in enumerate((crops.best, *crops.runs), start=BEST):
        for position, c in enumerate(kept):
            place = {"run": run, "position": position}
            corners = dict(zip(("x1", "y1", "x2", "y2"), map(float, c.xyxy), strict=True))
            when = {"frame_index": int(c.frame_index), "offset_us": int(c.offset_us)}
            yield place | corners | when | {"quality": float(c.quality), "jpeg": c.jpeg}


def _conditions(where: TrackletFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [tracklet.c.id.not_in(sa.select(replaced.c.tracklet))]
    if where.cameras is not None:
        conditions.append(tracklet.c.camera.in_(where.cameras))
    if where.not_cameras:
        conditions.append(tracklet.c.camera.not_in(where.not_cameras))
    if where.from_us is not None:
        conditions.append(tracklet.c.end_us >= where.from_us)
    if where.to_us is not None:
        conditions.append(tracklet.c.start_us <= where.to_us)
    if where.least_quality > 0:
        conditions.append(tracklet.c.quality >= where.least_quality)
    for part, names in ((tracklet_colour.c.upper, where.upper), (tracklet_colour.c.lower, where.lower)):
        if names:
            worn = sa.or_(*((" " + part + " ").contains(f" {name} ", autoescape=True) for name in names))
            conditions.append(tracklet.c.id.in_(sa.select(tracklet_colour.c.tracklet).where(worn)))
    return conditions


def _whole(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Iterable[Tracklet]:
    """Tracklets with their boxes, corrected by their cameras' clocks."""
    joined = tracklet.join(tracklet_box, tracklet_box.c.tracklet == tracklet.c.id)
    joined = joined.join(source, source.c.id == tracklet.c.source).join(camera, camera.c.id == tracklet.c.camera)
    boxes = (tracklet_box.c.offset_us, tracklet_box.c.xyxy, tracklet_box.c.score)
    recorded = source.c.start_us.label("recorded_us")
    wanted = sa.select(tracklet, *boxes, recorded).select_from(joined).where(which)
    clocks = {row.id: camera_row(row).clock for row in connection.execute(sa.select(camera))}
    for row in connection.execute(wanted):
        try:
            offsets = np.frombuffer(row.offset_us, "<i8").astype(np.int64)
            xyxy, score = _boxes(row.xyxy), np.frombuffer(row.score, "<f4").astype(np.float32)
        except ValueError as error:
            raise CaseDamaged(
                f"the boxes of tracklet {row.id} are damaged ({error}); `reappear check` says what else is"
            ) from error
        yield Tracklet(
            id=TrackletId(row.id),
            camera=CameraId(row.camera),
            source=SourceId(row.source),
            start_us=row.start_us,
            end_us=row.end_us,
            time_us=correct_all(clocks[row.camera], row.recorded_us + offsets),
            xyxy=xyxy,
            score=score,
            quality=row.quality,
        )


def _boxes(blob: bytes) -> Vectors:
    return np.frombuffer(blob, "<f4").astype(np.float32).reshape(-1, 4)
