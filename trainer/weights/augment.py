"""What another camera would have made of the same picture, on the GPU, for whole batches.

Teacher and student see the very same pictures, so nothing here needs to be mild: every picture, however odd, has a
right answer, the teacher's.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def as_seen_elsewhere(pictures: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """(B, 3, H, W) RGB bytes -> floats in [0, 255]: other framing, light, colours, sharpness, and things in front."""
    seen = pictures.float()
    seen = _framed(seen, generator)
    seen = _mixed(seen, generator)
    seen = _lit(seen, generator)
    seen = _blurred(seen, generator)
    seen = seen + _uniform(seen, 0, 9, generator) * torch.randn(seen.shape, device=seen.device, generator=generator)
    return seen.clamp_(0, 255)


def _uniform(like: Tensor, low: float, high: float, generator: torch.Generator | None, channels: int = 1) -> Tensor:
    drawn = torch.rand(len(like), channels, 1, 1, device=like.device, generator=generator)
    return low + (high - low) * drawn


def _coin(like: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    return torch.rand(len(like), 1, 1, 1, device=like.device, generator=generator) < share


def _framed(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Mirrored, shifted, scaled and tilted a little, as boxes of a detector are; beyond the edge the border repeats."""
    flip = 1 - 2 * _coin(x, 0.5, generator).float().flatten()
    wide, tall = (_uniform(x, 0.8, 1.12, generator).flatten() for _ in range(2))
    right, down = (_uniform(x, -0.12, 0.12, generator).flatten() for _ in range(2))
    tilt = _uniform(x, -0.07, 0.07, generator).flatten()
    first = torch.stack([flip * wide, tilt, right], 1)
    second = torch.stack([-tilt, tall, down], 1)
    grid = F.affine_grid(torch.stack([first, second], 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _mixed(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """A third of the pictures get a block of another one: somebody else's trousers, coat, bag or background."""
    height, width = x.shape[2:]
    other = x[torch.randperm(len(x), device=x.device, generator=generator)]
    tall = _uniform(x, 0.1, 0.6, generator)
    broad = torch.where(_coin(x, 0.5, generator), 2.0, _uniform(x, 0.2, 0.8, generator))
    rows = torch.arange(height, device=x.device)[:, None] / height
    columns = torch.arange(width, device=x.device)[None] / width
    middle_row, middle_column = _uniform(x, 0, 1, generator), _uniform(x, 0, 1, generator)
    inside = ((rows - middle_row).abs() < tall / 2) & ((columns - middle_column).abs() < broad / 2)
    return torch.where(inside & _coin(x, 0.33, generator), other, x)


def _lit(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Exposure, white balance, gamma, contrast and saturation; channels change places now and then."""
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * _uniform(x, 0.6, 1.4, generator) + mean
    x = x * _uniform(x, 0.55, 1.5, generator) * _uniform(x, 0.85, 1.18, generator, channels=3)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * _uniform(x, 0.2, 1.7, generator)
    x = 255 * (x.clamp(0, 255) / 255 + 1e-4) ** _uniform(x, 0.7, 1.4, generator)
    order = torch.rand(len(x), 3, device=x.device, generator=generator).argsort(1)
    shuffled = torch.gather(x, 1, order[:, :, None, None].expand_as(x))
    return torch.where(_coin(x, 0.2, generator), shuffled, x)


def _blurred(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Half of the pictures come from far away: a quarter, a third or half of their size, and back."""
    height, width = x.shape[2:]
    for share, part in ((0.15, 4), (0.15, 3), (0.2, 2)):
        small = F.interpolate(x, (height // part, width // part), mode="bilinear", antialias=True)
        far = F.interpolate(small, (height, width), mode="bilinear")
        x = torch.where(_coin(x, share, generator), far, x)
    return x
