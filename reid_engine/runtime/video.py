"""A video model's graphs, run by OpenVINO or ONNX Runtime along the model's test protocol; no torch.

The graphs are those of ``models/graphs.py``: frames pass one by one, then clips, then their mean becomes the vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from reid_engine.clips import TestClips, cut_clips
from reid_engine.runtime import OpenVinoNetwork, Outputs, Precision, default_threads

Floats: TypeAlias = NDArray[np.float32]
Format: TypeAlias = Literal["openvino", "onnx"]
SUFFIX = {"openvino": ".xml", "onnx": ".onnx"}


class Graph(Protocol):
    """Arrays in, one array out."""

    def __call__(self, *inputs: Floats) -> Floats:
        """The array is the caller's own."""
        ...


class OpenVinoGraph:
    """An IR as it is, one inference at a time on all threads."""

    def __init__(self, file: Path, *, precision: Precision, threads: int | None) -> None:
        core = ov.Core()
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads or default_threads(),
            "INFERENCE_PRECISION_HINT": precision,
            "ENABLE_CPU_PINNING": False,
        }
        self._request = core.compile_model(core.read_model(file), "CPU", options).create_infer_request()

    def __call__(self, *inputs: Floats) -> Floats:
        found = self._request.infer([np.ascontiguousarray(array) for array in inputs])
        return np.array(found[0], np.float32)


class OnnxGraph:
    """An ONNX file in ONNX Runtime, f32 on the processor."""

    def __init__(self, file: Path, *, threads: int | None) -> None:
        import onnxruntime  # most starts of the program run no such file

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or default_threads()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._names = [port.name for port in self._session.get_inputs()]

    def __call__(self, *inputs: Floats) -> Floats:
        (found,) = self._session.run(None, dict(zip(self._names, inputs, strict=True)))
        return np.asarray(found, np.float32)


class OnnxNetwork:
    """A Network over an ONNX file: pictures one after the other on all threads."""

    in_flight = 1

    def __init__(self, file: Path, *, threads: int | None) -> None:
        self._graph = OnnxGraph(file, threads=threads)

    def run(self, tensors: Iterable[NDArray[Any]]) -> Iterator[Outputs]:
        """See Network."""
        for tensor in tensors:
            yield [self._graph(np.asarray(tensor, np.float32))]


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a tracklet is cut: see ModelSpec."""

    clip_length: int
    test_clips: TestClips


class VideoNetwork:
    """The graphs of one folder. ``precision`` is for OpenVINO; ONNX Runtime computes in f32."""

    def __init__(
        self, folder: Path, cut: Cutting, *, format: Format, precision: Precision, threads: int | None
    ) -> None:
        def graph(name: str, precision: Precision) -> Graph:
            file = folder / (name + SUFFIX[format])
            if format == "onnx":
                return OnnxGraph(file, threads=threads)
            return OpenVinoGraph(file, precision=precision, threads=threads)

        frames = folder / ("frames" + SUFFIX[format])
        self._cut = cut
        self._frames: OpenVinoNetwork | OnnxNetwork
        if format == "onnx":
            self._frames = OnnxNetwork(frames, threads=threads)
        else:
            self._frames = OpenVinoNetwork(frames, pixels=False, precision=precision, threads=threads)
        self._step = graph("step", precision) if (folder / ("step" + SUFFIX[format])).is_file() else None
        self._clip = graph("clip", precision)
        self._finish = graph("finish", "f32")

    def vectors(self, tracklets: Sequence[Sequence[int]], frames: Iterable[Floats]) -> Iterator[Floats]:
        """One vector (D,) a tracklet, as the model makes it.

        tracklets: lengths of the runs of frames each one has; frames: all of them in order, (1, 3, H, W) each.
        """
        found = self._frames.run(frames)
        for runs in tracklets:
            parts = [self._run(np.concatenate([row[0].copy() for row in islice(found, length)])) for length in runs]
            clips = np.concatenate(parts)
            mean = clips.sum(axis=0, dtype=np.float32, keepdims=True) / np.float32(len(clips))
            yield self._finish(mean)[0]

    def _run(self, features: Floats) -> Floats:
        """(L, ...) features of consecutive frames -> (clips, F)."""
        if self._cut.test_clips == "whole":
            return self._clip(self._refined(features)[None])
        overlapping = self._cut.test_clips == "overlapping"
        cut = cut_clips(len(features), self._cut.clip_length, overlapping=overlapping)
        return np.concatenate([self._clip(features[clip][None]) for clip in cut])

    def _refined(self, features: Floats) -> Floats:
        if self._step is None:
            return features
        memory = previous = features[:1]
        refined = []
        for t in range(len(features)):
            current = features[t : t + 1]
            memory = self._step(current, previous, memory)
            previous = current
            refined.append(memory)
        return np.concatenate(refined)
