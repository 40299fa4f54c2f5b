"""``python -m tests.bench.training``: training steps a second of every full-size model, beside its trunk alone.

The trunk alone is the same trunk on the same frames with a mean over everything and one classifier: what remains is the
price of the temporal head and of its objective. Random pictures, random weights; runs that are compared come in turn.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from reid_engine.models import model_names
from reid_engine.models.backbones import build_backbone
from tests.bench.figures import alternate, median, table
from trainer.distributed import World
from trainer.loop import build_optimizer
from trainer.machine import Machine
from trainer.recipes import Labels, Recipe, find_recipe
from trainer.step import Step

PEOPLE = 625  # MARS


def whole(recipe: Recipe, clips: Tensor, labels: Labels, world: World, half: bool) -> Callable[[], None]:
    """One step of the recipe's last stage."""
    settings = recipe.method.stages(recipe.settings)[-1]
    model = recipe.build().to(world.device)
    objective = recipe.method.objective(model, PEOPLE, settings).to(world.device)
    optimizer = build_optimizer(settings, recipe.method.groups(model, objective, settings))
    step = Step(model.train(), model, objective.train(), world, len(clips), half)

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        step.backward(clips, labels, 1)
        optimizer.step()
        step.settle()

    return run


def trunk_alone(backbone: str, clips: Tensor, labels: Labels, world: World, half: bool) -> Callable[[], None]:
    """The trunk, a mean over places and frames, one classifier."""
    trunk = build_backbone(backbone).to(world.device).train()
    classify = nn.Linear(trunk.channels, PEOPLE).to(world.device)
    optimizer = torch.optim.SGD([*trunk.parameters(), *classify.parameters()], lr=0.01, momentum=0.9)

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(world.device.type, torch.bfloat16, enabled=half):
            maps = trunk(clips.flatten(0, 1))
        features = maps.float().mean((2, 3)).unflatten(0, clips.shape[:2]).mean(1)
        loss = nn.functional.cross_entropy(classify(features), labels.pids)
        torch.autograd.backward(loss)
        optimizer.step()

    return run


def seconds(step: Callable[[], None], device: torch.device) -> float:
    """Of one step."""
    started = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main() -> int:
    """A line a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=4, help="a batch; the papers' are 10 to 72")
    parser.add_argument("--only", nargs="*", choices=model_names(), default=[])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)  # random weights have gradients so small that processors crawl over them
    machine = Machine()
    world = World(0, 1, torch.device(machine.chosen_device()))
    rows = []
    print(f"{os.cpu_count()} processors, {world.device}; load at the start {os.getloadavg()[0]:.1f}")
    for name in given.only or model_names():
        recipe = find_recipe(name)
        spec = recipe.build().spec
        clips = torch.randn(given.clips, spec.clip_length, 3, *spec.input_size, device=world.device)
        labels = Labels(torch.arange(given.clips) // 2, torch.arange(given.clips))
        labels = Labels(*(one.to(world.device) for one in labels))
        runs = {
            "model": whole(recipe, clips, labels, world, machine.in_half()),
            "trunk": trunk_alone(spec.backbone, clips, labels, world, machine.in_half()),
        }
        took: dict[str, list[float]] = {kind: [] for kind in runs}
        for step in runs.values():
            step()  # the first one finds its kernels
        for kind, found in alternate(
            {k: lambda step=step: seconds(step, world.device) for k, step in runs.items()}, given.rounds
        ):
            took[kind].append(found)
        model, trunk = (median(took[kind]) for kind in ("model", "trunk"))
        shape = " x ".join(map(str, clips.shape))
        rows.append([name, spec.backbone, shape, f"{1 / model:.3f}", f"{1 / trunk:.3f}", f"{model / trunk:.2f}"])
        print(table(["", "trunk", "clips", "steps/s", "trunk alone", "times as long"], rows[-1:]), flush=True)
    print(table(["", "trunk", "clips", "steps/s", "trunk alone", "times as long"], rows))
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
