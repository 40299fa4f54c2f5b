"""Where a network runs: OpenVINO on the processor, or torch on CUDA; chosen here, with the reason as a sentence.

A ``Network`` takes pictures one by one and gives their outputs in order, several in flight at a time. On the processor
every picture is an inference of its own (two one-thread streams pass more pictures than one two-thread batch, and
suffer less from other work on the same cores), so an output never depends on what else was asked for.

Files from strangers are opened in a child first (``python -m reid_engine.runtime inspect FILE``), which also runs them
once; what it found is remembered by SHA-256.
"""

from __future__ import annotations

import ast
import ctypes
import hashlib
import importlib.metadata
import json
import os
import sys
import warnings
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from reid_engine.errors import ChildDied, NetworkFileError
from reid_engine.folders import cache_folder
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child, die_with_parent, private_stdout

# OpenVINO's converter would post usage events from forked children; without the module it uses its own stub.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as ov  # noqa: E402

Precision: TypeAlias = Literal["bf16", "fp16", "f32"]
Outputs: TypeAlias = list[NDArray[np.float32]]
Shape: TypeAlias = tuple[int | None, ...]

MOST_STREAMS = 8
MOST_SHAPES = 12  # networks compiled for one shape each are kept: of parts, see ``glance``, and a camera needs one
CUDA_BATCH = 16
TRIAL_SIZE = {2: 320, 3: 320}  # height and width where a network leaves them open
CHUNK = 1 << 20
UNSET = ("", "()", "[]", "{}", "None", "False", "false")


class Port(BaseModel):
    """One input or output of a network; None stands for a size it leaves open. Outputs are of one trial run."""

    model_config = ConfigDict(frozen=True)
    name: str
    shape: Shape
    floating: bool


class NetworkFacts(BaseModel):
    """What the child found in a network file.

    metadata:   of ultralytics: task, names, stride; empty for other networks
    conversion: what OpenVINO's converter was told to build in: mean_values, scale_values, reverse_input_channels
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: dict[str, Any]
    conversion: dict[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Where to run. ``device``: torch's name of it, or None for OpenVINO on the processor."""

    device: str | None
    precision: Precision
    reason: str


class LoadedNetwork(Protocol):
    """What is known of every network that was read from a file, whatever it is for."""

    @property
    def name(self) -> str:
        """The file's name, for people."""
        ...

    @property
    def path(self) -> Path:
        """Where the weights lie."""
        ...

    @property
    def sha256(self) -> str:
        """Of the weights; recorded in the case."""
        ...

    def describe(self) -> str:
        """Preparation, runtime, precision and the reason, one line for people."""
        ...


class Network(Protocol):
    """A network that runs."""

    def run(self, tensors: Iterable[NDArray[Any]]) -> Iterator[Outputs]:
        """Each (1, ...) tensor's outputs, in order. The arrays are valid until the next one is asked for."""
        ...

    @property
    def in_flight(self) -> int:
        """How many tensors are worked on at a time."""
        ...


def processor_has_bf16() -> bool:
    """Whether OpenVINO may use bf16 on this processor."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def default_threads() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


def choose(device: str | None) -> Choice:
    """CUDA when there is one, else OpenVINO; ``cpu``, ``cuda`` or ``torch-cpu`` (to check the torch path) by name."""
    if device == "torch-cpu":
        return Choice("cpu", "f32", "torch f32 on the processor: asked for by name")
    missing = "not asked for" if device == "cpu" else _why_no_cuda()
    if missing is None:
        return Choice("cuda:0", "fp16", "torch fp16 on CUDA: there is a CUDA device")
    if device == "cuda":
        raise NetworkFileError(f"CUDA was asked for and cannot be used ({missing}); leave the device out")
    precision: Precision = "bf16" if processor_has_bf16() else "f32"
    has = "has" if precision == "bf16" else "has no"
    return Choice(None, precision, f"OpenVINO {precision}: CUDA {missing}, and the processor {has} bf16")


def _why_no_cuda() -> str | None:
    """Asked of the driver, because asking torch would cost seconds and half a gigabyte."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "has no driver here"
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        return "finds no device"
    return None


