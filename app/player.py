"""Playing several cameras at one instant: a master clock in corrected UTC, and one feed of pictures a camera.

Decoding happens in a child process a feed; a feed picks, at each tick, the newest picture whose time has come.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal
from PySide6.QtGui import QImage

from app.background import Lane
from app.images import seen_through
from reid_engine.clock import NO_TIME_BEFORE_US, SECOND_US, CameraClock
from reid_engine.decoder import Picture, PictureServer
from reid_engine.decoder.silence import Silence
from reid_engine.process import put_behind
from reid_engine.recordings import SourceKind
from reid_engine.types import CameraId

LAGGING_US = 1_500_000  # a decoder further behind than this is sent ahead instead of being waited for
BACKWARDS_US = 20_000  # playing backwards is a chain of jumps, each begun when the last was answered
NO_FOOTAGE = "no footage at this instant"
NO_TIME = "its time is not known: show it alone to watch it"
ENDS_BEFORE = "no picture here: the recording ends before"
END_MARGIN_US = 40_000
FASTEST = 16.0  # times real time
STALLED_S = 3  # a picture that should have gone by then is called stalled
WATCH_MS = 1000
BEHIND_THE_WINDOW = 15  # decoders are ahead by some pictures, so what a person does now goes first


class MasterClock:
    """One time for all tiles: it stands, runs at any rate, runs backwards, and stays within its limits."""

    def __init__(self, monotonic_s: Callable[[], float] = time.perf_counter) -> None:
        self._monotonic_s = monotonic_s
        self._from_s = 0.0
        self._from_us = 0
        self._limits = (0, 0)
        self.rate = 1.0
        self.playing = False

    def now_us(self) -> int:
        """Corrected microseconds UTC."""
        if not self.playing:
            return self._from_us
        elapsed = (self._monotonic_s() - self._from_s) * self.rate
        return self.within(self._from_us + round(elapsed * SECOND_US))

    def limit(self, from_us: int, to_us: int) -> None:
        """Keep the time within the footage."""
        now = self.now_us()
        self._limits = (from_us, max(from_us, to_us))
        self.seek(now)

    def seek(self, time_us: int) -> None:
        """Go to a moment; a running clock runs on from there."""
        self._from_us = self.within(time_us)
        self._from_s = self._monotonic_s()

    def play(self, rate: float) -> None:
        """Run at ``rate`` seconds a second, negative for backwards."""
        self.seek(self.now_us())
        self.rate, self.playing = rate, True

    def next_rate(self, direction: int) -> float:
        """Begin in this direction, 1 or -1, then double; what runs the other way is halved first."""
        rate = self.rate if self.playing else 0.0
        if rate * direction <= 0 and abs(rate) <= 1:
            return float(direction)
        rate = rate * 2 if rate * direction > 0 else rate / 2
        return max(-FASTEST, min(FASTEST, rate))

    def pause(self) -> None:
        """Stand still."""
        self.seek(self.now_us())
        self.playing = False

    @property
    def at_limit(self) -> bool:
        """True when it can go no further in its direction."""
        return self.now_us() == self._limits[1 if self.rate > 0 else 0]

    def within(self, time_us: int) -> int:
        """The nearest moment it may show."""
        first, last = self._limits
        return min(max(time_us, first), last) if last else time_us


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch to play: a camera from one moment to another, with a tracklet marked."""

    camera: CameraId
    from_us: int
    to_us: int
    tracklet: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """One recording as the player needs it. start_us: by the camera's own clock, uncorrected.

    folder_fps, repaired: how it is read, as in ``DecodeRequest``
    """

    path: Path
    kind: SourceKind
    start_us: int
    duration_us: int
    clock: CameraClock
    size: tuple[int, int]
    folder_fps: float = 25.0
    repaired: bool = False

    @property
    def dated(self) -> bool:
        """False where nobody knows when it began: it counts from 1970."""
        return self.start_us >= NO_TIME_BEFORE_US

    @property
    def from_us(self) -> int:
        """Corrected UTC of its first picture."""
        return self.clock.correct(self.start_us)

    @property
    def to_us(self) -> int:
        """Corrected UTC of its end."""
        return self.clock.correct(self.start_us + self.duration_us)

    def continues(self, other: Stretch) -> bool:
        """True when it is the same recording at the same place in time, though more may be known of it now."""
        mine, theirs = ((s.path, s.start_us, s.clock, s.repaired) for s in (self, other))
        return mine == theirs

    def offset(self, time_us: int) -> int:
        """Corrected UTC to microseconds after the first picture; the very end is a moment of the last picture."""
        return max(0, min(self.clock.recorded(time_us) - self.start_us, self.duration_us - 1))

    def time(self, offset_us: int) -> int:
        """Microseconds after the first picture to corrected UTC."""
        return self.clock.correct(self.start_us + offset_us)


