"""The events of a case's record as a person reads them; what is chained and hashed stays in the event itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, TypeAlias

from app import local_time
from app.erasures import retention_words
from app.words import Later, counted, tr
from reid_engine.audit import ERASED, REDACTED, Event
from reid_engine.store import Retention

Body: TypeAlias = Mapping[str, Any]
Names: TypeAlias = Mapping[int, str]  # of cameras

VERDICTS = MappingProxyType({
    "same": Later("track {candidate} is the person of track {probe}"),
    "different": Later("track {candidate} is somebody else than track {probe}"),
    "unsure": Later("unsure whether track {candidate} is the person of track {probe}"),
})  # fmt: skip
RELATIONS = MappingProxyType({
    "unknown": Later("{one} and {other}: nothing is known"), "apart": Later("{one} and {other} are apart"),
    "overlapping": Later("{one} and {other} see one place"),
})  # fmt: skip
ROLES = MappingProxyType({"detector": Later("detector {name}"), "embedder": Later("model {name}")})

DAMAGE = ("decode_errors", "corrupt_frames", "repaired_times", "notes")
KINDS = MappingProxyType({
    "case made": Later("case made"),
    "search": Later("searched"), "recognise": Later("recognised"), "everybody": Later("listed everybody"),
    "likely people": Later("people listed"),
    "view": Later("looked at"), "decide": Later("decided"), "undo": Later("taken back"),
    "redo": Later("restored"), "split": Later("split"), "merge": Later("merged"), "note": Later("noted"),
    "camera made": Later("camera made"),
    "camera renamed": Later("camera renamed"), "camera clock": Later("clock set"), "camera pair": Later("link set"),
    "camera placed": Later("camera placed"), "floor plan": Later("floor plan"),
    "source added": Later("recording added"), "source start": Later("start set"),
    "source moved": Later("recording moved"), "source failed": Later("recording failed"),
    "source finished": Later("recording analysed"), "source reset": Later("to be analysed again"),
    "network added": Later("network used"), "model in force": Later("model changed"),
    "describing started": Later("describing started"), "describing finished": Later("describing ended"),
    "contact sheet": Later("contact sheet written"),
    "erased": Later("erased"), "erasure finished": Later("erasure finished"), "held": Later("hold set"),
    "hold lifted": Later("hold lifted"), "retention": Later("retention set"),
    "journey exported": Later("journey exported"), "evidence exported": Later("evidence exported"),
    "evidence not kept": Later("evidence not kept"), "still saved": Later("still saved"),
    "rescued": Later("rescued"), "backup opened": Later("backup opened"),
    "ingest started": Later("analysis started"),
    "ingest finished": Later("analysis ended"),
})  # fmt: skip


def kind(event: Event) -> str:
    """What was done, in a word or two."""
    return tr(KINDS[event.kind]) if event.kind in KINDS else event.kind


def about(event: Event, cameras: Names, zone: str) -> str:
    """What an event is about, in one line; one of a kind that has no words yet as it is recorded."""
    if isinstance(event.body.get(REDACTED), int) and event.kind != ERASED:
        return tr("words erased, see event {number}").format(number=event.body[REDACTED])
    try:
        if event.kind in SENTENCES:
            told = _filled(SENTENCES[event.kind], event.body, cameras)
        else:
            told = TOLD[event.kind](event.body, cameras, zone)
    except (KeyError, TypeError, ValueError, AttributeError):  # of another version: nothing of it may be lost
        told = ""
    return told or plain(event.body)


def plain(body: Body) -> str:
    """Names and values on one line."""
    told = {
        key: value for key, value in body.items() if key not in ("purpose", "salt") and value not in (None, [], {}, "")
    }
    return ", ".join(f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in told.items())


def whole(event: Event, cameras: Names, zone: str) -> str:
    """Everything an event says: in words, then as it is chained, with its hash."""
    body = json.dumps(event.body, indent=2, ensure_ascii=False)
    words = [about(event, cameras, zone), *(_files(event.body) if event.kind == "ingest finished" else ())]
    said = tr("As it is recorded (event {number}, {kind}, {operator}, SHA-256 {hash}):").format(
        number=event.number, kind=event.kind, operator=event.operator, hash=event.hash
    )
    return "\n".join([*words, "", said, body])


def _camera(number: Any, cameras: Names) -> str:
    return cameras.get(int(number)) or tr("camera {number}").format(number=number)


def _picture(body: Body, cameras: Names, zone: str) -> str:
    """Which picture, where the record says it."""
    which = body.get("picture", {})
    box = ", ".join(str(round(side)) for side in which.get("xyxy", ()))
    if "camera" in which:
        moment = local_time.date_and_time(which["time_us"], zone)
        words = tr("the box {box} in {camera} at {moment}")
        return words.format(box=box, camera=_camera(which["camera"], cameras), moment=moment)
    said = tr("a picture of SHA-256 {digest}").format(digest=which["sha256"]) if "sha256" in which else tr("a picture")
    return f"{said} ({box})" if box else said


def _recognised(body: Body, cameras: Names, zone: str) -> str:
    words = tr("no longer track {track}: {picture}") if body["taken_back"] else tr("track {track}: {picture}")
    return words.format(track=body["tracklet"], picture=_picture(body, cameras, zone))


def _search(body: Body, cameras: Names, zone: str) -> str:
    probe = body["probe"]
    pictured = _picture(body, cameras, zone)
    said = [pictured if probe == "a picture" else tr("track {number}").format(number=probe)]
    said += _passing(body, cameras, zone)
    if probe != "a picture" and body.get("same_camera") is False:
        said.append(tr("without its own camera"))
    if body.get("same") or body.get("different"):
        counts = {"same": len(body.get("same", ())), "different": len(body.get("different", ()))}
        said.append(tr("ranked by {same} confirmed, {different} rejected").format(**counts))
    if body.get("rerank") is False:
        said.append(tr("by distance alone"))
    return ", ".join(said)


def _everybody(body: Body, cameras: Names, zone: str) -> str:
    count = counted(body["listed"], tr("1 track"), tr("{count} tracks"))
    return ", ".join([count, *_passing(body, cameras, zone)])


def _people(body: Body, cameras: Names, zone: str) -> str:
    tracks = counted(body["tracklets"], tr("1 track"), tr("{count} tracks"))
    groups = counted(body["groups"], tr("1 likely person"), tr("{count} likely people"))
    return ", ".join([tr("{people} in {tracks}").format(people=groups, tracks=tracks), *_passing(body, cameras, zone)])


def _passing(body: Body, cameras: Names, zone: str) -> list[str]:
    """Who was let through."""
    said = []
    for key, words in (("cameras", tr("in {names}")), ("not_cameras", tr("not in {names}"))):
        if body.get(key):
            said.append(words.format(names=", ".join(_camera(number, cameras) for number in body[key])))
    for key, words in (("from_us", tr("from {time}")), ("to_us", tr("to {time}"))):
        if body.get(key) is not None:
            said.append(words.format(time=local_time.date_and_time(body[key], zone)))
    for key, words in (("upper", tr("top {colours}")), ("lower", tr("legs {colours}"))):
        if body.get(key):
            said.append(words.format(colours=tr(" or ").join(body[key])))
    if body.get("least_quality"):
        said.append(tr("quality of {least} and more").format(least=body["least_quality"]))
    if body.get("exclude"):
        said.append(tr("without tracks {numbers}").format(numbers=", ".join(map(str, body["exclude"]))))
    return said


def _deed(body: Body, cameras: Names, zone: str) -> str:
    """What was decided, cut, joined or noted, and what of it was taken back or restored."""
    if "verdict" in body:
        return tr(VERDICTS[body["verdict"]]).format(probe=body["probe"], candidate=body["candidate"])
    if "made" in body:
        before, made = (", ".join(map(str, body[key])) for key in ("before", "made"))
        return tr("track {before} became {made}").format(before=before, made=made)
    moment = local_time.date_and_time(body["moment_us"], zone)
    return tr("“{text}” at {moment}").format(text=body["text"], moment=moment)


def _pair(body: Body, cameras: Names, zone: str) -> str:
    one, other = (_camera(body[key], cameras) for key in ("first", "second"))
    said = [tr(RELATIONS[body["relation"]]).format(one=one, other=other)]
    for key, words in (("least_travel_us", tr("at least {length}")), ("most_travel_us", tr("at most {length}"))):
        if body.get(key):
            said.append(words.format(length=local_time.length(body[key])))
    return ", ".join(said)


def _clock(body: Body, cameras: Names, zone: str) -> str:
    before, now = (local_time.ahead(body[key]["offset_us"]) for key in ("from", "to"))
    return tr("{camera}: ahead {now}, before {before}, in {zone}").format(
        camera=_camera(body["camera"], cameras), now=now, before=before, zone=body["to"]["zone"]
    )


def _finished(body: Body, cameras: Names, zone: str) -> str:
    files = body["files"]
    tracks, odd = sum(told["tracklets"] for told in files), sum(map(_is_odd, files))
    recordings = counted(len(files), tr("1 recording"), tr("{count} recordings"))
    said = f"{recordings}, {counted(tracks, tr('1 track'), tr('{count} tracks'))}"
    return said + (tr("; {count} not as they should be").format(count=odd) if odd else "")


def _is_odd(told: Body) -> bool:
    damage = told.get("damage") or {}
    return told.get("state") not in ("done", "skipped") or any(damage.get(key) for key in DAMAGE)


def _files(body: Body) -> Iterator[str]:
    for told in body.get("files", ()):
        seen, of = told.get("frames_decoded"), told.get("frames_expected")
        pictures = tr("{seen} of {of} pictures").format(seen=seen, of=of) if of else ""
        tracks = counted(told.get("tracklets", 0), tr("1 track"), tr("{count} tracks"))
        parts = (told.get("state"), pictures, tracks, told.get("message"))
        yield f"  {PurePath(str(told.get('file'))).name}: " + ", ".join(str(part) for part in parts if part)


def _start(body: Body, cameras: Names, zone: str) -> str:
    begun = local_time.date_and_time(body["start_us"], zone)
    words = tr("recording {source} begins {time} ({origin})")
    return words.format(source=body["source"], time=begun, origin=body["start_origin"])


def _rescued(body: Body, cameras: Names, zone: str) -> str:
    lost = body["lost"]
    words = tr("from {path}; could not be read, at most: {events} events, {tracks} tracks, {others} other rows")
    others = sum(lost.values()) - lost.get("event", 0) - lost.get("tracklet", 0)
    return words.format(path=body["path"], events=lost.get("event", 0), tracks=lost.get("tracklet", 0), others=others)


def _made(body: Body, cameras: Names, zone: str) -> str:
    return tr("for: {purpose}").format(purpose=body["purpose"]) if body["purpose"] else tr("no purpose was given")


def _erased(body: Body, cameras: Names, zone: str) -> str:
    """Of which recordings how many tracks, and which where they are few."""
    said = []
    for told in body.get("recordings", ()):
        tracks = counted(told["tracklets"], tr("1 track"), tr("{count} tracks"))
        words = tr("all of recording {name}: {tracks}") if told["whole"] else tr("of recording {name}: {tracks}")
        said.append(words.format(name=_recording(told), tracks=tracks))
    numbers = body.get("numbers", ())
    if numbers and len(numbers) == body["tracklets"]:
        said.append(tr("tracks {numbers}").format(numbers=", ".join(map(str, numbers))))
    if not said:
        said.append(counted(body["tracklets"], tr("1 track"), tr("{count} tracks")))
    if body["notes"]:
        said.append(counted(body["notes"], tr("1 note"), tr("{count} notes")))
    return "; ".join([*said, body["reason"]])


def _recording(told: Body) -> str:
    """By its name, which events of earlier versions do not have."""
    name = told.get("name")
    return f"{told['recording']} ({name})" if name else str(told["recording"])


def _retention(body: Body, cameras: Names, zone: str) -> str:
    return retention_words(Retention(body["until_us"], body["days"]), 0) or tr("as long as it is needed")


def _sheet(body: Body, cameras: Names, zone: str) -> str:
    return _kept("{path}", body, cameras)


def _journey(body: Body, cameras: Names, zone: str) -> str:
    return _kept(tr("of track {start} to {path}"), body, cameras)


def _kept(words: str, body: Body, cameras: Names) -> str:
    """A file that was written, with its SHA-256, which events of earlier versions do not have."""
    return _filled(words + (tr(", SHA-256 {sha256}") if "sha256" in body else ""), body, cameras)


def _network(body: Body, cameras: Names, zone: str) -> str:
    return tr(ROLES[body["role"]]).format(name=body["name"])


def _started(body: Body, cameras: Names, zone: str) -> str:
    return ", ".join(PurePath(file).name for file in body["files"])


def _filled(words: str, body: Body, cameras: Names) -> str:
    """Values of an event put into a sentence; a path by its name, a camera's number by its own."""
    named = {key: PurePath(value).name if key == "path" else value for key, value in body.items()}
    if "{camera}" in words:
        named["camera"] = _camera(body["camera"], cameras)
    return tr(words).format(**named)


