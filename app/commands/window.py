"""``reappear gui``: the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.program import Program


def register(line: typer.Typer) -> None:
    """Add the verb."""
    line.command()(gui)


def gui(
    context: typer.Context,
    case: Annotated[Path | None, typer.Argument(metavar="CASE", help="A case to open at once.")] = None,
) -> int:
    """Open the window."""
    from app.gui import run  # Qt is loaded by nobody else

    program: Program = context.obj
    return run(case, program.command)
