"""``reappear erase``, ``hold``, ``retention``: what goes, what must stay, and until when."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.arguments import AsJson, CaseFolder
from app.commands.program import job, say, tell, telling
from app.erasures import done_words, plan_words, retention_words
from app.local_time import date_and_time
from reid_engine.case import Case
from reid_engine.errors import CaseError, NotFound, UsageError
from reid_engine.recordings import parse_time
from reid_engine.retention import ErasurePlan
from reid_engine.store import EraseScope, Retention
from reid_engine.store.rows import HeldKind
from reid_engine.types import CameraId, SourceId, TrackletId


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    for verb in (erase, hold, retention):
        line.command()(verb)


def erase(
    case: CaseFolder,
    tracklet: Annotated[list[int] | None, typer.Option(metavar="N", help="A tracklet; may be given again.")] = None,
    person: Annotated[int | None, typer.Option(metavar="N", help="Everything confirmed to be its person.")] = None,
    recording: Annotated[str | None, typer.Option(metavar="R", help="By number, path or file name.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="C", help="All recordings of a camera.")] = None,
    before: Annotated[str | None, typer.Option(metavar="TIME", help="All that was seen before; ISO 8601.")] = None,
    reason: Annotated[str, typer.Option(help="Goes on the record; name nobody in it.")] = "",
    asked_by: Annotated[str, typer.Option(help="By whose order; goes on the record.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without, only the plan is told.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take data out of a case for good. Nothing restores it; without --yes it is only told what would go."""
    named = [tracklet or None, person, recording, camera, before]
    if sum(value is not None for value in named) != 1:
        raise UsageError("say what to erase by one of --tracklet, --person, --recording, --camera, --before")
    if yes and not reason.strip():
        raise UsageError("--reason is needed: it goes on the record")
    with job(as_json=False) as control, telling(Case.open(case, read_only=not yes)) as opened:
        scope = _scope(opened, tracklet, person, recording, camera, before)
        plan = opened.erasure(scope)
        if as_json and not yes:
            say(_as_json(plan))
        elif not as_json:
            sys.stdout.write("\n".join(plan_words(plan)) + "\n")
        if plan.rows.empty or not yes:
            tell("nothing was erased" if plan.rows.empty else "only a plan: nothing was erased; add --yes to do it")
            return
        count = len(plan.rows.tracklets)
        found = opened.erase(scope, reason=reason, asked_by=asked_by, expected=count, control=control)
        if as_json:
            say({**_as_json(plan), **asdict(found), "erased": True})
    tell(done_words(found))


def _scope(
    case: Case,
    tracklets: list[int] | None,
    person: int | None,
    recording: str | None,
    camera: str | None,
    before: str | None,
) -> EraseScope:
    if tracklets:
        return EraseScope(tracklets=tuple(TrackletId(number) for number in sorted(set(tracklets))))
    if person is not None:
        return case.person(TrackletId(person))
    if recording is not None:
        return EraseScope(source=_recording(case, recording))
    if camera is not None:
        return EraseScope(camera=_camera(case, camera))
    return EraseScope(before_us=parse_time(str(before)))


def _recording(case: Case, named: str) -> SourceId:
    """A recording by its number, its path or its file name. Raises NotFound, UsageError for a name of several."""
    known = case.store.sources()
    fitting = [s.id for s in known if named in (str(s.id), s.path, Path(s.path).name)]
    if not fitting:
        raise NotFound(f"no recording is called {named}; `reappear cameras` lists them")
    if len(fitting) > 1:
        raise UsageError(f"{named} is the name of the recordings {', '.join(map(str, fitting))}; give its number")
    return fitting[0]


def _camera(case: Case, name: str) -> CameraId:
    found = next((camera.id for camera in case.store.cameras() if camera.name == name), None)
    if found is None:
        raise NotFound(f"no camera is called {name}; `reappear cameras` lists them")
    return found


def _as_json(plan: ErasurePlan) -> dict[str, Any]:
    around = {"backups": plan.backups, "exports": plan.exports, "unknown": plan.unknown}
    return {**asdict(plan.rows), **{key: [str(path) for path in paths] for key, paths in around.items()}}


def hold(
    case: CaseFolder,
    reason: Annotated[str, typer.Argument(metavar="[REASON]", help="Goes on the record.")] = "",
    recording: Annotated[str | None, typer.Option(metavar="R", help="By number, path or file name.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="C", help="By name.")] = None,
    tracklet: Annotated[int | None, typer.Option(metavar="N")] = None,
    lift: Annotated[int | None, typer.Option(metavar="N", help="End the hold of this number.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep something from being erased until the hold is lifted; without options the holds are listed."""
    named = [value for value in (recording, camera, tracklet, lift) if value is not None]
    if len(named) > 1 or (reason and not named):
        raise UsageError("say what to hold by one of --recording, --camera, --tracklet, or --lift a hold")
    with telling(Case.open(case, read_only=not named)) as opened:
        if lift is not None:
            opened.store.lift_hold(lift, reason)
        elif named:
            what, of = _held(opened, recording, camera, tracklet)
            tell(f"hold {opened.store.hold(what, of, reason).number} is set")
        names = {int(known.id): known.name for known in opened.store.cameras()}
        for found in opened.store.holds():
            if as_json:
                say(asdict(found))
            else:
                when = date_and_time(found.at_us, "UTC")
                name = names.get(found.of, "") if found.what == "camera" else ""
                sys.stdout.write(
                    f"{found.number}  {found.what} {name or found.of}  {found.operator}  {when}  {found.reason}\n"
                )


def _held(case: Case, recording: str | None, camera: str | None, tracklet: int | None) -> tuple[HeldKind, int]:
    if recording is not None:
        return "recording", _recording(case, recording)
    if camera is not None:
        return "camera", _camera(case, camera)
    return "tracklet", int(tracklet or 0)


def retention(
    case: CaseFolder,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601: when everything is due.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long after it was seen.")] = None,
    none: Annotated[bool, typer.Option("--none", help="No date: as long as it is needed.")] = False,
    as_json: AsJson = False,
) -> None:
    """How long the case may keep what it holds, and what is due. Nothing is ever erased by itself."""
    if (until is not None) + (days is not None) + none > 1:
        raise UsageError("give one of --until, --days, --none")
    change = until is not None or days is not None or none
    with telling(Case.open(case, read_only=not change)) as opened:
        if change:
            opened.store.set_retention(Retention(None if until is None else parse_time(until), days))
        keep, now_us = opened.store.retention(), opened.store.clock.now_us()
        before_us = keep.due_before(now_us)
        try:
            plan = None if before_us is None else opened.erasure(EraseScope(before_us=before_us))
        except CaseError as error:
            plan = None
            tell(str(error))
    due = 0 if plan is None else len(plan.rows.tracklets)
    if as_json:
        say({**asdict(keep), "due_before_us": before_us, "due": due})
        return
    sys.stdout.write((retention_words(keep, now_us) or "no date was set") + "\n")
    if before_us is not None and due:
        when = datetime.fromtimestamp(before_us // 1_000_000, UTC).isoformat()
        sys.stdout.write(f"{due} tracklets are due: reappear erase {case} --before {when} --reason ...\n")
