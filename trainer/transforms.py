"""What training does to clips: draw once, then apply to whole batches on any device.

Drawing and applying are apart. What is drawn is a few numbers a clip, so that it follows from the batch's generator;
what is applied runs in one piece on the device that trains. All of it happens to 8-bit pixels, before normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reid_engine.pixels import Preparation

ATTEMPTS = 16  # to find a box that fits, after which the picture stays whole


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

    def draw(self, clips: int, frames: int, size: tuple[int, int], rng: np.random.Generator) -> Drawn:
        """For ``clips`` clips of ``frames`` pictures of ``size`` (height, width)."""
        flips = rng.random(clips) < self.flip
        boxes = np.tile(np.array([[0, 0, size[1], size[0]]]), (clips, 1))
        if self.crop:
            boxes = _boxes((clips,), self.crop_area, self.crop_aspect, size, rng, otherwise=boxes)
        draws = frames if self.erase_per == "frame" else 1
        patches, colours = np.zeros((clips, draws, 4), np.int64), np.full((clips, draws, 3), -1)
        if self.erase:
            drawn = _boxes((clips, draws), self.erase_area, self.erase_aspect, size, rng, otherwise=patches)
            patches = np.where(rng.random((clips, draws, 1)) < self.erase, drawn, 0)
        if self.erase and self.erase_fill == "colour":
            colours = rng.integers(256, size=(clips, draws, 3))
        repeat = frames // draws
        lights = np.ones((clips, 6), np.float32)
        if self.relight:
            lights = np.where(rng.random((clips, 1)) < self.relight, _lights(clips, rng), lights)
        return Drawn(flips, boxes, np.repeat(patches, repeat, 1), np.repeat(colours, repeat, 1), lights)


def _lights(clips: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(B, 6): gains of B, G, R, gamma, saturation, and how many times smaller the picture was."""
    gains = np.exp(rng.uniform(-0.45, 0.35, (clips, 1)) + rng.uniform(-0.16, 0.16, (clips, 3)))
    gamma = np.exp(rng.uniform(-0.35, 0.35, (clips, 1)))
    saturation = rng.uniform(0.4, 1.5, (clips, 1))
    far = rng.choice((1, 2, 3), (clips, 1), p=(0.6, 0.25, 0.15))
    return np.concatenate([gains, gamma, saturation, far], 1).astype(np.float32)


