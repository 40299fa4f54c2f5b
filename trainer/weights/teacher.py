"""A published OpenVINO network as a torch module, to teach where OpenVINO is not: on a GPU, on fresh pictures.

Reads the plain XML + BIN form and runs the dozen operations that image networks are made of. Nothing of the
network is kept: a distilled student sees only the vectors that come out.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_engine.errors import NetworkFileError

DTYPES = {"f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32}
Attributes: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Layer:
    """One operation: what it is, its attributes, and the layers (id, port) that feed it."""

    id: str
    kind: str
    attributes: Attributes
    inputs: tuple[str, ...]


class OpenVinoGraph(nn.Module):
    """The network of ``NAME.xml`` with ``NAME.bin`` beside it: (B, 3, H, W) as its own preparation wants -> (B, D).

    Raises NetworkFileError for an operation that is not among OPERATIONS, and for files that are not there.
    """

    def __init__(self, xml: Path) -> None:
        super().__init__()
        try:
            root = ElementTree.parse(xml).getroot()
            content = xml.with_suffix(".bin").read_bytes()
        except (OSError, ElementTree.ParseError) as error:
            raise NetworkFileError(f"{xml} is no OpenVINO network: {error}") from error
        self.layers = _layers(root)
        self.spent = _last_uses(self.layers)
        self.shapes: dict[str, Tensor] = {}
        unknown = sorted({layer.kind for layer in self.layers} - OPERATIONS.keys() - {"Const", "Parameter", "Result"})
        if unknown:
            raise NetworkFileError(f"{xml.name} holds the operations {', '.join(unknown)}, which are not read here")
        for layer in self.layers:
            if layer.kind == "Const":
                constant = _constant(layer.attributes, content)
                if constant.is_floating_point():
                    self.register_buffer(f"constant_{layer.id}", constant)
                else:  # shapes and axes stay where they can be read without waiting for a GPU
                    self.shapes[layer.id] = constant

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, D)."""
        values: dict[str, Tensor] = {}
        for layer in self.layers:
            given = [values[name] for name in layer.inputs]
            for name in self.spent[layer.id]:
                del values[name]
            if layer.kind == "Const":
                found = self.shapes.get(layer.id)
                values[layer.id] = self.get_buffer(f"constant_{layer.id}") if found is None else found
            elif layer.kind == "Parameter":
                values[layer.id] = pictures
            elif layer.kind == "Result":
                return given[0]
            else:
                values[layer.id] = OPERATIONS[layer.kind](layer.attributes, *given)
        raise NetworkFileError("the network has no result")


def _layers(root: ElementTree.Element) -> list[Layer]:
    feeds: dict[str, dict[int, str]] = {}
    for edge in root.iterfind("edges/edge"):
        feeds.setdefault(edge.attrib["to-layer"], {})[int(edge.attrib["to-port"])] = edge.attrib["from-layer"]
    found = []
    for element in root.iterfind("layers/layer"):
        data = element.find("data")
        inputs = feeds.get(element.attrib["id"], {})
        attributes = {} if data is None else dict(data.attrib)
        ordered = tuple(inputs[port] for port in sorted(inputs))
        found.append(Layer(element.attrib["id"], element.attrib["type"], attributes, ordered))
    return _in_order(found)


def _last_uses(layers: list[Layer]) -> dict[str, list[str]]:
    """Layer -> the layers whose output nobody needs after it; without that every map would stay in memory."""
    last = {name: layer.id for layer in layers for name in layer.inputs}
    spent: dict[str, list[str]] = {layer.id: [] for layer in layers}
    for name, layer in last.items():
        spent[layer].append(name)
    return spent


def _in_order(layers: list[Layer]) -> list[Layer]:
    """Every layer after those that feed it; results last."""
    waiting = {layer.id: layer for layer in layers}
    done: dict[str, Layer] = {}
    while waiting:
        ready = [layer for layer in waiting.values() if all(name in done for name in layer.inputs)]
        if not ready:
            raise NetworkFileError("the network feeds itself")
        for layer in sorted(ready, key=lambda layer: layer.kind == "Result"):
            done[layer.id] = waiting.pop(layer.id)
    return sorted(done.values(), key=lambda layer: layer.kind == "Result")


def _constant(attributes: Attributes, content: bytes) -> Tensor:
    if attributes["element_type"] not in DTYPES:
        raise NetworkFileError(f"constants of type {attributes['element_type']} are not read here")
    start = int(attributes["offset"])
    raw = content[start : start + int(attributes["size"])]
    numbers = np.frombuffer(raw, DTYPES[attributes["element_type"]]).copy().reshape(_integers(attributes["shape"]))
    return torch.from_numpy(numbers)