class Reel:
    """All recordings of one camera, in the order of time; asked at every tick, so it looks at as few as can be."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = sorted(stretches, key=lambda stretch: stretch.from_us)
        self._from_us = [stretch.from_us for stretch in self._stretches]
        self._until_us = [stretch.to_us + END_MARGIN_US for stretch in self._stretches]

    @property
    def from_us(self) -> int | None:
        """The first moment of a known time, else the first; None where there is none."""
        known = [stretch.from_us for stretch in self._stretches if stretch.dated] or self._from_us
        return known[0] if known else None

    @property
    def dated(self) -> bool:
        """True when the time of one of them is known, or there is none."""
        return not self._stretches or any(stretch.dated for stretch in self._stretches)

    def at(self, time_us: int) -> Stretch | None:
        """The recording that shows this moment; where two overlap, the later one."""
        for place in range(bisect_right(self._from_us, time_us) - 1, -1, -1):
            if time_us <= self._until_us[place]:
                return self._stretches[place]
        return None


@dataclass(frozen=True, slots=True)
class Showing:
    """What a tile shows: a picture with its own time, or the reason why there is none.

    picture:   whose pixels ``image`` shows
    stalled_s: seconds for which another picture should have been there; 0 while that is no matter
    """

    image: QImage | None = None
    time_us: int = 0
    duration_us: int = 0
    size: tuple[int, int] = (0, 0)
    reason: str = ""
    picture: Picture | None = None
    stalled_s: int = 0


class Decoders(QObject):
    """Starts and ends decoder processes off the window's thread: both can take longer than a frame.

    Its one thread lives as long as they do, because the kernel ends a child with the thread that started it.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = Lane(1, self)
        self._living: set[PictureServer] = set()

    def start(self, stretch: Stretch, room: tuple[int, int], then: Callable[[PictureServer | OSError], None]) -> None:
        """A decoder for a recording; ``then`` gets it, or why there is none."""
        self._lane.run(lambda: self._started(stretch, room), then, failed=then)  # type: ignore[arg-type]

    def end(self, server: PictureServer) -> None:
        """End one; its pictures stay readable."""
        self._lane.run(lambda: self._ended(server), lambda _: None)

    def close(self) -> None:
        """End all."""
        self._lane.close()
        for server in tuple(self._living):
            self._ended(server)

    def _started(self, stretch: Stretch, room: tuple[int, int]) -> PictureServer:
        fps, repaired = stretch.folder_fps, stretch.repaired
        server = PictureServer(stretch.path, stretch.kind, room, folder_fps=fps, repaired=repaired, screen=True)
        self._living.add(server)
        put_behind(server.pid, BEHIND_THE_WINDOW)
        return server

    def _ended(self, server: PictureServer) -> None:
        server.close()
        self._living.discard(server)


