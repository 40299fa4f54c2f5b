"""Is an evidence package whole? ``python3 -I -S verify.py [FOLDER] [SHA256]``; Python 3.8 or later, nothing else.

Reappear puts this file into every package as verify.py; ``reappear verify FOLDER`` runs the same. Without FOLDER it is
the one this file lies in. SHA256 is the number of manifest.json that you were told by whoever made the package.

Whole also means that the manifest says what the record in the package says: of decisions, clocks, names and times.

Only files that are found by walking through the folder are opened: names in the manifest are compared with them and
never followed, nor is any link.

Exit status: 0 whole, 1 something differs, 2 no package that can be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMAT = "reappear evidence package"
VERSION = 1
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
RECORD = "record.jsonl"
FIELDS = ("number", "at_us", "operator", "kind", "body")
LARGEST_MANIFEST = 1 << 30
CLOCK = {"offset_us": 0, "drift_ppm": 0.0, "reference_us": 0, "uncertainty_us": 0, "zone": "UTC"}  # of a new camera
DEEDS = {"decide": "decision", "note": "note", "split": "edit", "merge": "edit"}  # kinds of events, where the number is
TURNS = ("undo", "redo")
TOOK = ("erased", "source reset", "rescued", "tracklets deleted")  # tracklets went with these; the last is of old
SAID = (
    *DEEDS, *TURNS, *TOOK, "camera made", "camera renamed", "camera clock", "camera pair", "camera placed",
    "floor plan", "source added", "source start", "source moved", "source finished", "source failed", "network added",
    "model in force",
)  # fmt: skip
NEAR_US = 60_000_000  # a deed and its event are written together, each with a time of its own
FEW = 5


class Unreadable(Exception):
    """There is no package here, or none of a version that this verifier knows."""


def canonical(value: Any) -> str:
    """The one spelling of a JSON value over which the record's hashes are made."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def found_in(folder: str) -> dict[str, bool]:
    """Names below ``folder``, with ``/``, to whether they are plain files; links, and empty folders, are none."""
    found: dict[str, bool] = {}
    todo = [""]
    while todo:
        below = todo.pop()
        entries = list(os.scandir(os.path.join(folder, below)))
        if below and not entries:
            found[below] = False
        for entry in entries:
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                todo.append(name + "/")
            else:
                found[name] = entry.is_file(follow_symlinks=False)
    return found


def read(folder: str, name: str) -> Iterator[bytes]:
    """The bytes of a plain file, in pieces; a link that was put in its place meanwhile is refused."""
    how = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(os.path.join(folder, name), how)
    with os.fdopen(handle, "rb") as stream:
        yield from iter(lambda: stream.read(1 << 20), b"")


