"""``python -m tests.bench.models``: every model at its paper's clip size beside its trunk alone, in turn.

Needs torch and the models only, so that it runs on a training machine too. On a GPU in bf16 and channels_last, with the
batches that the papers train with and the share of the card's measured rate of matrix products (smaller batches wait
for kernels to start, not for arithmetic); on a processor in f32, two clips at a time.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from reid_engine.models import VideoReidModel, build_model, model_names
from reid_engine.models.backbones import build_backbone
from reid_engine.models.complexity import measure

MOST_OVER = {"gltr": 0.15, "tclnet": 0.15, "rgsat": 0.35, "stmp": 0.35, "grl": 1.0}  # time beyond the trunk's
BATCH = {"grl": 16, "stmp": 20, "rgsat": 72, "gltr": 10, "tclnet": 32}  # clips, of the papers' recipes
QUICK_BATCH, PROCESSOR_BATCH = 8, 2
ROUNDS, QUICK_ROUNDS = 5, 3
Step = Callable[[], None]


@dataclass(frozen=True)
class Figures:
    """Of one model and one kind of pass, "forward" or "both" (forward and backward).

    over: time beyond the trunk's, as a share; rate_share: of the measured rate of matrix products, None on a processor
    peak_mib: what a pass takes beside the weights; None where the system does not tell
    """

    model: str
    kind: str
    batch: int
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


def timed(step: Step, device: torch.device) -> float:
    """Seconds of one pass."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def peak_mib(step: Step, device: torch.device) -> float | None:
    """What one pass takes beside what was there before; None where the system does not tell."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what earlier passes left behind goes back to the system
        Path("/proc/self/clear_refs").write_text("5")  # the peak becomes what is resident now
    except (OSError, AttributeError):
        return None
    resident = resident_mib("VmRSS")
    step()
    return resident_mib("VmHWM") - resident


def resident_mib(field: str) -> float:
    """Of this process on Linux: VmRSS, what is resident, or VmHWM, the most so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def in_turn(steps: Sequence[Step], rounds: int, device: torch.device) -> list[float]:
    """Median seconds of each; runs that are compared come in turn, so that noise strikes all."""
    for step in steps:
        step()
    found: list[list[float]] = [[] for _ in steps]
    for number in range(rounds):
        order = range(len(steps)) if number % 2 == 0 else reversed(range(len(steps)))
        for index in order:
            found[index].append(timed(steps[index], device))
    return [statistics.median(seconds) for seconds in found]


def matrix_rate(device: torch.device, rounds: int = 20, size: int = 8192) -> float:
    """Multiply-adds a second of square bf16 products."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)

    def product() -> None:
        torch.mm(a, a)

    (seconds,) = in_turn([product], rounds, device)
    return float(size) ** 3 / seconds


def beside_trunk(
    name: str,
    variant: str,
    backbone: str | None,
    batch_size: int,
    rounds: int,
    device: torch.device,
    rate: float | None,
) -> list[Figures]:
    """Forward alone in eval, and forward and backward in training."""
    torch.manual_seed(0)
    model: VideoReidModel = build_model(name, variant, backbone=backbone)
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
        ours, theirs = in_turn(steps, rounds, device)
        peak, trunk_peak = (peak_mib(step, device) for step in steps)
        share = None if rate is None else macs * work / ours / rate
        over = ours / theirs - 1
        figures.append(
            Figures(
                name,
                kind,
                batch_size,
                batch_size / ours,
                batch_size / theirs,
                over,
                MOST_OVER[name],
                peak,
                trunk_peak,
                share,
            )
        )
    return figures


def mib(peak: float | None) -> str:
    """For people."""
    return "unknown" if peak is None else f"{peak:.0f} MiB"


def main(arguments: Sequence[str] | None = None) -> int:
    """One line a model and kind; with ``--json`` one object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and, on a GPU, small batches")
    parser.add_argument("--batch", type=int, help="clips at a time, instead of the papers' or, on a processor, two")
    parser.add_argument("--models", nargs="*", choices=model_names(), default=model_names())
    parser.add_argument("--variant", default="paper", choices=("paper", "released"))
    parser.add_argument("--backbone", help="instead of each paper's")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args(arguments)
    torch.set_flush_denormal(True)  # a trunk with random weights has gradients so small that processors crawl over them
    device = torch.device(given.device)
    on_gpu = device.type == "cuda"
    rounds = QUICK_ROUNDS if given.quick else ROUNDS
    rate = matrix_rate(device) if on_gpu else None
    figures: list[Figures] = []
    for name in given.models:
        batch = PROCESSOR_BATCH if not on_gpu else QUICK_BATCH if given.quick else BATCH[name]
        for row in beside_trunk(name, given.variant, given.backbone, given.batch or batch, rounds, device, rate):
            figures.append(row)
            met = "met" if row.over <= row.most_over else "NOT MET"
            text = (
                f"{name:<8}{row.kind:<9}{row.batch:3} clips, {row.clips_per_s:8.2f} a second, {mib(row.peak_mib)}; "
                f"trunk {row.trunk_clips_per_s:8.2f}, {mib(row.trunk_peak_mib)}; "
                f"{100 * row.over:6.1f} % over it (at most {100 * row.most_over:.0f} %): {met}"
            )
            print(text, file=sys.stderr if given.json else sys.stdout, flush=True)
    if given.json:
        name = torch.cuda.get_device_name(device) if on_gpu else "processor"
        head = {"device": name, "torch": torch.__version__, "matrix_macs_per_s": rate}
        print(json.dumps({**head, "figures": [asdict(row) for row in figures]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
