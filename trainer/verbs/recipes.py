"""``recipes``: our own, and what the rows of the papers' tables are called."""

from __future__ import annotations

import argparse
import json

from reid_engine.models.configurations import CONFIGURATIONS
from trainer.recipes import is_ours, recipe_names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")


def run(given: argparse.Namespace) -> str:
    """The names, one a line; ours first."""
    names = [*filter(is_ours, recipe_names()), *CONFIGURATIONS]
    return json.dumps(names) if given.json else "\n".join(names)
