"""How much memory a process and all its children hold: proportional set size, where a shared page counts once."""

from __future__ import annotations

import threading
from pathlib import Path

PROC = Path("/proc")
SAMPLE_S = 0.1


def pss_kib(rollup: str) -> int:
    """KiB from the text of ``smaps_rollup``; 0 where it says none (a process that is ending)."""
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def parents(proc: Path = PROC) -> dict[int, int]:
    """Every process and its parent."""
    found = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue  # it ended while we looked
    return found


def family(pid: int, parent_of: dict[int, int]) -> list[int]:
    """A process and everything that descends from it."""
    found = [pid]
    for member in found:
        found += [child for child, parent in parent_of.items() if parent == member]
    return found


def family_mib(pid: int, proc: Path = PROC) -> float:
    """MiB of PSS over a process and its descendants; of those that are still there."""
    total = 0
    for member in family(pid, parents(proc)):
        try:
            total += pss_kib((proc / str(member) / "smaps_rollup").read_text())
        except OSError:
            continue
    return total / 1024


class Peak:
    """Watches a process from a thread and keeps the greatest ``family_mib`` it saw."""

    def __init__(self, pid: int) -> None:
        self.mib = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self.mib = max(self.mib, family_mib(self._pid))
