"""The order of a running ingest: a recording goes first, or is left out, and what was found is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reid_engine.case import Case
from reid_engine.embedding import load_embedder
from reid_engine.errors import JobCancelled
from reid_engine.ingest import Ingest, IngestOptions, Wanted
from reid_engine.jobs import JobControl, Wish
from reid_engine.settings import Settings
from tests.support.footage import Walk, record
from tests.support.networks import stripe_embedder
from tests.support.scripted import ScriptedDetector


class Heard:
    """Which recordings were seen being analysed, in the order in which they began."""

    def __init__(self) -> None:
        self.begun: list[int] = []

    def event(self, kind: str, **fields: Any) -> None:
        for source in fields.get("cameras", ()):
            if source["state"] == "analysing" and source["source"] not in self.begun:
                self.begun.append(source["source"])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    walk = [Walk(0, 0.0, 1.5, -20, 340, 110)]
    return [record(folder / f"{number}.mp4", walk, seconds=1.5 + 0.1 * number) for number in range(4)]


def test_control_lines_carry_wishes() -> None:
    control = JobControl()
    for line in ("sooner 7", "drop 3", "drop", "sooner x", "sooner", "pause 1"):
        control.obey(line)
    assert control.wishes() == [Wish("sooner", 7), Wish("drop", 3)]
    assert control.wishes() == []
    assert not control.paused


def test_a_recording_goes_first_and_another_is_left_out(clips: list[Path], tmp_path: Path) -> None:
    heard = Heard()
    control = JobControl(heard)
    for line in ("sooner 4", "drop 2"):
        control.obey(line)
    embedder = load_embedder(stripe_embedder(tmp_path), None, threads=1, control=JobControl())
    with Case.create(tmp_path / "case", "a test") as case:
        run = Ingest(case, ScriptedDetector(delay_s=0.03), embedder, Settings(), IngestOptions(), control)
        reports = run.run([Wanted(clip, "Gate", 10_000_000 * place) for place, clip in enumerate(clips)])
        assert [report.state for report in reports] == ["done", "unfinished", "done", "done"]
        assert isinstance(reports[1].error, JobCancelled)
        assert [source.state for source in case.store.sources()] == ["done", "pending", "done", "done"]
    assert heard.begun[0] == 4
    assert 2 not in heard.begun
