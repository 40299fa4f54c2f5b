"""What turns tracklets into vectors here: bundled models, other networks and colour histograms, with a cache."""

from __future__ import annotations

import argparse
import hashlib
import inspect
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reid_engine.embedding import bundled_models, load_embedder
from reid_engine.ranking import unit_length
from reid_engine.types import Crop, TrackletCrops, Vectors
from tests.measure.likeness import stripes
from tests.measure.sets import LabelledSet, Pictures

STRIPES = "stripes"
CACHE = Path(tempfile.gettempdir()) / "reappear_measure"
INTEL = "person-reidentification-retail-0277"
PUBLIC = {  # below the folder of real data
    "OSNet x0.25 (MSMT17)": "reid_weights/osnet_x0_25_msmt17_czqosu.onnx",
    "retail-0277": f"reid_weights/openvino/{INTEL}/FP16/{INTEL}.xml",
}
AT_ONCE = 64


@dataclass(frozen=True)
class Describer:
    """name: for people; made_by: names its space, for the cache; describe: encoded pictures of tracklets to (N, D).

    card: what a case would keep of it
    """

    name: str
    made_by: str
    describe: Callable[[Sequence[Pictures]], Vectors]
    card: dict[str, Any] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom to measure, and where vectors and figures are kept."""
    parser.add_argument("--real-data", type=Path)
    parser.add_argument("--embedder", nargs="*")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=None)


def everybody(real_data: Path | None) -> list[str]:
    """Every bundled model, the public networks where there are files, and the histograms."""
    found = [file for file in PUBLIC.values() if real_data and (real_data / file).is_file()]
    return [*bundled_models(), *(str(real_data / file) for file in found if real_data), STRIPES]


def load(named: str, threads: int | None = None) -> Describer:
    """A bundled model's name, a network's file, or ``stripes``."""
    if named == STRIPES:
        rule = hashlib.sha256(inspect.getsource(stripes).encode()).hexdigest()
        return Describer("HSV stripes", f"stripes@{rule[:12]}", _by_stripes)
    embedder = load_embedder(Path(named), threads=threads)
    title = next((title for title, file in PUBLIC.items() if named.endswith(file)), Path(named).stem)

    def describe(tracklets: Sequence[Pictures]) -> Vectors:
        parts = [
            embedder.embed_tracklets([kept(tracklet) for tracklet in tracklets[at : at + AT_ONCE]])
            for at in range(0, len(tracklets), AT_ONCE)
        ]
        return np.concatenate(parts)

    return Describer(title, str(embedder.model), describe, embedder.card)


def kept(pictures: Pictures) -> TrackletCrops:
    """As a case keeps a tracklet's crops: all of the same quality, a second apart, no runs of consecutive frames."""
    nowhere = (0.0, 0.0, 1.0, 1.0)
    crops = (Crop(at, at * 1_000_000, nowhere, 1.0, data) for at, data in enumerate(pictures))
    return TrackletCrops(tuple(crops), ())


def vectors(by: Describer, of: LabelledSet, cache: Path) -> Vectors:
    """(N, D) unit vectors, from the cache where this space and these very pictures are in it."""
    file = cache / f"{by.made_by}-{of.digest()[:16]}.npy"
    if file.is_file():
        return np.asarray(np.load(file), np.float32)
    made = by.describe(of.pictures)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished.npy")
    np.save(unfinished, made)
    unfinished.rename(file)
    return made


def _by_stripes(tracklets: Sequence[Pictures]) -> Vectors:
    """The mean of the pictures' histograms."""
    rows = []
    for pictures in tracklets:
        images = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in pictures)
        rows.append(np.mean([stripes(np.asarray(image, np.uint8)) for image in images], axis=0))
    return unit_length(np.array(rows, np.float32))
