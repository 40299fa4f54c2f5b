"""``reappear journey``, ``links``, ``split``, ``merge``, ``note``, ``notes``, ``plan``, ``colours``: a person's way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app import local_time
from app.commands.arguments import AsJson, CaseFolder, Control, MovedWeights, moment
from app.commands.investigate import embedder_of
from app.commands.program import Program, failure_told, job, say, tell, telling
from app.journeys import conflict_words, export, gap_words, known_words, seconds, summary
from app.local_time import date_and_time
from app.words import counted
from reid_engine.case import Case
from reid_engine.errors import UsageError
from reid_engine.jobs import JobControl
from reid_engine.journey import rows_of
from reid_engine.recordings import parse_time
from reid_engine.store import Note, TrackEdit
from reid_engine.types import ModelId, TrackletId


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    for verb in (journey, links, split, merge, note, notes, plan, colours):
        line.command()(verb)


def journey(
    case: CaseFolder,
    tracklet: Annotated[
        int | None, typer.Argument(metavar="ID", help="Any tracklet of the person; without one, who is known.")
    ] = None,
    to: Annotated[list[Path] | None, typer.Option("--export", metavar="FILE", help="Write .csv or .json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Where a person was, by what was decided: sightings, gaps, and what does not fit."""
    if tracklet is None:
        if to:
            raise UsageError("say whose journey is exported: `reappear journey CASE` lists who is known")
        _tell_known(case, as_json=as_json)
        return
    with telling(Case.open(case, read_only=not to)) as opened:
        found = opened.journey(TrackletId(tracklet))
        cameras = {camera.id: camera for camera in opened.store.cameras()}
        names = {number: camera.name for number, camera in cameras.items()}
        for path in to or []:
            export(opened, found, path)
    if as_json:
        say({"sightings": rows_of(found, names), "conflicts": [conflict_words(c) for c in found.conflicts]})
        return
    gaps = {gap.after: gap for gap in found.gaps}
    for seen in found.sightings:
        if seen.tracklet in gaps:
            sys.stdout.write(f"          {gap_words(gaps[seen.tracklet], names)}\n")
        when = local_time.seen(seen.start_us, cameras[seen.camera].clock)
        lasted = seconds(seen.end_us - seen.start_us)
        sys.stdout.write(f"{seen.tracklet:>8}  {names[seen.camera]:<20} {when}  {lasted:>8}  {seen.state}\n")
    for conflict in found.conflicts:
        tell(conflict_words(conflict))
    tell(summary(found))


def _tell_known(case: Path, *, as_json: bool) -> None:
    with Case.open(case, read_only=True) as opened:
        known = opened.known_people()
        cameras = {camera.id: camera for camera in opened.store.cameras()}
    for one in known:
        if as_json:
            where = [cameras[number].name for number in one.cameras]
            say({**asdict(one), "members": list(one.members), "cameras": where})
            continue
        words = known_words(one, cameras.__getitem__)
        sys.stdout.write(f"{one.start:>8}  {words}{'  ' if one.name else ''}{' '.join(one.name.split())}\n")
    tell(counted(len(known), "1 person is known", "{count} people are known"))


def links(case: CaseFolder, as_json: AsJson = False) -> None:
    """What is known of pairs of cameras: what was said (``pair``), and travel times learned from confirmed people."""
    with Case.open(case, read_only=True) as opened:
        names = {camera.id: camera.name for camera in opened.store.cameras()}
        for link in opened.links():
            least_us, most_us = link.usual_us
            row: dict[str, Any] = {
                "cameras": [names[link.pair.first], names[link.pair.second]],
                "relation": link.pair.relation,
                "least_us": least_us,
                "most_us": most_us,
                "walks": 0 if link.travel is None else link.travel.count,
                "median_us": None if link.travel is None else link.travel.median_us,
            }
            if as_json:
                say(row)
                continue
            walked = f"{seconds(least_us)} to {seconds(most_us)}" if most_us else "no walk yet"
            first, second = row["cameras"]
            sys.stdout.write(f"{first} - {second}: {link.pair.relation}, {walked}, {row['walks']} confirmed walks\n")


def split(
    context: typer.Context,
    case: CaseFolder,
    tracklet: Annotated[int, typer.Argument(metavar="ID")],
    at: Annotated[str, typer.Option(metavar="T", help="Where somebody else begins; ISO 8601 or microseconds UTC.")],
    embedder: MovedWeights = None,
    control: Control = None,
    as_json: AsJson = False,
) -> None:
    """Part a track that holds two people at a moment; vectors are made again. ``undo`` takes it back."""
    at_us = moment(at)
    with _edits(case, as_json, control) as (opened, controls):
        from reid_engine.repair import check_split
        from reid_engine.repair import split as parted  # loads a runtime, which other verbs do without

        check_split(opened.store, TrackletId(tracklet), at_us)  # before the network is loaded, which takes long
        edit = parted(opened.store, TrackletId(tracklet), at_us, _embedders(context.obj, opened, embedder))
        controls.reporter.event("result", ok=True, **_edit_json(edit))
    tell(edit.words)


