"""Exports of ultralytics weights, kept in the cache under their SHA-256 and refused unless they agree with torch."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_engine.boxes import Agreement, Floats, Layout, agreement, layout_of
from reid_engine.errors import NetworkFileError
from reid_engine.export_cache import ExportCache, Note, export_by_child
from reid_engine.jobs import JobControl
from reid_engine.runtime import Choice, Network, NetworkFacts, OpenVinoNetwork, TorchNetwork, inspect, sha256_of

# f32 must equal torch; lower precision must find the same boxes among the likeliest
EXACT_BOX_PX = 0.01
EXACT_SCORE = 1e-3
LEAST_SHARE = 0.9
MOST_SCORE_P95 = 0.1
CACHE = ExportCache(Note[Agreement])


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
    judged = [name for name, _ in _runtimes(choice)]
    place, gate = CACHE.get(weights, _key(weights, choice), judged, partial(_make, weights, choice, control), control)
    script = place / "network.torchscript"
    return Export(place / "network.xml", script if script.is_file() else None, gate)


def _key(weights: Path, choice: Choice) -> str:
    versions = "-".join(importlib.metadata.version(name) for name in ("ultralytics", "openvino"))
    device = "" if choice.device is None else f"-{choice.device.replace(':', '')}"
    return f"{sha256_of(weights)}-{versions}{device}"


def _runtimes(choice: Choice) -> list[tuple[str, Choice]]:
    """Every runtime that the gate judges for this choice; the first is what will run if it passes."""
    if choice.device is not None:
        return [(f"torch {choice.precision}", choice)]
    exact = ("OpenVINO f32", dataclasses.replace(choice, precision="f32"))
    return [exact] if choice.precision == "f32" else [("OpenVINO bf16", choice), exact]


def _make(weights: Path, choice: Choice, control: JobControl, folder: Path) -> dict[str, Agreement]:
    device = [] if choice.device is None else ["--torch", choice.device]
    export_by_child(
        weights, folder, "reid_engine._ultralytics", ["export", str(folder), *device, str(weights)], control
    )
    gate = _judge(weights.name, folder, choice, control)
    (folder / "reference.npz").unlink()
    return gate


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
