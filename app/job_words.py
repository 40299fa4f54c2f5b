"""A job in words: what it is, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app import local_time
from app.jobs import Job
from app.words import Later, counted, tr

STAGES = {
    "hash": Later("Reading the files"), "analyse": Later("Analysing"), "embed": Later("Describing people"),
    "index": Later("Indexing"), "export": Later("Preparing the network for this machine"),
    "render": Later("Making the clips"),
}  # fmt: skip
CANCELLED = {
    "ingest": Later("Cancelled: what was found so far is kept and can be searched. Start goes on from there."),
    "describe": Later("Cancelled: searches go by the model in force. Asked for again, it goes on from there."),
    "evidence": Later("Cancelled: no evidence folder was left."),
    "split": Later("Cancelled: the track is as it was."), "merge": Later("Cancelled: both tracks are as they were."),
}  # fmt: skip
BETWEEN = "   ·   "


def name_of(verb: str, arguments: Sequence[str]) -> str:
    """``Split of track 3``, by the command of a job."""
    first, *others = *(word for word in arguments[:2] if not word.startswith("-")), ""
    if verb == "ingest":
        recordings = arguments.count("--camera")
        told = counted(recordings, tr("Analysis of 1 recording"), tr("Analysis of {count} recordings"))
        return told if recordings else tr("Analysis")
    if verb == "describe":
        model = Path(arguments[-1]).stem if "--embedder" in arguments else ""
        return tr("Describing everybody by {model}").format(model=model) if model else tr("Describing everybody")
    if verb == "evidence" and first:
        return tr("Evidence of track {track}").format(track=first)
    if verb == "split" and first:
        return tr("Split of track {track}").format(track=first)
    if verb == "merge" and first and others[0]:
        return tr("Merge of tracks {track} and {other}").format(track=first, other=others[0])
    return verb.capitalize()


def cancelled(verb: str) -> str:
    """What is left of a job that somebody cancelled, and how to go on."""
    return tr(CANCELLED[verb]) if verb in CANCELLED else tr("Cancelled.")


def headline(job: Job, progress: dict[str, Any]) -> str:
    """What a job is, whether it is held or about to end, and how far it was last."""
    parts = [name_of(job.verb, job.arguments)]
    if job.cancelling:
        parts.insert(0, tr("Cancelling …"))
    elif job.paused:
        parts.insert(0, tr("Paused"))
    parts += in_words(progress) if progress else [] if job.cancelling or job.paused else [tr("Starting …")]
    return BETWEEN.join(parts)


def in_words(progress: dict[str, Any]) -> list[str]:
    """A progress event: stage, rate in multiples of real time, what was found, time left as far as it is known."""
    stage = str(progress.get("stage", ""))
    parts = [] if stage == "analyse" else [tr(STAGES[stage]) if stage in STAGES else stage or tr("Working")]
    if stage == "embed" and progress.get("total"):
        parts.append(tr("{done} of {total} tracks").format(done=progress.get("done", 0), total=progress["total"]))
    parts += _left(progress)  # before what may be cut off where there is little room
    if progress.get("rate"):
        parts.append(tr("{rate}× real time").format(rate=f"{float(progress['rate']):.1f}"))
    if progress.get("tracklets"):
        parts.append(counted(progress["tracklets"], tr("1 track found"), tr("{count} tracks found")))
    return parts


def _left(progress: dict[str, Any]) -> list[str]:
    """The time left; at least so much, or how much is done, where a recording does not say how long it is."""
    for key, words in (("eta_s", tr("{time} left")), ("least_s", tr("at least {time} left"))):
        if progress.get(key) is not None and (progress[key] or key == "eta_s"):
            return [words.format(time=_time(progress[key]))]
    if progress.get("stage") == "analyse" and progress.get("done"):
        return [tr("{time} done").format(time=_time(progress["done"]))]
    return []


def _time(seconds: float) -> str:
    return local_time.length(round(float(seconds) * 1e6))
