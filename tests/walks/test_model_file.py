"""A video model's file as the embedder of a case: ingest, search, a photograph; torch only for the first export."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reid_engine.models import build_model
from reid_engine.models.files import Story, save_model
from tests.support.command import Said, environment
from tests.support.footage import PEOPLE, SKIN, Walk, record
from tests.support.program import COMMAND
from tests.support.scripted import write_script

pytestmark = pytest.mark.walk

Call = Callable[..., Said]
TRAP = """
import os
with open(os.environ["TORCH_LOG"], "a") as log:
    log.write(f"{os.getpid()} asked for torch\\n")
raise ImportError("this walk has no torch")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model file, a detector and two recordings of one person."""
    made = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    model = build_model("gltr", backbone="compact", clip_length=4, input_size=(64, 32))
    save_model(model, made / "small.safetensors", Story(calibration={"strong": 0.1, "possible": 0.2, "weak": 0.4}))
    write_script(made)
    for number, name in enumerate(("east", "west")):
        record(made / f"{name}.mp4", [Walk(0, 0.2, 2.8, -20, 340, 110)], seconds=3.0, seed=number)
    picture = np.zeros((100, 40, 3), np.uint8)
    picture[:15], picture[15:55], picture[55:] = SKIN, *PEOPLE[0]
    cv2.imwrite(str(made / "photo.png"), picture)
    (made / "without").mkdir()
    (made / "without" / "torch.py").write_text(TRAP)
    return made


@pytest.fixture(scope="module")
def call(folder: Path) -> Call:
    """The program in the folder, with a cache of its own, and on request where importing torch fails and is noted."""

    def run(*words: object, torch: bool) -> Said:
        known = environment() | {"REAPPEAR_CACHE": str(folder / "cache"), "TORCH_LOG": str(folder / "log")}
        known["OMP_NUM_THREADS"] = "1"  # of torch in the child that exports: more would only wait for one another
        if not torch:
            known["PYTHONPATH"] = os.pathsep.join([str(folder / "without"), known["PYTHONPATH"]])
        command = [*COMMAND, *map(str, words)]
        done = subprocess.run(command, env=known, cwd=folder, capture_output=True, text=True, timeout=240)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


NETWORKS = ("--detector", "figures.scripted.json", "--embedder", "small.safetensors")


def ingest(call: Call, recording: str) -> Said:
    said = call("ingest", "case", recording, *NETWORKS, "--json", torch=False)
    assert said.status == 0, said.err
    assert said.last("result")["ok"]
    return said


def test_a_model_file_fills_a_case_and_answers_and_once_exported_needs_no_torch(folder: Path, call: Call) -> None:
    prepared = call("prepare", *NETWORKS, torch=True)
    assert (prepared.status, prepared.out) == (0, "")
    assert "exported for the first time" in prepared.err
    for recording in ("east.mp4", "west.mp4"):
        assert "exported for the first time" not in ingest(call, recording).out
    found = call("search", "case", "--tracklet", 1, "--json", torch=False)
    assert found.status == 0, found.err
    (match,) = found.objects[0]["matches"]
    assert match["band"] == "strong", "the same walk in the same clothes, by the bands of the model's card"
    photo = call("search", "case", "--image", "photo.png", "--json", torch=False)
    assert photo.status == 0, photo.err
    assert len(photo.objects[0]["matches"]) == 2
    assert not (folder / "log").exists(), (folder / "log").read_text()
    call_torch = [COMMAND[0], "-c", "try:\n import torch\nexcept ImportError:\n pass"]
    trapped = environment() | {"PYTHONPATH": str(folder / "without"), "TORCH_LOG": str(folder / "log")}
    subprocess.run(call_torch, env=trapped, check=True)
    assert "asked for torch" in (folder / "log").read_text(), "the trap notes"
