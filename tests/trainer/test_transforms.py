"""Changes of clips, each beside a slow twin on single pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reid_engine.pixels import Preparation
from trainer.transforms import Augmentation, Drawn, apply

SIZE = (32, 16)
PLAIN = Preparation(SIZE, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
IMAGENET = Preparation(SIZE, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def clips(batch: int = 2, length: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, length, *SIZE, 3), dtype=torch.uint8, generator=draw)


def nothing(batch: int = 2, length: int = 3, **changes: object) -> Drawn:
    """Of two clips; ``changes``: a column's new first row."""
    height, width = SIZE
    drawn = Drawn(
        np.zeros(batch, np.bool_),
        np.tile([0, 0, width, height], (batch, 1)),
        np.zeros((batch, length, 4), np.int64),
        np.full((batch, length, 3), -1, np.int64),
        np.ones((batch, 6), np.float32),
    )
    for name, row in changes.items():
        getattr(drawn, name)[0] = row
    return drawn


def test_without_changes_a_clip_is_what_the_one_conversion_makes_of_it() -> None:
    some = clips()
    found = apply(some, nothing(), IMAGENET)
    slow = np.stack([IMAGENET.clip(clip.numpy()) for clip in some])
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), slow, atol=1e-6)


def test_a_flip_mirrors_all_frames_of_its_clip_and_no_other() -> None:
    some = clips()
    found = apply(some, nothing(flips=True), PLAIN)
    plain = apply(some, nothing(), PLAIN)
    assert torch.equal(found[0], plain[0].flip(-1))
    assert torch.equal(found[1], plain[1])


def test_a_patch_lies_at_the_corner_that_was_drawn_for_it_in_its_colour() -> None:
    patches, colours = np.zeros((3, 4), np.int64), np.zeros((3, 3), np.int64)
    patches[1], colours[1] = (5, 20, 4, 6), (10, 20, 30)
    some = clips()
    found = apply(some, nothing(patches=patches, colours=colours), PLAIN)
    expected = apply(some, nothing(), PLAIN)
    for channel, value in enumerate((10, 20, 30)):  # RGB
        expected[0, 1, channel, 20:26, 5:9] = value / 255
    assert torch.equal(found, expected)


def test_the_mean_fills_a_patch_with_zeros_after_normalisation() -> None:
    patches = np.tile([2, 3, 6, 8], (3, 1))
    found = apply(clips(), nothing(patches=patches), IMAGENET)
    assert found[0, :, :, 3:11, 2:8].abs().max() < 1e-6
    assert found[0, :, :, 11:, :].abs().max() > 0.1


def test_a_crop_is_the_box_brought_back_to_size() -> None:
    ramp = torch.arange(SIZE[1], dtype=torch.uint8).mul(10)[None, None, None, :, None].expand(1, 2, *SIZE, 3)
    found = apply(ramp, nothing(1, 2, boxes=(4, 0, 8, 32)), PLAIN)[0, 0, 0, 0] * 255
    places = 4 + (torch.arange(16) + 0.5) * 0.5 - 0.5  # pixel centres of the half from column 4 on
    np.testing.assert_allclose(found, (places * 10).round(), atol=1.0)
    assert torch.equal(found, found.round())


def test_a_whole_box_changes_nothing() -> None:
    some = clips()
    both = apply(some, nothing(boxes=(0, 0, 8, 32)), PLAIN)
    assert torch.equal(both[1], apply(some, nothing(), PLAIN)[1])


def draws(augmentation: Augmentation, count: int = 300, length: int = 4) -> Drawn:
    return augmentation.draw(count, length, (128, 64), np.random.default_rng(0))


def test_nothing_is_drawn_where_nothing_was_asked_for() -> None:
    none = Augmentation().draw(2, 4, SIZE, np.random.default_rng(0))
    for drawn, expected in zip(none, nothing(2, 4), strict=True):
        assert np.array_equal(drawn, expected)


def test_chances_are_kept() -> None:
    found = draws(Augmentation(flip=0.5, erase=0.25))
    assert 0.4 < found.flips.mean() < 0.6
    assert 0.2 < (found.patches[..., 2] > 0).mean() < 0.3


def test_a_box_that_never_fits_leaves_the_picture_whole() -> None:
    found = draws(Augmentation(crop=True, crop_area=(1.0, 1.0), crop_aspect=(0.5, 0.6), erase=1.0, erase_area=(2, 3)))
    assert (found.boxes == (0, 0, 64, 128)).all()
    assert not found.patches.any()


