"""Pictures for people: what the window holds of a decoder process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reid_engine.decoder.link import DecoderLink
from reid_engine.decoder.requests import DecodeRequest, Order
from reid_engine.errors import ChildDied, ReappearError
from reid_engine.recordings import SourceInfo, SourceKind
from reid_engine.types import BgrImage


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to show from ``offset_us`` for ``duration_us``.

    serial: of the seek that it answers, 0 before the first
    image:  (H, W, 3) uint8 BGR in its slot, for a screen (H, W, 4) BGRX; W is a multiple of 4, so rows are aligned
    """

    serial: int
    offset_us: int
    duration_us: int
    image: BgrImage
    slot: int


class PictureServer:
    """Decodes one recording for one tile, scaled to fit it, in a process of its own. Only ``pid`` and ``close`` wait.

    The decoder fills free slots ahead, so playing is: show the newest taken picture whose offset has come and release
    the older ones. When ``error`` is set or after ``close`` there is nothing more to wait for on ``fileno``.

    info:  what the recording says of itself; None until the decoder has opened it
    error: why there will be no more pictures, as a sentence; empty while all is well
    died:  True when that is because the decoder died or hung: another one may do better
    ended: True when the last picture for the newest seek was taken, and when it went beyond the end
    """

    def __init__(
        self,
        path: Path,
        kind: SourceKind,
        size: tuple[int, int],
        *,
        assumed_rate: float | None = None,
        folder_fps: float = 25.0,
        repaired: bool = False,
        slots: int = 8,
        screen: bool = False,
    ) -> None:
        """``size`` is the tile's width and height in pixels; a picture is made larger for a ``screen`` only.

        The others say how the recording is read, as in ``DecodeRequest``.
        """
        request = DecodeRequest(path, kind, assumed_rate=assumed_rate, folder_fps=folder_fps, repaired=repaired)
        self._link = DecoderLink(Order("play", request, slots=slots, size=size, screen=screen))
        self._serial = 0
        self.error = ""
        self.died = False
        self.ended = False

    @property
    def info(self) -> SourceInfo | None:
        """What the recording says of itself; None until the decoder has opened it."""
        return self._link.info

    @property
    def pid(self) -> int:
        """The decoder's process number; 0 where it never began."""
        return self._link.pid

    def fileno(self) -> int:
        """Readable when ``take`` has something to do; a QSocketNotifier watches it."""
        return self._link.fileno()

    def take(self) -> list[Picture]:
        """The pictures that have come since, in time order; those of an older seek go back by themselves."""
        taken: list[Picture] = []
        try:
            for message in self._link.messages():
                if message["event"] == "picture":
                    taken.append(self._picture(message))
                elif message["event"] == "ended" and message["serial"] == self._serial:
                    self.ended = True
        except ReappearError as error:
            self.error, self.died = str(error), isinstance(error, ChildDied)
        current = [picture for picture in taken if picture.serial == self._serial]
        for picture in taken:
            if picture.serial != self._serial:
                self.release(picture)
        return current

    def release(self, picture: Picture) -> None:
        """Give a picture's slot back; its image may change from now on."""
        self._link.send("free", picture.slot)

    def seek(self, offset_us: int) -> int:
        """Go to the picture shown at ``offset_us``; pictures that answer carry the serial that is returned.

        Pictures that were taken before stay as they are until their release; beyond the end ``ended`` becomes True.
        """
        self._serial += 1
        self.ended = False
        self.take()  # nothing of it is current: its slots are free for the answer
        self._link.send("seek", self._serial, offset_us)
        return self._serial

    def resize(self, size: tuple[int, int]) -> None:
        """Fit pictures to a tile of another width and height from the next decoded one on; ``seek`` redoes them all."""
        self._link.send("size", *size)

    def close(self) -> None:
        """End the decoder at once. Pictures that were taken stay readable."""
        self._link.close()

    def _picture(self, message: dict[str, Any]) -> Picture:
        image = self._link.image(message["slot"], message["width"], message["height"])
        return Picture(message["serial"], message["offset_us"], message["duration_us"], image, message["slot"])
