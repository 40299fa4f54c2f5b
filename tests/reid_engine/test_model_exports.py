"""Model files exported, judged clip by clip, kept, and used as an embedder."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reid_engine import export_cache
from reid_engine.embedding import VideoEmbedder, find_network, load_embedder
from reid_engine.errors import DiskFull, InputError, NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.model_exports import passes
from reid_engine.models.files import load_model
from reid_engine.pixels import Preparation
from tests.reid_engine.conftest import Heard
from tests.support.exported import BANDS, Exported, save_small


def test_a_model_file_gives_torchs_vector_and_its_export_is_kept(
    exported: Exported, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "for the first time" in exported.err
    monkeypatch.setenv("REAPPEAR_CACHE", str(exported.cache))
    embedder = load_embedder(exported.file, threads=1, control=JobControl(heard))
    assert isinstance(embedder, VideoEmbedder)
    assert "for the first time" not in " ".join(heard.notices)
    assert embedder.card["calibration"] == BANDS
    picture = np.random.default_rng(0).integers(0, 256, (70, 30, 3)).astype(np.uint8)
    model, _ = load_model(exported.file)
    wanted = model.embed_tracklet(torch.from_numpy(Preparation.of(model.spec).clip([picture]))).numpy()
    assert float(embedder.embed_image(picture) @ wanted) >= 0.999
    again = load_embedder(exported.file, dict(embedder.card), threads=1, control=JobControl(heard))
    assert again.model == embedder.model
    assert "for the first time" not in " ".join(heard.notices)


def test_a_calibration_of_the_wrong_form_is_refused_by_its_field(tmp_path: Path) -> None:
    file = save_small(tmp_path)
    card = json.loads(file.with_suffix(".json").read_text())
    card["calibration"]["possible"] = "near"
    with pytest.raises(InputError, match=r"calibration\.possible: .*number"):
        load_embedder(file, card)
    card["calibration"] = BANDS | {"centre": [0.0] * 3}
    with pytest.raises(InputError, match=r"small.* calibration\.centre: 3 numbers, vectors have \d+"):
        load_embedder(file, card)


def test_a_full_disk_is_said_as_such_and_nothing_half_made_stays(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> dict[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export_cache, "ask_child", full)
    with pytest.raises(DiskFull, match="No space left"):
        load_embedder(save_small(tmp_path))
    assert not list(cache.glob("exports/*"))


def test_the_gate_wants_every_clip_near_and_forgives_an_argmax_in_bf16_only() -> None:
    assert passes("grl", "f32", [0.99995] * 3)
    assert not passes("grl", "f32", [0.99995, 0.9998])
    assert not passes("grl", "bf16", [0.9995] * 39 + [0.9])
    assert passes("tclnet", "bf16", [0.9995] * 39 + [0.9])
    assert not passes("tclnet", "bf16", [0.9995] * 30 + [0.9] * 10)
    assert not passes("tclnet", "f32", [0.99995] * 39 + [0.9])


def test_a_word_that_is_no_bundled_model_is_answered_with_what_there_is() -> None:
    with pytest.raises(NetworkFileError, match=r"no embedder 'nobody'.*bundled"):
        find_network(Path("nobody"))
