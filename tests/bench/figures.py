"""What the bench says: figures with their targets, and lines of a table. Nothing here measures."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must be at least (or at most) ``bound``."""

    name: str
    value: float
    bound: float
    unit: str = ""
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def line(self) -> str:
        """One line for people."""
        sign = "at most" if self.at_most else "at least"
        met = "met" if self.met else "NOT MET"
        unit = f" {self.unit}" if self.unit else ""
        return f"  {self.name:<52}{self.value:>8.2f}{unit}   target {sign} {self.bound:g}{unit}: {met}"


def median(values: Sequence[float]) -> float:
    """The middle one. Raises ValueError for none."""
    if not values:
        raise ValueError("a median of nothing: every round failed")
    return statistics.median(values)


def alternate(runs: dict[str, Callable[[], T]], rounds: int) -> Iterator[tuple[str, T]]:
    """Every run once a round, forwards and backwards in turn, so that a slow minute strikes all of them."""
    names = list(runs)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            yield name, runs[name]()


def torch_target(bf16: bool) -> float:
    """How many times the speed of ``track()`` in torch is promised."""
    return 2.5 if bf16 else 1.5


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns: the first to the left, the others to the right."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]

    def drawn(line: Sequence[str]) -> str:
        others = (cell.rjust(width + 3) for cell, width in zip(line[1:], widths[1:], strict=True))
        return "  " + line[0].ljust(widths[0]) + "".join(others)

    return "\n".join(drawn(line) for line in lines)


def rate_after(lines: Sequence[tuple[float, dict[str, Any]]]) -> float:
    """Pictures a second of an ingest by its own events, from the first progress with pictures to the end.

    lines: seconds and event, the last one the result. Raises ValueError where no progress came before the end.
    """
    moments = [(at, event["frames"]) for at, event in lines if event.get("stage") == "analyse" and event["frames"]]
    end, result = lines[-1]
    if not moments:
        raise ValueError("the clip is too short: it was analysed before the first word of progress")
    begun, before = moments[0]
    after: int = sum(file["frames_analysed"] for file in result["files"])
    return float(after - before) / (end - begun)
