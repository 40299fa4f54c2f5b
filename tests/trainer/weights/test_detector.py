"""The step that trains the person detector: any YOLO sets, one file of weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reid_engine._ultralytics import import_ultralytics, load_weights
from trainer.weights.__main__ import main

SIDE = 64


def yolo_set(root: Path, pictures: int) -> Path:
    """Bright bars on noise, each a person."""
    rng = np.random.default_rng(3)
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            (root / kind / part).mkdir(parents=True)
        for number in range(pictures):
            picture = rng.integers(0, 90, (SIDE, SIDE, 3), np.uint8)
            left = int(rng.integers(4, 40))
            picture[10:58, left : left + 16] = 230
            cv2.imwrite(str(root / "images" / part / f"{number}.png"), picture)
            row = f"0 {(left + 8) / SIDE} {34 / SIDE} {16 / SIDE} {48 / SIDE}\n"
            (root / "labels" / part / f"{number}.txt").write_text(row, "utf-8")
    return root


def test_a_processor_trains_in_full_floats_and_a_second_run_goes_on_from_its_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = yolo_set(tmp_path / "set", 6)
    words = ["detector", str(tmp_path / "run"), str(found), "--batch", "3", "--size", str(SIDE), "--workers", "0"]
    assert main([*words, "--hours", "0.0001", "--lr", "1e-3"]) == 0
    file = Path(capsys.readouterr().out.splitlines()[-1])
    assert file.is_file()
    # a processor without bfloat16 imitates it, fifteen times as slowly
    assert "amp: false" in (tmp_path / "run" / "args.yaml").read_text("utf-8")
    assert load_weights(file).names == {0: "person"}
    words[1] = str(tmp_path / "further")
    assert main([*words, "--hours", "0.0001", "--lr", "1e-9", "--seed", "9", "--start", str(file)]) == 0
    last = tmp_path / "further" / "weights" / "last.pt"
    before, further = load_weights(file).model.state_dict(), load_weights(last).model.state_dict()
    for name, value in before.items():
        if name.endswith("conv.weight"):
            assert torch.allclose(value.float(), further[name].float(), atol=1e-4), name


def test_a_detector_halfway_between_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(tmp_path / name) for name in ("one.pt", "other.pt", "mean.pt", "large.pt")]
    yolo = import_ultralytics().YOLO
    for file, seed in zip(files[:2], (1, 2), strict=True):
        torch.manual_seed(seed)
        yolo("yolo11n.yaml").save(file)
    assert main(["mean", *files[:3]]) == 0
    one, other, mean = (load_weights(Path(file)).model.float().state_dict() for file in files[:3])
    for name, value in mean.items():
        if value.is_floating_point():
            assert torch.allclose(value, (one[name] + other[name]) / 2, atol=1e-3), name
    yolo("yolo11s.yaml").save(files[3])
    assert main(["mean", files[0], files[3], files[2]]) != 0
    assert "one.pt and large.pt are of different architectures" in capsys.readouterr().err


def test_a_folder_that_is_no_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["detector", str(tmp_path / "run"), str(tmp_path / "empty")]) != 0
    assert "is no set in YOLO layout" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
