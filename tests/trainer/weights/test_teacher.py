"""The teacher in torch gives what OpenVINO gives; what it cannot read it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import openvino as ov
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from reid_engine.errors import NetworkFileError
from trainer.weights.teacher import OpenVinoGraph


def small_network(file: Path) -> None:
    """A network of the operations that the published ones are made of, as ONNX."""
    draw = np.random.default_rng(3)
    sizes = {
        "norm_scale": (3,), "norm_shift": (3,), "conv": (8, 3, 3, 3), "conv_shift": (8,), "depth": (8, 1, 3, 3),
        "gate": (8, 8, 1, 1), "line": (5, 8), "line_shift": (5,), "slope": (1,), "less": (1, 8, 1, 1),
    }  # fmt: skip
    weights = [numpy_helper.from_array(draw.normal(0, 0.5, size).astype(np.float32), n) for n, size in sizes.items()]
    node = helper.make_node
    nodes = [
        node("InstanceNormalization", ["x", "norm_scale", "norm_shift"], ["a"]),
        node("Conv", ["a", "conv", "conv_shift"], ["b"], strides=[2, 2], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        node("Relu", ["b"], ["c"]),
        node("MaxPool", ["c"], ["d"], strides=[2, 2], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        node("Sub", ["d", "less"], ["e"]),
        node("Conv", ["e", "depth"], ["f"], group=8, pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        node("AveragePool", ["f"], ["g"], strides=[2, 2], kernel_shape=[2, 2]),
        node("GlobalAveragePool", ["g"], ["h"]),
        node("Conv", ["h", "gate"], ["i"], kernel_shape=[1, 1]),
        node("Sigmoid", ["i"], ["j"]),
        node("Mul", ["g", "j"], ["k"]),
        node("GlobalAveragePool", ["k"], ["l"]),
        node("Flatten", ["l"], ["m"]),
        node("Gemm", ["m", "line", "line_shift"], ["n"], transB=1),
        node("PRelu", ["n", "slope"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", (1, 3, 32, 16)), ("y", (1, 5)))]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(file))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    small_network(folder / "small.onnx")
    ov.save_model(ov.convert_model(folder / "small.onnx"), folder / "small.xml", compress_to_fp16=False)
    return folder / "small.xml"


def test_a_batch_in_torch_equals_openvino_picture_by_picture(network: Path) -> None:
    pictures = torch.rand(4, 3, 32, 16, generator=torch.Generator().manual_seed(5)) * 255
    with torch.no_grad():
        ours = OpenVinoGraph(network)(pictures).numpy()
    compiled = ov.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    theirs = np.concatenate([compiled(picture[None].numpy())[0] for picture in pictures])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert np.ptp(ours, axis=0).max() > 1e-3  # the pictures do differ


def test_an_operation_that_is_not_read_is_named(network: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.xml"
    odd.write_text(network.read_text().replace('type="Sigmoid"', 'type="Erf"'))
    odd.with_suffix(".bin").write_bytes(network.with_suffix(".bin").read_bytes())
    with pytest.raises(NetworkFileError, match="Erf"):
        OpenVinoGraph(odd)


def test_a_file_that_is_not_there_or_no_network_is_said(tmp_path: Path) -> None:
    with pytest.raises(NetworkFileError, match="is no OpenVINO network"):
        OpenVinoGraph(tmp_path / "none.xml")
    torn = tmp_path / "torn.xml"
    torn.write_text("<net")
    with pytest.raises(NetworkFileError, match="is no OpenVINO network"):
        OpenVinoGraph(torn)
