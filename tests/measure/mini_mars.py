"""``python -m tests.measure.mini_mars FOLDER``: what the compact recipes reach on a small cut of MARS.

    python -m tests.measure.mini_mars FOLDER [--dataset mars] [--recipes ours tclnet ..] [--epochs 20] [--size 128x64]

FOLDER has MARS's layout (bbox_train, bbox_test; the info folder may be missing). Every recipe is trained from random
weights at the same size for the same epochs and tested by its own protocol; a line before training shows what the
untrained model reaches. A few people and minutes of training say which code works, not which method is better.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from reid_engine.jobs import JobControl
from tests.bench.figures import table
from trainer.data import RunData
from trainer.datasets import open_dataset
from trainer.endings import told
from trainer.loop import fit
from trainer.machine import Machine
from trainer.progress import Bar
from trainer.recipes import METHODS, find_recipe
from trainer.runs import describe, fingerprint, start_run

HEADS = ["", "epochs", "steps", "loss", "mAP before", "rank-1 before", "mAP", "rank-1", "minutes"]


def changes(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """Settings of the machine's size; batches of as many people as a small set has."""
    found: dict[str, Any] = {"backbone": "compact", "input_size": given.size, "epochs": str(given.epochs)}
    found |= {"evaluate_every": "0", "identities": "8", "per_identity": "2" if name in ("grl", "stmp") else "4"}
    if name == "gltr":
        found |= {"identities": "8", "per_identity": "1", "frame_epochs": "1", "frame_batch": "32"}
    return {**found, **dict(word.split("=", 1) for word in given.set)}


def main() -> int:
    """A line a recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dataset", default="mars")
    parser.add_argument("--recipes", nargs="*", default=list(METHODS))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--size", default="128x64")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=None, help="keep the runs here")
    given = parser.parse_args()
    dataset = open_dataset(given.dataset, given.folder)
    for note in dataset.notes:
        print(note)
    out = given.out or Path(tempfile.mkdtemp(prefix="mini_mars_"))
    rows = []
    for name in given.recipes:
        recipe, control, started = find_recipe(name, changes(name, given)), JobControl(Bar()), time.monotonic()
        data = RunData(dataset)
        torch.manual_seed(0)
        before = data.evaluate(recipe.build().to(Machine().chosen_device()).eval(), control)
        told = {"seed": 0, "dataset": given.dataset, "root": given.folder, "data": fingerprint(dataset.train)}
        result = fit(recipe, data, start_run(out / name, describe(recipe, **told)), Machine(), control=control)
        after = result["results"]
        rows.append(
            [
                *(name, str(recipe.settings.epochs), str(result["steps"])),
                f"{result['first_loss']:.2f} > {result['last_loss']:.2f}",
                *(f"{100 * figures[key]:.1f}" for figures in (before, after) for key in ("mAP", "rank1")),
                f"{(time.monotonic() - started) / 60:.1f}",
            ]
        )
        print(table(HEADS, rows[-1:]), flush=True)
    print(table(HEADS, rows))
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
