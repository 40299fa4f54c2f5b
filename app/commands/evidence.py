"""``reappear evidence``, ``verify``, ``still``: what is handed on, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from app.commands.arguments import AsJson, CaseFolder, Control, moment
from app.commands.program import failure_told, job, say, tell, telling
from app.local_time import date_and_time
from app.words import counted
from reid_engine import verifier
from reid_engine.case import Case
from reid_engine.errors import UsageError
from reid_engine.redaction import Cover, Redaction
from reid_engine.types import TrackletId

REDACTIONS: tuple[Redaction, ...] = get_args(Redaction)


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    for verb in (evidence, verify, still):
        line.command()(verb)


def evidence(
    case: CaseFolder,
    tracklet: Annotated[int, typer.Argument(metavar="ID", help="Any tracklet of the person.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is handed on; goes on the record.")],
    before: Annotated[float, typer.Option(help="Seconds shown before each sighting.")] = 3.0,
    after: Annotated[float, typer.Option(help="Seconds shown after it.")] = 3.0,
    redact: Annotated[str, typer.Option(metavar="|".join(REDACTIONS), help="Whom to cover.")] = "others",
    only: Annotated[list[int] | None, typer.Option(metavar="ID", help="Only these of the sightings.")] = None,
    cover: Annotated[
        list[str] | None,
        typer.Option(
            metavar="“CAMERA FROM TO X1 Y1 X2 Y2”",
            help="Fill this box of a camera's pictures too, in one word: corrected times, pixels of the recording.",
        ),
    ] = None,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out, and say so, sightings whose recording is gone.")
    ] = False,
    recipient: Annotated[str, typer.Option(metavar="TEXT", help="To whom.")] = "",
    control: Control = None,
    as_json: AsJson = False,
) -> None:
    """Hand a person's confirmed sightings on: one folder of clips, stills, a report, and the proof that it is whole."""
    mode = next((known for known in REDACTIONS if known == redact), None)
    if mode is None:
        raise UsageError(f"--redact {redact!r}: expected {', '.join(REDACTIONS)}")
    covers = tuple(_cover(words) for words in cover or ())
    with job(as_json=as_json, control_file=control) as controls:
        with failure_told(controls):
            from app.evidence import EvidenceWords  # loads OpenCV, which verify does without
            from reid_engine.evidence import EvidenceOptions, export_evidence

            chosen = tuple(TrackletId(number) for number in only or ())
            options = EvidenceOptions(before, after, mode, skip_missing, reason, recipient, chosen, covers)
            with telling(Case.open(case)) as opened:
                words = EvidenceWords(opened)
                made = export_evidence(opened, TrackletId(tracklet), out, options, words, controls)
        told = {"folder": str(made.folder), "manifest_sha256": made.sha256, "sightings": len(made.pieces)}
        controls.reporter.event("result", ok=True, evidence=told)
    sightings = counted(len(made.pieces), "1 sighting", "{count} sightings")
    tell(f"{sightings} in {made.folder}")
    tell(f"write this down and tell it by another way; SHA-256 of manifest.json: {made.sha256}")


def _cover(words: str) -> Cover:
    """``CAMERA FROM TO X1 Y1 X2 Y2``; a camera's name may have spaces. Raises UsageError."""
    parts = words.rsplit(maxsplit=6)
    try:
        name, from_time, to_time, *sides = parts
        left, top, right, bottom = map(float, sides)
    except ValueError:
        raise UsageError(f'--cover {words!r}: expected "CAMERA FROM TO X1 Y1 X2 Y2" in quotation marks') from None
    return Cover(name, moment(from_time), moment(to_time), (left, top, right, bottom))


def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER")],
    sha256: Annotated[str | None, typer.Argument(metavar="SHA256", help="The number that you were told.")] = None,
) -> int:
    """Is an evidence package whole? Exit status 0 when it is, 1 when something differs, 2 when it is none."""
    return verifier.main([str(folder), *([] if sha256 is None else [sha256])])


def still(
    case: CaseFolder,
    camera: Annotated[str, typer.Argument(metavar="CAMERA")],
    time: Annotated[str, typer.Argument(metavar="TIME", help="ISO 8601, or microseconds UTC; corrected.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.png")],
    as_json: AsJson = False,
) -> None:
    """Save what a camera showed at a moment as a PNG, whole and unmarked; that goes on the record."""
    from reid_engine.evidence.still import save_still  # loads OpenCV, which verify does without

    if out.suffix.lower() != ".png":
        raise UsageError(f"{out.name}: a still is a .png")
    moment_us = moment(time)
    with telling(Case.open(case)) as opened:
        made = save_still(opened, camera, moment_us, out)
        zone = opened.store.camera(camera).clock.zone
    if as_json:
        say({"path": str(made.path), "time_us": made.time_us, "sha256": made.sha256})
    else:
        tell(f"{camera}, {date_and_time(made.time_us, zone)}: {made.path}")
        tell(f"SHA-256: {made.sha256}")