def _integers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part.strip()]


def _convolution(attributes: Attributes, x: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(
        _padded(attributes, x),
        kernel.to(x.dtype),
        None,
        _integers(attributes["strides"]),
        0,
        _integers(attributes["dilations"]),
    )


def _group_convolution(attributes: Attributes, x: Tensor, kernel: Tensor) -> Tensor:
    strides, dilations = _integers(attributes["strides"]), _integers(attributes["dilations"])
    return F.conv2d(_padded(attributes, x), kernel.flatten(0, 1).to(x.dtype), None, strides, 0, dilations, len(kernel))


def _padded(attributes: Attributes, x: Tensor, value: float = 0) -> Tensor:
    (top, left), (bottom, right) = _integers(attributes["pads_begin"]), _integers(attributes["pads_end"])
    return F.pad(x, (left, right, top, bottom), value=value) if top or left or bottom or right else x


def _max_pool(attributes: Attributes, x: Tensor) -> Tensor:
    padded = _padded(attributes, x, -torch.inf)
    return F.max_pool2d(padded, _integers(attributes["kernel"]), _integers(attributes["strides"]))


def _mean_pool(attributes: Attributes, x: Tensor) -> Tensor:
    if any(_integers(attributes["pads_begin"]) + _integers(attributes["pads_end"])):
        raise NetworkFileError("average pooling with padding is not read here")
    return F.avg_pool2d(x, _integers(attributes["kernel"]), _integers(attributes["strides"]))


def _normalised(attributes: Attributes, x: Tensor, axes: Tensor) -> Tensor:
    """Mean-variance normalisation over ``axes``, in single precision."""
    over = [int(axis) for axis in axes.tolist()]
    wide = x.float()
    variance, mean = torch.var_mean(wide, over, correction=0, keepdim=True)
    return ((wide - mean) * torch.rsqrt(variance + float(attributes["eps"]))).to(x.dtype)


def _reshaped(attributes: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    """A size of 0 keeps the input's; the batch, written as 1 in the file, is whatever it is here."""
    sizes = [x.shape[axis] if size == 0 else int(size) for axis, size in enumerate(shape.tolist())]
    return x.reshape(len(x), *sizes[1:]) if sizes[0] == 1 else x.reshape(sizes)


def _gathered(attributes: Attributes, x: Tensor, indices: Tensor, axis: Tensor) -> Tensor:
    chosen = x.index_select(int(axis), indices.reshape(-1).long().to(x.device))
    return chosen.reshape(*x.shape[: int(axis)], *indices.shape, *x.shape[int(axis) + 1 :])


def _added(attributes: Attributes, x: Tensor, y: Tensor) -> Tensor:
    return x + y.to(x.dtype)


def _subtracted(attributes: Attributes, x: Tensor, y: Tensor) -> Tensor:
    return x - y.to(x.dtype)


def _multiplied(attributes: Attributes, x: Tensor, y: Tensor) -> Tensor:
    return x * y.to(x.dtype)


def _same(attributes: Attributes, x: Tensor) -> Tensor:
    return x


def _rectified(attributes: Attributes, x: Tensor) -> Tensor:
    return F.relu(x)


def _leaky(attributes: Attributes, x: Tensor, slope: Tensor) -> Tensor:
    return F.prelu(x, slope.reshape(-1).to(x.dtype))


def _sigmoid(attributes: Attributes, x: Tensor) -> Tensor:
    return torch.sigmoid(x)


def _product(attributes: Attributes, x: Tensor, y: Tensor) -> Tensor:
    return x @ (y.mT if attributes.get("transpose_b") == "true" else y).to(x.dtype)


def _mean(attributes: Attributes, x: Tensor, axes: Tensor) -> Tensor:
    return x.mean(axes.tolist(), keepdim=attributes.get("keep_dims") == "true")


def _shape(attributes: Attributes, x: Tensor) -> Tensor:
    return torch.tensor(x.shape)


def _joined(attributes: Attributes, *parts: Tensor) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts], int(attributes["axis"]))


OPERATIONS: Mapping[str, Callable[..., Tensor]] = {
    "Add": _added,
    "Subtract": _subtracted,
    "Multiply": _multiplied,
    "Convert": _same,
    "Convolution": _convolution,
    "GroupConvolution": _group_convolution,
    "MaxPool": _max_pool,
    "AvgPool": _mean_pool,
    "MVN": _normalised,
    "ReLU": _rectified,
    "PReLU": _leaky,
    "Sigmoid": _sigmoid,
    "MatMul": _product,
    "ReduceMean": _mean,
    "Reshape": _reshaped,
    "ShapeOf": _shape,
    "Gather": _gathered,
    "Concat": _joined,
}
