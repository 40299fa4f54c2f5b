"""What the machine has and why it is used so."""

from __future__ import annotations

from pathlib import Path

import pytest

from reid_engine import hardware
from reid_engine.runtime import Choice


def test_the_reason_for_the_device_is_told_with_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "choose", lambda device: Choice(None, "bf16", "CUDA has no driver here"))
    (tmp_path / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    4000000 kB\nHugePages: 0\n")
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: Fine Processor 3000\n")
    found = hardware.look(proc=tmp_path)
    assert (found.memory, found.free_memory) == (16_384_000_000, 4_096_000_000)
    lines = dict(found.lines())
    assert lines["Networks run on"] == "the processor (OpenVINO), bf16"
    assert lines["Because"] == "CUDA has no driver here"
    assert lines["Processor"].startswith("Fine Processor 3000")
    assert found.as_json()["used"] == found.used


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "choose", lambda device: Choice("cuda:0", "fp16", "there is one"))
    found = hardware.look(proc=tmp_path / "none")
    assert (found.memory, found.free_memory) == (0, 0)
    assert found.processor
