"""Folders of finished runs made up of ranked lists, without a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from trainer.datasets import Tracklet, Trial
from trainer.evaluation import rank, summed
from trainer.ranked import RANKED, save_ranked
from trainer.runs import Run


def tracklet(pid: int, camid: int, name: str = "") -> Tracklet:
    frames = np.full((2, 32, 16, 3), (pid * 20 % 256, camid * 60, 90), np.uint8)
    return Tracklet(pid, camid, frames, name or f"p{pid}c{camid}")


def trial(people: range, *, stranger: bool = True) -> Trial:
    """Camera 1 asks; cameras 1 to 3 answer, but camera 3 saw every second person only."""
    query = [tracklet(pid, 1, f"q{pid}") for pid in people]
    gallery = [tracklet(pid, camid) for pid in people for camid in (1, 2, 3) if camid < 3 or pid % 2]
    return Trial((*query, tracklet(900, 1)) if stranger else tuple(query), tuple(gallery))


def write_run(folder: Path, trials: list[Trial], *, seed: int, noise: float, **config: Any) -> Run:
    """Vectors of a person, with noise, ranked and kept as a run keeps them."""
    rng, scored = np.random.default_rng(seed), []
    for one in trials:
        sides = []
        for tracklets in (one.query, one.gallery):
            own = np.stack([np.random.default_rng([7, t.pid]).normal(size=16) for t in tracklets])
            sides.append((own + rng.normal(0, noise, own.shape)).astype(np.float32))
        scored.append(rank(one, *sides, lists=20))
    found = summed(scored, "mean")
    folder.mkdir(parents=True)
    save_ranked(folder / RANKED, found)
    usual = {
        "recipe": "tcl/full_tri",
        "model": "tcl/full_tri",
        "variant": "paper",
        "verdict": "the settings",
        "changed": {},
        "settings": {},
        "options": {},
        "seed": seed,
        "dataset": "mars",
        "root": str(folder / "nowhere"),
        "data": {"tracklets": 8298, "identities": 625, "frames": 509914, "sha256": "00"},
        "code": "c0de" * 16,
        "torch": "2",
    }
    (folder / "config.json").write_text(json.dumps({**usual, **config}))
    run = Run(folder)
    run.finish({"results": found.figures(), "device": "processor"})
    return run
