"""How much of their range cameras use: percentiles of the brightness of recordings, real and generated.

    python -m tests.measure.tones VIDEO [VIDEO ...]

A line a recording: the brightness (0 to 255) that 1, 5, 25, 50, 75, 95 and 99 % of the pixels do not pass, the mean of
three pictures of its beginning.
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.measure.mot import frames
from trainer.endings import told

SHARES = (1, 5, 25, 50, 75, 95, 99)
FIRST, EVERY = 21, 10


def tones(video: Path) -> NDArray[np.float64]:
    """(7,) brightness at SHARES."""
    chosen = [frame.image for frame in islice(frames(video), 0, FIRST, EVERY)]
    return np.mean([np.percentile(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), SHARES) for image in chosen], axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    given = parser.parse_args()
    print(f"{'':48}" + "".join(f"{share:>5} %" for share in SHARES))
    found = np.array([tones(video) for video in given.videos])
    for video, row in zip(given.videos, found, strict=True):
        print(f"{video.parent.name + '/' + video.stem:48.48}" + "".join(f"{value:7.0f}" for value in row))
    print(f"{'median':48}" + "".join(f"{value:7.0f}" for value in np.median(found, axis=0)))


if __name__ == "__main__":
    sys.exit(told(main))
