"""From the stamps that a container gives to offsets that always rise.

Stamps are believed, not rate times index, because headers lie. A stamp that is missing or impossible is repaired from
its neighbours and counted.
"""

from __future__ import annotations

from reid_engine.video.damage import DamageCount

LARGEST_STEP_US = 10_000_000  # a longer step forward is a gap in the recording, or one flipped stamp
SHUFFLED_WITHIN_US = 2_000_000  # further back, a decoder does not keep pictures
LEAST_STEP_US = 1_000


class Timeline:
    """Places pictures in time, one after the other.

    step_us: the nominal distance of two pictures
    base_us: the stamp of the source's first picture; None takes the first stamp that comes
    wrap_us: after which stamps begin anew, where they do; the parser takes a jump back for that, and adds it
    """

    def __init__(
        self, step_us: int, damage: DamageCount, *, base_us: int | None = None, wrap_us: int | None = None
    ) -> None:
        self._wrap = wrap_us
        self._step = max(1, step_us)
        self._damage = damage
        self._base = base_us
        self._last: int | None = None

    @property
    def base_us(self) -> int:
        """The stamp from which offsets count now; another one after a jump back."""
        return self._base or 0

    def place(self, stamp_us: int | None, following_us: int | None) -> tuple[int, int]:
        """(offset_us, duration_us) of the next picture, from its stamp and the stamp of the one after it."""
        if self._base is None and stamp_us is not None:
            self._base = stamp_us - self._expected()
        offset = self._offset(self._relative(stamp_us), self._relative(following_us))
        self._last = self._damage.reached_us = offset
        after = self._relative(following_us)
        return offset, after - offset if after is not None and after > offset else self._step

    def _expected(self) -> int:
        return 0 if self._last is None else self._last + self._step

    def _relative(self, stamp_us: int | None) -> int | None:
        return None if stamp_us is None or self._base is None else stamp_us - self._base

    def _offset(self, stamp: int | None, following: int | None) -> int:
        last = self._last
        if stamp is None:
            return self._repair(self._expected(), "a picture came without its time")
        wrapped = self._wrap is not None and last is not None and stamp - last > self._wrap // 2
        if last is None or (stamp > last and not wrapped and not _flipped(stamp - last, following, last)):
            return max(stamp, 0) if last is None else stamp
        if following is not None and last < following <= last + LARGEST_STEP_US:
            between = min(last + self._step, (last + following) // 2)
            return self._repair(max(between, last + 1), "one picture's time did not fit between its neighbours")
        if not wrapped and stamp > last - SHUFFLED_WITHIN_US:
            return self._repair(last + LEAST_STEP_US, "damaged pictures came out of order")
        # The clock of the recording went back for good: the times go on from here without a gap.
        back_s = (last - stamp + (self._wrap or 0) * wrapped) / 1e6
        self._base = (self._base or 0) + stamp - self._expected()
        return self._repair(self._expected(), f"the times jump back by {back_s:.3f} s; they are continued")

    def _repair(self, offset: int, sentence: str) -> int:
        self._damage.repaired_time(sentence)
        return offset


def _flipped(step: int, following: int | None, last: int) -> bool:
    """True when one stamp alone jumps far ahead and the next is back in place."""
    return step > LARGEST_STEP_US and following is not None and last < following <= last + LARGEST_STEP_US