SENTENCES = MappingProxyType({
    "view": Later("track {tracklet}"),
    "camera made": Later("{name}"),
    "camera renamed": Later("{from} is now {to}"),
    "camera placed": Later("{camera} on the floor plan"),
    "floor plan": Later("{name}"),
    "source added": Later("{path} of {camera}"),
    "source moved": Later("recording {source}: {from} -> {to}"),
    "source failed": Later("recording {source}: {sentence}"),
    "source finished": Later("recording {source}, {frames} pictures"),
    "source reset": Later("recording {source}, tracks forgotten: {tracklets}"),
    "model in force": Later("searches go by {model} now, before by {before}"),
    "describing started": Later("{tracklets} tracks lack a vector of {model}"),
    "describing finished": Later("{described} of {tracklets} tracks, by {model}"),
    "erasure finished": Later("erasure of event {erasure}"),
    "held": Later("{what} {of}: {reason}"),
    "hold lifted": Later("hold {hold}: {reason}"),
    "evidence exported": Later("of track {start} to {folder}, manifest SHA-256 {manifest_sha256}"),
    "evidence not kept": Later("{folder}: {why}"),
    "backup opened": Later("of {path}"),
    "still saved": Later("{camera} to {path}, SHA-256 {sha256}"),
})  # fmt: skip
TOLD: Mapping[str, Callable[[Body, Names, str], str]] = MappingProxyType({
    "search": _search, "recognise": _recognised,
    "everybody": _everybody, "likely people": _people, "decide": _deed, "undo": _deed,
    "redo": _deed, "split": _deed, "merge": _deed, "note": _deed,
    "camera clock": _clock, "camera pair": _pair, "source start": _start, "network added": _network,
    "ingest started": _started, "ingest finished": _finished, "retention": _retention,
    "erased": _erased, "case made": _made, "contact sheet": _sheet, "journey exported": _journey, "rescued": _rescued,
})  # fmt: skip
WORDS = frozenset({*SENTENCES, *TOLD})
