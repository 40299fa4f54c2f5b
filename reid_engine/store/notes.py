"""Notes and markers: words about a moment, a camera, a tracklet or the case; without words it is a marker."""

from __future__ import annotations

import sqlalchemy as sa

from reid_engine.errors import NotFound, UsageError
from reid_engine.store.decisions import DecisionVerbs
from reid_engine.store.deeds import body_of, deed_of, replay
from reid_engine.store.part import must_be_there
from reid_engine.store.rows import Note
from reid_engine.store.schema import deed, note
from reid_engine.types import CameraId, TrackletId

LONGEST = 4000


class NoteVerbs(DecisionVerbs):
    """Everything about notes."""

    def add_note(
        self,
        text: str,
        *,
        moment_us: int | None = None,
        camera_id: CameraId | None = None,
        tracklet_id: TrackletId | None = None,
    ) -> Note:
        """Write a note, or set a marker. Raises UsageError for one that says nothing of nothing, NotFound."""
        text = text.strip()
        if not text and moment_us is None:
            raise UsageError("a note needs words, or a moment that it marks")
        if len(text) > LONGEST:
            raise UsageError(f"a note has at most {LONGEST} characters; this one has {len(text)}")
        with self.database.writing(durable=True) as connection:
            if tracklet_id is not None:
                must_be_there(connection, "tracklet", tracklet_id)
            if camera_id is not None:
                must_be_there(connection, "camera", camera_id)
            number, at_us = self.do(connection, "note")
            row = {"text": text, "moment_us": moment_us, "camera": camera_id, "tracklet": tracklet_id}
            connection.execute(sa.insert(note), {"id": number, **row})
            made = Note(number, text, moment_us, camera_id, tracklet_id, self.operator, at_us)
            self.append_event(connection, "note", {"note": number, **body_of(made)})
        return made

    def remove_note(self, number: int) -> Note:
        """Take back one note, wherever it stands in the line; undo's opposite restores it. Raises NotFound."""
        with self.database.writing(durable=True) as connection:
            found = deed_of(connection, number) if number in replay(connection)[0] else None
            if not isinstance(found, Note):
                raise NotFound(f"no note has the number {number}")
            self._take(connection, "undo", found)
        return found

    def notes(self) -> list[Note]:
        """Those that stand, by moment; those of no moment last."""
        with self.database.reading() as connection:
            standing = set(replay(connection)[0])
            rows = connection.execute(sa.select(note, deed.c.operator, deed.c.at_us).join(deed, deed.c.id == note.c.id))
            found = [
                Note(r.id, r.text, r.moment_us, r.camera, r.tracklet, r.operator, r.at_us)
                for r in rows
                if r.id in standing
            ]
        return sorted(found, key=lambda n: (n.moment_us is None, n.moment_us or 0, n.id))
