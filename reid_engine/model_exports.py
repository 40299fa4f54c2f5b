"""Exports of video models, kept in the cache and refused unless they agree with torch clip by clip."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import NetworkFileError
from reid_engine.export_cache import ExportCache, Note, export_by_child
from reid_engine.jobs import JobControl
from reid_engine.runtime import Precision, sha256_of
from reid_engine.runtime.video import Cutting, Format, VideoNetwork
from reid_engine.types import BgrImage

LEAST_COSINE: Mapping[Precision, float] = {"f32": 0.9999, "bf16": 0.999}
LEAST_SHARE = 0.95  # of clips, in bf16 and where the model decides by an argmax
DECIDES = ("tclnet",)  # an erased block that rounding moves gives another vector, and a right one
Cosines: TypeAlias = tuple[float, ...]  # of every clip of the gate
CACHE = ExportCache(Note[Cosines])


@dataclass(frozen=True, slots=True)
class ModelExport:
    """Graphs that agree with torch.

    precision: the lowest asked for that passed; gate: cosine to torch f32 of every reference clip, by precision
    """

    folder: Path
    format: Format
    precision: Precision
    gate: Mapping[str, Cosines]


def passes(model: str, precision: Precision, cosines: Sequence[float]) -> bool:
    """Whether the embeddings of a runtime are near enough to torch's, by clip."""
    near = [cosine >= LEAST_COSINE[precision] for cosine in cosines]
    if precision == "bf16" and model in DECIDES:
        return sum(near) >= LEAST_SHARE * len(near)
    return all(near)


def cutting(card: Mapping[str, Any]) -> Cutting:
    """How the model of a card cuts a tracklet."""
    return Cutting(int(card["spec"]["clip_length"]), card["spec"]["test_clips"])


def fingerprint(path: Path, card: Mapping[str, Any]) -> str:
    """SHA-256 of all that decides a vector: the tensors, the architecture, and how pixels go in."""
    decides = {key: card[key] for key in ("model", "variant", "options", "spec")}
    return hashlib.sha256(f"{sha256_of(path)} {json.dumps(decides, sort_keys=True)}".encode()).hexdigest()


def exported_model(
    path: Path,
    card: Mapping[str, Any],
    precision: Precision,
    control: JobControl,
    *,
    format: Format = "openvino",
    crops: Sequence[BgrImage] = (),
) -> ModelExport:
    """The graphs of a model file, from the cache or made by a child with torch.

    crops: pictures of people that the gate looks at beside its own; a clip of each ``clip_length`` of them.
    Raises NetworkFileError (no model; no agreement), DiskFull, JobCancelled.
    """
    judged: tuple[Precision, ...] = ("f32",) if format == "onnx" or precision == "f32" else (precision, "f32")
    make = partial(_make, path, card, format, judged, crops, control)
    place, gate = CACHE.get(path, _key(path, card, format), judged, make, control)
    for chosen in judged:
        worst = min(gate[chosen])
        if passes(card["model"], chosen, gate[chosen]):
            return ModelExport(place, format, chosen, gate)
        control.notice(
            f"{path.name} in {chosen} does not agree with torch (worst clip: cosine {worst:.5f}); not used so",
            weights=str(path),
        )
    raise NetworkFileError(
        f"the export of {path.name} does not agree with torch (worst clip: cosine {worst:.6f}, "
        f"at least {LEAST_COSINE['f32']} is accepted); not used"
    )


def _key(path: Path, card: Mapping[str, Any], format: Format) -> str:
    versions = "-".join(importlib.metadata.version(name) for name in ("torch", "openvino"))
    return f"{fingerprint(path, card)}-{format}-{versions}"


def _make(
    path: Path,
    card: Mapping[str, Any],
    format: Format,
    judged: Sequence[Precision],
    crops: Sequence[BgrImage],
    control: JobControl,
    folder: Path,
) -> dict[str, Cosines]:
    if crops:
        np.savez(folder / "crops.npz", *crops)
    export_by_child(path, folder, "reid_engine.runtime.conversion", [str(folder), format, str(path)], control)
    with np.load(folder / "reference.npz") as stored:
        clips, vectors = stored["clips"], stored["vectors"]
    (folder / "reference.npz").unlink()
    return {
        precision: _cosines(
            VideoNetwork(folder, cutting(card), format=format, precision=precision, threads=None), clips, vectors
        )
        for precision in judged
    }


def _cosines(network: VideoNetwork, clips: NDArray[np.float32], vectors: NDArray[np.float32]) -> Cosines:
    frames = (frame[None] for clip in clips for frame in clip)
    found = list(network.vectors([[len(clip)] for clip in clips], frames))
    return tuple(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in zip(found, vectors, strict=True))
