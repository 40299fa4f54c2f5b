"""What a model looked at in a tracklet's kept crops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from reid_engine.crops import pixels_of
from reid_engine.embedding import VideoEmbedder, bundled_models, explain_tracklets
from reid_engine.errors import NetworkFileError, ShapeError
from reid_engine.models import build_model
from reid_engine.models.files import load_model, read_card, save_model
from reid_engine.pixels import Preparation
from reid_engine.types import Crop, TrackletCrops


def crops(count: int, size: tuple[int, int] = (80, 40)) -> tuple[Crop, ...]:
    """Pictures of noise, the latest first."""
    made = []
    for number in reversed(range(count)):
        image = np.random.default_rng(number).integers(0, 256, (*size, 3)).astype(np.uint8)
        image = cv2.GaussianBlur(image, (0, 0), 1 + number)
        made.append(Crop(number, 100 * number, (0, 0, 40, 80), 0.5, cv2.imencode(".png", image)[1].tobytes()))
    return tuple(made)


def asked(path: Path) -> VideoEmbedder:
    """A model that nobody wants a vector of: without its export."""
    unused: Any = None
    return VideoEmbedder(path, unused, read_card(path), "not exported")


def test_the_bundled_default_says_what_it_looked_at_in_every_crop_its_vector_is_made_of() -> None:
    path = bundled_models()["reappear"]
    kept = TrackletCrops(crops(6), ())  # two clips of four, the second repeats its two frames
    alone, shown = explain_tracklets(asked(path), [TrackletCrops(crops(1), ()), kept]) or []
    assert len(alone.crops) == 1
    assert alone.weights["weights"] == pytest.approx([1], abs=1e-5)
    assert [crop.offset_us for crop in shown.crops] == [0, 100, 200, 300, 400, 500]
    model, _ = load_model(path)
    pictures = torch.from_numpy(Preparation.of(model.spec).clip([pixels_of(crop) for crop in shown.crops]))
    first, second = (model.explain(pictures[clip][None]) for clip in ([0, 1, 2, 3], [4, 5, 4, 5]))
    assert set(shown.weights) == {"weights"}
    assert set(shown.maps) == {"boost2", "carried"}
    wanted = [*first["weights"][0] / 2, (second["weights"][0][::2]).sum() / 2, (second["weights"][0][1::2]).sum() / 2]
    assert shown.weights["weights"] == pytest.approx(np.array([float(w) for w in wanted]), abs=1e-5)
    assert float(shown.weights["weights"].sum()) == pytest.approx(1, abs=1e-5)
    assert shown.maps["carried"].shape == (6, 16, 8)
    assert np.allclose(shown.maps["carried"][1], first["carried"][0, 1], atol=1e-6)
    assert np.allclose(shown.maps["boost2"][5], second["boost2"][0, 1::2].mean(0), atol=1e-6)


def test_a_model_that_takes_a_tracklet_whole_explains_its_runs_one_by_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build_model("gltr", backbone="compact", input_size=(64, 32)).eval()
    save_model(model, tmp_path / "small.safetensors")
    kept = TrackletCrops(crops(2), (crops(5), crops(3)))
    (shown,) = explain_tracklets(asked(tmp_path / "small.safetensors"), [kept]) or []
    assert len(shown.crops) == 8
    pictures = Preparation.of(model.spec).clip([pixels_of(crop) for crop in crops(3)])
    wanted = model.explain(torch.from_numpy(pictures)[None])
    assert set(shown.maps) == {"carried"}  # the mask is about pairs of frames
    assert np.allclose(shown.maps["carried"][5:], wanted["carried"][0], atol=1e-5)
    assert np.allclose(shown.weights["weights"][5:], wanted["weights"][0] / 3 / 2, atol=1e-5)


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    path = bundled_models()["reappear"]
    embedder = asked(path)
    with pytest.raises(ShapeError, match="without a single kept crop"):
        embedder.explain([TrackletCrops((), ())])
    embedder.path = tmp_path / "gone.safetensors"
    with pytest.raises(NetworkFileError, match=r"gone\.safetensors has no card"):
        embedder.explain([TrackletCrops(crops(1), ())])
    single: Any = object()
    assert explain_tracklets(single, [TrackletCrops(crops(1), ())]) is None
