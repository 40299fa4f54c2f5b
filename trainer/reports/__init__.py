"""``report.html`` of a run: one file, in the order in which a person asks.

What was run, is it the paper's, how near does it come; how it learned; what it finds, misses and looks at; its cost.
"""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reid_engine.errors import InputError, ReappearError
from reid_engine.models.files import load_model
from trainer.datasets import DataSet, Trial
from trainer.evaluation import TRAPEZOID
from trainer.printed import HEADLINES, SPLIT, WHOLE, printed
from trainer.progress import time_left
from trainer.ranked import RANKED, Columns, load_ranked
from trainer.reports.attention import attention
from trainer.reports.curves import curves
from trainer.reports.lists import camera_table, lists, sample, worst
from trainer.reports.page import page, paragraph, table
from trainer.runs import Run

REPORT = "report.html"
FIGURES = ("mAP", "rank1", "rank5", "rank10", "rank20")


def write_report(run: Run, dataset: DataSet | None = None, *, missing: str = "") -> Path:
    """Write the report of a run, finished or under way.

    dataset: where pictures come from; None draws names alone, and ``missing`` says why

    Raises InputError where the folder holds no run.
    """
    config, lines, result = run.config(), list(run.measured()), _result(run)
    figures = result.get("results", {})
    trial, untested = _last_test(run)
    shown, unseen = _pictures(trial, dataset, missing)
    sections = [
        ("The run", _asked(config, result)),
        ("Paper, ours, difference", papers_table(config, figures)),
        ("Curves", "".join(curves(lines)) or paragraph("Nothing was measured yet.")),
        ("Ranked lists, from the best to the worst query", untested or unseen + lists(trial, sample(trial), shown)),
        ("Failures", untested or _failures(trial, shown)),
        ("Cameras", untested or camera_table(trial)),
        ("What the model looked at", _looked(run, shown)),
        ("Time and memory", cost(result, lines)),
    ]
    path = run.folder / REPORT
    part = path.with_name(path.name + ".part")
    part.write_text(page(f"{config['recipe']} on {config['dataset']}", sections), "utf-8")
    os.replace(part, path)
    return path


def _result(run: Run) -> dict[str, Any]:
    path = run.folder / "result.json"
    try:
        return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


# what was run, and the paper ------------------------------------------------------------------------------------------


