"""Stills of generated cameras on one sheet, for docs/pictures/world-cameras.jpg.

python -m tests.measure.world_stills OUT.jpg [--of SEED:CAMERA ...] [--second 9] [--people 70]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from trainer.world import footage
from trainer.world.scene import Wanted

KINDS = ("street", "hall", "forecourt", "street")
QUALITY = 88
WIDTH = 1120


def still(seed: int, number: int, second: float, people: int) -> np.ndarray:
    """What camera ``number`` (from 1) of a site of four sees at a moment; the fourth in dusk."""
    wanted = Wanted(4, (960, 540), overlapping=1, dusk=frozenset({"cam4"}), kinds=KINDS)
    order = footage.Order(wanted, people, second + 2, seed)
    with tempfile.TemporaryDirectory() as folder:
        footage._save_stage((order, number - 1, Path(folder)))
        return footage.picture(order, number - 1, Path(folder), round(second * order.fps))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--of", nargs="+", default=["101:1", "101:2", "101:3", "105:4"], metavar="SEED:CAMERA")
    parser.add_argument("--second", type=float, default=9.0)
    parser.add_argument("--people", type=int, default=70)
    given = parser.parse_args()
    which = [tuple(int(v) for v in text.split(":")) for text in given.of]
    stills = [still(seed, camera, given.second, given.people) for seed, camera in which]
    sheet = np.vstack([np.hstack(stills[k : k + 2]) for k in range(0, len(stills), 2)])
    picture = Image.fromarray(np.ascontiguousarray(sheet[:, :, ::-1]))
    picture = picture.resize((WIDTH, WIDTH * sheet.shape[0] // sheet.shape[1]), Image.Resampling.LANCZOS)
    picture.save(given.out, quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
