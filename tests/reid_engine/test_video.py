"""Recordings of every kind and in every state of decay, read in this process."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from reid_engine.errors import SeekError, SourceError
from reid_engine.video import container, open_source
from reid_engine.video.damage import MOST_PLACES, DamageCount
from reid_engine.video.timeline import Timeline
from tests.support.recorded import (
    draw,
    first_number,
    flip_bytes,
    number_in,
    numbers,
    offsets,
    pixels,
    write_clip,
    write_sound,
)

KINDS = [
    (codec, suffix)
    for codec in ("h264", "hevc", "mjpeg", "mpeg4")
    for suffix in (".mp4", ".mkv", ".avi", ".ts")
    if (codec, suffix) not in {("hevc", ".avi"), ("mjpeg", ".ts")}  # nobody writes these
] + [("h264", ".264"), ("hevc", ".265")]
STEP_US = 40_000


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {(codec, suffix): write_clip(folder / f"{codec}{suffix}", codec) for codec, suffix in KINDS}


@pytest.mark.parametrize(("codec", "suffix"), KINDS)
def test_every_picture_comes_once_at_its_time(clips: dict[tuple[str, str], Path], codec: str, suffix: str) -> None:
    source = open_source(clips[codec, suffix])
    read = list(pixels(source))
    assert [number_in(image) for _, _, image in read] == list(range(60))
    assert [index for index, _, _ in read] == list(range(60))
    assert [offset for _, offset, _ in read] == [STEP_US * number for number in range(60)]
    assert (source.info.codec, source.info.width, source.info.height, source.info.rate) == (codec, 96, 64, 25.0)
    assert source.info.expected_frames in (60, None)
    assert not source.damage.decode_errors + source.damage.corrupt_frames + source.damage.repaired_times
    source.close()


@pytest.mark.parametrize(("codec", "suffix"), KINDS)
def test_seeking_finds_the_picture_shown_at_a_moment(
    clips: dict[tuple[str, str], Path], codec: str, suffix: str
) -> None:
    source = open_source(clips[codec, suffix])
    whole = {offset: image for _, offset, image in pixels(source)}
    rng = random.Random(7)
    for moment in [0, 1, 39_999, 40_000, 2_399_999, *(rng.randrange(2_400_000) for _ in range(12))]:
        source.seek(moment)
        _, offset, image = next(pixels(source))
        assert offset == moment // STEP_US * STEP_US
        assert np.array_equal(image, whole[offset])
    source.seek(1_000_000)
    assert numbers(source) == list(range(25, 60))
    source.close()


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".avi"), ("mpeg4", ".avi"), ("h264", ".ts"), ("hevc", ".mkv")])
def test_every_picture_is_found_even_behind_the_last_key_frame(tmp_path: Path, codec: str, suffix: str) -> None:
    source = open_source(write_clip(tmp_path / f"all{suffix}", codec, frames=61))  # picture 60 is a key frame
    for number in range(61):
        source.seek(number * STEP_US)
        assert first_number(source) == number
    source.close()


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("h264", ".avi"), ("h264", ".264")])
def test_a_seek_beyond_the_end_is_refused_and_hurts_nothing(
    clips: dict[tuple[str, str], Path], codec: str, suffix: str
) -> None:
    source = open_source(clips[codec, suffix])
    with pytest.raises(SeekError, match=r"no picture at 2\.400 s"):
        source.seek(2_400_000)
    assert numbers(source) == list(range(60))
    source.close()


def test_a_seek_can_be_given_up(clips: dict[tuple[str, str], Path]) -> None:
    source = open_source(clips["h264", ".264"])

    def enough() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        source.seek(1_000_000, enough)
    assert first_number(source) == 0
    source.close()


def test_a_picture_is_scaled_to_the_array_it_fills(clips: dict[tuple[str, str], Path]) -> None:
    source = open_source(clips["h264", ".mp4"])
    pictures = list(source.pictures())
    image = np.empty((32, 48, 3), np.uint8)
    pictures[37].to_bgr(image)
    assert number_in(image) == 37
    source.close()


def test_a_stream_without_times_counts_at_a_rate_that_is_said(clips: dict[tuple[str, str], Path]) -> None:
    source = open_source(clips["h264", ".264"])
    assert "no times of its own: 25 pictures a second are assumed" in source.damage.notes[0]
    other = open_source(clips["h264", ".264"], assumed_rate=12)
    assert offsets(other)[:3] == [0, 83_333, 166_667]
    assert "12 pictures a second" in other.info.notes[0]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_changing_intervals_are_kept(tmp_path: Path, suffix: str) -> None:
    rng = random.Random(1)
    stamps = [0]
    for _ in range(59):
        stamps.append(stamps[-1] + rng.choice([10, 33, 40, 41, 200, 1500]))
    source = open_source(write_clip(tmp_path / f"changing{suffix}", rate=1000, stamps=stamps))
    assert offsets(source) == [1000 * stamp for stamp in stamps]
    assert not source.damage.any
    source.seek(stamps[30] * 1000)
    assert first_number(source) == 30


@pytest.mark.parametrize("first", [-7, 70_000])
def test_time_begins_with_the_first_picture(tmp_path: Path, first: int) -> None:
    source = open_source(write_clip(tmp_path / "first.mkv", stamps=[first + number for number in range(60)]))
    assert offsets(source) == [STEP_US * number for number in range(60)]
    source.seek(400_000)
    assert first_number(source) == 10


def test_a_header_that_lies_is_not_believed(tmp_path: Path) -> None:
    source = open_source(write_clip(tmp_path / "lies.avi", rate=50, stamps=range(0, 120, 2)))
    assert offsets(source) == [STEP_US * number for number in range(60)]
    assert (source.info.rate, source.info.expected_frames) == (25.0, 60)
    assert "the header says 50 pictures a second, the times say 25" in source.damage.notes[0]


@pytest.mark.parametrize(
    ("size", "pixel_format", "codec", "suffix"),
    [
        ((353, 287), "yuv444p", "h264", ".mp4"),
        ((353, 287), "yuv420p", "mpeg4", ".avi"),
        ((96, 64), "yuv420p10le", "h264", ".mp4"),
        ((96, 64), "yuv422p10le", "hevc", ".mkv"),
        ((96, 64), "yuv422p", "h264", ".ts"),
    ],
)
def test_odd_sizes_and_deep_colours_are_read(
    tmp_path: Path, size: tuple[int, int], pixel_format: str, codec: str, suffix: str
) -> None:
    clip = write_clip(tmp_path / f"odd{suffix}", codec, size=size, pixels=pixel_format, frames=20)
    source = open_source(clip)
    assert (source.info.width, source.info.height) == size
    read = [image for _, _, image in pixels(source)]
    assert [number_in(image) for image in read] == list(range(20))
    assert np.abs(read[5][2, 2].astype(int) - draw(5, size)[2, 2]).max() < 24  # the blue of the top


def test_a_turned_recording_is_seen_upright(tmp_path: Path) -> None:
    # The matrix of a telephone held upright: show it a quarter turn clockwise.
    turned = write_clip(tmp_path / "turned.mp4", frames=3, matrix=(0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    source = open_source(turned)
    assert (source.info.width, source.info.height) == (64, 96)
    _, _, image = next(pixels(source))
    assert image[48, 60, 0] > 150 > image[48, 4, 0]  # what was the top, blue, is at the right
    source.seek(80_000)
    assert number_in(np.rot90(next(pixels(source))[2])) == 2


def test_a_size_that_changes_is_scaled_to_the_first_and_said(tmp_path: Path) -> None:
    small, large = write_clip(tmp_path / "a.264"), write_clip(tmp_path / "b.264", size=(160, 96))
    both = tmp_path / "both.264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    source = open_source(both)
    assert numbers(source) == [*range(60), *range(60)]
    assert "the picture size changes on the way" in source.damage.notes[-1]


def test_joined_recordings_go_on_in_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.ts")
    both = tmp_path / "both.ts"
    both.write_bytes(clip.read_bytes() * 2)
    source = open_source(both)
    assert offsets(source) == [STEP_US * number for number in range(120)]
    assert source.damage.repaired_times == 1
    assert source.damage.places == ((59 * STEP_US, "the times jump back by 2.360 s; they are continued"),)


def test_every_picture_of_joined_recordings_is_found_at_its_time(tmp_path: Path) -> None:
    parts = [write_clip(tmp_path / f"{first}.ts", first=first) for first in (0, 60, 120)]
    both = tmp_path / "joined.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    source = open_source(both, repaired=True)
    assert offsets(source) == [STEP_US * number for number in range(180)]
    for number in range(0, 180, 11):
        source.seek(number * STEP_US)
        assert first_number(source) == number
    source.seek(100 * STEP_US)
    assert numbers(source) == list(range(100, 180)), "and it goes on over the next joint"
    with pytest.raises(SeekError):
        source.seek(180 * STEP_US)
    source.close()


def test_a_recorder_that_began_its_times_anew_made_no_gap_of_a_day(tmp_path: Path) -> None:
    minute = 60 * 25
    late, early = (
        write_clip(tmp_path / f"{n}.ts", first=n, stamps=range(n * minute, n * minute + 60)) for n in (60, 0)
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(late.read_bytes() + early.read_bytes())
    source = open_source(joined, repaired=True)
    assert offsets(source) == [STEP_US * number for number in range(120)]
    assert source.damage.places[-1][1].startswith("the times jump back by 3602.")
    assert source.damage.notes == ()
    for place, number in ((30, 90), (59, 119), (60, 0), (101, 41)):
        source.seek(place * STEP_US)
        assert first_number(source) == number
    source.close()


def test_a_file_whose_times_begin_late_is_as_long_as_its_pictures(tmp_path: Path) -> None:
    source = open_source(write_clip(tmp_path / "late.mkv", stamps=range(500, 560)))
    assert source.info.duration_us == 60 * STEP_US
    assert len(numbers(source)) == 60
    assert source.damage.notes == ()


# damage ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "suffix"), [kind for kind in KINDS if kind[1] != ".265"], ids=lambda value: str(value)
)
def test_flipped_bytes_lose_little_and_are_counted(tmp_path: Path, codec: str, suffix: str) -> None:
    clip = flip_bytes(write_clip(tmp_path / f"flipped{suffix}", codec, frames=120, size=(320, 240)), seed=3, flips=40)
    source = open_source(clip)
    read = list(pixels(source))
    damage = source.damage
    assert len(read) >= 40
    counted = damage.decode_errors + damage.corrupt_frames + damage.repaired_times
    assert counted > 0 or codec == "mjpeg"  # which has nothing to check itself by
    times = [offset for _, offset, _ in read]
    assert all(sooner < later for sooner, later in itertools.pairwise(times))
    again = list(pixels(source))
    assert source.damage == damage
    assert times == [offset for _, offset, _ in again]
    assert all(np.array_equal(one[2], other[2]) for one, other in zip(read, again, strict=True))


def test_half_a_transport_stream_is_read_from_its_first_key_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "half.ts")
    content = clip.read_bytes()
    clip.write_bytes(content[len(content) // 2 :])
    source = open_source(clip)
    read = numbers(source)
    assert read == list(range(read[0], 60))
    assert 12 < read[0] <= 36
    assert offsets(source) == [STEP_US * number for number in range(len(read))]


@pytest.mark.parametrize("codec", ["h264", "mpeg4", "mjpeg"])
def test_a_recording_that_was_cut_short_is_read_to_the_cut_and_said(tmp_path: Path, codec: str) -> None:
    clip = write_clip(tmp_path / "cut.mkv", codec, frames=120)
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) // 2])
    source = open_source(clip)
    read = numbers(source)
    assert read == list(range(len(read)))
    assert 20 < len(read) < 100
    assert "of the 4.8 s that its header promises" in source.damage.notes[-1]


def test_a_sound_track_that_appears_on_the_way_does_no_harm(tmp_path: Path) -> None:
    silent, loud = write_clip(tmp_path / "silent.ts"), write_clip(tmp_path / "loud.ts", sound=True)
    both = tmp_path / "both.ts"
    both.write_bytes(silent.read_bytes() + loud.read_bytes())
    source = open_source(both)
    assert numbers(source) == [*range(60), *range(60)]


class Stumbling:
    """A container as PyAV leaves one when a stream appeared on the way: after the last packet comes an IndexError."""

    def __init__(self, whole: InputContainer) -> None:
        self._whole = whole
        self.format = whole.format

    def demux(self, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        yield from self._whole.demux(stream)
        raise IndexError("list index out of range")


def test_stumbling_over_a_late_stream_loses_no_picture(clips: dict[tuple[str, str], Path]) -> None:
    clip = clips["h264", ".ts"]
    header = container.VideoFile(clip).header(None)
    file = container.VideoFile(clip)
    file._container = Stumbling(file._container)  # type: ignore[assignment]
    damage = DamageCount()
    assert len(list(file.decoded(header, damage))) == 60
    assert not damage.so_far().any


def test_errors_without_end_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "dead.mp4", "mjpeg")
    content = bytearray(clip.read_bytes())
    first, last = content.index(b"mdat") + 20_000, content.index(b"moov") - 4
    content[first:last] = bytes(last - first)
    clip.write_bytes(content)
    whole = len(numbers(open_source(clip)))
    monkeypatch.setattr(container, "MOST_ERRORS_IN_A_ROW", 5)
    source = open_source(clip)
    assert len(numbers(source)) == whole < 60
    assert source.damage.decode_errors == 6
    assert source.damage.notes[0] == "given up after 6 errors in a row"


def test_a_picture_before_the_first_key_frame_counts_as_damaged(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "half.ts", "mpeg4")
    content = clip.read_bytes()
    clip.write_bytes(content[len(content) // 2 :])
    source = open_source(clip)
    read = numbers(source)
    invented = [shown for shown, drawn in zip(read, range(60 - len(read), 60), strict=True) if shown != drawn]
    assert 0 < len(invented) == source.damage.corrupt_frames


def unreadable(folder: Path) -> dict[str, tuple[Path, str]]:
    cut = write_clip(folder / "cut.mp4")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    empty, text, junk, playlist = (folder / name for name in ("empty.mp4", "text.mp4", "junk.avi", "list.m3u8"))
    empty.touch()
    text.write_text("Not a recording — ein Text. " * 400, "utf-8")
    junk.write_bytes(bytes(range(256)) * 64)
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ncut.mp4\n")
    headless = write_clip(folder / "headless.mkv")
    headless.write_bytes(headless.read_bytes()[3000:])
    return {
        "without its index": (cut, "is an MP4 without its index.*copy it again"),
        "empty": (empty, r"is empty \(0 bytes\)"),
        "text": (text, "holds text, not video"),
        "junk": (junk, "is no video that can be read.*export it as MP4"),
        "playlist": (playlist, "holds text, not video"),
        "headless": (headless, "is no video that can be read"),
        "sound only": (write_sound(folder / "sound.mp4"), "holds sound only, no pictures"),
        "missing": (folder / "missing.mp4", "there is no such file"),
        "folder": (folder, "is no file; give a video file"),
    }


@pytest.mark.parametrize(
    "case",
    ["without its index", "empty", "text", "junk", "playlist", "headless", "sound only", "missing", "folder"],
)
def test_what_is_no_recording_gets_its_sentence(tmp_path: Path, case: str) -> None:
    path, sentence = unreadable(tmp_path)[case]
    with pytest.raises(SourceError, match=sentence) as error:
        open_source(path)
    assert str(path) in str(error.value)


def test_no_permission_gets_its_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "locked.mp4", frames=2)

    def denied(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(av, "open", denied)
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SourceError, match=r"locked.mp4 cannot be read: Permission denied; check the permissions"):
        open_source(clip)


def test_a_video_without_any_whole_picture_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "grey.mp4", "mjpeg", frames=4)
    content = bytearray(clip.read_bytes())
    first, last = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[first:last] = bytes(last - first)
    clip.write_bytes(content)
    with pytest.raises(SourceError, match="no picture of its mjpeg video could be decoded"):
        open_source(clip)


@pytest.mark.parametrize("name", ['it\'s "quoted" 🎥.mp4', "100%d of: http:x.mp4", "-y.mp4", "ümlaut\u0301.mp4"])
def test_any_name_is_a_name(tmp_path: Path, name: str) -> None:
    source = open_source(write_clip(tmp_path / "plain.mp4", frames=3).rename(tmp_path / name))
    assert numbers(source) == [0, 1, 2]


# the timeline ---------------------------------------------------------------------------------------------------------


def placed(stamps: list[int | None], step: int = 40) -> tuple[list[int], DamageCount]:
    damage = DamageCount()
    timeline = Timeline(step * 1000, damage)
    following = [*stamps[1:], None]
    thousand = [
        (None if a is None else a * 1000, None if b is None else b * 1000)
        for a, b in zip(stamps, following, strict=True)
    ]
    return [timeline.place(stamp, after)[0] // 1000 for stamp, after in thousand], damage


@pytest.mark.parametrize(
    ("stamps", "expected", "repaired"),
    [
        ([0, 40, 80, 120], [0, 40, 80, 120], 0),
        ([7, 47, 3_600_047, 3_600_087], [0, 40, 3_600_040, 3_600_080], 0),  # a real gap stays one
        ([0, 40, 900_000, 120, 160], [0, 40, 80, 120, 160], 1),  # one flipped stamp, ahead
        ([500, 540, 3, 620, 660], [0, 40, 80, 120, 160], 1),  # and behind
        ([0, 40, 40, 80, 120], [0, 40, 60, 80, 120], 1),  # twice the same
        ([0, None, 80, None, None, 200], [0, 40, 80, 120, 160, 200], 3),
        ([None, None, 80, 120], [0, 40, 80, 120], 2),
        ([None, None, None], [0, 40, 80], 3),
        ([9000, 9040, 0, 40, 80], [0, 40, 80, 120, 160], 1),  # the clock went back for good
        ([0, 40, 160, 200, 80, 120, 240, 280], [0, 40, 160, 200, 201, 220, 240, 280], 2),  # shuffled by damage
    ],
)
def test_times_rise_and_repairs_are_counted(stamps: list[int | None], expected: list[int], repaired: int) -> None:
    times, damage = placed(stamps)
    assert times == expected
    assert damage.so_far().repaired_times == repaired


def test_only_the_first_places_are_kept_but_all_are_counted() -> None:
    damage = DamageCount()
    for place in range(3 * MOST_PLACES):
        damage.reached_us = place
        damage.decode_error("here")
    assert damage.so_far().decode_errors == 3 * MOST_PLACES
    assert damage.so_far().places == tuple((place, "here") for place in range(MOST_PLACES))
