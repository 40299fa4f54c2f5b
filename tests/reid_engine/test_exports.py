"""Exports are kept by hash, judged against torch, and made again when they are not what they were."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_engine import export_cache
from reid_engine.boxes import Agreement
from reid_engine.errors import ChildDied, DiskFull, NetworkFileError
from reid_engine.exports import exported, passes
from reid_engine.jobs import JobControl
from reid_engine.runtime import Choice
from tests.reid_engine.conftest import Heard, Untrained

EXACT = Choice(None, "f32", "asked for")


@pytest.fixture
def again(untrained_yolo: Untrained, monkeypatch: pytest.MonkeyPatch) -> Untrained:
    monkeypatch.setattr(export_cache, "ask_child", untrained_yolo.export_again)
    return untrained_yolo


def entry(cache: Path) -> Path:
    return next(path for path in cache.glob("exports/*") if not (path / "network.torchscript").exists())


def test_the_second_time_comes_from_the_cache(
    untrained_yolo: Untrained, full_cache: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> dict[str, Any]:
        raise AssertionError("a child was asked")

    monkeypatch.setattr(export_cache, "ask_child", never)
    found = exported(untrained_yolo.weights, EXACT, JobControl(heard))
    assert passes("OpenVINO f32", found.gate["OpenVINO f32"])
    assert heard.notices == []


def test_the_gate_keeps_its_figures_beside_the_export(full_cache: Path, untrained_yolo: Untrained) -> None:
    found = exported(untrained_yolo.weights, EXACT, JobControl())
    figures = found.gate["OpenVINO f32"]
    assert figures.box_px <= 0.01
    assert figures.score <= 1e-3
    assert figures.share == 1.0


@pytest.mark.parametrize(
    ("file", "harm"),
    [
        ("network.bin", "cut"),
        ("network.bin", "altered"),
        ("network.xml", "altered"),
        ("metadata.yaml", "gone"),
        ("export.json", "cut"),
    ],
)
def test_a_harmed_cache_entry_is_made_again_aloud(
    again: Untrained, full_cache: Path, heard: Heard, file: str, harm: str
) -> None:
    victim = entry(full_cache) / file
    whole = victim.read_bytes()
    if harm == "gone":
        victim.unlink()
    else:
        middle = len(whole) // 2
        victim.write_bytes(whole[:middle] + (b"" if harm == "cut" else b"\x07" + whole[middle + 1 :]))
    found = exported(again.weights, EXACT, JobControl(heard))
    assert "it is made again" in heard.notices[0]
    assert passes("OpenVINO f32", found.gate["OpenVINO f32"])
    assert victim.exists()


def test_an_export_that_disagrees_with_torch_is_refused(
    untrained_yolo: Untrained, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(module: str, arguments: list[str], check: Callable[[], None]) -> dict[str, Any]:
        answer = untrained_yolo.export_again(module, arguments, check)
        path = Path(arguments[1]) / "reference.npz"
        with np.load(path) as reference:
            arrays: dict[str, Any] = dict(reference)
        arrays["outputs_1"][:, 0] += 0.05
        np.savez(path, **arrays)
        return answer

    monkeypatch.setattr(export_cache, "ask_child", wrong)
    with pytest.raises(NetworkFileError, match="does not agree with torch"):
        exported(untrained_yolo.weights, EXACT, JobControl())
    assert not list(cache.glob("exports/*"))


@pytest.mark.parametrize(
    ("name", "found", "good"),
    [
        ("OpenVINO f32", Agreement(0.009, 0.0009, 1.0, 0.0), True),
        ("OpenVINO f32", Agreement(0.011, 0.0, 1.0, 0.0), False),
        ("OpenVINO f32", Agreement(0.0, 0.002, 1.0, 0.0), False),
        ("OpenVINO bf16", Agreement(50.0, 0.09, 0.95, 0.05), True),
        ("OpenVINO bf16", Agreement(1.0, 0.01, 0.85, 0.01), False),
        ("torch bf16", Agreement(1.0, 0.3, 1.0, 0.2), False),
    ],
)
def test_f32_must_be_exact_and_less_must_find_the_same_boxes(name: str, found: Agreement, good: bool) -> None:
    assert passes(name, found) is good


def test_a_child_that_dies_is_reported_with_the_file(
    untrained_yolo: Untrained, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: Any) -> dict[str, Any]:
        raise ChildDied("the child was killed by SIGSEGV")

    monkeypatch.setattr(export_cache, "ask_child", dead)
    with pytest.raises(NetworkFileError, match=r"yolo11n.pt cannot be exported.*SIGSEGV"):
        exported(untrained_yolo.weights, EXACT, JobControl())


def test_a_full_disk_is_said_as_such(untrained_yolo: Untrained, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_cache, "ask_child", lambda *_: {"error": "no space", "disk_full": True})
    with pytest.raises(DiskFull):
        exported(untrained_yolo.weights, EXACT, JobControl())

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export_cache.tempfile, "TemporaryDirectory", full)
    with pytest.raises(DiskFull, match="cannot be kept"):
        exported(untrained_yolo.weights, EXACT, JobControl())


def test_a_child_that_dies_on_a_full_disk_is_said_to_have_found_no_room(
    untrained_yolo: Untrained, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: Any) -> dict[str, Any]:
        raise ChildDied("a library could not write")

    monkeypatch.setattr(export_cache, "ask_child", dead)
    monkeypatch.setattr(export_cache, "LEAST_FREE", 1 << 62)
    with pytest.raises(DiskFull, match="found no room"):
        exported(untrained_yolo.weights, EXACT, JobControl())


def test_an_entry_judged_without_bf16_is_judged_again_where_there_is_bf16(
    again: Untrained, full_cache: Path, heard: Heard
) -> None:
    shutil.rmtree(full_cache / "exports")
    exported(again.weights, EXACT, JobControl())
    exported(again.weights, Choice(None, "bf16", ""), JobControl(heard))
    assert "another kind of processor" in heard.notices[0]
