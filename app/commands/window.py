"""``reappear gui``: the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.program import Program
from reid_engine.errors import UsageError


def register(line: typer.Typer) -> None:
    """Add the verb."""
    line.command()(gui)


def gui(
    context: typer.Context,
    case: Annotated[Path | None, typer.Argument(metavar="CASE", help="A case to open at once.")] = None,
    ask: Annotated[int | None, typer.Option(metavar="TRACKLET", help="Ask at once where else this person was.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="PNG", help="Keep a picture of the window, then end.")] = None,
) -> int:
    """Open the window."""
    from app.gui import photograph, run  # Qt is loaded by nobody else

    program: Program = context.obj
    if picture is None:
        return run(case, program.command, ask=ask)
    if case is None:
        raise UsageError("--picture needs a CASE to show")
    return photograph(case, picture, program.command, ask=ask)
