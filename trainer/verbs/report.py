"""``report RUN [DATASET ROOT]``: the report of a run anew, with pictures where the data set is there."""

from __future__ import annotations

import argparse
from pathlib import Path

from reid_engine.errors import InputError, ReappearError, UsageError
from trainer.datasets import open_dataset
from trainer.reports import write_report
from trainer.runs import Run
from trainer.verbs.words import options_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help="else where the run found its own")
    parser.add_argument("root", nargs="?", type=Path, metavar="ROOT")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of the data set's reader")


def run(given: argparse.Namespace) -> str:
    """Where the report lies. A data set that is named has to be there; where the run's own has gone, that is said."""
    if given.dataset and given.root is None:
        raise UsageError("a data set is named with its ROOT: report RUN DATASET ROOT")
    folder = Run(given.run)
    if not (given.run / "config.json").exists():
        raise InputError(f"{given.run} holds no run: there is no config.json in it")
    options = options_of(given.option)
    if given.dataset:
        return str(write_report(folder, open_dataset(given.dataset, given.root, **options)))
    config = folder.config()
    try:
        dataset = open_dataset(config["dataset"], config["root"], **{**config.get("reader", {}), **options})
    except ReappearError as error:
        if options and isinstance(error, UsageError):
            raise  # an option that was typed now
        return str(write_report(folder, missing=str(error)))
    return str(write_report(folder, dataset))
