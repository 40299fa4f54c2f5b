"""Small recordings of every kind: each picture carries its own number, so a test sees which one it was given."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from reid_engine.types import BgrImage
from reid_engine.video import VideoSource

ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg", "mpeg4": "mpeg4"}
OPTIONS = {
    "h264": {"preset": "veryfast", "x264-params": "bframes=2:keyint=12:scenecut=0"},
    "hevc": {"preset": "ultrafast", "x265-params": "bframes=2:keyint=12:log-level=none"},
}
BITS = 8


def draw(number: int, size: tuple[int, int] = (96, 64)) -> BgrImage:
    """A picture whose eight columns are the bits of ``number``, the first the highest."""
    width, height = size
    bits = np.array([number >> bit & 1 for bit in reversed(range(BITS))], np.uint8)
    columns = bits[np.arange(width) * BITS // width] * 200 + 28
    image = np.repeat(np.broadcast_to(columns, (height, width))[..., None], 3, axis=2)
    image[: height // 4] = (200, 40, 40)  # the top is blue, so a turned picture shows
    return np.ascontiguousarray(image)


def number_in(image: BgrImage) -> int:
    """The number that ``draw`` put into a picture."""
    height = len(image)
    row = image[height // 2 : height * 3 // 4, :, 1].mean(axis=0)
    bits = [int(part.mean() > 128) for part in np.array_split(row, BITS)]
    return int("".join(map(str, bits)), 2)


def write_clip(
    path: Path,
    codec: str = "h264",
    *,
    frames: int = 60,
    size: tuple[int, int] = (96, 64),
    rate: int = 25,
    pixels: str | None = None,
    stamps: Sequence[int] | None = None,
    matrix: Sequence[int] | None = None,
    sound: bool = False,
    first: int = 0,
) -> Path:
    """A clip of pictures numbered from ``first``; ``stamps`` are in units of 1 / ``rate`` s; ``sound`` adds a second of
    silence."""
    pixels = pixels or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
    raw = {".264": "h264", ".265": "hevc"}.get(path.suffix)
    with av.open(str(path), "w", format=raw) as container:
        stream = container.add_stream(ENCODERS[codec], rate=rate, options=OPTIONS.get(codec, {}))
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.gop_size = 12
        stream.codec_context.thread_count = 2  # else the bytes depend on how many cores there are
        if matrix is not None:
            stream.set_display_matrix(matrix)
        silence = container.add_stream("aac", rate=8000) if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(first + number, size), format="bgr24").reformat(format=pixels)
            frame.pts = number if stamps is None else stamps[number]
            frame.time_base = Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if silence is not None:
            _write_silence(container, silence)
    return path


def write_sound(path: Path) -> Path:
    """A second of silence and no picture."""
    with av.open(str(path), "w") as container:
        _write_silence(container, container.add_stream("aac", rate=8000))
    return path


def _write_silence(container: OutputContainer, stream: AudioStream) -> None:
    silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
    silence.rate = 8000
    for number in range(8):
        silence.pts = number * 1024
        container.mux(stream.encode(silence))
    container.mux(stream.encode(None))


def flip_bytes(path: Path, *, seed: int, flips: int = 12) -> Path:
    """Damage a file behind its header and before its last part, where an index may be."""
    content = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for _ in range(flips):
        content[rng.randrange(len(content) // 4, len(content) * 7 // 10)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return path


def pixels(source: VideoSource) -> Iterator[tuple[int, int, BgrImage]]:
    """(index, offset_us, image) of every picture."""
    for picture in source.pictures():
        image = np.empty((source.info.height, source.info.width, 3), np.uint8)
        picture.to_bgr(image)
        yield picture.index, picture.offset_us, image


def numbers(source: VideoSource) -> list[int]:
    return [number_in(image) for _, _, image in pixels(source)]


def offsets(source: VideoSource) -> list[int]:
    return [picture.offset_us for picture in source.pictures()]


def first_number(source: VideoSource) -> int:
    return number_in(next(pixels(source))[2])
