"""Exports of ultralytics weights, made once, kept by SHA-256 and refused unless they agree with torch.

``<cache>/exports/<sha256>-<versions>/`` holds the network and ``export.json``: the SHA-256 of every file and the gate's
figures. An entry that was cut, altered or judged on another kind of processor is made again, and that is said.
"""

from __future__ import annotations

import dataclasses
import errno
import importlib.metadata
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from reid_engine.boxes import Agreement, Floats, Layout, agreement, layout_of
from reid_engine.errors import ChildDied, DiskFull, NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child
from reid_engine.runtime import Choice, Network, NetworkFacts, OpenVinoNetwork, TorchNetwork, inspect, sha256_of
from reid_engine.settings import cache_folder

# f32 must equal torch; lower precision must find the same boxes among the likeliest
EXACT_BOX_PX = 0.01
EXACT_SCORE = 1e-3
LEAST_SHARE = 0.9
MOST_SCORE_P95 = 0.1
NOTE = "export.json"


class _Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    files: dict[str, str]
    gate: dict[str, dict[str, float]]


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """Weights as a network that agrees with torch.

    gate: figures of ``boxes.Agreement`` by runtime, e.g. ``OpenVINO bf16``
    """

    file: Path
    torchscript: Path | None
    gate: dict[str, Agreement]


def passes(name: str, found: Agreement) -> bool:
    """Whether a runtime's agreement with torch f32 is near enough."""
    if name.endswith("f32"):
        return found.box_px <= EXACT_BOX_PX and found.score <= EXACT_SCORE
    return found.share >= LEAST_SHARE and found.score_p95 <= MOST_SCORE_P95


def exported(weights: Path, choice: Choice, control: JobControl) -> Export:
    """The export of a ``.pt`` file for the chosen runtime, from the cache or made by a child.

    Raises NetworkFileError (no detector weights; no agreement), DiskFull, JobCancelled.
    """
    weights = weights.absolute()
    if not weights.is_file():
        raise NetworkFileError(f"{weights} does not exist or is no file; give the path of detector weights")
    place = _place(weights, choice)
    needed = [name for name, _ in _runtimes(choice)]
    if place.exists():
        problem = _problem(place, needed)
        if problem is None:
            return _read(place)
        control.notice(f"the cached export of {weights.name} {problem}; it is made again", weights=str(weights))
        shutil.rmtree(place, ignore_errors=True)
    else:
        control.notice(f"{weights.name} is exported for the first time; this takes some seconds", weights=str(weights))
    try:
        return _make(weights, place, choice, control)
    except OSError as error:
        kind = DiskFull if error.errno == errno.ENOSPC else NetworkFileError
        raise kind(f"the export of {weights.name} cannot be kept in {place.parent}: {error.strerror}") from error


def _place(weights: Path, choice: Choice) -> Path:
    versions = "-".join(importlib.metadata.version(name) for name in ("ultralytics", "openvino"))
    device = "" if choice.device is None else f"-{choice.device.replace(':', '')}"
    return cache_folder() / "exports" / f"{sha256_of(weights)}-{versions}{device}"


def _runtimes(choice: Choice) -> list[tuple[str, Choice]]:
    """Every runtime that the gate judges for this choice; the first is what will run if it passes."""
    if choice.device is not None:
        return [(f"torch {choice.precision}", choice)]
    exact = ("OpenVINO f32", dataclasses.replace(choice, precision="f32"))
    return [exact] if choice.precision == "f32" else [("OpenVINO bf16", choice), exact]


def _problem(place: Path, needed: list[str]) -> str | None:
    """Why a cached export cannot be used, or None."""
    try:
        note = _Note.model_validate_json((place / NOTE).read_bytes())
        if any(sha256_of(place / name) != digest for name, digest in note.files.items()):
            return "was altered"
    except (OSError, ValueError, ValidationError, NetworkFileError):
        return "is incomplete"
    return None if set(needed) <= set(note.gate) else "was judged on another kind of processor"


def _read(place: Path) -> Export:
    note = _Note.model_validate_json((place / NOTE).read_bytes())
    script = place / "network.torchscript"
    gate = {name: Agreement(**figures) for name, figures in note.gate.items()}
    return Export(place / "network.xml", script if script.is_file() else None, gate)


