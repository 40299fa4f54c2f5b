"""What training does to clips: draw once, then apply to whole batches on any device.

Drawing and applying are apart. What is drawn is a few numbers a clip, so that it follows from the clip's own generator;
what is applied runs in one piece on the device that trains. All of it happens to 8-bit pixels, before normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reid_engine.pixels import Preparation

ATTEMPTS = 100  # to place a patch, after which the picture stays whole
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may happen to a clip, with which chance.

    flip:    mirrored, one coin a clip
    crop:    every clip is a part of its pictures: crop_area of their area, crop_aspect height / width, one box a clip
    erase:   a patch is painted over: erase_area of the picture, erase_aspect height / width; one draw a frame, or one a
             clip (erase_per="clip"); in the model's mean, or in one random colour
    relight: seen by another camera: exposure, white balance, gamma and saturation, and now and then from farther away;
             one draw a clip
    """

    flip: float = 0.0
    crop: bool = False
    crop_area: tuple[float, float] = (0.64, 1.0)
    crop_aspect: tuple[float, float] = (2.0, 3.0)
    erase: float = 0.0
    erase_area: tuple[float, float] = (0.02, 0.4)
    erase_aspect: tuple[float, float] = (0.3, 3.33)
    erase_fill: Literal["mean", "colour"] = "mean"
    erase_per: Literal["frame", "clip"] = "frame"
    relight: float = 0.0

    def draw(self, frames: int, size: tuple[int, int], rng: np.random.Generator) -> Drawn:
        """For one clip of ``frames`` pictures of ``size`` (height, width)."""
        flip = bool(rng.random() < self.flip)
        box = self._box(size, rng) if self.crop else WHOLE
        draws = frames if self.erase_per == "frame" else 1
        patches = [self._patch(size, rng) if rng.random() < self.erase else (0, 0, 0, 0) for _ in range(draws)]
        colours = rng.integers(256, size=(draws, 3)) if self.erase_fill == "colour" else np.full((draws, 3), -1)
        repeat = frames // draws
        light = self._light(rng) if self.relight and rng.random() < self.relight else NO_LIGHT
        return Drawn(flip, box, np.repeat(patches, repeat, 0).astype(np.int64), np.repeat(colours, repeat, 0), light)

    def _light(self, rng: np.random.Generator) -> Light:
        gains = np.exp(rng.uniform(-0.45, 0.35) + rng.uniform(-0.16, 0.16, 3))
        return Light(
            (float(gains[0]), float(gains[1]), float(gains[2])),
            float(np.exp(rng.uniform(-0.35, 0.35))),
            float(rng.uniform(0.4, 1.5)),
            int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15))),
        )

    def _box(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[float, float, float, float]:
        height, width = size
        for _ in range(ATTEMPTS):
            area, aspect = rng.uniform(*self.crop_area) * height * width, rng.uniform(*self.crop_aspect)
            tall, wide = round(float(np.sqrt(area * aspect))), round(float(np.sqrt(area / aspect)))
            if tall <= height and wide <= width:
                y, x = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
                return x / width, y / height, wide / width, tall / height
        return WHOLE

    def _patch(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int, int, int]:
        height, width = size
        for _ in range(ATTEMPTS):
            area, aspect = rng.uniform(*self.erase_area) * height * width, rng.uniform(*self.erase_aspect)
            tall, wide = round(float(np.sqrt(area * aspect))), round(float(np.sqrt(area / aspect)))
            if tall < height and wide < width:
                return int(rng.integers(width - wide + 1)), int(rng.integers(height - tall + 1)), wide, tall
        return 0, 0, 0, 0


class Light(NamedTuple):
    """What another camera does to a clip: gains of B, G, R; gamma; saturation; so many times smaller, and back."""

    gains: tuple[float, float, float]
    gamma: float
    saturation: float
    far: int


NO_LIGHT = Light((1.0, 1.0, 1.0), 1.0, 1.0, 1)


class Drawn(NamedTuple):
    """What happens to one clip.

    box:     x, y, width, height of the part that is kept, as shares of the picture
    patches: (T, 4) x, y, width, height in pixels after crop and flip; no width: none
    colours: (T, 3) RGB of the patches; -1: the model's mean
    """

    flip: bool
    box: tuple[float, float, float, float]
    patches: NDArray[np.int64]
    colours: NDArray[np.int64]
    light: Light = NO_LIGHT


def apply(clips: Tensor, drawn: Sequence[Drawn], preparation: Preparation) -> Tensor:
    """(B, T, H, W, 3) uint8 BGR -> (B, T, 3, H, W) float32 as the model wants them, on the clips' device."""
    pixels = clips
    if any(one.box != WHOLE for one in drawn):
        pixels = _cropped(pixels, [one.box for one in drawn])
    flips = torch.tensor([one.flip for one in drawn], device=clips.device)
    if flips.any():
        pixels = torch.where(flips[:, None, None, None, None], pixels.flip(3), pixels)
    if any(one.light != NO_LIGHT for one in drawn):
        pixels = _relit(pixels, [one.light for one in drawn])
    if any(one.patches[:, 2].any() for one in drawn):
        pixels = _erased(pixels, drawn, preparation)
    prepared: Tensor = preparation.normalised(pixels)
    return prepared


def _cropped(clips: Tensor, boxes: Sequence[tuple[float, float, float, float]]) -> Tensor:
    """The boxes, brought back to the pictures' size; bilinear, and 8-bit steps as a resized picture has."""
    batch, length, height, width, _ = clips.shape
    x, y, wide, tall = torch.tensor(boxes, dtype=torch.float32, device=clips.device).unbind(1)
    zero = torch.zeros_like(x)
    shift_x, shift_y = 2 * x + wide - 1, 2 * y + tall - 1
    theta = torch.stack([torch.stack([wide, zero, shift_x], 1), torch.stack([zero, tall, shift_y], 1)], 1)
    grid = F.affine_grid(theta, [batch, 3, height, width], align_corners=False)
    planes = clips.permute(0, 1, 4, 2, 3).float().flatten(1, 2)  # all frames of a clip share a box
    found = F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    return found.round().reshape(batch, length, 3, height, width).permute(0, 1, 3, 4, 2)


def _relit(clips: Tensor, lights: Sequence[Light]) -> Tensor:
    """Saturation, gains, gamma, then sharpness, in 8-bit steps."""

    def one_a_clip(numbers: Sequence[float]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.float32, device=clips.device)[:, None, None, None, None]

    pixels = clips.float()
    grey = pixels.mean(-1, keepdim=True)
    pixels = grey + (pixels - grey) * one_a_clip([light.saturation for light in lights])
    gains = torch.tensor([light.gains for light in lights], dtype=torch.float32, device=clips.device)
    pixels = (pixels * gains[:, None, None, None, :]).clamp(0, 255)
    pixels = 255 * (pixels / 255) ** one_a_clip([light.gamma for light in lights])
    for part in sorted({light.far for light in lights} - {1}):
        chosen = torch.tensor([light.far == part for light in lights], device=clips.device)
        pixels[chosen] = _from_afar(pixels[chosen], part)
    return pixels.round()


def _from_afar(clips: Tensor, part: int) -> Tensor:
    """Made ``part`` times smaller and brought back to size."""
    batch, length, height, width, _ = clips.shape
    planes = clips.permute(0, 1, 4, 2, 3).flatten(0, 1)
    small = F.interpolate(planes, (height // part, width // part), mode="bilinear", antialias=True)
    back = F.interpolate(small, (height, width), mode="bilinear")
    return back.reshape(batch, length, 3, height, width).permute(0, 1, 3, 4, 2)


def _erased(clips: Tensor, drawn: Sequence[Drawn], preparation: Preparation) -> Tensor:
    """Every patch at the corner that was drawn for it."""
    patches = torch.as_tensor(np.stack([one.patches for one in drawn]), device=clips.device)
    colours = torch.as_tensor(np.stack([one.colours for one in drawn]), device=clips.device).float()
    mean = torch.tensor(preparation.mean, device=clips.device) * preparation.scale
    fill = torch.where(colours < 0, mean, colours).flip(-1)  # RGB to the BGR of the pixels
    x, y, wide, tall = (one[..., None, None] for one in patches.unbind(-1))
    rows = torch.arange(clips.shape[2], device=clips.device)[:, None]
    columns = torch.arange(clips.shape[3], device=clips.device)[None]
    inside = (rows >= y) & (rows < y + tall) & (columns >= x) & (columns < x + wide)
    return torch.where(inside[..., None], fill[:, :, None, None, :], clips.float())
