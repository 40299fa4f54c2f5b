"""An evidence package for people: captions under its pictures, words about redaction and clocks, lists beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.evidence_report import clock_words, report, uncertain
from app.journeys import as_text
from app.local_time import precise_time
from app.time_words import doubts, moment
from app.words import Later, tr
from reid_engine.case import Case
from reid_engine.evidence import Package, Piece
from reid_engine.redaction import Redaction

REDACTIONS: MappingProxyType[Redaction, str] = MappingProxyType({
    "none": Later("Show everybody"), "others": Later("Cover everybody else who was found"),
    "surroundings": Later("Show the person alone"),
})  # fmt: skip
REDACTION_WORDS: MappingProxyType[Redaction, str] = MappingProxyType({
    "none": Later("Nothing is covered. The same stretches are copied too, as they were recorded."),
    "others": Later(
        "All other people whom the program has found are filled with grey, with a margin, also where they cover the "
        "person; before the person's first and after their last box too, where nothing else is filled. Whoever the "
        "detector did not find stays visible: look through every clip before you hand it on."
    ),
    "surroundings": Later(
        "Everything outside the person's own box is filled with grey, and other people's boxes inside it too. Parts "
        "of people whom the detector did not find may show within the box. Before the person's first and after their "
        "last box the whole picture is filled."
    ),
})  # fmt: skip
WHOLE_WORDS = Later(
    "Between two boxes of the person, where it is not known where they are, the whole picture is filled. Grey keeps "
    "nothing of the recording, so nothing can be won back. Copies of what was recorded are left out."
)


def by_hand(covers: Sequence[dict[str, Any]], zones: Mapping[str, str]) -> list[str]:
    """What was covered by hand, as the manifest has it, in words."""
    if not covers:
        return []
    words = tr(
        "{camera}, {start} to {end}: left {box[0]:g}, top {box[1]:g}, right {box[2]:g}, bottom {box[3]:g} pixels."
    )
    said = [
        words.format(
            camera=told["camera"], box=told["box"],
            start=precise_time(told["from_us"], zones[told["camera"]]),
            end=precise_time(told["to_us"], zones[told["camera"]]),
        )
        for told in covers
    ]  # fmt: skip
    return [tr("Filled with grey where somebody drew it by hand, also over the person; of these cameras no copies of "
               "what was recorded are given:"), *said]  # fmt: skip


class EvidenceWords:
    """What an export writes for people."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def caption(self, piece: Piece, time_us: int) -> Sequence[str]:
        """Camera; corrected local time with zone and uncertainty; what it rests on; case and track."""
        clock, source = piece.camera.clock, piece.source
        at = moment(time_us, clock.zone, known=source.time_known, offset_us=piece.offset_us(time_us))
        known = [uncertain(clock), clock_words(clock)] if source.time_known else ["", ""]
        rests_on = [*doubts(source.start_origin, source.assumed_rate), known[1]]
        return (
            piece.camera.name,
            f"{at}  {known[0]}".rstrip(),
            "; ".join(words for words in rests_on if words),
            tr("{case}, track {number}").format(case=self._case.folder.name, number=piece.tracklet.id),
        )

    def write(self, part: Path, package: Package) -> None:
        """The list of sightings and the report."""
        for suffix in (".csv", ".json"):
            (part / f"journey{suffix}").write_text(as_text(self._case, package.journey, suffix), "utf-8")
        store = self._case.store
        names = {camera.id: camera.name for camera in store.cameras()}
        unknown = {source.id for source in store.sources() if not source.time_known}
        seen = store.tracklets([sighting.tracklet for sighting in package.journey.sightings])
        timeless = {one.id: one.source for one in seen if one.source in unknown}
        redaction: Redaction = package.facts["redaction"]
        zones = {camera.name: camera.clock.zone for camera in store.cameras()}
        covered = by_hand(package.facts["covers"], zones)
        if redaction != "none" or not covered:
            covered = [tr(REDACTION_WORDS[redaction]), *covered]
        covered += [] if redaction == "none" else [tr(WHOLE_WORDS)]
        page = report(part, package, names, tr(REDACTIONS[redaction]), covered, timeless)
        (part / "report.html").write_text(page, "utf-8")
