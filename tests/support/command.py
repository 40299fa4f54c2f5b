"""Run the suite's program as a person would, and read what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from app.cli import main
from tests.support.networks import stripe_embedder
from tests.support.program import COMMAND, program
from tests.support.scripted import write_script

ROOT = Path(__file__).parent.parent.parent
TIME_LIMIT_S = 120


@dataclass(frozen=True)
class Said:
    """What a call answered."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    def last(self, kind: str) -> dict[str, Any]:
        """The last event of a kind."""
        return [event for event in self.objects if event.get("event") == kind][-1]


def environment() -> dict[str, str]:
    """Ours, able to import the packages from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def start(*arguments: object) -> subprocess.Popen[str]:
    """Begin a call and do not wait for it."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def reappear(*arguments: object) -> Said:
    """One call from start to end."""
    process = start(*arguments)
    out, err = process.communicate(timeout=TIME_LIMIT_S)
    return Said(process.returncode, out, err)


def inside(*arguments: object) -> Said:
    """One call in this process, which has loaded everything already; it says what it says in one of its own."""
    with ExitStack() as stack:
        out, err = stack.enter_context(redirect_stdout(StringIO())), stack.enter_context(redirect_stderr(StringIO()))
        nothing = stack.enter_context(open(os.devnull))
        stack.enter_context(patch.object(sys, "stdin", nothing))  # where a job listens for orders
        status = main([str(argument) for argument in arguments], program())
    return Said(status, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Weights:
    """A scripted detector and a tiny embedder, as files."""

    detector: Path
    embedder: Path

    @classmethod
    def write(cls, folder: Path, *, delay_s: float = 0.0) -> Weights:
        """Make both in ``folder``."""
        return cls(write_script(folder, delay_s), stripe_embedder(folder))

    def options(self) -> list[object]:
        """For the command line."""
        return ["--detector", self.detector, "--embedder", self.embedder, "--json"]


def contents(case: Path) -> list[tuple[object, ...]]:
    """Everything a case says of its tracklets but their numbers, in one order; boxes to 0.01 pixels."""
    found = []
    for tracklet in inside("tracklets", case, "--json").objects:
        boxes = tuple((b[0], *(round(v, 2) for v in b[1:])) for b in tracklet["boxes"])
        found.append((tracklet["camera"], tracklet["start_us"], tracklet["end_us"], boxes))
    return sorted(found)


def is_alive(pid: int) -> bool:
    """True while the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


__all__ = [
    "COMMAND",
    "Said",
    "Weights",
    "contents",
    "environment",
    "inside",
    "is_alive",
    "reappear",
    "start",
]
