"""What a video model looked at in the kept crops of a tracklet: the weights of its frames and maps of their places.

The model is asked itself, in a child with torch, on the clips that its vector was made of.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.clips import cut_clips
from reid_engine.errors import ChildDied, NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.pixels import Floats
from reid_engine.process import ask_child
from reid_engine.types import Crop

Run: TypeAlias = tuple[Sequence[Crop], Floats]  # crops, and their prepared pictures (L, 3, H, W)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row a crop, in the order in which the model was fed.

    weights: name -> (T,) shares of the frames, the sizes of which add up to one
    maps:    name -> (T, h, w), row by row over the whole crop; docs/models.md says what each name means
    """

    crops: tuple[Crop, ...]
    weights: Mapping[str, Floats]
    maps: Mapping[str, Floats]


def explain_all(
    path: Path, tracklets: Sequence[Sequence[Run]], clip_length: int | None, control: JobControl
) -> list[Explanation]:
    """Ask the model of a file about tracklets, in one child, since most of the time is its start.

    clip_length: into which a run is cut, its last clip repeating its own frames; None where a model takes a run whole
    Raises NetworkFileError with the child's sentence or its death, JobCancelled.
    """
    cut = [list(_clips(runs, clip_length)) for runs in tracklets]
    answers = iter(_asked(path, [pictures for clips in cut for pictures, _ in clips], control))
    return [
        _explained(runs, [next(answers) for _ in clips], [places for _, places in clips])
        for runs, clips in zip(tracklets, cut, strict=True)
    ]


def _clips(runs: Sequence[Run], clip_length: int | None) -> Iterator[tuple[Floats, NDArray[np.intp]]]:
    """The clips of a tracklet's runs, and which crop of the tracklet every frame of a clip is."""
    start = 0
    for crops, pictures in runs:
        for frames in cut_clips(len(crops), clip_length or len(crops)):
            yield pictures[frames], start + frames
        start += len(crops)


def _explained(
    runs: Sequence[Run], answers: Sequence[Mapping[str, Any]], places: Sequence[NDArray[np.intp]]
) -> Explanation:
    crops = tuple(crop for some, _ in runs for crop in some)
    weights: dict[str, Floats] = {}
    maps: dict[str, Floats] = {}
    for name, values in _of_frames(answers, places):
        (weights if values[0].ndim == 1 else maps)[name] = _by_crop(values, places, len(crops))
    return Explanation(crops, weights, maps)


def _asked(path: Path, clips: Sequence[Floats], control: JobControl) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clips.npz"
        np.savez(file, *clips)
        try:
            answer = ask_child("reid_engine.runtime.explanation", [str(file), str(path)], control.check)
        except ChildDied as error:
            raise NetworkFileError(f"{path.name} cannot be asked what it looked at: {error}") from error
    if "error" in answer:
        raise NetworkFileError(answer["error"])
    found: list[dict[str, Any]] = answer["clips"]
    return found


def _of_frames(
    answers: Sequence[Mapping[str, Any]], places: Sequence[NDArray[np.intp]]
) -> Iterator[tuple[str, list[Floats]]]:
    """What is about single frames, clip by clip: (T,) weights as shares, (T, h, w) maps; not pairs of frames."""
    for name in answers[0]:
        values = [np.asarray(answer[name], np.float32) for answer in answers]
        if values[0].ndim == 1:
            yield name, [value / max(float(np.abs(value).sum()), 1e-12) for value in values]
        elif values[0].ndim == 3 and all(len(value) == len(cut) for value, cut in zip(values, places, strict=True)):
            yield name, values


def _by_crop(values: Sequence[Floats], places: Sequence[NDArray[np.intp]], count: int) -> Floats:
    """Rows of clips to rows of crops: shares of all clips add up, maps of a crop that comes twice are averaged."""
    rows, of = np.concatenate(values), np.concatenate(places)
    total = np.zeros((count, *rows.shape[1:]), np.float32)
    np.add.at(total, of, rows)
    if rows.ndim == 1:
        return np.asarray(total / np.float32(len(values)), np.float32)
    return np.asarray(total / np.bincount(of, minlength=count).astype(np.float32)[:, None, None], np.float32)
