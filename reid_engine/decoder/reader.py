"""Frames for analysis: what ingest holds of a decoder process."""

from __future__ import annotations

from collections import deque
from typing import Any

from reid_engine.decoder.link import DecoderLink
from reid_engine.decoder.requests import DecodeRequest, Order
from reid_engine.recordings import SourceInfo
from reid_engine.types import Damage, Frame, SourceReport

POLL_S = 1.0


class FrameReader:
    """Reads one recording in a process of its own.

    Frames come in the source's order; those of ``wanted`` first, told by an index below ``resume_index``. A frame's
    image lies in a slot and stays as it is until ``release``; the decoder waits when all slots are held.
    """

    def __init__(self, request: DecodeRequest, *, slots: int = 8) -> None:
        self._request = request
        self._link = DecoderLink(Order("read", request, slots=slots))
        self._frames: deque[Frame] = deque()
        self._slot_of: dict[int, int] = {}
        self._report: SourceReport | None = None

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def info(self) -> SourceInfo | None:
        """What the recording says of itself; None before the first frame or the end."""
        return self._link.info

    @property
    def ended(self) -> bool:
        """True when every frame was given."""
        return self._report is not None and not self._frames

    @property
    def pid(self) -> int:
        """The decoder's process number; 0 where it never began."""
        return self._link.pid

    def fileno(self) -> int:
        """For ``select``, after ``poll`` gave None: readable when there is something new."""
        return self._link.fileno()

    def poll(self) -> Frame | None:
        """The next frame if there is one already; None otherwise, and when ``ended``.

        Raises SourceError for a recording that cannot be read, ChildDied naming the file and the time reached.
        """
        if not self._frames and self._report is None:
            for message in self._link.messages():
                self._take(message)
        return self._frames.popleft() if self._frames else None

    def read(self) -> Frame | None:
        """Wait for the next frame; None at the end. Raises as ``poll``."""
        while (frame := self.poll()) is None and not self.ended:
            self._link.wait(POLL_S)
        return frame

    def release(self, frame: Frame) -> None:
        """Give a frame's slot back; its image may change from now on."""
        self._link.send("free", self._slot_of.pop(frame.index))

    def report(self) -> SourceReport:
        """How the recording was read, once ``ended``."""
        if self._report is None:
            raise ValueError("the recording is still being read")
        return self._report

    def close(self) -> None:
        """End the decoder at once."""
        self._link.close()

    def _take(self, message: dict[str, Any]) -> None:
        if message["event"] == "frame":
            image = self._link.image(message["slot"], message["width"], message["height"])
            self._slot_of[message["index"]] = message["slot"]
            self._frames.append(Frame(self._request.source, message["index"], message["offset_us"], image))
        elif message["event"] == "end":
            told = message["report"]
            self._report = SourceReport(**told | {"damage": Damage.from_json(told["damage"])})
