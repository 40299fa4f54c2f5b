"""Camera clocks to UTC and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_engine.clock import SECOND_US, CameraClock, ManualClock

HOUR = 3600 * SECOND_US
NOW = 1_790_000_000 * SECOND_US


def test_a_clock_that_is_37_seconds_ahead_is_set_back() -> None:
    clock = CameraClock.from_readings(NOW + 37 * SECOND_US, NOW)
    assert clock.correct(NOW + 37 * SECOND_US) == NOW


def test_two_readings_give_the_drift() -> None:
    clock = CameraClock.from_readings(NOW + SECOND_US, NOW, later=(NOW + HOUR + 2 * SECOND_US, NOW + HOUR))
    assert clock.correct(NOW + SECOND_US) == NOW
    assert clock.correct(NOW + HOUR + 2 * SECOND_US) == pytest.approx(NOW + HOUR, abs=1)
    assert clock.drift_ppm == pytest.approx(1e6 / 3601, rel=1e-9)


def test_two_readings_of_one_moment_are_refused() -> None:
    with pytest.raises(ValueError, match="same moment"):
        CameraClock.from_readings(NOW, NOW, later=(NOW, NOW))


@given(
    st.integers(-HOUR * 48, HOUR * 48),
    st.floats(-500, 500),
    st.integers(NOW - 10 * HOUR, NOW),
    st.integers(NOW - 100 * HOUR, NOW + 100 * HOUR),
)
def test_recorded_is_the_reverse_of_correct(offset: int, drift: float, reference: int, corrected: int) -> None:
    clock = CameraClock(offset, drift, reference)
    assert abs(clock.correct(clock.recorded(corrected)) - corrected) <= 1


def test_a_manual_clock_moves_only_by_hand() -> None:
    clock = ManualClock(NOW)
    clock.advance(1.5)
    assert clock.now_us() == NOW + 1_500_000
    assert clock.monotonic_s() == pytest.approx(NOW / SECOND_US + 1.5)
