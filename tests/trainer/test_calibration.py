"""The bands of a search: how many strangers pass, and where that is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reid_engine.camera_bias import camera_bias
from reid_engine.embedding.single import Calibration
from reid_engine.errors import InputError
from reid_engine.models import build_model
from reid_engine.models.files import load_model, save_model
from reid_engine.ranking import JUNK, cosine_distance, unit_length
from reid_engine.types import BANDS
from trainer.calibration import calibrate, carried_over, write_calibration


def crowd(count: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pids, camids = rng.integers(-1, 30, count), rng.integers(4, size=count)
    return rng.normal(size=(count, 24)).astype(np.float32), pids, camids


def test_as_many_strangers_pass_as_each_band_says() -> None:
    vectors, pids, camids = crowd()
    found = calibrate(vectors, pids, camids)
    kept = pids != JUNK
    unit = unit_length(vectors)
    bias = camera_bias(unit[kept], camids[kept], "cosine", unit[kept].mean(0))
    fair = bias.off(unit, camids.tolist())
    distance = cosine_distance(fair, fair)
    assert found["centre"] == pytest.approx(unit[kept].mean(0), abs=1e-6)
    strangers = np.array(
        [
            distance[a, b]
            for a in range(len(pids))
            for b in range(a + 1, len(pids))
            if JUNK not in (pids[a], pids[b]) and camids[a] != camids[b] and (pids[a] != pids[b] or pids[a] == 0)
        ]
    )
    for band, share in (("strong", 0.01), ("possible", 0.05), ("weak", 0.20)):
        assert (strangers <= found[band]).mean() == pytest.approx(share, abs=2 / len(strangers))
    assert found["strong"] < found["possible"] < found["weak"]


def test_the_search_s_own_schema_takes_it() -> None:
    found = calibrate(*crowd())
    assert Calibration.model_validate(found).strong == found["strong"]


def test_too_few_strangers_are_refused() -> None:
    with pytest.raises(InputError, match="pairs of strangers in different cameras are too few"):
        calibrate(*crowd(12))


def test_it_is_kept_in_the_card_with_its_origin_and_the_model_still_loads(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    save_model(build_model("tclnet", backbone="compact", input_size=(64, 32)), file)
    write_calibration(file, calibrate(*crowd()), "held-out pairs of world")
    _, card = load_model(file)
    assert set(card["calibration"]) == {"strong", "possible", "weak", "centre"}
    assert card["provenance"]["calibration"] == "held-out pairs of world"
    assert json.loads(file.with_suffix(".json").read_text())["model"] == "tclnet"
    assert not list(tmp_path.glob("*.part"))


def people(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of ``count`` people before three cameras, each camera with a bias of its own."""
    rng = np.random.default_rng(seed)
    looks, shifts = rng.normal(size=(count, 24)), np.random.default_rng(0).normal(size=(3, 24))
    vectors = np.concatenate([looks + 0.3 * rng.normal(size=looks.shape) + 0.5 * shift for shift in shifts])
    return vectors.astype(np.float32), np.tile(np.arange(1, count + 1), 3), np.repeat(np.arange(3), count)


def test_bands_go_along_with_a_model_that_changed() -> None:
    """Carried over by twelve people, they come nearer to what two hundred would tell than bands that stayed."""
    turned = np.random.default_rng(5).normal(size=(24, 24)).astype(np.float32) / 24**0.5
    further = np.eye(24, dtype=np.float32) + 0.3 * turned
    crowded, pids, camids = people(200, 1)
    was, wanted = calibrate(crowded, pids, camids), calibrate(crowded @ further, pids, camids)
    few, pids, camids = people(12, 2)
    moved = carried_over(was, few, few @ further, pids, camids)
    same = carried_over(was, few, few, pids, camids)
    assert same["centre"] == pytest.approx(was["centre"], abs=2e-6)
    bare = {band: was[band] for band in BANDS}
    assert carried_over(bare, few, few, pids, camids) == pytest.approx(bare, abs=2e-6)
    for band in BANDS:
        assert same[band] == pytest.approx(was[band], abs=2e-6)
        assert moved[band] == pytest.approx(wanted[band], abs=0.03)
    assert max(abs(moved[band] - wanted[band]) for band in BANDS) < max(abs(was[band] - wanted[band]) for band in BANDS)


def test_bands_are_not_carried_over_by_a_handful() -> None:
    vectors, pids, camids = people(3, 3)
    with pytest.raises(InputError, match="18 pairs of strangers in different cameras are too few to carry"):
        carried_over(calibrate(*people(40, 1)), vectors, vectors, pids, camids)