def test_patches_keep_their_area_and_shape_and_stay_inside() -> None:
    patches = draws(Augmentation(erase=1.0, erase_area=(0.02, 0.2))).patches
    x, y, wide, tall = patches.reshape(-1, 4).T
    assert ((x >= 0) & (y >= 0) & (x + wide <= 64) & (y + tall <= 128)).all()
    area, aspect = wide * tall / (128 * 64), tall / wide
    assert 0.015 < area.min() < 0.03
    assert 0.18 < area.max() < 0.21
    assert aspect.min() > 0.25
    assert aspect.max() < 4.0
    assert x.max() > 40, "not pasted at its own width"


def test_erasing_is_drawn_for_every_frame_or_once_a_clip() -> None:
    each = draws(Augmentation(erase=1.0)).patches
    assert (each != each[:, :1]).any((1, 2)).all()
    once = draws(Augmentation(erase=1.0, erase_per="clip", erase_fill="colour"))
    assert once.patches.shape == (300, 4, 4)
    for column in (once.patches, once.colours):
        assert (column == column[:, :1]).all()
        assert len(np.unique(column[:, 0], axis=0)) > 200


def test_a_colour_is_one_random_rgb_and_the_mean_none() -> None:
    coloured = draws(Augmentation(erase=1.0, erase_fill="colour")).colours
    assert coloured.min() == 0
    assert coloured.max() == 255
    assert (draws(Augmentation(erase=1.0)).colours == -1).all()


def test_boxes_keep_their_area_and_shape_and_stay_inside() -> None:
    x, y, wide, tall = draws(Augmentation(crop=True)).boxes.T
    assert ((x >= 0) & (y >= 0) & (x + wide <= 64) & (y + tall <= 128)).all()
    assert (wide * tall).min() > 0.62 * 64 * 128
    assert 1.9 < (tall / wide).min() < 2.1
    assert 2.4 < (tall / wide).max() < 3.1


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_what_is_drawn_follows_from_the_generator_alone(device: str) -> None:
    everything = Augmentation(flip=0.5, crop=True, erase=0.7, erase_fill="colour")
    one, again = (
        apply(clips().to(device), everything.draw(2, 3, SIZE, np.random.default_rng(1)), IMAGENET) for _ in range(2)
    )
    assert torch.equal(one, again)


def test_another_cameras_light_changes_its_clip_and_no_other() -> None:
    some = clips()
    found = apply(some, nothing(lights=[0.5, 1.0, 2.0, 1.0, 1.0, 1.0]), PLAIN)
    plain = apply(some, nothing(), PLAIN)
    slow = np.clip(np.rint(np.clip(some[0].numpy() * np.array([0.5, 1.0, 2.0]), 0, 255)), 0, 255)
    np.testing.assert_allclose(found[0].permute(0, 2, 3, 1).flip(-1).numpy() * 255, slow, atol=1e-3)
    assert torch.equal(found[1], plain[1])


def test_a_gamma_and_a_saturation_follow_their_formulas() -> None:
    some = clips()
    found = apply(some, nothing(lights=[1.0, 1.0, 1.0, 2.0, 0.0, 1.0]), PLAIN)
    grey = some[0].float().mean(-1).numpy()
    slow = np.rint(255 * (grey / 255) ** 2)
    np.testing.assert_allclose(found[0, :, 0].numpy() * 255, slow, atol=1e-3)


def test_a_picture_from_afar_is_smoother_and_as_bright() -> None:
    some = clips()
    found, plain = apply(some, nothing(lights=[1.0, 1.0, 1.0, 1.0, 1.0, 3.0]), PLAIN), apply(some, nothing(), PLAIN)
    assert found[0].std() < plain[0].std() / 2
    assert found[0].mean() == pytest.approx(plain[0].mean().item(), abs=0.02)


def test_light_is_drawn_for_its_share_of_the_clips_and_otherwise_not_at_all() -> None:
    rng = np.random.default_rng(4)
    lights = Augmentation(relight=0.5).draw(400, 2, SIZE, rng).lights
    assert 150 < (lights != 1).any(1).sum() < 250
    assert (Augmentation().draw(400, 2, SIZE, rng).lights == 1).all()
