"""``reappear cameras``, ``clock``, ``pair``, ``decide``, ``undo``, ``redo``, ``check`` and others: the case itself."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, get_args

import typer

from app.commands.arguments import AsJson, CaseFolder
from app.commands.program import Program, job, say, tell, telling
from app.events import about, kind
from app.local_time import date_and_time, seen
from reid_engine import rescue as rescuing
from reid_engine.case import Case
from reid_engine.clock import SECOND_US, CameraClock
from reid_engine.errors import UsageError
from reid_engine.recordings import parse_time, zone_of
from reid_engine.store import CameraPair
from reid_engine.store.standing import standing
from reid_engine.types import PairRelation, TrackletId, Verdict

LONGEST_S = 100 * 366 * 86_400
RELATIONS: tuple[PairRelation, ...] = get_args(PairRelation)
DECIDED = {"same": "the same person", "different": "different people", "unsure": "perhaps the same person"}
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    for verb in (cameras, clock, pair, decide, undo, redo, check, rescue, record):
        line.command()(verb)


def cameras(
    case: CaseFolder,
    rename: Annotated[
        tuple[str, str] | None, typer.Option(metavar="OLD NEW", help="Give a camera another name.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the cameras, their clocks and their recordings."""
    if rename is not None:
        with telling(Case.open(case)) as opened:
            opened.store.rename_camera(opened.store.camera(rename[0]).id, rename[1])
    with Case.open(case, read_only=True) as opened:
        sources, gone = opened.store.sources(), opened.store.erased_whole()
        for camera in opened.store.cameras():
            own = [source for source in sources if source.camera == camera.id]
            if as_json:
                say({"camera": camera.name, **asdict(camera.clock), "recordings": [s.path for s in own]})
                continue
            off = f"{camera.clock.offset_us / SECOND_US:+g} s, {camera.clock.drift_ppm:+g} ppm"
            sys.stdout.write(f"{camera.name}  clock {off}  zone {camera.clock.zone}\n")
            for source in own:
                begins = seen(camera.clock.correct(source.start_us), camera.clock)
                state = "erased" if source.id in gone else source.state
                sys.stdout.write(f"    {source.path}  from {begins} ({source.start_origin})  {state}\n")


def clock(
    case: CaseFolder,
    camera: Annotated[str, typer.Argument(metavar="CAMERA")],
    shown: Annotated[list[str] | None, typer.Option(metavar="TIME", help="What the camera's clock shows.")] = None,
    true: Annotated[list[str] | None, typer.Option(metavar="TIME", help="The true time at that moment.")] = None,
    offset_s: Annotated[float | None, typer.Option(help="How far it is ahead; negative when behind.")] = None,
    drift_ppm: Annotated[float | None, typer.Option(help="Microseconds it gains in a second.")] = None,
    uncertainty_s: Annotated[float | None, typer.Option(min=0.0, help="How far the reading may be off.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone, like Europe/Berlin.")] = None,
) -> None:
    """Correct a camera's clock: one pair of --shown and --true gives the offset, two give the drift too."""
    with telling(Case.open(case)) as opened:
        known = opened.store.camera(camera)
        now = _readings(known.clock, shown or [], true or [])
        if offset_s is not None:
            now = replace(now, offset_us=microseconds(offset_s, "--offset-s"))
        if drift_ppm is not None:
            now = replace(now, drift_ppm=drift_ppm)
        if uncertainty_s is not None:
            now = replace(now, uncertainty_us=microseconds(uncertainty_s, "--uncertainty-s"))
        if zone is not None:
            now = replace(now, zone=zone_of(zone).key)
        if now == known.clock:
            tell(f"{camera}: nothing was changed; {_clock_words(now)}")
            return
        opened.store.set_camera_clock(known.id, now)
    tell(f"{camera}: the clock is {now.offset_us / SECOND_US:+g} s off; every time was corrected")


def _clock_words(clock: CameraClock) -> str:
    off = f"clock {clock.offset_us / SECOND_US:+g} s, {clock.drift_ppm:+g} ppm"
    return f"{off}, off by at most {clock.uncertainty_us / SECOND_US:g} s, zone {clock.zone}"


def microseconds(seconds: float, option: str) -> int:
    """Seconds to microseconds. Raises UsageError for what is no number, or beyond a hundred years."""
    if not abs(seconds) <= LONGEST_S:
        raise UsageError(f"{option} {seconds:g}: expected seconds, at most a hundred years of them")
    return round(seconds * SECOND_US)


def _readings(known: CameraClock, shown: list[str], true: list[str]) -> CameraClock:
    if len(shown) != len(true) or len(shown) > 2:
        raise UsageError("give --shown and --true together, once for the offset or twice for the drift too")
    if not shown:
        return known
    pairs = [(parse_time(s), parse_time(t)) for s, t in zip(shown, true, strict=True)]
    later = pairs[1] if len(pairs) == 2 else None
    try:
        return CameraClock.from_readings(*pairs[0], later=later, zone=known.zone)
    except ValueError as error:
        raise UsageError(str(error)) from error


