"""The child that turns a model file into graphs: ``python -m reid_engine.runtime.conversion FOLDER FORMAT MODEL``.

Beside the graphs it leaves ``reference.npz``: clips of pictures and the vectors that torch gives for them.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import openvino as ov  # the package's own module was imported before: nothing is posted
import torch

from reid_engine.errors import ReappearError
from reid_engine.models.base import VideoReidModel
from reid_engine.models.files import load_model
from reid_engine.models.graphs import export_graphs
from reid_engine.pixels import Preparation
from reid_engine.process import die_with_parent, private_stdout
from reid_engine.runtime.video import SUFFIX, Format
from reid_engine.types import BgrImage

CLIPS_OF_A_KIND = 12


def noise(count: int, length: int, size: tuple[int, int]) -> list[list[BgrImage]]:
    """Clips of random bytes."""
    rng = np.random.default_rng(0)
    return [list(rng.integers(0, 256, (length, *size, 3)).astype(np.uint8)) for _ in range(count)]


def figures(count: int, length: int, size: tuple[int, int]) -> list[list[BgrImage]]:
    """Clips of drawn people: a head, clothes of two colours and legs that walk, before a place."""
    return [_walk(np.random.default_rng([1, number]), length, size) for number in range(count)]


def _walk(rng: np.random.Generator, length: int, size: tuple[int, int]) -> list[BgrImage]:
    height, width = size
    place, skin, top, legs = ([int(c) for c in rng.integers(20, 236, 3)] for _ in range(4))
    back = cv2.resize(rng.integers(0, 90, (6, 3, 3)).astype(np.uint8), (width, height)) // 2
    phase, x = float(rng.uniform(0, 6)), width * float(rng.uniform(0.4, 0.6))
    pictures = []
    for t in range(length):
        image = cv2.add(back, np.full_like(back, place) // 2)
        swing = np.sin(phase + 0.6 * t) * width * 0.16
        for foot in (x - swing, x + swing):
            cv2.line(image, (round(x), height * 11 // 20), (round(foot), height * 19 // 20), legs, max(width // 8, 1))
        cv2.ellipse(image, (round(x), height * 7 // 20), (width // 4, height // 5), 0, 0, 360, top, -1)
        cv2.circle(image, (round(x), height // 9), max(width // 8, 1), skin, -1)
        grain = rng.normal(0, 4, image.shape)
        pictures.append(np.clip(image + grain, 0, 255).astype(np.uint8))
    return pictures


def convert(model: VideoReidModel, folder: Path, format: Format) -> None:
    """Write the graphs of a model into a folder."""
    for name, graph in export_graphs(model).items():
        file = folder / (name + SUFFIX[format])
        if format == "onnx":
            torch.onnx.export(graph.program, (), str(file), dynamo=True, verbose=False, external_data=False)
            continue
        network = ov.convert_model(graph.program)
        network.reshape({port: list(shape) for port, shape in zip(network.inputs, graph.shapes, strict=True)})
        ov.save_model(network, file, compress_to_fp16=False)


@torch.inference_mode()
def reference(model: VideoReidModel, given: Sequence[Sequence[BgrImage]] = ()) -> dict[str, np.ndarray]:
    """Clips (K, T, 3, H, W) float32 of noise, of drawn people and of given crops, and torch's vectors (K, D)."""
    spec = model.spec
    chosen = [make(CLIPS_OF_A_KIND, spec.clip_length, spec.input_size) for make in (noise, figures)]
    prepare = Preparation.of(spec)
    clips = np.stack([prepare.clip(clip) for kind in (*chosen, given) for clip in kind])
    vectors = [model.embed(torch.from_numpy(clip)[None])[0].numpy() for clip in clips]
    return {"clips": clips, "vectors": np.stack(vectors)}


def crops_in(folder: Path, length: int) -> list[list[BgrImage]]:
    """Clips of the crops that the parent left in the folder."""
    file = folder / "crops.npz"
    if not file.is_file():
        return []
    with np.load(file) as stored:
        crops = [stored[name] for name in stored.files]
    file.unlink()
    return [crops[first : first + length] for first in range(0, len(crops) - length + 1, length)]


def main(arguments: Sequence[str]) -> int:
    """The child; ``{}`` or ``{"error": sentence}`` on standard output."""
    die_with_parent()
    pipe = private_stdout()
    folder, format_, path = Path(arguments[0]), arguments[1], Path(arguments[2])
    answer: dict[str, object] = {}
    try:
        model, _ = load_model(path)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        convert(model, folder, "onnx" if format_ == "onnx" else "openvino")
        found = reference(model, crops_in(folder, model.spec.clip_length))
        np.savez(folder / "reference.npz", clips=found["clips"], vectors=found["vectors"])
    except ReappearError as error:
        answer = {"error": str(error)}
    except OSError as error:
        answer = {"error": f"the export of {path.name} cannot be written: {error.strerror}"}
        answer["disk_full"] = error.errno == errno.ENOSPC
    with pipe:
        pipe.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
