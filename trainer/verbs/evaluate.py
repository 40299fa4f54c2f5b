"""``evaluate MODEL_FILE DATASET ROOT``: how well a model ranks a data set."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reid_engine.errors import UsageError
from reid_engine.jobs import JobControl
from reid_engine.models.files import load_model
from trainer.evaluation import evaluate
from trainer.machine import Machine
from trainer.verbs.words import Spoken, add_dataset, opened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("model", type=Path, metavar="MODEL_FILE", help="a .safetensors with its card beside it")
    add_dataset(parser)
    parser.add_argument("--rerank", action="store_true", help="after k-reciprocal re-ranking")
    parser.add_argument("--frames", type=int, default=0, help="only so many of a tracklet, from its first on; else all")
    parser.add_argument("--ap", choices=("mean", "trapezoid"), help="how average precision is counted; else as printed")
    parser.add_argument("--device", default="auto", help="auto, cuda or cpu")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")


def run(given: argparse.Namespace) -> str:
    """mAP, rank-1 to rank-20, queries and gallery; shares in [0, 1]. What a person should know goes to stderr."""
    if given.frames < 0:
        raise UsageError(f"--frames is a number of frames, got {given.frames}")
    device = Machine(device=given.device).chosen_device()
    model, _ = load_model(given.model)
    dataset = opened(given)
    control = JobControl(Spoken())
    found = evaluate(
        model.to(device), dataset, rerank=given.rerank, rule=given.ap, control=control, frames=given.frames
    )
    if found.left_out:
        sys.stderr.write(f"{found.left_out} queries have no right answer in their gallery and do not count\n")
    figures = found.figures()
    if given.json:
        return json.dumps(figures)
    shares = "  ".join(f"{name} {figures[name]:.2%}" for name in ("mAP", "rank1", "rank5", "rank10", "rank20"))
    return f"{shares}  ({found.queries} queries, {found.gallery} in the gallery, AP by the {found.rule} rule)"
