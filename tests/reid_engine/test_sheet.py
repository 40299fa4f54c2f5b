"""A contact sheet is a picture of the right people in the right order, whatever their cameras are called."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reid_engine.sheet import BAND_COLOURS, CARD_H, COLUMNS, RIGHT, WRONG, Card, contact_sheet
from reid_engine.types import BgrImage


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (128, 64)) -> bytes:
    done, data = cv2.imencode(".jpg", np.full((*size, 3), colour, np.uint8))
    assert done
    return data.tobytes()


def decoded(png: bytes) -> BgrImage:
    assert png.startswith(b"\x89PNG")
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def holds(image: BgrImage, colour: tuple[int, int, int], within: int = 6) -> int:
    """How many pixels are of this colour."""
    return int((np.abs(image.astype(int) - colour).max(axis=2) <= within).sum())


PROBE = Card(jpeg((200, 40, 40)), "probe", "north", "14:03:22")


def test_probe_and_matches_are_on_the_sheet_in_order() -> None:
    colours = [(40, 200, 40), (40, 40, 200), (0, 220, 220)]
    cards = [Card(jpeg(colour), str(n), "south", "14:05:00") for n, colour in enumerate(colours, start=1)]
    image = decoded(contact_sheet(PROBE, cards))
    across = []
    for colour in [(200, 40, 40), *colours]:
        found = np.flatnonzero((np.abs(image.astype(int) - colour).max(axis=2) <= 12).sum(axis=0) > 100)
        across.append(int(found.mean()))
    assert across == sorted(across)


def test_bands_and_truth_have_colours() -> None:
    cards = [Card(jpeg((0, 0, 0)), "1", "a", "", band="strong", truth=True), Card(None, "2", "a", "", truth=False)]
    image = decoded(contact_sheet(PROBE, cards))
    assert holds(image, BAND_COLOURS["strong"]) > 500
    assert holds(image, RIGHT) > 500
    assert holds(image, WRONG) > 500


def test_rows_are_added_as_they_are_needed() -> None:
    one, two = (decoded(contact_sheet(PROBE, [PROBE] * n)).shape for n in (COLUMNS, COLUMNS + 1))
    assert two[0] - one[0] >= CARD_H
    assert two[1] == one[1]


@pytest.mark.parametrize("name", ["Süd 日本", "\u05e2\u05d1\u05e8\u05d9\u05ea", "🎥", "", "x" * 300, "a\u0301\u0301"])
def test_any_name_can_be_drawn(name: str) -> None:
    card = Card(jpeg((9, 9, 9)), "1", name, name, name, (name,))
    assert decoded(contact_sheet(card, [card], heading=name)).size


def test_a_picture_that_is_missing_broken_or_thin_leaves_its_place() -> None:
    cards = [Card(data, "1", "a", "") for data in (None, b"", b"no jpeg", jpeg((1, 2, 3), (200, 2)))]
    assert decoded(contact_sheet(PROBE, cards)).size
    assert decoded(contact_sheet(PROBE, [])).size
