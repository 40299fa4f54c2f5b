"""Milliseconds a tracklet of every bundled model through its runtime, beside what the processor could do at best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from reid_engine.embedding import bundled_models, load_embedder
from reid_engine.types import Crop, TrackletCrops

CROPS = 8  # that an ingest keeps of a tracklet
ROUNDS, AT_ONCE = 7, 8
SIZE = 2048  # of the square products that the rate is taken from


def embedders(threads: str, *others: str) -> dict[str, list[float]]:
    """{name: [ms a tracklet, ms of its multiply-adds at the measured rate (0: unknown)]}, tracklets of CROPS crops."""
    count, rate, found = int(threads), matrix_rate(int(threads)), {}
    for name, path in {**bundled_models(), **{Path(one).stem: Path(one) for one in others}}.items():
        model, batch = load_embedder(path, threads=count), [_tracklet(seed) for seed in range(AT_ONCE)]
        milliseconds = 1e3 * _median(lambda model=model, batch=batch: model.embed_tracklets(batch)) / AT_ONCE
        found[name] = [milliseconds, 1e3 * _macs_a_crop(path) * CROPS / rate]
    return found


def matrix_rate(threads: int) -> float:
    """Multiply-adds a second of square products in the precision that networks run in here."""
    import torch

    from reid_engine.runtime import processor_has_bf16

    torch.set_num_threads(threads)
    some = torch.randn(SIZE, SIZE, dtype=torch.bfloat16 if processor_has_bf16() else torch.float32)
    return float(SIZE) ** 3 / _median(lambda: torch.mm(some, some))


def _macs_a_crop(path: Path) -> float:
    """Of a model file; 0 for other networks, whose graphs are not counted."""
    if path.suffix != ".safetensors":
        return 0.0
    from reid_engine.models.complexity import measure
    from reid_engine.models.files import load_model

    model, _ = load_model(path)
    return measure(model).macs / model.spec.clip_length


def _median(act: Callable[[], object]) -> float:
    """Seconds; the first call is not counted."""
    act()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _tracklet(seed: int) -> TrackletCrops:
    """CROPS pictures of noise, as a case keeps them."""
    noise = np.random.default_rng(seed).integers(0, 256, (CROPS, 256, 128, 3), np.uint8)
    data = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in noise]
    crops = (Crop(at, 40_000 * at, (0.0, 0.0, 128.0, 256.0), 1.0, one) for at, one in enumerate(data))
    return TrackletCrops(tuple(crops), ())
