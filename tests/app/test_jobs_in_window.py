"""Jobs beside the work of a person: they squeeze nothing, say how they are everywhere, and are refused at once."""

from __future__ import annotations

import sys
import time

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from app.desk import Query
from app.dialogs.trouble import TroubleDialog
from app.jobs import Job, Jobs
from app.main_window import MainWindow
from app.verbs import FOOTAGE, INVESTIGATE
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS, view_of
from tests.app.test_inquiry import searched

pytestmark = pytest.mark.window
CAMERAS = ("Plaza north", "people-detection", "people-walking_1280x720_bad-header")
FAILS = (sys.executable, "-c", "import sys; sys.exit('reappear: no space is left where the case lies')")


class Working:
    """A process that works for as long as the test likes."""

    alive, problem, number = True, "", None


def job_of(window: MainWindow, verb: str = "ingest", *arguments: str) -> Job:
    """A job of the open case that a test speaks for."""
    jobs = view_of(window).work.jobs
    job = Job(view_of(window).work.desk.folder, f"{verb}-{time.monotonic_ns()}", Working(), jobs, arguments)
    job.files.log.parent.mkdir(exist_ok=True)
    job.detach()
    jobs.jobs.append(job)
    jobs.started.emit(job)
    return job


def tell(job: Job, *states: str) -> None:
    """An analysis says how its recordings are; the first ones are those of the case."""
    cameras = [
        {"source": number, "camera": CAMERAS[(number - 1) % 3], "file": f"{number}.mp4", "state": state,
         "done_us": 5_000_000, "duration_us": 80_000_000, "tracklets": 1}
        for number, state in enumerate(states, 1)
    ]  # fmt: skip
    told = {"event": "progress", "stage": "analyse", "rate": 0.62, "tracklets": 141, "eta_s": 347.0, "done": 40.0}
    job.moved.emit([{**told, "cameras": cameras}])


def end(job: Job) -> None:
    job.running = False
    job.ended.emit("")


def covered(window: MainWindow) -> list[QWidget]:
    """Buttons of the window that others cover, or that stand outside it, wholly or in part."""
    view = view_of(window)
    parts = [view.jobs, view.journey.pane, view.matches, view.player, view.subject]
    places = {part: QRect(part.mapTo(window, QPoint()), part.size()) for part in parts if part.isVisible()}
    wrong = []
    for part in places:
        for button in part.findChildren(QAbstractButton):
            place = QRect(button.mapTo(window, QPoint()), button.size())
            shown = button.isVisible() and not button.visibleRegion().isEmpty()
            others = (other for other in places if other is not part)
            if shown and (not window.rect().contains(place) or any(places[o].intersects(place) for o in others)):
                wrong.append(button)
    return wrong


