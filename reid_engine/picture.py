"""One picture file to pixels, decoded in a child process: a file that crashes the decoder cannot hurt who asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reid_engine.errors import ChildDied, InputError, ProbeError
from reid_engine.process import die_with_parent, end_child, how_it_died, start_child
from reid_engine.types import BgrImage

LONGEST_SIDE_PX = 4096
TIME_LIMIT_S = 30.0
LEAST_SIDE_PX = 8


def read_picture(path: Path) -> BgrImage:
    """(H, W, 3) BGR, turned as its EXIF says, at most 4096 pixels a side.

    Raises InputError naming the file and what is wrong with it, ChildDied when the decoder died or did not answer.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such picture file; look whether it was moved or renamed")
    child = start_child("reid_engine.picture", [str(path.absolute())])
    try:
        data, _ = child.communicate(timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise ChildDied(
            f"{path}: its decoder gave no answer within {TIME_LIMIT_S:.0f} s and was ended; look whether the drive "
            "that it lies on answers, and try it again"
        ) from None
    finally:
        end_child(child)
    if child.returncode < 0:
        raise ChildDied(f"{path}: the decoder was {how_it_died(child.returncode)} on this picture")
    if child.returncode or len(data) < 8:
        raise InputError(f"{path} is no picture that can be read; JPEG, PNG, BMP, WebP and TIFF can")
    height, width = (int(side) for side in np.frombuffer(data, "<u4", count=2))
    return np.frombuffer(data, np.uint8, offset=8).reshape(height, width, 3).copy()


def part(image: BgrImage, xyxy: Sequence[float]) -> BgrImage:
    """What a box (x1, y1, x2, y2) holds of (H, W, 3), as far as the picture goes. Raises ProbeError for too little."""
    height, width = image.shape[:2]
    left, right = (round(min(max(side, 0.0), width)) for side in xyxy[::2])
    top, bottom = (round(min(max(side, 0.0), height)) for side in xyxy[1::2])
    if right - left < LEAST_SIDE_PX or bottom - top < LEAST_SIDE_PX:
        raise ProbeError(f"the box is too small: at least {LEAST_SIDE_PX} pixels a side inside the picture are needed")
    return image[top:bottom, left:right].copy()


def decode(data: bytes) -> BgrImage | None:
    """The bytes of a picture file to pixels; None when they are no picture. For children only."""
    import cv2  # here, so that who only reads pictures does without its memory

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if image is None:
        return None
    scale = LONGEST_SIDE_PX / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image, np.uint8)


def main(path: str) -> int:
    """The child: height and width as two little-endian numbers, then the pixels, to standard output."""
    die_with_parent()
    try:
        image = decode(Path(path).read_bytes())
    except OSError:
        return 1
    if image is None:
        return 1
    sys.stdout.buffer.write(np.array(image.shape[:2], "<u4").tobytes())
    sys.stdout.buffer.write(image.tobytes())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
