"""Playing from children: pictures ahead of time, exact seeks, sizes as they are painted, and what a kill leaves."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.decoder import DecodeRequest, Picture, PictureServer
from reid_engine.decoder.__main__ import fitted
from reid_engine.decoder.requests import Order, usable_slots
from tests.support.recorded import number_in, write_clip

PATIENCE_S = 30.0
STEP_US = 40_000


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("long") / "gate.mkv", frames=250)


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def server(long_clip: Path) -> Iterator[PictureServer]:
    server = PictureServer(long_clip, "video", (96, 64))
    yield server
    server.close()


def pictures_of(server: PictureServer, count: int) -> list[Picture]:
    """Wait for as many pictures, or for the end."""
    taken: list[Picture] = []

    def enough() -> bool:
        taken.extend(server.take())
        return len(taken) >= count or server.ended or bool(server.error)

    wait_until(enough)
    return taken


def numbers(pictures: list[Picture]) -> list[int]:
    return [number_in(picture.image) for picture in pictures]


def test_the_decoder_fills_free_slots_ahead(server: PictureServer) -> None:
    ahead = pictures_of(server, 8)
    assert numbers(ahead) == list(range(8))
    assert [picture.offset_us for picture in ahead] == [n * STEP_US for n in range(8)]
    assert {picture.duration_us for picture in ahead} == {STEP_US}
    assert not select.select([server], [], [], 0.2)[0]
    for picture in ahead[:3]:
        server.release(picture)
    assert numbers(pictures_of(server, 3)) == [8, 9, 10]
    assert numbers(ahead[3:]) == [3, 4, 5, 6, 7]


def test_playing_to_the_end_shows_every_picture_once(server: PictureServer) -> None:
    seen: list[int] = []
    while not server.ended:
        for picture in pictures_of(server, 1):
            seen.append(number_in(picture.image))
            server.release(picture)
    assert seen == list(range(250))
    assert server.info is not None
    assert (server.info.width, server.info.height) == (96, 64)


@pytest.mark.parametrize("moment", [39_999, 4_321_000, 9_999_999])
def test_a_seek_is_answered_exactly(server: PictureServer, moment: int) -> None:
    held = pictures_of(server, 8)
    serial = server.seek(moment)
    for picture in held[:4]:
        server.release(picture)
    first = pictures_of(server, 1)[0]
    assert (first.serial, first.offset_us) == (serial, moment // STEP_US * STEP_US)
    assert number_in(first.image) == moment // STEP_US
    assert numbers(held[4:]) == [4, 5, 6, 7]  # what is still held is not touched


def test_only_the_newest_of_many_seeks_is_answered(server: PictureServer) -> None:
    for moment in range(0, 10_000_000, 100_000):
        serial = server.seek(moment)
    answer = pictures_of(server, 8)
    assert {picture.serial for picture in answer} == {serial}
    assert numbers(answer)[0] == 247


def test_a_seek_beyond_the_end_has_ended_and_the_next_one_plays(server: PictureServer) -> None:
    server.seek(10_000_000)
    assert pictures_of(server, 1) == []
    assert server.ended
    server.seek(1_000_000)
    assert not server.ended
    assert numbers(pictures_of(server, 2))[:2] == [25, 26]


def test_another_size_is_shown_after_a_seek(server: PictureServer) -> None:
    pictures = pictures_of(server, 8)
    server.resize((50, 50))
    for picture in pictures:
        server.release(picture)
    server.seek(2_000_000)
    small = pictures_of(server, 1)[0]
    assert small.image.shape == (33, 48, 3)
    assert number_in(small.image) == 50


@pytest.mark.parametrize(
    ("whole", "tile", "expected"),
    [
        ((1920, 1080), (640, 360), (640, 360)),
        ((1920, 1080), (641, 1000), (640, 361)),
        ((353, 287), (640, 360), (352, 287)),
        ((288, 352), (640, 100), (80, 100)),
        ((3, 2), (640, 360), (3, 2)),
        ((1920, 1080), (1, 1), (1, 1)),
    ],
)
def test_a_picture_fits_its_tile_and_is_never_enlarged(
    whole: tuple[int, int], tile: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted(whole, tile) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [((1920, 1080), 8), ((3840, 2160), 8), ((7680, 4320), 2), ((30000, 30000), 2)]
)
def test_huge_pictures_get_fewer_slots(size: tuple[int, int], expected: int) -> None:
    assert usable_slots(size[0] * size[1] * 3, 8) == expected


def test_for_a_screen_pictures_come_as_it_paints_them_and_small_ones_are_enlarged(long_clip: Path) -> None:
    server = PictureServer(long_clip, "video", (240, 200), screen=True)
    server.seek(2_000_000)
    picture = pictures_of(server, 1)[0]
    plain = PictureServer(long_clip, "video", (96, 64))
    plain.seek(2_000_000)
    small = pictures_of(plain, 1)[0].image
    assert picture.image.shape == (160, 240, 4)
    shrunk = cv2.resize(picture.image[:, :, :3], (96, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - small).mean() < 4
    server.close()
    plain.close()


def test_a_folder_of_pictures_is_enlarged_for_a_screen_too(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((40, 60, 3), (10, 20, 200), np.uint8))
    server = PictureServer(tmp_path, "folder", (600, 300), screen=True)
    picture = pictures_of(server, 1)[0]
    assert picture.image.shape == (300, 448, 4)
    assert picture.image[150, 200, :3].tolist() == [10, 20, 200]
    server.close()


def test_no_picture_is_enlarged_beyond_a_screenful() -> None:
    order = Order("play", DecodeRequest(Path("a.mp4")), slots=8, size=(7680, 4320), screen=True)
    assert order.room((640, 360)) == (1920 * 1080, 4)
    assert order.room((3840, 2160)) == (3840 * 2160, 4)
    assert fitted((640, 360), order.size, 3.0) == (1920, 1080)


def test_rows_are_aligned_for_the_window(tmp_path: Path) -> None:
    odd = PictureServer(write_clip(tmp_path / "odd.avi", "mpeg4", size=(353, 287), frames=4), "video", (640, 360))
    picture = pictures_of(odd, 1)[0]
    assert picture.image.shape == (287, 352, 3)
    assert picture.image.strides == (352 * 3, 3, 1)
    odd.close()


def test_a_killed_player_says_so_and_keeps_its_pictures(server: PictureServer) -> None:
    held = pictures_of(server, 8)
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: bool(server.take() or server.error))
    assert "gate.mkv: its decoder was killed by SIGKILL 0.280 s after the first picture" in server.error
    assert numbers(held) == list(range(8))
    server.release(held[0])
    server.seek(0)
    assert server.take() == []


def test_a_stream_without_index_is_sought_too(tmp_path: Path) -> None:
    raw = PictureServer(write_clip(tmp_path / "raw.264", frames=200), "video", (96, 64), assumed_rate=10)
    raw.seek(15_050_000)
    assert numbers(pictures_of(raw, 1))[0] == 150
    raw.close()
