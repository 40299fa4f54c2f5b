"""Decoding in children: what comes through the ring, and what a kill leaves."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import reid_engine.decoder.__main__ as decoder
from reid_engine.decoder import DecodeRequest, FrameReader, PictureServer, first_picture, link, probe
from reid_engine.decoder.forks import ForkServer
from reid_engine.decoder.selection import Selection
from reid_engine.decoder.silence import LONGEST_STEP_S, Silence
from reid_engine.errors import ChildDied, SourceError, UsageError
from reid_engine.types import BgrImage, Frame, SourceReport
from reid_engine.video import open_source
from tests.support.recorded import draw, flip_bytes, number_in, write_clip

PATIENCE_S = 30.0
STEP_US = 40_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "hall.mp4")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clip = write_clip(tmp_path_factory.mktemp("damaged") / "yard.ts", size=(320, 240), frames=120)
    return flip_bytes(clip, seed=5, flips=30)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("long") / "gate.mkv", frames=250)


def read_all(request: DecodeRequest) -> tuple[list[Frame], SourceReport]:
    """Every frame, its pixels copied."""
    frames = []
    with FrameReader(request) as reader:
        while (frame := reader.read()) is not None:
            frames.append(Frame(frame.source, frame.index, frame.offset_us, frame.image.copy()))
            reader.release(frame)
        return frames, reader.report()


def same(one: list[Frame], other: list[Frame]) -> bool:
    return len(one) == len(other) and all(
        (a.index, a.offset_us) == (b.index, b.offset_us) and np.array_equal(a.image, b.image)
        for a, b in zip(one, other, strict=True)
    )


def gone(pid: int) -> bool:
    """True when a process is dead, buried or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


# reading for analysis -------------------------------------------------------------------------------------------------


def test_every_picture_comes_through_the_ring(clip: Path) -> None:
    frames, report = read_all(DecodeRequest(clip, source=7))
    assert [number_in(frame.image) for frame in frames] == list(range(60))
    assert [(frame.source, frame.index, frame.offset_us) for frame in frames] == [
        (7, n, n * STEP_US) for n in range(60)
    ]
    assert (report.frames_decoded, report.frames_analysed, report.frames_expected) == (60, 60, 60)
    assert report.duration_us == 2_400_000
    assert not report.damage.any


def test_fewer_pictures_are_chosen_by_their_times(clip: Path) -> None:
    frames, report = read_all(DecodeRequest(clip, analyse_fps=5))
    assert [frame.index for frame in frames] == [0, 3, 8, 13, 18, 23, 28, 33, 38, 43, 48, 53, 58]
    assert (report.frames_decoded, report.frames_analysed) == (60, 13)


@pytest.mark.parametrize("rate", [5, 10, 12.5, 25, 29.97, 60])
def test_the_choice_keeps_its_rate_and_never_loses_a_picture_of_a_slower_source(rate: float) -> None:
    times = [round(number * 1e6 / 25) + number % 3 * 2000 for number in range(1000)]
    chosen = Selection(rate)
    taken = sum(chosen.takes(offset) for offset in times)
    assert abs(taken - min(25, rate) * 40) <= 1


@pytest.mark.parametrize("analyse_fps", [None, 10.0])
def test_a_resumed_reading_gives_the_same_pictures(damaged: Path, analyse_fps: float | None) -> None:
    frames, report = read_all(DecodeRequest(damaged, analyse_fps=analyse_fps))
    assert report.damage.decode_errors + report.damage.corrupt_frames > 0
    for resume in (1, 37, 80):
        before = [frame for frame in frames if frame.index < resume]
        kept = before[1::3]
        wanted = tuple(frame.index for frame in kept)
        request = DecodeRequest(damaged, analyse_fps=analyse_fps, resume_index=resume, wanted=wanted)
        resumed, again = read_all(request)
        assert same(resumed, kept + frames[len(before) :])
        assert again == report


def test_a_picture_stays_as_it_is_until_its_release(clip: Path) -> None:
    with FrameReader(DecodeRequest(clip), slots=3) as reader:
        held = [reader.read() for _ in range(3)]
        assert not select.select([reader], [], [], 0.2)[0]  # every slot is held: the decoder waits
        assert [number_in(frame.image) for frame in held if frame] == [0, 1, 2]
        assert held[1] is not None
        reader.release(held[1])
        fourth = reader.read()
        assert fourth is not None
        assert number_in(fourth.image) == 3
        assert number_in(held[1].image) == 3  # the slot that was given back
        assert held[0] is not None
        assert number_in(held[0].image) == 0


def test_one_thread_serves_several_readers(clip: Path, long_clip: Path) -> None:
    readers = [FrameReader(DecodeRequest(path, source=number)) for number, path in enumerate([clip, long_clip, clip])]
    seen: dict[int, list[int]] = {0: [], 1: [], 2: []}
    while not all(reader.ended for reader in readers):
        for reader in readers:
            while (frame := reader.poll()) is not None:
                seen[frame.source].append(number_in(frame.image))
                reader.release(frame)
        select.select([reader for reader in readers if not reader.ended], [], [], 0.5)
    assert seen == {0: list(range(60)), 1: list(range(250)), 2: list(range(60))}
    for reader in readers:
        reader.close()


