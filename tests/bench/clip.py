"""The same short clip for everybody: the first pictures of a recording, coded again as an ordinary recorder would."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av


def cut(source: Path, target: Path, frames: int, *, size: tuple[int, int] = (0, 0), rate: int = 0) -> Path:
    """H.264 of up to ``frames`` pictures, at the source's rate and size where no others are given."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        video = old.streams.video[0]
        pace = Fraction(rate or video.average_rate or 25).limit_denominator(1000)
        stream = new.add_stream("libx264", rate=pace, options={"preset": "veryfast", "crf": "20", "g": "50"})
        width, height = size if all(size) else (video.width, video.height)
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        for number, frame in enumerate(islice(old.decode(video), frames)):
            picture = frame.reformat(stream.width, stream.height, "yuv420p")
            picture.pts, picture.time_base = number, 1 / pace
            new.mux(stream.encode(picture))
        new.mux(stream.encode(None))
    return target
