"""Clips for others: packets of a recording copied as they are, and pictures encoded as H.264 in MP4.

``python -m reid_engine.video.clip OUT FROM_US TO_US RECORDING`` copies, in a process of its own because it parses a
stranger's file, and answers with one JSON object.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.packet import Packet
from av.video.stream import VideoStream

from reid_engine.errors import ReappearError, SourceError
from reid_engine.process import die_with_parent, private_stdout
from reid_engine.types import BgrImage
from reid_engine.video.container import OPTIONS
from reid_engine.video.file import SEEK_MARGINS_US, FileSource

ENCODERS = ("libx264", "libopenh264", "h264_mf", "mpeg4")  # the first that is there
IN_MP4 = frozenset({"h264", "hevc", "mpeg4", "av1", "vp9"})  # other codecs go into Matroska
MICROSECONDS = Fraction(1, 1_000_000)
OPTIONS_OF = {"libx264": {"preset": "veryfast", "crf": "16", "bf": "0", "threads": "1"}}
KEY_FRAME_EVERY = 50
TIMELESS = "its packets carry no times, so a part of it cannot be copied"
ORDERED_WITHIN = Fraction(1, 2)  # seconds by which a picture may be decoded before it is shown
NOMINAL_RATE = 25  # what the encoder is told; the times are those of the pictures


def encoder() -> str:
    """What rendered clips are encoded with on this machine."""
    return next(name for name in ENCODERS if name in av.codecs_available)


class ClipWriter:
    """An MP4 of pictures with their own times, without sound. Raises OSError where it cannot be written."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """``size`` is (width, height), both even."""
        name = encoder()
        with _as_os_errors():
            self._container = av.open(f"file:{path}", "w", format="mp4", options={"movflags": "+faststart"})
        stream = self._container.add_stream(name, rate=NOMINAL_RATE, options=OPTIONS_OF.get(name, {}))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = MICROSECONDS
        stream.codec_context.gop_size = KEY_FRAME_EVERY
        self._stream = stream
        self._lengths: dict[int, int] = {}

    def write(self, image: BgrImage, at_us: int, length_us: int) -> None:
        """Append a (H, W, 3) BGR picture that is shown ``at_us`` after the clip's begin."""
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = at_us, MICROSECONDS
        self._lengths[at_us] = length_us
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            packet.duration = self._lengths.pop(packet.pts or 0, 0)
            with _as_os_errors():
                self._container.mux(packet)

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._mux(self._stream.encode(None))
        finally:
            with _as_os_errors():
                self._container.close()


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """What FFmpeg says of a full disk is an error of the system's."""
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def copy_packets(path: Path, out: Path, from_us: int, to_us: int) -> dict[str, Any]:
    """Copy the pictures' packets from the key frame at or before ``from_us`` to ``to_us`` (after the first picture).

    Returns what the copy holds: ``first_us`` and ``last_us`` of its pictures, their number, how many of them come
    before the one that is shown at ``from_us``, and the container. Raises SourceError for a recording whose packets
    carry no times, OSError.
    """
    source = FileSource(path)
    base_us = source.first_stamp_us
    source.close()
    if base_us is None:
        raise SourceError(TIMELESS)
    with av.open(f"file:{path}", options=OPTIONS) as container:
        stream = next(s for s in container.streams.video if s.codec_context is not None)
        by_dts = container.format.name == "avi"  # whose display stamps are made up: see ``container``
        if by_dts:  # the first picture has the stamp of the packet that drove it out of the decoder
            base_us = round((stream.start_time or 0) * (stream.time_base or MICROSECONDS) * 1_000_000)
        form = "avi" if by_dts else "mp4" if stream.codec_context.name in IN_MP4 else "matroska"
        kept = _packets(container, stream, base_us, (from_us, to_us), by_dts)
        with _as_os_errors(), av.open(f"file:{out}", "w", format=form) as written:
            times = _copied(kept, stream, written, base_us)
    before = max(0, sum(at_us <= from_us for at_us in times) - 1)
    told = {"first_us": min(times), "last_us": max(times), "pictures": len(times), "before": before}
    return {"container": form, **told}


def _copied(kept: Iterator[Packet[VideoStream]], stream: VideoStream, written: Any, base_us: int) -> list[int]:
    """When each picture that was copied is shown, after the first of the recording."""
    target = written.add_stream_from_template(stream)
    tick = stream.time_base or MICROSECONDS
    times: list[int] = []
    first = last = 0
    for packet in kept:
        assert packet.pts is not None
        if not times:
            first, last = packet.pts, packet.pts - round(ORDERED_WITHIN / tick) - 1
        times.append(round(packet.pts * tick * 1_000_000) - base_us)
        # Matroska leaves decoding stamps out where pictures are reordered: whatever rises and is early enough will do
        last = max(last + 1, last if packet.dts is None else packet.dts)
        packet.pts, packet.dts, packet.stream = packet.pts - first, last - first, target
        written.mux(packet)
    if not times:
        raise SourceError("there is no packet in this part of the recording")
    return times


def _packets(
    container: Any, stream: VideoStream, base_us: int, span_us: tuple[int, int], by_dts: bool
) -> Iterator[Packet[VideoStream]]:
    """From the key frame at or before a moment, without what is shown before it and refers to what is left out."""
    tick = stream.time_base or MICROSECONDS
    from_stamp, to_stamp = (math.floor((base_us + max(0, at_us)) * MICROSECONDS / tick) for at_us in span_us)
    for margin_us in (*SEEK_MARGINS_US, None):
        packets = _sought(container, stream, 0 if margin_us is None else from_stamp - round(margin_us / 1e6 / tick))
        placed = (_placed(packet, by_dts) for packet in packets if packet.size)
        key = next((packet for packet in placed if packet.is_keyframe), None)
        if key is not None and (key.pts <= from_stamp or margin_us is None):
            break
    else:
        return
    key_stamp = key.pts  # it is moved when it is written
    yield key
    for packet in placed:
        if (packet.pts if packet.dts is None else packet.dts) > to_stamp:
            return
        if packet.pts >= key_stamp:
            yield packet


def _sought(container: Any, stream: VideoStream, stamp: int) -> Iterator[Packet[VideoStream]]:
    """The packets from about a stamp on; none where the file cannot go there. Raises SourceError for damage."""
    try:
        container.seek(max(stamp, min(0, stream.start_time or 0)), stream=stream)
    except av.FFmpegError:
        return
    try:
        yield from container.demux(stream)
    except av.FFmpegError as error:
        raise SourceError(f"a piece of the file could not be read ({error.strerror})") from error


def _placed(packet: Packet[VideoStream], by_dts: bool) -> Any:
    """The packet with the stamp at which it is shown. Raises SourceError where it carries none."""
    if by_dts:
        packet.pts = packet.dts
    if packet.pts is None:
        raise SourceError(TIMELESS)
    return packet


def main(arguments: list[str]) -> int:
    """The child."""
    out = private_stdout()
    die_with_parent()
    to, from_us, to_us, path = arguments
    try:
        answer = copy_packets(Path(path), Path(to), int(from_us), int(to_us))
    except ReappearError as error:
        answer = {"error": str(error)}
    except OSError as error:
        answer = {"error": str(error), "errno": error.errno}
    except av.FFmpegError as error:
        answer = {"error": f"the packets could not be copied ({error.strerror})"}
    out.write(json.dumps(answer))
    out.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
