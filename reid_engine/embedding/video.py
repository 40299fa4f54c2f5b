"""From kept crops to one unit vector a tracklet, by a video model and its own test protocol.

A model that takes a tracklet whole (STMP, GLTR) learnt from consecutive frames and is fed the runs of consecutive
crops; one that takes clips (GRL, RGSAT, TCLNet) learnt from frames apart and is fed the best single crops, in the order
of their times. A picture is a tracklet of one frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from reid_engine.crops import pixels_of
from reid_engine.embedding.explanation import Explanation, explain_all
from reid_engine.embedding.single import Calibration
from reid_engine.errors import InputError, NetworkFileError, ShapeError
from reid_engine.jobs import JobControl
from reid_engine.model_exports import cutting, exported_model, fingerprint
from reid_engine.pixels import Floats, Preparation
from reid_engine.runtime import choose, sha256_of
from reid_engine.runtime.video import VideoNetwork
from reid_engine.types import BgrImage, Crop, DistanceName, ModelId, TrackletCrops, Vectors

NEEDED = ("format", "model", "variant", "options", "spec", "sha256")


class VideoEmbedder:
    """A model file. Its vectors have unit length, so that every distance the papers use ranks as the cosine does."""

    distance: DistanceName = "cosine"

    def __init__(self, path: Path, network: VideoNetwork, card: Mapping[str, Any], how: str) -> None:
        self.path = path
        self.name = path.name
        self.sha256 = str(card["sha256"])
        self.model = ModelId(f"{path.stem}@{fingerprint(path, card)[:12]}")
        self.dim = int(card["spec"]["embedding_dim"])
        self.card: dict[str, Any] = {"rule": how, **card}
        self._network = network
        self._how = how
        spec = card["spec"]
        self._whole = spec["test_clips"] == "whole"
        self._clip_length = int(spec["clip_length"])
        self._prepare = Preparation(
            tuple(spec["input_size"]), tuple(spec["mean"]), tuple(spec["std"]), resize=spec["resize"]
        )

    def describe(self) -> str:
        return f"{self.name}: {self._how}; {self.dim} numbers a vector"

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        """See Embedder. Raises InputError for stored bytes that are no picture, ShapeError for no crops at all."""
        fed = [self._fed(kept) for kept in crops]
        pictures = (pixels_of(crop) for runs in fed for run in runs for crop in run)
        return self._vectors([[len(run) for run in runs] for runs in fed], pictures)

    def embed_image(self, image: BgrImage) -> Vectors:
        """See Embedder."""
        return np.asarray(self._vectors([[1]], [image])[0], np.float32)

    def explain(self, tracklets: Sequence[TrackletCrops], control: JobControl | None = None) -> list[Explanation]:
        """What the model looked at in the crops that each vector is made of; takes seconds, in a child with torch.

        Raises NetworkFileError where the model cannot be asked, InputError and ShapeError as ``embed_tracklets``.
        """
        runs = [
            [(run, np.stack([self._prepare(pixels_of(crop)) for crop in run])) for run in self._fed(kept)]
            for kept in tracklets
        ]
        return explain_all(self.path, runs, None if self._whole else self._clip_length, control or JobControl())

    def _fed(self, kept: TrackletCrops) -> list[Sequence[Crop]]:
        if not kept.best:
            raise ShapeError("a tracklet without a single kept crop cannot be embedded")
        if self._whole and kept.runs:
            return list(kept.runs)
        return [sorted(kept.best, key=lambda crop: crop.offset_us)]

    def _vectors(self, tracklets: Sequence[Sequence[int]], pictures: Iterable[BgrImage]) -> Vectors:
        frames: Iterable[Floats] = (self._prepare(picture)[None] for picture in pictures)
        rows = np.array(list(self._network.vectors(tracklets, frames)), np.float32).reshape(-1, self.dim)
        length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        if not (np.isfinite(length).all() and (length > 0).all()):
            raise NetworkFileError(f"{self.name} gives vectors that are zero or not finite; its weights are damaged")
        return np.asarray(rows / length, np.float32)


def load_video_embedder(
    path: Path, card: Path | Mapping[str, Any] | None, *, threads: int | None, control: JobControl
) -> VideoEmbedder:
    """A model file as an embedder: exported once, then run without torch.

    card: another card file than the one beside it, or what a case has recorded.
    Raises NetworkFileError for what is no model file, InputError for a card that does not fit.
    """
    if not path.is_file():
        raise NetworkFileError(f"{path} does not exist; give the model file, its card beside it")
    found = _card(path, card)
    digest = sha256_of(path)
    if digest != found["sha256"]:
        raise NetworkFileError(
            f"{path.name} has SHA-256 {digest[:12]}.., its card says {str(found['sha256'])[:12]}..: the file was "
            "changed or the card belongs to another one"
        )
    export = exported_model(path, found, choose("cpu").precision, control)
    network = VideoNetwork(
        export.folder, cutting(found), format=export.format, precision=export.precision, threads=threads
    )
    how = f"{found['model']} ({found['variant']}) on {found['spec']['backbone']}; OpenVINO {export.precision}"
    embedder = VideoEmbedder(path, network, found, how)
    control.notice(embedder.describe(), embedder=embedder.model)
    return embedder


def _card(path: Path, given: Path | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(given, Mapping):
        card: Any = {key: value for key, value in given.items() if key != "rule"}
        file = path
    else:
        file = path.with_suffix(".json") if given is None else given
        try:
            card = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            raise NetworkFileError(f"{path.name} has no card; expected {file.name} beside it") from None
        except (OSError, ValueError) as error:
            raise InputError(f"the card {file.name} cannot be read: {error}") from error
    if not isinstance(card, dict) or (missing := [key for key in NEEDED if key not in card]):
        raise InputError(f"the card {file.name} is no card of a video model: it lacks {missing or 'everything'}")
    if card.get("calibration") is not None:
        try:
            Calibration.model_validate(card["calibration"]).check(card["spec"]["embedding_dim"], file.name)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, ("calibration", *first["loc"])))
            raise InputError(f"the card {file.name}: {where}: {first['msg']}") from error
    return card
