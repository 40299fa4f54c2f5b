"""Which stretch of time the time line shows: one for all recordings whose time is known, one for each other."""

from __future__ import annotations

from collections.abc import Sequence

from app.footage import Footage
from app.player import MasterClock, Reel, Stretch
from app.widgets.seek_bar import Coverage
from reid_engine.clock import CameraClock

Limits = tuple[int, int]  # from, to: corrected microseconds UTC


def common(stretches: Sequence[Stretch]) -> Limits:
    """From the first to the last moment of a known time; of all there is where none is known; (0, 0) without any."""
    dated = [stretch for stretch in stretches if stretch.dated] or stretches
    return min((s.from_us for s in dated), default=0), max((s.to_us for s in dated), default=0)


def limits(stretches: Sequence[Stretch], time_us: int) -> Limits:
    """The line on which a moment lies: the common one, or that of what of unknown time is looked at then."""
    whole = common(stretches)
    if whole[0] <= time_us <= whole[1]:
        return whole
    here = [one for one in stretches if not one.dated and one.from_us <= time_us <= one.to_us]
    return (min(one.from_us for one in here), max(one.to_us for one in here)) if here else whole


class TimeLine:
    """Keeps the master clock on one of the lines, and knows the way back to the common one."""

    def __init__(self, clock: MasterClock) -> None:
        self._clock = clock
        self._stretches: list[Stretch] = []
        self._left_us = 0  # where the common line was left
        self.limits: Limits = (0, 0)

    def show(self, footage: Footage, before: Sequence[Reel], reels: Sequence[Reel]) -> None:
        """These are the recordings from now on, and these the reels that are looked at, before and now.

        Where a start was given the common line may have gone elsewhere, and footage that was looked at, too: they are
        followed.
        """
        away, stood = self._away, self.shows(before)
        self._stretches = [stretch for camera in footage.cameras for stretch in footage.stretches(camera)]
        self._limit(self._clock.now_us())
        if not away and not _timeless(reels):
            self.come_back()
        if not before or (stood and not self.shows(reels)):
            self.open(reels)

    def reach(self, time_us: int) -> None:
        """Stand at a moment of any recording, on the line on which it lies."""
        if not self._away:
            self._left_us = self._clock.now_us()
        self._limit(time_us)
        self._clock.seek(time_us)

    def open(self, reels: Sequence[Reel]) -> None:
        """Stand at the first moment that most of these have in common."""
        known = [reel for reel in reels if reel.dated] or reels
        starts = sorted(reel.from_us for reel in known if reel.from_us is not None)
        self.reach(starts[len(starts) // 2] if starts else common(self._stretches)[0])

    def settle(self, reels: Sequence[Reel]) -> None:
        """A camera of unknown time that is alone has a line of its own; any other has the common one."""
        if self.shows(reels):
            return
        if _timeless(reels):
            self.reach(reels[0].from_us or 0)
        elif any(reel.dated for reel in reels):
            self.come_back()

    def shows(self, reels: Sequence[Reel]) -> bool:
        """Whether one of these has footage at this moment."""
        now = self._clock.now_us()
        return any(reel.at(now) is not None for reel in reels)

    def come_back(self) -> None:
        """To the common line, where it was left; to its first moment where that is on it no more."""
        first, last = common(self._stretches)
        if self._away:
            self.reach(self._left_us if first <= self._left_us <= last else first)

    def coverage(self, footage: Footage) -> tuple[list[Coverage], CameraClock]:
        """The lanes of every camera on this line, and by whose clock its times are written."""
        first, last = self.limits
        lanes = [
            Coverage(
                footage.position(camera.id),
                tuple((s.from_us, s.to_us) for s in own if s.from_us <= last and s.to_us >= first),
            )
            for camera, own in ((one, footage.stretches(one)) for one in footage.cameras)
            if own
        ]
        here = [stretch.clock for stretch in self._stretches if first <= stretch.from_us <= last]
        return lanes, here[0] if here else CameraClock()

    @property
    def _away(self) -> bool:
        first, last = common(self._stretches)
        return not first <= self._clock.now_us() <= last

    def _limit(self, time_us: int) -> None:
        self.limits = limits(self._stretches, time_us)
        self._clock.limit(*self.limits)


def _timeless(reels: Sequence[Reel]) -> bool:
    """Whether a camera of unknown time is looked at alone."""
    return len(reels) == 1 and not reels[0].dated
