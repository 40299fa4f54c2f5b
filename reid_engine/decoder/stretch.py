"""Every picture of a stretch of a recording, whole and unscaled, for what is handed on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from reid_engine.decoder.link import DecoderLink
from reid_engine.decoder.requests import DecodeRequest, Order
from reid_engine.types import BgrImage

POLL_S = 0.1
SLOTS = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture as it was recorded, shown from ``offset_us`` (after the recording's first) for ``duration_us``.

    index: number in the recording's decoding order; -1 where the reading did not begin at its start
    image: (H, W, 3) uint8 BGR as displayed; its own, to be drawn upon
    """

    index: int
    offset_us: int
    duration_us: int
    image: BgrImage


def stretch(request: DecodeRequest, from_us: int, to_us: int, check: Callable[[], None]) -> Generator[Shot]:
    """From the picture that is shown at ``from_us`` to the last one that begins by ``to_us``; ``check`` may raise.

    Raises SourceError for a recording that cannot be read, or has no picture there; ChildDied.
    """
    link = DecoderLink(Order("stretch", request, slots=SLOTS, offset_us=max(0, from_us), until_us=to_us))
    try:
        while True:
            check()
            link.wait(POLL_S)
            for told in link.messages():
                if told["event"] == "end":
                    return
                if told["event"] == "frame":
                    image = link.image(told["slot"], told["width"], told["height"]).copy()
                    link.send("free", told["slot"])
                    yield Shot(told["index"], told["offset_us"], told["duration_us"], image)
    finally:
        link.close()
