from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.player import ENDS_BEFORE, CameraFeed, MasterClock, Reel, Showing, Stretch
from app.widgets.tile import Tile
from reid_engine.clock import CameraClock, ManualClock
from reid_engine.decoder import Picture
from reid_engine.decoder.silence import Silence
from reid_engine.types import CameraId
from reid_engine.whereabouts import Shown


def test_the_clock_runs_at_its_rate_and_stands_when_paused() -> None:
    hand = ManualClock()
    clock = MasterClock(hand.monotonic_s)
    clock.limit(1_000_000, 100_000_000)
    clock.seek(10_000_000)
    clock.play(2.0)
    hand.advance(3)
    assert clock.now_us() == 16_000_000
    clock.pause()
    hand.advance(3)
    assert clock.now_us() == 16_000_000


def test_the_clock_runs_backwards_and_stops_at_the_first_picture() -> None:
    hand = ManualClock()
    clock = MasterClock(hand.monotonic_s)
    clock.limit(1_000_000, 100_000_000)
    clock.seek(3_000_000)
    clock.play(-1.0)
    hand.advance(1)
    assert clock.now_us() == 2_000_000
    hand.advance(10)
    assert clock.now_us() == 1_000_000
    assert clock.at_limit


def stretch(start_us: int, duration_us: int, clock: CameraClock | None = None) -> Stretch:
    return Stretch(Path("a.mp4"), "video", start_us, duration_us, clock or CameraClock(), (320, 240))


def test_a_camera_whose_clock_is_fast_is_shown_earlier() -> None:
    fast = stretch(100_000_000, 10_000_000, CameraClock(offset_us=37_000_000))
    assert fast.from_us == 63_000_000
    assert fast.offset(64_500_000) == 1_500_000
    assert fast.time(1_500_000) == 64_500_000


def test_the_very_end_of_a_recording_is_a_moment_of_its_last_picture() -> None:
    assert stretch(0, 10_000_000).offset(10_000_000) == 9_999_999


class Ended:
    """A decoder that was sent beyond its last picture."""

    error, ended = "", True

    def __init__(self) -> None:
        self._ends = os.pipe()

    def __getattr__(self, name: str) -> Callable[..., int]:
        return lambda *_: 0

    def fileno(self) -> int:
        return self._ends[0]

    def take(self) -> list[Picture]:
        return []


class Decoders:
    """Starts it at once."""

    def __init__(self, server: Ended) -> None:
        self._server = server

    def start(self, stretch: Stretch, room: tuple[int, int], then: Callable[[Ended], None]) -> None:
        then(self._server)

    def end(self, server: Ended) -> None:
        for end in server._ends:
            os.close(end)


def test_beyond_the_last_picture_no_earlier_one_stays(tmp_path: Path, qapp: QApplication) -> None:
    (tmp_path / "cut.mp4").touch()
    feed = CameraFeed([replace(stretch(0, 10_000_000), path=tmp_path / "cut.mp4")], Decoders(Ended()))  # type: ignore[arg-type]
    feed.showing = Showing(QImage(4, 4, QImage.Format.Format_RGB888), 3_000_000)
    feed.at(8_000_000, exact=True)
    showing = feed.at(8_000_000, exact=False)
    feed.close()
    assert showing.image is None
    assert showing.reason == ENDS_BEFORE


class Hung(Ended):
    """A decoder that gives one picture, then nothing for as long as ``error`` is empty."""

    ended, died = False, True

    def __init__(self) -> None:
        super().__init__()
        self.pictures = [Picture(1, 3_000_000, 40_000, np.zeros((4, 4, 4), np.uint8), 0)]
        self.error = ""

    def seek(self, offset_us: int) -> int:
        return 1

    def take(self) -> list[Picture]:
        taken, self.pictures = self.pictures, []
        return taken


