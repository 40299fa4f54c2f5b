"""A video model's file and its export, for tests that only want to use them: an export takes 20 seconds."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.program import COMMAND
from tests.support.scripted import write_script

ROOT = Path(__file__).parent.parent.parent
BANDS = {"strong": 0.1, "possible": 0.2, "weak": 0.4}
NETWORKS = ("--detector", "figures.scripted.json", "--embedder", "small.safetensors")


@dataclass(frozen=True)
class Exported:
    """An untrained model beside a detector of drawn figures, the cache with its export, and what ``prepare`` said."""

    folder: Path
    status: int
    out: str
    err: str

    @property
    def file(self) -> Path:
        return self.folder / "small.safetensors"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"


def save_small(folder: Path, name: str = "gltr") -> Path:
    """A model for small pictures with random weights, always the same ones."""
    import torch

    from reid_engine.models import build_model
    from reid_engine.models.files import Story, save_model

    torch.manual_seed(0)
    model = build_model(name, backbone="compact", clip_length=4, input_size=(64, 32))
    save_model(model, folder / "small.safetensors", Story(calibration=BANDS))
    return folder / "small.safetensors"


def export_small(folder: Path) -> tuple[int, str, str]:
    """Write and export it: status, standard output and standard error of ``reappear prepare``."""
    save_small(folder)
    write_script(folder)
    alone = {"REAPPEAR_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    alone["OMP_NUM_THREADS"] = "1"  # of torch in the child that exports: more would only wait for one another
    command = [*COMMAND, "prepare", *NETWORKS]
    done = subprocess.run(command, env=os.environ | alone, cwd=folder, capture_output=True, text=True, timeout=150)
    return done.returncode, done.stdout, done.stderr
