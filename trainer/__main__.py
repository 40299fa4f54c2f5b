"""``python -m trainer VERB ...``: from data sets to model files, and what is measured on the way."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from trainer.endings import told

# verb -> the module that has its add_arguments(parser) and run(given) -> text, and what it is for
VERBS: Mapping[str, tuple[str, str]] = {
    "train": ("trainer.verbs.train", "train a recipe on a data set, into a run's folder"),
    "recipes": ("trainer.verbs.recipes", "name every row of the papers' tables"),
    "complexity": ("trainer.verbs.complexity", "parameters and multiply-adds of one clip, without classifiers"),
    "evaluate": ("trainer.verbs.evaluate", "CMC and mAP of a model file on a data set, by its paper's protocol"),
    "compare": ("trainer.verbs.compare", "two runs on the same queries, with the interval of their difference"),
    "report": ("trainer.verbs.report", "write the report of a run anew"),
    "audit": ("trainer.verbs.audit", "prove the rules of a data set from its own metadata"),
    "calibrate": ("trainer.verbs.calibrate", "write into a model file's card how near strangers come"),
    "world": ("trainer.world.command", "generate footage, crops and detection sets with exact truth"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status of errors.py."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = _parser(words[0] if words else "").parse_args(words)
    return told(lambda: import_module(VERBS[given.verb][0]).run(given))


def _parser(chosen: str) -> argparse.ArgumentParser:
    """All verbs by name; only the chosen one's module is imported, since some load networks."""
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB", dest="verb")
    for verb, (module, purpose) in VERBS.items():
        command = verbs.add_parser(verb, help=purpose, description=purpose)
        if verb == chosen:
            import_module(module).add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
