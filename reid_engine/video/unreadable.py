"""Why a file is no recording, in one sentence each: what was found and what to do."""

from __future__ import annotations

from pathlib import Path

from reid_engine.errors import SourceError

HEAD_BYTES = 4096
AGAIN = "copy it again from the recorder"


def refusal(path: Path, error: Exception) -> SourceError:
    """The sentence for a file that the parser would not open."""
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{path}: there is no such file; look whether it was moved or renamed")
    if isinstance(error, OSError) and not path.is_file():
        return SourceError(f"{path} is no file; give a video file, or a folder of pictures")
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as denied:
        return SourceError(f"{path} cannot be read: {denied.strerror}; check the permissions and the drive")
    return SourceError(f"{path} {_found(path, head)}")


def _found(path: Path, head: bytes) -> str:
    if not head:
        return f"is empty (0 bytes); {AGAIN}"
    if head[4:8] == b"ftyp" and not _has_index(path):
        return (
            "is an MP4 without its index: the recording or the copy was cut short; "
            f"{AGAIN}, or restore it with a recovery tool"
        )
    if _is_text(head):
        return "holds text, not video; give the recording itself"
    return f"is no video that can be read; {AGAIN}, or export it as MP4, MKV, AVI or TS"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", "strict") if len(head) < HEAD_BYTES else head[: HEAD_BYTES - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)


def _has_index(path: Path) -> bool:
    """True when one of the file's top boxes is ``moov``."""
    with path.open("rb") as stream:
        while len(head := stream.read(8)) == 8:
            size, kind = int.from_bytes(head[:4]), head[4:]
            if kind == b"moov":
                return True
            header = 8
            if size == 1:
                size, header = int.from_bytes(stream.read(8)), 16
            if size < header:
                return False
            stream.seek(size - header, 1)
    return False
