"""Names of clothes' colours are counted as told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reid_engine.colours import COLOURS
from tests.measure.clothes import BY_CLOTH, BY_EYE, cloth, told, would_do
from tests.reid_engine.test_colours import dressed
from trainer.world.wardrobe import CLOTH, Garment, varied


def test_every_name_that_would_do_is_one_that_the_program_knows() -> None:
    said = [names for people in BY_EYE.values() for both in people.values() for names in both]
    assert {name for names in [*said, *BY_CLOTH.values()] for name in names.split()} <= set(COLOURS)
    assert BY_CLOTH.keys() == CLOTH.keys()


@pytest.mark.parametrize("name", ["black", "white", "navy", "red", "yellow", "teal", "purple"])
def test_the_cloth_of_a_colour_that_varies_is_found(name: str) -> None:
    rng = np.random.default_rng(0)
    row = CLOTH[name]
    found = [cloth(varied(rng, (row[3], row[4], row[5]), 0.10)) for _ in range(50)]
    assert found.count(name) > 45


def test_a_pattern_has_both_cloths_and_a_logo_one() -> None:
    red, white = ((176 / 255, 38 / 255, 44 / 255), (228 / 255, 228 / 255, 224 / 255))
    assert would_do(Garment("shirt", (red, white), "stripes")) == "red white"
    assert would_do(Garment("shirt", (red, white), "logo")) == "red"


def test_a_line_counts_who_passes_how_many_names_there_are_and_which_would_do() -> None:
    looks = (dressed("red", "black"), dressed("blue", "white"))
    pictures = [[cv2.imencode(".png", look)[1].tobytes()] for look in looks]
    line = told("two", pictures, [("red", "black"), ("red pink", "white grey")])
    assert line == "| two, 2 | 50 % | 1.00 | 50 % | 100 % | 1.00 | 100 % |"
