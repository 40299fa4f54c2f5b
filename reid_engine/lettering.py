"""One line of text on a picture, in the font that OpenCV carries, which knows Latin, Greek, Cyrillic and some more."""

from __future__ import annotations

import cv2

from reid_engine.types import BgrImage


def write_line(
    image: BgrImage,
    text: str,
    at: tuple[int, int],
    room: int,
    *,
    size: int,
    colour: tuple[int, int, int],
    weight: int,
) -> None:
    """One line, cut with an ellipsis where it would leave its room."""
    if not text:
        return
    font = cv2.FontFace("sans")
    shown = text
    while len(shown) > 1 and width_of(font, shown, size, weight) > room:
        shown = shown.removesuffix("…")[:-1] + "…"
    cv2.putText(image, shown, at, colour, font, size, weight)


def width_of(font: cv2.FontFace, text: str, size: int, weight: int) -> int:
    """Pixels that a line takes."""
    _, _, wide, _ = cv2.getTextSize((10_000, 100), text, (0, 50), font, size, weight)
    return int(wide)
