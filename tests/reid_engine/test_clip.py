"""Clips for others: times as they were, packets as they were."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from reid_engine.decoder import DecodeRequest, stretch
from reid_engine.errors import JobCancelled, SourceError
from reid_engine.evidence.footage import native
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child
from reid_engine.video import open_source
from reid_engine.video.clip import ClipWriter, _sought, copy_packets
from tests.support.footage import Walk, pictures, record, write_video

TIMES_US = (0, 40_000, 41_000, 500_123, 3_500_000)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s, 10 pictures a second, a key frame every 2 s."""
    return record(tmp_path_factory.mktemp("clip") / "a:b %d.mp4", [Walk(0, 0, 6, 0, 320, 110)])


def test_pictures_keep_their_own_times(tmp_path: Path) -> None:
    path = tmp_path / "a:b %d.mp4"
    with ClipWriter(path, (64, 48)) as clip:
        for place, at_us in enumerate(TIMES_US):
            clip.write(np.full((48, 64, 3), 40 * place, np.uint8), at_us, 40_000)
    with av.open(f"file:{path}") as container:
        stream = container.streams.video[0]
        assert not container.streams.audio
        found = [
            (round(f.pts * stream.time_base * 1_000_000), f.to_ndarray(format="bgr24"))
            for f in container.decode(stream)
        ]
        assert stream.codec_context.name == "h264"
    assert tuple(at_us for at_us, _ in found) == TIMES_US
    for place, (_, image) in enumerate(found):
        assert abs(float(image.mean()) - 40 * place) < 3


def test_a_full_disk_is_an_error_of_the_system() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)

    def fill() -> None:
        with ClipWriter(Path("/dev/full"), (640, 480)) as clip:
            for at_us in range(0, 2_000_000, 40_000):
                clip.write(noise, at_us, 40_000)

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("from_us", "first_us"), [(0, 0), (1_900_000, 0), (2_000_000, 2_000_000), (4_500_000, 4_000_000)]
)
def test_packets_are_copied_from_the_key_frame_before(
    recording: Path, tmp_path: Path, from_us: int, first_us: int
) -> None:
    told = copy_packets(recording, tmp_path / "x", from_us, from_us + 500_000)
    assert told["first_us"] == first_us
    assert told["last_us"] >= from_us + 300_000
    assert told["container"] == "mp4"
    with av.open(str(tmp_path / "x")) as container:
        assert sum(1 for _ in container.decode(video=0)) == told["pictures"]


OPEN_GROUPS = {"g": "20", "x264-params": "open_gop=1:scenecut=0"}


@pytest.mark.parametrize(
    ("name", "codec", "options", "container"),
    [
        ("a.ts", "libx264", {"g": "20"}, "mp4"),
        ("a.mkv", "libx264", {"g": "20"}, "mp4"),
        ("a.avi", "libx264", {"g": "20"}, "avi"),
        ("a.mp4", "libx264", OPEN_GROUPS, "mp4"),
        ("m.avi", "mjpeg", {}, "avi"),
        ("m.mkv", "mpeg2video", {"g": "20"}, "matroska"),
    ],
)
def test_a_copy_in_every_container_has_whole_pictures_at_their_times(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], container: str
) -> None:
    form, fps = "yuvj420p" if codec == "mjpeg" else "yuv420p", 25
    images = pictures([Walk(0, 0, 4, -20, 340, 110)], seconds=3, fps=fps, size=(64, 48))
    path = write_video(tmp_path / name, images, fps=fps, codec=codec, pixel_format=form, options=options)
    told = copy_packets(path, tmp_path / "x", 1_500_000, 2_000_000)
    source = {p.offset_us: p for p in open_source(path).pictures()}
    kept = list(open_source(tmp_path / "x").pictures())
    assert told["container"] == container
    assert told["first_us"] in source
    assert told["first_us"] <= 1_500_000
    assert len(kept) == told["pictures"]
    for picture in kept[: told["pictures"] - 4]:  # at the end some may have been decoded before what stands between
        one, other = (np.empty((48, 64, 3), np.uint8) for _ in range(2))
        picture.to_bgr(one)
        source[round((picture.offset_us + told["first_us"]) / 40_000) * 40_000].to_bgr(other)
        assert np.array_equal(one, other)