def pair(
    case: CaseFolder,
    first: Annotated[str, typer.Argument(metavar="CAMERA")],
    second: Annotated[str, typer.Argument(metavar="CAMERA")],
    relation: Annotated[str, typer.Argument(metavar="overlapping|apart|unknown")],
    least_s: Annotated[float, typer.Option(min=0.0, help="Nobody gets from one to the other faster.")] = 0.0,
    most_s: Annotated[float, typer.Option(min=0.0, help="Nobody takes longer, as a rule.")] = 0.0,
) -> None:
    """Say whether two cameras see the same place, or places that nobody can be in at once."""
    if relation not in RELATIONS:
        raise UsageError(f"{relation!r}: a pair of cameras is {', '.join(RELATIONS)}")
    with telling(Case.open(case)) as opened:
        one, other = (opened.store.camera(name).id for name in (first, second))
        times = microseconds(least_s, "--least-s"), microseconds(most_s, "--most-s")
        opened.store.set_camera_pair(CameraPair(one, other, relation, *times))
    limits = [f"{words} {s:g} s" for words, s in (("at least", least_s), ("at most", most_s)) if s]
    tell(", ".join([f"{first} and {second}: {relation}", *limits]))


def decide(
    case: CaseFolder,
    probe: Annotated[int, typer.Argument(metavar="PROBE")],
    candidate: Annotated[int, typer.Argument(metavar="CANDIDATE")],
    verdict: Annotated[str, typer.Argument(metavar="same|different|unsure")],
) -> None:
    """Write down that two tracklets are the same person, different people, or unclear."""
    if verdict not in VERDICTS:
        raise UsageError(f"{verdict!r}: a decision is {', '.join(VERDICTS)}")
    with telling(Case.open(case)) as opened:
        opened.decide(TrackletId(probe), TrackletId(candidate), verdict)
    tell(f"written down: tracklets {probe} and {candidate} are {DECIDED[verdict]}")


def undo(case: CaseFolder) -> None:
    """Take back the last thing that stands: a decision, a split, a merge or a note."""
    with telling(Case.open(case)) as opened:
        gone = opened.undo()
    tell("there is nothing to take back" if gone is None else f"taken back: {gone.words}")


def redo(case: CaseFolder) -> None:
    """Restore what was taken back last."""
    with telling(Case.open(case)) as opened:
        back = opened.redo()
    tell("there is nothing to restore" if back is None else f"restored: {back.words}")


def check(
    context: typer.Context,
    case: CaseFolder,
    embedder: Annotated[Path | None, typer.Option(metavar="W", help="Embed a sample again and compare.")] = None,
    as_json: AsJson = False,
) -> int:
    """Prove that rows, record, crops, vectors and index agree. Exit status 3 when something does not."""
    program: Program = context.obj
    with job(as_json=as_json) as control, telling(Case.open(case)) as opened:
        network = None
        if embedder is not None:
            card = opened.store.card(opened.model()) or None
            network = program.load_embedder(embedder, card, threads=None, control=control)
        problems = opened.check(embedder=network, control=control)
        control.reporter.event("result", ok=not problems, problems=problems)
    for problem in problems:
        tell(problem)
    if not problems:
        tell("rows, record, crops, vectors and index agree")
    for backup in standing(case):
        tell(f"backup of {backup.words}, {backup.path.stat().st_size / 1e6:.1f} MB: {backup.path}")
    return 3 if problems else 0


def rescue(
    case: CaseFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    backup: Annotated[bool, typer.Option("--backup", help="Of its last backup alone, as it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new case of what can be read of a damaged one, which is left as it is, or of its last backup."""
    if backup:
        made = rescuing.restore(case, out)
        tell(f"{out} is the case as it was backed up on {made.words}")
        return
    with job(as_json=as_json) as control:
        found = rescuing.rescue(case, out, control)
        control.reporter.event("result", ok=True, read=found.read, filled=found.filled, lost=found.lost)
    for said in found.sentences():
        tell(said)
    tell(f"{out} is a new case; `reappear check {out}` says what of it does not agree")


def record(case: CaseFolder, as_json: AsJson = False) -> int:
    """Everything that was done in this case, and whether the record is whole. Exit status 3 when it is not.

    The last line names the last hash: who has noted it down can tell later whether the whole record was made anew.
    """
    last = None
    with Case.open(case, read_only=True) as opened:
        notices = opened.notices
        names = {int(camera.id): camera.name for camera in opened.store.cameras()}
        for event in opened.store.events():
            last = event
            if as_json:
                say(asdict(event))
            else:
                when, purpose = date_and_time(event.at_us, "UTC"), event.body.get("purpose", "")
                told = f"{when}  {event.operator}  {kind(event)}: {about(event, names, 'UTC')}  ({purpose})"
                sys.stdout.write("".join(sign if sign.isprintable() else "·" for sign in told) + "\n")
        broken = opened.store.broken_record()
    if last is not None:
        tell(f"{last.number} events, the last with the hash {last.hash}")
    for sentence in notices if broken is None else (broken, *notices):
        tell(sentence)
    return 0 if broken is None else 3
