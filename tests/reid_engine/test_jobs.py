"""Progress out, control in."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_engine.errors import JobCancelled
from reid_engine.jobs import JobControl, JsonLines, LineSplitter, obey_descriptor, obey_file


def test_a_cancelled_job_stops_at_its_next_report() -> None:
    control = JobControl()
    control.report(done=1)
    control.cancel()
    with pytest.raises(JobCancelled):
        control.report(done=2)


def test_a_paused_job_waits_and_goes_on() -> None:
    control = JobControl()
    control.pause()
    passed = threading.Event()
    worker = threading.Thread(target=lambda: (control.check(), passed.set()))
    worker.start()
    assert not passed.wait(0.1)
    control.resume()
    assert passed.wait(5)
    worker.join()


def test_cancelling_frees_a_paused_job() -> None:
    control = JobControl()
    control.pause()
    control.cancel()
    with pytest.raises(JobCancelled):
        control.check()


def test_progress_may_be_dropped_but_nothing_else_is() -> None:
    now = [0.0]
    stream = io.StringIO()
    lines = JsonLines(stream, clock=lambda: now[0])
    for done in range(10):
        lines.event("progress", done=done)
        lines.event("notice", message=f"n{done}")
    now[0] = 1.0
    lines.event("progress", done=99)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [e["done"] for e in events if e["event"] == "progress"] == [0, 99]
    assert len([e for e in events if e["event"] == "notice"]) == 10


@given(st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=6), min_size=1), max_size=6), st.integers(1, 9))
def test_lines_survive_any_cutting(objects: list[dict[str, str]], size: int) -> None:
    data = "".join(json.dumps(o) + "\n" for o in objects).encode()
    splitter = LineSplitter()
    found = [o for i in range(0, len(data), size) for o in splitter.feed(data[i : i + size])]
    assert found == objects


def test_what_is_no_object_is_passed_over() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b'warning: x\n{"a": 1}\n[1]\n{"half"')) == [{"a": 1}]


def test_control_lines_come_from_a_pipe() -> None:
    read, write = os.pipe()
    control = JobControl()
    thread = obey_descriptor(control, read)
    os.write(write, b"pause\nnonsense\n")
    _until(lambda: control.paused)
    os.write(write, b"resu")
    os.write(write, b"me\ncancel\n")
    _until(lambda: control.cancelled)
    os.close(write)
    thread.join(5)
    assert not thread.is_alive()
    os.close(read)


def test_control_lines_come_from_a_file_that_may_appear_later(tmp_path: Path) -> None:
    control, finished, path = JobControl(), threading.Event(), tmp_path / "job.control"
    thread = obey_file(control, path, finished)
    path.write_text("pause\n")
    _until(lambda: control.paused)
    with path.open("a") as stream:
        stream.write("resume\ncan")
    _until(lambda: not control.paused)
    assert not control.cancelled
    with path.open("a") as stream:
        stream.write("cel\n")
    _until(lambda: control.cancelled)
    finished.set()
    thread.join(5)
    assert not thread.is_alive()


def _until(claim: object) -> None:
    assert callable(claim)
    for _ in range(500):
        if claim():
            return
        time.sleep(0.01)
    raise AssertionError("did not happen within 5 s")
