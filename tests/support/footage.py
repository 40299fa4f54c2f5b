"""Recordings drawn by hand: figures in plain colours walk before a grey wall, and every box is known.

A figure's colours are its identity, so a detector can find it by saturation and an embedder can tell it from others by
the mean colour of four stripes. Drawn footage is for tests that need a known colour in a known picture (decoders,
damaged files, right answers that can be demanded) or any length and size (queues, the window). Looks come from the
generated world: ``tests.support.world``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from reid_engine.types import BgrImage

SKIN = (120, 160, 225)
# (top, trousers) in BGR, far apart from one another and from grey
PEOPLE: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...] = (
    ((20, 20, 210), (160, 40, 20)),
    ((30, 190, 30), (20, 120, 230)),
    ((220, 60, 20), (20, 20, 190)),
    ((20, 210, 230), (140, 20, 140)),
    ((190, 30, 190), (20, 160, 20)),
    ((20, 130, 240), (200, 120, 10)),
    ((200, 190, 20), (30, 30, 150)),
    ((120, 20, 110), (20, 200, 200)),
)


@dataclass(frozen=True, slots=True)
class Walk:
    """Person ``person`` walks from x ``left`` to ``right`` (pixels, middle of the figure), feet at ``feet``."""

    person: int
    start_s: float
    end_s: float
    left: float
    right: float
    feet: float
    height: float = 90.0

    def box(self, time_s: float) -> tuple[float, float, float, float] | None:
        """x1, y1, x2, y2 at ``time_s``, or None when the person is not there."""
        if not self.start_s <= time_s < self.end_s:
            return None
        share = (time_s - self.start_s) / (self.end_s - self.start_s)
        middle = self.left + share * (self.right - self.left)
        width = self.height * 0.36
        return middle - width / 2, self.feet - self.height, middle + width / 2, self.feet


def wall(width: int, height: int, seed: int) -> BgrImage:
    """A grey background with a little texture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(96, 150, (height // 16 + 2, width // 16 + 2)).astype(np.uint8)
    grey = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grey[:, :, None], 3, axis=2)


def draw(image: BgrImage, walk: Walk, time_s: float) -> None:
    """Paint the person into the picture at this time, if there."""
    box = walk.box(time_s)
    if box is None:
        return
    x1, y1, x2, y2 = (round(v) for v in box)
    tall = y2 - y1
    top, trousers = PEOPLE[walk.person % len(PEOPLE)]
    cv2.rectangle(image, (x1, y1 + round(0.15 * tall)), (x2 - 1, y1 + round(0.55 * tall)), top, -1)
    cv2.rectangle(image, (x1, y1 + round(0.55 * tall)), (x2 - 1, y2 - 1), trousers, -1)
    quarter = (x2 - x1) // 4
    cv2.rectangle(image, (x1 + quarter, y1), (x2 - 1 - quarter, y1 + round(0.15 * tall)), SKIN, -1)


def pictures(
    walks: Sequence[Walk], *, seconds: float, fps: int, size: tuple[int, int], seed: int = 0
) -> list[BgrImage]:
    """All pictures of one camera, (H, W, 3) BGR."""
    background = wall(*size, seed)
    found = []
    for index in range(round(seconds * fps)):
        image = background.copy()
        for walk in walks:
            draw(image, walk, index / fps)
        found.append(image)
    return found


def write_video(
    path: Path,
    images: Sequence[BgrImage],
    *,
    fps: int = 10,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures; the container follows from the suffix."""
    height, width, _ = images[0].shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame.reformat(format=pixel_format)))
        container.mux(stream.encode(None))
    return path


def record(
    path: Path,
    walks: Sequence[Walk],
    *,
    seconds: float = 6.0,
    fps: int = 10,
    size: tuple[int, int] = (320, 240),
    seed: int = 0,
) -> Path:
    """Draw and encode one camera's recording (H.264, a key frame every 2 s)."""
    images = pictures(walks, seconds=seconds, fps=fps, size=size, seed=seed)
    return write_video(path, images, fps=fps, options={"g": str(2 * fps), "crf": "18"})


def two_cameras(folder: Path, *, seconds: float = 8.0, fps: int = 10) -> tuple[Path, Path]:
    """Two cameras, three people who pass the first and then the second, one who is only in the first."""
    half = seconds / 2
    east = [
        Walk(0, 0.0, half, -20, 340, 110),
        Walk(1, 0.5, half + 0.5, 340, -20, 225, 100),
        Walk(2, half + 0.6, seconds, -20, 340, 112),
        Walk(3, half + 0.8, seconds, 340, -20, 228, 100),
    ]
    west = [
        Walk(1, 0.2, half, -20, 340, 108),
        Walk(2, 0.4, half + 0.3, 340, -20, 226, 95),
        Walk(0, half + 0.7, seconds, 340, -20, 110),
    ]
    return (
        record(folder / "east.mp4", east, seconds=seconds, fps=fps, seed=1),
        record(folder / "west.mp4", west, seconds=seconds, fps=fps, seed=2),
    )
