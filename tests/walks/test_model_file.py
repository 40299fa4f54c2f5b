"""A video model's file as the embedder of a case: ingest, search, a photograph; torch only for the first export."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.command import Said, environment
from tests.support.exported import Exported
from tests.support.footage import PEOPLE, SKIN, Walk, record
from tests.support.program import COMMAND

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
    """Two recordings of one person, and a photograph."""
    made = tmp_path_factory.mktemp("model")
    for number, name in enumerate(("east", "west")):
        record(made / f"{name}.mp4", [Walk(0, 0.2, 2.8, -20, 340, 110)], seconds=3.0, seed=number)
    picture = np.zeros((100, 40, 3), np.uint8)
    picture[:15], picture[15:55], picture[55:] = SKIN, *PEOPLE[0]
    cv2.imwrite(str(made / "photo.png"), picture)
    (made / "without").mkdir()
    (made / "without" / "torch.py").write_text(TRAP)
    return made


@pytest.fixture(scope="module")
def call(folder: Path, exported: Exported) -> Call:
    """The program in the folder, where the model is exported, and importing torch fails and is noted."""

    def run(*words: object) -> Said:
        known = environment() | {"REAPPEAR_CACHE": str(exported.cache), "TORCH_LOG": str(folder / "log")}
        known["PYTHONPATH"] = os.pathsep.join([str(folder / "without"), known["PYTHONPATH"]])
        command = [*COMMAND, *map(str, words)]
        done = subprocess.run(command, env=known, cwd=folder, capture_output=True, text=True, timeout=240)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def test_a_model_file_fills_a_case_and_answers_and_once_exported_needs_no_torch(
    folder: Path, call: Call, exported: Exported
) -> None:
    assert (exported.status, exported.out) == (0, "")
    assert "exported for the first time" in exported.err
    networks = ("--detector", exported.folder / "figures.scripted.json", "--embedder", exported.file)
    said = call("ingest", "case", "east.mp4", "west.mp4", *networks, "--json")
    assert said.status == 0, said.err
    assert said.last("result")["ok"]
    assert "exported for the first time" not in said.out
    found = call("search", "case", "--tracklet", 1, "--json")
    assert found.status == 0, found.err
    (match,) = found.objects[0]["matches"]
    assert match["band"] == "strong", "the same walk in the same clothes, by the bands of the model's card"
    photo = call("search", "case", "--image", "photo.png", "--json")
    assert photo.status == 0, photo.err
    assert len(photo.objects[0]["matches"]) == 2
    assert not (folder / "log").exists(), (folder / "log").read_text()
    call_torch = [COMMAND[0], "-c", "try:\n import torch\nexcept ImportError:\n pass"]
    trapped = environment() | {"PYTHONPATH": str(folder / "without"), "TORCH_LOG": str(folder / "log")}
    subprocess.run(call_torch, env=trapped, check=True)
    assert "asked for torch" in (folder / "log").read_text(), "the trap notes"
