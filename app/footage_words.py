"""What the footage pane says of its rows: how much there is, what Start takes, what can be searched."""

from __future__ import annotations

from collections.abc import Sequence

from app import local_time
from app.item_models.recordings import RecordingRow
from app.words import counted, tr


def summary(rows: Sequence[RecordingRow]) -> str:
    """How many recordings of how many cameras, how long in all, how many need a person."""
    if not rows:
        return ""
    usable = [row for row in rows if row.state not in ("duplicate", "unreadable", "missing")]
    attention = sum(row.state in ("no time", "unreadable", "failed", "duplicate", "missing") for row in rows)
    length = local_time.length(sum(row.duration_us or 0 for row in usable))
    recordings = counted(len(rows), tr("1 recording"), tr("{count} recordings"))
    cameras = counted(len({row.camera for row in usable}), tr("1 camera"), tr("{count} cameras"))
    said = tr("{recordings} of {cameras}   ·   {length}").format(recordings=recordings, cameras=cameras, length=length)
    return said + (tr("   ·   {count} with a problem").format(count=attention) if attention else "")


def start_words(waiting: Sequence[RecordingRow]) -> str:
    """What the button would start; recordings whose time nobody knows are named, so that nobody takes them unawares."""
    timeless = sum(row.start_us is None for row in waiting)
    if not waiting:
        return tr("Start")
    if not timeless:
        return tr("Start {count}").format(count=len(waiting))
    return tr("Start {count}, {timeless} of unknown time").format(count=len(waiting), timeless=timeless)


def searchable(rows: Sequence[RecordingRow]) -> str:
    """How much of the footage a search covers."""
    kept = [row for row in rows if row.in_case or row.state in ("ready", "no time", "running")]
    kept = [row for row in kept if row.state != "erased"]
    done = [row for row in kept if row.state == "done"]
    if not done and any(row.state in ("running", "queued", "paused") for row in kept):
        return tr("Searching covers the recordings as far as they are analysed.")
    if not done:
        return tr("Searching starts as soon as the first recordings are analysed.")
    if len(done) == len(kept):
        return tr("All of it can be searched.")
    lengths = [local_time.length(sum(row.duration_us or 0 for row in part)) for part in (done, kept)]
    return tr("Searching covers {done} of {count} recordings ({length} of {whole}), and the others as far as they are "
              "analysed.").format(done=len(done), count=len(kept), length=lengths[0], whole=lengths[1])  # fmt: skip


def estimate(waiting: Sequence[RecordingRow], pace: float | None) -> str:
    """How long the analysis will take on this machine, if anybody can know."""
    length_us = sum(row.duration_us or 0 for row in waiting)
    if not waiting or not length_us:
        return ""
    if pace is None or pace <= 0:
        return tr("How long this takes here is known once a first analysis has run.")
    takes = local_time.about(round(length_us / pace))
    return tr("{takes} on this machine, at {pace}× real time as measured here").format(takes=takes, pace=f"{pace:.1f}")
