"""Exports in the user's cache: made once by a child, kept by SHA-256, and made again when they are not what they were.

``<cache>/exports/<key>/`` holds the networks and ``export.json``: the SHA-256 of every file and what the gate found for
every runtime it judged. The key says all that decides the bytes, versions included.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from reid_engine.errors import ChildDied, DiskFull, NetworkFileError
from reid_engine.folders import cache_folder
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child
from reid_engine.runtime import sha256_of

NOTE = "export.json"
LEAST_FREE = 1 << 20  # bytes; libraries that write do not all say why they could not

Found = TypeVar("Found")


class Note(BaseModel, Generic[Found]):
    """files: name -> SHA-256 (of an IR: both its files); gate: runtime -> what the gate found"""

    model_config = ConfigDict(frozen=True, extra="forbid")
    files: dict[str, str]
    gate: dict[str, Found]


class ExportCache(Generic[Found]):
    """The kept exports of one kind; ``note`` is ``Note`` of what its gate finds."""

    def __init__(self, note: type[Note[Found]]) -> None:
        self._note = note

    def get(
        self,
        weights: Path,
        key: str,
        runtimes: Collection[str],
        make: Callable[[Path], Mapping[str, Found]],
        control: JobControl,
    ) -> tuple[Path, dict[str, Found]]:
        """The folder of an export and the gate's findings, which cover ``runtimes``.

        make: fills an empty folder and judges what it has put there; called when nothing usable is kept
        Raises DiskFull, NetworkFileError for a cache that cannot be written, and what ``make`` raises.
        """
        place = cache_folder() / "exports" / key
        if place.exists():
            found = self._read(place)
            if isinstance(found, Note) and set(runtimes) <= set(found.gate):
                return place, found.gate
            why = "was judged on another kind of processor" if isinstance(found, Note) else found
            control.notice(f"the cached export of {weights.name} {why}; it is made again", weights=str(weights))
            shutil.rmtree(place, ignore_errors=True)
        else:
            control.notice(
                f"{weights.name} is exported for the first time, into {place}; this takes a while", weights=str(weights)
            )
        try:
            return place, self._fill(place, make)
        except OSError as error:
            kind = DiskFull if error.errno == errno.ENOSPC else NetworkFileError
            raise kind(f"the export of {weights.name} cannot be kept in {place.parent}: {error.strerror}") from error

    def _read(self, place: Path) -> Note[Found] | str:
        """What is kept, or why it cannot be used."""
        try:
            note = self._note.model_validate_json((place / NOTE).read_bytes())
            whole = all(sha256_of(place / name) == digest for name, digest in note.files.items())
        except (OSError, ValueError, ValidationError, NetworkFileError):
            return "is incomplete"
        return note if whole else "was altered"

    def _fill(self, place: Path, make: Callable[[Path], Mapping[str, Found]]) -> dict[str, Found]:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix="making-") as name:
            folder = Path(name)
            gate = dict(make(folder))
            # the digest of an IR's .xml covers its .bin
            files = {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.suffix != ".bin"}
            (folder / NOTE).write_text(self._note(files=files, gate=gate).model_dump_json())
            if not place.exists():  # else another process was quicker with the same bytes
                os.replace(folder, place)
                folder.mkdir()  # for TemporaryDirectory to remove
        return gate


def export_by_child(weights: Path, folder: Path, module: str, arguments: Sequence[str], control: JobControl) -> None:
    """Let a child fill ``folder``. Raises NetworkFileError with the child's sentence or its death, DiskFull."""
    try:
        answer = ask_child(module, arguments, control.check)
    except ChildDied as error:
        if shutil.disk_usage(folder).free < LEAST_FREE:
            raise DiskFull(f"the export of {weights.name} found no room in {folder.parent}") from error
        raise NetworkFileError(f"{weights.name} cannot be exported: {error}") from error
    if "error" in answer:
        raise (DiskFull if answer.get("disk_full") else NetworkFileError)(answer["error"])
