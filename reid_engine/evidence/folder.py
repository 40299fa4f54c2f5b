"""A folder that is there whole or not at all, and the manifest that tells what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reid_engine import verifier
from reid_engine.audit import Event, canonical_json
from reid_engine.errors import UsageError

HOW_TO_VERIFY = """How to see whether this folder is whole

1. Open a terminal in this folder and run:   python3 -I -S verify.py
   It needs Python 3.8 or later and nothing else: no program of ours, no network. "reappear verify FOLDER" does the
   same.
2. It says WHOLE, or names every file that was changed, is missing or was added, and what differs from the record.
3. It prints the SHA-256 of manifest.json. Compare it with the number that whoever made this folder told you by another
   way (on paper, by telephone). Or let it compare:   python3 -I -S verify.py . NUMBER

What that proves
- The manifest holds the SHA-256 of every other file, so none can be changed without the manifest.
- manifest.sha256 holds the SHA-256 of the manifest (also for "sha256sum -c manifest.sha256").
- record.jsonl is the case's record up to this export, each entry chained to the one before by SHA-256.
- What the manifest says of decisions, clocks, names and times is what the record says.
- The manifest's SHA-256 was written into the record of the case in the moment of this export, where it is chained too.

What it does not prove
- There is no signature in here. Who can write to this folder can make all of it anew, manifest.sha256 and verify.py
  included, and it will be whole again. Only the number of step 3, known from elsewhere, tells the two apart.
- If you do not trust the verify.py in this folder, take one from a copy of the program: it is the same file,
  reid_engine/verifier.py.
"""


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to be filled; gone when anything goes wrong, else to be moved by ``keep``.

    Raises UsageError when something lies at ``out`` already.
    """
    if os.path.lexists(out):
        raise UsageError(f"{out} exists already; name a folder that does not, so that nothing of it is overwritten")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def keep(part: Path, out: Path) -> None:
    """Write everything through to the disk and give the folder its name, which nothing must have taken meanwhile."""
    for path in [*part.rglob("*"), part, part.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    if os.path.lexists(out):
        raise UsageError(f"{out} exists already; name a folder that does not, so that nothing of it is overwritten")
    part.rename(out)


def write_record(part: Path, events: Sequence[Event]) -> dict[str, Any]:
    """The record as JSON lines; what the manifest says of it."""
    lines = [canonical_json(asdict(event)) + "\n" for event in events]
    (part / verifier.RECORD).write_text("".join(lines), "ascii")
    return {"path": verifier.RECORD, "events": len(events), "last_sha256": events[-1].hash if events else ""}


def write_verifier(part: Path) -> None:
    """The program that verifies, and how to use it."""
    shutil.copyfile(verifier.__file__, part / "verify.py")
    (part / "VERIFY.txt").write_text(HOW_TO_VERIFY, "utf-8")


def write_manifest(part: Path, facts: dict[str, Any]) -> str:
    """Name every file that is there, with its hash; returns the SHA-256 of the manifest."""
    files = []
    for path in sorted(part.rglob("*")):
        if path.is_file():
            name = path.relative_to(part).as_posix()
            sha256, size = verifier.sha256_of(str(part), name)
            files.append({"path": name, "sha256": sha256, "bytes": size})
    whole = {"format": verifier.FORMAT, "version": verifier.VERSION, **facts, "files": files}
    data = (json.dumps(whole, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")
    sha256 = hashlib.sha256(data).hexdigest()
    (part / verifier.MANIFEST).write_bytes(data)
    (part / verifier.SEAL).write_text(f"{sha256}  {verifier.MANIFEST}\n", "ascii")
    return sha256
