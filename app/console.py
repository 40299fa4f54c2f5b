"""A job's events for a person at a terminal: one line that moves, and sentences above it."""

from __future__ import annotations

from typing import Any

from rich.console import Console as Terminal
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

UNBROKEN = 10_000  # columns of what is read by a program
STAGES = {
    "hash": "reading",
    "analyse": "analysing",
    "embed": "embedding",
    "index": "indexing",
    "check": "checking",
    "render": "rendering",
}


class Console:
    """Shows progress on standard error; where that is no terminal, only the sentences."""

    def __init__(self) -> None:
        self._terminal = Terminal(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[detail]}"),
            console=self._terminal,
            disable=not self._terminal.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None
        self._progress.start()

    def event(self, kind: str, **fields: Any) -> None:
        """Show one event."""
        if kind == "progress":
            self._show(fields)
        elif kind == "notice":
            self._terminal.print(str(fields["message"]), markup=False)

    def close(self) -> None:
        """Take the moving line away."""
        self._progress.stop()

    def _show(self, fields: dict[str, Any]) -> None:
        stage = STAGES.get(str(fields.get("stage")), str(fields.get("stage")))
        file = fields.get("file")
        description = f"{stage} {file}" if file else stage
        if self._task is None:
            self._task = self._progress.add_task(description, total=None, detail="")
        self._progress.update(
            self._task,
            description=description,
            completed=float(fields.get("done") or 0),
            total=fields.get("total"),
            detail=detail(fields),
        )


def show_table(table: Table) -> None:
    """On standard output; a row is broken where a terminal ends, and nowhere in a pipe or a file."""
    terminal = Terminal(markup=False, highlight=False)
    if not terminal.is_terminal:
        terminal = Terminal(markup=False, highlight=False, width=UNBROKEN)
    terminal.print(table)


def detail(fields: dict[str, Any]) -> str:
    """The rate and the remaining time in words."""
    parts = []
    if fields.get("rate"):
        parts.append(f"{fields['rate']:.1f}x real time")
    if fields.get("tracklets"):
        parts.append(f"{fields['tracklets']} tracklets")
    if fields.get("eta_s") is not None:
        minutes, seconds = divmod(round(float(fields["eta_s"])), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return "  ".join(parts)
