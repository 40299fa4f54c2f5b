"""Picture files are decoded in a child, and what is no picture is a sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.errors import InputError
from reid_engine.picture import read_picture


def test_a_picture_comes_back_as_it_was_written(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 255, (41, 33, 3), np.uint8)
    path = tmp_path / "-probe 'ünï' 😀.png"
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    assert np.array_equal(read_picture(path), image)


def test_a_grey_picture_becomes_three_channels(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((8, 9), 77, np.uint8))
    assert read_picture(path).shape == (8, 9, 3)


@pytest.mark.parametrize("content", [b"", b"text, not a picture", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "probe.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no picture"):
        read_picture(path)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such picture"):
        read_picture(tmp_path / "gone.jpg")
