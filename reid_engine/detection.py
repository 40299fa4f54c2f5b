"""Finding people in pictures: any YOLO of ultralytics, from its weights or an export of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid_engine.boxes import Layout, Letterbox, letterboxed
from reid_engine.errors import NetworkFileError
from reid_engine.exports import detector_layout, exported, passes
from reid_engine.jobs import JobControl
from reid_engine.runtime import (
    Choice,
    LoadedNetwork,
    Network,
    NetworkFacts,
    OpenVinoNetwork,
    TorchNetwork,
    choose,
    inspect,
    network_file,
    sha256_of,
)
from reid_engine.settings import DetectionSettings
from reid_engine.types import BgrImage, Detections, Part

STRIDE = 64  # every stride in use divides it; used only where a network does not state its own
BATCHES_IN_FLIGHT = 4  # a call ends with idle streams; longer calls hide that


class PersonDetector(LoadedNetwork, Protocol):
    """Finds the people in pictures of any size; the same boxes for a picture, whatever else is in the batch."""

    @property
    def wanted_batch(self) -> int:
        """How many pictures a call should bring; more only makes it wait."""
        ...

    @property
    def sees_parts(self) -> bool:
        """Whether a part of a picture is less work than the whole."""
        ...

    def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
        """The people in each picture or in a part of it, best first, in pixels of that picture."""
        ...


@dataclass(frozen=True, slots=True)
class _Head:
    """What is known of a detector's output and input: layout, class number, fixed (h, w) or None, stride."""

    layout: Layout
    person: int
    fixed: tuple[int, int] | None
    stride: int


class YoloDetector:
    """A network whose output ``boxes`` understands, wherever it runs."""

    def __init__(self, path: Path, network: Network, head: _Head, settings: DetectionSettings, reason: str) -> None:
        self.path = path
        self.name = path.name
        self.sha256 = sha256_of(path)
        self._network = network
        self._head = head
        self._settings = settings
        self._reason = reason

    @property
    def wanted_batch(self) -> int:
        return self._network.in_flight * BATCHES_IN_FLIGHT

    @property
    def sees_parts(self) -> bool:
        """Not where the network's input has one size, nor on a card: it wants many pictures of one size at once."""
        return self._head.fixed is None and isinstance(self._network, OpenVinoNetwork)

    def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
        """See PersonDetector. Pictures of all sizes may be mixed."""
        head, limits = self._head, self._settings
        wanted = [None] * len(images) if parts is None else parts
        fits = [self._fit(image, part) for image, part in zip(images, wanted, strict=True)]
        shown = [image if part is None else part.of(image) for image, part in zip(images, wanted, strict=True)]
        found = [
            letterboxed(outputs[0][0], head.layout, head.person, limits.score, limits.overlap, fit)
            for outputs, fit in zip(self._network.run(_placed(shown, fits)), fits, strict=True)
        ]
        return [one if part is None else one.moved(part) for one, part in zip(found, wanted, strict=True)]

    def describe(self) -> str:
        fixed = self._head.fixed
        size = f"fixed {fixed[1]}x{fixed[0]}" if fixed else f"longer side {self._side()}"
        return f"{self.name}: {self._reason}; {size}, {self._network.in_flight} pictures at a time"

    def _fit(self, image: BgrImage, part: Part | None) -> Letterbox:
        source = image.shape[0], image.shape[1]
        if self._head.fixed is not None:
            return Letterbox.fit(source if part is None else part.of(image).shape[:2], self._head.fixed, None)
        whole = Letterbox.fit(source, (self._side(), self._side()), self._head.stride)
        return whole if part is None else whole.of_part(part, self._head.stride)

    def _side(self) -> int:
        stride = self._head.stride
        return -(-self._settings.image_size // stride) * stride


def _placed(images: Sequence[BgrImage], fits: Sequence[Letterbox]) -> Iterator[NDArray[np.uint8]]:
    """One by one, so that a picture is prepared while others are worked on."""
    return (fit.apply(image) for image, fit in zip(images, fits, strict=True))


def load_detector(
    path: Path,
    settings: DetectionSettings,
    *,
    threads: int | None = None,
    device: str | None = None,
    control: JobControl | None = None,
) -> YoloDetector:
    """A detector from ``.pt`` or ``.safetensors``, an OpenVINO folder or ``.xml``, or ultralytics' ``.onnx``.

    ``device``: see ``runtime.choose``. Says by ``control.notice`` where it runs and every fallback.
    Raises NetworkFileError for what is no person detector, DiskFull, JobCancelled.
    """
    control = control or JobControl()
    path = path.absolute()
    if path.suffix.lower() in (".pt", ".safetensors"):
        detector = _from_weights(path, settings, threads, choose(device), control)
    else:
        detector = _from_network(path, settings, threads, choose("cpu"), control)
    control.notice(detector.describe(), detector=detector.name, sha256=detector.sha256)
    return detector


def _from_weights(
    path: Path, settings: DetectionSettings, threads: int | None, choice: Choice, control: JobControl
) -> YoloDetector:
    export = exported(path, choice, control)
    head = _head(path.name, inspect(export.file, control), control)
    reason = choice.reason
    network: Network
    if choice.device is not None and export.torchscript is not None:
        network = TorchNetwork(export.torchscript, choice.device)
    else:
        precision = choice.precision
        if precision == "bf16" and not passes("OpenVINO bf16", export.gate["OpenVINO bf16"]):
            share = export.gate["OpenVINO bf16"].share
            precision, reason = "f32", f"OpenVINO f32: in bf16 only {share:.0%} of the boxes agree with torch"
            control.notice(f"{path.name} runs in f32, which is slower: {reason}")
        network = OpenVinoNetwork(export.file, pixels=True, precision=precision, threads=threads)
    return YoloDetector(path, network, head, settings, reason)


def _from_network(
    path: Path, settings: DetectionSettings, threads: int | None, choice: Choice, control: JobControl
) -> YoloDetector:
    file = network_file(path)
    head = _head(path.name, inspect(path, control), control)
    if head.fixed is not None:
        height, width = head.fixed
        control.notice(f"{path.name} takes pictures of {width}x{height} only: every picture is fitted into that")
    network = OpenVinoNetwork(file, pixels=True, precision=choice.precision, threads=threads)
    reason = f"OpenVINO {choice.precision} on the processor: an exported network does not run on CUDA here"
    return YoloDetector(path, network, head, settings, reason)


def _head(name: str, facts: NetworkFacts, control: JobControl) -> _Head:
    layout = detector_layout(name, facts)
    names: dict[str, str] = facts.metadata.get("names", {})
    numbers = [int(number) for number, label in names.items() if label.strip().lower() == "person"]
    if names and not numbers:
        known = ", ".join(list(names.values())[:12]) + (", ..." if len(names) > 12 else "")
        raise NetworkFileError(f"{name} finds no persons: its classes are {known}; one must be called 'person'")
    if not names:
        control.notice(f"{name} does not name its classes: class 0 is taken for person")
    _, _, height, width = facts.inputs[0].shape
    fixed = None if height is None or width is None else (height, width)
    stride = int(facts.metadata.get("stride", STRIDE))
    return _Head(layout, numbers[0] if numbers else 0, fixed, max(stride, 32))
