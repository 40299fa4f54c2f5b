"""What is asked of a decoder, as it is handed over to it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from reid_engine.errors import UsageError
from reid_engine.recordings import SourceKind

ENLARGED_PX = 1920 * 1080  # no small picture is enlarged beyond so many pixels
RING_BYTES = 256 << 20
FEWEST_SLOTS = 2
HIGHEST_RATE = 1_000_000.0  # beyond, two pictures would have the same microsecond

Task: TypeAlias = Literal["probe", "picture", "read", "play", "stretch"]


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """Which pictures of which recording.

    source:       the number that its frames carry
    analyse_fps:  pictures a second of the recording's own time; None is every picture
    assumed_rate: pictures a second where the recording has no times of its own
    folder_fps:   pictures a second of a folder of pictures
    repaired:     its times had to be repaired when it was read, so a moment is found by reading, not by its stamps
    resume_index: the first picture to deliver for analysis; those before are decoded, not delivered
    wanted:       pictures before ``resume_index`` to deliver all the same, rising

    Raises UsageError for a rate that is none.
    """

    path: Path
    kind: SourceKind = "video"
    source: int = 0
    analyse_fps: float | None = None
    assumed_rate: float | None = None
    folder_fps: float = 25.0
    repaired: bool = False
    resume_index: int = 0
    wanted: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for rate in (self.analyse_fps, self.assumed_rate, self.folder_fps):
            if rate is not None and not 0 < rate < HIGHEST_RATE:
                raise UsageError(f"{rate:g} pictures a second is no rate; give a number above 0")


@dataclass(frozen=True, slots=True)
class Order:
    """A request with the task of one decoder process.

    screen: pictures come as a screen paints them, (H, W, 4) BGRX, small ones enlarged to fit; else (H, W, 3) BGR
    """

    task: Task
    request: DecodeRequest
    slots: int = 0
    offset_us: int = 0  # of the picture that is wanted, after the first
    until_us: int = 0  # of a stretch: the last moment that is wanted
    size: tuple[int, int] = (0, 0)  # largest width and height that is shown; 0 is the recording's own
    screen: bool = False

    def room(self, whole: tuple[int, int]) -> tuple[int, int]:
        """Pixels and channels of the largest picture of a recording of this width and height."""
        pixels = whole[0] * whole[1]
        return (max(pixels, ENLARGED_PX), 4) if self.screen else (pixels, 3)

    def usable(self, whole: tuple[int, int]) -> int:
        """How many of the slots are used for it, so that huge pictures do not fill the memory."""
        pixels, channels = self.room(whole)
        return usable_slots(pixels * channels, self.slots)

    def to_json(self) -> str:
        """Plain text; file names of any bytes survive."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Order:
        """The reverse of ``to_json``."""
        fields = json.loads(text)
        request = fields.pop("request")
        request |= {"path": Path(request["path"]), "wanted": tuple(request["wanted"])}
        return cls(**fields | {"request": DecodeRequest(**request), "size": tuple(fields["size"])})


def usable_slots(picture_bytes: int, slots: int) -> int:
    """How many of ``slots`` to use for pictures of so many bytes."""
    return min(slots, max(FEWEST_SLOTS, RING_BYTES // picture_bytes))
