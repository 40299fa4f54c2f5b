"""``complexity``: what a model weighs."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

import torch

from reid_engine.models import build_model
from reid_engine.models.complexity import measure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("name", help="a model (tclnet) or a configuration (tcl/tse_N3)")
    parser.add_argument("--variant", default="paper", choices=("paper", "released"))
    parser.add_argument("--part", help='published blocks, joined by "+" (rru+stim, trunk)')
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")


def run(given: argparse.Namespace) -> str:
    """Parameters and multiply-adds of one clip. Raises UsageError for an unknown name or part."""
    with torch.device("meta"):
        model = build_model(given.name, given.variant)
    counted = measure(model, given.part)
    if given.json:
        return json.dumps(asdict(counted))
    clip = " x ".join(map(str, counted.clip))
    return (
        f"{counted.params / 1e6:.3f} M parameters, {counted.macs / 1e9:.4f} G multiply-adds and "
        f"{counted.bn_outputs / 1e9:.4f} G normalised outputs for a clip of {clip}"
    )
