"""From a run to a file in the box: half the bytes, and a card that says where it comes from and what it is good at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path

from reid_engine._ultralytics import write_tensors
from reid_engine.errors import InputError
from reid_engine.models.files import Story, card_path, card_text, load_model, read_card, save_model

USUAL = 0.25  # the score at which published detectors are commonly used
NOT_KEPT = ("targets", "trunk weights")


@dataclass(frozen=True)
class Label:
    """What a card in the box tells people: a name, one line on what it is good at, what it learned from, and notes."""

    title: str
    description: str
    data: tuple[str, ...]
    notes: Mapping[str, str]


def bundle(model_file: Path, out: Path, label: Label) -> None:
    """Write ``out`` and its card from a model file; measured results and calibration come along."""
    model, card = load_model(model_file)
    kept = {key: text for key, text in card.get("provenance", {}).items() if key not in NOT_KEPT}
    story = Story({**kept, **label.notes}, label.data, card.get("results", {}), card.get("calibration"))
    out.parent.mkdir(parents=True, exist_ok=True)
    save_model(model, out, story, half=True)
    told = {"title": label.title, "description": label.description, **read_card(out)}
    card_path(out).write_text(card_text(told), "utf-8")


def bundle_detector(
    weights: Path, out: Path, label: Label, architecture: str = "yolo11n", *, sure: float = USUAL
) -> None:
    """Write ``out`` and its card from trained ``.pt`` weights.

    sure: the score of these weights that is to read USUAL from now on (``tests/measure/confidence.py`` finds it). One
        that learned from exact truth is surer of itself than one that learned from people's labels, and the program's
        settings are made for the latter.
    Raises InputError for a ``sure`` that is not between 0 and 1.
    """
    if not 0 < sure < 1:
        raise InputError(f"a score lies between 0 and 1; {sure} does not")
    doubt = log(sure / (1 - sure)) - log(USUAL / (1 - USUAL))
    out.parent.mkdir(parents=True, exist_ok=True)
    told = {"title": label.title, "description": label.description, "kind": "detector", "architecture": architecture}
    write_tensors(
        weights,
        out,
        {**told, "names": ["person"], "provenance": dict(label.notes), "training_data": list(label.data)},
        doubt,
    )