def _asked(config: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    data = config["data"]
    rows = [
        ("recipe", f"{config['recipe']}, {config['variant']} variant"),
        ("settings", config["verdict"]),
        (
            "data",
            f"{config['dataset']}: {data['identities']} people, {data['tracklets']} tracklets, {data['frames']} frames",
        ),
        ("seed", config["seed"]),
        ("code, torch", f"{config['code'][:12]}, {config['torch']}"),
    ]
    state = "" if result else paragraph("This run has not ended; figures come when it has.", "warn")
    return state + table(("", ""), rows)


def differences(config: Mapping[str, Any], figures: Mapping[str, float]) -> list[str]:
    """Why the figures of a run are no reproduction of the printed ones; empty where nothing known speaks against it."""
    reasons = []
    if config["recipe"] == "ours":
        reasons.append("this is our own recipe, of no paper")
    reasons += [f"{key} is {now} (the paper's: {was})" for key, (was, now) in config["changed"].items()]
    dataset, people = config["dataset"], config["data"]["identities"]
    if dataset not in WHOLE:
        return reasons if printed(config["recipe"], dataset) else [*reasons, f"no paper printed figures on {dataset}"]
    if dataset in SPLIT:
        reasons.append("this is one split, the printed figures are means over ten")
    learned, asked = WHOLE[dataset]
    if people != learned:
        reasons.append(f"{people} people were learned from, the whole {dataset} has {learned}")
    if figures and figures["queries"] != asked:
        reasons.append(f"{figures['queries']} queries count, the whole {dataset} has {asked}")
    return reasons


def papers_table(config: Mapping[str, Any], figures: Mapping[str, float]) -> str:
    """Percent: the paper's row, ours, and ours minus the paper's; for our own recipe all five papers' full rows."""
    reasons = differences(config, figures)
    dataset, rows = config["dataset"], (config["recipe"],) if config["recipe"] != "ours" else HEADLINES
    said = (
        paragraph("This is no reproduction: " + "; ".join(reasons) + ".", "warn")
        if reasons
        else paragraph("Settings and size of the data are the paper's.")
    )
    body: list[Sequence[object]] = []
    for row in rows:
        paper = printed(row, dataset)
        names = [name for name in FIGURES if name in paper or (len(rows) == 1 and name in figures)]
        body += [(row, name, *_beside(paper.get(name), figures.get(name))) for name in names]
    if not body:
        body = [("", name, *_beside(None, figures.get(name))) for name in FIGURES if name in figures]
    counted = "trapezoid" if dataset in TRAPEZOID.get(config["model"].split("/")[0], ()) else "usual"
    return (
        said
        + table(("row", "figure", "paper", "ours", "difference"), body)
        + paragraph(f"Percent. Average precision by the {counted} rule of this model's paper on this data set.")
    )


def _beside(paper: float | None, ours: float | None) -> tuple[str, str, str]:
    percent = None if ours is None else 100 * ours
    difference = f"{percent - paper:+.2f}" if paper is not None and percent is not None else ""
    return (
        "not printed" if paper is None else f"{paper:g}",
        "not yet" if percent is None else f"{percent:.2f}",
        difference,
    )


# what it finds --------------------------------------------------------------------------------------------------------


def _last_test(run: Run) -> tuple[Columns, str]:
    """The first trial of the last test, or a sentence where there is none."""
    path = run.folder / RANKED
    if not path.exists():
        return {}, paragraph("No ranked lists: this run was not tested to its end.")
    try:
        trials = load_ranked(path)
    except InputError as error:
        return {}, paragraph(str(error), "warn")
    return (trials[0], "") if trials and len(trials[0]["first"]) else ({}, paragraph("The data set has no queries."))


def _pictures(trial: Columns, dataset: DataSet | None, missing: str) -> tuple[Trial | None, str]:
    """The tracklets behind a trial's lists, or a sentence why there are no pictures."""
    if dataset is None:
        return None, paragraph(f"Without pictures: {missing or 'no data set was given'}.", "warn")
    shown = dataset.trials[0] if dataset.trials else None
    if not trial:
        return None, ""
    if shown is None or any(
        [one.name for one in found] != trial[f"{side}_names"].tolist()
        for side, found in (("query", shown.query), ("gallery", shown.gallery))
    ):
        return None, paragraph(
            "Without pictures: the data set holds other tracklets than the run was tested on.", "warn"
        )
    return shown, ""


def _failures(trial: Columns, shown: Trial | None) -> str:
    missed = int((trial["first"] > 0).sum())
    counted = int((trial["first"] >= 0).sum())
    said = f"{missed} of {counted} queries have a wrong first answer. The lowest average precision, worst first:"
    return paragraph(said) + lists(trial, worst(trial), shown)


def _looked(run: Run, shown: Trial | None) -> str:
    if shown is None or not run.model.exists():
        return paragraph("Not drawn: it needs the model file and the pictures.")
    try:
        model, _ = load_model(run.model)
        return attention(model, shown.query)
    except ReappearError as error:
        return paragraph(f"Not drawn: {error}", "warn")


# what it cost ---------------------------------------------------------------------------------------------------------


def cost(result: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Time and memory, measured by the run itself."""
    steps = [line for line in lines if line["event"] == "step"]
    tests = [line for line in lines if line["event"] == "evaluation"]
    rows: list[tuple[str, object]] = [("steps", len(steps))]
    if steps:
        each = statistics.median(line["seconds"] for line in steps)
        clips = sum(line["clips"] for line in steps) / max(math.fsum(line["seconds"] for line in steps), 1e-9)
        rows += [
            ("training, reading included", time_left(math.fsum(line["seconds"] for line in steps))),
            ("a step, median", f"{each:.3f} s"),
            ("clips a second", f"{clips:.1f}"),
        ]
        memory = max((line["memory_mb"] for line in steps if line.get("memory_mb") is not None), default=None)
        rows.append(("most memory of the device", "not measured on a processor" if memory is None else f"{memory} MiB"))
    if tests:
        rows.append(("tests", f"{len(tests)}, {time_left(math.fsum(line['seconds'] for line in tests))}"))
    rows += [(name, result[name]) for name in ("device", "sha256") if result.get(name)]
    return table(("", ""), rows)
