"""Each paper's own baseline beside its full model, and our recipe: compact, on the same people, with several seeds.

    python -m tests.measure.study PEOPLE OUT [--weights TRUNK] [--real DATASET=FOLDER ...] [--steps N] [--seeds 1 2 3]

PEOPLE is what ``python -m trainer.world sequences`` writes: train, query and gallery of disjoint people. Every row of
STUDY learns from train by its recipe at 128x64 for the same number of steps of 16 clips, its learning rates falling at
the same shares of the run as in its paper; all start from one trunk where one is given. Tested on query and gallery and
on real people. A finished run is kept, so a study that was cut goes on. OUT/study.json holds every figure; the table
is rank-1 / mAP in percent, mean over the seeds and half the distance between the best and the worst.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reid_engine.jobs import JobControl
from reid_engine.models.files import load_model
from tests.bench.figures import table
from trainer.data import RunData
from trainer.datasets import DataSet, open_dataset
from trainer.distributed import World
from trainer.loop import fit
from trainer.machine import Machine
from trainer.recipes import Recipe, find_recipe
from trainer.recipes.gltr import GltrSettings
from trainer.runs import describe, fingerprint, start_run

STUDY = (
    *("grl/baseline", "grl/full", "stmp/base", "stmp/full", "rgsat/base_total", "rgsat/full"),
    *("gltr/baseline", "gltr/full", "tcl/base", "tcl/full", "ours"),
)
CLIPS = 16  # a step
FRAMES_FIRST = 0.25  # of the steps, GLTR's first stage


def recipe_of(row: str, dataset: DataSet, steps: int, changes: Mapping[str, str]) -> Recipe:
    """The row's recipe at the study's size: epochs that hold ``steps`` steps, and rates that fall where they would."""
    each = 2 if row.startswith(("grl/", "stmp/")) else 1 if row.startswith("gltr/") else 4
    size: dict[str, Any] = {"backbone": "compact", "input_size": "128x64", "identities": CLIPS // each}
    size |= {"per_identity": each, "evaluate_every": 0, "evaluate_late": (0, 0), **changes}
    usual = find_recipe(row, size)
    epochs = epochs_of(usual, usual.settings, dataset, steps)
    size |= {"epochs": epochs, "decay_at": falls(usual.settings.decay_at, usual.settings.epochs, epochs)}
    if isinstance(usual.settings, GltrSettings):
        frames = usual.method.stages(usual.settings)[0]
        first = epochs_of(usual, frames, dataset, round(FRAMES_FIRST * steps))
        size |= {"frame_epochs": first, "frame_decay_at": falls(frames.decay_at, frames.epochs, first)}
    return find_recipe(row, size)


def epochs_of(recipe: Recipe, stage: Any, dataset: DataSet, steps: int) -> int:
    """How many hold so many steps, at least one."""
    batches = RunData(dataset, frames="none").batches(stage, recipe.build(), World(0, 1, torch.device("cpu")))
    return max(1, round(steps / len(batches)))


def falls(at: Sequence[int], epochs: int, now: int) -> tuple[int, ...]:
    """Epochs at which a rate falls, at the same shares of another number of epochs."""
    return tuple(round(one * now / epochs) for one in at if one < epochs)


def one_run(row: str, seed: int, dataset: DataSet, given: argparse.Namespace) -> dict[str, Any]:
    """Train, and test on everything; figures by set."""
    changes = dict(word.split("=", 1) for word in given.set)
    recipe = recipe_of(row, dataset, given.steps, changes | ({"weights": str(given.weights)} if given.weights else {}))
    folder = given.out / "runs" / f"{row.replace('/', '-')}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was cut
    told = {"seed": seed, "dataset": "folder", "root": given.people, "data": fingerprint(dataset.train)}
    began, run = time.monotonic(), start_run(folder, describe(recipe, **told))
    result = fit(recipe, RunData(dataset, seed=seed), run, Machine(), seed=seed)
    minutes = (time.monotonic() - began) / 60
    model, _ = load_model(folder / "model.safetensors")
    figures = {"generated": dict(result["results"])}
    for name, _, root in (word.partition("=") for word in given.real):
        figures[name] = dict(RunData(open_dataset(name, Path(root))).evaluate(model, JobControl()))
    return {"steps": result["steps"], "minutes": round(minutes, 2), "results": figures}


def report(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """A line a row of STUDY, a column a set."""
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for key, run in runs.items():
        rows[key.rpartition(" ")[0]].append(run)
    sets = list(dict.fromkeys(name for run in runs.values() for name in run["results"]))
    lines = [
        [row, str(len(found)), *(_cell([run["results"][name] for run in found]) for name in sets)]
        for row, found in rows.items()
    ]
    return table(["rank-1 / mAP", "seeds", *sets], lines)


def _cell(figures: list[Mapping[str, float]]) -> str:
    cells = []
    for key in ("rank1", "mAP"):
        values = 100 * np.array([one[key] for one in figures])
        cells.append(f"{values.mean():.1f} +- {np.ptp(values) / 2:.1f}")
    return " / ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--real", nargs="*", default=[], metavar="DATASET=FOLDER")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--rows", nargs="*", default=list(STUDY))
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    dataset = open_dataset("folder", given.people)
    file = given.out / "study.json"
    runs: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for seed in given.seeds:
        for row in given.rows:
            if f"{row} {seed}" not in runs:
                runs[f"{row} {seed}"] = one_run(row, seed, dataset, given)
                file.write_text(json.dumps(runs, indent=1) + "\n", "utf-8")
                print(f"{row} {seed}: {json.dumps(runs[f'{row} {seed}'])}", flush=True)
    print(report(runs))


if __name__ == "__main__":
    main()
