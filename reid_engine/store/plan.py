"""The floor plan: one picture of the place, and where its cameras stand."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from reid_engine.errors import UsageError
from reid_engine.store.cameras import CameraVerbs
from reid_engine.store.part import must_be_there
from reid_engine.store.rows import FloorPlan
from reid_engine.store.schema import camera_place, floor_plan
from reid_engine.types import CameraId

SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
LARGEST = 32 * 1024 * 1024


class PlanVerbs(CameraVerbs):
    """Everything about the plan."""

    def floor_plan(self) -> FloorPlan | None:
        """The plan with the places of its cameras; None before there is a picture and a place."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(floor_plan)).first()
            places = {CameraId(r.camera): (r.x, r.y) for r in connection.execute(sa.select(camera_place))}
        if row is None:
            return FloorPlan("", b"", places) if places else None
        return FloorPlan(row.name, row.picture, places)

    def set_floor_plan(self, name: str, picture: bytes) -> None:
        """Use this picture (PNG or JPEG); places of cameras stay. Raises UsageError for anything else."""
        if not picture.startswith(SIGNATURES):
            raise UsageError(f"{name} is neither PNG nor JPEG; a floor plan is a picture of one of these kinds")
        if len(picture) > LARGEST:
            raise UsageError(f"{name} has {len(picture):,} bytes; a floor plan has at most {LARGEST:,}")
        with self.database.writing(durable=True) as connection:
            connection.execute(sa.delete(floor_plan))
            connection.execute(sa.insert(floor_plan), {"id": 1, "name": name, "picture": picture})
            body = {"name": name, "bytes": len(picture), "sha256": hashlib.sha256(picture).hexdigest()}
            self.append_event(connection, "floor plan", body)

    def place_camera(self, which: CameraId, x: float, y: float) -> None:
        """Put a camera at a share of the plan's width and height. Raises UsageError outside of it, NotFound."""
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise UsageError(f"a camera's place on the plan is two shares between 0 and 1; got {x:g} and {y:g}")
        with self.database.writing(durable=True) as connection:
            must_be_there(connection, "camera", which)
            connection.execute(sa.delete(camera_place).where(camera_place.c.camera == which))
            connection.execute(sa.insert(camera_place), {"camera": which, "x": x, "y": y})
            self.append_event(connection, "camera placed", {"camera": which, "x": x, "y": y})
