"""What a camera does to everybody is taken off, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from reid_engine.camera_bias import PRIOR, CameraBias, camera_bias
from reid_engine.ranking import cosine_distance, unit_length
from reid_engine.types import DistanceName

DIM = 24


def crowd(count: int = 90, cameras: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return unit_length(rng.normal(size=(count, DIM)).astype(np.float32)), np.arange(count) % cameras


def slowly(vectors: np.ndarray, cameras: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(N, D) to take off each row, number by number."""
    dims, names = range(vectors.shape[1]), sorted(set(cameras.tolist()))
    rows = {camera: [n for n in range(len(vectors)) if cameras[n] == camera] for camera in names}
    spread = {}
    for camera, own in rows.items():
        if len(own) > 1:
            mean = [sum(vectors[n][d] for n in own) / len(own) for d in dims]
            spread[camera] = sum((vectors[n][d] - mean[d]) ** 2 for n in own for d in dims) / (len(own) - 1)
    usual = float(np.median(list(spread.values()))) if spread else 0.0
    trusted = {camera: rows[camera] if spread.get(camera, -1.0) >= 0.5 * usual else [] for camera in names}
    everybody = [n for own in trusted.values() for n in own]
    everywhere = [(sum(vectors[n][d] for n in everybody) + 20 * centre[d]) / (len(everybody) + 20) for d in dims]
    means = {
        camera: [(sum(vectors[n][d] for n in own) + 20 * everywhere[d]) / (len(own) + 20) for d in dims]
        for camera, own in trusted.items()
    }
    return np.array([means[camera] for camera in cameras.tolist()])


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("calibrated", [True, False])
def test_it_is_the_mean_of_a_camera_drawn_to_the_mean_of_all(distance: DistanceName, calibrated: bool) -> None:
    vectors, cameras = crowd(31)
    cameras[:4], cameras[4], cameras[5:15] = 7, 8, 9
    vectors[5:15] = unit_length(vectors[5] + 0.05 * vectors[5:15])  # camera 9 sees one person, 8 one track
    centre = np.linspace(-1, 1, DIM, dtype=np.float32) if calibrated else np.zeros(DIM, np.float32)
    found = camera_bias(vectors, cameras, distance, centre if calibrated else None).off(vectors, cameras.tolist())
    left = vectors - slowly(vectors, cameras, centre)
    expected = left / np.sqrt((left**2).sum(1, keepdims=True)) if distance == "cosine" else left
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_picture_of_no_camera_and_a_camera_that_was_not_there_lose_the_mean_of_all() -> None:
    vectors, cameras = crowd()
    bias = camera_bias(vectors, cameras, "euclidean")
    expected = vectors[:2] - vectors.sum(0) / (len(vectors) + PRIOR)
    assert bias.off(vectors[:2], [None, 99]) == pytest.approx(expected, abs=1e-6)


def test_a_camera_that_colours_everybody_hides_nobody() -> None:
    """Fifty people before three cameras, each of which colours everybody in its own way."""
    rng = np.random.default_rng(0)
    people, colours = rng.normal(size=(50, DIM)), rng.normal(size=(3, DIM))
    seen = np.concatenate([people + colour for colour in colours]) + 0.3 * rng.normal(size=(150, DIM))
    vectors, cameras = unit_length(seen.astype(np.float32)), np.repeat([1, 2, 3], 50)

    def right(found: np.ndarray) -> float:
        """How often both of the nearest two are the person, whom the other two cameras show once each."""
        near = np.argsort(cosine_distance(found, found), axis=1)[:, 1:3] % 50
        return float((near == np.arange(150)[:, None] % 50).all(1).mean())

    assert right(vectors) < 0.1
    assert right(camera_bias(vectors, cameras, "cosine").off(vectors, cameras.tolist())) > 0.9


def test_two_tracks_of_one_person_and_nothing_else_stay_near() -> None:
    """Plain means would leave nothing but their difference, and call them opposites."""
    rng = np.random.default_rng(1)
    pair = unit_length((rng.normal(size=DIM) + 0.2 * rng.normal(size=(2, DIM))).astype(np.float32))
    found = camera_bias(pair, np.array([1, 2]), "cosine").off(pair, [1, 2])
    assert cosine_distance(found[:1], found[1:])[0, 0] < 0.2


def test_a_camera_that_sees_one_guard_all_day_shows_him_all_the_same() -> None:
    rng = np.random.default_rng(1)
    guard = rng.normal(size=DIM)
    nights = guard + 0.25 * rng.normal(size=(400, DIM))
    elsewhere = np.concatenate([rng.normal(size=(60, DIM)), guard[None] + 0.2 * rng.normal(size=DIM)])
    vectors = unit_length(np.concatenate([nights, elsewhere]).astype(np.float32))
    cameras = np.repeat([1, 2], [400, 61])
    found = camera_bias(vectors, cameras, "cosine").off(vectors, cameras.tolist())
    near = cosine_distance(found[-1:], found)[0]
    assert near[:400].max() < near[400:460].min()


def test_nothing_known_takes_nothing_off() -> None:
    vectors, _ = crowd(3)
    assert CameraBias("cosine", np.zeros(DIM, np.float32)).off(vectors, [1, None, 2]) == pytest.approx(vectors)
