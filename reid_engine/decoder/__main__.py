"""The decoder process: a copy of ``python -m reid_engine.decoder``, messages out as JSON lines, orders in as lines.

Orders: ``free SLOT``, ``seek SERIAL OFFSET_US``, ``size WIDTH HEIGHT``. The end of the orders ends the process.
Whoever waits for a picture hears something every few seconds while the recording can be read: ``link`` counts on it.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import reid_engine.video.file  # noqa: F401 - every copy has it loaded
from reid_engine.decoder.forks import copies
from reid_engine.decoder.requests import Order
from reid_engine.decoder.ring import Ring
from reid_engine.decoder.selection import Selection
from reid_engine.errors import ReappearError, SeekError
from reid_engine.jobs import JsonLines
from reid_engine.picture import limit_pixels
from reid_engine.types import SourceReport
from reid_engine.video import Picture, VideoSource, open_source

REACHED_EVERY = 100  # pictures that are passed over between two words about the place
ALIVE_EVERY_S = 2.0  # at least, where there is nothing else to say


class _Voice:
    """The way to the parent, which hears something while packets are read, even where no picture comes of them."""

    def __init__(self) -> None:
        self._out = JsonLines()
        self._said_s = time.monotonic()

    def event(self, kind: str, **fields: Any) -> None:
        """Say one thing."""
        self._out.event(kind, **fields)
        self._said_s = time.monotonic()

    def alive(self) -> None:
        """Say that the work goes on, unless something was said just now."""
        if time.monotonic() - self._said_s > ALIVE_EVERY_S:
            self.event("alive")


class _Superseded(Exception):
    """A newer seek has arrived."""


class _Orders:
    """What the parent wants, as far as it has arrived."""

    def __init__(self, order: Order, slots: int) -> None:
        self.size = order.size
        self.seek: tuple[int, int] | None = None
        self._free = deque(range(slots))
        self._rest = b""

    @property
    def any_free(self) -> bool:
        """True when a slot is free."""
        return bool(self._free)

    def slot(self) -> int:
        """A free slot; waits for one."""
        while not self._free:
            self.read(wait=True)
        return self._free.popleft()

    def read(self, *, wait: bool) -> None:
        """Obey what has arrived; ``wait`` for at least one order."""
        stdin = sys.stdin.fileno()
        while select.select([stdin], [], [], None if wait else 0)[0]:
            wait = False
            data = os.read(stdin, 1 << 16)
            if not data:
                raise SystemExit(0)
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._obey(*line.decode().split())

    def unless_superseded(self) -> None:
        """Raise _Superseded when a newer seek has arrived."""
        self.read(wait=False)
        if self.seek is not None:
            raise _Superseded

    def _obey(self, word: str, *numbers: str) -> None:
        first, *second = map(int, numbers)
        if word == "free":
            self._free.append(first)
        elif word == "seek":
            self.seek = first, second[0]
        elif word == "size":
            self.size = first, second[0]


class _Decoder:
    """One source, its ring and the way to the parent."""

    def __init__(self, order: Order, source: VideoSource, memory: int, out: _Voice) -> None:
        self._order = order
        self._memory = memory
        self._source = source
        self._whole = source.info.width, source.info.height
        self._most_px, _ = order.room(self._whole)
        self._orders = _Orders(order, order.usable(self._whole))
        self._out = out
        self._out.event("opened", info=asdict(source.info))

    def run(self) -> None:
        """Do what was ordered, to the end."""
        tasks = {"probe": self._probe, "picture": self._picture, "read": self._read, "play": self._play}
        (tasks | {"stretch": self._stretch})[self._order.task]()

    def _probe(self) -> None:
        self._out.event("end")

    def _picture(self) -> None:
        if self._order.offset_us:
            self._source.seek(self._order.offset_us, lambda: None)
        picture = next(self._source.pictures())
        self._deliver(self._ring(), "picture", picture, fitted(self._whole, self._order.size))
        self._out.event("end")

    def _read(self) -> None:
        request, ring = self._order.request, self._ring()
        selection, wanted = Selection(request.analyse_fps), frozenset(request.wanted)
        decoded = analysed = end_us = 0
        for picture in self._source.pictures():
            chosen = selection.takes(picture.offset_us)
            decoded, analysed, end_us = decoded + 1, analysed + chosen, picture.offset_us + picture.duration_us
            if chosen if picture.index >= request.resume_index else picture.index in wanted:
                self._deliver(ring, "frame", picture, self._whole, index=picture.index)
            elif decoded % REACHED_EVERY == 0:
                self._out.event("reached", offset_us=picture.offset_us)
        expected = self._source.info.expected_frames
        report = SourceReport(decoded, analysed, expected, end_us, self._source.damage)
        self._out.event("end", report=asdict(report))

    def _stretch(self) -> None:
        ring = self._ring()
        if self._order.offset_us > 0:
            self._source.seek(self._order.offset_us, lambda: None)
        for picture in self._source.pictures():
            if picture.offset_us > self._order.until_us:
                break
            self._deliver(ring, "frame", picture, self._whole, index=picture.index)
        self._out.event("end")

    def _play(self) -> None:
        ring, orders, serial = self._ring(), self._orders, 0
        pictures: Iterator[Picture] | None = self._source.pictures()
        while True:
            orders.read(wait=orders.seek is None and not (pictures is not None and orders.any_free))
            if orders.seek is not None:
                (serial, offset_us), orders.seek = orders.seek, None
                pictures = self._sought(serial, offset_us)
            elif pictures is not None and orders.any_free:
                picture = next(pictures, None)
                if picture is not None:
                    self._deliver(ring, "picture", picture, self._fitted(), serial=serial)
                else:
                    pictures = None
                    self._out.event("ended", serial=serial)

    def _fitted(self) -> tuple[int, int]:
        enlarged = (self._most_px / (self._whole[0] * self._whole[1])) ** 0.5
        return fitted(self._whole, self._orders.size, enlarged)

    def _sought(self, serial: int, offset_us: int) -> Iterator[Picture] | None:
        try:
            self._source.seek(offset_us, self._orders.unless_superseded)
        except _Superseded:
            return None
        except SeekError:
            self._out.event("ended", serial=serial)
            return None
        return self._source.pictures()

    def _ring(self) -> Ring:
        return Ring(self._memory, self._order.usable(self._whole), *self._order.room(self._whole))

    def _deliver(self, ring: Ring, event: str, picture: Picture, size: tuple[int, int], **more: Any) -> None:
        slot, (width, height) = self._orders.slot(), size
        picture.to_bgr(ring.image(slot, width, height))
        times = {"offset_us": picture.offset_us, "duration_us": picture.duration_us}
        self._out.event(event, slot=slot, width=width, height=height, **times, **more)


def fitted(whole: tuple[int, int], tile: tuple[int, int], enlarged: float = 1.0) -> tuple[int, int]:
    """The size of a picture made to fit a tile, at most ``enlarged`` times as large as it is; its width a multiple of 4
    where it can be."""
    scale = min(enlarged, tile[0] / whole[0], tile[1] / whole[1])
    width, height = max(1, round(whole[0] * scale)), max(1, round(whole[1] * scale))
    return width // 4 * 4 or width, height


def main() -> None:
    """Carry out one order in each copy; a recording that cannot be read is said as a message."""
    limit_pixels()
    text, memory = copies()
    order = Order.from_json(text)
    request, out = order.request, _Voice()
    try:
        source = open_source(
            request.path,
            kind=request.kind,
            assumed_rate=request.assumed_rate,
            folder_fps=request.folder_fps,
            repaired=request.repaired,
            alive=out.alive,
        )
        _Decoder(order, source, memory, out).run()
    except ReappearError as error:
        out.event("refused", message=str(error))


if __name__ == "__main__":
    main()