class CameraFeed(QObject):
    """The pictures of one camera, from whichever recording covers the moment."""

    arrived = Signal()

    def __init__(self, stretches: Sequence[Stretch], decoders: Decoders, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decoders = decoders
        self.reel = Reel(stretches)
        self.showing = Showing(reason=NO_FOOTAGE)
        self._room = (640, 360)
        self._open: Stretch | None = None
        self._server: PictureServer | None = None
        self._notifier: QSocketNotifier | None = None
        self._pictures: deque[Picture] = deque()
        self._held: Picture | None = None  # what is shown, as long as its decoder lives
        self._serial = 0
        self._reached_us = 0
        self._wanted_us = 0
        self._answered = True
        self._error = ""
        self._restarted = False
        self._late = Silence()
        self._watch = QTimer(self)  # runs while a picture is owed: a decoder that hangs wakes nobody
        self._watch.setInterval(WATCH_MS)
        self._watch.timeout.connect(self._on_ready)

    def resize(self, width: int, height: int) -> None:
        """Decode for a tile of this many pixels."""
        room = (max(64, width), max(64, height))
        if room != self._room:
            self._room = room
            if self._server is not None:
                self._server.resize(room)

    def at(self, time_us: int, *, exact: bool) -> Showing:
        """What to show now. ``exact``: the moment was jumped to, rather than reached by playing forward."""
        stretch = self.reel.at(time_us)
        self._wanted_us = time_us
        if stretch is None:
            self._take()
            self._say(NO_FOOTAGE if self.reel.dated else NO_TIME)
            self._watch.stop()
            return self.showing
        if self._open is None or not stretch.continues(self._open):
            self._switch(stretch)
        elif exact or (self._answered and self._is_far(time_us)):
            self._jump(stretch.offset(time_us))
        self._pick(stretch, time_us)
        self._judge(time_us)
        return self.showing

    def close(self) -> None:
        """End the decoder."""
        self._watch.stop()
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        self._pictures.clear()
        self._held = None
        if self._server is not None:
            self._decoders.end(self._server)
            self._server = None
        self._open = None

    def _is_far(self, time_us: int) -> bool:
        behind_us = time_us - self._reached_us
        return behind_us > LAGGING_US or behind_us < -BACKWARDS_US

    def _switch(self, stretch: Stretch) -> None:
        self.close()
        self._open, self._error, self._restarted = stretch, "", False
        self._say("opening …")
        if stretch.path.exists():
            self._begin(stretch)
        else:
            self._error = f"file missing: {stretch.path.name}"

    def _begin(self, stretch: Stretch) -> None:
        self._decoders.start(stretch, self._room, lambda found: self._started(stretch, found))

    def _again(self, stretch: Stretch) -> None:
        """A decoder that died or hung is started again once, as in an ingest; what is shown stays until it answers."""
        self.close()
        self._open, self._restarted, self._answered = stretch, True, False
        self._begin(stretch)

    def _started(self, stretch: Stretch, found: PictureServer | OSError) -> None:
        if isinstance(found, OSError):
            self._error = f"the decoder could not be started: {found.strerror}"
        elif self._open is None or not stretch.continues(self._open):
            self._decoders.end(found)
            return
        else:
            self._server = found
            found.resize(self._room)
            self._notifier = QSocketNotifier(found.fileno(), QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._on_ready)
            self._jump(stretch.offset(self._wanted_us))
        self.arrived.emit()

    def _jump(self, offset_us: int) -> None:
        if self._server is None or self._open is None:
            return
        self._give_back(len(self._pictures))
        self._serial = self._server.seek(offset_us)
        self._reached_us = self._open.time(offset_us)
        self._answered = False

    def _on_ready(self) -> None:
        self._take()
        self.arrived.emit()

    def _take(self) -> None:
        server = self._server
        if server is None:
            return
        for picture in server.take():
            if picture.serial == self._serial:
                self._pictures.append(picture)
            else:
                server.release(picture)
        if server.error and self._notifier is not None:
            if server.died and not self._restarted and self._open is not None:
                self._again(self._open)
                return
            self._error = server.error
            self._notifier.setEnabled(False)

    def _pick(self, stretch: Stretch, time_us: int) -> None:
        due = sum(1 for picture in self._pictures if stretch.time(picture.offset_us) <= time_us)
        # The first answer to a jump is shown whatever its time: damage may leave no earlier picture.
        due = max(due, 1 if self._pictures and not self._answered else 0)
        if due:
            self._give_back(due - 1)
            self._show(stretch, self._pictures.popleft())
            self._answered = True
        elif self._error:
            self._say(self._error)
        elif not self._answered and self._server is not None and self._server.ended:
            self._say(ENDS_BEFORE)  # the picture of an earlier moment must not stand for this one

    def _judge(self, time_us: int) -> None:
        """For how long the picture that is shown has been one of another moment."""
        late = 0
        if not self._owed(time_us):
            self._watch.stop()
        elif self._watch.isActive():
            late = int(self._late.look())
        else:
            self._late.broken()
            self._watch.start()
        stalled_s = late if late >= STALLED_S else 0
        if self.showing.image is not None and stalled_s != self.showing.stalled_s:
            self.showing = replace(self.showing, stalled_s=stalled_s)

    def _owed(self, time_us: int) -> bool:
        """Whether the decoder has yet to give the picture of this moment."""
        if self._open is None or self._error or self._pictures:
            return False
        if self._server is None or not self._answered:
            return True
        return not self._server.ended and time_us > self.showing.time_us + self.showing.duration_us

    def _show(self, stretch: Stretch, picture: Picture) -> None:
        self._reached_us = stretch.time(picture.offset_us)
        image = seen_through(picture.image)
        self._change(Showing(image, self._reached_us, picture.duration_us, stretch.size, picture=picture))

    def _say(self, reason: str) -> None:
        if self.showing.image is not None or self.showing.reason != reason:
            self._change(Showing(reason=reason))

    def _change(self, showing: Showing) -> None:
        """What was shown is given back only now: until here it was painted from."""
        if self._held is not None and self._server is not None:
            self._server.release(self._held)
        self.showing, self._held = showing, showing.picture

    def _give_back(self, count: int) -> None:
        for _ in range(count):
            picture = self._pictures.popleft()
            if self._server is not None:
                self._server.release(picture)
