"""What colour somebody's clothes are, by name: for filters that a person sets, never for identity.

The middle of torso and legs votes pixel by pixel, over all kept crops; the colour with the most votes names the part.
Where no colour has a fair share of the votes, as with patterns or a crop full of background, nothing is named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reid_engine.clothing import PARTS, middles
from reid_engine.crops import pixels_of
from reid_engine.types import BgrImage, TrackletCrops

COLOURS = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "blue", "purple", "pink")
LEAST_SHARE = 0.34  # of the votes, for a colour to name a part
# in OpenCV's scales: hue 0 to 180, saturation and value 0 to 255
DULL = 45.0  # saturation below which a pixel has no hue,
DARK_DULL = 75.0  # and in the dark, where noise looks like colour
DARK = 55.0  # value below which everything is black
BRIGHT = 175.0  # value from which what has no hue is white
# upper end of each hue, the last wraps round to red
HUES = ((8.0, "red"), (20.0, "orange"), (34.0, "yellow"), (85.0, "green"), (128.0, "blue"), (148.0, "purple"),
        (172.0, "pink"), (181.0, "red"))  # fmt: skip
BROWN_BELOW = 150.0  # orange, and dim yellow, of less value than this is brown
PALE_PINK = 110.0  # red of less saturation than this, if bright, is pink


def clothes(crops: Sequence[BgrImage]) -> tuple[str, str]:
    """(upper, lower) of the crops of one tracklet, (h, w, 3) BGR of any size; "" for what cannot be told."""
    if not crops:
        return "", ""
    hsv = middles(crops)  # (N, parts, pixels, 3)
    upper, lower = (_most(named(hsv[:, part].reshape(-1, 3))) for part in range(len(PARTS)))
    return upper, lower


def clothes_of(kept: TrackletCrops) -> tuple[str, str]:
    """The same from stored crops."""
    return clothes([pixels_of(crop) for crop in kept.best])


def named(hsv: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,) place in COLOURS of pixels (N, 3)."""
    hue, saturation, value = hsv.astype(np.float32).T
    ends = np.array([end for end, _ in HUES])
    places = np.array([COLOURS.index(name) for _, name in HUES])
    found = places[np.searchsorted(ends, hue, side="right").clip(0, len(ends) - 1)]
    brown = (found == COLOURS.index("orange")) & (value < BROWN_BELOW)
    brown |= (found == COLOURS.index("yellow")) & (value < BROWN_BELOW * 0.6)
    found[brown] = COLOURS.index("brown")
    pale = (found == COLOURS.index("red")) & (saturation < PALE_PINK) & (value >= BRIGHT)
    found[pale] = COLOURS.index("pink")
    dull = saturation < np.where(value < 2 * DARK, DARK_DULL, DULL)
    found[dull] = np.where(value[dull] >= BRIGHT, COLOURS.index("white"), COLOURS.index("grey"))
    found[value < DARK] = COLOURS.index("black")
    return np.asarray(found, np.int64)


def _most(votes: NDArray[np.int64]) -> str:
    counts = np.bincount(votes, minlength=len(COLOURS))
    best = int(counts.argmax())
    return COLOURS[best] if counts[best] >= LEAST_SHARE * len(votes) else ""
