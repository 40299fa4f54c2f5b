"""Which camera has footage when, from the rows of the table: what the coverage strip shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app import local_time
from app.item_models.recordings import RecordingRow
from app.words import counted, tr
from reid_engine.recordings import Coverage, coverage

NAMED = 2  # gaps told in words; further ones are counted


@dataclass(frozen=True, slots=True)
class Lane:
    """One camera. done: spans that can be searched; times are corrected UTC.

    position: in the list of all, which gives its letter and colour
    undated: recordings that cannot be drawn because their time is not known
    """

    camera: str
    position: int
    zone: str
    seen: Coverage
    done: tuple[tuple[int, int], ...]
    files: int
    undated: int

    def words(self) -> str:
        """The lane as a sentence: how many recordings, gaps and overlaps."""
        parts = [counted(self.files, tr("1 recording"), tr("{count} recordings"))]
        parts += _named(tr("gap {times}"), tr("{count} gaps"), self.seen.gaps, self.zone)
        parts += _named(tr("overlap {times}"), tr("{count} overlaps"), self.seen.overlaps, self.zone)
        if self.undated:
            parts.append(tr("{count} without a time").format(count=self.undated))
        return ", ".join(parts)


def lanes(rows: Sequence[RecordingRow]) -> list[Lane]:
    """Cameras in the order in which they come; recordings that are left out are not counted."""
    cameras: dict[str, list[RecordingRow]] = {}
    for row in rows:
        if row.state not in ("unreadable", "duplicate", "reading"):
            own = cameras.setdefault(row.camera, [])
            own += [] if row.state == "erased" else [row]
    return [_lane(camera, position, own) for position, (camera, own) in enumerate(cameras.items()) if own]


def _lane(camera: str, position: int, rows: Sequence[RecordingRow]) -> Lane:
    spans = [row.span_us for row in rows]
    known = [span for span in spans if span is not None]
    done = tuple(span for row, span in zip(rows, spans, strict=True) if span is not None and row.state == "done")
    return Lane(camera, position, rows[0].zone, coverage(known), done, len(rows), len(rows) - len(known))


def _named(one: str, many: str, spans: Sequence[tuple[int, int]], zone: str) -> list[str]:
    if len(spans) > NAMED:
        return [many.format(count=len(spans))]
    return [one.format(times="–".join(local_time.clock_time(moment, zone) for moment in span)) for span in spans]
