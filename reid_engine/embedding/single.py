"""From kept crops to one unit vector a tracklet, by a network of single pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reid_engine.crops import pixels_of
from reid_engine.errors import InputError, NetworkFileError, ShapeError
from reid_engine.jobs import JobControl
from reid_engine.pixels import Preparation, Triple
from reid_engine.runtime import Network, NetworkFacts, OpenVinoNetwork, choose, inspect, network_file, sha256_of
from reid_engine.types import BgrImage, DistanceName, ModelId, TrackletCrops, Vectors

USUAL_INPUT = (256, 128)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
BUILT_IN = ("mean_values", "scale_values", "scale", "reverse_input_channels")
# A crop farther from the middle crop than is usual in its tracklet, by this cosine distance, counts for half
OUTLIER_SCALE = 0.1

Size = Annotated[int, Field(ge=8, le=2048)]
Distance = Annotated[float, Field(ge=0)]


class Calibration(BaseModel):
    """Distances below which 1 % (strong), 5 % (possible) and 20 % (weak) of strangers come.

    centre: the mean vector of those on whom they were measured without what cameras do (``camera_bias``); None: as
            the vectors are
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    strong: Distance
    possible: Distance
    weak: Distance
    centre: tuple[float, ...] | None = None

    def check(self, dim: int, card: str) -> None:
        """Raises InputError for a centre that is no vector of ``dim`` numbers."""
        if self.centre is not None and len(self.centre) != dim:
            raise InputError(f"the card {card}: calibration.centre: {len(self.centre)} numbers, vectors have {dim}")


