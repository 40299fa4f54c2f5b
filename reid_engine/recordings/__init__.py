"""What a person dropped becomes sources: files and folders, their content's hash, and when they start.

Nothing here decodes; ``video`` does, and stands on this file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from reid_engine.errors import SourceError
from reid_engine.jobs import JobControl
from reid_engine.recordings.groups import Coverage, coverage, proposed_camera, same_content
from reid_engine.recordings.start import (
    CONTAINER_NOTE,
    Origin,
    StartTime,
    decide_start,
    parse_time,
    start_from_name,
    zone_of,
)

__all__ = (
    "CONTAINER_NOTE",
    "VIDEO_ENDINGS",
    "Coverage",
    "Origin",
    "Recording",
    "SourceInfo",
    "SourceKind",
    "StartTime",
    "content_sha256",
    "coverage",
    "decide_start",
    "expand",
    "natural_key",
    "parse_time",
    "pictures_in",
    "proposed_camera",
    "same_content",
    "start_from_name",
    "zone_of",
)

SourceKind: TypeAlias = Literal["video", "folder"]

VIDEO_ENDINGS = (
    "mp4", "m4v", "mov", "3gp", "mkv", "webm", "avi", "ts", "mts", "m2ts", "mpg", "mpeg", "264", "h264", "265", "h265",
    "hevc", "mjpg", "mjpeg", "dav", "asf", "wmv", "flv", "mxf",
)  # fmt: skip
VIDEO_NAME = re.compile(
    r"\.(mp4|m4v|mov|3gp|mkv|webm|avi|m?ts|m2ts|mpe?g|h?264|h?265|hevc|mjpe?g|dav|asf|wmv|flv|mxf)$", re.IGNORECASE
)
PICTURE_NAME = re.compile(r"\.(jpe?g|png|bmp|webp|tiff?|p[gp]m)$", re.IGNORECASE)
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """One source: a video file, or a folder whose pictures are one recording."""

    path: Path
    kind: SourceKind


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a recording says of itself before it is read.

    width, height:      pixels of a picture as it is displayed (after rotation)
    rate:               pictures a second, by the stamps where they and the header disagree
    expected_frames:    None where the container does not say
    container_start_us: microseconds UTC, None where the container does not say
    duration_us:        None where the container does not say
    notes:              sentences a person should read: a guessed rate, a header that lies, a rotation
    """

    width: int
    height: int
    rate: float
    expected_frames: int | None
    container_start_us: int | None
    duration_us: int | None
    codec: str
    notes: tuple[str, ...] = ()


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key under which ``frame_10`` comes after ``frame_9``; the name itself breaks ties."""
    parts = re.split(r"([0-9]+)", name)
    return (*((0, int(part)) if part.isdecimal() else (1, part.casefold()) for part in parts if part), (2, name))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files directly inside ``folder``, in natural order.

    Raises SourceError where the folder cannot be read.
    """
    return [path for path in _visible(folder) if PICTURE_NAME.search(path.name) and path.is_file()]


def expand(paths: Sequence[Path]) -> list[Recording]:
    """Files as they are; folders as the pictures or the videos in them, however deep. None comes twice.

    Raises SourceError for what is missing or cannot be read, and for a folder with nothing to analyse.
    """
    found: dict[Path, Recording] = {}
    for path in paths:
        for recording in _recordings_at(path):
            found.setdefault(recording.path.resolve(), recording)
    return list(found.values())


def _recordings_at(path: Path) -> list[Recording]:
    try:
        path.stat()
    except FileNotFoundError:
        raise SourceError(f"{path}: there is no such file or folder; look whether it was moved or renamed") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    if not path.is_dir():
        _refuse_endless(path)
        try:
            path.open("rb").close()
        except OSError as error:
            raise _unreadable(path, error) from error
        return [Recording(path, "video")]
    recordings = list(_below(path))
    if not recordings:
        raise SourceError(f"{path}: the folder holds neither videos nor pictures; choose one that does")
    return recordings


def _below(folder: Path) -> Iterator[Recording]:
    if pictures_in(folder):
        yield Recording(folder, "folder")
    for path in _visible(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)
        elif VIDEO_NAME.search(path.name):
            yield Recording(path, "video")


def _visible(folder: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError as error:
        raise _unreadable(folder, error) from error
    return [folder / name for name in sorted(names, key=natural_key)]


def _refuse_endless(path: Path) -> None:
    """Raise SourceError for a pipe, a device or a socket: reading one may never end, nor can it be stopped."""
    if path.exists() and not path.is_file():
        raise SourceError(f"{path} is neither a file nor a folder; copy the recording to a disk first")


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read: {error.strerror}; check the permissions and the drive")


def content_sha256(path: Path, control: JobControl, progress: Callable[[int, int], None] | None = None) -> str:
    """SHA-256 of a file, or of a folder's pictures: their names and contents in natural order.

    ``progress`` gets (bytes read, bytes in all). Raises SourceError for what cannot be read and JobCancelled.
    """
    try:
        if not path.is_dir():
            _refuse_endless(path)
        files = pictures_in(path) if path.is_dir() else [path]
        total = sum(file.stat().st_size for file in files)
        digest, read = hashlib.sha256(), 0
        for file in files:
            if file != path:
                digest.update(f"{file.name}\0{file.stat().st_size}\n".encode("utf-8", "surrogateescape"))
            for block in _blocks(file, control):
                digest.update(block)
                read += len(block)
                if progress is not None:
                    progress(read, total)
    except OSError as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest()


def _blocks(file: Path, control: JobControl) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            control.check()
            yield block
