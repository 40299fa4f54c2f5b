"""Cameras, their clocks, and what is known of pairs of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa

from reid_engine.clock import SECOND_US, CameraClock
from reid_engine.errors import NotFound, UsageError
from reid_engine.naming import checked_words, harmless
from reid_engine.store.record import RecordVerbs
from reid_engine.store.rows import Camera, CameraPair
from reid_engine.store.schema import camera, camera_pair, source, tracklet
from reid_engine.types import CameraId

LARGEST_OFFSET_US = 100 * 366 * 86_400_000_000
LARGEST_DRIFT_PPM = 100_000  # a tenth: six minutes in an hour


def checked_name(name: str) -> str:
    """``name``, if a person could read it out. Raises as ``checked_words``, and for nothing at all."""
    checked_words(name, "a camera's name")
    if not name.strip():
        raise UsageError("a camera's name is empty; expected at least one printable character")
    return name


def camera_row(row: Any) -> Camera:
    """A row of the table as the value that the program knows; a name from before they were checked is made harmless."""
    clock = CameraClock(row.offset_us, row.drift_ppm, row.reference_us, row.uncertainty_us, row.zone)
    return Camera(CameraId(row.id), harmless(row.name), clock)


class CameraVerbs(RecordVerbs):
    """Everything about cameras."""

    def cameras(self) -> list[Camera]:
        """All cameras in the order they came in."""
        with self.database.reading() as connection:
            return [camera_row(row) for row in connection.execute(sa.select(camera).order_by(camera.c.id))]

    def camera(self, name: str, *, create: bool = False) -> Camera:
        """The camera of this name; made if asked for. Raises NotFound, UsageError for a name that cannot be."""
        wanted = sa.select(camera).where(camera.c.name == checked_name(name))
        with self.database.reading() as connection:
            found = connection.execute(wanted).first()
            if found is None:
                every = connection.execute(sa.select(camera).order_by(camera.c.name)).all()
                found = next((row for row in every if harmless(row.name) == name), None)  # as it is shown
            if found is None and not create:
                known = ", ".join(harmless(row.name) for row in every)
                raise NotFound(f"no camera is called {name!r}; the case has: {known or 'none yet'}")
        if found is None:
            with self.database.writing() as connection:
                found = connection.execute(wanted).first()
                if found is None:
                    connection.execute(sa.insert(camera), {"name": name, **asdict(CameraClock())})
                    found = connection.execute(wanted).one()
                    self.append_event(connection, "camera made", {"camera": found.id, "name": name})
        return camera_row(found)

    def rename_camera(self, which: CameraId, name: str) -> None:
        """Raises UsageError when the name is taken or cannot be, NotFound for no such camera."""
        with self.database.writing() as connection:
            before = camera_of(connection, which)
            taken = sa.select(camera.c.id).where(camera.c.name == checked_name(name), camera.c.id != which)
            if connection.execute(taken).first() is not None:
                raise UsageError(f"another camera is called {name!r} already; choose a different name")
            connection.execute(sa.update(camera).where(camera.c.id == which).values(name=name))
            self.append_event(connection, "camera renamed", {"camera": which, "from": before.name, "to": name})

    def set_camera_clock(self, which: CameraId, clock: CameraClock) -> None:
        """Set how far the clock is off, and the corrected times of everything the camera saw, together.

        Raises UsageError for a drift or an offset that no clock has, NotFound.
        """
        if abs(clock.offset_us) > LARGEST_OFFSET_US:
            off = clock.offset_us / SECOND_US
            raise UsageError(f"a clock that is {off:+.0f} s off: expected at most a hundred years either way")
        if not abs(clock.drift_ppm) <= LARGEST_DRIFT_PPM:
            raise UsageError(f"a drift of {clock.drift_ppm:g} ppm: expected at most {LARGEST_DRIFT_PPM:,} either way")
        with self.database.writing(durable=True) as connection:
            before = camera_of(connection, which).clock
            connection.execute(sa.update(camera).where(camera.c.id == which).values(**asdict(clock)))
            refresh_times(connection, clock, tracklet.c.camera == which)
            body = {"camera": which, "from": asdict(before), "to": asdict(clock)}
            self.append_event(connection, "camera clock", body)

    def camera_pairs(self) -> list[CameraPair]:
        """The pairs of which something was said."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(camera_pair).order_by(camera_pair.c.first, camera_pair.c.second))
            return [CameraPair(CameraId(r.first), CameraId(r.second), *tuple(r)[2:]) for r in rows]

    def set_camera_pair(self, pair: CameraPair) -> None:
        """Say what is known of two cameras, in either order; replaces what was said before."""
        if pair.first == pair.second:
            raise UsageError("a pair is of two cameras, but the same one was named twice; name another one")
        least_s, most_s = pair.least_travel_us / SECOND_US, pair.most_travel_us / SECOND_US
        if min(least_s, most_s) < 0:
            raise UsageError(f"travel times are 0 s or more, got {least_s:g} s and {most_s:g} s")
        if 0 < most_s < least_s:
            raise UsageError(f"the longest travel time, {most_s:g} s, is below the least one, {least_s:g} s")
        first, second = sorted((pair.first, pair.second))
        body = {**asdict(pair), "first": first, "second": second}
        with self.database.writing(durable=True) as connection:
            same = sa.and_(camera_pair.c.first == first, camera_pair.c.second == second)
            connection.execute(sa.delete(camera_pair).where(same))
            connection.execute(sa.insert(camera_pair), body)
            self.append_event(connection, "camera pair", body)


def camera_of(connection: sa.Connection, which: CameraId) -> Camera:
    """The camera of this number, in the caller's transaction. Raises NotFound."""
    found = connection.execute(sa.select(camera).where(camera.c.id == which)).first()
    if found is None:
        raise NotFound(f"no camera has the number {which}")
    return camera_row(found)


def refresh_times(connection: sa.Connection, clock: CameraClock, which: sa.ColumnElement[bool]) -> None:
    """Derive the corrected times of the tracklets ``which`` (of one camera) again."""
    columns = (tracklet.c.id, source.c.start_us, tracklet.c.first_offset_us, tracklet.c.last_offset_us)
    of_source = tracklet.join(source, tracklet.c.source == source.c.id)
    rows = connection.execute(sa.select(*columns).select_from(of_source).where(which)).all()
    if not rows:
        return
    ids, start, first, last = np.array(rows, np.int64).T
    times = zip(ids.tolist(), correct_all(clock, start + first), correct_all(clock, start + last), strict=True)
    change = sa.update(tracklet).where(tracklet.c.id == sa.bindparam("which"))
    change = change.values(start_us=sa.bindparam("start"), end_us=sa.bindparam("end"))
    connection.execute(change, [{"which": n, "start": int(s), "end": int(e)} for n, s, e in times])


def correct_all(
    clock: CameraClock, recorded_us: np.ndarray[Any, np.dtype[np.int64]]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """``clock.correct`` of every element, to the microsecond."""
    if clock.drift_ppm == 0:
        return recorded_us - clock.offset_us
    return np.array([clock.correct(time) for time in recorded_us.tolist()], np.int64)