def test_slots_may_be_given_back_from_another_thread_even_after_the_end(clip: Path) -> None:
    reader = FrameReader(DecodeRequest(clip), slots=2)
    frames = [reader.read(), reader.read()]
    reader.close()
    reader.close()
    thread = threading.Thread(target=lambda: [reader.release(frame) for frame in frames if frame])
    thread.start()
    thread.join()
    assert [number_in(frame.image) for frame in frames if frame] == [0, 1]


def test_a_folder_of_pictures_is_read_too(tmp_path: Path) -> None:
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), draw(number))
    (tmp_path / "2.png").write_bytes(b"broken")
    frames, report = read_all(DecodeRequest(tmp_path, "folder", folder_fps=10))
    assert [(frame.index, frame.offset_us) for frame in frames] == [(0, 0), (1, 100_000), (3, 300_000), (4, 400_000)]
    assert report.damage.decode_errors == 1
    assert report.frames_expected == 5


def test_names_of_any_bytes_are_read(tmp_path: Path, clip: Path) -> None:
    odd = tmp_path / os.fsdecode('it\'s "ö" 🎥 \udcff.mp4'.encode("utf-8", "surrogateescape"))
    odd.write_bytes(clip.read_bytes())
    assert probe(DecodeRequest(odd)) == probe(DecodeRequest(clip))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["analyse_fps", "assumed_rate", "folder_fps"])
def test_a_rate_that_is_none_is_refused(name: str, rate: float) -> None:
    with pytest.raises(UsageError, match="is no rate; give a number above 0"):
        DecodeRequest(Path("a.mp4"), **{name: rate})  # type: ignore[arg-type]


def test_a_report_before_the_end_is_a_mistake(clip: Path) -> None:
    with FrameReader(DecodeRequest(clip)) as reader, pytest.raises(ValueError, match="still being read"):
        reader.report()


# a first look ---------------------------------------------------------------------------------------------------------


def test_a_probe_tells_what_the_recording_says(clip: Path) -> None:
    info = probe(DecodeRequest(clip))
    assert (info.width, info.height, info.rate, info.expected_frames, info.duration_us) == (96, 64, 25, 60, 2_400_000)
    assert (info.codec, info.container_start_us, info.notes) == ("h264", None, ())


def test_the_first_picture_fits_its_place(clip: Path) -> None:
    image = first_picture(DecodeRequest(clip), size=(48, 48))
    assert image.shape == (32, 48, 3)
    assert abs(int(image[2, 24, 0]) - 200) < 30  # the blue of the top


def test_a_later_picture_is_given_when_a_moment_is_named(clip: Path) -> None:
    early, late = (first_picture(DecodeRequest(clip), offset_us=at, size=(96, 64)) for at in (0, 1_600_000))
    with FrameReader(DecodeRequest(clip)) as reader:
        expected = None
        while (frame := reader.read()) is not None:
            if frame.offset_us == 1_600_000:
                expected = frame.image.copy()
            reader.release(frame)
    assert expected is not None
    assert not np.array_equal(early, late)
    assert np.array_equal(late, expected)


