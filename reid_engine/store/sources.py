"""Recordings and the networks that read them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from reid_engine.errors import CaseError, NotFound
from reid_engine.store.cameras import camera_of, refresh_times
from reid_engine.store.plan import PlanVerbs
from reid_engine.store.rows import Network, NewSource, Source
from reid_engine.store.schema import network, source, tracklet
from reid_engine.types import CameraId, Damage, ModelId, SourceId, SourceReport


def source_row(row: Any) -> Source:
    """A row of the table as the value that the program knows."""
    return Source(
        id=SourceId(row.id),
        camera=CameraId(row.camera),
        path=row.path,
        content_sha256=row.content_sha256,
        bytes=row.bytes,
        start_us=row.start_us,
        kind=row.kind,
        start_origin=row.start_origin,
        fingerprint=row.fingerprint,
        settings=row.settings,
        width=row.width,
        height=row.height,
        state=row.state,
        report=_report(row),
        failure=row.failure,
    )


def _report(row: Any) -> SourceReport | None:
    if row.damage is None:
        return None
    damage = Damage.from_json(row.damage)
    return SourceReport(row.frames_decoded, row.frames_analysed, row.frames_expected, row.duration_us, damage)


def report_columns(report: SourceReport | None) -> dict[str, Any]:
    """What a report fills in; None empties the columns."""
    return {
        "frames_decoded": report and report.frames_decoded,
        "frames_analysed": report and report.frames_analysed,
        "frames_expected": report and report.frames_expected,
        "duration_us": report and report.duration_us,
        "damage": sa.null() if report is None else asdict(report.damage),
    }


class SourceVerbs(PlanVerbs):
    """Everything about recordings."""

    def add_source(self, new: NewSource) -> Source:
        """Bring a recording in, ``pending``. Raises CaseError when the camera has one of the same content."""
        with self.database.writing() as connection:
            same = sa.and_(source.c.camera == new.camera, source.c.content_sha256 == new.content_sha256)
            known = connection.execute(sa.select(source.c.id, source.c.path).where(same)).first()
            if known is not None:
                raise CaseError(f"{new.path} is in the case already, as recording {known.id} ({known.path})")
            done = connection.execute(sa.insert(source), {**asdict(new), "state": "pending"})
            assert done.inserted_primary_key is not None
            added = SourceId(done.inserted_primary_key[0])
            self.append_event(connection, "source added", {"source": added, **asdict(new)})
            return _source(connection, added)

    def sources(self) -> list[Source]:
        """All recordings in the order they came in."""
        with self.database.reading() as connection:
            return [source_row(row) for row in connection.execute(sa.select(source).order_by(source.c.id))]

    def source(self, which: SourceId) -> Source:
        """One recording. Raises NotFound."""
        with self.database.reading() as connection:
            return _source(connection, which)

    def source_for(self, of: CameraId, content_sha256: str) -> Source | None:
        """The camera's recording of this content, if it was brought in before."""
        same = sa.and_(source.c.camera == of, source.c.content_sha256 == content_sha256)
        with self.database.reading() as connection:
            found = connection.execute(sa.select(source).where(same)).first()
        return None if found is None else source_row(found)

    def set_source_start(self, which: SourceId, start_us: int) -> None:
        """By hand: when the first picture was taken by the camera's clock. Every corrected time follows."""
        with self.database.writing(durable=True) as connection:
            before = _source(connection, which)
            values = {"start_us": start_us, "start_origin": "by hand"}
            connection.execute(sa.update(source).where(source.c.id == which).values(**values))
            refresh_times(connection, camera_of(connection, before.camera).clock, tracklet.c.source == which)
            self.append_event(connection, "source start", {"source": which, "from": before.start_us, **values})

    def move_source(self, which: SourceId, path: str) -> None:
        """The recording, told by its content, lies elsewhere now."""
        with self.database.writing(durable=True) as connection:
            before = _source(connection, which)
            connection.execute(sa.update(source).where(source.c.id == which).values(path=path))
            self.append_event(connection, "source moved", {"source": which, "from": before.path, "to": path})

    def load_checkpoint(self, which: SourceId) -> bytes | None:
        """Where an unfinished ingest of this recording stands, or None to begin at its start."""
        with self.database.reading() as connection:
            found = connection.execute(sa.select(source.c.checkpoint).where(source.c.id == which)).first()
        if found is None:
            raise NotFound(f"no recording has the number {which}")
        return None if found.checkpoint is None else bytes(found.checkpoint)

    def fail_source(self, which: SourceId, sentence: str) -> None:
        """The recording cannot be read on; what was found in it before stays."""
        with self.database.writing() as connection:
            _source(connection, which)
            values = {"state": "failed", "failure": sentence}
            connection.execute(sa.update(source).where(source.c.id == which).values(**values))
            self.append_event(connection, "source failed", {"source": which, "sentence": sentence})

    def add_network(self, new: Network, *, waits: bool = False) -> None:
        """Record weights that are used here, by content; the same again become the last used, with place and card.

        waits: it is not in force yet: a new one stands before all others, a known one stays where it is
        Raises CaseError when the model's name belongs to other weights.
        """
        same = sa.and_(network.c.role == new.role, network.c.sha256 == new.sha256, network.c.model == new.model)
        with self.database.writing() as connection:
            taken = sa.select(network.c.sha256).where(network.c.model == new.model, network.c.sha256 != new.sha256)
            other = connection.execute(taken).scalar()
            if new.model is not None and other is not None:
                raise CaseError(
                    f"the model {new.model} of this case has the weights {other[:12]}, not {new.sha256[:12]}"
                )
            known = connection.execute(sa.select(network.c.id).where(same)).scalar()
            connection.execute(sa.delete(network).where(same))
            first = connection.execute(sa.select(sa.func.min(network.c.id))).scalar()
            place = known if known is not None else (first or 0) - 1
            connection.execute(sa.insert(network), asdict(new) | ({"id": place} if waits else {}))
            if known is None:
                body = {"role": new.role, "sha256": new.sha256, "name": new.name, "model": new.model}
                self.append_event(connection, "network added", body)

    def networks(self) -> list[Network]:
        """All recorded networks in the order in which they were last used; those never in force come first."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(network).order_by(network.c.id)).all()
        return [Network(r.role, r.sha256, r.name, r.path, r.card, r.model and ModelId(r.model)) for r in rows]

    def card(self, model: ModelId) -> dict[str, Any]:
        """What is recorded of a model; empty when nothing is."""
        return next((found.card for found in self.networks() if found.model == model), {})


def _source(connection: sa.Connection, which: SourceId) -> Source:
    found = connection.execute(sa.select(source).where(source.c.id == which)).first()
    if found is None:
        raise NotFound(f"no recording has the number {which}")
    return source_row(found)
