"""A contact sheet: the probe and its matches, or likely people, as one picture, for a report or to look at at a glance.

Text comes in ready to be read (law 2: zones and formats are the program's business). It is drawn with the font that
OpenCV carries, which knows Latin, Greek, Cyrillic, Hebrew, Arabic and Chinese; what it does not know becomes a "?".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from reid_engine.lettering import write_line
from reid_engine.types import BandName, BgrImage

COLUMNS = 6
PICTURE_W = 164
PICTURE_H = 300
MARGIN = 14
STRIP = 5
LINE = 20
CARD_W = PICTURE_W + 2 * MARGIN
CARD_H = PICTURE_H + 4 * LINE + 10 + STRIP
TITLE_H = 48
TITLE_SIZE = 20
TEXT_SIZE = 12
# blue, green, red
PAPER = (246, 244, 242)
CARD = (255, 255, 255)
EMPTY = (228, 226, 224)
INK = (40, 34, 30)
QUIET = (130, 122, 116)
WARN = (40, 60, 200)
RIGHT = (80, 150, 40)
WRONG = (50, 50, 210)
BAND_COLOURS: dict[BandName | None, tuple[int, int, int]] = {
    "strong": (80, 150, 40),
    "possible": (200, 150, 50),
    "weak": (60, 170, 230),
    "none": (190, 186, 182),
    None: (190, 186, 182),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One person on the sheet.

    jpeg:     the stored crop; None draws an empty place
    title:    what stands first, e.g. ``1`` or ``probe``
    camera, when: ready to read
    note:     distance and band in words
    flags:    what makes the answer doubtful, drawn as a warning
    truth:    True or False frames the picture as right or wrong, where somebody knows
    """

    jpeg: bytes | None
    title: str
    camera: str
    when: str
    note: str = ""
    flags: tuple[str, ...] = ()
    band: BandName | None = None
    truth: bool | None = None


def contact_sheet(probe: Card | None, matches: Sequence[Card], *, heading: str = "") -> bytes:
    """A PNG: the probe at the left, if there is one, and its matches in rank order beside it, row by row."""
    rows = max(1, -(-len(matches) // COLUMNS))
    across = min(COLUMNS, max(1, len(matches)))
    first = MARGIN if probe is None else CARD_W + 3 * MARGIN
    width = first + across * (CARD_W + MARGIN) + MARGIN
    image = np.full((TITLE_H + rows * (CARD_H + MARGIN) + MARGIN, width, 3), PAPER, np.uint8)
    write_line(image, heading, (2 * MARGIN, 32), width - 4 * MARGIN, size=TITLE_SIZE, colour=INK, weight=600)
    if probe is not None:
        _draw_card(image, probe, MARGIN, TITLE_H)
    for place, card in enumerate(matches):
        row, column = divmod(place, COLUMNS)
        _draw_card(image, card, first + column * (CARD_W + MARGIN), TITLE_H + row * (CARD_H + MARGIN))
    done, png = cv2.imencode(".png", image)
    if not done:
        raise ValueError(f"OpenCV could not encode a sheet of {image.shape}")
    return png.tobytes()


def _draw_card(image: BgrImage, card: Card, x: int, y: int) -> None:
    image[y : y + CARD_H, x : x + CARD_W] = CARD
    image[y : y + STRIP, x : x + CARD_W] = BAND_COLOURS[card.band]
    left, top = x + MARGIN, y + STRIP + 6
    _place_picture(image, card.jpeg, left, top)
    if card.truth is not None:
        corner = (left + PICTURE_W - 1, top + PICTURE_H - 1)
        cv2.rectangle(image, (left, top), corner, RIGHT if card.truth else WRONG, 4)
    base = top + PICTURE_H + LINE - 2
    flags = ", ".join(card.flags)
    name = f"{card.title}  {card.camera}"
    lines = ((name, INK, 600), (card.when, INK, 400), (card.note, QUIET, 400), (flags, WARN, 500))
    for number, (text, colour, weight) in enumerate(lines):
        write_line(image, text, (left, base + number * LINE), PICTURE_W, size=TEXT_SIZE, colour=colour, weight=weight)


def _place_picture(image: BgrImage, jpeg: bytes | None, left: int, top: int) -> None:
    """Fit the crop into its place, whole and undistorted."""
    place = image[top : top + PICTURE_H, left : left + PICTURE_W]
    place[:] = EMPTY
    picture = None if not jpeg else cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return
    scale = min(PICTURE_W / picture.shape[1], PICTURE_H / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    x, y = (PICTURE_W - size[0]) // 2, (PICTURE_H - size[1]) // 2
    place[y : y + size[1], x : x + size[0]] = fitted
