"""Which pixels of a track are kept: how good a view of a person is, cutting it out, and spreading choices over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import InputError
from reid_engine.types import BgrImage, Boxes, Crop

EDGE_PX = 2.0  # a box this near to the picture's border is taken to go on behind it
CUT_BY_EDGE = 0.6  # what a view is worth then
BEHIND = 0.5  # how much an overlap counts when the other person stands farther away
SHARP_VARIANCE = 150.0  # of the Laplacian of green, grey levels squared: a crop as sharp as this counts half
JPEG_QUALITY = 92


def rate_views(
    xyxy: Boxes, score: NDArray[np.float32], size: tuple[int, int], full_height: float
) -> NDArray[np.float64]:
    """(N,) in [0, 1]: how well each person of one picture of ``size`` (width, height) can be seen, pixels aside.

    ``sqrt(min(1, height / full_height)) x score x visible x inside``. visible: 1 less the largest share of the box that
    another box covers, which counts half when the other's feet are higher up (farther away); inside: 0.6 when the
    picture's edge cuts the box, else 1.
    """
    shared, area = _shared(xyxy)
    left, top, right, bottom = xyxy.astype(np.float64).T
    covered = shared / np.maximum(area, 1e-6)[:, None]
    covered *= np.where(bottom > bottom[:, None], 1.0, BEHIND)
    visible = 1.0 - np.minimum(covered.max(axis=1, initial=0.0), 1.0)
    edge = (left < EDGE_PX) | (top < EDGE_PX) | (right > size[0] - EDGE_PX) | (bottom > size[1] - EDGE_PX)
    tall = np.sqrt(((bottom - top) / full_height).clip(0.0, 1.0))
    views: NDArray[np.float64] = tall * score * visible * np.where(edge, CUT_BY_EDGE, 1.0)
    return views


def greatest_overlap(xyxy: Boxes) -> NDArray[np.float64]:
    """(N,) intersection over union of every box with the one that it shares most with; 0 when alone."""
    shared, area = _shared(xyxy)
    overlap: NDArray[np.float64] = (shared / np.maximum(area[:, None] + area - shared, 1e-6)).max(axis=1, initial=0.0)
    return overlap


def _shared(xyxy: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, N) area that every box shares with every other, 0 with itself; (N,) its own area, at least 0."""
    left, top, right, bottom = xyxy.astype(np.float64).T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = width.clip(0) * height.clip(0)
    np.fill_diagonal(shared, 0.0)
    return shared, (right - left).clip(0) * (bottom - top).clip(0)


def cut_out(image: BgrImage, xyxy: NDArray[np.float32], full_height: int) -> BgrImage:
    """A copy of the box's pixels, at least one pixel, shrunk to ``full_height`` when taller."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = xyxy.tolist()
    left, top = min(max(int(x1), 0), width - 1), min(max(int(y1), 0), height - 1)
    right, bottom = min(max(math.ceil(x2), left + 1), width), min(max(math.ceil(y2), top + 1), height)
    return _shrink(image[top:bottom, left:right], full_height).copy()


def _shrink(pixels: BgrImage, full_height: int) -> BgrImage:
    """By a whole factor with INTER_AREA, which is quick then, and by the rest below 2 with INTER_LINEAR.

    INTER_AREA alone takes six times as long, 240 us for one person of 400 pixels, and most crops lose to a better one.
    """
    height, width = pixels.shape[:2]
    factor = min(height // full_height, width)
    if factor > 1:
        whole = pixels[: height // factor * factor, : width // factor * factor]
        pixels = _resized(whole, width // factor, height // factor, cv2.INTER_AREA)
    if len(pixels) > full_height:
        narrow = max(1, round(pixels.shape[1] * full_height / len(pixels)))
        pixels = _resized(pixels, narrow, full_height, cv2.INTER_LINEAR)
    return pixels


def _resized(pixels: BgrImage, width: int, height: int, how: int) -> BgrImage:
    return cv2.resize(pixels, (width, height), interpolation=how).astype(np.uint8, copy=False)


def pixels_of(crop: Crop) -> BgrImage:
    """A stored crop's pixels, (h, w, 3) BGR. Raises InputError when its bytes are no picture."""
    found = cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR) if crop.jpeg else None
    if found is None:
        raise InputError(f"the crop of frame {crop.frame_index} ({len(crop.jpeg)} bytes) is no picture; run the check")
    return np.asarray(found, np.uint8)


def sharpness(crop: BgrImage) -> float:
    """In [0, 1): v / (v + 150), where v is the variance of the Laplacian of the green channel."""
    _, deviation = cv2.meanStdDev(cv2.Laplacian(cv2.extractChannel(crop, 1), cv2.CV_16S))
    variance = float(deviation[0, 0]) ** 2
    return variance / (variance + SHARP_VARIANCE)


@dataclass(slots=True)
class Cut:
    """A box whose pixels are kept; ``pixels`` is None from a restored checkpoint until its picture is supplied."""

    frame_index: int
    offset_us: int
    xyxy: NDArray[np.float32]
    view: float
    pixels: BgrImage | None

    def quality(self) -> float:
        """In [0, 1]: the view's rating x sharpness."""
        return self.view * sharpness(self.kept())

    def kept(self) -> BgrImage:
        """The pixels. They are there: whoever restores supplies every wanted picture before going on."""
        assert self.pixels is not None, f"picture {self.frame_index} was wanted and never supplied"
        return self.pixels

    def encode(self) -> Crop:
        """As stored."""
        _, jpeg = cv2.imencode(".jpg", self.kept(), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
        x1, y1, x2, y2 = self.xyxy.tolist()
        return Crop(self.frame_index, self.offset_us, (x1, y1, x2, y2), self.quality(), jpeg.tobytes())


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate and what it is worth: one cut, or a run of them."""

    worth: float
    cuts: list[Cut]


class Spread:
    """The best choice of each stretch of a tracklet's time; when there are too many stretches they double in length."""

    def __init__(self, stretches: int, length_us: int) -> None:
        self.stretches = stretches
        self.length_us = length_us
        self.choices: dict[int, Choice] = {}  # by number of the stretch

    def worth(self, age_us: int) -> float:
        """What a choice ``age_us`` into the tracklet must surpass."""
        choice = self.choices.get(age_us // self.length_us)
        return -1.0 if choice is None else choice.worth

    def offer(self, age_us: int, choice: Choice) -> None:
        """Keep it if it is the best of its stretch."""
        if choice.worth > self.worth(age_us):
            self.choices[age_us // self.length_us] = choice
        while max(self.choices, default=0) >= self.stretches:
            self._double()

    def _double(self) -> None:
        self.length_us *= 2
        before, self.choices = self.choices, {}
        for number, choice in before.items():
            rival = self.choices.get(number // 2)
            if rival is None or choice.worth > rival.worth:
                self.choices[number // 2] = choice
