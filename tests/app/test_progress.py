from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.item_models.queue import CAMERA
from app.job_words import name_of
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
    made = Job(tmp_path, "ingest-1", Ended(), None, ["--camera", "ch01=ch01.mp4", "--camera", "ch02=ch02.mp4"])
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
    tell(job, eta_s=83, cameras=list(cameras))


def tell(job: Job, **more: object) -> None:
    job.moved.emit([{"event": "progress", "stage": "analyse", "rate": 3.14, **more}])


def title(card: JobCard) -> str:
    return card.findChildren(QLabel)[0].text()


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
    assert title(card) == "Analysis of 2 recordings   ·   1:23 left   ·   3.1× real time"
    headings = [card.queue.headerData(column, Qt.Orientation.Horizontal) for column in range(6)]
    assert headings == ["Camera", "File", "Stage", "Progress", "Done", "Tracks"]
    assert card.table.horizontalHeader().isVisible()
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


def test_pausing_is_said_and_taken_back(card: JobCard, job: Job, tmp_path: Path) -> None:
    say(job, told(1, "analysing", 15), told(2, "waiting"))
    pause = next(button for button in card.findChildren(QPushButton) if button.text() == "Pause")
    pause.click()
    assert pause.text() == "Resume"
    assert title(card).startswith("Paused   ·   Analysis of 2 recordings")
    assert [row[2] for row in words(card)] == ["paused", "waiting"]
    job.say("sooner 2")
    again = Job(tmp_path, "ingest-1", Ended())  # another window
    again.detach()
    assert (job.paused, again.paused) == (True, True)
    pause.click()
    assert title(card).startswith("Analysis of 2 recordings")
    assert [row[2] for row in words(card)] == ["analysing", "waiting"]
    assert job.files.control.read_text() == "pause\nsooner 2\nresume\n"


def test_cancelling_is_said_at_once_and_until_the_end(card: JobCard, job: Job) -> None:
    assert title(card) == "Analysis of 2 recordings   ·   Starting …"
    card.cancel.click()
    assert title(card) == "Cancelling …   ·   Analysis of 2 recordings"
    say(job, told(1, "analysing", 15))
    assert title(card).startswith("Cancelling …")
    assert [button.text() for button in card.findChildren(QPushButton) if button.isEnabled()] == []
    assert job.files.control.read_text() == "cancel\n"


def test_what_is_known_of_the_time_left_is_said_where_a_recording_does_not_say_its_length(
    card: JobCard, job: Job
) -> None:
    tell(job, eta_s=None, least_s=541.2, done=38.0)
    assert title(card) == "Analysis of 2 recordings   ·   at least 9:01 left   ·   3.1× real time"
    tell(job, eta_s=None, least_s=0.0, done=38.0)
    assert title(card) == "Analysis of 2 recordings   ·   0:38 done   ·   3.1× real time"


@pytest.mark.parametrize(
    ("verb", "arguments", "said"),
    [
        ("evidence", ["15", "/out", "--before", "3.0"], "Evidence of track 15"),
        ("split", ["3", "--at", "1793714531000000"], "Split of track 3"),
        ("merge", ["2", "7", "--embedder", "w.onnx"], "Merge of tracks 2 and 7"),
        ("ingest", ["--detector", "d", "--camera", "one=one.mp4"], "Analysis of 1 recording"),
        ("ingest", [], "Analysis"),
        ("describe", ["--embedder", "models/better.onnx"], "Describing everybody by better"),
    ],
)
def test_a_job_says_what_it_is(verb: str, arguments: list[str], said: str) -> None:
    assert name_of(verb, arguments) == said


def test_a_line_gives_way_and_two_cameras_of_one_beginning_are_told_apart(
    card: JobCard, job: Job, qtbot: QtBot
) -> None:
    both = ("people-detection", "people-walking_1280x720_bad-header")
    say(job, *(told(n, "analysing", 5, camera=name) for n, name in enumerate(both)))
    metrics, room = card.table.fontMetrics(), card.table.columnWidth(CAMERA) - 16
    assert card.table.textElideMode() == Qt.TextElideMode.ElideMiddle
    shown = {metrics.elidedText(name, card.table.textElideMode(), room) for name in both}
    assert len(shown) == 2
    assert not card.table.wordWrap()  # else a name breaks at its hyphen, and both are cut to "people-…"
    card.parentWidget().brief(True)
    qtbot.waitUntil(lambda: card.minimumSizeHint().width() < 300)


def test_a_job_that_gets_no_processor_says_so_until_it_does(card: JobCard, job: Job) -> None:
    def said() -> list[str]:
        return [label.text() for label in card.findChildren(QLabel) if label.isVisible()]

    job.starved.emit(True)
    assert "Waits for a processor" in said()
    job.starved.emit(False)
    assert "Waits for a processor" not in said()
