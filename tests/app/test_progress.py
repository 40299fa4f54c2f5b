from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.jobs import Job
from app.panes.progress import JobCard, ProgressPane


class Ended:
    """A process that is no more."""

    alive = False
    problem = ""
    number = None


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job that writes what is wished into its control file."""
    (tmp_path / "jobs").mkdir()
    made = Job(tmp_path, "ingest-1", Ended())
    made.detach()
    return made


@pytest.fixture
def card(job: Job, qtbot: QtBot) -> JobCard:
    pane = ProgressPane()
    qtbot.addWidget(pane)
    pane.add(job)
    pane.show()
    return pane.card(job.name)


def told(source: int, state: str, done_s: float = 0, **more: object) -> dict[str, object]:
    fields = {"source": source, "camera": f"ch0{source}", "file": f"ch0{source}.mp4", "state": state}
    return {**fields, "done_us": round(done_s * 1e6), "duration_us": 60_000_000, "tracklets": 3, **more}


def say(job: Job, *cameras: dict[str, object]) -> None:
    job.moved.emit([{"event": "progress", "stage": "analyse", "rate": 3.14, "eta_s": 83, "cameras": list(cameras)}])


def words(card: JobCard) -> list[list[str]]:
    model = card.queue
    return [[str(model.data(model.index(r, c))) for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_a_long_notice_leaves_the_buttons_in_the_window(card: JobCard, job: Job) -> None:
    job.moved.emit([{"event": "notice", "message": "a long sentence about weights " * 40}])
    assert card.minimumSizeHint().width() < 900
    assert [button.text() for button in card.findChildren(QPushButton) if button.isVisible()] == ["Pause", "Cancel"]


def test_the_queue_tells_stage_rate_and_time_left(card: JobCard, job: Job, qtmodeltester: ModelTester) -> None:
    say(job, told(1, "analysing", 15), told(2, "waiting"), told(3, "analysing", 9, duration_us=None))
    assert words(card) == [
        ["ch01", "ch01.mp4", "analysing", "25%", "0:15 of 1:00", "3"],
        ["ch02", "ch02.mp4", "waiting", "0%", "0:00 of 1:00", "3"],
        ["ch03", "ch03.mp4", "analysing", "0%", "0:09 of ?", "3"],
    ]
    title = card.findChildren(QLabel)[0].text()
    assert title == "Analysing   ·   3.1× real time   ·   1:23 left"
    qtmodeltester.check(card.queue)


def test_a_waiting_recording_is_wished_sooner_and_any_open_one_left_out(card: JobCard, job: Job) -> None:
    say(job, told(1, "analysing", 15), told(2, "waiting"), told(3, "done", 60))
    card.table.setCurrentIndex(card.queue.index(1, 0))
    assert card.sooner.isEnabled()
    card.sooner.click()
    card.table.setCurrentIndex(card.queue.index(0, 0))
    assert not card.sooner.isEnabled()
    card.drop.click()
    card.table.setCurrentIndex(card.queue.index(2, 0))
    assert not card.drop.isEnabled()
    assert job.files.control.read_text() == "sooner 2\ndrop 1\n"


def test_a_narrow_pane_keeps_every_column_and_a_low_one_only_the_line(card: JobCard, job: Job) -> None:
    say(job, told(1, "analysing", 15), told(2, "waiting"))
    card.parentWidget().resize(640, 300)
    header = card.table.horizontalHeader()
    assert header.length() <= card.table.viewport().width()
    card.parentWidget().brief(True)
    assert not card.table.isVisible()
    say(job, told(1, "analysing", 30), told(2, "waiting"))
    assert not card.table.isVisible()
    assert card.cancel.isVisible()
    card.parentWidget().brief(False)
    assert card.table.isVisible()


def test_pausing_is_said_and_taken_back(card: JobCard, job: Job) -> None:
    pause = next(button for button in card.findChildren(QPushButton) if button.text() == "Pause")
    pause.click()
    assert pause.text() == "Resume"
    pause.click()
    assert job.files.control.read_text() == "pause\nresume\n"


def test_a_job_that_gets_no_processor_says_so_until_it_does(card: JobCard, job: Job) -> None:
    def said() -> list[str]:
        return [label.text() for label in card.findChildren(QLabel) if label.isVisible()]

    job.starved.emit(True)
    assert "Waits for a processor" in said()
    job.starved.emit(False)
    assert "Waits for a processor" not in said()
