"""The child that asks a model what it looked at: ``python -m reid_engine.runtime.explanation CLIPS MODEL``.

CLIPS is an .npz of clips (T, 3, H, W) float32, as the model wants its pictures. The answer has for each clip, in the
order of the file, what ``explain`` gives: name -> nested lists of a clip.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from reid_engine.errors import ReappearError
from reid_engine.models.files import load_model
from reid_engine.process import die_with_parent, private_stdout


def main(arguments: Sequence[str]) -> int:
    """The child; ``{"clips": [...]}`` or ``{"error": sentence}`` on standard output."""
    die_with_parent()
    pipe = private_stdout()
    answer: dict[str, object] = {}
    try:
        model, _ = load_model(Path(arguments[1]))
        with np.load(arguments[0]) as stored:
            shown = [model.explain(torch.from_numpy(stored[name])[None]) for name in stored.files]
        answer = {"clips": [{name: value[0].tolist() for name, value in one.items()} for one in shown]}
    except ReappearError as error:
        answer = {"error": str(error)}
    with pipe:
        pipe.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
