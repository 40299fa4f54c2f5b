"""What several verbs share on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reid_engine.errors import UsageError
from trainer.datasets import dataset_names


class Spoken:
    """A reporter that puts notices on stderr and keeps progress to itself."""

    def event(self, kind: str, **fields: Any) -> None:
        """See ``jobs.Reporter``."""
        if kind == "notice":
            sys.stderr.write(f"{fields['message']}\n")


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """DATASET ROOT, and the reader's own options."""
    parser.add_argument("dataset", metavar="DATASET", help=", ".join(dataset_names()))
    parser.add_argument("root", type=Path, metavar="ROOT", help="where it is unpacked")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of the data set's reader")


def options_of(words: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE words. Raises UsageError for another kind of word."""
    pairs = [word.partition("=") for word in words]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise UsageError(f"an option is NAME=VALUE, got {name!r}")
    return {name: value for name, _, value in pairs}