def hung_feed(folder: Path, servers: list[Hung], hand: ManualClock) -> CameraFeed:
    """A feed whose decoders hang one after the other."""
    (folder / "hung.mp4").touch()

    class Several(Decoders):
        def __init__(self) -> None:
            self.left = list(servers)

        def start(self, stretch: Stretch, room: tuple[int, int], then: Callable[[Ended], None]) -> None:
            then(self.left.pop(0))

    feed = CameraFeed([replace(stretch(0, 10_000_000), path=folder / "hung.mp4")], Several())  # type: ignore[arg-type]
    feed._late = Silence(hand.monotonic_s)
    feed.at(3_000_000, exact=True)
    feed._on_ready()
    return feed


def test_a_picture_that_should_have_gone_is_called_stalled_after_three_seconds(
    tmp_path: Path, qapp: QApplication
) -> None:
    hand, server = ManualClock(), Hung()
    feed = hung_feed(tmp_path, [server], hand)
    tile = Tile(CameraId(1), "Gate", 0, CameraClock())
    tile.resize(320, 240)
    seen = []
    for second in range(6):
        now_us = 3_000_000 + second * 1_000_000
        showing = feed.at(now_us, exact=False)
        tile.show_moment(showing, Shown.nobody())
        seen.append((showing.time_us, tile.stalled))
        hand.advance(1)
    words = ["", "", "", "", *(f"Stalled: no newer picture for {late} s" for late in (3, 4))]
    assert seen == [(3_000_000, word) for word in words]
    plain = tile.grab().toImage()
    server.pictures = [Picture(1, 8_000_000, 40_000, np.zeros((4, 4, 4), np.uint8), 1)]
    feed._on_ready()
    tile.show_moment(feed.at(8_000_000, exact=False), Shown.nobody())
    assert tile.stalled == ""
    assert tile.grab().toImage() != plain
    assert not feed._watch.isActive()
    feed.close()


def test_a_paused_player_looks_again_by_itself_as_long_as_a_picture_is_owed(tmp_path: Path, qapp: QApplication) -> None:
    hand = ManualClock()
    feed = hung_feed(tmp_path, [Hung()], hand)
    feed.at(3_000_000, exact=False)
    assert not feed._watch.isActive()
    feed.at(8_000_000, exact=True)
    assert feed._watch.isActive()
    feed.arrived.connect(lambda: feed.at(8_000_000, exact=False))
    for _ in range(3):
        hand.advance(1)
        feed._watch.timeout.emit()
    assert feed.showing.stalled_s == 3
    feed.close()


def test_a_decoder_that_was_ended_for_its_silence_is_started_again_once(tmp_path: Path, qapp: QApplication) -> None:
    first, second = Hung(), Hung()
    feed = hung_feed(tmp_path, [first, second], ManualClock())
    first.error = "its decoder said nothing"
    feed._on_ready()
    feed.at(3_000_000, exact=False)
    feed._on_ready()
    assert feed.at(3_000_000, exact=False).image is not None
    second.error = "its decoder said nothing again"
    feed._on_ready()
    assert feed.at(5_000_000, exact=False).reason == "its decoder said nothing again"
    feed.close()


def test_between_two_recordings_there_is_none() -> None:
    first, second = stretch(0, 10_000_000), stretch(20_000_000, 10_000_000)
    reel = Reel([second, first])
    assert reel.at(-1) is None
    assert reel.at(5_000_000) is first
    assert reel.at(15_000_000) is None
    assert reel.at(25_000_000) is second
    assert reel.from_us == 0


def test_where_two_recordings_overlap_the_later_one_is_shown_and_the_longer_one_after_it() -> None:
    long, short = stretch(0, 60_000_000), stretch(20_000_000, 10_000_000)
    reel = Reel([long, short])
    assert reel.at(25_000_000) is short
    assert reel.at(40_000_000) is long


def test_a_camera_without_recordings_shows_nothing() -> None:
    assert Reel([]).at(0) is None
    assert Reel([]).from_us is None
