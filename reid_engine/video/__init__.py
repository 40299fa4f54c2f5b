"""Hop 1 of the frame walk: recordings to pictures in time, with every damage counted.

``container`` is the one file that imports PyAV, ``file`` makes a source of it; ``folder`` reads numbered pictures.
Media time never leaves this package: what comes out is microseconds after the source's first picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reid_engine.recordings import SourceInfo, SourceKind
from reid_engine.types import BgrImage, Damage


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture that nobody has converted yet.

    index:       number in decoding order from 0, damaged ones counted; -1 after a seek, where it is unknown
    offset_us:   microseconds after the source's first picture, rising
    duration_us: until the next picture
    to_bgr:      fills a (H, W, 3) uint8 array with the picture as displayed, scaled to that array's size; one of
                 (H, W, 4) as a screen takes it, with a fourth byte that means nothing
    """

    index: int
    offset_us: int
    duration_us: int
    to_bgr: Callable[[BgrImage], None]


class VideoSource(Protocol):
    """A recording that can be read from its start, and from anywhere."""

    @property
    def info(self) -> SourceInfo:
        """What the recording says of itself."""
        ...

    @property
    def damage(self) -> Damage:
        """What was wrong so far with what ``pictures`` read."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """Every picture from the start, or from where the last ``seek`` went. A broken file ends early, noted."""
        ...

    def seek(self, offset_us: int, check: Callable[[], None] = lambda: None) -> None:
        """Let ``pictures`` begin with the one shown at ``offset_us``; ``check`` may raise to give up.

        Raises SeekError where there is no picture; the source stays usable, from its start.
        """
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


def open_source(
    path: Path,
    *,
    kind: SourceKind = "video",
    assumed_rate: float | None = None,
    folder_fps: float = 25.0,
    repaired: bool = False,
    alive: Callable[[], None] = lambda: None,
) -> VideoSource:
    """Open a recording.

    assumed_rate: pictures a second where the recording has no times of its own
    folder_fps:  pictures a second of a folder of pictures
    repaired:    its times had to be repaired when it was read, so a moment is found by reading, not by its stamps
    alive:       called for every piece of the file that could be read, whether or not a picture comes of it

    Raises SourceError, naming the file, what was found and what to do.
    """
    # Imported here so that who only needs the names above never loads PyAV or OpenCV.
    if kind == "folder":
        from reid_engine.video.folder import FolderSource

        return FolderSource(path, folder_fps, alive)
    from reid_engine.video.file import FileSource

    return FileSource(path, assumed_rate, repaired=repaired, alive=alive)
