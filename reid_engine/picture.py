"""One picture to pixels, decoded in a confined child process: one that crashes the decoder cannot hurt who asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reid_engine.confinement import confine
from reid_engine.errors import ChildDied, InputError, ProbeError
from reid_engine.process import die_with_parent, end_child, how_it_died, start_child
from reid_engine.types import BgrImage

LONGEST_SIDE_PX = 4096
TIME_LIMIT_S = 30.0
LEAST_SIDE_PX = 8
LARGEST_PX = 120_000_000  # of any picture that is opened: 8K has 33 million, and most telephones less than 110
TOO_LARGE = f"more than {LARGEST_PX // 1_000_000} million pixels, the most that is read; save it smaller"
PIXEL_LIMIT = "OPENCV_IO_MAX_IMAGE_PIXELS"  # OpenCV reads it once, when it is loaded, and names it in what it raises
NO_PICTURE_STATUS = 1
TOO_LARGE_STATUS = 3
STANDARD_INPUT = "-"


class TooLarge(ValueError):
    """A picture of more pixels than are read."""


def read_picture(path: Path) -> BgrImage:
    """(H, W, 3) BGR, turned as its EXIF says, at most 4096 pixels a side.

    Raises InputError naming the file and what is wrong with it, ChildDied when the decoder died or did not answer.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such picture file; look whether it was moved or renamed")
    return _decoded(str(path), str(path.absolute()), b"")


def picture_of(data: bytes, name: str) -> BgrImage:
    """What the bytes of a picture file called ``name`` hold, as ``read_picture`` gives it, and raises."""
    return _decoded(name, STANDARD_INPUT, data)


def _decoded(name: str, place: str, data: bytes) -> BgrImage:
    child = start_child("reid_engine.picture", [place])
    try:
        answer, _ = child.communicate(data, timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise ChildDied(
            f"{name}: its decoder gave no answer within {TIME_LIMIT_S:.0f} s and was ended; look whether the drive "
            "that it lies on answers, and try it again"
        ) from None
    finally:
        end_child(child)
    if child.returncode < 0:
        raise ChildDied(f"{name}: the decoder was {how_it_died(child.returncode)} on this picture")
    if child.returncode == TOO_LARGE_STATUS:
        raise InputError(f"{name} has {TOO_LARGE}")
    if child.returncode or len(answer) < 8:
        raise InputError(f"{name} is no picture that can be read; JPEG, PNG, BMP, WebP and TIFF can")
    height, width = (int(side) for side in np.frombuffer(answer, "<u4", count=2))
    return np.frombuffer(answer, np.uint8, offset=8).reshape(height, width, 3).copy()


def part(image: BgrImage, xyxy: Sequence[float]) -> BgrImage:
    """What a box (x1, y1, x2, y2) holds of (H, W, 3), as far as the picture goes. Raises ProbeError for too little."""
    height, width = image.shape[:2]
    left, right = (round(min(max(side, 0.0), width)) for side in xyxy[::2])
    top, bottom = (round(min(max(side, 0.0), height)) for side in xyxy[1::2])
    if right - left < LEAST_SIDE_PX or bottom - top < LEAST_SIDE_PX:
        raise ProbeError(f"the box is too small: at least {LEAST_SIDE_PX} pixels a side inside the picture are needed")
    return image[top:bottom, left:right].copy()


def limit_pixels() -> None:
    """In a child, before OpenCV is loaded: let it refuse pictures that are too large by what they say of themselves."""
    os.environ[PIXEL_LIMIT] = str(LARGEST_PX)


def pixels(data: bytes) -> BgrImage | None:
    """The bytes of a picture file as (H, W, 3) BGR, turned as its EXIF says; None when they are no picture.

    For children only. Raises TooLarge.
    """
    import cv2  # here, so that who only reads pictures does without its memory

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE_" in str(error):
            raise TooLarge(TOO_LARGE) from error
        return None
    return None if image is None else image.astype(np.uint8, copy=False)


def _fitted(image: BgrImage) -> BgrImage:
    import cv2

    scale = LONGEST_SIDE_PX / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.ascontiguousarray(image)


def main(place: str) -> int:
    """The child: height and width as two little-endian numbers, then the pixels, to standard output."""
    die_with_parent()
    limit_pixels()
    try:
        with sys.stdin.buffer if place == STANDARD_INPUT else Path(place).open("rb") as file:
            confine()  # a confined child may not open what lies in its parent's memory
            found = pixels(file.read())
    except (OSError, MemoryError):
        return NO_PICTURE_STATUS
    except TooLarge:
        return TOO_LARGE_STATUS
    if found is None:
        return NO_PICTURE_STATUS
    image = _fitted(found)
    sys.stdout.buffer.write(np.array(image.shape[:2], "<u4").tobytes())
    sys.stdout.buffer.write(image.tobytes())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
