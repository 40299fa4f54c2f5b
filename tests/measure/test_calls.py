"""Wrong words on the command lines of bench and measure: a sentence and a status, no traceback."""

from __future__ import annotations

import runpy
import sys

import pytest

GONE = "/nowhere"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["measure.compiled", "--help"], 0, "do kernels that inductor compiles agree"),
        (["measure.compiled", "moon"], 2, "there is no network moon"),
        (["measure.mini_mars", GONE], 3, GONE),
        (["measure.tones", f"{GONE}/a.mp4"], 3, "a.mp4"),
        (["measure.world", GONE, "--detector", f"{GONE}/w.pt"], 3, "w.pt"),
        (["bench", "--only", "nosuch"], 2, "invalid choice: 'nosuch'"),
        (["bench.evaluation", "--only", "nosuch"], 2, "invalid choice: 'nosuch'"),
        (["bench.training", "--only", "nosuch"], 2, "invalid choice: 'nosuch'"),
        (["bench.models", "--models", "nosuch"], 2, "invalid choice: 'nosuch'"),
        (["bench.graphs", "--models", "nosuch"], 2, "there is no model nosuch"),
    ],
)
def test_wrong_words_are_said(
    words: list[str], status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"tests.{words[0]}", run_name="__main__", alter_sys=False)
    assert ended.value.code == status
    heard = capsys.readouterr()
    assert said in heard.out + heard.err
