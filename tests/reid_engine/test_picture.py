"""Picture files are decoded in a child, and what is no picture is a sentence."""

from __future__ import annotations

import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine import picture
from reid_engine.errors import ChildDied, InputError
from reid_engine.picture import read_picture
from reid_engine.process import start_child


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


def test_a_decoder_that_does_not_answer_is_ended_and_the_picture_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "slow.png"
    cv2.imwrite(str(path), np.zeros((8, 9), np.uint8))
    begun = []
    monkeypatch.setattr(picture, "TIME_LIMIT_S", 0.0)
    monkeypatch.setattr(picture, "start_child", lambda *args: begun.append(start_child(*args)) or begun[0])
    with pytest.raises(ChildDied, match=r"slow.png: its decoder gave no answer within 0 s and was ended"):
        read_picture(path)
    assert begun[0].returncode == -signal.SIGKILL