class EmbedderCard(BaseModel):
    """How a network wants its pictures: x = (pixel / scale - mean) / std, channels in the given order."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input: tuple[Size, Size]  # height, width
    channels: Literal["RGB", "BGR"]
    scale: Literal[1, 255]
    mean: Triple
    std: tuple[
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
    ]
    distance: Literal["cosine"]
    calibration: Calibration | None = None

    def prepare(self, image: BgrImage) -> NDArray[np.float32]:
        """(H, W, 3) uint8 BGR of any size to (1, 3, height, width) float32."""
        return Preparation(self.input, self.mean, self.std, self.channels, self.scale)(image)[None]


class SingleImageEmbedder:
    """Any single-image re-ID network, run on every kept crop of a tracklet and pooled."""

    distance: DistanceName = "cosine"

    def __init__(self, path: Path, network: Network, dim: int, card: EmbedderCard, reason: str) -> None:
        self.path = path
        self.name = path.name
        self.sha256 = sha256_of(path)
        self.model = ModelId(f"{path.stem}@{_made_by(self.sha256, card)[:12]}")
        self.dim = dim
        if card.calibration is not None:
            card.calibration.check(dim, f"of {path.name}")
        self.card: dict[str, Any] = {"rule": reason, **card.model_dump(mode="json", exclude_none=True)}
        self._network = network
        self._card = card
        self._reason = reason

    def describe(self) -> str:
        return f"{self.name}: {self._reason}; {self.dim} numbers a vector"

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        """See Embedder. Raises InputError for stored bytes that are no picture, ShapeError for no crops at all."""
        if any(not kept.best for kept in crops):
            raise ShapeError("a tracklet without a single kept crop cannot be embedded")
        vectors = self._vectors(pixels_of(crop) for kept in crops for crop in kept.best)
        quality = np.array([crop.quality for kept in crops for crop in kept.best], np.float32)
        ends = np.cumsum([len(kept.best) for kept in crops], dtype=np.intp)[:-1]
        groups = zip(np.split(vectors, ends), np.split(quality, ends), strict=True)
        pooled = [pool(*group) for group in groups] if crops else []
        return np.asarray(pooled, np.float32).reshape(-1, self.dim)

    def embed_image(self, image: BgrImage) -> Vectors:
        """See Embedder."""
        return np.asarray(self._vectors([image])[0], np.float32)

    def _vectors(self, images: Iterable[BgrImage]) -> Vectors:
        """(N, dim) unit vectors of pictures; every picture is an inference of its own."""
        outputs = self._network.run(self._card.prepare(image) for image in images)
        rows = np.array([found[0].flatten() for found in outputs], np.float32).reshape(-1, self.dim)
        length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        if not (np.isfinite(length).all() and (length > 0).all()):
            raise NetworkFileError(
                f"{self.name} gives vectors that are zero or not finite; its card or its file is wrong"
            )
        return np.asarray(rows / length, np.float32)


def pool(vectors: Vectors, quality: NDArray[np.float32]) -> Vectors:
    """One unit vector (D,) of a tracklet's crops: unit vectors (N, D), quality (N,) in [0, 1].

    A mean weighted by quality in which a crop counts the less the farther it lies from the crop in the middle (another
    person, or something in front), beyond the distance that is usual in this tracklet.
    """
    # sums instead of matrix products: those may round differently when the same rows lie elsewhere in memory
    weights = quality + np.float32(1e-3)
    distance = 1 - (vectors[:, None] * vectors[None]).sum(axis=2)
    middle = int(np.argmin((distance * weights).sum(axis=1)))
    excess = np.clip(distance[middle] - np.median(distance[middle]), 0, None)
    weights = weights / (1 + (excess / np.float32(OUTLIER_SCALE)) ** 2)
    mean = (weights[:, None] * vectors).sum(axis=0)
    length = np.sqrt((mean * mean).sum())
    return np.asarray(mean / length if length > 0 else vectors[middle], np.float32)


def load_single_image_embedder(
    path: Path,
    card: Path | Mapping[str, Any] | None = None,
    *,
    threads: int | None = None,
    control: JobControl | None = None,
) -> SingleImageEmbedder:
    """A re-ID network (ONNX, OpenVINO IR or its folder) with its card; says which rule of preparation applies.

    card: a file, or what a case has recorded; without either, the file beside the network or a rule
    Raises NetworkFileError for what is no single-image re-ID network, InputError for a bad card.
    """
    control = control or JobControl()
    path = path.absolute()
    if path.suffix.lower() == ".pt":
        raise NetworkFileError(f"{path.name} is torch weights; give the re-ID network as .onnx or OpenVINO .xml")
    file = network_file(path)
    facts = inspect(path, control)
    dim = _vector_length(path.name, facts)
    found, rule = _card_for(file, card, facts)
    _fits(path.name, found, facts)
    precision = choose("cpu").precision
    network = OpenVinoNetwork(file, pixels=False, precision=precision, threads=threads)
    embedder = SingleImageEmbedder(path, network, dim, found, f"{rule}; OpenVINO {precision} on the processor")
    control.notice(embedder.describe(), embedder=embedder.model)
    return embedder


def _made_by(weights: str, card: EmbedderCard) -> str:
    """SHA-256 of all that decides a vector: the weights, and how pixels go in."""
    preparation = card.model_dump_json(exclude={"calibration"})
    return hashlib.sha256(f"{weights} {preparation}".encode()).hexdigest()


def _vector_length(name: str, facts: NetworkFacts) -> int:
    inputs = ", ".join(str(port.shape) for port in facts.inputs)
    if len(facts.inputs) != 1 or len(facts.inputs[0].shape) != 4 or facts.inputs[0].shape[1] != 3:
        raise NetworkFileError(f"{name} is no single-image re-ID network: its input is {inputs}, expected (N, 3, H, W)")
    outputs = ", ".join(f"{port.name} {port.shape}" for port in facts.outputs)
    if len(facts.outputs) != 1:
        raise NetworkFileError(
            f"{name} has {len(facts.outputs)} outputs ({outputs}); a re-ID network has one, the vector. "
            "Export it with that output only"
        )
    shape = tuple(size or 0 for size in facts.outputs[0].shape)
    if len(shape) < 2 or shape[0] != 1 or any(size != 1 for size in shape[2:]) or shape[1] < 2:
        hint = "; a detector is given as the detector" if len(shape) == 3 or facts.metadata else ""
        raise NetworkFileError(
            f"{name} is no re-ID network: one picture gives {shape}, expected one vector (1, D){hint}"
        )
    return shape[1]


def _card_for(file: Path, given: Path | Mapping[str, Any] | None, facts: NetworkFacts) -> tuple[EmbedderCard, str]:
    """The card and, as a sentence, the rule by which it was chosen."""
    beside = file.with_suffix(".json")
    if isinstance(given, Mapping):
        recorded = {key: value for key, value in given.items() if key != "rule"}
        return _validated(recorded, "recorded in the case"), "prepared as the case has recorded"
    if given is not None:
        return read_card(given), f"prepared as the card {given.name} says"
    if beside.is_file():
        return read_card(beside), f"prepared as the card {beside.name} beside it says"
    _, _, height, width = facts.inputs[0].shape
    size = height or USUAL_INPUT[0], width or USUAL_INPUT[1]
    guessed = "" if height and width else f", at {size[0]}x{size[1]} because it leaves the size open"
    built_in = [key for key in BUILT_IN if key in facts.conversion]
    if built_in:
        card = _card(size, "BGR", 1, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        return card, f"no card: BGR 0..255 untouched, since its conversion record holds {', '.join(built_in)}{guessed}"
    card = _card(size, "RGB", 255, IMAGENET_MEAN, IMAGENET_STD)
    return card, f"no card: RGB / 255 with ImageNet mean and deviation{guessed}"


def _card(
    size: tuple[int, int], channels: Literal["RGB", "BGR"], scale: Literal[1, 255], mean: Triple, std: Triple
) -> EmbedderCard:
    return EmbedderCard(input=size, channels=channels, scale=scale, mean=mean, std=std, distance="cosine")


def read_card(path: Path) -> EmbedderCard:
    """A card file. Raises InputError, naming the file and the key."""
    try:
        return _validated(json.loads(path.read_text("utf-8")), path.name)
    except OSError as error:
        raise InputError(f"the card {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"the card {path.name} is not JSON: {error}") from error


def _validated(found: object, name: str) -> EmbedderCard:
    try:
        return EmbedderCard.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InputError(f"the card {name}: {key}: {first['msg']}") from error


def _fits(name: str, card: EmbedderCard, facts: NetworkFacts) -> None:
    for axis, key, wanted in ((2, "height", card.input[0]), (3, "width", card.input[1])):
        fixed = facts.inputs[0].shape[axis]
        if fixed is not None and fixed != wanted:
            raise InputError(f"the card of {name}: input: its {key} is {wanted}, but the network takes {fixed} only")
