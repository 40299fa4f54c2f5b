"""``python -m tests.bench.models``: every model at its paper's clip size beside its trunk alone, in turn.

Needs torch and the models only, so that it runs on a training machine too. On a GPU in bf16 and channels_last, with
the share of the card's measured rate of matrix products; on a processor in f32.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from reid_engine.models import VideoReidModel, build_model, model_names
from reid_engine.models.backbones import build_backbone
from reid_engine.models.complexity import measure

MOST_OVER = {"gltr": 0.15, "tclnet": 0.15, "rgsat": 0.35, "stmp": 0.35, "grl": 1.0}  # time beyond the trunk's
Step = Callable[[], None]


@dataclass(frozen=True)
class Figures:
    """Of one model and one kind of pass, "forward" or "both" (forward and backward).

    over: time beyond the trunk's, as a share; rate_share: of the measured rate of matrix products, None on a processor
    """

    model: str
    kind: str
    clips_per_s: float
    trunk_clips_per_s: float
    over: float
    most_over: float
    peak_mib: float | None
    trunk_peak_mib: float | None
    rate_share: float | None


def loss(found: object) -> Tensor:
    """Something that depends on every feature."""
    tensors = [found] if isinstance(found, Tensor) else [f for f in found if isinstance(f, Tensor) and f.requires_grad]  # type: ignore[attr-defined]
    return torch.stack([tensor.float().square().mean() for tensor in tensors]).sum()


def step_of(network: nn.Module, batch: Tensor, kind: str) -> Step:
    """One pass; bf16 on a GPU."""
    parameters = list(network.parameters())

    def forward() -> object:
        with torch.autocast("cuda", torch.bfloat16, enabled=batch.is_cuda):
            return network(batch)

    def run() -> None:
        if kind == "forward":
            with torch.inference_mode():
                forward()
            return
        loss(forward()).backward()
        for parameter in parameters:
            parameter.grad = None

    return run


def timed(step: Step, device: torch.device) -> tuple[float, float | None]:
    """Seconds and peak MiB (of a GPU) of one pass."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    begun = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter() - begun, torch.cuda.max_memory_allocated() / 2**20
    return time.perf_counter() - begun, None


def in_turn(steps: Sequence[Step], rounds: int, device: torch.device) -> list[tuple[float, float | None]]:
    """Median seconds and greatest peak of each; runs that are compared come in turn, so that noise strikes all."""
    for step in steps:
        step()
    found: list[list[tuple[float, float | None]]] = [[] for _ in steps]
    for number in range(rounds):
        order = range(len(steps)) if number % 2 == 0 else reversed(range(len(steps)))
        for index in order:
            found[index].append(timed(steps[index], device))
    return [
        (statistics.median(seconds for seconds, _ in rows), max((p for _, p in rows if p is not None), default=None))
        for rows in found
    ]


def matrix_rate(device: torch.device, rounds: int = 20, size: int = 8192) -> float:
    """Multiply-adds a second of square bf16 products."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)

    def product() -> None:
        torch.mm(a, a)

    seconds, _ = in_turn([product], rounds, device)[0]
    return float(size) ** 3 / seconds


def beside_trunk(
    name: str, backbone: str | None, batch_size: int, rounds: int, device: torch.device, rate: float | None
) -> list[Figures]:
    """Forward alone in eval, and forward and backward in training."""
    torch.manual_seed(0)
    model: VideoReidModel = build_model(name, backbone=backbone)
    spec = model.spec
    trunk = build_backbone(spec.backbone)
    clips = torch.randn(batch_size, spec.clip_length, 3, *spec.input_size, device=device)
    macs = measure(model).macs * batch_size
    model.to(device, memory_format=torch.channels_last)
    trunk.to(device, memory_format=torch.channels_last)
    frames = clips.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    figures = []
    for kind, work in (("forward", 1), ("both", 3)):
        model.train(kind == "both")
        trunk.train(kind == "both")
        steps = [step_of(model, clips, kind), step_of(trunk, frames, kind)]
        (ours, peak), (theirs, trunk_peak) = in_turn(steps, rounds, device)
        share = None if rate is None else macs * work / ours / rate
        over = ours / theirs - 1
        figures.append(
            Figures(name, kind, batch_size / ours, batch_size / theirs, over, MOST_OVER[name], peak, trunk_peak, share)
        )
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """One line a model and kind; with ``--json`` one object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="three rounds and small batches")
    parser.add_argument("--models", nargs="*", default=model_names())
    parser.add_argument("--backbone", help="instead of each paper's")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args(arguments)
    device = torch.device(given.device)
    on_gpu = device.type == "cuda"
    rounds = 3 if given.quick else 9
    batch = (8 if given.quick else 16) if on_gpu else 2
    rate = matrix_rate(device) if on_gpu else None
    figures: list[Figures] = []
    for name in given.models:
        for row in beside_trunk(name, given.backbone, batch, rounds, device, rate):
            figures.append(row)
            met = "met" if row.over <= row.most_over else "NOT MET"
            text = (
                f"{name:<8}{row.kind:<9}{row.clips_per_s:9.2f} clips/s, trunk {row.trunk_clips_per_s:9.2f}, "
                f"{100 * row.over:6.1f} % over it (at most {100 * row.most_over:.0f} %): {met}"
            )
            print(text, file=sys.stderr if given.json else sys.stdout, flush=True)
    if given.json:
        name = torch.cuda.get_device_name(device) if on_gpu else "processor"
        head = {"device": name, "torch": torch.__version__, "batch": batch, "matrix_macs_per_s": rate}
        print(json.dumps({**head, "figures": [asdict(row) for row in figures]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
