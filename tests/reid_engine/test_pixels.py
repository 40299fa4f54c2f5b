"""The one conversion of BGR bytes to RGB floats."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reid_engine.errors import ShapeError
from reid_engine.models import build_model
from reid_engine.pixels import Preparation

PLAIN = Preparation((4, 2), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def picture(seed: int = 0, size: tuple[int, int] = (4, 2)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)


def test_each_number_is_the_byte_over_the_scale_less_the_mean_over_the_deviation():
    image, rule = picture(), Preparation((4, 2), (0.1, 0.2, 0.3), (0.5, 0.25, 2.0))
    floats = rule(image)
    assert floats.shape == (3, 4, 2)
    assert floats.dtype == np.float32
    for channel in range(3):  # red, green, blue; the picture has blue first
        wanted = (image[..., 2 - channel] / 255 - rule.mean[channel]) / rule.std[channel]
        assert np.allclose(floats[channel], wanted, atol=1e-6)
    untouched = Preparation((4, 2), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), channels="BGR", scale=1)
    assert np.array_equal(untouched(image), image.transpose(2, 0, 1))


def test_pictures_of_any_size_become_one_clip():
    clip = PLAIN.clip([picture(0), picture(1, (9, 7)), picture(2, (3, 5))])
    assert clip.shape == (3, 3, 4, 2)
    assert np.array_equal(clip[0], PLAIN(picture(0)))


def test_a_training_loop_gets_the_same_numbers_on_its_device():
    rule = Preparation((4, 2), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    images = np.stack([picture(seed) for seed in range(3)])
    floats = rule.normalised(torch.from_numpy(images))
    assert np.allclose(floats.numpy(), rule.clip(images), atol=1e-6)
    assert rule.normalised(torch.from_numpy(images)[None]).shape == (1, 3, 3, 4, 2)


def test_a_models_data_sheet_says_how_it_wants_its_pictures():
    with torch.device("meta"):
        spec = build_model("tclnet", backbone="compact").spec
    rule = Preparation.of(spec)
    assert (rule.size, rule.mean, rule.std, rule.resize) == (spec.input_size, spec.mean, spec.std, "bicubic")


@pytest.mark.parametrize("wrong", [np.zeros((4, 2), np.uint8), np.zeros((4, 2, 3), np.float32)])
def test_what_is_no_picture_is_refused(wrong: np.ndarray):
    with pytest.raises(ShapeError, match=r"\(H, W, 3\) uint8 BGR"):
        PLAIN(wrong)
