"""Whether the crops of one track show one person's clothes, or another's from some moment on.

A crop is described by two histograms, of torso and of legs, over six hues and seven greys: a colourful pixel counts for
its hue, a dull one for its brightness. Only the middle of the box counts, since the background changes as people walk.
Two crops are as far apart as their histograms (1 - Bhattacharyya's coefficient, 0 to 1).

Measured on recordings with truth: of 21 tracks that changed hands while somebody was near, 18 lay above APART and
STANDS_OUT; of 93 of one person who met others, none did. Where nobody was near, more is asked, and in the light that
makes two crops most alike, because the same clothes are darker in the shade.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.types import BgrImage

COLUMNS = (0.35, 0.65)  # shares of the box's width
PARTS = ((0.18, 0.48), (0.55, 0.80))  # torso and legs, shares of its height
WIDE = 8  # pixels that are left of each part
TALL = 16
LIGHTS = (1.0, 0.75, 0.55)  # how much darker one of two crops may be
HUES = 6
GREYS = 7
COLOURFUL = 90.0  # saturation from which a pixel counts for its hue alone
BLACK = 30.0  # brightness up to which everything is black,
GREY_STEP = 35.0  # and from one grey to the next
DARK = 60.0  # brightness below which hues fade

LEAST_CROPS = 2  # on either side: one crop may show whoever passes in front
APART = 0.12  # no crop before is nearer than this to any crop after
ALONE = 0.4  # instead, in any light, where nobody was near: a coat taken off, perhaps, or a track that jumped unseen
STANDS_OUT = 1.35  # times the farthest that a crop lies from its nearest of the same side: a gradual change does not

Matrix = NDArray[np.float64]


def change(crops: Sequence[BgrImage], doubtful: Sequence[bool]) -> int | None:
    """The first crop that shows somebody else, or None. Time goes with the number of crops: 0.3 ms for 16.

    crops:    N crops of one track in the order of their times, (h, w, 3) BGR of any size
    doubtful: N - 1; whether between a crop and the next the track may have changed hands: somebody was near, or nobody
              was seen for a while
    """
    places = range(LEAST_CROPS, len(crops) - LEAST_CROPS + 1)
    if not places:
        return None
    hsv = middles(crops)
    plain = distances(hsv, (1.0,))
    found = _sharpest(plain, [place for place in places if doubtful[place - 1]], APART)
    if found is None and _sharpest(plain, places, ALONE) is not None:
        found = _sharpest(distances(hsv, LIGHTS), places, ALONE)
    return found


def distances(hsv: BgrImage, lights: Sequence[float]) -> Matrix:
    """(N, N) of every crop to every other, 0 to 1, where one of the two may be darkened by any of the ``lights``.

    hsv: (N, 2, pixels, 3) uint8 of torso and legs
    """
    looks = _histograms(hsv, lights)
    # sums instead of a matrix product, which may round differently when the same rows lie elsewhere in memory
    alike = [(looks[:, None, 0] * looks[None, :, light]).sum(axis=-1) for light in range(len(lights))]
    either = np.maximum(alike, np.transpose(alike, (0, 2, 1)))
    return np.asarray((1.0 - either.max(axis=0)).clip(0.0, 1.0))


def _sharpest(apart: Matrix, places: Sequence[int], least: float) -> int | None:
    """Of ``places`` the one that parts the crops best, if it parts them well enough."""
    best = max(places, key=lambda place: float(apart[:place, place:].min()), default=None)
    if best is None:
        return None
    usual = max(_loosest(apart[:best, :best]), _loosest(apart[best:, best:]))
    return best if float(apart[:best, best:].min()) >= max(least, STANDS_OUT * usual) else None


def _loosest(apart: Matrix) -> float:
    """The farthest that any of these lies from the nearest other."""
    return float((apart + 2.0 * np.eye(len(apart))).min(axis=1).max())


def middles(crops: Sequence[BgrImage]) -> BgrImage:
    """(N, 2, pixels, 3) uint8 hue, saturation and brightness of torsos and legs, made small."""
    pixels = np.concatenate([_part(crop, *rows) for crop in crops for rows in PARTS])
    hsv = cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV)
    return np.asarray(hsv, np.uint8).reshape(len(crops), len(PARTS), TALL * WIDE, 3)


def _part(crop: BgrImage, top: float, bottom: float) -> BgrImage:
    """The middle of the rows from ``top`` to ``bottom`` (shares of the height), made small."""
    height, width = crop.shape[:2]
    y1, x1 = int(top * height), int(COLUMNS[0] * width)
    y2, x2 = max(round(bottom * height), y1 + 1), max(round(COLUMNS[1] * width), x1 + 1)
    return cv2.resize(crop[y1:y2, x1:x2], (WIDE, TALL), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _spread(place: NDArray[np.float64], weight: NDArray[np.float64], bins: int, *, around: bool) -> Matrix:
    """Histograms over the last axis: (..., bins). A value between two bins counts for both by its nearness."""
    low = np.floor(place).astype(np.int64)
    share = place - low
    high = (low + 1) % bins if around else np.minimum(low + 1, bins - 1)
    rows = np.arange(place[..., 0].size).reshape(*place.shape[:-1], 1) * bins
    places = np.concatenate((rows + low % bins, rows + high), axis=None)
    weights = np.concatenate((weight * (1.0 - share), weight * share), axis=None)
    found = np.bincount(places, weights, minlength=place[..., 0].size * bins)
    return np.asarray(found, np.float64).reshape(*place.shape[:-1], bins)


def _histograms(hsv: BgrImage, lights: Sequence[float]) -> Matrix:
    """(N, lights, bins): square roots of both parts' histograms."""
    hue, saturation = hsv[:, None, ..., 0] / (180.0 / HUES), np.minimum(hsv[:, None, ..., 1] / COLOURFUL, 1.0)
    value = hsv[:, None, ..., 2] * np.array(lights)[:, None, None]
    colour = saturation * np.minimum(value / DARK, 1.0)
    grey = ((value - BLACK) / GREY_STEP).clip(0.0, GREYS - 1.0)
    hues = _spread(np.broadcast_to(hue, value.shape), colour, HUES, around=True)
    greys = _spread(grey, 1.0 - colour, GREYS, around=False)
    looks = np.sqrt(np.concatenate((hues, greys), axis=-1) / (len(PARTS) * TALL * WIDE))
    return looks.reshape(len(hsv), len(lights), -1)
