"""Walks through the window use the fixtures of the window's own tests; two files hand the same evidence on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.cli import main
from tests.app.conftest import Open, application, loaded_before, nothing_left, open_window
from tests.support.command import Said
from tests.support.handed_on import Call, case_in, exported
from tests.support.program import program

__all__ = ("WAIT_MS", "Open", "application", "loaded_before", "nothing_left", "open_window")

WAIT_MS = 150_000


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cameras; the person of track 1 was found again in the other one."""
    return case_in(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="session")
def whole(case: Path) -> Path:
    why = "--reason", "asked by <i>court</i>", "--recipient", "Meyer & Sons"
    return exported(case, case.parent / "whole", *why, "--redact", "none")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """One call in this process."""

    def run(*arguments: object) -> Said:
        status = main([str(argument) for argument in arguments], program())
        return Said(status, *capsys.readouterr())

    return run


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A package that may be spoiled."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))
