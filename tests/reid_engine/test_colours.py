"""Names of clothes' colours."""

from __future__ import annotations

import numpy as np
import pytest

from reid_engine.colours import COLOURS, clothes, clothes_of
from reid_engine.errors import InputError
from reid_engine.types import BgrImage, Crop, TrackletCrops
from tests.support.cases import jpeg

BGR = {
    "black": (25, 22, 24), "grey": (120, 118, 122), "white": (230, 228, 232), "red": (40, 35, 190),
    "orange": (30, 120, 235), "brown": (40, 70, 110), "yellow": (40, 215, 230), "green": (60, 150, 50),
    "blue": (180, 80, 40), "purple": (150, 50, 110), "pink": (170, 90, 230),
    "beige": (130, 160, 180),
}  # fmt: skip


def dressed(upper: str, lower: str, *, background: str = "green") -> BgrImage:
    """A person 128 pixels tall before a wall."""
    image = np.full((128, 64, 3), BGR[background], np.uint8)
    image[10:64, 16:48] = BGR[upper]
    image[64:124, 18:46] = BGR[lower]
    noise = np.random.default_rng(0).integers(-8, 9, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_is_known_by_its_name(name: str) -> None:
    assert clothes([dressed(name, "black")]) == (name, "black")
    assert clothes([dressed("white", name)]) == ("white", name)


def test_a_white_shirt_in_the_shade_is_white_and_a_grey_one_in_the_sun_is_grey() -> None:
    def lit(share: float) -> str:
        scene = dressed("white", "black", background="white").astype(np.float32) * share
        return clothes([scene.astype(np.uint8)])[0]

    assert lit(1.0) == lit(0.75) == lit(0.6) == "white"
    assert clothes([dressed("grey", "black", background="white")])[0] == "grey"


def test_stripes_have_both_colours_the_wider_first_and_little_of_another_none() -> None:
    image = dressed("red", "black")
    image[28:32] = BGR["white"]  # an eighth of what counts
    assert clothes([image])[0] == "red"
    image[28:48] = BGR["white"]  # three fifths
    assert clothes([image])[0] == "white red"


def test_bare_legs_below_shorts_do_not_name_them() -> None:
    image = dressed("white", "green", background="grey")
    image[92:124, 18:46] = (120, 150, 200)  # from the knee down
    assert clothes([image])[1].split()[0] == "green"


def test_most_crops_decide_and_one_odd_one_does_not() -> None:
    assert clothes([dressed("red", "blue")] * 3 + [dressed("yellow", "yellow")]) == ("red", "blue")


def test_a_patchwork_of_all_colours_has_no_name() -> None:
    image = dressed("red", "blue")
    rows = np.array([BGR[name] for name in COLOURS], np.uint8)
    image[:] = rows[np.arange(128) % len(COLOURS)][:, None]
    assert clothes([image]) == ("", "")


def test_stored_crops_are_read_and_broken_ones_are_said() -> None:
    kept = (Crop(0, 0, (0, 0, 1, 1), 0.5, jpeg(120)), Crop(1, 1, (0, 0, 1, 1), 0.5, b""))
    assert clothes_of(TrackletCrops(kept[:1], ())) == ("grey", "grey")
    with pytest.raises(InputError, match="frame 1"):
        clothes_of(TrackletCrops(kept, ()))
    assert clothes_of(TrackletCrops((), ())) == ("", "")
