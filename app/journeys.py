"""A journey for people and for other programs: words about what does not fit, and the list as CSV or JSON."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from app import local_time
from app.words import Later, counted, tr
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.errors import UsageError
from reid_engine.journey import Conflict, ConflictKind, Gap, Journey, Known, rows_of
from reid_engine.store import Camera, Source
from reid_engine.store.connection import explained
from reid_engine.types import CameraId


class Named(Protocol):
    """A camera, or its label."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def clock(self) -> CameraClock:
        """By which its times are written."""


CONFLICT_WORDS: dict[ConflictKind, str] = {
    "two-places": Later("in two places at once"),
    "travel-time": Later("faster than people walk"),
    "same-camera-overlap": Later("seen apart in one picture"),
    "decided-different": Later("decided to be different people"),
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate what begins so


def seconds(length_us: int) -> str:
    """A length of time in words: ``4 m 10 s``."""
    whole = round(abs(length_us) / 1e6)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} m"
    if minutes:
        return f"{minutes} m {rest} s"
    return f"{rest} s" if abs(length_us) >= 10_000_000 else f"{abs(length_us) / 1e6:.1f} s"


def conflict_words(conflict: Conflict) -> str:
    """What does not fit, in one line."""
    words = tr(CONFLICT_WORDS[conflict.kind])
    if conflict.kind == "travel-time":
        needed = {"gap": seconds(conflict.gap_us), "least": seconds(conflict.least_us)}
        words += tr(": {gap} between them, at least {least} needed").format(**needed)
    tracks = tr("tracks {first} and {second}").format(first=conflict.first, second=conflict.second)
    return f"{tracks}: {words}"


def gap_words(gap: Gap, names: Mapping[CameraId, str]) -> str:
    """How long nobody saw the person, what is usual, and who could not have."""
    words = tr("not seen for {length}").format(length=seconds(gap.end_us - gap.start_us))
    if gap.most_us:
        words += tr(", usually {least} to {most}").format(least=seconds(gap.least_us), most=seconds(gap.most_us))
    if gap.blind:
        blind = ", ".join(names.get(camera, "?") for camera in gap.blind)
        words += tr("; no footage then: {cameras}").format(cameras=blind)
    return words


def summary(found: Journey) -> str:
    """The journey in one line."""
    confirmed, unsure = len(found.confirmed), len(found.sightings) - len(found.confirmed)
    one = tr("1 confirmed sighting")
    words = one if confirmed == 1 else tr("{count} confirmed sightings").format(count=confirmed)
    words += tr(", {count} unsure").format(count=unsure) if unsure else ""
    against = len(found.conflicts)
    words += tr(", 1 that does not fit") if against == 1 else ""
    words += tr(", {count} that do not fit").format(count=against) if against > 1 else ""
    if found.lost:
        split = tr("; track {numbers} was confirmed and split since: decide about its parts")
        words += split.format(numbers=", ".join(map(str, found.lost)))
    return words


def known_words(person: Known, camera: Callable[[CameraId], Named]) -> str:
    """Somebody who is known in the case, in one line: how often seen, where and when."""
    clock = camera(person.cameras[0]).clock
    seen = counted(len(person.members), tr("1 confirmed sighting"), tr("{count} confirmed sightings"))
    begin, end = local_time.seen(person.from_us, clock), local_time.seen(person.to_us, clock)
    where = ", ".join(camera(number).name for number in person.cameras)
    return tr("{seen}: {cameras}, {begin} to {end}").format(seen=seen, cameras=where, begin=begin, end=end)


def export(case: Case, found: Journey, path: Path) -> None:
    """Write the list of sightings as ``.csv`` or ``.json`` and put that on the record, with the file's SHA-256.

    Raises UsageError, CaseError.
    """
    data = as_text(case, found, path.suffix.lower()).encode("utf-8")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    sha256, tracklets = hashlib.sha256(data).hexdigest(), [int(seen.tracklet) for seen in found.sightings]
    case.record("journey exported", path=str(path), sha256=sha256, start=int(found.start), tracklets=tracklets)


def as_text(case: Case, found: Journey, suffix: str) -> str:
    """The list of sightings as a ``.csv`` or ``.json`` has it. Raises UsageError for another suffix."""
    writers = {".csv": _csv, ".json": _json}
    if suffix not in writers:
        raise UsageError(f"“{suffix}”: a journey is exported as .csv or .json")
    cameras = {camera.id: camera for camera in case.store.cameras()}
    sources = {source.id: source for source in case.store.sources()}
    of = {int(t.id): sources[t.source] for t in case.store.tracklets([seen.tracklet for seen in found.sightings])}
    listed = rows_of(found, {n: camera.name for n, camera in cameras.items()})
    rows = [_readable(row, cameras, of[row["tracklet"]]) for row in listed]
    return writers[suffix](case, found, rows)


def _readable(row: dict[str, Any], cameras: Mapping[CameraId, Camera], source: Source) -> dict[str, Any]:
    zone = next((camera.clock.zone for camera in cameras.values() if camera.name == row["camera"]), "UTC")
    times = {
        name: local_time.date_and_time(row[f"{name}_us"], zone) if source.time_known else tr("unknown")
        for name in ("start", "end")
    }
    return {**row, **times, "zone": zone, "time_from": source.start_origin}


def _csv(case: Case, found: Journey, rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        of = {"case": case.folder.name, "purpose": case.store.info().purpose}  # a table may end up anywhere
        writer = csv.DictWriter(text, [*rows[0], *of], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in {**row, **of}.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    text = "; ".join(map(str, value)) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text


def _json(case: Case, found: Journey, rows: list[dict[str, Any]]) -> str:
    info = case.store.info()
    whole = {
        "case": info.uuid,
        "name": case.folder.name,
        "purpose": info.purpose,
        "start": int(found.start),
        "sightings": rows,
        "conflicts": [
            {"kind": c.kind, "tracklets": [int(c.first), int(c.second)], "gap_us": c.gap_us} for c in found.conflicts
        ],
        "gaps": [
            {"after": int(g.before), "before": int(g.after), "start_us": g.start_us, "end_us": g.end_us}
            for g in found.gaps
        ],
        "split_since": [int(number) for number in found.lost],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
