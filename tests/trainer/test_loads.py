"""A machine that only trains has torch, torchvision, numpy, numba, safetensors and OpenCV, and that suffices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ABSENT = (
    "pydantic",
    "sqlalchemy",
    "alembic",
    "ultralytics",
    "av",
    "openvino",
    "onnxruntime",
    "faiss",
    "PySide6",
    "scipy",
)
PROGRAM = f"""
import sys
for name in {ABSENT!r}:
    sys.modules[name] = None  # an import of it fails, as where it is not installed
from trainer.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_training_needs_no_library_of_the_window_of_cases_or_of_video(tmp_path: Path) -> None:
    from tests.trainer.drawn import write_folder

    write_folder(tmp_path / "data" / "train", range(4), tracklets=1, frames=4)
    for part in ("query", "gallery"):
        write_folder(tmp_path / "data" / part, range(4, 6), tracklets=1, frames=4)
    settings = ("backbone=compact", "input_size=32x16", "epochs=1", "identities=2", "per_identity=2")
    run = subprocess.run(
        [
            *(sys.executable, "-c", PROGRAM),
            *("train", "ours", "folder", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--json"),
            *("--set", *settings),
        ],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert (tmp_path / "run" / "model.safetensors").exists()
