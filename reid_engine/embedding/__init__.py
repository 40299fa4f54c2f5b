"""Hop 7 of the frame walk: what is kept of a tracklet to one unit vector, by whatever network a person names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import resources
from reid_engine.embedding.explanation import Explanation
from reid_engine.embedding.single import (
    EmbedderCard,
    SingleImageEmbedder,
    load_single_image_embedder,
    pool,
    read_card,
)
from reid_engine.embedding.video import VideoEmbedder, load_video_embedder
from reid_engine.errors import NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.runtime import LoadedNetwork
from reid_engine.types import BgrImage, DistanceName, ModelId, TrackletCrops, Vectors

__all__ = (
    "Embedder",
    "EmbedderCard",
    "Explanation",
    "SingleImageEmbedder",
    "VideoEmbedder",
    "bundled_models",
    "explain_tracklets",
    "find_network",
    "load_embedder",
    "pool",
    "read_card",
)


class Embedder(LoadedNetwork, Protocol):
    """Turns what is kept of a tracklet, or a picture of a person, into a vector to compare."""

    @property
    def model(self) -> ModelId:
        """Names the space the vectors live in; vectors of different models are never compared."""
        ...

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def distance(self) -> DistanceName:
        """How two vectors are compared."""
        ...

    @property
    def card(self) -> dict[str, Any]:
        """How pictures are prepared and by which rule; ``calibration`` where it is known. Kept in the case."""
        ...

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        """(N, dim) float32, unit length; a tracklet's vector does not depend on its neighbours in the call."""
        ...

    def embed_image(self, image: BgrImage) -> Vectors:
        """(dim,) float32, unit length: a probe that is no tracklet."""
        ...


def load_embedder(
    path: Path,
    card: Path | Mapping[str, Any] | None = None,
    *,
    threads: int | None = None,
    control: JobControl | None = None,
) -> SingleImageEmbedder | VideoEmbedder:
    """A bundled model's name, a model file (.safetensors with its card), or a single-image re-ID network.

    card: a file, or what a case has recorded; without either, the file beside the network or a rule
    Raises NetworkFileError for what is none of these, InputError for a bad card.
    """
    control = control or JobControl()
    found = find_network(path)
    if found.suffix.lower() == ".safetensors":
        return load_video_embedder(found, card, threads=threads, control=control)
    return load_single_image_embedder(found, card, threads=threads, control=control)


def explain_tracklets(
    embedder: Embedder, kept: Sequence[TrackletCrops], control: JobControl | None = None
) -> list[Explanation] | None:
    """What a network looked at in the kept crops of tracklets: shares of frames, maps of places. Takes seconds.

    None for a single-image network, which can only be asked for vectors (``reid_engine.why`` covers places instead).
    Raises NetworkFileError where a model cannot be asked, ShapeError for no crops at all.
    """
    return embedder.explain(kept, control) if isinstance(embedder, VideoEmbedder) else None


def bundled_models() -> dict[str, Path]:
    """The models that the program brings, by name."""
    try:
        folder = resources.path("weights")
    except FileNotFoundError:
        return {}
    return {file.stem: file for file in sorted(folder.glob("*.safetensors")) if _is_reid(file.with_suffix(".json"))}


def _is_reid(card: Path) -> bool:
    """Whether the card is there and a re-ID model's; a detector lies in the same box."""
    try:
        return "model" in json.loads(card.read_text("utf-8"))
    except (OSError, ValueError):
        return False


def find_network(given: Path) -> Path:
    """The file that a person means: a path, or the name of a bundled model.

    Raises NetworkFileError, naming the models there are, for a word that is neither.
    """
    if given.exists() or given.suffix or len(given.parts) != 1:
        return given.absolute()
    models = bundled_models()
    if given.name in models:
        return models[given.name]
    listed = f"the bundled models are {', '.join(models)}" if models else "no model is bundled"
    raise NetworkFileError(
        f"there is no embedder {given.name!r}: {listed}; give one of them, a model file (.safetensors), or a re-ID "
        "network (.onnx, OpenVINO .xml)"
    )
