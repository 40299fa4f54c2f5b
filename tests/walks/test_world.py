"""Generated footage with truth, end to end: who is found, who is kept apart, and who is found again by a click.

Once with a detector that knows the truth and stripes of colour, so that only the program can fail, and once with the
networks that the program brings along.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_engine.case import Case
from reid_engine.truth import Truth
from reid_engine.types import TrackletId
from tests.measure.identity import Scores, score
from tests.support import world
from tests.support.command import Said, Weights, inside, reappear
from tests.support.networks import stripe_embedder

pytestmark = pytest.mark.walk

BEGIN_US = world.start_us(world.recordings()[0])


@dataclass(frozen=True)
class Floors:
    """Against regression: the least recall, IDF1 and purity of both cameras, and rank-1 of a click."""

    recall: float
    idf1: float
    purity: float
    rank_1: float


@dataclass(frozen=True)
class Walked:
    """A case that was made, its tracklets, and what is expected of it."""

    case: Path
    tracklets: list[dict[str, Any]]
    floors: Floors


FLOORS = {"known": Floors(0.9, 0.8, 0.95, 0.4), "bundled": Floors(0.65, 0.6, 0.95, 0.4)}


@pytest.fixture(scope="module", params=FLOORS)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp(request.param)
    known = Weights(world.write_script(folder), stripe_embedder(folder)).options()
    options = known if request.param == "known" else ["--json"]
    cameras = [
        w for name, file in zip(world.CAMERAS, world.recordings(), strict=True) for w in ("--camera", f"{name}={file}")
    ]
    call = inside if request.param == "known" else reappear  # which looks for the networks that it brings along
    said = call("ingest", folder / "case", *cameras, *options)
    assert said.status == 0, said.err
    assert said.last("result")["ok"]
    tracklets = inside("tracklets", folder / "case", "--json").objects
    return Walked(folder / "case", tracklets, FLOORS[request.param])


def test_the_recordings_are_where_and_when_their_names_say(walked: Walked) -> None:
    assert {tracklet["camera"] for tracklet in walked.tracklets} == set(world.CAMERAS)
    assert all(BEGIN_US <= t["start_us"] <= t["end_us"] < BEGIN_US + 10_000_000 for t in walked.tracklets)


@pytest.mark.parametrize("camera", world.CAMERAS)
def test_people_are_found_and_kept_apart(walked: Walked, camera: str) -> None:
    got: Scores = score(world.truth(camera), world.stored(walked.tracklets, camera, BEGIN_US))
    print(camera, got)
    assert got.recall >= walked.floors.recall
    assert got.idf1 >= walked.floors.idf1
    assert got.purity >= walked.floors.purity


def test_the_truth_beside_the_recordings_names_the_same_people(walked: Walked) -> None:
    known, voted = Truth.beside(world.FOLDER), world.people(walked.tracklets, world.CAMERAS, BEGIN_US)
    assert known is not None
    with Case.open(walked.case, read_only=True) as case:
        named = {int(t.id): known.person(case.store, t) for t in case.store.tracklets([TrackletId(n) for n in voted])}
    sure = {number: person for number, person in named.items() if person is not None}
    assert len(sure) > 0.7 * len(voted)
    assert all(voted[number][1] == person for number, person in sure.items())


def test_a_click_finds_the_same_person_in_the_other_camera(walked: Walked, capsys: pytest.CaptureFixture[str]) -> None:
    def search(*probe: object) -> Said:
        return inside("search", walked.case, *probe, "--no-rerank", "--json")

    who = world.people(walked.tracklets, world.CAMERAS, BEGIN_US)
    right = asked = 0
    for tracklet, (camera, person) in who.items():
        if not any(c != camera and p == person for c, p in who.values()):
            continue
        row = next(t for t in walked.tracklets if t["tracklet"] == tracklet)
        time_us, x1, y1, x2, y2 = row["boxes"][len(row["boxes"]) // 2]
        moment = np.datetime64(time_us, "us").astype(str) + "Z"
        said = search("--at", camera, moment, (x1 + x2) / 2, (y1 + y2) / 2)
        if said.status:  # somebody else stands before them in this picture
            said = search("--tracklet", tracklet)
        (answer,) = said.objects
        first = answer["matches"][0]["tracklet"]
        right += who.get(first, ("", -1))[1] == person
        asked += 1
    with capsys.disabled():
        print(f"rank-1: {right} of {asked}")
    assert asked >= 6
    assert right / asked >= walked.floors.rank_1
