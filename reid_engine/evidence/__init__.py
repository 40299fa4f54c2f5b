"""The evidence package: one folder that shows where a person was, proves itself, and shows nobody else if so wished.

``sightings`` says what is handed on, ``footage`` makes the pictures, ``folder`` the manifest and the proof; words for
people come from outside (law 2). The folder is made beside its place and gets its name when it is whole.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any, Protocol

from reid_engine import verifier
from reid_engine.audit import Event
from reid_engine.case import Case
from reid_engine.errors import CaseBusy, CaseDamaged, CaseError, JobCancelled, NotFound, SourceError, UsageError
from reid_engine.evidence.basis import basis_of, decided_about
from reid_engine.evidence.folder import keep, whole_folder, write_manifest, write_record, write_verifier
from reid_engine.evidence.footage import native, rendered
from reid_engine.evidence.sightings import EvidenceOptions, Piece, check_covers, pieces_of, refused
from reid_engine.jobs import JobControl
from reid_engine.journey import Journey, person
from reid_engine.store import Source
from reid_engine.store.connection import explained
from reid_engine.store.record import HANDED_ON
from reid_engine.types import TrackletId

__all__ = ("EvidenceOptions", "Package", "Piece", "Words", "export_evidence")


@dataclass(frozen=True, slots=True)
class Package:
    """What was made. facts: the manifest without its files; sha256: of the manifest, once it is written."""

    folder: Path
    journey: Journey
    pieces: tuple[Piece, ...]
    facts: dict[str, Any]
    sha256: str = ""


class Words(Protocol):
    """What is written for people."""

    def caption(self, piece: Piece, time_us: int) -> Sequence[str]:
        """At most 4 lines below a picture of this moment (corrected UTC)."""
        ...

    def write(self, part: Path, package: Package) -> None:
        """Put the report and the list of sightings into the folder ``part``."""
        ...


def export_evidence(
    case: Case, start: TrackletId, out: Path, options: EvidenceOptions, words: Words, control: JobControl
) -> Package:
    """Write the confirmed sightings of the person of ``start`` into the new folder ``out``, and that into the record.

    Raises UsageError when ``out`` exists, SourceError naming every sighting whose recording is gone or was changed,
    CaseError, CaseDamaged when the case does not prove itself, CaseBusy when somebody changed it meanwhile, NotFound,
    DiskFull, ChildDied, JobCancelled; then no folder is left.
    """
    out = out.absolute()
    if not options.reason.strip():
        raise UsageError("evidence needs a reason: write down why it is handed on (--reason TEXT)")
    if case.store.read_only:
        raise CaseError(f"{case.folder} is open for reading only, so that an export could not go on its record")
    try:
        with explained(out), whole_folder(out) as part:
            return _exported(case, case.journey(start), part, out, options, words, control)
    except JobCancelled as error:
        raise JobCancelled("cancelled; no folder was left") from error


def _exported(
    case: Case, found: Journey, part: Path, out: Path, options: EvidenceOptions, words: Words, control: JobControl
) -> Package:
    pieces = pieces_of(case, found, options)
    check_covers(options.covers, pieces)
    _must_prove_itself(case, pieces)
    problems = refused(pieces, control)
    kept = _kept(pieces, problems, options, control)
    sightings = _footage(case, found.start, kept, part, options, words, control)
    _must_have_lain(options, sightings)
    write_verifier(part)
    facts = _facts(case, found, options)
    record = case.store.events()
    facts["record"] = write_record(part, record)
    facts["recordings"] = _recordings(pieces, problems, record)
    facts["skipped"] = [{"tracklet": int(n), "why": why} for n, why in problems.items()]
    facts["sightings"] = sightings
    _must_be_so_still(facts, record)
    package = Package(out, found, tuple(kept), facts)
    words.write(part, package)
    sha256 = write_manifest(part, facts)
    control.check()
    _put_on_record(case, package, sha256)
    try:
        keep(part, out)
    except (OSError, UsageError) as error:
        case.record("evidence not kept", folder=str(out), manifest_sha256=sha256, why=str(error))
        raise
    return Package(out, found, tuple(kept), facts, sha256)


def _must_prove_itself(case: Case, pieces: Sequence[Piece]) -> None:
    broken = case.store.broken_record()
    if broken is not None:
        raise CaseDamaged(f"{broken}; a package with this record would not prove itself")
    altered = next(case.store.altered_tracklets([piece.tracklet.id for piece in pieces]), None)
    if altered is not None:
        raise CaseDamaged(f"track {altered}: its boxes or pictures are not those that were found; run the check")
    for tracklet in (piece.tracklet for piece in pieces):
        if (tracklet.start_us, tracklet.end_us) != (int(tracklet.time_us[0]), int(tracklet.time_us[-1])):
            raise CaseDamaged(f"track {tracklet.id}: its times do not follow from start and clock; run the check")
    for sentence in case.store.disagreements():
        raise CaseDamaged(f"{sentence}; a package would say otherwise than its own record; run the check")


def _must_be_so_still(facts: dict[str, Any], record: Sequence[Event]) -> None:
    """Somebody may have decided, or set a clock, while the pictures were made; the package's record has it then."""
    for sentence in verifier.contradicted(facts, map(asdict, record)):
        raise CaseBusy(f"the case was changed while the package was made ({sentence}); export it again")


