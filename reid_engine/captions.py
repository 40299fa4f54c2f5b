"""A picture to be handed on: a person's box drawn round their pixels, and words in a strip below, never over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.lettering import write_line
from reid_engine.types import BgrImage

NARROWEST = 320  # a strip less wide would have no room for a time
LINES = 4
PREVIEW_QUALITY = 85
# blue, green, red
PAPER = (26, 20, 16)
INK = (240, 236, 232)
QUIET = (190, 182, 174)
BOX = (0, 200, 255)
EDGE = (0, 0, 0)


def framed(image: BgrImage, box: NDArray[np.float32] | None, words: Sequence[str]) -> BgrImage:
    """The picture (H, W, 3) at the upper left, unscaled, with the box drawn, above a strip of at most 4 lines.

    The width is even and at least 320, the height even: what is added at the right is dark.
    """
    height, width = image.shape[:2]
    wide = max(NARROWEST, width + width % 2)
    size = _size(wide)
    strip = _strip(wide, size, tuple(words[:LINES]))
    canvas = np.full((height + height % 2 + len(strip), wide, 3), PAPER, np.uint8)
    canvas[:height, :width] = image
    if box is not None:
        outline(canvas[:height, :width], box)
    canvas[-len(strip) :] = strip
    return canvas


def outline(image: BgrImage, box: NDArray[np.float32]) -> None:
    """Draw a box, in place: its lines lie outside the pixels that it holds."""
    x1, y1, x2, y2 = (float(side) for side in box)
    thick = max(1, round(min(image.shape[:2]) / 300))
    for away, colour in ((2 * thick, EDGE), (thick, BOX)):
        left, top = math.floor(x1) - away, math.floor(y1) - away
        right, bottom = math.ceil(x2) + away, math.ceil(y2) + away
        inner = left + thick, top + thick, right - thick, bottom - thick
        for line in (
            (left, top, right, inner[1]),
            (left, inner[3], right, bottom),
            (left, top, inner[0], bottom),
            (inner[2], top, right, bottom),
        ):
            image[max(0, line[1]) : max(0, line[3]), max(0, line[0]) : max(0, line[2])] = colour


def _size(wide: int) -> int:
    """Of the letters."""
    return min(22, max(11, wide // 48))


@lru_cache(maxsize=8)
def _strip(wide: int, size: int, words: tuple[str, ...]) -> BgrImage:
    line = round(1.5 * size)
    high = LINES * line + size
    strip: BgrImage = np.full((high + high % 2, wide, 3), PAPER, np.uint8)
    for number, text in enumerate(words):
        at = size // 2, size // 2 + number * line + size
        strong = number < 2
        write_line(
            strip, text, at, wide - size, size=size, colour=INK if strong else QUIET, weight=600 if strong else 400
        )
    return strip


def png(image: BgrImage) -> bytes:
    """As a PNG."""
    done, data = cv2.imencode(".png", image)
    if not done:
        raise ValueError(f"OpenCV could not encode a picture of {image.shape}")
    return data.tobytes()


def preview(picture: bytes, widest: int) -> bytes:
    """A picture file as a JPEG of at most that width, for a page that carries its pictures with it."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{len(picture)} bytes are no picture")
    scale = min(1.0, widest / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY))[1].tobytes()
