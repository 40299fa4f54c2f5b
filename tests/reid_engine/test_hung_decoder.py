"""A decoder that hangs is named, ended and started again once; the other cameras go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from reid_engine import pipeline
from reid_engine.case import Case
from reid_engine.decoder import DecodeRequest, FrameReader, link
from reid_engine.decoder.silence import Silence
from reid_engine.embedding import load_embedder
from reid_engine.errors import ChildDied
from reid_engine.ingest import Ingest, IngestOptions, Wanted
from reid_engine.jobs import JobControl
from reid_engine.settings import Settings
from tests.reid_engine.conftest import Heard
from tests.support.footage import Walk, record
from tests.support.networks import stripe_embedder
from tests.support.scripted import ScriptedDetector


class Hours:
    """A clock on which an hour passes between any two looks."""

    now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 3600.0
        return self.now_s


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    walk = [Walk(0, 0.0, 1.5, -20, 340, 110)]
    return [record(folder / f"{name}.mp4", walk, seconds=1.5) for name in ("hung", "other")]


@pytest.mark.parametrize("times", [1, 2])
def test_a_decoder_that_hangs_is_started_again_once_and_holds_nobody_up(
    clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    stopped: list[int] = []

    def reader(request: DecodeRequest, *, slots: int) -> FrameReader:
        if request.path.stem != "hung" or len(stopped) == times:
            return FrameReader(request, slots=slots)
        with monkeypatch.context() as hurried:
            hurried.setattr(link, "Silence", lambda: Silence(Hours()))
            hung = FrameReader(request, slots=slots)
        os.kill(hung.pid, signal.SIGSTOP)
        stopped.append(hung.pid)
        return hung

    monkeypatch.setattr(pipeline, "FrameReader", reader)
    monkeypatch.setattr(link, "LONGEST_OPENING_S", 4.0)
    heard = Heard()
    embedder = load_embedder(stripe_embedder(tmp_path), None, threads=1, control=JobControl())
    with Case.create(tmp_path / "case", "a test") as case:
        run = Ingest(case, ScriptedDetector(), embedder, Settings(), IngestOptions(), JobControl(heard))
        hung, other = run.run([Wanted(clip, clip.stem) for clip in clips])
        assert other.state == "done"
        assert case.check() == []
    (notice,) = [notice for notice in heard.notices if "said nothing" in notice]
    assert "hung.mp4: its decoder said nothing for 4 s" in notice
    assert "started again once" in notice
    if times == 1:
        assert hung.state == "done"
    else:
        assert isinstance(hung.error, ChildDied)
        assert "hung.mp4" in str(hung.error)
