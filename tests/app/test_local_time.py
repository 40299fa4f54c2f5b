from __future__ import annotations

import pytest

from app import local_time

MOMENT_US = 1_793_714_531_250_000


def test_times_are_shown_with_their_zone() -> None:
    assert local_time.date_and_time(MOMENT_US, "Europe/Berlin") == "2026-11-03 15:02:11 CET"
    assert local_time.precise_time(MOMENT_US, "UTC") == "2026-11-03  14:02:11.250 UTC"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_what_is_shown_can_be_typed_back(zone: str) -> None:
    whole = MOMENT_US // 1_000_000 * 1_000_000
    assert local_time.parse(local_time.date_and_time(whole, zone), zone) == whole


def test_a_typed_offset_beats_the_cameras_zone() -> None:
    assert local_time.parse("2026-11-03T14:02:11+00:00", "Asia/Tokyo") == 1_793_714_531_000_000


@pytest.mark.parametrize(("time_us", "shown"), [(-(10**18), "1-01-02"), (10**18, "9999-12-31")])
def test_a_time_beyond_all_calendars_is_shown_as_their_edge(time_us: int, shown: str) -> None:
    assert local_time.date_and_time(time_us, "Asia/Tokyo").lstrip("0").startswith(shown)


def test_a_zone_that_this_machine_does_not_know_is_shown_as_utc() -> None:
    assert local_time.date_and_time(MOMENT_US, "Mars/Olympus") == "2026-11-03 14:02:11 UTC"


def test_what_is_no_time_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match="2026-11-03 14:03:22"):
        local_time.parse("half past two", "UTC")


def test_lengths_and_sizes_read_naturally() -> None:
    assert local_time.length(3_723_000_000) == "1:02:03"
    assert local_time.length(None) == "–"
    assert local_time.size(1_400_000_000) == "1.4 GB"
    assert local_time.size(999) == "999 B"
