"""From a run to a file in the box: half the bytes, and a card that says where it comes from and what it is good at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reid_engine.models.files import Story, load_model, save_model

NOT_KEPT = ("targets", "trunk weights")


def bundle(model_file: Path, out: Path, about: str, data: tuple[str, ...], notes: Mapping[str, str]) -> str:
    """Write ``out`` from a model file; returns its SHA-256.

    about: one line on what the model is good at; data: what it learned from; notes: more provenance
    """
    model, card = load_model(model_file)
    kept = {key: text for key, text in card.get("provenance", {}).items() if key not in NOT_KEPT}
    story = Story(provenance={"about": about, **kept, **notes}, training_data=data, results=card.get("results", {}))
    out.parent.mkdir(parents=True, exist_ok=True)
    return save_model(model, out, story, half=True)
