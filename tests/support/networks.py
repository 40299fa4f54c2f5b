"""Networks the suite can use without downloading any."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HEIGHT, WIDTH, STRIPES = 64, 32, 4


def stripe_embedder(folder: Path, name: str = "stripes") -> Path:
    """A re-ID network whose 12 numbers are the mean colours of four stripes, with its card. Returns the ONNX file."""
    tall = HEIGHT // STRIPES
    pool = helper.make_node("AveragePool", ["crops"], ["means"], kernel_shape=[tall, WIDTH], strides=[tall, WIDTH])
    shape = numpy_helper.from_array(np.array([0, 3 * STRIPES], np.int64), "shape")
    flat = helper.make_node("Reshape", ["means", "shape"], ["embedding"])
    graph = helper.make_graph(
        [pool, flat],
        "stripes",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["N", 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 3 * STRIPES])],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    path = folder / f"{name}.onnx"
    onnx.save(model, str(path))
    card = {
        "input": [HEIGHT, WIDTH],
        "channels": "RGB",
        "scale": 255,
        "mean": [0.45, 0.45, 0.45],
        "std": [0.25, 0.25, 0.25],
        "distance": "cosine",
        "calibration": {"strong": 0.05, "possible": 0.2, "weak": 0.5},
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def another_embedder(folder: Path) -> Path:
    """The same network fed in another way: another model."""
    path = stripe_embedder(folder, "other")
    card = path.with_suffix(".json")
    card.write_text(card.read_text().replace("0.45, 0.45", "0.4, 0.4"))
    return path
