"""Changes of clips, each beside a slow twin on single pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reid_engine.pixels import Preparation
from trainer.transforms import WHOLE, Augmentation, Drawn, apply

SIZE = (32, 16)
PLAIN = Preparation(SIZE, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
IMAGENET = Preparation(SIZE, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def clips(batch: int = 2, length: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, length, *SIZE, 3), dtype=torch.uint8, generator=draw)


def nothing(length: int = 3, **changes: object) -> Drawn:
    drawn = Drawn(False, WHOLE, np.zeros((length, 4), np.int64), np.full((length, 3), -1, np.int64))
    return drawn._replace(**changes)


def test_without_changes_a_clip_is_what_the_one_conversion_makes_of_it() -> None:
    some = clips()
    found = apply(some, [nothing(), nothing()], IMAGENET)
    slow = np.stack([IMAGENET.clip(clip.numpy()) for clip in some])
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), slow, atol=1e-6)


def test_a_flip_mirrors_all_frames_of_its_clip_and_no_other() -> None:
    some = clips()
    found = apply(some, [nothing(flip=True), nothing()], PLAIN)
    plain = apply(some, [nothing(), nothing()], PLAIN)
    assert torch.equal(found[0], plain[0].flip(-1))
    assert torch.equal(found[1], plain[1])


def test_a_patch_lies_at_the_corner_that_was_drawn_for_it_in_its_colour() -> None:
    patches, colours = np.zeros((3, 4), np.int64), np.zeros((3, 3), np.int64)
    patches[1], colours[1] = (5, 20, 4, 6), (10, 20, 30)
    some = clips()
    found = apply(some, [nothing(patches=patches, colours=colours), nothing()], PLAIN)
    expected = apply(some, [nothing(), nothing()], PLAIN)
    for channel, value in enumerate((10, 20, 30)):  # RGB
        expected[0, 1, channel, 20:26, 5:9] = value / 255
    assert torch.equal(found, expected)


def test_the_mean_fills_a_patch_with_zeros_after_normalisation() -> None:
    patches = np.tile([2, 3, 6, 8], (3, 1))
    found = apply(clips(), [nothing(patches=patches), nothing()], IMAGENET)
    assert found[0, :, :, 3:11, 2:8].abs().max() < 1e-6
    assert found[0, :, :, 11:, :].abs().max() > 0.1


def test_a_crop_is_the_box_brought_back_to_size() -> None:
    ramp = torch.arange(SIZE[1], dtype=torch.uint8).mul(10)[None, None, None, :, None].expand(1, 2, *SIZE, 3)
    found = apply(ramp, [nothing(2, box=(0.25, 0.0, 0.5, 1.0))], PLAIN)[0, 0, 0, 0] * 255
    places = 4 + (torch.arange(16) + 0.5) * 0.5 - 0.5  # pixel centres of the half from column 4 on
    np.testing.assert_allclose(found, (places * 10).round(), atol=1.0)
    assert torch.equal(found, found.round())


def test_a_whole_box_changes_nothing() -> None:
    some = clips()
    both = apply(some, [nothing(box=(0.0, 0.0, 0.5, 1.0)), nothing()], PLAIN)
    assert torch.equal(both[1], apply(some, [nothing(), nothing()], PLAIN)[1])


def draws(augmentation: Augmentation, count: int = 300, length: int = 4) -> list[Drawn]:
    return [augmentation.draw(length, (128, 64), np.random.default_rng(seed)) for seed in range(count)]


def test_nothing_is_drawn_where_nothing_was_asked_for() -> None:
    one = Augmentation().draw(4, SIZE, np.random.default_rng(0))
    assert (one.flip, one.box, one.patches.any()) == (False, WHOLE, False)


def test_chances_are_kept() -> None:
    found = draws(Augmentation(flip=0.5, erase=0.25))
    assert 0.4 < np.mean([one.flip for one in found]) < 0.6
    assert 0.2 < np.mean([one.patches[:, 2] > 0 for one in found]) < 0.3


def test_patches_keep_their_area_and_shape_and_stay_inside() -> None:
    patches = np.concatenate([d.patches for d in draws(Augmentation(erase=1.0, erase_area=(0.02, 0.2)))])
    x, y, wide, tall = patches.T
    assert ((x >= 0) & (y >= 0) & (x + wide <= 64) & (y + tall <= 128)).all()
    area, aspect = wide * tall / (128 * 64), tall / wide
    assert 0.015 < area.min() < 0.03
    assert 0.18 < area.max() < 0.21
    assert aspect.min() > 0.25
    assert aspect.max() < 4.0
    assert x.max() > 40, "not pasted at its own width"


def test_erasing_is_drawn_for_every_frame_or_once_a_clip() -> None:
    each = draws(Augmentation(erase=1.0))[0]
    assert len({tuple(patch) for patch in each.patches.tolist()}) > 1
    once = draws(Augmentation(erase=1.0, erase_per="clip", erase_fill="colour"))[0]
    assert len({tuple(patch) for patch in once.patches.tolist()}) == 1
    assert len({tuple(colour) for colour in once.colours.tolist()}) == 1
    assert once.patches.shape == (4, 4)


def test_a_colour_is_one_random_rgb_and_the_mean_none() -> None:
    coloured = np.concatenate([d.colours for d in draws(Augmentation(erase=1.0, erase_fill="colour"))])
    assert coloured.min() == 0
    assert coloured.max() == 255
    assert (draws(Augmentation(erase=1.0))[0].colours == -1).all()


def test_boxes_keep_their_area_and_shape_and_stay_inside() -> None:
    boxes = np.array([one.box for one in draws(Augmentation(crop=True))])
    x, y, wide, tall = boxes.T
    assert ((x >= 0) & (y >= 0) & (x + wide <= 1) & (y + tall <= 1)).all()
    assert (wide * tall).min() > 0.6
    aspect = tall * 128 / (wide * 64)
    assert 1.9 < aspect.min() < 2.1
    assert aspect.max() < 3.1


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_what_is_drawn_follows_from_the_generator_alone(device: str) -> None:
    everything = Augmentation(flip=0.5, crop=True, erase=0.7, erase_fill="colour")
    one, again = (
        apply(clips().to(device), [everything.draw(3, SIZE, np.random.default_rng(s)) for s in (1, 2)], IMAGENET)
        for _ in range(2)
    )
    assert torch.equal(one, again)
