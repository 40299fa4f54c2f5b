"""Four stills of one generated site on one sheet, for docs/pictures/world-cameras.png.

python -m tests.measure.world_stills OUT.png [--seed 101] [--second 9] [--people 70]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from trainer.world import footage
from trainer.world.scene import Wanted

KINDS = ("street", "hall", "forecourt", "street")
COLOURS = 200  # of the picture's palette: a sheet for a README must be small


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--second", type=float, default=9.0)
    parser.add_argument("--people", type=int, default=70)
    parser.add_argument("--size", type=int, nargs=2, default=(960, 540))
    given = parser.parse_args()
    wanted = Wanted(4, tuple(given.size), overlapping=1, dusk=frozenset({"cam4"}), kinds=KINDS)
    order = footage.Order(wanted, given.people, given.second + 2, given.seed)
    frame = round(given.second * order.fps)
    with tempfile.TemporaryDirectory() as folder:
        stills = []
        for k in range(4):
            footage._save_stage((order, k, Path(folder)))
            stills.append(footage.picture(order, k, Path(folder), frame)[0])
    sheet = np.vstack([np.hstack(stills[:2]), np.hstack(stills[2:])])
    small = cv2.resize(sheet, (1280, 720), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(given.out), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
