"""Folders of pictures as recordings: order, damage, sizes, rotation."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.errors import SeekError, SourceError
from reid_engine.video import open_source
from tests.support.recorded import draw, first_number, number_in, numbers, offsets, pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"frame_{number}.png"), draw(number))
    return tmp_path


def test_pictures_come_in_natural_order_at_the_assumed_rate(folder: Path) -> None:
    source = open_source(folder, kind="folder", folder_fps=30)
    assert numbers(source) == list(range(12))
    assert offsets(source)[:4] == [0, 33_333, 66_667, 100_000]
    assert "30 pictures a second are assumed" in source.info.notes[0]
    assert (source.info.expected_frames, source.info.duration_us) == (12, 400_000)


def test_a_folder_is_sought_exactly(folder: Path) -> None:
    source = open_source(folder, kind="folder", folder_fps=30)
    for moment, number in [(0, 0), (33_332, 0), (33_333, 1), (66_666, 1), (66_667, 2), (399_999, 11)]:
        source.seek(moment)
        assert first_number(source) == number
    with pytest.raises(SeekError):
        source.seek(400_000)
    assert first_number(source) == 0


def test_a_broken_picture_keeps_its_number_and_is_counted(folder: Path) -> None:
    (folder / "frame_5.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (folder / "frame_7.png").write_bytes(b"")
    source = open_source(folder, kind="folder")
    read = list(pixels(source))
    assert [index for index, _, _ in read] == [0, 1, 2, 3, 4, 6, 8, 9, 10, 11]
    assert [number_in(image) for _, _, image in read] == [index for index, _, _ in read]
    assert source.damage.decode_errors == 2
    assert source.damage.places[0] == (200_000, "frame_5.png is no picture that can be read")


def test_a_cut_jpeg_counts_as_damaged(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), rng.integers(0, 255, (96, 128, 3)).astype(np.uint8))
    cut = tmp_path / "1.jpg"
    cut.write_bytes(cut.read_bytes()[:-2000])
    source = open_source(tmp_path, kind="folder")
    assert len(list(source.pictures())) + source.damage.decode_errors == 3
    assert source.damage.corrupt_frames + source.damage.decode_errors == 1


def test_pictures_of_other_sizes_are_scaled_and_said(folder: Path) -> None:
    cv2.imwrite(str(folder / "frame_3.png"), draw(3, (200, 150)))
    source = open_source(folder, kind="folder")
    assert numbers(source) == list(range(12))
    assert "differ in size" in source.damage.notes[-1]


def test_a_turned_photograph_is_seen_upright(tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", draw(9))[1].tobytes()
    # An EXIF block with one entry: orientation 6, show it a quarter turn clockwise.
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    (tmp_path / "1.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:])
    source = open_source(tmp_path, kind="folder")
    assert (source.info.width, source.info.height) == (64, 96)
    assert next(pixels(source))[2][48, 60, 0] > 150


def test_a_folder_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no")
    with pytest.raises(SourceError, match="none of its 1 pictures can be read"):
        open_source(tmp_path, kind="folder")