def _make(weights: Path, place: Path, choice: Choice, control: JobControl) -> Export:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="making-") as name:
        folder = Path(name)
        device = [] if choice.device is None else ["--torch", choice.device]
        try:
            answer = ask_child("reid_engine._ultralytics", ["export", name, *device, str(weights)], control.check)
        except ChildDied as error:
            raise NetworkFileError(f"{weights.name} cannot be exported: {error}") from error
        if "error" in answer:
            raise (DiskFull if answer.get("disk_full") else NetworkFileError)(answer["error"])
        gate = _judge(weights.name, folder, choice, control)
        (folder / "reference.npz").unlink()
        files = {file.name: sha256_of(file) for file in folder.iterdir()}
        note = _Note(files=files, gate={key: dataclasses.asdict(value) for key, value in gate.items()})
        (folder / NOTE).write_text(note.model_dump_json())
        if not place.exists():  # else another process was quicker with the same bytes
            os.replace(folder, place)
            folder.mkdir()  # for TemporaryDirectory to remove
    return _read(place)


def _judge(name: str, folder: Path, choice: Choice, control: JobControl) -> dict[str, Agreement]:
    """Run every runtime on the reference pictures. Raises NetworkFileError when none that may run agrees."""
    facts = inspect(folder / "network.xml", control)
    layout = detector_layout(name, facts)
    gate = {}
    with np.load(folder / "reference.npz") as reference:
        arrays = dict(reference)
    for runtime, how in _runtimes(choice):
        gate[runtime] = _agreement_of(_open(folder, how), arrays, layout)
    last, found = list(gate.items())[-1]
    if not passes(last, found):
        raise NetworkFileError(
            f"the export of {name} does not agree with torch ({last}: boxes differ by up to {found.box_px:.3g} px, "
            f"scores by up to {found.score:.2g}; at most {EXACT_BOX_PX} px and {EXACT_SCORE} are accepted); not used"
        )
    return gate


def _open(folder: Path, how: Choice) -> Network:
    if how.device is not None:
        return TorchNetwork(folder / "network.torchscript", how.device)
    return OpenVinoNetwork(folder / "network.xml", pixels=True, precision=how.precision, threads=None)


def _agreement_of(network: Network, arrays: dict[str, NDArray[np.generic]], layout: Layout) -> Agreement:
    worst = []
    for key in (key for key in arrays if key.startswith("pictures_")):
        pictures = arrays[key]
        ours = [outputs[0].copy() for outputs in network.run(pictures[i : i + 1] for i in range(len(pictures)))]
        reference: Floats = arrays[key.replace("pictures_", "outputs_")].astype(np.float32)
        worst.append(agreement(reference, np.concatenate(ours), layout))
    return Agreement(
        max(one.box_px for one in worst),
        max(one.score for one in worst),
        min(one.share for one in worst),
        max(one.score_p95 for one in worst),
    )


def detector_layout(name: str, facts: NetworkFacts) -> Layout:
    """The layout of a detector's one output. Raises NetworkFileError, saying what the network is instead."""
    task = facts.metadata.get("task", "detect")
    if task != "detect":
        raise NetworkFileError(f"{name} is made for the task '{task}'; a detection network is needed")
    shapes = [port.shape for port in facts.outputs]
    said = ", ".join(str(shape) for shape in shapes)
    image = len(facts.inputs) == 1 and len(facts.inputs[0].shape) == 4 and facts.inputs[0].shape[1] in (3, None)
    if not image:
        inputs = ", ".join(str(port.shape) for port in facts.inputs)
        raise NetworkFileError(f"{name} is no detector: its input is {inputs}, expected one picture (N, 3, H, W)")
    concrete = tuple(size or 0 for size in shapes[0]) if len(shapes) == 1 else ()
    layout = layout_of(concrete, len(facts.metadata.get("names", {})) or None)
    if layout is None:
        embedder = len(concrete) == 2
        hint = (
            "give a re-ID network as the embedder" if embedder else "give weights or an export of an ultralytics YOLO"
        )
        raise NetworkFileError(
            f"{name} is no detector that ultralytics exported: its output is {said}, expected (N, 4 + classes, "
            f"anchors) or (N, rows, 6); {hint}"
        )
    return layout
