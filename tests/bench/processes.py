"""Runs one command from start to end and says how long it took, what it used and what it answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reid_engine.folders import cache_folder
from reid_engine.process import child_environment
from tests.bench.memory import Peak


class Failed(Exception):
    """A measurement that ended without an answer; the message is its last words."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One process from start to end.

    wall_s: from its start; cpu_s: of it and the children it waited for; peak_mib: PSS with its children
    lines:  what it said, one JSON object a line, and the seconds after its start at which each came
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    lines: tuple[tuple[float, dict[str, Any]], ...]

    @property
    def answer(self) -> dict[str, Any]:
        """The last object."""
        return self.lines[-1][1]


def run(command: Sequence[object], threads: int) -> Ran:
    """Run a command that writes JSON lines, with ``threads`` for every library that asks the environment."""
    words = [str(word) for word in command]
    environment = child_environment(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):  # an installed program has its bytecode: so has this one
        environment["PYTHONPYCACHEPREFIX"] = str(cache_folder() / "bytecode")
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=environment
        )
        assert process.stdout is not None
        with process.stdout, Peak(process.pid) as peak:
            said_at = ((time.perf_counter() - begun, line) for line in process.stdout)
            lines = [(at, json.loads(line)) for at, line in said_at if line.startswith(b"{")]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - begun
        said.seek(0)
        words_said = said.read().decode("utf-8", "replace").strip().splitlines()
    if process.returncode or not lines:
        raise Failed(f"{' '.join(words[:5])} ...: {words_said[-1] if words_said else process.returncode}")
    return Ran(wall_s, used.ru_utime + used.ru_stime, peak.mib, tuple(lines))


def task(name: str, *arguments: object, threads: int) -> Ran:
    """One measurement of ``tests.bench.task``."""
    return run([sys.executable, "-m", "tests.bench.task", name, *arguments], threads)