def _boxes(
    shape: tuple[int, ...],
    areas: tuple[float, float],
    aspects: tuple[float, float],
    size: tuple[int, int],
    rng: np.random.Generator,
    otherwise: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(*shape, 4) x, y, width, height: the first of ATTEMPTS whose sides fit, anywhere it fits; else ``otherwise``."""
    height, width = size
    area = rng.uniform(*areas, (*shape, ATTEMPTS)) * height * width
    aspect = rng.uniform(*aspects, area.shape)
    tall, wide = np.rint(np.sqrt(area * aspect)).astype(np.int64), np.rint(np.sqrt(area / aspect)).astype(np.int64)
    fits = (tall <= height) & (wide <= width)
    first = fits.argmax(-1)[..., None]
    tall, wide = np.take_along_axis(tall, first, -1)[..., 0], np.take_along_axis(wide, first, -1)[..., 0]
    room = np.maximum(np.stack([width - wide, height - tall], -1), 0)
    corner = np.floor(rng.random(room.shape) * (room + 1)).astype(np.int64)
    found = np.concatenate([corner, wide[..., None], tall[..., None]], -1)
    some = np.asarray(fits.any(-1))[..., None]
    return np.where(some, found, otherwise)


class Drawn(NamedTuple):
    """What happens to the clips of a batch.

    flips:   (B,) bool
    boxes:   (B, 4) x, y, width, height in pixels: what is kept of the picture
    patches: (B, T, 4) x, y, width, height in pixels, after crop and flip; no width: none
    colours: (B, T, 3) RGB of the patches; -1: the model's mean
    lights:  (B, 6) gains of B, G, R; gamma; saturation; so many times smaller, and back; ones: as it is
    """

    flips: NDArray[np.bool_]
    boxes: NDArray[np.int64]
    patches: NDArray[np.int64]
    colours: NDArray[np.int64]
    lights: NDArray[np.float32]

    def of(self, some: slice) -> Drawn:
        """Those of some clips."""
        return Drawn(self.flips[some], self.boxes[some], self.patches[some], self.colours[some], self.lights[some])


def apply(clips: Tensor, drawn: Drawn, preparation: Preparation) -> Tensor:
    """(B, T, H, W, 3) uint8 BGR -> (B, T, 3, H, W) float32 as the model wants them, on the clips' device."""
    pixels = clips
    if (drawn.boxes[:, 2:] < clips.shape[3:1:-1]).any():
        pixels = _cropped(pixels, torch.as_tensor(drawn.boxes, dtype=torch.float32, device=clips.device))
    if drawn.flips.any():
        flips = torch.as_tensor(drawn.flips, device=clips.device)
        pixels = torch.where(flips[:, None, None, None, None], pixels.flip(3), pixels)
    if (drawn.lights != 1).any():
        pixels = _relit(pixels, torch.as_tensor(drawn.lights, device=clips.device))
    if drawn.patches[..., 2].any():
        pixels = _erased(pixels, drawn, preparation)
    prepared: Tensor = preparation.normalised(pixels)
    return prepared


def _cropped(clips: Tensor, boxes: Tensor) -> Tensor:
    """The boxes, brought back to the pictures' size; bilinear, and 8-bit steps as a resized picture has."""
    batch, length, height, width, _ = clips.shape
    x, y, wide, tall = (boxes / torch.tensor([width, height, width, height], device=clips.device)).unbind(1)
    zero = torch.zeros_like(x)
    shift_x, shift_y = 2 * x + wide - 1, 2 * y + tall - 1
    theta = torch.stack([torch.stack([wide, zero, shift_x], 1), torch.stack([zero, tall, shift_y], 1)], 1)
    grid = F.affine_grid(theta, [batch, 3, height, width], align_corners=False)
    planes = clips.permute(0, 1, 4, 2, 3).float().flatten(1, 2)  # all frames of a clip share a box
    found = F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    return found.round().reshape(batch, length, 3, height, width).permute(0, 1, 3, 4, 2)


def _relit(clips: Tensor, lights: Tensor) -> Tensor:
    """Saturation, gains, gamma, then sharpness, in 8-bit steps."""
    gains, gamma, saturation, far = (one[:, None, None, None] for one in torch.split(lights, [3, 1, 1, 1], 1))
    pixels = clips.float()
    grey = pixels.mean(-1, keepdim=True)
    pixels = grey + (pixels - grey) * saturation
    pixels = 255 * ((pixels * gains).clamp(0, 255) / 255) ** gamma
    for part in (2, 3):
        chosen = far.flatten() == part
        if chosen.any():
            pixels[chosen] = _from_afar(pixels[chosen], part)
    return pixels.round()


def _from_afar(clips: Tensor, part: int) -> Tensor:
    """Made ``part`` times smaller and brought back to size."""
    batch, length, height, width, _ = clips.shape
    planes = clips.permute(0, 1, 4, 2, 3).flatten(0, 1)
    small = F.interpolate(planes, (height // part, width // part), mode="bilinear", antialias=True)
    back = F.interpolate(small, (height, width), mode="bilinear")
    return back.reshape(batch, length, 3, height, width).permute(0, 1, 3, 4, 2)


def _erased(clips: Tensor, drawn: Drawn, preparation: Preparation) -> Tensor:
    """Every patch at the corner that was drawn for it."""
    patches = torch.as_tensor(drawn.patches, device=clips.device)
    colours = torch.as_tensor(drawn.colours, device=clips.device).float()
    mean = torch.tensor(preparation.mean, device=clips.device) * preparation.scale
    fill = torch.where(colours < 0, mean, colours).flip(-1)  # RGB to the BGR of the pixels
    x, y, wide, tall = (one[..., None, None] for one in patches.unbind(-1))
    rows = torch.arange(clips.shape[2], device=clips.device)[:, None]
    columns = torch.arange(clips.shape[3], device=clips.device)[None]
    inside = (rows >= y) & (rows < y + tall) & (columns >= x) & (columns < x + wide)
    return torch.where(inside[..., None], fill[:, :, None, None, :], clips.float())
