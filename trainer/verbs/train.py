"""``train``: a recipe on a data set, into a run's folder.

``--json`` prints JSON lines (``progress``, ``notice``, ``evaluation``, ``result``) and obeys ``cancel``, ``pause`` and
``resume`` on standard input; Ctrl+C and SIGTERM cancel. Several processes: ``torchrun --nproc-per-node 4 -m trainer
train ...``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from reid_engine.errors import InputError, ReappearError
from reid_engine.jobs import JobControl, JsonLines, obey_descriptor
from reid_engine.models.files import load_model, read_card
from trainer.calibration import carried_over, write_calibration
from trainer.data import RunData
from trainer.datasets import DataSet, open_dataset
from trainer.distributed import World, join
from trainer.evaluation import embed
from trainer.loop import fit
from trainer.machine import Machine, split_machine
from trainer.progress import Bar
from trainer.recipes import Recipe, find_recipe
from trainer.recipes.ours import OurSettings, teacher_vectors
from trainer.reports import write_report
from trainer.runs import Run, alone, describe, fingerprint, resume_run, start_run, with_room
from trainer.verbs.words import a_seed, add_dataset, obeying_signals, options_of

LOOKED_AT = 300  # tracklets that bands are carried over by
FRAMES = 8  # of each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("recipe", help="a row of a paper's tables (tcl/full_tri), a model (its full row), or ours")
    add_dataset(parser)
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument(
        "--set", dest="changes", metavar="KEY=VALUE", nargs="+", action="extend", default=[], help="change a setting"
    )
    parser.add_argument("--seed", type=a_seed, default=0)
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a bar; obeys words on stdin")


def run(given: argparse.Namespace) -> str:
    """Train; the result goes to the folder and to the listener. Raises every error of ``fit`` and of the reader."""
    machine, changes = split_machine(options_of(given.changes))
    recipe = find_recipe(given.recipe, changes)
    with join(machine.chosen_device()) as world:
        control = _control(given.json and world.first) if world.first else JobControl()
        try:
            with obeying_signals(control), with_room(given.out):
                result = _train(given, recipe, machine, world, control)
        except ReappearError as error:
            if given.json and world.first:
                control.reporter.event("result", ok=False, error=type(error).__name__, message=str(error))
            raise
        if world.first:
            control.reporter.event("result", ok=True, **result)
    return ""


def _train(
    given: argparse.Namespace, recipe: Recipe, machine: Machine, world: World, control: JobControl
) -> dict[str, Any]:
    reader = _reader(given, recipe)
    dataset = open_dataset(given.dataset, given.root, **reader).of_one_training()
    for note in dataset.notes:
        control.notice(note)
    recipe = recipe.among(dataset.identities)
    _refuse_other_teacher(recipe, dataset)
    found = {"dataset": given.dataset, "root": given.root, "reader": reader, "data": fingerprint(dataset.train)}
    config = describe(recipe, seed=given.seed, **found)
    if given.resume:
        Run(given.out).config()  # a wrong folder is refused before one is made
    with alone(given.out) if world.first else nullcontext():
        folder = _folder(given, config, control) if world.first else Run(given.out)
        control.notice(recipe.verdict())
        data = RunData(
            dataset,
            given.seed,
            machine.readers(),
            machine.frames,
            machine.frames_gib,
            folder=given.out,
            control=control,
            rerank=recipe.settings.rerank,
        )
        result = fit(recipe, data, folder, machine, seed=given.seed, control=control, world=world, resume=given.resume)
        if world.first:
            _carry_bands(folder, recipe, dataset, control)
            _report(folder, dataset, control)
    return result


def _refuse_other_teacher(recipe: Recipe, dataset: DataSet) -> None:
    """Raise InputError for a teacher's vectors of another data set: they are found by a tracklet's place."""
    if isinstance(recipe.settings, OurSettings) and recipe.settings.targets:
        rows = len(teacher_vectors(recipe.settings.targets))
        if rows != len(dataset.train):
            raise InputError(
                f"{recipe.settings.targets} has {rows} vectors, but {dataset.name} has {len(dataset.train)} training "
                "tracklets; the teacher's are one a tracklet, in the data set's order"
            )


def _folder(given: argparse.Namespace, config: Mapping[str, Any], control: JobControl) -> Run:
    """A new run's, or one to go on with."""
    if not given.resume:
        return start_run(given.out, config)
    folder, news = resume_run(given.out, config)
    for sentence in news:
        control.notice(sentence)
    return folder


def _reader(given: argparse.Namespace, recipe: Recipe) -> dict[str, str]:
    """The reader's options: those of the recipe, then those that were given."""
    options = options_of(given.option)
    if given.dataset == "duke_video" and recipe.settings.duke_pieces:
        return {"pieces": str(recipe.settings.duke_pieces), **options}
    return options


def _carry_bands(folder: Run, recipe: Recipe, dataset: DataSet, control: JobControl) -> None:
    """Bands for a model that went on from one that has them: what was calibrated there, moved as strangers moved."""
    start = Path(recipe.settings.start)
    card = read_card(start) if recipe.settings.start else {}
    if not card.get("calibration"):
        return
    tested = [one for trial in dataset.trials for one in (*trial.query, *trial.gallery)]
    seen = list({id(one): one for one in (*dataset.train, *tested)}.values())
    chosen = [seen[at] for at in np.linspace(0, len(seen) - 1, min(LOOKED_AT, len(seen))).round().astype(int)]
    before, after = (embed(load_model(file)[0], chosen, frames=FRAMES) for file in (start, folder.model))
    pids, camids = (np.array(numbers, np.int64) for numbers in zip(*((o.pid, o.camid) for o in chosen), strict=True))
    try:
        bands = carried_over(card["calibration"], before, after, pids, camids, card["distance"])
    except InputError as error:
        control.notice(f"the model has no bands ({error}); `calibrate` makes them from more people")
        return
    write_calibration(folder.model, bands, f"that of {start.name}, carried over by {len(chosen)} tracklets")


def _report(folder: Run, dataset: DataSet, control: JobControl) -> None:
    """The run is safe by now: a report that cannot be drawn is said, and nothing more."""
    try:
        write_report(folder, dataset)
    except (ReappearError, ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        control.notice(f"no report was drawn ({type(error).__name__}: {error}); `report {folder.folder}` tries again")


def _control(json_lines: bool) -> JobControl:
    control = JobControl(JsonLines() if json_lines else Bar())
    if json_lines:
        obey_descriptor(control, sys.stdin.fileno())
    return control
