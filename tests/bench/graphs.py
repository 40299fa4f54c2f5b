"""``python -m tests.bench.graphs``: do exports of every model agree clip by clip, how fast are they.

Full-size models have random weights after their batch statistics have settled; ``--bundled`` takes the files in the box
instead. The gate looks at noise, drawn people and generated people. Speed is ``embed`` of a few clips, in turn: torch
eager as it comes and in channels_last, and OpenVINO. The target is against torch as it comes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reid_engine.embedding import bundled_models
from reid_engine.errors import NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.model_exports import ModelExport, cutting, exported_model
from reid_engine.models import VideoReidModel, build_model, model_names
from reid_engine.models.files import load_model, read_card, save_model
from reid_engine.pixels import Preparation
from reid_engine.runtime import choose, processor_has_bf16
from reid_engine.runtime.conversion import CLIPS_OF_A_KIND, figures, noise
from reid_engine.runtime.video import Format, VideoNetwork
from reid_engine.types import BgrImage
from tests.bench.figures import Target, alternate, median, torch_target
from tests.reid_engine.models.toys import settled
from trainer.world.filming import rig
from trainer.world.sequences import Spec, film, somebody

CLIPS = 2
ROUNDS = 5
FORMATS: tuple[Format, ...] = ("openvino", "onnx")


def people(length: int, size: tuple[int, int]) -> list[BgrImage]:
    """Crops of generated people, ``length`` of each."""
    spec = Spec(people=CLIPS_OF_A_KIND, cameras=1, seed=20261126, frames=length, size=size, seen_by=1)
    before = rig(spec.seed, 0)
    return [crop for n in range(CLIPS_OF_A_KIND) for crop in film(spec, somebody(spec, n), before, (n, 0, 0)).frames]


def clips_of(model: VideoReidModel, count: int) -> Tensor:
    """Half noise, half drawn people: (count, T, 3, H, W)."""
    prepare, spec = Preparation.of(model.spec), model.spec
    pictures = [clip for make in (noise, figures) for clip in make(count // 2, spec.clip_length, spec.input_size)]
    return torch.from_numpy(np.stack([prepare.clip(clip) for clip in pictures]))


def saved(name: str, backbone: str | None, folder: Path) -> Path:
    """A model file of random weights, as after training."""
    path = folder / f"{name}-{backbone or 'full'}.safetensors"
    if not path.exists():
        torch.manual_seed(0)
        model = build_model(name, backbone=backbone)
        save_model(settled(model, clips_of(model, 4)), path)
    return path


def judged(path: Path, card: Mapping[str, Any], format: Format) -> ModelExport:
    """Exported, and compared with torch; kept in the cache."""
    crops = people(card["spec"]["clip_length"], tuple(card["spec"]["input_size"]))
    return exported_model(path, card, choose("cpu").precision, JobControl(), format=format, crops=crops)


def say_gate(path: Path, card: Mapping[str, Any]) -> None:
    """The worst clip in every runtime and precision."""
    for format in FORMATS:
        begun = time.perf_counter()
        try:
            gate = judged(path, card, format).gate
        except NetworkFileError as error:
            print(f"{path.stem:<22}{format:<9} REFUSED: {error}", flush=True)
            continue
        for precision, cosines in gate.items():
            worst = [min(cosines[start : start + CLIPS_OF_A_KIND]) for start in range(0, len(cosines), CLIPS_OF_A_KIND)]
            kinds = ", ".join(
                f"{kind} {one:.7f}" for kind, one in zip(("noise", "drawn", "generated"), worst, strict=True)
            )
            print(
                f"{path.stem:<22}{format:<9}{precision:<5} worst of {len(cosines)} clips {min(cosines):.7f} ({kinds}); "
                f"{time.perf_counter() - begun:.0f} s",
                flush=True,
            )


def spread(model: VideoReidModel, clips: Tensor) -> float:
    """The mean cosine between vectors of different clips: near 1 the gate would prove little."""
    with torch.inference_mode():
        rows = nn.functional.normalize(torch.cat([model.embed(clip[None]) for clip in clips]))
    return float(((rows @ rows.T).sum() - len(rows)) / (len(rows) * (len(rows) - 1)))


def say_speed(path: Path, card: Mapping[str, Any], rounds: int) -> Target:
    """Milliseconds a clip."""
    model, _ = load_model(path)
    clips = clips_of(model, CLIPS)
    between = spread(model, clips_of(model, 8))
    export = judged(path, card, "openvino")
    network = VideoNetwork(export.folder, cutting(card), format="openvino", precision=export.precision, threads=None)
    frames = [frame[None].numpy() for clip in clips for frame in clip]
    lengths = [[clips.shape[1]]] * CLIPS
    last, _ = load_model(path)
    last.to(memory_format=torch.channels_last)
    runs: dict[str, Callable[[], object]] = {
        "torch": partial(embedded, model, clips),
        "torch, channels last": partial(embedded, last, clips),
        "OpenVINO": lambda: list(network.vectors(lengths, iter(frames))),
    }
    for run in runs.values():
        run()
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for name, seconds in alternate({name: partial(timed, run) for name, run in runs.items()}, rounds):
        taken[name].append(1000 * seconds / CLIPS)
    found = {name: median(times) for name, times in taken.items()}
    print(
        f"{path.stem:<22}"
        + ", ".join(f"{name} {ms:.1f} ms a clip" for name, ms in found.items())
        + f"; cosine between clips {between:.2f}",
        flush=True,
    )
    times = found["torch"] / found["OpenVINO"]
    return Target(f"{path.stem}: times torch's speed", times, torch_target(processor_has_bf16()))


def embedded(model: VideoReidModel, clips: Tensor) -> Tensor:
    """torch eager, f32, all clips in one pass."""
    with torch.inference_mode():
        return model.embed(clips)


def timed(run: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def main(arguments: Sequence[str] | None = None) -> int:
    """Gates, then speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*")
    parser.add_argument("--backbone", help="instead of each paper's")
    parser.add_argument("--bundled", action="store_true", help="the files in the box")
    parser.add_argument("--only", choices=("gate", "speed"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="keep models and exports here, for another run")
    given = parser.parse_args(arguments)
    known = list(bundled_models()) if given.bundled else model_names()
    if unknown := [name for name in given.models or () if name not in known]:
        parser.error(f"there is no model {unknown[0]}; there are {', '.join(known)}")
    with tempfile.TemporaryDirectory() as fresh:
        folder = given.folder or Path(fresh)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["REAPPEAR_CACHE"] = str(folder / "cache")
        for name in given.models or known:
            path = bundled_models()[name] if given.bundled else saved(name, given.backbone, folder)
            card = read_card(path)
            if given.only != "speed":
                say_gate(path, card)
            if given.only != "gate":
                print(say_speed(path, card, given.rounds).line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
