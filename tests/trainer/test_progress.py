"""What a run says to whoever started it from a terminal, or reads its log."""

from __future__ import annotations

import io
import os
import re

import pytest

from trainer.progress import LOG_INTERVAL_S, Bar

STEP = {
    "stage": "train", "done": 60, "total": 200, "epoch": 12.0, "epochs": 40, "loss": 3.2, "lr": 3e-4, "eta_s": 240.0,
    "terms": {"identity": 2.1, "triplet": 1.1}, "clips_a_second": 34.5, "best": {"rank1": 0.45, "epoch": 10.0},
}  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    log, now = io.StringIO(), [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = Bar(log)
    bar.event("progress", stage="decode", done=8, total=96)
    bar.event("progress", stage="decode", done=96, total=96)
    bar.event("progress", **STEP)
    bar.event("progress", **{**STEP, "done": 61})
    now[0] += LOG_INTERVAL_S
    bar.event("progress", **{**STEP, "done": 62, "part": 2, "parts": 2})
    assert log.getvalue().splitlines() == [
        "decode 8 of 96",
        "train 60 of 200, 4 min left, epoch 12.00 of 40, loss 3.2 (identity 2.1, triplet 1.1), lr 0.0003, "
        "34.5 clips a second, best rank-1 45.0% (epoch 10)",
        "train 62 of 200, 4 min left, epoch 12.00 of 40 (stage 2 of 2), loss 3.2 (identity 2.1, triplet 1.1), "
        "lr 0.0003, 34.5 clips a second, best rank-1 45.0% (epoch 10)",
    ]


def test_the_bar_of_a_narrow_terminal_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 24)))
    screen = Terminal()
    bar = Bar(screen)
    bar.event("progress", **STEP)
    shown = re.sub(r"\x1b\[K", "", screen.getvalue()).lstrip("\r")
    assert len(shown) == 59
    assert shown.startswith("train [#######.................] 60 of 200, 4 min left")
    bar.event("notice", message="a word")
    assert screen.getvalue().endswith("\nnotice: a word\n")


def test_a_test_and_the_end_are_sentences() -> None:
    log = io.StringIO()
    bar = Bar(log)
    figures = {"mAP": 0.6123, "rank1": 0.5, "queries": 16, "gallery": 32}
    bar.event("evaluation", step=60, epoch=12, final=False, seconds=3.2, **figures)
    ended = {"ok": True, "verdict": "our own recipe", "model": "run/model.safetensors", "steps": 60, "seconds": 240.0}
    bar.event("result", **ended, first_loss=5.0, last_loss=3.2, results=figures, machine={"device": "auto"})
    bar.event("result", **ended, first_loss=5.0, last_loss=3.2, results={}, machine={"device": "auto"})
    assert log.getvalue().splitlines() == [
        "test after epoch 12: mAP 61.2%, rank-1 50.0% (16 queries, 32 in the gallery), 3 s",
        "done: mAP 61.2%, rank-1 50.0% (16 queries, 32 in the gallery)",
        "60 steps in 4 min, loss 5 to 3.2",
        "our own recipe",
        "the model is run/model.safetensors, the report run/report.html",
        "done: not tested",
        "60 steps in 4 min, loss 5 to 3.2",
        "our own recipe",
        "the model is run/model.safetensors, the report run/report.html",
    ]
