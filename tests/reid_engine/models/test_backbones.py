"""Trunks of one form, and weights that come from files only."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from reid_engine.errors import NetworkFileError, UsageError
from reid_engine.models import build_model
from reid_engine.models.backbones import BACKBONES, Trunk, build_backbone, read_state
from reid_engine.models.files import save_model


def shapes_only(name: str) -> Trunk:
    with torch.device("meta"):
        return build_backbone(name)


@pytest.mark.parametrize(
    ("name", "size", "maps", "channels", "million"),
    [
        ("resnet50", (256, 128), (16, 8), 2048, 23.508),
        ("resnet50_standard", (256, 128), (8, 4), 2048, 23.508),
        ("inception_v3", (299, 299), (8, 8), 2048, 21.786),
        ("inception", (256, 128), (8, 4), 1024, 5.600),
        ("alexnet", (256, 128), (7, 3), 256, 2.470),
        ("compact", (256, 128), (16, 8), 256, 0.604),
    ],
)
def test_trunks_have_the_published_sizes(name, size, maps, channels, million):
    trunk = shapes_only(name)
    assert trunk.map_size(size) == maps
    assert trunk.channels == trunk.stage_channels[-1] == channels
    counted = sum(p.numel() for key, p in trunk.named_parameters() if not key.startswith("auxiliary"))
    assert counted / 1e6 == pytest.approx(million, abs=0.001)


@pytest.mark.parametrize("name", BACKBONES)
def test_stages_are_as_wide_as_they_say(name):
    trunk = shapes_only(name)
    maps = trunk.eval().stem(torch.empty(2, 3, 299, 299, device="meta"))
    for stage, width in zip(trunk.stages, trunk.stage_channels, strict=True):
        maps = stage(maps)
        assert maps.shape[1] == width
    assert len(trunk.stages) == 4


def test_inception_lends_its_third_stage_to_the_auxiliary_branch():
    trunk = shapes_only("inception_v3").eval()
    maps, middle = trunk.with_middle(torch.empty(2, 3, 299, 299, device="meta"))
    assert maps.shape == (2, 2048, 8, 8)
    assert middle.shape == (2, 768, 17, 17)
    assert trunk.auxiliary is not None
    assert trunk.auxiliary(middle).shape == (2, 768)


@pytest.mark.parametrize("name", ["inception", "compact"])
@pytest.mark.parametrize("model", ["grl", "stmp", "rgsat", "gltr", "tclnet"])
def test_pictures_are_normalised_as_the_published_weights_of_the_trunk_expect(model, name):
    with torch.device("meta"):
        spec = build_model(model, backbone=name).spec
    half = name == "inception"
    assert spec.mean == ((0.5,) * 3 if half else (0.485, 0.456, 0.406))
    assert spec.std == ((0.5,) * 3 if half else (0.229, 0.224, 0.225))


def resnet() -> nn.Module:
    return torchvision.models.resnet50(weights=None)


def compact() -> nn.Module:
    return build_backbone("compact")


def written(folder: Path, make: Callable[[], nn.Module], change: Callable[[dict[str, Tensor]], object]) -> Path:
    state = make().state_dict()
    change(state)
    path = folder / "weights.pth"
    torch.save(state, path)
    return path


def test_imagenet_weights_come_from_a_torch_file_or_from_safetensors(tmp_path):
    net = torchvision.models.alexnet(weights=None)
    net.classifier = nn.Sequential()
    torch.save(net.state_dict(), tmp_path / "alexnet.pth")
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, tmp_path / "alexnet.safetensors")
    picture = torch.randn(1, 3, 64, 64)
    for file in ("alexnet.pth", "alexnet.safetensors"):
        trunk = build_backbone("alexnet", weights=tmp_path / file)
        assert torch.equal(trunk(picture), net.features(picture))


def test_files_without_counters_or_classifier_fit(tmp_path):
    def strip(state: dict[str, Tensor]) -> None:
        for key in [k for k in state if k.endswith("num_batches_tracked") or k.startswith("fc.")]:
            del state[key]

    path = written(tmp_path, resnet, strip)
    trunk = build_backbone("resnet50", weights=path)
    assert torch.equal(trunk.stages[3][2].conv3.weight, torch.load(path)["layer4.2.conv3.weight"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda state: state.pop("stem.0.weight"), "stem.0.weight is missing"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra is not part of it"),
        (lambda state: state.update({"stem.1.bias": torch.zeros(3)}), "stem.1.bias has another shape"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(tmp_path, change, sentence):
    path = written(tmp_path, compact, change)
    with pytest.raises(NetworkFileError, match=sentence) as refused:
        build_backbone("compact", weights=path)
    assert str(path) in str(refused.value)


def test_compact_weights_come_from_the_trunks_own_file(tmp_path):
    trained = build_backbone("compact")
    torch.save(trained.state_dict(), tmp_path / "compact.pth")
    built = build_backbone("compact", weights=tmp_path / "compact.pth")
    assert torch.equal(built.stages[0][0].reduce[0].weight, trained.stages[0][0].reduce[0].weight)


class Malice:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit",))


def test_a_model_s_file_gives_the_trunk_that_it_stands_on(tmp_path):
    model = build_model("rgsat", backbone="compact", input_size=(64, 32))
    save_model(model, tmp_path / "rgsat.safetensors")
    built = build_model("grl", backbone="compact", weights=tmp_path / "rgsat.safetensors")
    for name, tensor in model.trunk.state_dict().items():
        assert torch.equal(built.trunk.state_dict()[name], tensor), name


def test_files_that_are_no_weights_are_refused(tmp_path):
    (tmp_path / "noise.pth").write_bytes(b"no such thing")
    (tmp_path / "text.pth").write_bytes(b"hello")
    (tmp_path / "letters.pth").write_bytes(b"abc")
    (tmp_path / "noise.safetensors").write_bytes(b"no such thing")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"a": Malice()}, tmp_path / "malice.pth")
    for name, sentence in (
        ("noise.pth", "is no file of weights|holds more than tensors"),
        ("text.pth", "is no file of weights"),
        ("letters.pth", "is no file of weights"),
        ("noise.safetensors", "is no file of weights"),
        ("list.pth", "holds list, expected tensors by name"),
        ("malice.pth", "holds more than tensors and is refused"),
        ("absent.pth", "there are no weights at"),
    ):
        with pytest.raises(NetworkFileError, match=sentence):
            read_state(tmp_path / name)


def test_nothing_is_downloaded_unasked(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("somebody reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    build_model("tclnet", backbone="alexnet", erasing=False)
    with pytest.raises(UsageError, match="allow the network, or give a file"):
        build_model("tclnet", weights="torchvision")
    with pytest.raises(UsageError, match="trained from scratch"):
        build_backbone("compact", weights="torchvision", allow_network=True)


def test_a_network_that_is_away_is_said(monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(torchvision.models.ResNet50_Weights, "get_state_dict", away)
    with pytest.raises(NetworkFileError, match="'resnet50' could not be fetched: no route"):
        build_backbone("resnet50", weights="torchvision", allow_network=True)


def test_unknown_backbones_are_refused_with_what_there_is():
    with pytest.raises(UsageError, match="no backbone 'vgg'; there are resnet50, "):
        build_backbone("vgg")
