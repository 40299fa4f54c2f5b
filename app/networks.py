"""The two networks of an ingest: files on this computer, and those that come with the program, by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import resources
from app.words import Later, tr

WEIGHTS = (".safetensors", ".onnx", ".xml", ".pt")
OF_A_RUN = ("model", "best")  # what every run of the trainer calls its models
EMBEDDERS = Later("Re-identification networks (*.safetensors *.onnx *.xml);;All files (*)")


@dataclass(frozen=True, slots=True)
class Networks:
    """The two weights files that an ingest needs; ``problem`` is a sentence while one is missing."""

    detector: Path | None = None
    embedder: Path | None = None

    @property
    def problem(self) -> str:
        """What is missing, or nothing."""
        roles = ((tr("A person detector"), self.detector), (tr("A re-identification network"), self.embedder))
        for role, path in roles:
            if path is None:
                return tr("{role} is needed: choose one under Networks.").format(role=role)
            if not path.exists():
                return tr("{role} is no longer at {path}: choose it again under Networks.").format(role=role, path=path)
        return ""

    def or_else(self, other: Networks) -> Networks:
        """These, and the other's where one of these is not known."""
        return Networks(self.detector or other.detector, self.embedder or other.embedder)

    def arguments(self) -> list[str]:
        """As the command line takes them."""
        return ["--detector", str(self.detector), "--embedder", str(self.embedder)]


@dataclass(frozen=True, slots=True)
class Offer:
    """One network that can be chosen. ``line``: what it is good at; ``standard``: used when nobody chooses."""

    path: Path
    name: str
    line: str
    finds_people: bool
    standard: bool = False

    @property
    def shown(self) -> str:
        """Its name in a list."""
        return tr("{name}  (default)").format(name=self.name) if self.standard else self.name


def bundled() -> Path | None:
    """The folder of the weights that come with the program, or None where none came."""
    try:
        return resources.path("weights")
    except FileNotFoundError:
        return None


def offers(folder: Path | None) -> list[Offer]:
    """The networks in a folder, by their cards: detectors first, the standard ones before others."""
    if folder is None or not folder.is_dir():
        return []
    standard = set(_read(folder / "default.json").values())
    found = [_offer(path, standard) for path in sorted(folder.iterdir()) if path.suffix in WEIGHTS]
    return sorted(found, key=lambda offer: (not offer.finds_people, not offer.standard, offer.name.casefold()))


def standard(folder: Path | None) -> Networks:
    """The pair that is used when nobody chooses."""
    if folder is None:
        return Networks()
    named = _read(folder / "default.json")
    paths = [folder / str(named[role]) if role in named else None for role in ("detector", "reid")]
    return Networks(*(path if path is not None and path.exists() else None for path in paths))


def model_of(path: Path) -> str:
    """Which network a model file holds ("tclnet"), by the card beside it; empty where none says so."""
    return str(_read(path.with_suffix(".json")).get("model") or "")


def named(path: Path | None, known: Sequence[Offer]) -> str:
    """How people call these weights: as their card does, else by the file's name, or by the folder of its run."""
    if path is None:
        return ""
    own = path.parent.name if path.stem in OF_A_RUN else path.stem
    return next((offer.name for offer in known if offer.path == path), own)


def _offer(path: Path, standard: set[Any]) -> Offer:
    card = _read(path.with_suffix(".json"))
    line = str(card.get("description") or card.get("good_at") or "")
    is_standard = path.name in standard
    detects = str(card.get("role") or card.get("kind") or "").startswith("detect") or path.name.startswith("yolo")
    return Offer(path, str(card.get("title") or card.get("name") or path.stem), line, detects, is_standard)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
