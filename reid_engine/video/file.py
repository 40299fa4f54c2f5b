"""A video file as a source: its pictures placed in time, and the one shown at any moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from reid_engine.errors import SeekError, SourceError
from reid_engine.recordings import SourceInfo
from reid_engine.types import Damage
from reid_engine.video import Picture
from reid_engine.video.container import Decoded, VideoFile
from reid_engine.video.damage import DamageCount
from reid_engine.video.timeline import Timeline

# How much earlier than wanted a seek is tried, until it lands early enough; at last the file is read from its start.
SEEK_MARGINS_US = (0, 1_000_000, 4_000_000, 16_000_000, 64_000_000)

# By how much a reading may end before the header's duration, which may be that of a longer sound track.
SHORT_SHARE = 0.02
SHORT_US = 1_000_000


class FileSource:
    """A video file: opened to see what it is, and again for every reading from its start."""

    def __init__(
        self,
        path: Path,
        assumed_rate: float | None = None,
        *,
        repaired: bool = False,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._repaired = repaired
        self._alive = alive
        self._file = VideoFile(path, alive)
        self._header = self._file.header(assumed_rate)
        first = next(self._reopened().decoded(self._header, DamageCount()), None)
        if first is None:
            self._file.close()
            raise SourceError(
                f"{path}: no picture of its {self._header.codec} video could be decoded; "
                "copy it again from the recorder, or export it in another format"
            )
        header = self._header
        self._base_us = first.stamp_us
        self._info = SourceInfo(
            width=first.size[0],
            height=first.size[1],
            rate=header.rate,
            expected_frames=header.expected_frames,
            container_start_us=header.start_us,
            duration_us=header.duration_us,
            codec=header.codec,
            notes=header.notes,
        )
        self._damage = DamageCount(header.notes)
        self._found: Iterator[Picture] | None = None  # where a seek has come to

    @property
    def info(self) -> SourceInfo:
        """What the recording says of itself."""
        return self._info

    @property
    def first_stamp_us(self) -> int | None:
        """The stamp of the first picture, from which its offsets count; None where packets carry none."""
        return None if self._header.counted else self._base_us

    @property
    def damage(self) -> Damage:
        """What was wrong so far with what ``pictures`` read."""
        return self._damage.so_far()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def pictures(self) -> Iterator[Picture]:
        """Every picture from the start, or from where the last ``seek`` went."""
        found, self._found = self._found, None
        return self._from_start() if found is None else found

    def seek(self, offset_us: int, check: Callable[[], None] = lambda: None) -> None:
        """Let ``pictures`` begin with the one shown at ``offset_us``; raises SeekError."""
        self._found = None
        pictures = self._before(offset_us, check)
        for picture in pictures:
            check()
            if picture.offset_us + picture.duration_us > offset_us:
                self._found = itertools.chain([picture], pictures)
                return
        raise SeekError(f"{self._path}: there is no picture at {offset_us / 1e6:.3f} s after the first")

    def _before(self, offset_us: int, check: Callable[[], None]) -> Iterator[Picture]:
        """A reading that begins at or before a moment: at the nearest key frame that can be reached, or the start."""
        if self._repaired and self._base_us is not None and not self._header.counted and not self._header.by_dts:
            return self._found_by_reading(self._base_us, offset_us, check)
        for margin in SEEK_MARGINS_US:
            if self._base_us is None or self._header.counted or offset_us <= margin:
                break
            pictures = self._from_key_frame(self._base_us, offset_us - margin)
            first = next(pictures, None)
            if first is not None and first.offset_us <= offset_us:
                return itertools.chain([first], pictures)
        return self._from_start()

    def _from_start(self) -> Iterator[Picture]:
        self._damage = DamageCount(self._info.notes)
        decoded = self._reopened().decoded(self._header, self._damage)
        end_us = 0
        for picture in self._timed(decoded, self._timeline(self._damage), itertools.count()):
            end_us = picture.offset_us + picture.duration_us
            yield picture
        promised = self._info.duration_us or 0
        if end_us < promised * (1 - SHORT_SHARE) - SHORT_US:
            self._damage.note(
                f"it ends after {end_us / 1e6:.1f} s of the {promised / 1e6:.1f} s that its header promises"
            )

    def _from_key_frame(self, base_us: int, offset_us: int) -> Iterator[Picture]:
        if not self._file.go_to_key_frame(base_us + offset_us):
            return iter(())
        # What the damage of this part is, its reading from the start has said.
        passing = DamageCount()
        decoded = self._file.decoded(self._header, passing)
        whole = itertools.dropwhile(lambda picture: not picture.key_frame, decoded)
        first = next(whole, None)
        if first is None or first.stamp_guessed:
            return iter(())
        timeline = self._timeline(passing, base_us)
        return self._timed(itertools.chain([first], whole), timeline, itertools.repeat(-1))

    def _found_by_reading(self, base_us: int, offset_us: int, check: Callable[[], None]) -> Iterator[Picture]:
        """From the last key frame before a moment where the same stamps come twice, or jump: no index leads there.

        The packets are placed in time from the start, as a whole reading does with the pictures, and not decoded.
        """
        timeline = self._timeline(DamageCount(), base_us)
        packets = itertools.chain(self._reopened().stamps(), [(None, None, False)])
        begin = 0, base_us
        for number, ((decoding, shown, key_frame), following) in enumerate(itertools.pairwise(packets)):
            check()
            if decoding is None:
                continue
            reached, _ = timeline.place(decoding, following[0])
            if reached > offset_us:
                break
            if key_frame and shown is not None and shown - timeline.base_us <= offset_us:
                begin = number, timeline.base_us
        file, passing = self._reopened(), DamageCount()
        file.pass_over(begin[0])
        whole = itertools.dropwhile(lambda picture: not picture.key_frame, file.decoded(self._header, passing))
        timeline = self._timeline(passing, begin[1])
        return self._timed(whole, timeline, itertools.repeat(-1))

    def _timeline(self, damage: DamageCount, base_us: int | None = None) -> Timeline:
        return Timeline(self._header.step_us, damage, base_us=base_us, wrap_us=self._header.wrap_us)

    def _reopened(self) -> VideoFile:
        self._file.close()
        self._file = VideoFile(self._path, self._alive)
        return self._file

    def _timed(self, decoded: Iterator[Decoded], timeline: Timeline, indices: Iterator[int]) -> Iterator[Picture]:
        """Each picture once the next one is known: a flipped stamp shows only between its neighbours."""
        held = next(decoded, None)
        while held is not None:
            following = next(decoded, None)
            offset, duration = timeline.place(held.stamp_us, None if following is None else following.stamp_us)
            if held.corrupt:
                self._damage.corrupt_frame()
            if held.size != (self._info.width, self._info.height):
                self._damage.note("the picture size changes on the way; every picture is scaled to the first size")
            yield Picture(next(indices), offset, duration, held.to_bgr)
            held = following
