"""Why a candidate was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

import reid_engine.why
from reid_engine.embedding import Explanation
from reid_engine.types import BgrImage, Crop, TrackletCrops, Vectors
from reid_engine.why import COLUMNS, COVERED, OCCLUSION, ROWS, why

BLUE = np.array([1, 0, 0], np.float32)


class UpperHalf:
    """Sees the mean colour of the upper half only."""

    def __init__(self) -> None:
        self.asked = 0

    def embed_image(self, image: BgrImage) -> Vectors:
        self.asked += 1
        return image[: len(image) // 2].reshape(-1, 3).mean(axis=0).astype(np.float32)


def crop(upper: tuple[int, int, int], lower: tuple[int, int, int], at: int) -> Crop:
    image = np.empty((64, 30, 3), np.uint8)
    image[:32], image[32:] = upper, lower
    done, data = cv2.imencode(".png", image)
    assert done
    return Crop(at, at, (0, 0, 30, 64), 0.5, data.tobytes())


def test_the_nearest_crop_comes_first_and_the_places_that_count_are_where_the_network_looks() -> None:
    kept = TrackletCrops((crop((0, 200, 0), (9, 9, 9), 1), crop((200, 0, 10), (0, 0, 250), 2)), ())
    sees = UpperHalf()
    (found,) = why(sees, [(kept, BLUE)])
    nearest, other = found.pictures
    assert found.method == OCCLUSION
    assert (nearest.frame_index, other.frame_index) == (2, 1)
    assert nearest.distance < 0.01 < 0.9 < other.distance
    assert nearest.share is None
    assert nearest.heat is not None
    assert nearest.heat.shape == (ROWS, COLUMNS)
    assert nearest.heat[: ROWS // 2].min() > 0.9
    assert nearest.heat[ROWS // 2 :].max() == 0
    assert sees.asked == 2 + 2 * ROWS * COLUMNS


def test_only_the_nearest_pictures_are_covered_place_by_place() -> None:
    kept = TrackletCrops(tuple(crop((200, n, 10), (0, 0, 250), n) for n in range(4)), ())
    sees = UpperHalf()
    (found,) = why(sees, [(kept, BLUE)])
    assert [reason.heat is not None for reason in found.pictures] == [True] * COVERED + [False] * (4 - COVERED)
    assert sees.asked == 4 + COVERED * ROWS * COLUMNS


def test_where_nothing_counts_there_is_no_map() -> None:
    kept = TrackletCrops((crop((50, 50, 50), (50, 50, 50), 1),), ())
    (found,) = why(UpperHalf(), [(kept, np.array([1, 1, 1], np.float32))])
    assert [reason.heat for reason in found.pictures] == [None]


class AsksItself(UpperHalf):
    """A model with maps and weights of its own."""

    def __init__(self, weights: dict[str, Any], maps: dict[str, Any]) -> None:
        super().__init__()
        self.weights, self.maps = weights, maps


@pytest.fixture
def own_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    def explained(embedder: AsksItself, kept: Sequence[TrackletCrops], control: object) -> list[Explanation]:
        return [Explanation(one.best, embedder.weights, embedder.maps) for one in kept]

    monkeypatch.setattr(reid_engine.why, "explain_tracklets", explained)


@pytest.mark.usefixtures("own_maps")
def test_a_model_that_has_maps_is_asked_itself_and_weight_times_likeness_gives_the_order() -> None:
    kept = TrackletCrops(tuple(crop((200, 0, 10), (0, 0, 250), n) for n in range(3)), ())
    maps = np.zeros((3, 4, 2), np.float32)
    maps[1, 0, 0], maps[1, 1, 1], maps[2, 3, 1] = 0.5, -0.4, 0.25
    mean = 0.35 / maps.size
    sees = AsksItself({"weights": np.array([0.2, 0.5, 0.3], np.float32)}, {"boost2": -maps, "carried": maps})
    (found,) = why(sees, [(kept, BLUE)])
    assert found.method == "carried"
    assert [reason.frame_index for reason in found.pictures] == [1, 2, 0]
    assert [reason.share for reason in found.pictures] == pytest.approx([0.5, 0.3, 0.2])
    first, second, third = (reason.heat for reason in found.pictures)
    assert first is not None
    assert second is not None
    assert (first[0, 0], first[1, 1], second[3, 1]) == pytest.approx((1, 0, (0.25 - mean) / (0.5 - mean)), abs=1e-6)
    assert np.count_nonzero(first) == np.count_nonzero(second) == 1
    assert third is None
    assert sees.asked == 3, "nothing is covered"


@pytest.mark.usefixtures("own_maps")
def test_an_attention_that_is_everywhere_the_same_shows_nothing_and_no_weights_means_nearest_first() -> None:
    kept = TrackletCrops((crop((0, 200, 0), (9, 9, 9), 1), crop((200, 0, 10), (0, 0, 250), 2)), ())
    sees = AsksItself({}, {"attention": np.full((2, 4, 2), 0.7, np.float32)})
    (found,) = why(sees, [(kept, BLUE)])
    assert found.method == "attention"
    assert [(reason.frame_index, reason.heat) for reason in found.pictures] == [(2, None), (1, None)]
