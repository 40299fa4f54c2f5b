"""Threads with bounded queues: order, gathering, and failures that reach whoever hands over work."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from reid_engine.stages import ROOM, Failure, Stage


def test_items_are_handled_in_order() -> None:
    seen: list[int] = []
    stage: Stage[int] = Stage("test", seen.extend, Failure(), gather=False)
    for number in range(100):
        stage.put(number)
    stage.finish()
    assert seen == list(range(100))


def test_gathering_takes_all_that_waits() -> None:
    batches: list[list[int]] = []
    gate, entered = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> None:
        batches.append(list(items))
        entered.set()
        gate.wait(5)

    stage: Stage[int] = Stage("test", work, Failure(), gather=True)
    stage.put(0)
    assert entered.wait(5)
    for number in range(1, 6):
        stage.put(number)
    gate.set()
    stage.finish()
    assert batches == [[0], [1, 2, 3, 4, 5]]


def test_a_failure_reaches_the_one_who_hands_over_instead_of_blocking_for_ever() -> None:
    failure = Failure()

    def work(items: Sequence[int]) -> None:
        raise OSError("disk gone")

    stage: Stage[int] = Stage("test", work, failure, gather=False)
    with pytest.raises(OSError, match="disk gone"):
        _put_many(stage, 10 * ROOM)
    with pytest.raises(OSError, match="disk gone"):
        stage.finish()


def test_a_failure_of_one_stage_stops_the_work_of_the_others() -> None:
    failure = Failure()
    failure.note(OSError("first"))
    failure.note(OSError("second"))
    seen: list[int] = []
    stage: Stage[int] = Stage("test", seen.extend, failure, gather=False)
    with pytest.raises(OSError, match="first"):
        stage.put(1)
    assert seen == []


def _put_many(stage: Stage[int], count: int) -> None:
    for number in range(count):
        stage.put(number)
