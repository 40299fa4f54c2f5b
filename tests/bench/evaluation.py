"""``python -m tests.bench.evaluation``: figures, re-ranking and loading, beside torchreid's and Pillow's.

torchreid is no dependency: its two files are used where the package is installed (``pip install --no-deps torchreid``),
read by themselves because importing the package needs much more. Seeded data of MARS's shape; runs that are compared
come in turn, and medians are given.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reid_engine.pixels import Preparation
from reid_engine.ranking import cosine_distance, k_reciprocal_rerank, score_ranking, unit_length
from tests.bench.figures import Target, alternate, median
from trainer.datasets import DataSet, Tracklet
from trainer.loading import ClipLoader, Units
from trainer.pictures import Decoded, Pixels, stored
from trainer.sampling import BatchSampler
from trainer.transforms import Augmentation

QUERIES, GALLERY, PEOPLE, DISTRACTORS = 1980, 9330, 626, 3248  # MARS without its queries in the gallery
RERANKED = (600, 2400)
TRACKLETS, FRAMES, CLIP = 125, 16, 8  # 2,000 crops


def peer(part: str) -> ModuleType | None:
    """``torchreid/<..>/rank.py`` or ``rerank.py`` as a module of its own; None where it is not installed."""
    found = importlib.util.find_spec("torchreid")
    for root in (found.submodule_search_locations or []) if found else []:
        for file in Path(root).rglob(f"{part}.py"):
            spec = importlib.util.spec_from_file_location(f"peer_{part}", file)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that its compiled part is not built
                spec.loader.exec_module(module)
            return module
    return None


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cpu_seconds(work: Callable[[], object]) -> float:
    """How long the processor works on it, all threads together."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def compared(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Medians of both, after a warm run of ours."""
    ours()
    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    for name, took in alternate({"ours": lambda: seconds(ours), "theirs": lambda: seconds(theirs)}, rounds):
        found[name].append(took)
    return median(found["ours"]), median(found["theirs"])


def peak_mib(work: Callable[[], object]) -> float:
    """The most that numpy and Python hold during it, beyond what they held before."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return peak


def figures(rounds: int) -> list[Target]:
    """CMC and mAP at MARS's shape."""
    rng = np.random.default_rng(0)
    query_ids, gallery_ids = rng.integers(1, PEOPLE + 1, QUERIES), rng.integers(1, PEOPLE + 1, GALLERY)
    gallery_ids[rng.permutation(GALLERY)[:DISTRACTORS]] = 0
    query_cameras, gallery_cameras = rng.integers(1, 7, QUERIES), rng.integers(1, 7, GALLERY)
    # every distance of a row differs, so that both sides have one order to find
    ranks = np.argsort(rng.random((QUERIES, GALLERY), dtype=np.float32), axis=1)
    distances = (ranks / np.float32(GALLERY)).astype(np.float32)
    labels = {
        "query_ids": query_ids,
        "gallery_ids": gallery_ids,
        "query_cameras": query_cameras,
        "gallery_cameras": gallery_cameras,
    }

    def ours() -> Any:
        return score_ranking(distances, **labels)

    print(f"\nCMC and mAP, {QUERIES} x {GALLERY}")
    other = peer("rank")
    if other is None:
        print(f"  ours {seconds(ours):.3f} s; torchreid is not installed, so nothing is compared")
        return []

    def theirs() -> Any:
        return other.eval_market1501(distances, query_ids, gallery_ids, query_cameras, gallery_cameras, 50)

    one, two = compared(ours, theirs, rounds)
    difference = abs(ours().mean_ap - theirs()[1])
    print(f"  ours {one:.3f} s, torchreid in Python {two:.1f} s; difference of mAP {difference:.1e}")
    if not other.IS_CYTHON_AVAI:
        print("  torchreid's compiled evaluation is not built here")
    return [
        Target("times torchreid's Python", two / one, 100),
        Target("difference of mAP, in 1e-9", difference * 1e9, 1, at_most=True),
    ]


