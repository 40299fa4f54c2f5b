"""From a run to a file in the box: half the bytes, and a card that says where it comes from and what it is good at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reid_engine._ultralytics import write_tensors
from reid_engine.models.files import Story, card_path, load_model, read_card, save_model

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
    card_path(out).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def bundle_detector(weights: Path, out: Path, label: Label, architecture: str = "yolo11n") -> None:
    """Write ``out`` and its card from trained ``.pt`` weights."""
    out.parent.mkdir(parents=True, exist_ok=True)
    told = {"title": label.title, "description": label.description, "kind": "detector", "architecture": architecture}
    write_tensors(
        weights, out, {**told, "names": ["person"], "provenance": dict(label.notes), "training_data": list(label.data)}
    )
