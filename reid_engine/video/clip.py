"""Clips for others: packets of a recording copied as they are, and pictures encoded as H.264 in MP4.

``python -m reid_engine.video.clip OUT FROM_US TO_US RECORDING`` copies, in a process of its own because it parses a
stranger's file, and answers with one JSON object.
"""

from __future__ import annotations

import json
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
from reid_engine.video.file import FileSource

ENCODERS = ("libx264", "libopenh264", "h264_mf", "mpeg4")  # the first that is there
IN_MP4 = frozenset({"h264", "hevc", "mpeg4", "av1", "vp9"})  # other codecs go into Matroska
MICROSECONDS = Fraction(1, 1_000_000)
OPTIONS_OF = {"libx264": {"preset": "veryfast", "crf": "16", "bf": "0", "threads": "1"}}
KEY_FRAME_EVERY = 50
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
        raise SourceError(f"{path.name}: its packets carry no times, so a part of it cannot be copied")
    with av.open(f"file:{path}", options=OPTIONS) as container:
        stream = next(s for s in container.streams.video if s.codec_context is not None)
        kept = _packets(container, stream, base_us, from_us, to_us)
        form = "mp4" if stream.codec_context.name in IN_MP4 else "matroska"
        with _as_os_errors(), av.open(f"file:{out}", "w", format=form) as written:
            times = _copied(kept, stream, written, base_us)
    before = max(0, sum(at_us <= from_us for at_us in times) - 1)
    told = {"first_us": min(times), "last_us": max(times), "pictures": len(times), "before": before}
    return {"container": form, **told}


def _copied(kept: Iterator[Packet[VideoStream]], stream: VideoStream, written: Any, base_us: int) -> list[int]:
    """When each picture that was copied is shown, after the first of the recording."""
    target = written.add_stream_from_template(stream)
    times: list[int] = []
    first: int | None = None
    for packet in kept:
        assert packet.pts is not None
        assert packet.dts is not None
        times.append(round(packet.pts * packet.time_base * 1_000_000) - base_us)
        first = packet.pts if first is None else first
        packet.pts, packet.dts, packet.stream = packet.pts - first, packet.dts - first, target
        written.mux(packet)
    if not times:
        raise SourceError("there is no packet in this part of the recording")
    return times


def _packets(
    container: Any, stream: VideoStream, base_us: int, from_us: int, to_us: int
) -> Iterator[Packet[VideoStream]]:
    tick = stream.time_base or MICROSECONDS
    container.seek(round((base_us + max(0, from_us)) * MICROSECONDS / tick), stream=stream)
    begun = False
    for packet in container.demux(stream):
        if packet.dts is None or packet.pts is None:
            if packet.size:
                raise SourceError("its packets carry no times, so a part of it cannot be copied")
            continue
        begun = begun or packet.is_keyframe
        if packet.dts * tick > (base_us + to_us) * MICROSECONDS:
            return
        if begun:
            yield packet


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
