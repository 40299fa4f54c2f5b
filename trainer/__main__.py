"""``python -m trainer``: what the papers' recipes are called and what their models weigh."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import torch

from reid_engine.errors import ReappearError
from reid_engine.models import build_model
from reid_engine.models.complexity import measure
from reid_engine.models.configurations import CONFIGURATIONS
from trainer.world import command as world_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status of errors.py."""
    given = _parser().parse_args(arguments)
    try:
        sys.stdout.write(given.run(given) + "\n")
    except ReappearError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    recipes = commands.add_parser("recipes", help="name every row of the papers' tables")
    recipes.set_defaults(run=_recipes)
    weigh = commands.add_parser("complexity", help="parameters and multiply-adds of one clip, without classifiers")
    weigh.add_argument("name", help="a model (tclnet) or a configuration (tcl/tse_N3)")
    weigh.add_argument("--variant", default="paper", choices=("paper", "released"))
    weigh.add_argument("--part", help='published blocks, joined by "+" (rru+stim, trunk)')
    weigh.set_defaults(run=_complexity)
    world = commands.add_parser("world", help="generate footage, crops and detection sets with exact truth")
    world_command.add_arguments(world)
    world.set_defaults(run=world_command.run)
    for command in (recipes, weigh):
        command.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    return parser


def _recipes(given: argparse.Namespace) -> str:
    return json.dumps(list(CONFIGURATIONS)) if given.json else "\n".join(CONFIGURATIONS)


def _complexity(given: argparse.Namespace) -> str:
    with torch.device("meta"):
        model = build_model(given.name, given.variant)
    counted = measure(model, given.part)
    if given.json:
        return json.dumps(asdict(counted))
    clip = " x ".join(map(str, counted.clip))
    return (
        f"{counted.params / 1e6:.3f} M parameters, {counted.macs / 1e9:.4f} G multiply-adds and "
        f"{counted.bn_outputs / 1e9:.4f} G normalised outputs for a clip of {clip}"
    )


if __name__ == "__main__":
    sys.exit(main())