class OpenVinoNetwork:
    """An IR or ONNX file on the processor, compiled for each input shape as it comes.

    pixels: the input is (1, H, W, 3) uint8 BGR, turned to RGB / 255 inside the network; else (1, 3, H, W) float32
    """

    def __init__(self, file: Path, *, pixels: bool, precision: Precision, threads: int | None) -> None:
        self._core = ov.Core()
        self._model = self._core.read_model(file)
        self._pixels = pixels
        self._threads = threads or default_threads()
        self.in_flight = min(self._threads, MOST_STREAMS)
        self._config = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": self.in_flight,
            "INFERENCE_NUM_THREADS": self._threads,
            "INFERENCE_PRECISION_HINT": precision,
            "ENABLE_CPU_PINNING": False,  # decoding and tracking share these cores
        }
        self._idle: OrderedDict[tuple[int, ...], list[Any]] = OrderedDict()

    def run(self, tensors: Iterable[NDArray[Any]]) -> Iterator[Outputs]:
        """See Network. Left early, what is in flight is waited for."""
        flying: deque[tuple[Any, NDArray[Any], list[Any]]] = deque()
        try:
            for tensor in tensors:
                if len(flying) == self.in_flight:
                    yield from self._land(flying)
                idle = self._requests(tensor.shape)
                request = idle.pop()
                request.set_input_tensor(ov.Tensor(tensor, shared_memory=True))
                request.start_async()
                flying.append((request, tensor, idle))
            while flying:
                yield from self._land(flying)
        finally:
            for request, _, idle in flying:
                request.wait()
                idle.append(request)

    def _land(self, flying: deque[tuple[Any, NDArray[Any], list[Any]]]) -> Iterator[Outputs]:
        request, tensor, idle = flying.popleft()
        try:
            request.wait()
            yield [output.data for output in request.output_tensors]
        finally:
            del tensor  # shared with the request until here
            idle.append(request)

    def _requests(self, shape: tuple[int, ...]) -> list[Any]:
        found = self._idle.pop(shape, None)
        if found is None:
            compiled = self._compile(shape)
            found = [compiled.create_infer_request() for _ in range(self.in_flight)]
        self._idle[shape] = found
        if len(self._idle) > MOST_SHAPES:
            self._idle.popitem(last=False)
        return found

    def _compile(self, shape: tuple[int, ...]) -> Any:
        model = self._model.clone()
        if self._pixels:
            shape = (shape[0], shape[3], shape[1], shape[2])
        if not model.input().partial_shape.same_scheme(ov.PartialShape(list(shape))) or model.is_dynamic():
            model.reshape(list(shape))
        return self._core.compile_model(_from_pixels(model) if self._pixels else model, "CPU", self._config)


def _from_pixels(model: Any) -> Any:
    steps = ov.preprocess.PrePostProcessor(model)
    tensor = steps.input().tensor()
    tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ov.preprocess.ColorFormat.BGR)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    convert = steps.input().preprocess().convert_element_type(ov.Type.f32)
    convert.convert_color(ov.preprocess.ColorFormat.RGB).scale(255.0)
    return steps.build()


class TorchNetwork:
    """A detector's TorchScript on a torch device; imports torch. Input: (1, H, W, 3) uint8 BGR."""

    in_flight = CUDA_BATCH

    def __init__(self, file: Path, device: str) -> None:
        import torch

        self._torch = torch
        self._device = device
        self._dtype = torch.float32 if device == "cpu" else torch.float16  # as exported
        jit: Any = torch.jit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch announces the end of TorchScript at every load
            self._module = jit.load(str(file), map_location=device).eval()

    def run(self, tensors: Iterable[NDArray[Any]]) -> Iterator[Outputs]:
        """See Network: pictures of one shape that follow one another go together."""
        batch: list[NDArray[Any]] = []
        for tensor in tensors:
            if batch and (len(batch) == CUDA_BATCH or tensor.shape != batch[0].shape):
                yield from self._infer(batch)
                batch = []
            batch.append(tensor)
        if batch:
            yield from self._infer(batch)

    def _infer(self, batch: Sequence[NDArray[Any]]) -> Iterator[Outputs]:
        torch = self._torch
        with torch.inference_mode():
            bgr = torch.from_numpy(np.concatenate(batch)).to(self._device)
            rgb = bgr.permute(0, 3, 1, 2).flip(1).to(self._dtype) / 255
            found = self._module(rgb)
            output = (found[0] if isinstance(found, (tuple, list)) else found).float().cpu().numpy()
        for index in range(len(batch)):
            yield [output[index : index + 1]]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file (of an IR: both its files), or of a folder's files and their names."""
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
    elif path.suffix == ".xml":
        files = [path, path.with_suffix(".bin")]
    digest = hashlib.sha256()
    try:
        for file in files:
            if len(files) > 1:
                digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            if file.exists() and not file.is_file():  # to read a pipe or a device may never end
                raise NetworkFileError(f"{file} is neither a file nor a folder; give the weights themselves")
            with file.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
    except OSError as error:
        raise NetworkFileError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def network_file(path: Path) -> Path:
    """The file to open: itself, or the one ``.xml`` of a folder. Raises NetworkFileError when there is none."""
    if not path.exists():
        raise NetworkFileError(f"{path} does not exist; give a network file or an OpenVINO folder")
    if path.is_dir():
        found = sorted(path.glob("*.xml"))
        if len(found) != 1:
            raise NetworkFileError(f"{path.name} holds {len(found)} .xml files; an OpenVINO folder holds one")
        path = found[0]
    if path.suffix.lower() not in (".xml", ".onnx"):
        raise NetworkFileError(f"{path.name} is no network file: .onnx or OpenVINO's .xml with its .bin is read here")
    if path.suffix == ".xml" and not path.with_suffix(".bin").is_file():
        raise NetworkFileError(f"{path.name} lacks its weights: {path.with_suffix('.bin').name} must lie beside it")
    return path


