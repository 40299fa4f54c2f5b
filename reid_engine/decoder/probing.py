"""A first look at a recording, in a process of its own: a parser that crashes on a bad file hurts nobody else."""

from __future__ import annotations

import time

from reid_engine.decoder.link import DecoderLink
from reid_engine.decoder.requests import DecodeRequest, Order
from reid_engine.errors import SourceError
from reid_engine.recordings import SourceInfo
from reid_engine.types import BgrImage

LONGEST_LOOK_S = 60.0


def probe(request: DecodeRequest) -> SourceInfo:
    """What a recording says of itself.

    Raises SourceError for one that cannot be read, ChildDied when looking at it kills the decoder.
    """
    info, _ = _look(Order("probe", request))
    return info


def first_picture(request: DecodeRequest, *, offset_us: int = 0, size: tuple[int, int] = (320, 180)) -> BgrImage:
    """The first picture from ``offset_us`` on, (H, W, 3) uint8 BGR, made to fit ``size`` (width, height).

    Raises as ``probe``.
    """
    _, image = _look(Order("picture", request, slots=1, offset_us=offset_us, size=size))
    assert image is not None
    return image


def _look(order: Order) -> tuple[SourceInfo, BgrImage | None]:
    link, image = DecoderLink(order), None
    deadline = time.monotonic() + LONGEST_LOOK_S
    try:
        while link.wait(max(0.0, deadline - time.monotonic())):
            for message in link.messages():
                if message["event"] == "picture":
                    image = link.image(message["slot"], message["width"], message["height"]).copy()
                elif message["event"] == "end" and link.info is not None:
                    return link.info, image
    finally:
        link.close()
    raise SourceError(f"{order.request.path}: looking at it took longer than {LONGEST_LOOK_S:.0f} s; try it again")