def merge(
    context: typer.Context,
    case: CaseFolder,
    first: Annotated[int, typer.Argument(metavar="ID")],
    second: Annotated[int, typer.Argument(metavar="ID")],
    embedder: MovedWeights = None,
    control: Control = None,
    as_json: AsJson = False,
) -> None:
    """Join two tracks of one person in one recording; vectors are made again. ``undo`` takes it back."""
    with _edits(case, as_json, control) as (opened, controls):
        from reid_engine.repair import check_merge
        from reid_engine.repair import merge as joined  # loads a runtime, which other verbs do without

        both = TrackletId(first), TrackletId(second)
        check_merge(opened.store, both)
        edit = joined(opened.store, both, _embedders(context.obj, opened, embedder))
        controls.reporter.event("result", ok=True, **_edit_json(edit))
    tell(edit.words)


@contextmanager
def _edits(case: Path, as_json: bool, control: Path | None) -> Iterator[tuple[Case, JobControl]]:
    """The case and the control of a job that mends a track; what goes wrong is its result too."""
    one = job(as_json=as_json, control_file=control)
    with one as controls, failure_told(controls), telling(Case.open(case)) as opened:
        yield opened, controls


def _embedders(program: Program, case: Case, weights: Path | None) -> dict[ModelId, Any]:
    """The network of the model in force, from ``weights`` where they were moved; no other file has to be there."""
    model = case.model()
    return {model: embedder_of(program, case, model, weights)}


def _edit_json(edit: TrackEdit) -> dict[str, Any]:
    return {"edit": edit.kind, "before": list(edit.before), "made": list(edit.made)}


def note(
    case: CaseFolder,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="May be empty for a marker.")],
    at: Annotated[str | None, typer.Option(metavar="T", help="The moment it is about.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    tracklet: Annotated[int | None, typer.Option(metavar="ID")] = None,
) -> None:
    """Write a note about a moment, a camera or a tracklet, or set a marker."""
    with telling(Case.open(case)) as opened:
        made = opened.store.add_note(
            text,
            moment_us=None if at is None else parse_time(at),
            camera_id=None if camera is None else opened.store.camera(camera).id,
            tracklet_id=None if tracklet is None else TrackletId(tracklet),
        )
    tell(f"note {made.id}")


def notes(
    case: CaseFolder,
    remove: Annotated[int | None, typer.Option(metavar="NUMBER", help="Take this one back.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the notes and markers, or take one back."""
    with telling(Case.open(case, read_only=remove is None)) as opened:
        if remove is not None:
            tell(f"taken back: {opened.store.remove_note(remove).words}")
            return
        names = {camera.id: camera.name for camera in opened.store.cameras()}
        for found in opened.store.notes():
            if as_json:
                say(_note_json(found, names))
            else:
                when = "-" if found.moment_us is None else date_and_time(found.moment_us, "UTC")
                where = names.get(found.camera, "-") if found.camera is not None else "-"
                sys.stdout.write(f"{found.id:>6}  {when}  {where:<16} {found.tracklet or '-'!s:>8}  {found.text}\n")


def _note_json(found: Note, names: dict[Any, str]) -> dict[str, Any]:
    where = None if found.camera is None else names.get(found.camera)
    return {"note": found.id, "text": found.text, "moment_us": found.moment_us, "camera": where,
            "tracklet": found.tracklet, "operator": found.operator, "at_us": found.at_us}  # fmt: skip


def plan(
    case: CaseFolder,
    picture: Annotated[Path | None, typer.Option(metavar="FILE", help="PNG or JPEG of the place.")] = None,
    place: Annotated[
        tuple[str, float, float] | None, typer.Option(metavar="CAMERA X Y", help="Shares of width and height.")
    ] = None,
) -> None:
    """Set the floor plan, put a camera on it, or list what is there."""
    with telling(Case.open(case, read_only=picture is None and place is None)) as opened:
        if picture is not None:
            try:
                data = picture.read_bytes()
            except OSError as error:
                raise UsageError(f"{picture} cannot be read: {error.strerror}") from error
            opened.store.set_floor_plan(picture.name, data)
        if place is not None:
            name, x, y = place
            opened.store.place_camera(opened.store.camera(name).id, x, y)
        found = opened.store.floor_plan()
        names = {camera.id: camera.name for camera in opened.store.cameras()}
    tell("no floor plan" if found is None else f"floor plan: {found.name or 'no picture yet'}")
    for camera, (x, y) in {} if found is None else found.places.items():
        sys.stdout.write(f"{names[camera]:<20} {x:.3f} {y:.3f}\n")


def colours(
    case: CaseFolder,
    again: Annotated[bool, typer.Option("--again", help="Of all tracklets, by the rule of this version.")] = False,
    control: Control = None,
    as_json: AsJson = False,
) -> None:
    """Name the clothes' colours of tracklets that came in before colours were kept, or of all."""
    with job(as_json=as_json, control_file=control) as controls, telling(Case.open(case)) as opened:
        count = opened.name_colours(controls, again=again)
        controls.reporter.event("result", ok=True, colours=count)
    tell(f"{count} tracklets have got colours")
