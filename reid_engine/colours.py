"""What colours somebody's clothes have, by name: for filters that a person sets, never for identity.

The middle of torso and legs votes pixel by pixel, over all kept crops. Every colour with a fair share of the votes
names the part, at most three, since stripes have two colours, jeans are blue or grey by the light, and who filters for
a colour wants nobody left out. Where no colour has a fair share nothing is named.

White is told from grey, and beige from brown, by how bright the brightest of the crop is: a white shirt in the shade is
as dark as a grey one in the sun. Black stays what is dark, whatever is beside it. Constants were chosen on crops with
known colours (docs/accuracy.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.crops import pixels_of
from reid_engine.types import BgrImage, TrackletCrops

COLOURS = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "blue", "purple", "pink", "beige")
COLUMNS = (0.35, 0.65)  # of the box's width
PARTS = ((0.20, 0.45), (0.50, 0.70))  # torso and legs, of its height: shorts end at the knee, and below it legs part
WIDE = 8  # pixels that are left of each part
TALL = 16
MOST = 3  # names of a part
LEAST_SHARE = 0.2  # of the votes, for a colour to name a part,
BESIDE = 0.4  # and of the votes of the first
# in OpenCV's scales: hue 0 to 180, saturation and value 0 to 255
DULL = 45.0  # saturation below which a pixel has no hue,
DARK_DULL = 75.0  # and in the dark, where noise looks like colour
DIM = 110.0  # value below which it is dark
DENIM = 30.0  # saturation from which blue counts all the same
BLACK = 55.0  # value below which everything is black
BRIGHTEST = 95  # this percentile of a crop's values
FULL = 230.0  # is taken for so much light,
MOST_LIGHT = 1.8  # yet no crop for darker than this
WHITE = 175.0  # value in that light from which what has no hue is white,
NO_WHITE = 125.0  # if it has this value without it
# upper end of each hue, the last wraps round to red
HUES = ((8.0, "red"), (20.0, "orange"), (34.0, "yellow"), (85.0, "green"), (128.0, "blue"), (160.0, "purple"),
        (172.0, "pink"), (181.0, "red"))  # fmt: skip
BROWN_BELOW = 150.0  # orange, and dim yellow, of less value than this is brown;
BEIGE_BELOW = 100.0  # of less saturation,
BEIGE_FROM = 110.0  # and more value in that light, it is beige
PALE_PINK = 110.0  # red of less saturation than this, if bright, is pink


def clothes(crops: Sequence[BgrImage]) -> tuple[str, str]:
    """(upper, lower) of the crops of one tracklet, (h, w, 3) BGR of any size: names, most votes first, with spaces
    between; "" for what cannot be told."""
    if not crops:
        return "", ""
    light = np.array([_light(crop) for crop in crops]).repeat(WIDE * TALL)
    upper, lower = (_most(named(np.concatenate([_part(crop, *rows) for crop in crops]), light)) for rows in PARTS)
    return upper, lower


def clothes_of(kept: TrackletCrops) -> tuple[str, str]:
    """The same from stored crops."""
    return clothes([pixels_of(crop) for crop in kept.best])


def named(hsv: NDArray[np.uint8], light: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) place in COLOURS of pixels (N, 3), each taken ``light`` (N,) times as bright where that counts."""
    hue, saturation, value = hsv.astype(np.float32).T
    lit = value * light
    place = {name: number for number, name in enumerate(COLOURS)}
    ends, names = zip(*HUES, strict=True)
    found = np.array([place[name] for name in names])[np.searchsorted(ends, hue, side="right").clip(0, len(HUES) - 1)]
    orange, yellow = found == place["orange"], found == place["yellow"]
    blue = (found == place["blue"]) & (saturation >= DENIM) & (value >= 1.2 * BLACK)
    found[(found == place["red"]) & (saturation < PALE_PINK) & (lit >= WHITE)] = place["pink"]
    found[(orange & (value < BROWN_BELOW)) | (yellow & (value < 0.6 * BROWN_BELOW))] = place["brown"]
    found[(orange | yellow) & (saturation < BEIGE_BELOW) & (lit >= BEIGE_FROM)] = place["beige"]
    dull = (saturation < np.where(value < DIM, DARK_DULL, DULL)) & ~blue
    white = (lit >= WHITE) & (value >= NO_WHITE)
    found[dull] = np.where(white, place["white"], place["grey"])[dull]
    found[value < BLACK] = place["black"]
    return np.asarray(found, np.int64)


def _light(crop: BgrImage) -> float:
    """How many times brighter a crop would be in full light."""
    brightest = float(np.percentile(crop.max(axis=-1), BRIGHTEST))
    return min(max(FULL / max(brightest, 1.0), 1.0), MOST_LIGHT)


def _part(crop: BgrImage, top: float, bottom: float) -> NDArray[np.uint8]:
    """(WIDE * TALL, 3) hue, saturation and value of the middle of these rows."""
    height, width = crop.shape[:2]
    y1, x1 = int(top * height), int(COLUMNS[0] * width)
    y2, x2 = max(int(bottom * height), y1 + 1), max(int(COLUMNS[1] * width), x1 + 1)
    small = cv2.resize(crop[y1:y2, x1:x2], (WIDE, TALL), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), np.uint8).reshape(-1, 3)


def _most(votes: NDArray[np.int64]) -> str:
    counts = np.bincount(votes, minlength=len(COLOURS))
    order = np.argsort(-counts, kind="stable")[:MOST]
    least = max(LEAST_SHARE * len(votes), BESIDE * counts[order[0]])
    return " ".join(COLOURS[one] for one in order if counts[one] >= least)
