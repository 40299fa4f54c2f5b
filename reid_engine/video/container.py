"""The one file that imports PyAV: a video file to decoded pictures with the stamps they came with."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from reid_engine.clock import NO_TIME_BEFORE_US
from reid_engine.errors import SourceError
from reid_engine.picture import LARGEST_PX, TOO_LARGE
from reid_engine.recordings.start import microseconds
from reid_engine.types import RATE_ASSUMED, BgrImage
from reid_engine.video.damage import DamageCount
from reid_engine.video.unreadable import refusal

# Formats that are one recording in one file. Playlists are left out: they name further files and addresses.
FORMATS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,mjpeg,jpeg_pipe,png_pipe,asf,flv,dhav,mxf,ogg,ivf,"
    "nut,gif,dv,rm,wtv,vc1,obu,av1,mp3,wav,aac,flac"
)
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
MOST_ERRORS_IN_A_ROW = 10_000
PEEKED_PACKETS = 48
LYING_HEADER = 1.5  # the stamps' rate over the header's, either way, from which the stamps are believed
EVEN_WITHIN = 0.1  # of the usual interval
EVEN_SHARE = 0.8
USUAL_RATE = 25.0
COUNTED_FROM_0 = "matroska"  # its duration is the time of its end, also where it begins late
WRAPPING = frozenset({"mpegts", "mpeg"})
WRAP_US = 2**33 * 1_000_000 // 90_000  # 33 bits of a 90 kHz clock: 26.5 hours
ONE_PICTURE_A_PACKET = frozenset({"h264", "hevc"})  # unless interlaced, where a packet may be half a picture


@dataclass(frozen=True, slots=True)
class Header:
    """What the container says, checked against the first packets.

    counted: the stream has no stamps at all; a picture's time is its number over the rate
    by_dts:  the display stamps are made up (AVI); decoding stamps are right, and pictures come in display order
    wrap_us: after which the stamps begin anew, None where they never do
    """

    codec: str
    rate: float
    counted: bool
    by_dts: bool
    expected_frames: int | None
    duration_us: int | None
    start_us: int | None
    notes: tuple[str, ...]
    wrap_us: int | None

    @property
    def step_us(self) -> int:
        """The nominal distance of two pictures."""
        return round(1e6 / self.rate)


class Decoded(NamedTuple):
    """A picture and the stamp it came with, None where it has none. Its size is as displayed.

    stamp_guessed: the stamp is counted on from the last packet; right only if pictures with stamps came before
    """

    stamp_us: int | None
    stamp_guessed: bool
    key_frame: bool
    corrupt: bool
    size: tuple[int, int]
    to_bgr: Callable[[BgrImage], None]


class VideoFile:
    """An open video file, to be read once from where it stands; ``alive`` is called for every packet.

    Raises SourceError when it is none.
    """

    def __init__(self, path: Path, alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive
        try:
            # "file:" keeps a colon or a per cent sign in a name from meaning something.
            self._container: InputContainer = av.open(f"file:{path}", options=OPTIONS, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise refusal(path, error) from error
        try:
            self._stream = _picture_stream(path, self._container)
        except SourceError:
            self._container.close()
            raise
        self._reformatter = VideoReformatter()

    def close(self) -> None:
        """Let the file go."""
        self._container.close()

    def header(self, assumed_rate: float | None) -> Header:
        """What the container says, checked against its first packets; they are used up."""
        packets = itertools.islice(self._packets(DamageCount()), PEEKED_PACKETS)
        stamps = [(packet.pts, packet.dts) for packet in packets if packet.size]
        counted = all(pts is None and dts is None for pts, dts in stamps)
        said = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        seen, steady = self._seen_rate(sorted(dts for _, dts in stamps if dts is not None))
        lies = bool(said and seen and max(said / seen, seen / said) >= LYING_HEADER)
        duration, frames = self._duration_us(), self._stream.frames or None
        rate = (seen if lies else said or seen) or USUAL_RATE
        notes: tuple[str, ...] = ()
        if counted:
            rate = assumed_rate or said or USUAL_RATE
            notes = (f"the recording has no times of its own: {rate:g} {RATE_ASSUMED}",)
        elif lies and steady:
            frames = round(duration * rate / 1e6) if duration else None
            notes = (f"the header says {said:g} pictures a second, the times say {rate:g}: the times are believed",)
        by_dts = self._container.format.name == "avi"
        codec = self._stream.codec_context.name
        wrap_us = WRAP_US if self._container.format.name in WRAPPING else None
        return Header(codec, rate, counted, by_dts, frames, duration, self._start_us(), notes, wrap_us)

    def stamps(self) -> Iterator[tuple[int | None, int | None, bool]]:
        """(decoding stamp, display stamp, whether a key frame) of every packet from where the file stands."""
        for packet in self._packets(DamageCount()):
            decoding, shown = self._microseconds(packet.dts), self._microseconds(packet.pts)
            yield shown if decoding is None else decoding, shown, packet.is_keyframe

    def pass_over(self, packets: int) -> None:
        """Stand behind so many packets, which nobody decodes."""
        for _ in itertools.islice(self._packets(DamageCount()), packets):
            pass

    def decoded(self, header: Header, damage: DamageCount) -> Iterator[Decoded]:
        """Every picture from where the file stands; what fails is counted and passed over."""
        drained = 0
        for number, (frame, newest_dts, whole) in enumerate(self._frames(damage)):
            stamp = self._microseconds(frame.dts if header.by_dts else frame.pts)
            if header.counted:
                stamp = round(number * 1e6 / header.rate)
            elif header.by_dts and stamp is None:
                drained += 1  # the last pictures come after the last packet, so without its stamp
                stamp = (self._microseconds(newest_dts) or 0) + drained * header.step_us
            turns = round(frame.rotation / 90) % 4
            size = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
            fill = partial(_fill, self._reformatter, frame, turns)
            yield Decoded(stamp, drained > 0, bool(frame.key_frame), bool(frame.is_corrupt) or not whole, size, fill)

    def go_to_key_frame(self, stamp_us: int) -> bool:
        """Stand at a key frame, at or before a stamp if the index is good; False where the file cannot."""
        try:
            self._container.seek(round(stamp_us / (self._time_base * 1_000_000)), stream=self._stream)
        except av.FFmpegError:
            return False
        return True

    def _frames(self, damage: DamageCount) -> Iterator[tuple[VideoFrame, int | None, bool]]:
        """(picture, the newest packet's decoding stamp, whether a key frame came before it)."""
        in_a_row, whole, owed = 0, False, 0
        newest_dts: int | None = None
        progressive = self._stream.codec_context.name in ONE_PICTURE_A_PACKET
        for packet in self._packets(damage):
            if packet.size == 0 and packet.dts is not None:
                continue  # a repeated picture of an AVI; to the decoder nothing means the end
            # Before the first key frame some decoders invent what they refer to, and say nothing.
            whole = whole or packet.is_keyframe
            newest_dts = newest_dts if packet.dts is None else packet.dts
            if packet.is_corrupt:
                damage.decode_error("a piece of the recording arrived damaged")
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                damage.decode_error(f"a piece of the video could not be decoded ({error.strerror})")
                in_a_row += 1
                if in_a_row > MOST_ERRORS_IN_A_ROW:
                    damage.note(f"given up after {in_a_row} errors in a row")
                    return
                continue
            in_a_row = 0
            owed += bool(packet.size and not packet.is_discard) - len(frames)
            for frame in frames:
                progressive = progressive and not frame.interlaced_frame
                yield frame, newest_dts, whole
        if progressive:
            damage.lost_pictures(owed)

    def _packets(self, damage: DamageCount) -> Iterator[Packet[VideoStream]]:
        """Packets to the end of the file; after the last an empty one, which drains the decoder."""
        packets = self._container.demux(self._stream)
        for _ in range(MOST_ERRORS_IN_A_ROW):
            try:
                for packet in packets:
                    self._alive()
                    yield packet
            except av.FFmpegError as error:
                damage.decode_error(f"a piece of the file could not be read ({error.strerror})")
                packets = self._container.demux(self._stream)  # a generator that raised is finished
            except IndexError:
                return  # PyAV stumbles at the end, our stream drained, over one that appeared on the way
            else:
                return
        damage.note(f"given up after {MOST_ERRORS_IN_A_ROW} places that could not be read")

    @property
    def _time_base(self) -> Fraction:
        return self._stream.time_base or Fraction(1, 1_000_000)

    def _microseconds(self, stamp: int | None) -> int | None:
        return None if stamp is None else round(stamp * self._time_base * 1_000_000)

    def _seen_rate(self, stamps: list[int]) -> tuple[float | None, bool]:
        """Pictures a second by the stamps, and whether they come at even intervals."""
        steps = [later - sooner for sooner, later in itertools.pairwise(stamps) if later > sooner]
        if not steps:
            return None, False
        usual = statistics.median_low(steps)
        even = sum(abs(step - usual) <= usual * EVEN_WITHIN for step in steps) >= EVEN_SHARE * len(steps)
        step = usual if even else statistics.fmean(steps)
        return float(1 / (step * self._time_base)), even

    def _duration_us(self) -> int | None:
        """As the container has it, after its first picture; None too where beginning and end are of two recordings."""
        name, start = self._container.format.name, self._container.start_time
        duration = self._microseconds(self._stream.duration) or self._container.duration
        if duration and start and start > 0 and name.startswith(COUNTED_FROM_0):
            duration = max(0, duration - start)
        return None if name in WRAPPING and duration and duration > WRAP_US // 2 else duration or None

    def _start_us(self) -> int | None:
        for metadata in (self._stream.metadata, self._container.metadata):
            try:
                moment = datetime.fromisoformat(metadata.get("creation_time", ""))
            except ValueError:
                continue
            start = microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            if start >= NO_TIME_BEFORE_US:
                return start
        return None


def _picture_stream(path: Path, container: InputContainer) -> VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        found = "sound only" if container.streams.audio else "nothing that can be shown"
        raise SourceError(f"{path} holds {found}, no pictures; give the file with the video")
    stream = streams[0]
    if stream.codec_context is None:
        raise SourceError(f"{path}: its video is coded in a way that is not known here; export it as H.264")
    if stream.codec_context.width * stream.codec_context.height > LARGEST_PX:
        raise SourceError(f"{path}: every picture of it has {TOO_LARGE}")
    # One thread decodes a file the same way every time, damaged or not; cameras are decoded side by side anyway.
    stream.codec_context.thread_count = 1
    return stream


def _fill(reformatter: VideoReformatter, frame: VideoFrame, turns: int, out: BgrImage) -> None:
    """Scale, convert and turn ``frame`` (quarter turns to the left) into ``out``, (H, W, 3) or (H, W, 4)."""
    (height, width), channels = out.shape[1::-1] if turns % 2 else out.shape[:2], out.shape[2]
    form = "bgr24" if channels == 3 else "bgr0"
    bgr = reformatter.reformat(frame, width, height, form, interpolation="BILINEAR", threads=1)
    plane = bgr.planes[0]
    rows = (plane.line_size, channels, 1)
    picture: BgrImage = np.ndarray((height, width, channels), np.uint8, memoryview(plane), strides=rows)
    np.copyto(out, np.rot90(picture, turns))