def inspect(path: Path, control: JobControl) -> NetworkFacts:
    """What a network file holds, found by a child, or remembered for the same bytes.

    Raises NetworkFileError for what is no network, and when the file kills the child that opens it.
    """
    path = network_file(path.absolute())
    beside = path.parent / "metadata.yaml"
    key = sha256_of(path) + (sha256_of(beside)[:16] if beside.is_file() else "")
    note = cache_folder() / "facts" / f"{key}-{importlib.metadata.version('openvino')}.json"
    with suppress(OSError, ValueError, ValidationError):
        return NetworkFacts.model_validate_json(note.read_bytes())
    try:
        answer = ask_child("reid_engine.runtime", ["inspect", str(path)], control.check)
    except ChildDied as error:
        raise NetworkFileError(f"{path.name} cannot be read as a network: {error}") from error
    if "error" in answer:
        raise NetworkFileError(f"{path.name} {answer['error']}")
    facts = NetworkFacts.model_validate(answer)
    with suppress(OSError):  # a note that cannot be kept costs a second next time, nothing else
        note.parent.mkdir(parents=True, exist_ok=True)
        draft = note.with_suffix(f".{os.getpid()}")
        draft.write_text(facts.model_dump_json())
        draft.replace(note)
    return facts


def _inspect_here(file: Path) -> NetworkFacts:
    core = ov.Core()
    model = core.read_model(file)
    inputs = tuple(_port(port) for port in model.inputs)
    outputs = tuple(_port(port) for port in model.outputs)
    if len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].floating:
        model.reshape([1, *(size or TRIAL_SIZE.get(axis, 3) for axis, size in enumerate(inputs[0].shape) if axis)])
        compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})
        found = compiled(np.zeros(compiled.input().shape, np.float32)).to_tuple()
        outputs = tuple(
            Port(name=port.name, shape=array.shape, floating=port.floating)
            for port, array in zip(outputs, found, strict=True)
        )
    return NetworkFacts(inputs=inputs, outputs=outputs, metadata=_metadata(file), conversion=_conversion(file))


def _port(port: Any) -> Port:
    shape = tuple(None if size.is_dynamic else size.get_length() for size in port.partial_shape)
    name = port.any_name if port.names else ""
    return Port(name=name, shape=shape, floating=port.element_type in (ov.Type.f32, ov.Type.f16))


def _metadata(file: Path) -> dict[str, Any]:
    """ultralytics' own notes, from ``metadata.yaml`` beside an IR or from inside an ONNX file."""
    beside = file.parent / "metadata.yaml"
    found: Any = None
    if file.suffix.lower() == ".onnx":
        import onnx

        properties = onnx.load(str(file), load_external_data=False).metadata_props
        found = {entry.key: entry.value for entry in properties}
    elif beside.is_file():
        import yaml

        found = yaml.safe_load(beside.read_text("utf-8"))
    if not isinstance(found, dict):
        return {}
    names = found.get("names", {})
    if isinstance(names, str):
        names = ast.literal_eval(names)
    names = names if isinstance(names, dict) else dict(enumerate(names))
    kept: dict[str, Any] = {key: str(found[key]) for key in ("task", "stride") if key in found}
    return kept | {"names": {str(number): str(name) for number, name in names.items()}}


def _conversion(file: Path) -> dict[str, str]:
    """What the converter was told to build into an IR and did (entries without a value are left out)."""
    if file.suffix.lower() != ".xml":
        return {}
    found: dict[str, str] = {}
    for _, element in ElementTree.iterparse(file):
        if element.tag in ("conversion_parameters", "cli_parameters"):
            found |= {child.tag: child.get("value", "") for child in element}
        if element.tag == "layer":
            element.clear()
    return {key: value for key, value in found.items() if value not in UNSET}


def main(arguments: list[str]) -> int:
    """The child: ``inspect FILE``; NetworkFacts or ``{"error": sentence}`` on standard output."""
    die_with_parent()
    pipe = private_stdout()
    try:
        answer = _inspect_strangers(Path(arguments[1])).model_dump_json()
    except NetworkFileError as error:
        answer = json.dumps({"error": str(error)})
    with pipe:
        pipe.write(answer)
    return 0


def _inspect_strangers(file: Path) -> NetworkFacts:
    try:
        return _inspect_here(file)
    except Exception as error:  # parsers raise anything on a stranger's file; the parent gets a sentence
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        last = lines[-1][:200] if lines else type(error).__name__
        raise NetworkFileError(f"cannot be read as a network ({last})") from error