def sha256_of(folder: str, name: str) -> tuple[str, int]:
    """(SHA-256, bytes) of a plain file."""
    digest, size = hashlib.sha256(), 0
    for piece in read(folder, name):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def manifest_in(folder: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and its files by name. Raises Unreadable."""
    try:
        if os.lstat(os.path.join(folder, MANIFEST)).st_size > LARGEST_MANIFEST:
            raise Unreadable(f"{MANIFEST} is larger than any manifest")
        told = json.loads(b"".join(read(folder, MANIFEST)).decode("utf-8"))
        if (told["format"], told["version"]) != (FORMAT, VERSION):
            raise Unreadable(f"{MANIFEST} is of another version: {told['format']!a}, {told['version']!a}")
        files = {str(entry["path"]): (entry["sha256"], entry["bytes"]) for entry in told["files"]}
        if len(files) != len(told["files"]):
            raise Unreadable(f"{MANIFEST} names a file twice")
        return told, files
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"{MANIFEST} cannot be read: {type(error).__name__} {error}") from error


def outside(name: str) -> bool:
    """True for a name that is not that of a file below the folder."""
    parts = name.replace("\\", "/").split("/")
    return any(part in ("", ".", "..") for part in parts) or ":" in name or "\0" in name


def differences(folder: str, told: dict[str, Any], files: dict[str, Any]) -> Iterator[str]:
    """Yields a sentence for everything that is not as the manifest says."""
    found = found_in(folder)
    for name in sorted(set(found) - set(files) - {MANIFEST, SEAL}):
        yield f"{name} is not in the manifest" if found[name] else f"{name} is neither in the manifest nor a plain file"
    for name, (sha256, size) in sorted(files.items()):
        if outside(name):
            yield f"the manifest names {name}, which is no place in this folder; it was not looked at"
        elif name not in found:
            yield f"{name} is missing"
        elif not found[name]:
            yield f"{name} is no plain file; it was not opened"
        elif sha256_of(folder, name) != (sha256, size):
            yield f"{name} was changed: its SHA-256 is not the one in the manifest"
    if RECORD not in files:
        yield f"{RECORD} is not in the manifest"
    if found.get(RECORD):
        broken = broken_record(folder, told)
        if broken:
            yield broken
        else:
            yield from contradicted(told, recorded(folder))


def recorded(folder: str) -> list[dict[str, Any]]:
    """The events of the record, which was found whole."""
    return [json.loads(line) for line in b"".join(read(folder, RECORD)).decode("utf-8").splitlines()]


def broken_record(folder: str, told: dict[str, Any]) -> str | None:
    """A sentence about the first line of the record that does not fit the chain of hashes, or nothing."""
    number = 0
    try:
        lines = b"".join(read(folder, RECORD)).decode("utf-8").splitlines()
        vouched = vouched_for(map(json.loads, lines))
        last = hashlib.sha256(told["case"]["uuid"].encode()).hexdigest()
        for number, line in enumerate(lines, start=1):
            event = json.loads(line)
            erased = vouched.get(number)
            fields = FIELDS if erased is None else (*FIELDS, "hash")
            body = canonical({field: event[field] for field in fields}).encode()
            made = hashlib.sha256(bytes.fromhex(last) + body).hexdigest()
            last = event["hash"]
            if event["number"] != number or made != (last if erased is None else erased):
                return f"{RECORD}, line {number}: it was changed, or one before it is missing: its hash does not fit"
        if (number, last) != (told["record"]["events"], told["record"]["last_sha256"]):
            return f"{RECORD} ends with event {number}, which is not the last one that the manifest names"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return f"{RECORD}, line {number}: it cannot be read ({type(error).__name__} {error})"
    return None


def vouched_for(events: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The hashes by which erasures stand in for earlier events whose words they took (``audit`` does the same)."""
    found: dict[int, str] = {}
    for event in events:
        taken = event["body"].get("redacted") if event["kind"] == "erased" else None
        if isinstance(taken, dict):
            found.update({int(n): str(left) for n, left in taken.items() if n.isdecimal() and int(n) < event["number"]})
    return found


class Deed:
    """Something that can be taken back: the event that says it, and (do, undo or redo; operator) of all that do."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = event
        self.body: dict[str, Any] = event["body"]
        self.turns = [("do", event["operator"])]
        self.last = int(event["number"])

    @property
    def stands(self) -> bool:
        """False while it is taken back."""
        return self.turns[-1][0] != "undo"


class Told:
    """What the events of a record come to when they are heard in order. Of what they do not say nothing is here.

    facts:  by what they are of, such as ("camera", 1) or ("pair", 1, 2): names of fields to values
    deeds:  by number; starts: by recording, who said last when it begins, and when
    states: by recording, what was said last of its analysis: the event; model: who said last which is in force
    took:   number of the last event with which tracklets went, 0 for none
    """

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.facts: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.deeds: dict[int, Deed] = {}
        self.starts: dict[int, dict[str, Any]] = {}
        self.states: dict[int, dict[str, Any]] = {}
        self.model: str | None = None
        self.took = 0
        for event in events:
            body = {key: value for key, value in event["body"].items() if key != "purpose"}
            if "purpose" in event["body"]:
                self.facts[("case",)] = {"purpose": event["body"]["purpose"]}
            if event["kind"] in DEEDS or event["kind"] in TURNS:
                self.hear_deed(event)
            elif event["kind"].startswith("source ") or event["kind"] in TOOK:
                self.hear_source(event, body)
            else:
                self.hear_place(event["kind"], body)

    def hear_deed(self, event: dict[str, Any]) -> None:
        """What somebody did, took back or restored."""
        keys = [DEEDS[event["kind"]]] if event["kind"] in DEEDS else ["decision", "note", "split", "merge"]
        number = next((event["body"][key] for key in keys if isinstance(event["body"].get(key), int)), None)
        if number is not None and event["kind"] in DEEDS:
            self.deeds[number] = Deed(event)
        elif number in self.deeds:
            self.deeds[number].turns.append((event["kind"], event["operator"]))
            self.deeds[number].last = event["number"]

    def hear_source(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        """What became of recordings."""
        kind, number = event["kind"], body.pop("source", 0)
        fields = self.facts.setdefault(("recording", number), {}) if number else {}
        if kind in TOOK:
            self.took = event["number"]
        if kind in ("source added", "source start"):
            self.starts[number] = event
        if kind in ("source added", "source finished", "source failed", "source reset"):
            self.states[number] = event
        if kind == "source added":
            fields.update(body)
            self.facts.setdefault(("camera", body["camera"]), dict(CLOCK))
        elif kind == "source start":
            fields.update(start_us=body["start_us"], start_origin=body["start_origin"])
        elif kind == "source moved":
            fields["path"] = body["to"]
        elif kind == "source reset":  # an older version does not say by which settings it was begun again
            again = {key: body.get(key) for key in ("fingerprint", "settings")}
            fields.update(again)
            for key in [key for key, value in again.items() if value is None]:
                del fields[key]

    def hear_place(self, kind: str, body: dict[str, Any]) -> None:
        """What was said of cameras, of where they stand, and of networks."""
        if kind in ("camera made", "camera renamed", "camera clock"):
            fields = self.facts.setdefault(("camera", body["camera"]), dict(CLOCK))
            fields.update(body["to"] if kind == "camera clock" else {"name": body["name" if "name" in body else "to"]})
        elif kind == "camera pair":
            self.facts[("pair", body.pop("first"), body.pop("second"))] = body
        elif kind == "camera placed":
            self.facts[("place", body.pop("camera"))] = body
        elif kind == "floor plan":
            self.facts[("plan",)] = body
        elif kind == "network added":
            self.facts[("network", body["role"], body["sha256"], body["model"])] = {}
            self.model = self.model if body["role"] == "detector" else None  # what follows says which is in force
        elif kind == "model in force":
            self.model = body["model"]


def corrected(camera: dict[str, Any], recorded_us: int) -> int:
    """UTC of what a camera's clock showed, in microseconds."""
    drift: float = camera["drift_ppm"] * 1e-6 * (recorded_us - camera["reference_us"])
    return int(recorded_us - camera["offset_us"] - round(drift))


def contradicted(told: dict[str, Any], events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yields a sentence for what the manifest says otherwise than the record; what either leaves open is passed over.

    events: of a record that was found whole
    """
    try:
        found = list(against(told, Told(events)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        found = [f"{MANIFEST} cannot be compared with the record ({type(error).__name__} {error})"]
    yield from found[:FEW]
    if len(found) > FEW:
        yield f"and {len(found) - FEW} more that {MANIFEST} says otherwise than {RECORD}"


def against(told: dict[str, Any], record: Told) -> Iterator[str]:
    """The sentences of ``contradicted``."""
    yield from unlike("the case", {"purpose": told["case"]["purpose"]}, record.facts.get(("case",), {}))
    for used in told.get("networks", ()):
        if ("network", used["role"], used["sha256"], used["model"]) not in record.facts:
            yield f"{MANIFEST} names the {used['role']} {used['name']}, which no event of the record adds"
    for listed in told.get("recordings", ()):
        name = f"recording {listed['recording']}"
        source = record.facts.get(("recording", listed["recording"]))
        if source is None:
            yield f"{MANIFEST} names {name}, which no event of the record adds"
            continue
        yield from unlike(
            name, listed, {**source, "sha256": source["content_sha256"], "camera": None, "settings": None}
        )
        yield from unlike(f"{name}, the camera", *seen_by(listed, record.facts[("camera", source["camera"])]))
        said = record.starts[listed["recording"]]
        yield from unlike(f"{name}, its start", listed.get("start_set") or {}, said)
    decided = Decided(told, record)
    for seen in told.get("sightings", ()):
        source = record.facts.get(("recording", seen["recording"]), {})
        camera = record.facts.get(("camera", source.get("camera")), {})
        name = f"track {seen['tracklet']}"
        if source and camera:
            yield from unlike(name, *seen_by(seen, camera))
            for key, end in (("start_us", "first_us"), ("end_us", "last_us")):
                if "offsets" in seen and seen[key] != corrected(camera, source["start_us"] + seen["offsets"][end]):
                    yield f"{name}: its {key} is not what the start and the clock of the record make of it"
        yield from decided.unlike(seen)


def seen_by(said: dict[str, Any], camera: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Name and clock of a camera, as the manifest and as the record has them."""
    return {**said.get("clock", {}), "name": said["camera"]}, camera


def unlike(name: str, said: dict[str, Any], record: dict[str, Any]) -> Iterator[str]:
    """Yields a sentence for every field that both have, and have otherwise."""
    for key, value in said.items():
        if record.get(key) is not None and record[key] != value:
            yield f"{name}: by the record its {key} is {record[key]!r}, here it is {value!r}"


class Decided:
    """Who is the same by the decisions of the record, whichever track stands for others by merges."""

    def __init__(self, told: dict[str, Any], record: Told) -> None:
        self.took = record.took
        sightings = told.get("sightings", ())
        shown = {told["start"], *(seen["tracklet"] for seen in sightings)}
        shown |= {said["with"] for seen in sightings for said in seen.get("decided", ())}
        standing = [record.deeds[number] for number in sorted(record.deeds) if record.deeds[number].stands]
        self.heirs: dict[int, int] = {}
        for deed in reversed([deed for deed in standing if deed.event["kind"] == "merge"]):
            if shown.isdisjoint(deed.body["before"]):  # else it has ended with an erasure
                made = deed.body["made"][0]
                self.heirs.update((number, self.heirs.get(made, made)) for number in deed.body["before"])
        self.words: dict[frozenset[int], list[Deed]] = {}
        for deed in standing:
            if deed.event["kind"] == "decide":
                pair = frozenset(self.heirs.get(n, n) for n in (deed.body["probe"], deed.body["candidate"]))
                self.words.setdefault(pair, []).append(deed)
        self.same = self.joined(self.heirs.get(told["start"], told["start"]))

    def joined(self, start: int) -> set[int]:
        """Everybody who was ever called the same as ``start``, through any chain of decisions that stand."""
        found, todo = {start}, [start]
        pairs = [pair for pair, deeds in self.words.items() if any(deed.body["verdict"] == "same" for deed in deeds)]
        while todo:
            number = todo.pop()
            new = {other for pair in pairs if number in pair for other in pair} - found
            found |= new
            todo += new
        return found

    def unlike(self, seen: dict[str, Any]) -> Iterator[str]:
        """Yields a sentence for every decision about a sighting that the record has otherwise, or not at all."""
        number = seen["tracklet"]
        if number not in self.same and seen.get("state") != "unsure":
            yield f"track {number}: nothing in the record says that it is the person of this package"
        for said in seen.get("decided", ()):
            name = f"track {number} with {said['with']}"
            deeds = self.words.get(frozenset((number, said["with"])), [])
            fits = [deed for deed in deeds if fitting(said, deed)]
            if not deeds:
                yield f"{name}: here it is {said['verdict']!r}, and no event of the record decides that"
            elif not fits or (fits[-1] is not deeds[-1] and deeds[-1].last > self.took):
                by_record = f"{deeds[-1].event['operator']} said {deeds[-1].body['verdict']!r}"
                yield f"{name}: by the record {by_record}, here {said['operator']} said {said['verdict']!r}"


def fitting(said: dict[str, Any], deed: Deed) -> bool:
    """True when the manifest's decision is that of the event."""
    same = said["verdict"] == deed.body["verdict"] and said["operator"] == deed.event["operator"]
    return bool(same and abs(said["at_us"] - deed.event["at_us"]) < NEAR_US)


def verify(folder: str, told_sha256: str | None = None) -> tuple[list[str], str, dict[str, Any]]:
    """(sentences about what differs, SHA-256 of the manifest, the manifest). Raises Unreadable.

    told_sha256: what the SHA-256 of the manifest should be, as somebody told it
    """
    found = []
    try:
        own = sha256_of(folder, MANIFEST)[0]
        try:
            sealed = b"".join(read(folder, SEAL)).decode("ascii", "replace").split()
        except OSError:
            sealed = []
        if sealed != [own, MANIFEST]:
            found.append(f"{MANIFEST} or {SEAL} was changed: they do not belong together")
        if told_sha256 is not None and told_sha256.strip().lower() != own:
            found.append(f"{MANIFEST} is not the one whose SHA-256 you were told")
        try:
            told, files = manifest_in(folder)
        except Unreadable as error:
            if not found:
                raise
            return [*found, str(error)], own, {}
        return [*found, *differences(folder, told, files)], own, told
    except OSError as error:
        raise Unreadable(f"{folder} cannot be read: {error}") from error


def main(arguments: list[str]) -> int:
    """What the command line calls; returns the exit status."""
    folder = arguments[0] if arguments else os.path.dirname(os.path.abspath(__file__))
    try:
        found, own, told = verify(folder, *arguments[1:2])
    except Unreadable as error:
        say(f"NOT READABLE: {error}")
        return 2
    for sentence in found:
        say(sentence)
    say(f"SHA-256 of {MANIFEST}: {own}")
    if found:
        say("NOT WHOLE: 1 difference" if len(found) == 1 else f"NOT WHOLE: {len(found)} differences")
        return 1
    say(f"WHOLE: {len(told['files'])} files, {told['record']['events']} events of the record in an unbroken chain")
    if len(arguments) < 2:
        say("Compare the SHA-256 above with the one you were told: a package that was made anew is whole too.")
    return 0


def say(sentence: str) -> None:
    """One line, whatever characters are in it."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in sentence)
    coding = sys.stdout.encoding or "ascii"
    sys.stdout.write(shown.encode(coding, "backslashreplace").decode(coding) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
