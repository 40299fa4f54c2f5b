"""Networks over shapes only: what runs there in Python, layer by layer, took most of the time of such a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional


def skip_layers_of_shapes(patch: pytest.MonkeyPatch) -> None:
    """Norms and ReLU give maps of the shape that they get, where channels fit; maps that hold numbers are computed."""
    for name in ("batch_norm", "instance_norm", "relu"):
        patch.setattr(functional, name, _skipping(getattr(functional, name)))


def _skipping(layer: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def same_shape(maps: Tensor, *rest: Any, **named: Any) -> Tensor:
        if not maps.is_meta:
            return layer(maps, *rest, **named)
        sizes = {tuple(one.shape) for one in (*rest, *named.values()) if isinstance(one, Tensor)}
        assert sizes <= {(maps.shape[1],)}, f"{tuple(maps.shape)} normalised by {sizes}"
        return torch.empty_like(maps)

    return same_shape
