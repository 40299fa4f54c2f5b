"""A first look at a recording, in a process of its own: a parser that crashes on a bad file hurts nobody else."""

from __future__ import annotations

import base64
import time
from typing import Any

from reid_engine.decoder.link import DecoderLink
from reid_engine.decoder.requests import DecodeRequest, Order
from reid_engine.errors import SourceError
from reid_engine.recordings import SourceInfo

LONGEST_LOOK_S = 60.0


def probe(request: DecodeRequest) -> SourceInfo:
    """What a recording says of itself.

    Raises SourceError for one that cannot be read, ChildDied when looking at it kills the decoder.
    """
    _, info = _look(Order("probe", request))
    return info


def first_picture(request: DecodeRequest, *, offset_us: int = 0, size: tuple[int, int] = (320, 180)) -> bytes:
    """The first picture from ``offset_us`` on as JPEG, made to fit ``size`` (width, height). Raises as ``probe``."""
    message, _ = _look(Order("picture", request, offset_us=offset_us, size=size))
    return base64.b64decode(message["jpeg"])


def _look(order: Order) -> tuple[dict[str, Any], SourceInfo]:
    link = DecoderLink(order)
    deadline = time.monotonic() + LONGEST_LOOK_S
    try:
        while link.wait(max(0.0, deadline - time.monotonic())):
            for message in link.messages():
                if message["event"] == "end" and link.info is not None:
                    return message, link.info
    finally:
        link.close()
    raise SourceError(f"{order.request.path}: looking at it took longer than {LONGEST_LOOK_S:.0f} s; try it again")