def test_jobs_and_journey_come_and_go_and_everything_keeps_its_room(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    searched(window, qtbot)
    qtbot.waitUntil(lambda: view.matches.width() >= 560, timeout=WAIT_MS)
    wide, subject = view.matches.width(), view.subject.width()
    window.go(FOOTAGE)
    job, other = job_of(window, "ingest", *["--camera", "one=1.mp4"] * 7), job_of(window, "evidence", "15", "/out")
    tell(job, *["analysing"] * 7)
    window.go(INVESTIGATE)

    def whole() -> bool:
        return abs(view.matches.width() - wide) < 8 and abs(view.subject.width() - subject) < 8 and not covered(window)

    qtbot.waitUntil(whole, timeout=WAIT_MS)
    assert view.jobs.card(job.name).cancel.isVisible()
    assert view.jobs.height() < 140
    window.toggle_journey()
    qtbot.waitUntil(whole, timeout=WAIT_MS)
    window.toggle_journey()
    end(other)
    qtbot.waitUntil(whole, timeout=WAIT_MS)
    window.resize(1100, 700)
    qtbot.waitUntil(lambda: view.matches.width() < 400 and not covered(window), timeout=WAIT_MS)
    window.resize(1440, 900)
    qtbot.waitUntil(whole, timeout=WAIT_MS)
    end(job)
    qtbot.waitUntil(whole, timeout=WAIT_MS)


def test_what_somebody_has_dragged_stays_when_jobs_come_and_go(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    searched(window, qtbot)
    qtbot.waitUntil(lambda: view.matches.width() >= 560, timeout=WAIT_MS)
    job = job_of(window)
    tell(job, "analysing", "waiting")
    qtbot.waitUntil(view.jobs.isVisible, timeout=WAIT_MS)
    before, left = view.matches.width(), view.matches.mapTo(window, QPoint())
    between = left + QPoint(-2, view.matches.height() // 2)
    qtbot.mousePress(window, Qt.MouseButton.LeftButton, pos=between)
    qtbot.mouseMove(window, between + QPoint(120, 0))
    qtbot.waitUntil(lambda: abs(before - view.matches.width() - 120) < 8, timeout=WAIT_MS)
    qtbot.mouseRelease(window, Qt.MouseButton.LeftButton, pos=between + QPoint(120, 0))
    QApplication.processEvents()  # nobody is as fast as the next line
    narrow = view.matches.width()
    end(job)
    window.toggle_journey()
    window.go(FOOTAGE)
    window.go(INVESTIGATE)
    qtbot.waitUntil(lambda: abs(view.matches.width() - narrow) < 8, timeout=WAIT_MS)


def test_the_table_of_a_low_window_keeps_rows_beside_a_job(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    window.go(FOOTAGE)
    job = job_of(window)
    tell(job, *["analysing"] * 7)
    window.resize(1100, 700)
    table = view.footage.table
    qtbot.waitUntil(lambda: table.viewport().height() >= 2 * table.rowHeight(0), timeout=WAIT_MS)
    assert view.jobs.card(job.name).table.isVisible()
    end(job)


def test_the_table_of_recordings_says_what_the_job_says(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    window.go(FOOTAGE)
    work = view.work
    with work.desk.case.store.database.writing() as connection:  # both are analysed in this case: as if they were not
        connection.exec_driver_sql("UPDATE source SET state = 'pending'")
    job = job_of(window)

    def states() -> list[str]:
        return [str(work.recordings.index(row, 0).data()) for row in range(work.recordings.rowCount())]

    work.reload()
    qtbot.waitUntil(lambda: states() == ["analysing", "analysing"], timeout=WAIT_MS)
    tell(job, "analysing", "dropped")
    assert states() == ["analysing", "left out"]
    job.say("pause")
    assert states() == ["paused", "left out"]
    job.say("resume")
    tell(job, "analysing", "waiting")
    assert states() == ["analysing", "waiting"]
    end(job)
    qtbot.waitUntil(lambda: states() == ["waiting", "waiting"], timeout=WAIT_MS)


def test_a_merge_of_two_people_is_refused_before_a_job_begins(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    tile = next(tile for tile in view.player.tiles.values() if len(tile.people.tracklet))
    one = view.work.desk.tracklet(TrackletId(int(tile.people.tracklet[0])))
    desk = view.work.desk
    elsewhere = next(seen.tracklet for seen in desk.everybody(Query()).matches if seen.camera != one.camera)
    for number in (elsewhere, one.id):
        view.player.select(int(number))
    view.inquiry.merge()
    qtbot.waitUntil(lambda: "only those of one can be merged" in window.statusBar().currentMessage(), timeout=WAIT_MS)
    view.player.seek(one.end_us + 60_000_000)
    view.inquiry.split()
    qtbot.waitUntil(lambda: "cannot be split there" in window.statusBar().currentMessage(), timeout=WAIT_MS)
    assert view.work.jobs.jobs == []


def test_an_edit_that_fails_says_its_sentence_in_the_window(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    job = job_of(window, "merge", "2", "7")
    told = {"ok": False, "error": "UsageError", "message": "tracks 2 and 7 are seen in the same picture"}
    job.moved.emit([{"event": "result", **told}])
    end(job)
    crashing = Jobs(view.work.desk.folder, FAILS, view.work)
    crashing.started.connect(view.work.jobs.started)
    died = crashing.start("split", ["2", "--at", "5"])
    with qtbot.waitSignal(died.ended, timeout=WAIT_MS):
        pass
    said = [dialog.report() for dialog in dialogs if isinstance(dialog, TroubleDialog)]
    assert len(said) == 2
    assert "tracks 2 and 7 are seen in the same picture" in said[0]
    assert "no space is left where the case lies" in said[1]
    assert "reappear:" not in "".join(said)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("ingest", "Cancelled: what was found so far is kept and can be searched. Start goes on from there."),
        ("describe", "Cancelled: searches go by the model in force. Asked for again, it goes on from there."),
        ("evidence", "Cancelled: no evidence folder was left."),
        ("merge", "Cancelled: both tracks are as they were."),
    ],
)
def test_a_job_that_was_cancelled_says_what_is_left_of_it(
    window: MainWindow, verb: str, words: str, qtbot: QtBot
) -> None:
    """And not what its command says to whoever types commands."""
    job = job_of(window, verb, "2", "7")
    told = {"ok": False, "error": "JobCancelled", "message": "cancelled; what was done until then is kept"}
    job.moved.emit([{"event": "result", **told}])
    assert window.statusBar().currentMessage() == words
    end(job)