def _must_have_lain(options: EvidenceOptions, sightings: Sequence[dict[str, Any]]) -> None:
    laid = [cover for told in sightings for cover in told["clip"]["by_hand"]]
    for cover in options.covers:
        if cover.as_json() not in laid:
            raise UsageError(f"the cover {cover.xyxy} of {cover.camera} lies on no picture of a clip; nothing was made")


def _kept(
    pieces: Sequence[Piece], problems: dict[TrackletId, str], options: EvidenceOptions, control: JobControl
) -> list[Piece]:
    kept = [piece for piece in pieces if piece.tracklet.id not in problems]
    left_out = [piece for piece in pieces if piece.tracklet.id in problems]
    told = [f"track {p.tracklet.id} ({p.camera.name}): {problems[p.tracklet.id]}" for p in left_out]
    if left_out and (not options.skip_missing or not kept):
        others = f" To export the other {len(kept)} without them: --skip-missing" if kept else ""
        raise SourceError(f"{len(left_out)} of {len(pieces)} sightings cannot be exported. {'. '.join(told)}.{others}")
    for sentence in told:
        control.notice(f"left out: {sentence}")
    return kept


def _footage(
    case: Case,
    start: TrackletId,
    kept: Sequence[Piece],
    part: Path,
    options: EvidenceOptions,
    words: Words,
    control: JobControl,
) -> list[dict[str, Any]]:
    total_us, before_us = sum(piece.to_us - piece.from_us for piece in kept), 0
    told = []
    for piece in kept:

        def tell(done_us: int, before_us: int = before_us, file: str = piece.stem) -> None:
            control.report(stage="render", file=file, done=(before_us + done_us) / 1e6, total=total_us / 1e6)

        tell(0)
        facts = _sighting(case, piece, start)
        facts |= rendered(piece, part, options.redaction, words.caption, control, tell)
        if options.redaction == "none" and not piece.covers:
            first, _ = facts["clip"]["picture_numbers"] or (None, None)
            facts["native"] = native(piece, part, first, control)
        told.append(facts)
        before_us += piece.to_us - piece.from_us
    return told


def _sighting(case: Case, piece: Piece, start: TrackletId) -> dict[str, Any]:
    """What the case says of one sighting, and what people said."""
    members = person(case.store.decisions(), start)
    said = [d for d in case.store.decisions(piece.tracklet.id) if d.candidate in members]
    return {
        "number": piece.number,
        "tracklet": int(piece.tracklet.id),
        "camera": piece.camera.name,
        "recording": int(piece.source.id),
        "start_us": piece.sighting.start_us,
        "end_us": piece.sighting.end_us,
        "offsets": {"first_us": int(piece.boxes.offset_us[0]), "last_us": int(piece.boxes.offset_us[-1])},
        "start_origin": piece.source.start_origin,
        "rate_assumed": piece.source.assumed_rate,
        "state": piece.sighting.state,
        "clock": asdict(piece.camera.clock),
        "asked": {"first_us": piece.from_us, "last_us": piece.to_us},
        "band": _bands(case, piece, start),
        "decided": [
            {"verdict": d.verdict, "with": int(d.candidate), "operator": d.operator, "at_us": d.at_us} for d in said
        ],
    }


