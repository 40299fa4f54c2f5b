"""``python -m tests.support.program`` is ``reappear`` that can also detect drawn figures and generated people."""

from __future__ import annotations

import sys
from pathlib import Path

from app.cli import main
from app.commands.program import Program, yolo
from reid_engine.detection import PersonDetector
from reid_engine.jobs import JobControl
from reid_engine.settings import Settings
from tests.support.scripted import load_scripted
from tests.support.world import load_truth

COMMAND = (sys.executable, "-m", "tests.support.program")


def scripted_or_yolo(path: Path, settings: Settings, *, threads: int | None, control: JobControl) -> PersonDetector:
    """Scripted detectors for their own files, ultralytics weights for all others."""
    if path.name.endswith(".scripted.json"):
        return load_scripted(path)
    if path.name.endswith(".truth.json"):
        return load_truth(path)
    return yolo(path, settings, threads=threads, control=control)


def program() -> Program:
    """The suite's program."""
    return Program(load_detector=scripted_or_yolo, command=COMMAND)


if __name__ == "__main__":
    sys.exit(main(program=program()))
