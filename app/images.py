"""The one place where arrays become Qt pictures and back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from reid_engine.errors import CaseDamaged
from reid_engine.types import BgrImage


def to_qimage(image: BgrImage) -> QImage:
    """(H, W, 3) uint8 BGR to a QImage that owns its pixels."""
    image = np.ascontiguousarray(image)
    height, width, _ = image.shape
    return QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888).copy()


def seen_through(image: NDArray[np.uint8]) -> QImage:
    """(H, W, 4) uint8 BGRX as a QImage over the same bytes, in the format that is painted as it is.

    Nothing is copied: whoever keeps the QImage keeps ``image``, unchanged.
    """
    height, width, _ = image.shape
    return QImage(image.data, width, height, image.strides[0], QImage.Format.Format_RGB32)


def lightened(picture: QImage, gamma: float) -> QImage:
    """An RGB32 picture with its dark parts lifted, to be looked at: each value in [0, 1] to the power of ``gamma``."""
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    values = (np.linspace(0, 1, 256) ** gamma * 255).round().astype(np.uint8)
    lit = cv2.LUT(rows[:, : picture.width() * 4].reshape(picture.height(), picture.width(), 4), values)
    return seen_through(np.asarray(lit, np.uint8))


def to_array(picture: QImage) -> BgrImage:
    """A QImage of any format to (H, W, 3) uint8 BGR that owns its pixels."""
    picture = picture.convertToFormat(QImage.Format.Format_BGR888)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return rows[:, : picture.width() * 3].reshape(picture.height(), picture.width(), 3).copy()


def decode_jpeg(data: bytes) -> QImage:
    """A stored crop to a picture.

    The program wrote it itself, so it is decoded here and not in a child. Raises CaseDamaged when it is no picture.
    """
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if array is None:
        raise CaseDamaged(
            f"a stored crop of {len(data)} bytes can no longer be read: the case was changed or damaged after "
            "it was found; `reappear check` says where"
        )
    return to_qimage(np.asarray(array, np.uint8))


def heat_image(heat: NDArray[np.float32]) -> QImage:
    """(h, w) in [0, 1] to a glow: clear where nothing counted, yellow to red where much did; enlarged smoothly."""
    large = cv2.resize(heat.astype(np.float32), (heat.shape[1] * 16, heat.shape[0] * 16), interpolation=cv2.INTER_CUBIC)
    strength = np.clip(large, 0.0, 1.0)
    rgba = np.empty((*strength.shape, 4), np.uint8)
    rgba[..., 0] = 255
    rgba[..., 1] = (230 - 170 * strength).astype(np.uint8)
    rgba[..., 2] = 40
    rgba[..., 3] = (strength * 165).astype(np.uint8)
    height, width = strength.shape
    return QImage(rgba.data, width, height, rgba.strides[0], QImage.Format.Format_RGBA8888).copy()
