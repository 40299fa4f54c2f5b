"""Which sightings are handed on, of which recordings, and whether those are still the ones that were analysed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reid_engine.case import Case
from reid_engine.decoder import DecodeRequest
from reid_engine.errors import SourceError, UsageError
from reid_engine.jobs import JobControl
from reid_engine.journey import Journey, Sighting
from reid_engine.probe import file_of
from reid_engine.recordings import content_sha256
from reid_engine.redaction import HELD_US, STAY_US, Cover, Redaction
from reid_engine.store import Camera, Source
from reid_engine.types import ClosedTracklet, SourceId, Tracklet, TrackletId

LONGEST_ROUND_S = 3600.0


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    """What goes into a package. before_s, after_s: seconds of the recording round each sighting.

    skip_missing: leave out, and say so, what cannot be exported; else nothing is exported then
    reason, recipient: why, and for whom, in the operator's words; ``export_evidence`` wants a reason
    only: these of the confirmed sightings; empty for all
    covers: what somebody drew over pictures, beside what ``redaction`` covers
    """

    before_s: float = 3.0
    after_s: float = 3.0
    redaction: Redaction = "others"
    skip_missing: bool = False
    reason: str = ""
    recipient: str = ""
    only: tuple[TrackletId, ...] = ()
    covers: tuple[Cover, ...] = ()

    def __post_init__(self) -> None:
        if not all(0 <= seconds <= LONGEST_ROUND_S for seconds in (self.before_s, self.after_s)):
            raise UsageError(f"seconds before and after a sighting are from 0 to {LONGEST_ROUND_S:.0f}")


@dataclass(frozen=True, slots=True)
class Piece:
    """One sighting with everything that is needed to show it.

    subject, others: tracklets of this recording, the person's own and everybody else's, about this time
    from_us, to_us:  the stretch to be shown, after the recording's first picture
    covers:          those of its camera
    """

    number: int
    sighting: Sighting
    tracklet: Tracklet
    boxes: ClosedTracklet
    source: Source
    camera: Camera
    subject: tuple[Tracklet, ...]
    others: tuple[Tracklet, ...]
    from_us: int
    to_us: int
    covers: tuple[Cover, ...] = ()

    @property
    def stem(self) -> str:
        """How its files are named: ASCII that every file system takes."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", self.camera.name).strip("-").lower()[:30] or f"camera-{self.camera.id}"
        return f"{self.number:02d}-{plain}-track-{self.tracklet.id}"

    @property
    def request(self) -> DecodeRequest:
        """How its recording is read."""
        return request_of(self.source)

    def time_us(self, offset_us: int) -> int:
        """Corrected UTC of a moment of its recording."""
        return self.camera.clock.correct(self.source.start_us + offset_us)

    def offset_us(self, time_us: int) -> int:
        """How long after its recording's first picture a moment (corrected UTC) is, to a microsecond or two."""
        return self.camera.clock.recorded(time_us) - self.source.start_us


def request_of(source: Source) -> DecodeRequest:
    """How a recording is read."""
    if source.kind == "folder":
        return DecodeRequest(Path(source.path), "folder", folder_fps=source.folder_fps)
    return DecodeRequest(Path(source.path), repaired=source.repaired)


def pieces_of(case: Case, found: Journey, options: EvidenceOptions) -> list[Piece]:
    """The confirmed sightings of a journey that were asked for, in order. Raises UsageError for one that is none."""
    known = {seen.tracklet for seen in found.confirmed}
    other = next((number for number in options.only if number not in known), None)
    if other is not None:
        raise UsageError(f"track {other} is no confirmed sighting of the person of track {found.start}")
    wanted = set(options.only) or known
    return [piece for piece in _pieces(case, found.confirmed, options) if piece.tracklet.id in wanted]


def _pieces(case: Case, confirmed: Sequence[Sighting], options: EvidenceOptions) -> Iterator[Piece]:
    store = case.store
    cameras = {camera.id: camera for camera in store.cameras()}
    sources = {source.id: source for source in store.sources()}
    own = {seen.tracklet: store.tracklets([seen.tracklet])[0] for seen in confirmed}
    for number, seen in enumerate(confirmed, start=1):
        tracklet, boxes = own[seen.tracklet], store.closed_tracklet(seen.tracklet)
        before_us, after_us = round(options.before_s * 1e6), round(options.after_s * 1e6)
        round_us = STAY_US + HELD_US
        about = seen.start_us - before_us - round_us, seen.end_us + after_us + round_us
        here = [t for t in store.tracklets_between(seen.camera, *about) if t.source == tracklet.source]
        yield Piece(
            number,
            seen,
            tracklet,
            boxes,
            sources[tracklet.source],
            cameras[seen.camera],
            tuple(t for t in own.values() if t.source == tracklet.source),
            tuple(t for t in here if t.id not in own),
            max(0, int(boxes.offset_us[0]) - before_us),
            int(boxes.offset_us[-1]) + after_us,
            tuple(cover for cover in options.covers if cover.camera == cameras[seen.camera].name),
        )


def check_covers(covers: Sequence[Cover], pieces: Sequence[Piece]) -> None:
    """Raises UsageError for a cover of no moment that is shown: it may be a slip, and somebody would be seen."""
    for cover in covers:
        spans = [(p.time_us(p.from_us), p.time_us(p.to_us)) for p in pieces if p.camera.name == cover.camera]
        if not any(cover.from_us <= to_us and from_us <= cover.to_us for from_us, to_us in spans):
            raise UsageError(
                f"no clip shows {cover.camera} from {cover.from_us} to {cover.to_us} us, so that cover would lie on "
                "nothing; times are corrected, as below the clips, and a camera is called as in the case"
            )


def refused(pieces: Sequence[Piece], control: JobControl) -> dict[TrackletId, str]:
    """Why sightings cannot be exported: their recordings, read whole here, are gone or not what was analysed."""
    problems: dict[SourceId, str] = {}
    for source in {piece.source.id: piece.source for piece in pieces}.values():
        try:
            _must_be_as_analysed(source, control)
        except SourceError as error:
            problems[source.id] = str(error)
    return {piece.tracklet.id: problems[piece.source.id] for piece in pieces if piece.source.id in problems}


def _must_be_as_analysed(source: Source, control: JobControl) -> None:
    path = file_of(source)
    same = path.is_dir() or path.stat().st_size == source.bytes
    if same:
        sha256 = content_sha256(
            path, control, lambda done, total: control.report(stage="hash", file=path.name, done=done, total=total)
        )
        same = sha256 == source.content_sha256
    if not same:
        raise SourceError(f"{path} is not what was analysed: its content has changed since; put the recording back")
