"""An evidence package for people: captions under its pictures, words about redaction and clocks, lists beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from app import local_time
from app.evidence_report import clock_words, report, uncertain
from app.journeys import as_text
from app.words import Later, tr
from reid_engine.case import Case
from reid_engine.evidence import Package, Piece
from reid_engine.redaction import Redaction

REDACTIONS: MappingProxyType[Redaction, str] = MappingProxyType({
    "none": Later("Show everybody"), "others": Later("Cover everybody else who was found"),
    "surroundings": Later("Show the person alone"),
})  # fmt: skip
REDACTION_WORDS: MappingProxyType[Redaction, str] = MappingProxyType({
    "none": Later("Nothing is covered. The recordings' own packets are copied too."),
    "others": Later(
        "All other people whom the program has found are filled with grey, with a margin, also where they cover the "
        "person. Whoever the detector did not find stays visible: look through every clip before you hand it on."
    ),
    "surroundings": Later(
        "Everything outside the person's own box is filled with grey, and other people's boxes inside it too. Parts "
        "of people whom the detector did not find may show within the box."
    ),
})  # fmt: skip
WHOLE_WORDS = Later(
    "Pictures in which it is not known where the person is, as before their first and after their last box, are filled "
    "whole. Grey keeps nothing of the recording, so nothing can be won back. Copies of the packets are left out."
)


class EvidenceWords:
    """What an export writes for people."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def caption(self, piece: Piece, time_us: int) -> Sequence[str]:
        """Camera; corrected local time with zone and uncertainty; the clock; case and track."""
        clock = piece.camera.clock
        return (
            piece.camera.name,
            f"{local_time.precise_time(time_us, clock.zone)}  {uncertain(clock)}",
            clock_words(clock),
            tr("{case}, track {number}").format(case=self._case.folder.name, number=piece.tracklet.id),
        )

    def write(self, part: Path, package: Package) -> None:
        """The list of sightings and the report."""
        for suffix in (".csv", ".json"):
            (part / f"journey{suffix}").write_text(as_text(self._case, package.journey, suffix), "utf-8")
        names = {camera.id: camera.name for camera in self._case.store.cameras()}
        redaction: Redaction = package.facts["redaction"]
        covered = [tr(REDACTION_WORDS[redaction])] + ([] if redaction == "none" else [tr(WHOLE_WORDS)])
        (part / "report.html").write_text(report(part, package, names, tr(REDACTIONS[redaction]), covered), "utf-8")
