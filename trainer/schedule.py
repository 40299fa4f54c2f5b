"""Where a run stands, and the learning rate that belongs there.

A schedule is a function of the epoch, as the papers print it. A run bounded by time walks through the same epochs
faster: its place is whichever is farther, the share of its epochs or the share of its minutes, so that it anneals.
"""

from __future__ import annotations

import math

from trainer.recipes.base import Settings

WARMUP_START = 0.01  # of the learning rate


def place(settings: Settings, epochs_done: float, minutes: float) -> float:
    """The epoch, as a number in [0, epochs], that decides the learning rate; at ``epochs`` the stage is over."""
    if settings.max_minutes:
        epochs_done = max(epochs_done, minutes / settings.max_minutes * settings.epochs)
    return min(epochs_done, float(settings.epochs))  # not by way of a share: 15 / 22 * 22 is less than 15


def lr_factor(settings: Settings, epoch: float) -> float:
    """What every learning rate is multiplied with at an epoch (a number) of a stage."""
    warm = settings.warmup * settings.epochs
    if epoch < warm:
        return WARMUP_START + (1 - WARMUP_START) * epoch / warm
    if settings.schedule == "steps":
        passed = sum(epoch >= one for one in settings.decay_at)
        return float(settings.gamma**passed)
    share = (epoch - warm) / (settings.epochs - warm)
    return settings.final_lr + (1 - settings.final_lr) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


def evaluates_after(settings: Settings, epoch: int) -> bool:
    """Whether the model is tested after ``epoch`` epochs (1, 2, ..); after the last it always is."""
    start, late = settings.evaluate_late
    every = late if late and epoch > start else settings.evaluate_every
    return bool(every) and epoch < settings.epochs and epoch % every == 0
