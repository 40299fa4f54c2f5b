"""The report of an evidence package: one page without scripts or addresses, its pictures inside it, to be printed."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import resources
from app import local_time
from app.arrange import BAND_TIPS, BAND_WORDS
from app.bands import TITLE, bands
from app.journeys import conflict_words, gap_words, summary
from app.page import named, paragraphs, section, table
from app.time_words import doubts, moment, start_words
from app.words import counted, tr
from reid_engine.captions import preview
from reid_engine.clock import SECOND_US, CameraClock
from reid_engine.evidence import Package
from reid_engine.types import CameraId, SourceId, TrackletId

WIDEST = 960  # of a still in the page; the file beside it is whole
WIDEST_CROP = 160


def report(
    part: Path,
    package: Package,
    cameras: Mapping[CameraId, str],
    redaction: str,
    covered: Sequence[str],
    timeless: Mapping[TrackletId, SourceId],
) -> str:
    """The page, for the package whose pictures lie in ``part``. Everything that a person has typed is escaped.

    redaction, covered: the kind of redaction, and sentences about what it did and did not do
    timeless: the tracklets of recordings of which nobody knows when they were made, with those recordings
    """
    facts = package.facts
    title = tr("Evidence: {case}").format(case=facts["case"]["name"])
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(summary(package.journey))}</p>',
        _about(facts),
        _left_out(facts, package),
        section(tr("What was covered"), f"<p><b>{escape(redaction)}.</b></p>" + paragraphs(covered)),
        section(tr("Sightings"), ""),
        *(_sighting(part, told) for told in facts["sightings"]),
        _between(package, cameras, timeless),
        _clocks(facts),
        _recordings(facts),
        section(tr(TITLE), bands(facts["bands"], facts["decided"])),
        _networks(facts),
        _proof(facts),
    ]
    page = Template(resources.path("report.html").read_text("utf-8"))
    return page.substitute(title=escape(title), body="\n".join(found for found in parts if found))


def _about(facts: dict[str, Any]) -> str:
    program = facts["program"]
    return named([
        (tr("Case"), facts["case"]["name"]),
        (tr("Purpose"), facts["case"]["purpose"]),
        (tr("Reason of this export"), facts["reason"]),
        (tr("For"), facts["recipient"] or tr("not said")),
        (tr("Made by"), facts["operator"]),
        (tr("Made at"), local_time.date_and_time(facts["made_us"], "UTC")),
        (tr("Program"), f"{program['name']} {program['version']}"),
        (tr("Round each sighting"), tr("{before} s before, {after} s after").format(
            before=f"{facts['seconds']['before']:g}", after=f"{facts['seconds']['after']:g}")),
    ])  # fmt: skip


def _left_out(facts: dict[str, Any], package: Package) -> str:
    told = [
        tr("Track {number} is left out: {why}").format(number=s["tracklet"], why=s["why"]) for s in facts["skipped"]
    ]
    unsure = len(package.journey.sightings) - len(package.journey.confirmed)
    not_asked = len(package.journey.confirmed) - len(facts["sightings"]) - len(facts["skipped"])
    if not_asked:
        one = tr("1 further confirmed sighting was not asked for.")
        told.append(counted(not_asked, one, tr("{count} further confirmed sightings were not asked for.")))
    if unsure:
        told.append(tr("{count} unsure sightings are in the list but not shown.").format(count=unsure))
    return f'<div class="warning">{paragraphs(told)}</div>' if told else ""


def _picture(part: Path, path: str, widest: int, words: str, kind: str = "") -> str:
    data = base64.b64encode(preview((part / path).read_bytes(), widest)).decode("ascii")
    image = f'<img src="data:image/jpeg;base64,{data}" alt="{escape(words)}">'
    return f'<figure class="{kind}">{image}<figcaption>{escape(words)}: {escape(path)}</figcaption></figure>'


def _sighting(part: Path, told: dict[str, Any]) -> str:
    zone, clip, still = told["clock"]["zone"], told["clip"], told["still"]
    ends = ("start_us", "first_us"), ("end_us", "last_us")
    start, end = (_moment(told, told[key], told["offsets"][offset], zone) for key, offset in ends)
    utc = " – ".join(local_time.precise_time(told[key], "UTC") for key in ("start_us", "end_us"))
    same = not _known(told) or not any(local_time.local(told[key], zone).utcoffset() for key, _ in ends)
    crop = tr("as kept") if told["crop"]["as_stored"] else tr("as kept, others covered")
    pictures = _picture(part, still["path"], WIDEST, tr("Best moment")) + _picture(
        part, told["crop"]["path"], WIDEST_CROP, crop, "crop"
    )
    rows = [
        (tr("Track"), told["tracklet"]),
        (tr("Seen"), f"{start} – {end}"),
        (tr("In UTC"), "" if same else utc),
        (tr("Clock"), _rests_on(told)),
        (tr("How sure"), _nearness(told)),
        (tr("Decided"), "; ".join(_decision(told, said) for said in told["decided"]) or tr("the journey begins here")),
        (tr("Clip"), _clip(clip, told)),
        (tr("As recorded"), _native(told.get("native"), told)),
    ]
    title = f"{told['number']}. {told['camera']}, {start}"
    return f'<section><h3>{escape(title)}</h3><div class="pictures">{pictures}</div>{named(rows)}</section>'


def _known(told: dict[str, Any]) -> bool:
    """True where somebody or something says when the recording was made."""
    return bool(told["start_origin"] != "unknown")


def _moment(told: dict[str, Any], time_us: int, offset_us: int, zone: str) -> str:
    return moment(time_us, zone, known=_known(told), offset_us=offset_us)


def _rests_on(told: dict[str, Any]) -> str:
    """What the times of a sighting rest on."""
    found = doubts(told["start_origin"], told["rate_assumed"])
    return "; ".join([*found, *([_clock(told["clock"])] if _known(told) else [])])


def _clock(clock: dict[str, Any]) -> str:
    known = CameraClock(**clock)
    return f"{clock_words(known)}, {uncertain(known)}"


def clock_words(clock: CameraClock) -> str:
    """How a camera's clock was corrected."""
    if clock.offset_us == 0 and clock.drift_ppm == 0:
        return tr("camera clock taken as right")
    ahead = f"{clock.offset_us / SECOND_US:+.10g} s"
    drift = tr(", drift {ppm} ppm").format(ppm=f"{clock.drift_ppm:+g}") if clock.drift_ppm else ""
    return tr("camera clock {ahead}{drift}, corrected").format(ahead=ahead, drift=drift)


