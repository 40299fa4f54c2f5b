"""Jobs as the window follows them: started apart, found again, and honest about a start that failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app import jobs as following
from app.jobs import BEHIND_THE_WINDOW, Job, JobFiles, Jobs, running_jobs
from app.settings import WindowState
from app.starved import LOOKS, Starved
from app.workspace import Workspace
from reid_engine.case import Case
from reid_engine.settings import Settings, WorkSettings

WAIT_MS = 20_000
SAY_RESULT = (sys.executable, "-c", 'print(\'{"event": "result", "ok": true}\')')
WAIT_FOR_CANCEL = (
    sys.executable,
    "-c",
    "import os, sys, time\n"
    "control = sys.argv[-1]\n"
    'print(\'{"event": "notice", "message": "%d"}\' % os.getpriority(os.PRIO_PROCESS, 0), flush=True)\n'
    "while 'cancel' not in open(control).read(): time.sleep(0.01)\n"
    'print(\'{"event": "result", "ok": false}\')',
)


@pytest.fixture
def follow() -> Iterator[list[Jobs]]:
    """Jobs that stop following at the end of the test."""
    made: list[Jobs] = []
    yield made
    for jobs in made:
        jobs.close()


def ended(job: Job, qtbot: QtBot) -> str:
    """Wait for a job's end; what it said."""
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS) as blocker:
        pass
    return str(blocker.args[0])


def test_a_job_that_says_its_result_has_ended_well(tmp_path: Path, follow: list[Jobs], qtbot: QtBot) -> None:
    jobs = Jobs(tmp_path, SAY_RESULT, gently=False)
    follow.append(jobs)
    heard: list[dict[str, object]] = []
    job = jobs.start("ingest", [])
    job.moved.connect(heard.extend)
    assert ended(job, qtbot) == ""
    assert [event["event"] for event in heard] == ["result"]
    assert jobs.running() == []


def test_a_program_that_cannot_be_started_is_the_jobs_end(tmp_path: Path, follow: list[Jobs], qtbot: QtBot) -> None:
    jobs = Jobs(tmp_path, ["/no/such/program"])
    follow.append(jobs)
    assert "/no/such/program could not be started" in ended(jobs.start("ingest", []), qtbot)


def test_a_job_that_dies_without_a_result_ends_with_its_last_words(
    tmp_path: Path, follow: list[Jobs], qtbot: QtBot
) -> None:
    jobs = Jobs(tmp_path, (sys.executable, "-c", "import sys; sys.exit('reappear: no space is left')"), gently=False)
    follow.append(jobs)
    assert ended(jobs.start("ingest", []), qtbot) == "no space is left"


def test_a_running_job_is_found_by_another_window_and_goes_behind_it(
    tmp_path: Path, follow: list[Jobs], qtbot: QtBot
) -> None:
    first = Jobs(tmp_path, WAIT_FOR_CANCEL, gently=False)
    follow.append(first)
    job = first.start("evidence", ["15", "/out"])
    qtbot.waitUntil(lambda: job.files.log.exists() and job.files.log.stat().st_size > 0, timeout=WAIT_MS)
    first.close()
    found = running_jobs(tmp_path)
    assert list(found) == [job.name]
    assert os.getpriority(os.PRIO_PROCESS, found[job.name]) >= BEHIND_THE_WINDOW
    second = Jobs(tmp_path, WAIT_FOR_CANCEL, gently=False)
    follow.append(second)
    second.follow(found)
    second.follow(found)
    assert [again.name for again in second.jobs] == [job.name]
    assert (second.jobs[0].verb, second.jobs[0].arguments) == ("evidence", ("15", "/out"))
    second.jobs[0].say("cancel")
    assert ended(second.jobs[0], qtbot) == ""


def test_a_control_file_without_a_process_is_no_running_job(tmp_path: Path) -> None:
    files = JobFiles.of(tmp_path, "ingest-1")
    files.control.parent.mkdir()
    files.control.touch()
    assert running_jobs(tmp_path) == {}


SAY_ORDER = (
    sys.executable,
    "-c",
    "import json, os, sys, time\n"
    "ends = time.monotonic() + 10\n"  # the window puts it behind just after its start
    "while os.sched_getscheduler(0) == os.SCHED_OTHER and time.monotonic() < ends: time.sleep(0.01)\n"
    "print(json.dumps({'event': 'result', 'policy': os.sched_getscheduler(0), 'nice': os.getpriority(0, 0)}))",
)


