"""The one place where BGR bytes become RGB floats (law 1), shared by search, training and evaluation.

Only numpy and OpenCV are needed, so that a training machine without the rest of the program sees the same pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import ShapeError
from reid_engine.types import BgrImage

Floats: TypeAlias = NDArray[np.float32]
Triple: TypeAlias = tuple[float, float, float]
Resize: TypeAlias = Literal["bilinear", "bicubic"]

FILTERS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


class Wants(Protocol):
    """What a model's data sheet (``ModelSpec``) says about its pictures."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width)."""
        ...

    @property
    def mean(self) -> Triple:
        """Of RGB / 255."""
        ...

    @property
    def std(self) -> Triple:
        """Of RGB / 255."""
        ...

    @property
    def resize(self) -> Resize:
        """The filter."""
        ...


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a network wants its pictures: x = (pixel / scale - mean) / std, channels in the given order.

    size: (height, width); mean, std: of the channels in that order; resize: the filter, on 8-bit pixels
    """

    size: tuple[int, int]
    mean: Triple
    std: Triple
    channels: Literal["RGB", "BGR"] = "RGB"
    scale: int = 255
    resize: Resize = "bilinear"

    @classmethod
    def of(cls, spec: Wants) -> Preparation:
        """What a video model wants."""
        return cls(spec.input_size, spec.mean, spec.std, resize=spec.resize)

    def resized(self, image: BgrImage) -> BgrImage:
        """(H, W, 3) uint8 BGR of any size to (height, width, 3) uint8 BGR."""
        height, width = self.size
        if image.shape[:2] == self.size:
            return image
        return np.asarray(cv2.resize(image, (width, height), interpolation=FILTERS[self.resize]), np.uint8)

    def __call__(self, image: BgrImage) -> Floats:
        """(H, W, 3) uint8 BGR of any size to (3, height, width) float32."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ShapeError(f"a picture is (H, W, 3) uint8 BGR, got {image.shape} {image.dtype}")
        table = self._table()  # 256 possible values a channel: looked up, not computed
        planes = np.moveaxis(self.resized(image)[..., :: -1 if self.channels == "RGB" else 1], 2, 0)
        return np.stack([values[plane] for values, plane in zip(table, planes, strict=True)])

    def clip(self, images: Iterable[BgrImage]) -> Floats:
        """Pictures of any sizes to (T, 3, height, width) float32."""
        return np.stack([self(image) for image in images])

    def normalised(self, images: Any) -> Any:
        """(..., H, W, 3) uint8 BGR of the right size, a torch tensor on any device, to (..., 3, H, W) float32.

        The same numbers as a call up to the last bit's rounding, where a training loop wants them made on its device.
        """
        ordered = images.flip(-1) if self.channels == "RGB" else images
        floats = ordered.movedim(-1, -3).float()
        mean, std = (floats.new_tensor(each)[:, None, None] for each in (self.mean, self.std))
        return (floats / self.scale - mean) / std

    def _table(self) -> Floats:
        bytes_ = np.arange(256, dtype=np.float32)[None]
        mean, std = (np.array(each, np.float32)[:, None] for each in (self.mean, self.std))
        return np.asarray((bytes_ / np.float32(self.scale) - mean) / std, np.float32)
