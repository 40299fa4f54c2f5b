"""H.264 in MP4: the one place of the generated world that needs PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from numpy.typing import NDArray

KEY_FRAME_S = 2
EVEN_QUALITY = "24"


class Mp4:
    """A recording that is being written; one encoder thread, so that the same pictures give the same bytes.

    bitrate: bits a second as a recorder is set to, or None for even quality
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int, bitrate: int | None = None) -> None:
        options = {"preset": "veryfast", "threads": "1", "g": str(KEY_FRAME_S * fps)}
        options |= {"crf": EVEN_QUALITY} if bitrate is None else {"maxrate": str(bitrate), "bufsize": str(2 * bitrate)}
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps), options=options)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.thread_count = 1
        if bitrate is not None:
            self._stream.bit_rate = bitrate
        self._count, self._tick = 0, Fraction(1, fps)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append a (H, W, 3) BGR picture."""
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = self._count, self._tick
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> Mp4:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
