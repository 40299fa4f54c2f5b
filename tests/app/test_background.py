from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from app.background import Lane


def test_results_come_back_on_the_windows_thread(lane: Lane, qtbot: QtBot) -> None:
    threads: list[bool] = []
    window = threading.get_ident()
    lane.run(
        lambda: threading.get_ident() != window, lambda away: threads.extend((away, threading.get_ident() == window))
    )
    qtbot.waitUntil(lambda: threads == [True, True])


def test_only_the_newest_of_one_key_is_answered(lane: Lane, qtbot: QtBot) -> None:
    gate = threading.Event()
    answers: list[int] = []
    begun: list[int] = []
    lane.run(lambda: gate.wait(5), lambda _: None)
    for number in range(5):
        lane.run(lambda number=number: begun.append(number) or number, answers.append, key="search")  # type: ignore[func-returns-value,misc]
    gate.set()
    qtbot.waitUntil(lambda: answers == [4])
    assert begun == [4]


def test_an_error_goes_to_whoever_asked_and_else_to_trouble(lane: Lane, qtbot: QtBot) -> None:
    heard: list[Exception] = []
    lane.run(lambda: 1 / 0, lambda _: None, failed=heard.append)
    qtbot.waitUntil(lambda: len(heard) == 1)
    with qtbot.waitSignal(lane.trouble) as blocker:
        lane.run(lambda: 1 / 0, lambda _: None)
    assert isinstance(blocker.args[0], ZeroDivisionError)


def test_nothing_is_answered_after_the_end(qtbot: QtBot) -> None:
    lane = Lane(1)
    answers: list[int] = []
    lane.run(lambda: 3, answers.append)
    lane.close()
    qtbot.wait(20)
    assert answers == []
    assert lane.idle


def test_what_is_written_is_written_in_its_order_and_to_the_end_also_when_the_lane_is_closed(qtbot: QtBot) -> None:
    lane, gate, written = Lane(1, keeps=True), threading.Event(), list[int]()
    lane.run(lambda: gate.wait(5), lambda _: None)
    for number in range(5):
        lane.run(lambda number=number: written.append(number), lambda _: None)  # type: ignore[misc]
    gate.set()
    lane.close()
    assert written == [0, 1, 2, 3, 4]