@pytest.mark.parametrize(
    ("verb", "gently", "policy", "niceness"),
    [
        ("ingest", True, os.SCHED_IDLE, 19),
        ("ingest", False, os.SCHED_BATCH, 10),
        ("evidence", True, os.SCHED_BATCH, 5),  # somebody waits for it
        ("merge", True, os.SCHED_BATCH, 5),
    ],
)
def test_a_lengthy_gentle_job_takes_only_what_nobody_else_wants(
    tmp_path: Path, follow: list[Jobs], qtbot: QtBot, verb: str, gently: bool, policy: int, niceness: int
) -> None:
    jobs = Jobs(tmp_path, SAY_ORDER)
    follow.append(jobs)
    jobs.gently = gently
    heard: list[dict[str, object]] = []
    job = jobs.start(verb, [])
    job.moved.connect(heard.extend)
    assert ended(job, qtbot) == ""
    assert (heard[0]["policy"], heard[0]["nice"]) == (policy, niceness)


def test_jobs_of_a_case_are_gentle_unless_the_settings_say_otherwise(tmp_path: Path, qtbot: QtBot) -> None:
    state = WindowState(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    hasty = Settings(work=WorkSettings(gently=False))
    assert Jobs(tmp_path, SAY_ORDER).gently
    for settings, gently in ((Settings(), True), (hasty, False)):
        work = Workspace(Case.create(tmp_path / str(gently), "a test"), SAY_ORDER, state, settings)
        assert work.jobs.gently is gently
        work.use(Settings() if settings is hasty else hasty)
        assert work.jobs.gently is not gently
        work.close()


IGNORES = (sys.executable, "-c", "import time\nprint('{}', flush=True)\ntime.sleep(60)")


class Looked(Starved):
    """What the kernel says of a process, by the test."""

    def __init__(self, wants: list[bool], used_s: list[float]) -> None:
        super().__init__(os.getpid())
        self._told = iter(zip(wants, used_s, strict=True))

    def look(self) -> bool:
        self._now = next(self._told)
        return super().look()

    def _wants(self) -> bool:
        return self._now[0]

    def _used_s(self) -> float:
        return self._now[1]


@pytest.mark.parametrize(
    ("wants", "used_s", "starved"),
    [
        ([True] * LOOKS, [1.0] * (LOOKS - 1) + [1.1], True),
        ([True] * LOOKS, [float(second) for second in range(LOOKS)], False),  # it works
        ([True] * LOOKS, [second / 4 for second in range(LOOKS)], False),  # slowly
        ([True, False, *[True] * (LOOKS - 2)], [1.0] * LOOKS, False),  # it waits for something else
        ([True] * (LOOKS - 1), [1.0] * (LOOKS - 1), False),  # too early to say
    ],
)
def test_who_could_run_again_and_again_and_hardly_did_is_starved(
    wants: list[bool], used_s: list[float], starved: bool
) -> None:
    looked = Looked(wants, used_s)
    assert [looked.look() for _ in wants] == [False] * (len(wants) - 1) + [starved]


def test_what_the_kernel_says_of_a_process_is_read_and_of_one_that_is_gone_nothing() -> None:
    own, gone = Starved(os.getpid()), Starved(1 << 30)
    assert own._wants()
    before = own._used_s()
    assert before > 0
    while own._used_s() == before:
        pass
    assert (gone._wants(), gone._used_s(), gone.look()) == (False, 0.0, False)


@pytest.mark.parametrize("starving", [True, False])
def test_a_cancelled_job_that_gets_no_processor_to_obey_with_is_ended(
    tmp_path: Path, follow: list[Jobs], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, starving: bool
) -> None:
    monkeypatch.setattr(following, "PATIENCE_S", 0.0)
    monkeypatch.setattr(Starved, "look", lambda _: starving)
    jobs = Jobs(tmp_path, IGNORES)
    follow.append(jobs)
    job = jobs.start("ingest", [])
    qtbot.waitUntil(lambda: job.files.log.exists() and job.files.log.stat().st_size > 0, timeout=WAIT_MS)
    number = running_jobs(tmp_path)[job.name]
    job.look()
    assert job.running  # nobody has cancelled it
    job.say("cancel")
    job.look()
    if starving:
        assert "What it found is kept" in ended(job, qtbot)
    else:
        assert running_jobs(tmp_path) == {job.name: number}  # slow it may be
        os.killpg(number, 9)
        ended(job, qtbot)


@pytest.mark.parametrize("starving", [True, False])
def test_a_pace_that_was_measured_without_a_processor_is_not_remembered(
    tmp_path: Path, qtbot: QtBot, starving: bool
) -> None:
    state = WindowState(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    work = Workspace(Case.create(tmp_path / "case", "a test"), SAY_RESULT, state, Settings())
    job = Job(work.desk.folder, "ingest-1", Still())
    job.detach()
    work.jobs.started.emit(job)
    if starving:
        job._hunger = Looked([True] * LOOKS, [1.0] * LOOKS)
        for _ in range(LOOKS):
            job.look()
    job.moved.emit([{"event": "progress", "stage": "analyse", "rate": 0.1, "done": 60.0}])
    job.ended.emit("")
    assert work.pace == (None if starving else 0.1)
    work.close()


class Still:
    """A process that does nothing."""

    alive, problem = True, ""
    number = os.getpid()
