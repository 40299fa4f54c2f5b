"""``reappear tracklets``, ``people``: who is in the case; and who passes by place, time and clothes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.commands.arguments import Cameras, CaseFolder, FromTime, Lower, Quality, ToTime, Upper
from app.commands.program import Sentences, say, tell, telling
from app.console import show_table
from app.local_time import date_and_time, seen
from reid_engine.case import Case
from reid_engine.errors import UsageError
from reid_engine.jobs import JobControl
from reid_engine.people import Group
from reid_engine.recordings import parse_time
from reid_engine.store import Camera, TrackletFilter
from reid_engine.types import CameraId, Tracklet, TrackletId

BLOCK = 500


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    line.command()(tracklets)
    line.command()(people)


def tracklets(
    case: CaseFolder,
    camera: Cameras = None,
    from_time: FromTime = None,
    to_time: ToTime = None,
    upper: Upper = None,
    lower: Lower = None,
    quality: Quality = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """List everybody who was seen: all, or by place, time and clothes."""
    with Case.open(case, read_only=True) as opened:
        where = passing(opened, camera, (from_time, to_time), (upper, lower), quality)
        cameras = {known.id: known for known in opened.store.cameras()}
        ids = [TrackletId(number) for number in opened.store.find(where).tolist()]
        for first in range(0, len(ids), BLOCK):
            for tracklet in opened.store.tracklets(ids[first : first + BLOCK]):
                place = cameras[tracklet.camera]
                if as_json:
                    say(tracklet_json(tracklet, place.name))
                else:
                    sys.stdout.write(tracklet_line(tracklet, place) + "\n")


def passing(
    case: Case,
    cameras: Sequence[str] | None,
    times: tuple[str | None, str | None],
    clothes: tuple[Sequence[str] | None, Sequence[str] | None],
    quality: float,
) -> TrackletFilter:
    """Who is let through, from what was typed. Raises NotFound for a camera, UsageError for a time or a colour."""
    for name in (*(clothes[0] or ()), *(clothes[1] or ())):
        from reid_engine.colours import COLOURS  # loads OpenCV, which is not needed without colours

        if name not in COLOURS:
            raise UsageError(f"clothes have no colour named {name}; choose one of {', '.join(COLOURS)}")
    from_us, to_us = (None if time is None else parse_time(time) for time in times)
    return TrackletFilter(
        cameras=camera_ids(case, cameras),
        from_us=from_us,
        to_us=to_us,
        upper=tuple(clothes[0] or ()),
        lower=tuple(clothes[1] or ()),
        least_quality=quality,
    )


def tracklet_json(tracklet: Tracklet, camera: str) -> dict[str, Any]:
    """As the machine interface has it: corrected microseconds UTC, source pixels."""
    boxes = [
        [time, *(round(side, 3) for side in box)]
        for time, box in zip(tracklet.time_us.tolist(), tracklet.xyxy.astype(float).tolist(), strict=True)
    ]
    return {
        "tracklet": tracklet.id,
        "camera": camera,
        "start_us": tracklet.start_us,
        "end_us": tracklet.end_us,
        "boxes": boxes,
    }


def tracklet_line(tracklet: Tracklet, camera: Camera) -> str:
    """One line for people."""
    seconds = (tracklet.end_us - tracklet.start_us) / 1e6
    when = seen(tracklet.start_us, camera.clock)
    return f"{tracklet.id:>8}  {camera.name:<20} {when}  {seconds:6.1f} s  {len(tracklet.xyxy):>5} boxes"


def people(
    case: CaseFolder,
    camera: Cameras = None,
    from_time: FromTime = None,
    to_time: ToTime = None,
    upper: Upper = None,
    lower: Lower = None,
    quality: Quality = 0.0,
    sheet: Annotated[Path | None, typer.Option(metavar="PNG", help="Write a sheet of faces.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Who is here? Tracks put together into likely people, those before most cameras first."""
    with telling(Case.open(case)) as opened:
        where = passing(opened, camera, (from_time, to_time), (upper, lower), quality)
        found = opened.likely_people(where, control=JobControl(Sentences()))
        if sheet is not None:
            opened.people_sheet(found, sheet, when=date_and_time)
        names = {known.id: known for known in opened.store.cameras()}
        if as_json:
            say({"people": [person_json(number, group, names) for number, group in enumerate(found.groups, start=1)]})
        else:
            show_people(found.groups, names)
        for note in found.notes:
            tell(note)
        if opened.store.read_only:
            tell(f"{case} cannot be written: this list is not on its record")


def person_json(number: int, group: Group, cameras: Mapping[CameraId, Camera]) -> dict[str, Any]:
    """As the machine interface has it."""
    return {
        "person": number,
        "tracklets": list(group.tracklets),
        "face": group.face,
        "cameras": [cameras[camera].name for camera in group.cameras],
        "start_us": group.start_us,
        "end_us": group.end_us,
        "decided": group.decided,
    }


def show_people(groups: Sequence[Group], cameras: Mapping[CameraId, Camera]) -> None:
    """A table for people, a line a likely person; times by the clock of its first camera."""
    table = Table("person", "tracks", "cameras", "first", "last", "track numbers", box=None)
    for number, group in enumerate(groups, start=1):
        clock = cameras[group.cameras[0]].clock
        tracks = " ".join(map(str, group.tracklets)) + (" (decided)" if group.decided else "")
        table.add_row(
            str(number),
            str(len(group.tracklets)),
            ", ".join(cameras[camera].name for camera in group.cameras),
            seen(group.start_us, clock),
            seen(group.end_us, clock),
            tracks,
        )
    show_table(table)


def camera_ids(case: Case, names: Sequence[str] | None) -> tuple[CameraId, ...] | None:
    """Names to numbers; None for no names. Raises NotFound for a name that is no camera's."""
    return tuple(case.store.camera(name).id for name in names) if names else None