def uncertain(clock: CameraClock) -> str:
    """How far a corrected time may be off."""
    if clock.uncertainty_us:
        return f"± {clock.uncertainty_us / SECOND_US:.10g} s"
    return tr("± not stated")


def _nearness(told: dict[str, Any]) -> str:
    if told["state"] == "probe":
        return tr("this is the sighting that the journey begins with")
    band = told["band"]["band"]
    if told["band"]["model"] is None:
        return tr("not compared by a network")
    words = tr(
        "{band}. {tip} By the model {model}, compared with the sighting that the journey begins with; see “{rest}”."
    )
    return words.format(band=tr(BAND_WORDS[band]), tip=tr(BAND_TIPS[band]), model=told["band"]["model"], rest=tr(TITLE))


def _decision(told: dict[str, Any], said: dict[str, Any]) -> str:
    verdicts = {"same": tr("the same person as track {number}"), "different": tr("somebody else than track {number}"),
                "unsure": tr("unsure whether the person of track {number}")}  # fmt: skip
    when = local_time.date_and_time(said["at_us"], told["clock"]["zone"])
    words = verdicts[said["verdict"]].format(number=said["with"])
    return tr("{words}, by {operator}, {when}").format(words=words, operator=said["operator"], when=when)


def _span(told: dict[str, Any], sighting: dict[str, Any]) -> str:
    zone = sighting["clock"]["zone"]
    ends = ("first_utc_us", "last_utc_us")
    times = " – ".join(local_time.precise_time(told[key], zone) for key in ends) if _known(sighting) else ""
    numbers = told["picture_numbers"]
    within = tr("{first} s to {last} s after the recording's first picture").format(
        first=f"{told['first_us'] / SECOND_US:.3f}", last=f"{told['last_us'] / SECOND_US:.3f}"
    )
    counted = tr("pictures {first} to {last}").format(first=numbers[0], last=numbers[1]) if numbers else ""
    return ", ".join(found for found in (times, within, counted) if found)


def _clip(clip: dict[str, Any], sighting: dict[str, Any]) -> str:
    words = tr("{path}: {count} pictures, rendered as H.264, without sound; {span}")
    found = words.format(path=clip["path"], count=clip["pictures"], span=_span(clip, sighting))
    whole = tr("; {count} pictures covered whole").format(count=clip["covered_whole"]) if clip["covered_whole"] else ""
    return found + whole


