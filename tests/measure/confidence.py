"""The score at which a detector finds as many people in recordings without truth as another one does at 0.25.

    python -m tests.measure.confidence WEIGHTS --beside WEIGHTS VIDEO...

A detector that learned from exact truth is surer of itself than one that learned from people's labels. The median over
the recordings is what ``python -m trainer.weights bundle --sure`` is given. Recordings with truth, on which detectors
are compared, have no place here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_engine.types import BgrImage
from tests.measure.detector import USUAL, detect
from tests.measure.mot import frames

STEP = 9  # pictures from one that is looked at to the next


def as_many(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """The score that as many of ours reach as of theirs reach USUAL. Raises ValueError where there are no such."""
    wanted = int(np.count_nonzero(theirs >= USUAL))
    if not 0 < wanted <= len(ours):
        raise ValueError(f"{wanted} boxes are wanted of {len(ours)}")
    return float(np.sort(ours)[-wanted])


def scores(weights: Path, images: list[BgrImage]) -> NDArray[np.float32]:
    """Of all boxes in all pictures."""
    return np.concatenate([found.score for found in detect(weights, images)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--beside", type=Path, required=True)
    given = parser.parse_args()
    found = []
    for video in given.videos:
        images = [frame.image for frame in frames(video)][::STEP]
        found.append(as_many(scores(given.weights, images), scores(given.beside, images)))
        print(f"{video.name}: {found[-1]:.3f} in {len(images)} pictures")
    print(f"median: {float(np.median(found)):.3f}")


if __name__ == "__main__":
    main()
