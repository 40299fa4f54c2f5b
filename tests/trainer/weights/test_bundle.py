"""Files for the box."""

from __future__ import annotations

from pathlib import Path

import pytest

from reid_engine.errors import InputError
from trainer.weights.bundle import Label, bundle_detector


@pytest.mark.parametrize("sure", [0.0, 1.0, -3.0])
def test_a_score_that_no_detector_gives_is_refused_and_nothing_is_written(tmp_path: Path, sure: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        bundle_detector(tmp_path / "last.pt", tmp_path / "box" / "out.safetensors", Label("", "", (), {}), sure=sure)
    assert not (tmp_path / "box").exists()