def _bands(case: Case, piece: Piece, start: TrackletId) -> dict[str, Any]:
    """How near the network finds this sighting to the one that the journey begins with; nothing without vectors."""
    models = case.store.models()
    if piece.tracklet.id == start or not models:
        return {"model": None, "band": None}
    model = case.model()
    try:
        return {"model": model, "band": case.band_between(start, piece.tracklet.id)}
    except NotFound:  # found before this model was used
        return {"model": model, "band": None}


def _recordings(
    pieces: Sequence[Piece], problems: dict[TrackletId, str], record: Sequence[Event]
) -> list[dict[str, Any]]:
    """Every recording that a sighting is in, by its content as it was analysed, and where its times come from."""
    told, said_by = {}, {e.body["source"]: e for e in record if e.kind in ("source added", "source start")}
    for piece in pieces:
        source = piece.source
        told[source.id] = {
            "recording": int(source.id),
            "name": PurePath(source.path).name,
            "camera": piece.camera.name,
            "sha256": source.content_sha256,
            "bytes": source.bytes,
            "start_us": source.start_us,
            "start_origin": source.start_origin,
            "start_set": _set_by(said_by.get(source.id)),
            "notes": [] if source.report is None else list(source.report.damage.notes),
            "clock": asdict(piece.camera.clock),
            "same_now": piece.tracklet.id not in problems,
            "damage": _damage(source),
        }
    return list(told.values())


def _set_by(said: Event | None) -> dict[str, Any] | None:
    """Who said last when a recording starts."""
    return None if said is None else {"operator": said.operator, "at_us": said.at_us}


def _damage(source: Source) -> dict[str, int] | None:
    """What was wrong with a recording when it was analysed; nothing where it was not read to its end yet."""
    if source.report is None:
        return None
    counted = asdict(source.report.damage)
    return {name: counted[name] for name in ("decode_errors", "corrupt_frames", "repaired_times")}


def _facts(case: Case, found: Journey, options: EvidenceOptions) -> dict[str, Any]:
    info = case.store.info()
    networks = [{"role": n.role, "name": n.name, "model": n.model, "sha256": n.sha256} for n in case.store.networks()]
    return {
        "made_us": case.store.clock.now_us(),
        "program": {"name": "Reappear", "version": _program_version(), "python": platform.python_version()},
        "operator": case.store.operator,
        "reason": options.reason,
        "recipient": options.recipient,
        "case": {"uuid": info.uuid, "name": case.folder.name, "purpose": info.purpose, "created_us": info.created_us},
        "start": int(found.start),
        "seconds": {"before": options.before_s, "after": options.after_s},
        "redaction": options.redaction,
        "only": [int(number) for number in options.only],
        "covers": [cover.as_json() for cover in options.covers],
        "networks": networks,
        "bands": basis_of(case),
        "decided": decided_about(case, found.start),
    }


def _program_version() -> str:
    try:
        return version("reappear")
    except PackageNotFoundError:
        return "not installed"


def _put_on_record(case: Case, package: Package, sha256: str) -> None:
    facts = package.facts
    others = {int(other.id) for piece in package.pieces for other in piece.others}
    case.record(
        HANDED_ON,
        folder=str(package.folder),
        manifest_sha256=sha256,
        start=facts["start"],
        tracklets=[int(piece.tracklet.id) for piece in package.pieces],
        others=sorted(others) if facts["redaction"] == "none" else [],  # who are to be seen beside the person
        skipped=[told["tracklet"] for told in facts["skipped"]],
        redaction=facts["redaction"],
        covers=facts["covers"],
        reason=facts["reason"],
        recipient=facts["recipient"],
    )