def reranking(rounds: int) -> list[Target]:
    """k-reciprocal re-ranking."""
    rng = np.random.default_rng(0)
    count = sum(RERANKED)
    centres = rng.normal(size=(count // 8, 128))
    vectors = centres[rng.integers(len(centres), size=count)] + 0.9 * rng.normal(size=(count, 128))
    vectors = unit_length(vectors.astype(np.float32))
    query, gallery = vectors[: RERANKED[0]], vectors[RERANKED[0] :]
    qq, qg, gg = (cosine_distance(*pair) for pair in ((query, query), (query, gallery), (gallery, gallery)))
    print(f"\nk-reciprocal re-ranking, {RERANKED[0]} x {RERANKED[1]} of N = {count}")

    def ours() -> NDArray[np.float32]:
        return k_reciprocal_rerank(qq, qg, gg)

    other = peer("rerank")
    if other is None:
        print(f"  ours {seconds(ours):.2f} s; torchreid is not installed, so nothing is compared")
        return []

    def theirs() -> NDArray[np.float32]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: NDArray[np.float32] = other.re_ranking(qg, qq, gg)
            return found

    one, two = compared(ours, theirs, rounds)
    held, their_held = peak_mib(ours), peak_mib(theirs)
    difference = float(np.abs(ours() - theirs()).max())
    print(
        f"  ours {one:.2f} s, {held:.0f} MiB; torchreid {two:.2f} s, {their_held:.0f} MiB; difference {difference:.1e}"
    )
    return [
        Target("times torchreid's re-ranking", two / one, 8),
        Target("largest difference, in 1e-5", difference * 1e5, 1, at_most=True),
        Target("of its memory", held / their_held, 1 / 3, at_most=True),
    ]


def write_crops(folder: Path) -> tuple[Tracklet, ...]:
    """2,000 JPEG crops of 256 x 128, smooth with grain, as crops are."""
    rng = np.random.default_rng(0)
    found = []
    for tracklet in range(TRACKLETS):
        files = []
        for frame in range(FRAMES):
            coarse = cv2.resize(rng.integers(0, 255, (16, 8, 3), np.uint8), (128, 256), interpolation=cv2.INTER_CUBIC)
            image = np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)
            files.append(str(folder / f"{tracklet}-{frame}.jpg"))
            cv2.imwrite(files[-1], image, [cv2.IMWRITE_JPEG_QUALITY, 90])
        found.append(Tracklet(tracklet // 5, tracklet % 5, files, str(tracklet)))
    return tuple(found)


def loader(train: tuple[Tracklet, ...], pixels: Pixels, preparation: Preparation, changes: Augmentation) -> ClipLoader:
    """Clips of eight frames, sixteen a batch, every tracklet once."""
    units = Units.of(train)
    sampler = BatchSampler("shuffle", units.crowd(train), 16, 1)
    return ClipLoader(train, units, sampler, pixels, preparation, "scattered", CLIP, changes, torch.device("cpu"))


def loading(rounds: int, threads: int) -> list[Target]:
    """Clips from JPEG files beside a loop over Pillow, then from pixels that were decoded once."""
    print(f"\nclips of {CLIP} from {TRACKLETS * FRAMES} JPEG crops of 256 x 128, flipped by chance; {threads} threads")
    spec: Any = SimpleNamespace(
        input_size=(256, 128), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), resize="bilinear"
    )
    small: Any = SimpleNamespace(**vars(spec) | {"input_size": (128, 64)})
    targets: list[Target] = []
    with tempfile.TemporaryDirectory() as folder:
        train = write_crops(Path(folder))
        data = DataSet("bench", train, ())
        preparation = Preparation.of(spec)
        clips = loader(data.train, Decoded(train, preparation, threads), preparation, Augmentation(flip=0.5))

        def ours() -> None:
            for _ in clips.epoch(0):
                pass

        frames = TRACKLETS * CLIP
        pillow = pillow_loop(train, spec)
        if pillow is None:
            print(f"  ours {frames / seconds(ours):.0f} frames/s; Pillow is not installed, so nothing is compared")
        else:
            one, two = compared(ours, pillow, rounds)
            print(f"  ours {frames / one:.0f} frames/s, a Pillow loop {frames / two:.0f} frames/s")
            targets.append(Target("times a Pillow loop", two / one, 1.5))
        once = stored(train, Preparation.of(small), threads=threads)
    everything = Augmentation(flip=0.5, crop=True, erase=0.5)
    print(
        "  128 x 64, decoded once, everything on the processor:",
        _rate(train, once, Augmentation(flip=0.5), small),
        end="",
    )
    print(" flipped;", _rate(train, once, everything, small), "also cropped and erased (frames a second of CPU)")
    per_batch = cpu_seconds(lambda: [everything.draw(64, CLIP, (128, 64), np.random.default_rng(n)) for n in range(50)])
    taken = cpu_seconds(lambda: [once.clips([(n, np.arange(CLIP)) for n in range(TRACKLETS)]) for _ in range(10)])
    print(f"  where a GPU changes the pixels, the processor only draws ({50 * 64 * CLIP / per_batch:.0f}) ", end="")
    print(f"and gathers ({10 * TRACKLETS * CLIP / taken:.0f} frames a second of CPU)")
    return targets


def _rate(train: tuple[Tracklet, ...], once: Pixels, changes: Augmentation, spec: Any) -> str:
    clips = loader(train, once, Preparation.of(spec), changes)
    return f"{TRACKLETS * CLIP / cpu_seconds(lambda: list(clips.epoch(0))):.0f}"


def pillow_loop(train: tuple[Tracklet, ...], spec: Any) -> Callable[[], None] | None:
    """As the usual video data set loads: picture by picture, resized, flipped, to floats, normalised, stacked."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return None
    mean, std = (torch.tensor(one)[:, None, None] for one in (spec.mean, spec.std))
    height, width = spec.input_size

    def run() -> None:
        rng = np.random.default_rng(0)
        for tracklet in train:
            frames = []
            for place in np.sort(rng.choice(len(tracklet), CLIP, replace=False)):
                image = Image.open(str(tracklet.frames[place])).convert("RGB")
                image = image.resize((width, height), Image.Resampling.BILINEAR)
                image = ImageOps.mirror(image) if rng.random() < 0.5 else image
                floats = torch.from_numpy(np.array(image)).permute(2, 0, 1).float().div(255)
                frames.append((floats - mean) / std)
            torch.stack(frames)

    return run


def main() -> int:
    """All parts; a target that is not met is said and no failure: machines differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=("figures", "reranking", "loading"), default=[])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"{os.cpu_count()} processors; load at the start {os.getloadavg()[0]:.1f}")
    targets: list[Target] = []
    parts: dict[str, Callable[[], list[Target]]] = {
        "figures": lambda: figures(given.rounds),
        "reranking": lambda: reranking(given.rounds),
        "loading": lambda: loading(given.rounds, given.threads),
    }
    for name, part in parts.items():
        if not given.only or name in given.only:
            found = part()
            for target in found:
                print(target.line())
            targets += found
    met = sum(target.met for target in targets)
    print(f"\n{met} of {len(targets)} targets met; load at the end {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
