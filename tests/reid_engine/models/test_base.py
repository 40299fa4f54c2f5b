"""How tracklets are cut into clips."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reid_engine.clips import cut_clips
from reid_engine.errors import ShapeError
from reid_engine.models.base import over_frames


def by_hand(length: int, clip: int) -> list[list[int]]:
    """Consecutive clips while frames remain; the last one cycles its own."""
    clips, start = [], 0
    while start < length:
        own = list(range(start, min(start + clip, length)))
        clips.append([own[i % len(own)] for i in range(clip)])
        start += clip
    return clips


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 16, 17, 900])
@pytest.mark.parametrize("clip", [1, 4, 8])
def test_consecutive_clips_cover_every_frame_and_the_last_repeats_its_own(length, clip):
    assert cut_clips(length, clip).tolist() == by_hand(length, clip)


def test_overlapping_clips_start_every_half_and_end_with_the_last_frames():
    assert cut_clips(8, 4, overlapping=True).tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]
    assert cut_clips(9, 4, overlapping=True)[-1].tolist() == [5, 6, 7, 8]
    assert cut_clips(4, 4, overlapping=True).tolist() == [[0, 1, 2, 3]]
    assert cut_clips(3, 4, overlapping=True).tolist() == [[0, 1, 2, 0]]


@pytest.mark.parametrize("length", range(1, 40))
def test_overlapping_clips_leave_no_frame_out(length):
    assert set(cut_clips(length, 8, overlapping=True).flatten().tolist()) == set(range(length))


def test_a_network_of_frames_runs_over_clips():
    clips = torch.randn(2, 3, 4, 5, 6)
    conv = nn.Conv2d(4, 7, 1)
    maps = over_frames(conv, clips)
    assert maps.shape == (2, 3, 7, 5, 6)
    assert torch.allclose(maps[1, 2], conv(clips[1, 2][None])[0], atol=1e-6)
    with pytest.raises(ShapeError, match=r"clips are \(B, T, channels"):
        over_frames(conv, clips[0])
