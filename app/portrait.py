"""A selected track for a person to judge by: its best crops, why it may rank badly, where it is seen better."""

from __future__ import annotations

from dataclasses import dataclass

from app.words import tr
from reid_engine.types import TrackletId

BETTER = 1.3  # times as tall is worth a look
POOR_QUALITY = 0.2
GOOD_HEIGHT_PX = 64  # below this, networks trained on pictures 256 pixels tall see mostly blur


@dataclass(frozen=True, slots=True)
class Portrait:
    """The best crops of a track as JPEG, best first; ``height_px`` of the tallest in the source picture.

    best_us:   when the best crop was taken, corrected UTC
    quality:   of the best crop, in [0, 1]
    """

    tracklet: TrackletId
    jpegs: tuple[bytes, ...]
    height_px: int
    best_us: int = 0
    quality: float = 1.0
    heights: tuple[tuple[int, int], ...] = ()  # (time, height in pixels) of every box

    def better_moment(self, time_us: int) -> tuple[int, str] | None:
        """Where this person is seen better than at a moment, and in words how much; None where it is good enough."""
        if not self.heights or self.best_us == 0:
            return None
        here = min(self.heights, key=lambda seen: abs(seen[0] - time_us))[1]
        best = min(self.heights, key=lambda seen: abs(seen[0] - self.best_us))[1]
        if here >= GOOD_HEIGHT_PX or best < BETTER * here:
            return None
        away = abs(self.best_us - time_us) / 1e6
        later = tr("Here {here} pixels tall; {best} pixels {away} s later.")
        words = later if self.best_us > time_us else tr("Here {here} pixels tall; {best} pixels {away} s earlier.")
        return self.best_us, words.format(here=here, best=best, away=f"{away:.1f}")

    @property
    def doubt(self) -> str:
        """Why a search for this track may disappoint, or nothing."""
        if self.height_px >= GOOD_HEIGHT_PX:
            return "" if self.quality >= POOR_QUALITY else tr("Blurred or half hidden: expect a poor ranking.")
        words = tr("At most {height} pixels tall: expect a poor ranking. Is there a track nearer to a camera?")
        return words.format(height=self.height_px)
