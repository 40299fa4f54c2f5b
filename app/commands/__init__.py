"""The verbs of the command line, one file a family; what they need from outside is in ``Program``."""

from __future__ import annotations

from importlib import import_module

import typer

from app.commands.program import Program

__all__ = ("FAMILIES", "Program", "register")

# in the order in which the help lists them
FAMILIES = {
    "analyse": ("ingest", "prepare"),
    "describe": ("describe",),
    "everybody": ("tracklets", "people"),
    "investigate": ("search", "probe", "why"),
    "journeys": ("journey", "links", "split", "merge", "note", "notes", "plan", "colours"),
    "evidence": ("evidence", "verify", "still"),
    "cases": ("cameras", "clock", "pair", "decide", "undo", "redo", "check", "rescue", "record"),
    "keeping": ("erase", "hold", "retention"),
    "setup": ("settings", "device", "cases"),
    "measure": ("bench",),
    "window": ("gui",),
    "demo": ("demo",),
}


def register(line: typer.Typer, verb: str | None = None) -> None:
    """Add the family of ``verb``, or every verb where it is none of them.

    One family is loaded alone because together they bring every library: a search would wait for what only an ingest
    needs.
    """
    own = [family for family, verbs in FAMILIES.items() if verb in verbs]
    for family in own or FAMILIES:
        import_module(f"app.commands.{family}").register(line)
