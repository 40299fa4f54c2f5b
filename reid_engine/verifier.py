"""Is an evidence package whole? ``python3 -I -S verify.py [FOLDER] [SHA256]``; Python 3.8 or later, nothing else.

Reappear puts this file into every package as verify.py; ``reappear verify FOLDER`` runs the same. Without FOLDER it is
the one this file lies in. SHA256 is the number of manifest.json that you were told by whoever made the package.

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
