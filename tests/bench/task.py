"""One measurement in a process of its own: ``python -m tests.bench.task NAME ARGUMENTS``, one JSON object out.

A process each, so that no library's threads, caches or imports weigh on another's figures.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from reid_engine.process import die_with_parent, private_stdout
from reid_engine.settings import Settings

Answer = dict[str, Any]

WARM = 16  # pictures that are not counted: compiling, first touches
ROUNDS = 5
COUNT, DIM = 100_000, 512
SEARCHES, NEAREST = 100, 50


def _detector(weights: str, threads: str) -> Any:
    from reid_engine.jobs import JobControl
    from tests.support.program import scripted_or_yolo

    return scripted_or_yolo(Path(weights), Settings(), threads=int(threads), control=JobControl())


def limit(clip: str, weights: str, threads: str) -> Answer:
    """Decode and detect, nothing else: the same decoder and detector, called as the pipeline calls them."""
    import select

    from reid_engine.decoder import DecodeRequest, FrameReader
    from reid_engine.types import Frame

    detector = _detector(weights, threads)
    found, begun = 0, 0.0
    with FrameReader(DecodeRequest(Path(clip)), slots=2 * detector.wanted_batch) as reader:
        while not reader.ended:
            batch: list[Frame] = []
            while len(batch) < detector.wanted_batch and (frame := reader.poll()) is not None:
                batch.append(frame)
            if not batch:
                select.select([reader], [], [], 0.1)
                continue
            detector.detect([frame.image for frame in batch])
            for frame in batch:
                reader.release(frame)
            found += len(batch) if begun else 0
            begun = begun or time.perf_counter()
    return {"frames": found, "seconds": time.perf_counter() - begun}


def track(clip: str, weights: str, threads: str) -> Answer:
    """``ultralytics.YOLO(weights).track(clip)``, every picture; ``weights``: ``.pt`` or an OpenVINO folder."""
    from reid_engine._ultralytics import import_ultralytics

    ultralytics = import_ultralytics()
    import torch

    torch.set_num_threads(int(threads))
    model = ultralytics.YOLO(weights, task="detect")
    results = model.track(clip, stream=True, tracker="bytetrack.yaml", classes=[0], imgsz=640, verbose=False)
    found, begun = 0, 0.0
    for number, _ in enumerate(results, 1):
        found += number > WARM
        begun = begun or (time.perf_counter() if number == WARM else 0.0)
    return {"frames": found, "seconds": time.perf_counter() - begun}


def stages(clip: str, weights: str, embedder: str, threads: str) -> Answer:
    """Every stage alone, one after the other."""
    from reid_engine.bench import Bench
    from reid_engine.embedding import load_embedder
    from reid_engine.jobs import JobControl
    from reid_engine.recordings import expand

    model = load_embedder(Path(embedder), threads=int(threads))
    bench = Bench(_detector(weights, threads), model, Settings(), JobControl())
    timings = bench.run(expand([Path(clip)]))
    return {"stages": [asdict(timing) | {"per_second": timing.per_second} for timing in timings]}


def trackers(clip: str, weights: str, threads: str) -> Answer:
    """Microseconds an update takes, ours and ultralytics' BYTETracker on the same detections, rounds in turn."""
    from reid_engine.decoder import DecodeRequest, FrameReader
    from reid_engine.tracking import ByteTracker

    detector, found = _detector(weights, threads), []
    with FrameReader(DecodeRequest(Path(clip))) as reader:
        while (frame := reader.read()) is not None:
            found += detector.detect([frame.image])
            reader.release(frame)
    settings = Settings().tracking
    theirs = [_AsResults(people.xyxy, people.score) for people in found]
    turns: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        turns["ours"].append(_per_call(ByteTracker(settings, 25.0).update, found) * 1e6)
        turns["theirs"].append(_per_call(_byte_tracker(settings), theirs) * 1e6)
    people = statistics.fmean(len(one) for one in found)
    return {"people": people, **{name: statistics.median(times) for name, times in turns.items()}}


def _per_call(act: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    begun = time.perf_counter()
    for one in inputs:
        act(one)
    return (time.perf_counter() - begun) / len(inputs)


class _AsResults:
    """What ultralytics' tracker reads of its results."""

    def __init__(self, xyxy: Any, conf: Any) -> None:
        self.xyxy, self.conf, self.cls = xyxy, conf, np.zeros(len(conf), np.float32)

    @property
    def xywh(self) -> Any:
        return np.concatenate(((self.xyxy[:, :2] + self.xyxy[:, 2:]) / 2, self.xyxy[:, 2:] - self.xyxy[:, :2]), axis=1)

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, rows: Any) -> _AsResults:
        return _AsResults(self.xyxy[rows], self.conf[rows])


def _byte_tracker(settings: Any) -> Callable[[Any], Any]:
    from reid_engine._ultralytics import import_ultralytics

    import_ultralytics()
    from ultralytics.trackers.byte_tracker import BYTETracker

    arguments = SimpleNamespace(
        track_high_thresh=settings.high_score,
        track_low_thresh=settings.low_score,
        new_track_thresh=settings.new_score,
        track_buffer=30,
        match_thresh=settings.match_cost,
        fuse_score=True,
    )
    tracker = BYTETracker(arguments)
    return lambda people: tracker.update(people, None)


def searches(threads: str) -> Answer:
    """Milliseconds for the nearest 50 of 100,000 x 512, one query at a time: our index and a bare flat one in turn."""
    import faiss

    from reid_engine.index import VectorIndex
    from reid_engine.types import ModelId

    faiss.omp_set_num_threads(int(threads))
    vectors = np.random.default_rng(1).standard_normal((COUNT, DIM), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ours, theirs = VectorIndex(ModelId("bench"), DIM, "cosine", expected=COUNT), faiss.IndexFlatIP(DIM)
    ours.add(np.arange(1, COUNT + 1), vectors)
    theirs.add(vectors)
    some = np.arange(1, COUNT + 1)[: COUNT // 2]
    acts: dict[str, Callable[[Any], object]] = {
        "ours": lambda query: ours.search(query, NEAREST),
        "theirs": lambda query: theirs.search(query, NEAREST),
        "ours, half of them allowed": lambda query: ours.search(query, NEAREST, allowed=some),
    }
    times: dict[str, list[float]] = {name: [] for name in acts}
    for row in range(SEARCHES):
        for name, act in acts.items():
            times[name].append(_per_call(act, [vectors[row : row + 1]]) * 1e3)
    return {name: statistics.median(found) for name, found in times.items()}


def embedders(threads: str, *others: str) -> Answer:
    """The bundled re-ID models and others; see tests.bench.embedders."""
    from tests.bench.embedders import embedders as timed

    return timed(threads, *others)


TASKS: dict[str, Callable[..., Answer]] = {
    "limit": limit,
    "track": track,
    "stages": stages,
    "trackers": trackers,
    "searches": searches,
    "embedders": embedders,
}


def main(arguments: Sequence[str]) -> None:
    """Run one task and write its answer."""
    die_with_parent()
    pipe = private_stdout()
    answer = TASKS[arguments[0]](*arguments[1:])
    with pipe:
        pipe.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
