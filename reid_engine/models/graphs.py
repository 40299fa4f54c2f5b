"""A model as graphs that run without torch: what every frame gives, what a clip gives, and the vector.

frames  (N, 3, H, W) -> (N, ...)     ``frame_features``
step    X_t, X_{t-1}, S_{t-1} -> S_t   only where a model recurs over frames
clip    (1, T, ...) -> (1, F)        ``gather``; any T where the protocol takes the whole tracklet at once
finish  (1, F) -> (1, D)             ``finish``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from reid_engine.models.base import VideoReidModel
from reid_engine.models.stmp import STMP

MOST_FRAMES = 4096  # of a tracklet in one pass


class _Method(nn.Module):
    """One method of a model as a module, which is what can be exported."""

    def __init__(self, model: nn.Module, name: str) -> None:
        super().__init__()
        self.model = model
        self.name = name

    def forward(self, *inputs: Tensor) -> Tensor:
        found: Tensor = getattr(self.model, self.name)(*inputs)
        return found


@dataclass(frozen=True)
class _Part:
    method: str
    examples: tuple[Tensor, ...]
    sizes: tuple[Mapping[int, Any], ...]  # of each input: axis -> the sizes it may have


def _parts(model: VideoReidModel) -> dict[str, _Part]:
    spec = model.spec
    frames = torch.zeros(2, 3, *spec.input_size)
    features = model.frame_features(frames)
    whole = spec.test_clips == "whole"
    length = max(spec.clip_length, 2)
    clip = features[:1].expand(length, *features.shape[1:])[None].contiguous()
    over_time = {1: Dim("frames", min=1, max=MOST_FRAMES)} if whole else {}
    parts = {"frames": _Part("frame_features", (frames,), ({0: Dim("frames", min=1, max=MOST_FRAMES)},))}
    gather = "gather"
    if isinstance(model, STMP) and model.rru is not None:
        parts["step"] = _Part("step", tuple(features[:1].clone() for _ in range(3)), ({},) * 3)
        gather = "pool"
    parts["clip"] = _Part(gather, (clip,), (over_time,))
    parts["finish"] = _Part("finish", (getattr(model, gather)(clip),), ({},))
    return parts


@dataclass(frozen=True)
class ModelGraph:
    """An exported part; shapes: of its inputs, -1 where any size goes."""

    program: ExportedProgram
    shapes: tuple[tuple[int, ...], ...]


@torch.no_grad()
def export_graphs(model: VideoReidModel) -> dict[str, ModelGraph]:
    """The graphs of a model in eval mode on the CPU, by name."""
    graphs = {}
    for name, part in _parts(model).items():
        program = torch.export.export(_Method(model, part.method).eval(), part.examples, dynamic_shapes=(part.sizes,))
        shapes = [
            tuple(-1 if axis in sizes else size for axis, size in enumerate(example.shape))
            for example, sizes in zip(part.examples, part.sizes, strict=True)
        ]
        graphs[name] = ModelGraph(program, tuple(shapes))
    return graphs
