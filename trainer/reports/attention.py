"""What the model looked at: the frames of a few clips with the weights that ``explain`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_engine.clips import cut_clips
from reid_engine.models.base import VideoReidModel
from reid_engine.pixels import Preparation
from reid_engine.types import BgrImage
from trainer.datasets import Tracklet
from trainer.pictures import Damage, frames_of
from trainer.reports.page import figure, paragraph

CLIPS = 3
MOST_FRAMES = 16
TINT = 0.5  # of a map laid over its frame


@torch.no_grad()
def attention(model: VideoReidModel, tracklets: Sequence[Tracklet]) -> str:
    """The first clip of each tracklet: under a frame its weight, over it its map, where the model has them."""
    model.eval()
    parts = []
    for tracklet in tracklets[:CLIPS]:
        frames = first_clip(model, tracklet)
        device = next(model.parameters()).device
        shown = model.explain(Preparation.of(model.spec).normalised(torch.from_numpy(frames)[None].to(device)))
        strips = [_strip(name, frames, value[0].float().cpu()) for name, value in shown.items()]
        if any(strips):
            parts.append(paragraph(tracklet.name, "said") + "".join(strips))
    return "".join(parts) or paragraph("This model weighs neither frames nor places.")


def first_clip(model: VideoReidModel, tracklet: Tracklet) -> NDArray[np.uint8]:
    """(T, H, W, 3) uint8 BGR of the model's size."""
    length = min(len(tracklet), MOST_FRAMES) if model.spec.test_clips == "whole" else model.spec.clip_length
    return frames_of(tracklet, Preparation.of(model.spec), Damage(), cut_clips(len(tracklet), length)[0])


def frame_weights(value: Tensor, frames: int) -> NDArray[np.float64] | None:
    """(T,) weights or (T, h, w) maps -> shares (T,) of all the weight; None for what is about something else."""
    if len(value) != frames or value.ndim not in (1, 3):
        return None
    weights = value.double().flatten(1).mean(1).numpy() if value.ndim == 3 else value.double().numpy()
    return np.asarray(weights / max(float(np.abs(weights).sum()), 1e-12), np.float64)


def _strip(name: str, frames: NDArray[np.uint8], value: Tensor) -> str:
    shares = frame_weights(value, len(frames))
    if shares is None:
        return ""
    pictures = frames if value.ndim == 1 else overlaid(frames, value.numpy())
    drawn = [figure(one, "", f"{share:.1%}", name) for one, share in zip(pictures, shares, strict=True)]
    return f'<p class="said">{escape(name)}: share of each frame</p><div class="list">{"".join(drawn)}</div>'


def overlaid(frames: NDArray[np.uint8], maps: NDArray[np.float32]) -> list[BgrImage]:
    """(T, H, W, 3) under (T, h, w), one scale for the whole clip: dark blue the least, yellow the most."""
    low, high = float(maps.min()), float(maps.max())
    scaled = ((maps - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    height, width = frames.shape[1:3]
    heat = [cv2.applyColorMap(cv2.resize(one, (width, height)), cv2.COLORMAP_VIRIDIS) for one in scaled]
    return [
        np.asarray(cv2.addWeighted(frame, 1 - TINT, warm, TINT, 0), np.uint8)
        for frame, warm in zip(frames, heat, strict=True)
    ]