def _native(native: dict[str, Any] | None, sighting: dict[str, Any]) -> str:
    if native is None:
        return tr("not copied, because something is covered")
    if native["path"] is None:
        return tr("not copied: {why}").format(why=native["why"])
    words = tr("{path}: {count} pictures as they were recorded, from the key frame before, without sound; {span}")
    return words.format(path=native["path"], count=native["pictures"], span=_span(native, sighting))


def _between(package: Package, cameras: Mapping[CameraId, str], timeless: Mapping[TrackletId, SourceId]) -> str:
    def comparable(one: TrackletId, other: TrackletId) -> bool:
        """Both times are known, or both are of one recording."""
        return timeless.get(one) == timeless.get(other)

    found = package.journey
    gaps = [
        tr("between tracks {one} and {other}: ").format(one=gap.before, other=gap.after) + gap_words(gap, cameras)
        for gap in found.gaps
        if comparable(gap.before, gap.after)
    ]
    if len(gaps) < len(found.gaps):
        gaps.append(tr("Where a recording's time is unknown, nothing is said about how long the person was not seen."))
    by_time = "two-places", "travel-time"
    told = (said for said in found.conflicts if said.kind not in by_time or comparable(said.first, said.second))
    against = [conflict_words(said) for said in told]
    warning = f'<div class="warning">{paragraphs(against)}</div>' if against else ""
    return section(tr("Between the sightings"), warning + paragraphs(gaps)) if gaps or against else ""


def _clocks(facts: dict[str, Any]) -> str:
    """Of every recording: when it starts by its camera's clock, who says so, how its pictures are timed, that clock."""
    heads = (tr("Recording"), tr("Camera"), tr("Start by its clock"), tr("Start from"), tr("Times"), tr("Clock"))
    rows = []
    for told in facts["recordings"]:
        zone, known = told["clock"]["zone"], _known(told)
        start = local_time.precise_time(told["start_us"], zone) if known else tr("unknown")
        times = "; ".join(told["notes"]) or tr("the recording's own")
        clock = _clock(told["clock"]) if known else tr("unknown")
        rows.append((told["name"], told["camera"], start, _origin(told), times, f"{clock}, {zone}"))
    return section(tr("Clocks"), table(heads, rows))


def _origin(told: dict[str, Any]) -> str:
    words, said = start_words(told["start_origin"]), told["start_set"]
    if told["start_origin"] != "by hand" or said is None:
        return words
    when = local_time.date_and_time(said["at_us"], told["clock"]["zone"])
    return tr("{words}; by {operator}, {when}").format(words=words, operator=said["operator"], when=when)


def _recordings(facts: dict[str, Any]) -> str:
    heads = (tr("Recording"), tr("Camera"), tr("Bytes"), tr("SHA-256 when it was analysed"), tr("At this export"))
    now = {True: tr("the same, read whole"), False: tr("gone or changed")}
    rows = (
        (r["name"], r["camera"], r["bytes"], r["sha256"], now[r["same_now"]] + _damage(r["damage"]))
        for r in facts["recordings"]
    )
    return section(tr("Recordings"), table(heads, rows))


def _damage(counts: dict[str, int] | None) -> str:
    if counts is None or not any(counts.values()):
        return ""
    words = tr("; damaged when analysed: {decode_errors} errors, {corrupt_frames} pictures, {repaired_times} times")
    return words.format(**counts)


def _networks(facts: dict[str, Any]) -> str:
    heads = (tr("Network"), tr("Name"), tr("Model"), tr("SHA-256"))
    rows = ((n["role"], n["name"], n["model"] or "–", n["sha256"]) for n in facts["networks"])
    return section(tr("Networks"), table(heads, rows))


def _proof(facts: dict[str, Any]) -> str:
    record = facts["record"]
    return section(
        tr("Proof"),
        paragraphs([
            tr("manifest.json holds the SHA-256 of this page and of every other file in its folder; verify.py compares "
               "them, as VERIFY.txt says. The SHA-256 of the manifest itself cannot stand in here: it was shown to the "
               "operator and written into the record of the case. There is no signature."),
            tr("record.jsonl is the record of the case up to this export: {count} events in a chain, the last with the "
               "hash {hash}. It names everything that was done in the case, not only about this person.").format(
                count=record["events"], hash=record["last_sha256"]),
        ]),
    )  # fmt: skip
