"""The teacher in torch gives what OpenVINO gives; what it cannot read it names."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch
from torch import nn

from reid_engine.errors import NetworkFileError
from trainer.weights.teacher import OpenVinoGraph


class Small(nn.Module):
    """The operations that the published networks are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm2d(3)
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.gate = nn.Conv2d(8, 8, 1)
        self.line = nn.Linear(8, 5)
        self.slope = nn.PReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.conv(self.norm(x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1) - 0.5
        x = nn.functional.avg_pool2d(self.depth(x), 2)
        x = x * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))
        return self.slope(self.line(x.mean((2, 3)).reshape(1, 8)))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    file = tmp_path_factory.mktemp("teacher") / "small.xml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # OpenVINO's converter traces
        model = ov.convert_model(Small().eval(), example_input=torch.rand(1, 3, 32, 16), input=[1, 3, 32, 16])
    ov.save_model(model, file, compress_to_fp16=False)
    return file


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
