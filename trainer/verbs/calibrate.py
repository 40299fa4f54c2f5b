"""``calibrate MODEL_FILE DATASET ROOT``: write into the file's card how near strangers come."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from reid_engine.errors import InputError
from reid_engine.jobs import JobControl
from reid_engine.models.files import load_model
from reid_engine.types import BANDS
from trainer.calibration import calibrate, write_calibration
from trainer.evaluation import embed
from trainer.machine import Machine
from trainer.verbs.words import Spoken, add_dataset, opened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("model", type=Path, metavar="MODEL_FILE", help="a .safetensors with its card beside it")
    add_dataset(parser)
    parser.add_argument("--device", default="auto", help="auto, cuda or cpu")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")


def run(given: argparse.Namespace) -> str:
    """The three distances, of people of the data set's first trial; they are kept in the card."""
    device = Machine(device=given.device).chosen_device()
    model, card = load_model(given.model)
    dataset = opened(given)
    if not dataset.trials:
        raise InputError(f"{dataset.name} in {given.root} has nobody held out to calibrate on")
    if dataset.name in card.get("training_data", ()):
        sys.stderr.write(f"the model learned from {dataset.name}: be sure that these people were held out\n")
    trial = dataset.trials[0]
    people = list({id(t): t for t in (*trial.query, *trial.gallery)}.values())
    vectors = embed(model.to(device), people, control=JobControl(Spoken()))
    labels = np.array([[t.pid, t.camid] for t in people], np.int64)
    found = calibrate(vectors, labels[:, 0], labels[:, 1], model.spec.distance)
    write_calibration(given.model, found, f"held-out pairs of {dataset.name}")
    if given.json:
        return json.dumps(found)
    return "  ".join(f"{band} {found[band]:.4f}" for band in BANDS)
