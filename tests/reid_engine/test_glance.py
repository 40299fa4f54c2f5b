"""Pictures that show nothing new are not detected again, and nothing that was found gets lost by that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from reid_engine.analysis import Checkpoint
from reid_engine.case import Case
from reid_engine.embedding import load_embedder
from reid_engine.glance import TRUSTED_US, Glance, Look
from reid_engine.ingest import Ingest, IngestOptions, Wanted
from reid_engine.jobs import JobControl
from reid_engine.settings import DetectionSettings, Settings
from reid_engine.types import BgrImage, Detections, Frame
from tests.support.command import contents
from tests.support.footage import Walk, record, wall
from tests.support.networks import stripe_embedder
from tests.support.scripted import ScriptedDetector

CHANGE = DetectionSettings().change
SIZE = (960, 540)
EMPTY = wall(*SIZE, seed=1)


def look(image: BgrImage, at_us: int = 0) -> Look:
    return Look.at(Frame(1, 0, at_us, image))


def with_somebody(left: int, colour: tuple[int, int, int], *, tall: int = 48) -> BgrImage:
    image = EMPTY.copy()
    image[300 : 300 + tall, left : left + tall // 3] = colour
    return image


def test_the_noise_of_a_sensor_is_nothing_new() -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(EMPTY + rng.normal(0, 6, EMPTY.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert look(noisy[0]).shows(look(noisy[1]), CHANGE)


@pytest.mark.parametrize("colour", [(0, 0, 0), (90, 90, 90), (150, 150, 150), (60, 120, 190)])
@pytest.mark.parametrize("left", [0, 311, 944])
def test_a_small_person_anywhere_is_something_new(colour: tuple[int, int, int], left: int) -> None:
    """As tall as 32 pixels where the detector sees 640 across: no smaller ones are found."""
    assert not look(EMPTY).shows(look(with_somebody(left, colour)), CHANGE)


def test_clothes_as_bright_as_what_is_behind_are_seen_by_their_colour() -> None:
    grey, green = EMPTY.copy(), EMPTY.copy()
    grey[:], green[:] = 128, 128
    green[300:348, 400:416] = (100, 145, 110)  # the same brightness
    assert not look(grey).shows(look(green), CHANGE)


def test_whoever_creeps_is_seen_once_it_adds_up() -> None:
    """Each picture is compared with the last one that was detected, not with the one before."""
    places = [with_somebody(400 + step, (90, 90, 90)) for step in range(12)]
    assert look(places[0]).shows(look(places[1]), 20.0)
    assert not look(places[0]).shows(look(places[-1]), 20.0)


def test_after_a_while_the_detector_looks_again_whatever_there_is() -> None:
    assert look(EMPTY).shows(look(EMPTY, TRUSTED_US - 1), CHANGE)
    assert not look(EMPTY).shows(look(EMPTY, TRUSTED_US), CHANGE)


def test_without_a_least_change_every_picture_is_new() -> None:
    assert not look(EMPTY).shows(look(EMPTY, 1), 0.0)


def test_a_checkpoint_keeps_what_the_next_picture_is_compared_with() -> None:
    people = Detections(np.array([[1, 2, 3, 4]], np.float32), np.array([0.5], np.float32))
    glance = Glance(look(EMPTY, 7), people)
    block = Checkpoint(1, 1, 0, 7, {}, {}, glance.state()).to_bytes()
    kept = Glance.restored(Checkpoint.from_bytes(block).glance)
    assert kept.look.offset_us == 7
    assert np.array_equal(kept.look.cells, glance.look.cells)
    assert np.array_equal(kept.people.xyxy, people.xyxy)
    assert np.array_equal(kept.people.score, people.score)


class Counting(ScriptedDetector):
    """Counts the pictures that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0

    def detect(self, images: Sequence[BgrImage]) -> list[Detections]:
        self.shown += len(images)
        return super().detect(images)


def ingested(case: Path, clips: Sequence[Path], change: float, *, batch: int = 4) -> int:
    """How many pictures the detector was shown."""
    detector = Counting()
    detector.wanted_batch = batch
    settings = Settings(detection=DetectionSettings(change=change))
    embedder = load_embedder(stripe_embedder(case.parent, case.name), None, threads=1, control=JobControl())
    with Case.create(case, "a test") as made:
        run = Ingest(made, detector, embedder, settings, IngestOptions(), JobControl())
        reports = run.run([Wanted(clip, clip.stem, 10_000_000) for clip in clips])
    assert {report.state for report in reports} == {"done"}
    return detector.shown


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """An empty place through which somebody walks, and one where somebody comes and then stands."""
    folder = tmp_path_factory.mktemp("clips")
    passing = record(folder / "gate.mp4", [Walk(0, 3.0, 5.0, -20, 340, 200)], seconds=8.0)
    staying = [Walk(1, 0.0, 1.5, -20, 150, 200), Walk(1, 1.5, 6.0, 150, 150, 200)]
    return [passing, record(folder / "hall.mp4", staying, seconds=8.0)]


def test_what_is_found_is_the_same_with_a_third_of_the_work(clips: list[Path], tmp_path: Path) -> None:
    every = ingested(tmp_path / "every", clips, 0.0)
    few = ingested(tmp_path / "few", clips, CHANGE)
    assert every == 160
    assert few < every / 2
    assert contents(tmp_path / "few") == contents(tmp_path / "every")


def test_how_pictures_are_batched_decides_nothing(clips: list[Path], tmp_path: Path) -> None:
    shown = [ingested(tmp_path / f"by {batch}", clips, CHANGE, batch=batch) for batch in (1, 7)]
    assert shown[0] == shown[1]
    assert contents(tmp_path / "by 1") == contents(tmp_path / "by 7")
