"""What an ingest says of its speed and of the time that is left."""

from __future__ import annotations

import pytest

from reid_engine.jobs import JobControl
from reid_engine.pace import Pace
from reid_engine.pipeline import SourceProgress
from reid_engine.types import SourceId


def source(number: int, done_s: int, length_s: int | None, state: str = "analysing") -> SourceProgress:
    length = None if length_s is None else length_s * 1_000_000
    return SourceProgress(SourceId(number), f"{number}.mp4", "gate", length, done_us=done_s * 1_000_000, state=state)


@pytest.mark.parametrize(
    ("others", "eta_s", "least_s"),
    [
        ([], 25.0, 25.0),
        ([source(2, 0, None, "waiting")], None, 25.0),  # whatever it takes comes on top
        ([source(2, 30, None, "done")], 25.0, 25.0),
        ([source(2, 0, 60, "failed"), source(3, 0, 60, "dropped")], 25.0, 25.0),
        ([source(2, 70, 60)], 25.0, 25.0),  # longer than its header says
    ],
)
def test_what_is_known_of_the_time_left_is_told(
    others: list[SourceProgress], eta_s: float | None, least_s: float
) -> None:
    sources = [source(1, 10, 60), *others]
    assert Pace.least_s(sources, 2.0) == least_s
    assert Pace(JobControl()).eta_s(sources, 2.0) == eta_s


def test_before_there_is_a_rate_no_time_is_told() -> None:
    assert Pace.least_s([source(1, 0, 60)], 0.0) is None
