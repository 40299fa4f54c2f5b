"""Generated footage with truth, end to end: who is found, who is kept apart, and who is found again by a click."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.measure.identity import Boxes, Scores, intersection_over_union, score
from tests.support import world
from tests.support.command import Weights, reappear
from tests.support.networks import stripe_embedder

pytestmark = pytest.mark.walk

LEAST_RECALL, LEAST_IDF1, LEAST_PURITY, LEAST_RANK_1 = 0.9, 0.8, 0.95, 0.5


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    weights = Weights(world.write_script(folder), stripe_embedder(folder))
    cameras = [
        w for name, file in zip(world.CAMERAS, world.recordings(), strict=True) for w in ("--camera", f"{name}={file}")
    ]
    said = reappear("ingest", folder / "case", *cameras, *weights.options())
    assert said.status == 0, said.err
    assert said.last("result")["ok"]
    return folder / "case"


@pytest.fixture(scope="module")
def tracklets(case: Path) -> list[dict[str, Any]]:
    return reappear("tracklets", case, "--json").objects


def found(tracklets: list[dict[str, Any]], camera: str) -> Boxes:
    """Stored boxes with the numbers of their pictures."""
    start = world.start_us(world.recordings()[world.CAMERAS.index(camera)])
    rows = [
        [round((box[0] - start) * world.FPS / 1e6), tracklet["tracklet"], *box[1:]]
        for tracklet in tracklets
        if tracklet["camera"] == camera
        for box in tracklet["boxes"]
    ]
    return Boxes.from_rows(rows)


def people(tracklets: list[dict[str, Any]]) -> dict[int, tuple[str, int]]:
    """tracklet -> (camera, the true person that it shows most)."""
    who: dict[int, tuple[str, int]] = {}
    for camera in world.CAMERAS:
        truth, boxes = world.truth(camera), found(tracklets, camera)
        votes: dict[int, Counter[int]] = {}
        for picture in np.unique(boxes.picture):
            here, there = boxes.picture == picture, truth.picture == picture
            overlap = intersection_over_union(boxes.xyxy[here], truth.xyxy[there])
            for row, tracklet in zip(overlap, boxes.identity[here], strict=True):
                if row.size and row.max() >= 0.5:
                    votes.setdefault(int(tracklet), Counter())[int(truth.identity[there][row.argmax()])] += 1
        who |= {tracklet: (camera, count.most_common(1)[0][0]) for tracklet, count in votes.items()}
    return who


def test_the_recordings_are_where_and_when_their_names_say(tracklets: list[dict[str, Any]]) -> None:
    assert {tracklet["camera"] for tracklet in tracklets} == set(world.CAMERAS)
    start = world.start_us(world.recordings()[0])
    assert all(start <= t["start_us"] <= t["end_us"] < start + 10_000_000 for t in tracklets)


@pytest.mark.parametrize("camera", world.CAMERAS)
def test_people_are_found_and_kept_apart(tracklets: list[dict[str, Any]], camera: str) -> None:
    got: Scores = score(world.truth(camera), found(tracklets, camera))
    print(camera, got)
    assert got.recall >= LEAST_RECALL
    assert got.idf1 >= LEAST_IDF1
    assert got.purity >= LEAST_PURITY


def test_a_click_finds_the_same_person_in_the_other_camera(case: Path, tracklets: list[dict[str, Any]]) -> None:
    who = people(tracklets)
    right = asked = 0
    for tracklet, (camera, person) in who.items():
        if not any(c != camera and p == person for c, p in who.values()):
            continue
        row = next(t for t in tracklets if t["tracklet"] == tracklet)
        time_us, x1, y1, x2, y2 = row["boxes"][len(row["boxes"]) // 2]
        moment = np.datetime64(time_us, "us").astype(str) + "Z"
        said = reappear("search", case, "--at", camera, moment, (x1 + x2) / 2, (y1 + y2) / 2, "--no-rerank", "--json")
        if said.status:  # somebody else stands before them in this picture
            said = reappear("search", case, "--tracklet", tracklet, "--no-rerank", "--json")
        (answer,) = said.objects
        first = answer["matches"][0]["tracklet"]
        right += who.get(first, ("", -1))[1] == person
        asked += 1
    print(f"rank-1: {right} of {asked}")
    assert asked >= 6
    assert right / asked >= LEAST_RANK_1
