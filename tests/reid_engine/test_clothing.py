"""When the crops of one track show somebody else from some moment on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from reid_engine.clothing import change
from reid_engine.types import BgrImage

Colour = tuple[int, int, int]  # BGR
BLACK, WHITE, GREY, RED, BLUE = (20, 20, 20), (225, 225, 225), (120, 120, 120), (30, 30, 200), (190, 60, 30)


def crop(top: Colour, legs: Colour, *, light: float = 1.0, seed: int = 0, tall: int = 100) -> BgrImage:
    """A person in two plain colours with some noise, before green."""
    image = np.empty((tall, tall * 2 // 5, 3))
    image[:] = (40, 160, 40)
    middle = slice(tall // 10, tall * 3 // 10)
    image[: tall // 2, middle], image[tall // 2 :, middle] = top, legs
    noise = np.random.default_rng(seed).normal(0, 6, image.shape)
    return (image * light + noise).clip(0, 255).astype(np.uint8)


def first_other(crops: Sequence[BgrImage], *, doubt: bool = True) -> int | None:
    return change(crops, [doubt] * (len(crops) - 1))


@pytest.mark.parametrize("place", [2, 3, 6])
@pytest.mark.parametrize("others", [(WHITE, BLACK), (RED, GREY), (GREY, BLUE)])
def test_the_first_crop_in_other_clothes_is_found(place: int, others: tuple[Colour, Colour]) -> None:
    crops = [crop(*((BLACK, GREY) if i < place else others), seed=i, tall=60 + 10 * i) for i in range(8)]
    assert first_other(crops) == place


def test_one_person_is_one_person() -> None:
    assert first_other([crop(RED, GREY, seed=i) for i in range(16)]) is None


def test_who_stands_before_the_person_for_a_while_is_no_change() -> None:
    clothes = [(RED, GREY)] * 4 + [(WHITE, BLACK)] * 3 + [(RED, GREY)] * 4
    assert first_other([crop(*c, seed=i) for i, c in enumerate(clothes)]) is None


@pytest.mark.parametrize("place", [1, 7])
def test_a_single_crop_is_not_enough(place: int) -> None:
    crops = [crop(*((RED, GREY) if i < place else (WHITE, BLACK)), seed=i) for i in range(8)]
    assert first_other(crops) is None
    assert first_other(crops[:3]) is None
    assert first_other([]) is None


def test_light_that_fades_slowly_is_no_change() -> None:
    for clothes in [(WHITE, GREY), (RED, BLUE), (GREY, BLACK)]:
        for lights in (np.linspace(1.0, 0.45, 16), np.linspace(1.0, 0.2, 8)):
            assert first_other([crop(*clothes, light=x, seed=i) for i, x in enumerate(lights)]) is None


def test_somebody_alone_who_steps_into_the_shade_is_no_change() -> None:
    for clothes in [(WHITE, GREY), (RED, BLUE), (GREY, BLACK)]:
        crops = [crop(*clothes, light=1.0 if i < 5 else 0.6, seed=i) for i in range(10)]
        assert first_other(crops, doubt=False) is None


def test_alone_only_entirely_other_clothes_count() -> None:
    trousers = [crop(WHITE, BLACK if i < 5 else (70, 70, 70), seed=i) for i in range(10)]
    assert first_other(trousers, doubt=True) == 5
    assert first_other(trousers, doubt=False) is None
    everything = [crop(*((RED, GREY) if i < 5 else (WHITE, BLUE)), seed=i) for i in range(10)]
    assert first_other(everything, doubt=False) == 5


def test_the_change_is_looked_for_where_there_is_doubt() -> None:
    crops = [crop(WHITE, BLACK if i < 5 else (70, 70, 70), seed=i) for i in range(10)]
    assert change(crops, [place == 4 for place in range(9)]) == 5
    assert change(crops, [place == 2 for place in range(9)]) is None


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 7), (256, 2)])
def test_crops_of_any_size_are_looked_at(shape: tuple[int, int]) -> None:
    crops = [np.full((*shape, 3), colour, np.uint8) for colour in (RED, RED, BLUE, BLUE)]
    assert first_other(crops) == 2
