"""What this machine has, what of it the program uses, and why not the rest: for the device page and for reports."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from reid_engine.confinement import landlock_version
from reid_engine.folders import cache_folder
from reid_engine.runtime import choose, default_threads

CONFINED = "opened by children that may write, run and connect to nothing (Landlock, version {version})"
UNCONFINED = "opened by children with bounded memory; this system has no Landlock, so nothing else holds them"
PARTS = ("torch", "openvino", "faiss-cpu", "av", "PySide6-Essentials", "ultralytics", "numpy")
GB = 1e9


@dataclass(frozen=True, slots=True)
class Hardware:
    """used: where networks run; reason: why there. Memory and disk in bytes; parts: library to version."""

    used: str
    reason: str
    precision: str
    processor: str
    cores: int
    memory: int
    free_memory: int
    free_disk: int
    confinement: str
    system: str
    parts: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """For the machine interface."""
        return {**asdict(self), "lines": self.lines()}

    def lines(self) -> list[tuple[str, str]]:
        """What and how, for people."""
        return [
            ("Networks run on", f"{self.used}, {self.precision}"),
            ("Because", self.reason),
            ("Processor", f"{self.processor}, {self.cores} cores may be used"),
            ("Memory", f"{self.memory / GB:.1f} GB, {self.free_memory / GB:.1f} GB free"),
            ("Free disk", f"{self.free_disk / GB:.0f} GB where exported networks are kept"),
            ("Strangers' files", self.confinement),
            ("System", self.system),
            *((f"{name}", number) for name, number in self.parts.items()),
        ]


def look(device: str | None = None, proc: Path = Path("/proc")) -> Hardware:
    """Look at this machine. Raises NetworkFileError for a ``device`` that was asked for and cannot be used."""
    choice, landlock = choose(device), landlock_version()
    memory = _numbers(proc / "meminfo")
    folder = next(path for path in (cache_folder(), *cache_folder().parents) if path.exists())
    return Hardware(
        used="the processor (OpenVINO)" if choice.device is None else f"{choice.device} (torch)",
        reason=choice.reason,
        precision=choice.precision,
        processor=_processor(proc / "cpuinfo"),
        cores=default_threads(),
        memory=memory.get("MemTotal", 0),
        free_memory=memory.get("MemAvailable", 0),
        free_disk=shutil.disk_usage(folder).free,
        confinement=CONFINED.format(version=landlock) if landlock else UNCONFINED,
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        parts={name: _version(name) for name in PARTS},
    )


def _numbers(meminfo: Path) -> dict[str, int]:
    try:
        lines = meminfo.read_text("utf-8").splitlines()
    except OSError:
        return {}
    words = [line.replace(":", "").split() for line in lines]
    return {word[0]: int(word[1]) * 1024 for word in words if len(word) == 3}


def _processor(cpuinfo: Path) -> str:
    try:
        lines = cpuinfo.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine() or os.uname().machine)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
