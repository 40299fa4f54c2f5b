"""Why a candidate was found."""

from __future__ import annotations

import cv2
import numpy as np

from reid_engine.types import BgrImage, Crop, TrackletCrops, Vectors
from reid_engine.why import COLUMNS, ROWS, why


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
    nearest, other = why(sees, np.array([1, 0, 0], np.float32), kept, mapped=1)
    assert (nearest.place, other.place) == (1, 0)
    assert nearest.distance < 0.01 < 0.9 < other.distance
    assert other.heat is None
    assert nearest.heat is not None
    assert nearest.heat.shape == (ROWS, COLUMNS)
    assert nearest.heat[: ROWS // 2].min() > 0.9
    assert nearest.heat[ROWS // 2 :].max() == 0
    assert sees.asked == 2 + ROWS * COLUMNS


def test_where_nothing_counts_there_is_no_map() -> None:
    kept = TrackletCrops((crop((50, 50, 50), (50, 50, 50), 1),), ())
    (only,) = why(UpperHalf(), np.array([1, 1, 1], np.float32), kept)
    assert only.heat is None
