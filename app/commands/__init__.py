"""The verbs of the command line, one file a family; what they need from outside is in ``Program``."""

from __future__ import annotations

import typer

from app.commands.program import Program

__all__ = ("Program", "register")


def register(line: typer.Typer) -> None:
    """Add every verb."""
    from app.commands import analyse, cases, demo, investigate, measure, window

    for family in (analyse, investigate, cases, measure, window, demo):
        family.register(line)
