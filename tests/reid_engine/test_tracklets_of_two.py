"""A track that changes hands gives a tracklet each; one person in changing light gives one."""

from __future__ import annotations

import numpy as np
import pytest

from reid_engine.settings import TrackletSettings
from reid_engine.tracklets import TrackletBuilder
from reid_engine.types import BgrImage, ClosedTracklet, Detections, Frame
from tests.reid_engine.test_tracklets import same, through_a_file, tracked
from tests.support.footage import PEOPLE, Walk, draw, wall

SIZE = (320, 240)
STEP_US = 100_000
PICTURES = 60
SWAP = 30
MEETING = range(27, 33)  # nearest at SWAP
Box = tuple[float, float, float, float]
WALL = wall(*SIZE, seed=4)


def picture(index: int, people: dict[int, Box], persons: dict[int, int], light: float = 1.0) -> Frame:
    """Everybody drawn into their box."""
    image: BgrImage = WALL.copy()
    for number, (x1, y1, x2, y2) in people.items():
        draw(image, Walk(persons[number], 0.0, 1.0, (x1 + x2) / 2, (x1 + x2) / 2, y2, y2 - y1), 0.0)
    return Frame(0, index, index * STEP_US, (image * light).astype(np.uint8))


def meeting(index: int) -> tuple[Frame, Detections]:
    """Two people come near one another and part; their tracks are mixed up at ``SWAP``."""
    apart = 20 + 6 * abs(index - SWAP) if index in MEETING else 80
    people: dict[int, Box] = {1: (100, 100, 136, 200), 2: (100.0 + apart, 100, 136.0 + apart, 200)}
    persons = {1: 0, 2: 3} if index < SWAP else {1: 3, 2: 0}
    return picture(index, people, persons), tracked(people)


def alone(index: int, person: int, light: float = 1.0) -> tuple[Frame, Detections]:
    people: dict[int, Box] = {1: (100.0 + index, 100, 136.0 + index, 200)}
    return picture(index, people, {1: person}, light), tracked(people)


def collect(scene: list[tuple[Frame, Detections]], builder: TrackletBuilder | None = None) -> list[ClosedTracklet]:
    builder = TrackletBuilder(TrackletSettings(), SIZE) if builder is None else builder
    closed = [tracklet for frame, people in scene for tracklet in builder.push(frame, people)]
    return closed + builder.finish()


def test_a_mix_up_is_cut_where_the_two_were_nearest() -> None:
    found = collect([meeting(index) for index in range(PICTURES)])
    assert [(t.track_id, t.frame_index.tolist()) for t in found] == [
        (track, list(part)) for track in (1, 2) for part in (range(SWAP), range(SWAP, PICTURES))
    ]


def test_each_part_keeps_its_own_crops_and_runs() -> None:
    for tracklet in collect([meeting(index) for index in range(PICTURES)]):
        own = set(tracklet.frame_index.tolist())
        assert tracklet.crops.runs
        kept = [*tracklet.crops.best, *(crop for run in tracklet.crops.runs for crop in run)]
        assert {crop.frame_index for crop in kept} <= own
        assert tracklet.quality == tracklet.crops.best[0].quality == max(c.quality for c in tracklet.crops.best)
        for run in tracklet.crops.runs:
            assert np.diff([crop.frame_index for crop in run]).tolist() == [1] * (len(run) - 1)


@pytest.mark.parametrize("cut", [1, 20, SWAP - 1, SWAP, SWAP + 1, 45, PICTURES])
def test_going_on_from_a_checkpoint_cuts_at_the_same_place(cut: int) -> None:
    scene = [meeting(index) for index in range(PICTURES)]
    before, again = (TrackletBuilder(TrackletSettings(), SIZE) for _ in range(2))
    assert all(before.push(*step) == [] for step in scene[:cut])
    again.restore(through_a_file(before.state()))
    for index in again.wanted():
        again.supply(scene[index][0])
    assert same(collect(scene[cut:], again), collect(scene))


def test_three_people_on_one_track_give_three_tracklets() -> None:
    scene = [alone(index, person=(0, 3, 7)[index // 25]) for index in range(75)]
    assert [t.frame_index.tolist()[0] // 10 for t in collect(scene)] == [0, 2, 5]


def test_without_anybody_near_the_cut_lies_between_the_crops() -> None:
    first, second = collect([alone(index, person=0 if index < SWAP else 3) for index in range(PICTURES)])
    assert first.frame_index[-1] + 1 == second.frame_index[0]
    assert abs(int(second.frame_index[0]) - SWAP) <= 4


@pytest.mark.parametrize("person", range(len(PEOPLE)))
def test_one_person_who_walks_through_changing_light_stays_one(person: int) -> None:
    light = 0.7 + 0.3 * np.cos(np.linspace(0, 2 * np.pi, PICTURES))
    assert len(collect([alone(index, person, float(light[index])) for index in range(PICTURES)])) == 1
    assert len(collect([alone(index, person, 0.6 if index < SWAP else 1.0) for index in range(PICTURES)])) == 1


def test_two_people_who_pass_and_keep_their_tracks_stay_two() -> None:
    scene = [meeting(index) for index in range(SWAP)]
    for index in range(SWAP, PICTURES):
        people: dict[int, Box] = {1: (100, 100, 136, 200), 2: (180, 100, 216, 200)}
        scene.append((picture(index, people, {1: 0, 2: 3}), tracked(people)))
    assert [(t.track_id, len(t.score)) for t in collect(scene)] == [(1, PICTURES), (2, PICTURES)]
