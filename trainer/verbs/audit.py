"""``audit DATASET ROOT``: prove the rules of a data set from its own metadata, and what breaking them would gain.

Status 3 where a rule does not hold: whoever trains on that set first looks at why.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reid_engine.errors import InputError
from trainer.datasets import DataSet
from trainer.protocol import FAULTS, Check, Gain, as_json, audit, check_claim, gains
from trainer.verbs.words import add_dataset, opened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.epilog = "Exit status: 0 where every rule holds, 3 where one does not or the data set cannot be read."
    add_dataset(parser)
    parser.add_argument(
        "--claim",
        type=Path,
        metavar="FILE.npz",
        help="somebody's evaluation: distances (Q, G) in the data set's order, mAP and rank1; checked by the rules",
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")


def run(given: argparse.Namespace) -> str:
    """Every rule and whether it holds; how many queries count; what each known fault would print instead.

    Raises InputError, after all that was printed, where a rule does not hold.
    """
    dataset = opened(given)
    checks = audit(dataset)
    if given.claim:
        checks.append(_claimed(dataset, given.claim))
    found = gains(dataset.trials[0]) if dataset.trials else []
    said = json.dumps(as_json(dataset, checks, found)) if given.json else _text(checks, found)
    broken = [check.rule for check in checks if not check.holds]
    if broken:
        sys.stdout.write(said + "\n")
        raise InputError(f"{len(broken)} of {len(checks)} rules do not hold: {'; '.join(broken)}")
    return said


def _text(checks: Sequence[Check], found: Sequence[Gain]) -> str:
    lines = [f"{'ok  ' if check.holds else 'FAIL'}  {check.rule}: {check.said}" for check in checks]
    if found:
        lines.append("made-up vectors, true rules:".ljust(42) + _figures(*found[0][1:]))
        lines += [
            f"  {gain.fault}:".ljust(42) + _figures(*gain[1:]) + f"  ({FAULTS[gain.fault]})" for gain in found[1:]
        ]
    return "\n".join(lines)


def _figures(mean_ap: float, rank1: float) -> str:
    return f"mAP {mean_ap:.1%}, rank-1 {rank1:.1%}"


def _claimed(dataset: DataSet, file: Path) -> Check:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
            distances, mean_ap, rank1 = held["distances"], float(held["mAP"]), float(held["rank1"])
    except Exception as error:  # a damaged archive fails anywhere in its readers
        raise InputError(f"{file} is no claim (distances, mAP, rank1): {error}") from error
    if not dataset.trials:
        raise InputError(f"{dataset.name} here has nothing that a claim could be about")
    trial = dataset.trials[0]
    expected = len(trial.query), len(trial.gallery)
    if distances.shape != expected:
        raise InputError(f"{file} has distances {distances.shape}, the data set has {expected} queries and gallery")
    return check_claim(trial, distances, mean_ap, rank1)
