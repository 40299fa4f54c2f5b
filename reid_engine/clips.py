"""How a tracklet is cut into clips; numbers only, so that search needs no torch for it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

TestClips: TypeAlias = Literal["consecutive", "overlapping", "whole"]  # how a model's test protocol cuts


def cut_clips(length: int, clip: int, *, overlapping: bool = False) -> NDArray[np.int64]:
    """Frame numbers (clips, clip) that cover a tracklet of ``length`` frames.

    Consecutive: the last clip repeats its own frames. Overlapping: a start every half clip, and the last ``clip``
    frames once more where a tail would be left; a tracklet shorter than a clip repeats its frames.
    """
    if not overlapping or length < clip:
        starts = np.arange(0, length, clip)
        own = np.minimum(length - starts, clip)  # frames each clip has of its own
        return np.asarray(starts[:, None] + np.arange(clip)[None] % own[:, None], np.int64)
    starts = np.arange(0, length - clip + 1, max(clip // 2, 1))
    if starts[-1] + clip < length:
        starts = np.append(starts, length - clip)
    return np.asarray(starts[:, None] + np.arange(clip)[None], np.int64)