def test_what_cannot_be_read_is_said_by_every_door(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no recording")
    request = DecodeRequest(text)
    sentence = f"{text} holds text, not video; give the recording itself"
    for door in (probe, first_picture, read_all):
        with pytest.raises(SourceError) as error:
            door(request)
        assert str(error.value) == sentence
    server = PictureServer(text, "video", (64, 64))
    wait_until(lambda: bool(server.take() or server.error))
    assert server.error == sentence
    server.close()


def test_asking_for_a_decoder_loads_neither_decoder_nor_network() -> None:
    program = "import sys, reid_engine.decoder; print([m for m in ('av', 'cv2', 'torch') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# deaths ---------------------------------------------------------------------------------------------------------------


def test_a_killed_decoder_is_reported_with_its_place(long_clip: Path) -> None:
    with FrameReader(DecodeRequest(long_clip), slots=2) as reader:
        for _ in range(50):
            frame = reader.read()
            assert frame is not None
            reader.release(frame)
        os.kill(reader.pid, signal.SIGKILL)
        with pytest.raises(ChildDied, match=r"gate.mkv: its decoder was killed by SIGKILL (1\.9|2)") as first:
            list(iter(reader.read, None))
        with pytest.raises(ChildDied) as second:
            reader.poll()
        assert str(first.value) == str(second.value)
        assert not reader.ended


def test_a_decoder_that_dies_at_first_sight_is_reported_too(clip: Path) -> None:
    reader = FrameReader(DecodeRequest(clip))
    os.kill(reader.pid, signal.SIGSEGV)
    with pytest.raises(ChildDied, match=r"hall.mp4: its decoder was killed by SIGSEGV 0\.000 s"):
        reader.read()
    reader.close()


class Hours:
    """A clock on which an hour passes between any two looks."""

    now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 3600.0
        return self.now_s


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many looks at a silent decoder are enough as would be without any pause between them."""
    monkeypatch.setattr(link, "Silence", lambda: Silence(Hours()))


@pytest.mark.usefixtures("hours")
def test_a_decoder_that_hangs_is_ended_and_named(long_clip: Path) -> None:
    with FrameReader(DecodeRequest(long_clip), slots=4) as reader:
        frame = reader.read()
        assert frame is not None
        os.kill(reader.pid, signal.SIGSTOP)

        def listen() -> None:
            found: Frame | None = frame
            while True:
                if found is not None:
                    reader.release(found)
                found = reader.poll()

        with pytest.raises(ChildDied, match=r"gate.mkv: its decoder said nothing for 30 s") as hung:
            listen()
        wait_until(lambda: gone(reader.pid))
        with pytest.raises(ChildDied) as again:
            reader.poll()
        assert str(hung.value) == str(again.value)


@pytest.mark.usefixtures("hours")
def test_a_decoder_that_hangs_before_it_has_opened_its_recording_is_given_twice_as_long(clip: Path) -> None:
    with FrameReader(DecodeRequest(clip)) as reader:
        os.kill(reader.pid, signal.SIGSTOP)
        looks = round(60 / LONGEST_STEP_S)
        assert [reader.poll() for _ in range(looks)] == [None] * looks
        with pytest.raises(ChildDied, match="said nothing for 60 s"):
            reader.poll()


@pytest.mark.usefixtures("hours")
def test_a_decoder_that_waits_for_its_reader_is_not_silent(clip: Path) -> None:
    with FrameReader(DecodeRequest(clip), slots=2) as reader:
        held = [reader.read(), reader.read()]
        assert [reader.poll() for _ in range(100)] == [None] * 100
        assert held[0] is not None
        reader.release(held[0])
        third = reader.read()
        assert third is not None
        assert number_in(third.image) == 2


@pytest.mark.usefixtures("hours")
def test_a_player_that_has_nothing_more_to_show_is_not_silent_and_one_that_was_sought_is(clip: Path) -> None:
    server = PictureServer(clip, "video", (96, 64), slots=80)
    wait_until(lambda: any(picture.offset_us >= 59 * STEP_US for picture in server.take()) or server.ended)
    wait_until(lambda: bool(server.take() or server.ended))
    assert [server.take() for _ in range(100)] == [[]] * 100
    assert not server.error
    os.kill(server.pid, signal.SIGSTOP)
    server.seek(0)
    wait_until(lambda: bool(server.take() or server.error))
    assert "said nothing for 30 s" in server.error
    assert server.died
    server.close()


def test_a_pause_of_the_listener_is_no_silence() -> None:
    moments = iter([0.0, 1.0, 4000.0, 4001.0, 4001.5, 4002.0])
    silence = Silence(lambda: next(moments))
    assert silence.look() == 1.0
    assert silence.look() == 1.0 + LONGEST_STEP_S
    silence.broken()
    assert [silence.look(), silence.look()] == [0.5, 1.0]


def test_a_decoder_that_reads_without_a_picture_says_that_it_is_alive(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(decoder, "ALIVE_EVERY_S", -1.0)
    monkeypatch.setattr(decoder.JsonLines, "event", lambda self, kind, **fields: said.append(kind))
    voice = decoder._Voice()
    open_source(clip, alive=voice.alive).close()
    assert len(said) > 40
    assert set(said) == {"alive"}


def test_a_killed_parent_takes_its_decoders_along(long_clip: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from reid_engine.decoder import *\n"
        "path = Path(sys.argv[1])\n"
        "reader, server = FrameReader(DecodeRequest(path)), PictureServer(path, 'video', (64, 64))\n"
        "reader.read(); print(reader.pid, server.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(long_clip)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [int(number) for number in parent.stdout.readline().split()]
    assert len(children) == 2
    assert not any(map(gone, children))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: all(map(gone, children)))


def test_where_no_decoder_can_be_asked_for_nothing_stays_open(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(ForkServer, "fork", refuse)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="no room"):
        probe(DecodeRequest(clip))
    assert len(os.listdir("/proc/self/fd")) == before


def test_closing_ends_the_decoder(long_clip: Path) -> None:
    reader, server = FrameReader(DecodeRequest(long_clip)), PictureServer(long_clip, "video", (64, 64))
    pids = [reader.pid, server.pid]
    reader.close()
    server.close()
    assert all(map(gone, pids))


def test_images_are_views_not_copies(clip: Path) -> None:
    with FrameReader(DecodeRequest(clip)) as reader:
        frame = reader.read()
        assert frame is not None
        image: BgrImage = frame.image
        assert image.flags.c_contiguous
        assert not image.flags.owndata