def test_damage_in_a_recording_is_no_trouble_with_the_disk() -> None:
    def broken(*_: object) -> Iterator[object]:
        raise av.error.InvalidDataError(1094995529, "Invalid data found")
        yield

    container = SimpleNamespace(seek=lambda *_, **__: None, demux=broken)
    stream: Any = SimpleNamespace(start_time=0)
    with pytest.raises(SourceError, match="a piece of the file could not be read"):
        list(_sought(container, stream, 0))


def test_the_child_says_what_is_wrong(recording: Path, tmp_path: Path) -> None:
    def asked(out: str, path: Path) -> dict[str, object]:
        return ask_child("reid_engine.video.clip", [out, "0", "1000000", str(path)], lambda: None)

    (tmp_path / "text.mp4").write_text("no video")
    assert "holds text" in str(asked(str(tmp_path / "out"), tmp_path / "text.mp4")["error"])
    assert asked("/dev/full", recording)["errno"] == errno.ENOSPC
    raw = write_video(tmp_path / "raw.h264", pictures([], seconds=1, fps=10, size=(64, 48)))
    assert "carry no times" in str(asked(str(tmp_path / "out"), raw)["error"])


def test_a_stretch_begins_with_the_picture_that_is_shown_and_is_not_scaled(recording: Path) -> None:
    shots = list(stretch(DecodeRequest(recording), 2_150_000, 2_500_000, lambda: None))
    assert [shot.offset_us for shot in shots] == [2_100_000, 2_200_000, 2_300_000, 2_400_000, 2_500_000]
    assert all(shot.image.shape == (240, 320, 3) for shot in shots)
    odd = write_video(recording.with_name("odd.mp4"), pictures([], seconds=1, fps=10, size=(322, 242)))
    assert next(stretch(DecodeRequest(odd), 0, 0, lambda: None)).image.shape == (242, 322, 3)


def test_a_stretch_beyond_the_end_is_refused_and_one_that_is_given_up_ends(recording: Path) -> None:
    with pytest.raises(SourceError, match="no picture at"):
        list(stretch(DecodeRequest(recording), 60_000_000, 61_000_000, lambda: None))

    def stop() -> None:
        raise JobCancelled("stopped")

    with pytest.raises(JobCancelled):
        list(stretch(DecodeRequest(recording), 0, 1_000_000, stop))


def test_packets_are_not_copied_by_times_that_had_to_be_repaired(recording: Path, tmp_path: Path) -> None:
    source: Any = SimpleNamespace(kind="video")
    piece: Any = SimpleNamespace(source=source, stem="01", request=DecodeRequest(recording, repaired=True))
    told = native(piece, tmp_path, None, JobControl())
    assert told["path"] is None
    assert "jump" in told["why"]


def test_pictures_of_a_folder_are_copied_under_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        (folder / f"12:00 p{number}.JPG").write_bytes(bytes([number]))
    piece: Any = SimpleNamespace(
        source=SimpleNamespace(kind="folder"),
        request=DecodeRequest(folder, "folder", folder_fps=4.0),
        stem="01-gate-track-1",
        from_us=500_000,
        to_us=99_000_000,
        time_us=lambda offset_us: offset_us + 7,
    )
    told = native(piece, tmp_path, None, JobControl())
    kept = sorted((tmp_path / "native" / "01-gate-track-1").iterdir())
    assert [path.name for path in kept] == [f"{number:06d}.jpg" for number in range(2, 12)]
    assert [path.read_bytes()[0] for path in kept] == list(range(2, 12))
    assert (told["picture_numbers"], told["first_us"], told["last_utc_us"]) == ([2, 11], 500_000, 2_750_007)
    assert told["names"][0] == "12:00 p2.JPG"
