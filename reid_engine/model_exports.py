"""Exports of video models, made once by a child, kept by SHA-256 and refused unless they agree with torch clip by clip.

``<cache>/exports/<model>-<format>-<versions>/`` holds the graphs and ``export.json``: the SHA-256 of every file and the
gate's cosines. An entry that was cut or altered is made again, and that is said.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from reid_engine.errors import ChildDied, DiskFull, NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child
from reid_engine.runtime import Precision, sha256_of
from reid_engine.runtime.video import Cutting, Format, VideoNetwork
from reid_engine.settings import cache_folder
from reid_engine.types import BgrImage

LEAST_COSINE: Mapping[Precision, float] = {"f32": 0.9999, "bf16": 0.999}
LEAST_SHARE = 0.95  # of clips, in bf16 and where the model decides by an argmax
DECIDES = ("tclnet",)  # an erased block that rounding moves gives another vector, and a right one
NOTE = "export.json"


class _Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    files: dict[str, str]
    gate: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class ModelExport:
    """Graphs that agree with torch.

    precision: the lowest asked for that passed; gate: cosine to torch f32 of every reference clip, by precision
    """

    folder: Path
    format: Format
    precision: Precision
    gate: Mapping[str, tuple[float, ...]]


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
    precision = "f32" if format == "onnx" else precision
    place = _place(path, card, format)
    if place.exists():
        note = _read(place)
        if note is not None and precision in note.gate:
            return _judged(path, card, place, format, precision, note, control)
        why = "is incomplete or was altered" if note is None else "was judged on another kind of processor"
        control.notice(f"the cached export of {path.name} {why}; it is made again", weights=str(path))
        shutil.rmtree(place, ignore_errors=True)
    else:
        control.notice(
            f"{path.name} is exported for the first time, into {place}; this takes a while", weights=str(path)
        )
    try:
        note = _make(path, card, place, format, precision, control, crops)
    except OSError as error:
        raise NetworkFileError(
            f"the export of {path.name} cannot be kept in {place.parent}: {error.strerror}"
        ) from error
    return _judged(path, card, place, format, precision, note, control)


def _place(path: Path, card: Mapping[str, Any], format: Format) -> Path:
    versions = "-".join(importlib.metadata.version(name) for name in ("torch", "openvino"))
    return cache_folder() / "exports" / f"{fingerprint(path, card)}-{format}-{versions}"


def _judged(
    path: Path,
    card: Mapping[str, Any],
    place: Path,
    format: Format,
    precision: Precision,
    note: _Note,
    control: JobControl,
) -> ModelExport:
    """The lowest precision that agrees. Raises NetworkFileError when none does."""
    for wanted in dict.fromkeys((precision, "f32")):
        chosen: Precision = "bf16" if wanted == "bf16" else "f32"
        if passes(card["model"], chosen, note.gate[chosen]):
            return ModelExport(place, format, chosen, note.gate)
        worst = min(note.gate[chosen])
        control.notice(
            f"{path.name} in {chosen} does not agree with torch (worst clip: cosine {worst:.5f}); not used so",
            weights=str(path),
        )
    raise NetworkFileError(
        f"the export of {path.name} does not agree with torch (worst clip: cosine {min(note.gate['f32']):.6f}, "
        f"at least {LEAST_COSINE['f32']} is accepted); not used"
    )


def _read(place: Path) -> _Note | None:
    try:
        note = _Note.model_validate_json((place / NOTE).read_bytes())
        whole = all(sha256_of(place / name) == digest for name, digest in note.files.items())
    except (OSError, ValueError, ValidationError, NetworkFileError):
        return None
    return note if whole else None


def _make(
    path: Path,
    card: Mapping[str, Any],
    place: Path,
    format: Format,
    precision: Precision,
    control: JobControl,
    crops: Sequence[BgrImage],
) -> _Note:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="making-") as name:
        folder = Path(name)
        if crops:
            np.savez(folder / "crops.npz", *crops)
        try:
            answer = ask_child("reid_engine.runtime.conversion", [name, format, str(path)], control.check)
        except ChildDied as error:
            raise NetworkFileError(f"{path.name} cannot be exported: {error}") from error
        if "error" in answer:
            raise (DiskFull if answer.get("disk_full") else NetworkFileError)(answer["error"])
        with np.load(folder / "reference.npz") as stored:
            clips, vectors = stored["clips"], stored["vectors"]
        gate: dict[str, tuple[float, ...]] = {
            judged: _cosines(folder, cutting(card), format, judged, clips, vectors)
            for judged in dict.fromkeys((precision, "f32"))
        }
        (folder / "reference.npz").unlink()
        note = _Note(files={file.name: sha256_of(file) for file in _graphs(folder)}, gate=gate)
        (folder / NOTE).write_text(note.model_dump_json())
        if not place.exists():  # else another process was quicker with the same bytes
            os.replace(folder, place)
            folder.mkdir()  # for TemporaryDirectory to remove
    return note


def _graphs(folder: Path) -> list[Path]:
    """Files to remember; the digest of an IR covers its weights."""
    return sorted(file for file in folder.iterdir() if file.suffix in (".xml", ".onnx"))


def _cosines(
    folder: Path,
    cut: Cutting,
    format: Format,
    precision: Any,
    clips: NDArray[np.float32],
    vectors: NDArray[np.float32],
) -> tuple[float, ...]:
    network = VideoNetwork(folder, cut, format=format, precision=precision, threads=None)
    frames = (frame[None] for clip in clips for frame in clip)
    found = list(network.vectors([[len(clip)] for clip in clips], frames))
    return tuple(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in zip(found, vectors, strict=True))
