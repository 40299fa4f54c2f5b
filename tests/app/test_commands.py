"""The command line loads what a verb needs and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from app.cli import command_line
from app.commands import FAMILIES, register

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("openvino", "alembic", "cv2", "av", "torch", "PySide6")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_brings_the_verbs_it_is_listed_with(family: str) -> None:
    line = typer.Typer()
    register(line, FAMILIES[family][0])
    named = [command.callback.__name__ for command in line.registered_commands if command.callback]
    assert tuple(named) == FAMILIES[family]


@pytest.mark.parametrize("verb", [None, "nonsense", "--help"])
def test_whoever_names_no_verb_is_offered_all(verb: str | None) -> None:
    listed = [verb for verbs in FAMILIES.values() for verb in verbs]
    assert list(getattr(get_command(command_line(verb)), "commands")) == listed  # noqa: B009 - a group has them


def test_a_search_loads_nothing_that_only_others_need() -> None:
    program = (
        "import sys; from app.cli import command_line; command_line('search'); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"
