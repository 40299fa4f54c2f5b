"""The trunks behind the temporal heads: single frames in, maps out, four stages each.

All seven have the same form, so that a head can stand on any of them and take its sizes as arguments. ImageNet weights
come from a file; torchvision fetches them only when asked by name and when the caller allows the network.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from reid_engine.errors import NetworkFileError, UsageError
from reid_engine.models.base import IMAGENET_MEAN, IMAGENET_STD
from reid_engine.models.compact import SOLID_STAGES, SOLID_STEM_WIDTH, compact_stages

TORCHVISION = "torchvision"  # the name that asks for a download
OF_A_MODEL = "trunk."  # how a model file names the tensors of its trunk
HALF = (0.5, 0.5, 0.5)  # what torchvision makes of its pictures for both Inceptions ("transform_input")


class Trunk(nn.Module):
    """A stem and four stages.

    stage_channels: width after each stage; channels: of the last; stride: input pixels a map pixel, nominally
    auxiliary:      Inception's side branch on the third stage's maps, None elsewhere
    mean, std:      of RGB / 255, as the published weights of the trunk expect
    """

    def __init__(
        self, name: str, stem: nn.Module, stages: Sequence[nn.Sequential], widths: Sequence[int], stride: int
    ) -> None:
        super().__init__()
        self.name = name
        self.stage_channels = tuple(widths)
        self.channels = self.stage_channels[-1]
        self.stride = stride
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self.auxiliary: nn.Module | None = None
        self.mean, self.std = (HALF, HALF) if name.startswith("inception") else (IMAGENET_MEAN, IMAGENET_STD)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, channels, h, w)."""
        return self.with_middle(frames)[0]

    def with_middle(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) -> the maps, and the third stage's maps, which an auxiliary head looks at."""
        maps: Tensor = self.stem(frames)
        for stage in self.stages[:-1]:
            maps = stage(maps)
        return self.stages[-1](maps), maps

    def map_size(self, input_size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of the maps for pictures of ``input_size``, found by a pass over shapes only."""
        shapes = {name: tensor.to("meta") for name, tensor in self.state_dict(keep_vars=True).items()}
        with torch.no_grad():
            maps = torch.func.functional_call(self, shapes, (torch.empty(2, 3, *input_size, device="meta"),))
        return int(maps.shape[2]), int(maps.shape[3])


class InceptionAuxiliary(nn.Module):
    """Inception-v3's side branch without its classifier: (N, 768, 17, 17) -> (N, 768)."""

    def __init__(self, conv0: nn.Module, conv1: nn.Module) -> None:
        super().__init__()
        self.conv0 = conv0
        self.conv1 = conv1

    def forward(self, maps: Tensor) -> Tensor:
        """Pool 5x5 by 3, two convolutions, global average."""
        features: Tensor = self.conv1(self.conv0(F.avg_pool2d(maps, kernel_size=5, stride=3)))
        return features.mean((2, 3))


def _published() -> Any:
    """Torchvision's models. Their import takes as long as torch's own, and the bundled trunks do without."""
    from torchvision import models

    return models


def _parts(net: nn.Module, *names: str) -> nn.Sequential:
    return nn.Sequential(OrderedDict((name, net.get_submodule(name)) for name in names))


def _resnet50(weights: Mapping[str, Tensor] | None, *, last_stride: int) -> Trunk:
    net = _published().resnet50(weights=None)
    _fill(net, weights, optional=("fc.",))
    first = net.layer4[0]
    first.conv2.stride = first.downsample[0].stride = (last_stride, last_stride)
    stages = [net.layer1, net.layer2, net.layer3, net.layer4]
    stem = _parts(net, "conv1", "bn1", "relu", "maxpool")
    name = "resnet50" if last_stride == 1 else "resnet50_standard"
    return Trunk(name, stem, stages, (256, 512, 1024, 2048), 16 * last_stride)


def _last_stride_1(weights: Mapping[str, Tensor] | None) -> Trunk:
    return _resnet50(weights, last_stride=1)


def _standard(weights: Mapping[str, Tensor] | None) -> Trunk:
    return _resnet50(weights, last_stride=2)


def _inception_v3(weights: Mapping[str, Tensor] | None) -> Trunk:
    net = _published().inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=True)
    _fill(net, weights, optional=("fc.", "AuxLogits."))
    stem = _parts(net, "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1")
    stages = [
        _parts(net, "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
        _parts(net, "Mixed_5b", "Mixed_5c", "Mixed_5d"),
        _parts(net, "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
        _parts(net, "Mixed_7a", "Mixed_7b", "Mixed_7c"),
    ]
    trunk = Trunk("inception_v3", stem, stages, (192, 288, 768, 2048), 32)
    side = net.get_submodule("AuxLogits")
    trunk.auxiliary = InceptionAuxiliary(side.get_submodule("conv0"), side.get_submodule("conv1"))
    return trunk


def _inception(weights: Mapping[str, Tensor] | None) -> Trunk:
    net = _published().googlenet(weights=None, aux_logits=False, transform_input=False, init_weights=True)
    if weights is not None:  # the published file carries two side classifiers
        weights = {key: tensor for key, tensor in weights.items() if not key.startswith(("aux1.", "aux2."))}
    _fill(net, weights, optional=("fc.",))
    stem = _parts(net, "conv1", "maxpool1", "conv2", "conv3", "maxpool2")
    stages = [
        _parts(net, "inception3a", "inception3b"),
        _parts(net, "maxpool3", "inception4a", "inception4b", "inception4c"),
        _parts(net, "inception4d", "inception4e"),
        _parts(net, "maxpool4", "inception5a", "inception5b"),
    ]
    return Trunk("inception", stem, stages, (480, 512, 832, 1024), 32)


def _alexnet(weights: Mapping[str, Tensor] | None) -> Trunk:
    net = _published().alexnet(weights=None)
    _fill(net, weights, optional=("classifier.",))
    layers = net.features
    return Trunk("alexnet", layers[:3], [layers[3:6], layers[6:8], layers[8:10], layers[10:]], (192, 384, 256, 256), 32)


def _compact(weights: Mapping[str, Tensor] | None) -> Trunk:
    trunk = Trunk("compact", *compact_stages(), 16)
    _fill(trunk, weights)
    return trunk


def _solid(weights: Mapping[str, Tensor] | None) -> Trunk:
    trunk = Trunk("solid", *compact_stages(SOLID_STAGES, SOLID_STEM_WIDTH, instance=3), 16)
    _fill(trunk, weights)
    return trunk


BACKBONES: Mapping[str, Callable[[Mapping[str, Tensor] | None], Trunk]] = {
    "resnet50": _last_stride_1,
    "resnet50_standard": _standard,
    "inception_v3": _inception_v3,
    "inception": _inception,
    "alexnet": _alexnet,
    "compact": _compact,
    "solid": _solid,
}

IMAGENET = {  # which of torchvision's files a name means; the compact trunk has none
    "resnet50": "ResNet50_Weights.IMAGENET1K_V1",
    "resnet50_standard": "ResNet50_Weights.IMAGENET1K_V1",
    "inception_v3": "Inception_V3_Weights.IMAGENET1K_V1",
    "inception": "GoogLeNet_Weights.IMAGENET1K_V1",
    "alexnet": "AlexNet_Weights.IMAGENET1K_V1",
}


def build_backbone(name: str, *, weights: Path | str | None = None, allow_network: bool = False) -> Trunk:
    """A trunk with random weights, or with those of a file (torch state dict or safetensors).

    A model's file gives the trunk it stands on.
    ``weights="torchvision"`` fetches the ImageNet weights, and only where ``allow_network`` is set.
    Raises UsageError for an unknown name or a forbidden download, NetworkFileError for a file that does not fit.
    """
    if name not in BACKBONES:
        raise UsageError(f"there is no backbone {name!r}; there are {', '.join(BACKBONES)}")
    if weights is None:
        return BACKBONES[name](None)
    state = _fetch(name, allow_network=allow_network) if weights == TORCHVISION else read_state(Path(weights))
    of_a_model = {key.removeprefix(OF_A_MODEL): state[key] for key in state if key.startswith(OF_A_MODEL)}
    try:
        return BACKBONES[name](of_a_model or state)
    except NetworkFileError as error:
        raise NetworkFileError(f"{weights} does not fit the backbone {name!r}: {error}") from error


def read_state(path: Path) -> dict[str, Tensor]:
    """The named tensors of a ``.safetensors`` file or of a torch checkpoint; never runs code from the file.

    Raises NetworkFileError where the file is missing, damaged, or holds no tensors by name.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise NetworkFileError(
            f"there are no weights at {path}; give a file, or ask for {TORCHVISION!r} where a network is allowed"
        ) from None
    except pickle.UnpicklingError as error:
        raise NetworkFileError(f"{path} holds more than tensors and is refused: {error}") from error
    except Exception as error:  # a damaged file fails anywhere in torch's reader
        raise NetworkFileError(f"{path} is no file of weights: {error or type(error).__name__}") from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise NetworkFileError(f"{path} holds {type(content).__name__}, expected tensors by name")
    return state


def _fetch(name: str, *, allow_network: bool) -> dict[str, Tensor]:
    if name not in IMAGENET:
        raise UsageError(f"torchvision has no weights for the backbone {name!r}; it is trained from scratch")
    if not allow_network:
        raise UsageError("weights='torchvision' downloads; allow the network, or give a file of weights instead")
    try:
        weights = _published().get_weight(IMAGENET[name])
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    except OSError as error:
        raise NetworkFileError(f"the ImageNet weights of {name!r} could not be fetched: {error}") from error


def _fill(net: nn.Module, weights: Mapping[str, Tensor] | None, *, optional: tuple[str, ...] = ()) -> None:
    """Load what fits exactly; only classifiers (``optional`` prefixes) and batch counters may be absent or differ."""
    if weights is None:
        return
    own = net.state_dict()
    needed = {key for key in own if not key.startswith(optional) and not key.endswith("num_batches_tracked")}
    problems = {
        "is missing": sorted(needed - weights.keys()),
        "is not part of it": sorted(weights.keys() - own.keys()),
        "has another shape": sorted(key for key in needed & weights.keys() if own[key].shape != weights[key].shape),
    }
    for what, keys in problems.items():
        if keys:
            raise NetworkFileError(f"{keys[0]} {what} ({len(keys)} such entries)")
    fitting = {key: tensor for key, tensor in weights.items() if own[key].shape == tensor.shape}
    net.load_state_dict(fitting, strict=False)
