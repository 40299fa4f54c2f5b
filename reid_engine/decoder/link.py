"""The parent's end of a decoder process: orders out, messages in, and how it died."""

from __future__ import annotations

import atexit
import os
import select
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from reid_engine.decoder.forks import ForkServer
from reid_engine.decoder.requests import Order
from reid_engine.decoder.ring import Ring
from reid_engine.decoder.silence import Silence
from reid_engine.errors import ChildDied, ReappearError, SourceError
from reid_engine.jobs import LineSplitter
from reid_engine.process import how_it_died
from reid_engine.recordings import SourceInfo
from reid_engine.types import BgrImage

READ_BYTES = 1 << 16
LONGEST_SILENCE_S = 30.0  # of a decoder that owes a picture; a network drive may be slow
LONGEST_OPENING_S = 60.0  # of one that has not opened its recording yet, which may take many looks at the file


class DecoderLink:
    """One decoder process with its ring. Nothing here waits but ``wait``, ``close`` and ``pid``.

    info: what the recording says of itself; None until the decoder has opened it
    """

    def __init__(self, order: Order) -> None:
        self._path = order.request.path
        self._order = order
        self._memory = os.memfd_create("reappear pictures")
        orders, self._in = os.pipe()
        self._out, answers = os.pipe()
        try:
            self._child = _decoders().fork(order.to_json(), orders, answers, self._memory)
        except BaseException:
            for descriptor in (self._memory, self._in, self._out):
                os.close(descriptor)
            raise
        finally:
            os.close(orders)
            os.close(answers)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._lock = threading.Lock()  # a slot may be given back while another thread ends the decoder
        self._unsent = b""
        self._lines = LineSplitter()
        self._ring: Ring | None = None
        self._reached_us = 0
        self._over = False
        self._silence = Silence()
        self._held = 0  # pictures that were told of and not given back
        self._room = self._order.slots
        self._sought, self._answered = 0, -1  # the newest seek, and the last one of which nothing is left to tell
        self._failure: ReappearError | None = None
        self.info: SourceInfo | None = None

    @property
    def pid(self) -> int:
        """The decoder's process number; 0 where it never began."""
        return self._child.pid

    def fileno(self) -> int:
        """Readable when there are messages, and when the decoder has ended."""
        return self._out

    def send(self, *words: object) -> None:
        """Give an order, from any thread. To a dead decoder it is lost, and its death shows in ``messages``."""
        with self._lock:
            if self._memory < 0:
                return
            if words[0] == "free":
                self._held -= 1
            elif words[0] == "seek":
                self._sought = int(str(words[1]))
            self._unsent += " ".join(map(str, words)).encode() + b"\n"
            try:
                self._unsent = self._unsent[os.write(self._in, self._unsent) :]
            except BlockingIOError:
                return  # it goes out with the next order
            except BrokenPipeError:
                self._unsent = b""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for messages; False when none came in time."""
        return bool(select.select([self._out], [], [], timeout_s)[0])

    def messages(self) -> Iterator[dict[str, Any]]:
        """What has arrived since the last call, without waiting.

        Raises SourceError for a recording that cannot be read, ChildDied with the place that a dead decoder reached, or
        one that owes a picture and has said nothing for too long, which is killed; again on every later call.
        """
        if self._memory < 0:
            raise ValueError("the decoder was closed")
        while not self._over:
            try:
                data = os.read(self._out, READ_BYTES)
            except BlockingIOError:
                self._listen()
                break
            self._silence.broken()
            if not data:
                self._fail(self._death())
            for message in self._lines.feed(data):
                self._note(message)
                yield message
        if self._failure is not None:
            raise self._failure

    def image(self, slot: int, width: int, height: int) -> BgrImage:
        """The picture in a slot, not copied."""
        assert self._ring is not None
        return self._ring.image(slot, width, height)

    def close(self) -> None:
        """End the decoder at once. Pictures that were handed out stay readable."""
        self._over = True
        with self._lock:
            if self._memory >= 0:
                self._child.close()
                for descriptor in (self._memory, self._in, self._out):
                    os.close(descriptor)
                self._memory = -1

    def _note(self, message: dict[str, Any]) -> None:
        kind = message["event"]
        self._reached_us = message.get("offset_us", self._reached_us)
        if kind == "opened":
            self.info = SourceInfo(**message["info"] | {"notes": tuple(message["info"]["notes"])})
            if self._order.slots:
                whole = self.info.width, self.info.height
                self._room = self._order.usable(whole)
                self._ring = Ring(self._memory, self._room, *self._order.room(whole))
        elif kind in ("frame", "picture"):
            with self._lock:
                self._held += 1
        elif kind == "ended":
            self._answered = message["serial"]
        elif kind == "refused":
            self._fail(SourceError(message["message"]))
        elif kind == "end":
            self._over = True

    def _listen(self) -> None:
        """Nothing has come: is it owed, and for how long?"""
        owed = self.info is None or (self._held < self._room and self._answered != self._sought)
        if not owed:
            self._silence.broken()
            return
        limit = LONGEST_OPENING_S if self.info is None else LONGEST_SILENCE_S
        if self._silence.look() > limit:
            self._child.kill()
            reached = self._reached_us / 1e6
            self._fail(
                ChildDied(
                    f"{self._path}: its decoder said nothing for {limit:.0f} s, {reached:.3f} s after the first "
                    "picture, and was ended; look whether the drive that it lies on answers, and try it again"
                )
            )

    def _fail(self, error: ReappearError) -> None:
        self._over = True
        self._failure = error

    def _death(self) -> ChildDied:
        how = how_it_died(self._child.wait())
        reached = self._reached_us / 1e6
        return ChildDied(f"{self._path}: its decoder was {how} {reached:.3f} s after the first picture; try it again")


def get_ready() -> None:
    """Load what decoders need, in the background, so that the first recording is opened at once."""
    _decoders().start()


@cache
def _decoders() -> ForkServer:
    """One for this process."""
    server = ForkServer("reid_engine.decoder")
    atexit.register(server.close)
    return server
