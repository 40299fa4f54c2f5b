"""What several verbs share on the command line."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from reid_engine.errors import UsageError
from reid_engine.jobs import JobControl
from trainer.datasets import DataSet, dataset_names, open_dataset


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


def opened(given: argparse.Namespace) -> DataSet:
    """The data set that was named; what a person should know of it goes to stderr. Raises as ``open_dataset``."""
    found = open_dataset(given.dataset, given.root, **options_of(given.option))
    for note in found.notes:
        sys.stderr.write(f"{note}\n")
    return found


def options_of(words: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE words. Raises UsageError for another kind of word."""
    pairs = [word.partition("=") for word in words]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise UsageError(f"an option is NAME=VALUE, got {name!r}")
    return {name: value for name, _, value in pairs}


def a_seed(text: str) -> int:
    """A whole number from 0 on, as numpy's generators want it."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is a whole number from 0 on, got {text!r}")
    return int(text)


@contextmanager
def obeying_signals(control: JobControl) -> Iterator[None]:
    """Ctrl+C and a scheduler's SIGTERM ask the work to stop where its state can be kept; the second one ends it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {int(number): signal.getsignal(number) for number in numbers}

    def stop(number: int, _: FrameType | None) -> None:
        control.cancel()
        signal.signal(number, before[number])

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])
