"""The main job on the command line: recordings in, a click, ranked matches from the other camera.

The figures are drawn: their colours make every right answer certain, so that it can be demanded. What is found in
pictures that look like people is test_world's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.cli import main
from reid_engine.case import Case
from reid_engine.colours import COLOURS
from tests.support import command
from tests.support.command import Said, Weights, environment, inside
from tests.support.footage import PEOPLE, SKIN, two_cameras
from tests.support.photos import scene
from tests.support.program import program

pytestmark = pytest.mark.walk

COUNTING = Path(__file__).parent.parent / "support" / "counting"

START = "2026-11-03T14:00:00+01:00"
START_US = 1_793_710_800_000_000
Call = Callable[..., Said]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return Weights.write(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return two_cameras(tmp_path_factory.mktemp("footage"), seconds=8.0)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, weights: Weights, footage: tuple[Path, Path]) -> Path:
    folder = tmp_path_factory.mktemp("case") / "station 'theft' 😀"
    east, west = footage
    cameras = ["--camera", f"East «gate»={east}", "--camera", f"West 'hall' 😀={west}", "--start", START]
    said = inside("ingest", folder, *cameras, *weights.options())
    assert said.status == 0, said.err
    assert said.last("result")["ok"]
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """One call in this process: verbs that read a case need no process of their own to be tested."""

    def run(*arguments: object) -> Said:
        status = main([str(argument) for argument in arguments], program())
        out, err = capsys.readouterr()
        return Said(status, out, err)

    return run


def who(case: Path, tracklet: int) -> int:
    """The drawn person of a tracklet, by the colour of the top in its best crop."""
    with Case.open(case, read_only=True) as opened:
        jpeg = opened.store.best_crops([tracklet])[tracklet]  # type: ignore[list-item, index]
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    height, width, _ = image.shape
    top = image[int(0.25 * height) : int(0.45 * height), int(0.3 * width) : int(0.7 * width)].reshape(-1, 3).mean(0)
    return int(np.argmin([np.abs(top - colours[0]).sum() for colours in PEOPLE]))


def people(case: Path, call: Call) -> dict[int, tuple[str, int]]:
    """tracklet -> (camera, person)."""
    return {t["tracklet"]: (t["camera"], who(case, t["tracklet"])) for t in call("tracklets", case, "--json").objects}


def matches(said: Said) -> list[dict[str, Any]]:
    assert said.status == 0, said.err
    (found,) = said.objects
    rows: list[dict[str, Any]] = found["matches"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    return rows


def test_everybody_who_walked_by_is_a_tracklet_in_true_time(case: Path, call: Call) -> None:
    rows = call("tracklets", case, "--json").objects
    assert {row["camera"] for row in rows} == {"East «gate»", "West 'hall' 😀"}
    assert len(rows) == 7
    for row in rows:
        assert set(row) == {"tracklet", "camera", "start_us", "end_us", "boxes"}
        times = [box[0] for box in row["boxes"]]
        assert times == sorted(times)
        assert (row["start_us"], row["end_us"]) == (times[0], times[-1])
        assert START_US <= times[0] < START_US + 8_000_000


@pytest.mark.parametrize("rerank", [[], ["--no-rerank"]])
def test_the_first_match_in_the_other_camera_is_the_same_person(case: Path, call: Call, rerank: list[str]) -> None:
    known = people(case, call)
    asked = 0
    for tracklet, (camera, person) in known.items():
        if not any(c != camera and p == person for c, p in known.values()):
            continue
        rows = matches(call("search", case, "--tracklet", tracklet, "--json", *rerank))
        assert all(row["camera"] != camera for row in rows)
        assert known[rows[0]["tracklet"]][1] == person
        asked += 1
    assert asked == 6


def test_without_reranking_the_distance_rises_with_the_rank_and_bands_follow_the_card(case: Path, call: Call) -> None:
    first = call("tracklets", case, "--json").objects[0]["tracklet"]
    rows = matches(call("search", case, "--tracklet", first, "--no-rerank", "--json"))
    distances = [row["distance"] for row in rows]
    assert distances == sorted(distances)
    for row in rows:
        limits = {"strong": 0.05, "possible": 0.2, "weak": 0.5}
        expected = next((name for name, limit in limits.items() if row["distance"] <= limit), "none")
        assert row["band"] == expected


def test_a_click_into_the_picture_finds_the_tracklet_under_it(case: Path, call: Call) -> None:
    row = call("tracklets", case, "--json").objects[2]
    time, x1, y1, x2, y2 = row["boxes"][len(row["boxes"]) // 2]
    moment = np.datetime64(time, "us").astype(str) + "Z"
    by_click = call("search", case, "--at", row["camera"], moment, (x1 + x2) / 2, (y1 + y2) / 2, "--json")
    by_number = call("search", case, "--tracklet", row["tracklet"], "--json")
    assert matches(by_click) == matches(by_number)


def test_a_click_beside_everybody_says_who_is_nearest(case: Path, call: Call) -> None:
    row = call("tracklets", case, "--json").objects[0]
    moment = np.datetime64(row["boxes"][5][0], "us").astype(str) + "Z"
    said = call("search", case, "--at", row["camera"], moment, 1, 1, "--json")
    assert said.status == 3
    assert "nearest" in said.err
    assert said.out == ""


def test_a_picture_of_a_person_finds_them(case: Path, call: Call, tmp_path: Path) -> None:
    image = np.zeros((100, 40, 3), np.uint8)
    image[:15], image[15:55], image[55:] = SKIN, *PEOPLE[1]
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), image)
    rows = matches(call("search", case, "--image", path, "--json"))
    known = people(case, call)
    assert {known[row["tracklet"]][1] for row in rows[:2]} == {1}
    assert {row["camera"] for row in rows[:2]} == {camera for camera, _ in known.values()}


def test_a_picture_of_several_people_is_searched_for_the_one_who_is_chosen(
    case: Path, call: Call, tmp_path: Path
) -> None:
    known, path = people(case, call), scene(tmp_path / "photo.png", 0, 1)
    asked = call("search", case, "--image", path, "--json")
    assert asked.status == 2
    assert asked.out == ""
    assert "2 people are in this picture: 1 at " in asked.err
    for number in (1, 2):
        rows = matches(call("search", case, "--image", path, "--person", number, "--json"))
        assert {known[row["tracklet"]][1] for row in rows[:2]} == {number - 1}
    alone = call("search", case, "--image", scene(tmp_path / "one.png", 1), "--json")
    assert {known[row["tracklet"]][1] for row in matches(alone)[:2]} == {1}
    assert "the one person found in one.png" in alone.err
    nobody = call("search", case, "--image", scene(tmp_path / "none.png"), "--json")
    assert "nobody was found in none.png" in nobody.err
    assert matches(nobody)
    assert "nearest are listed: --limit 10" in call("search", case, "--image", path, "--person", 0, "--limit", 1).err
    with Case.open(case, read_only=True) as opened:
        asked_for = [event.body["picture"] for event in opened.store.events(limit=5) if event.kind == "search"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert asked_for[-1] == {"sha256": digest}, "which picture, and no name of a file"
    assert asked_for[0]["sha256"] == digest
    assert len(asked_for[0]["xyxy"]) == 4
    assert "--image FILE" in call("search", case, "--tracklet", 1, "--person", 1).err


def test_filters_of_camera_and_time_are_honoured(case: Path, call: Call) -> None:
    rows = call("tracklets", case, "--json").objects
    first = rows[0]["tracklet"]
    other = next(row["camera"] for row in rows if row["camera"] != rows[0]["camera"])
    only = matches(call("search", case, "--tracklet", first, "--camera", other, "--json"))
    assert {row["camera"] for row in only} == {other}
    late = matches(call("search", case, "--tracklet", first, "--from", "2026-11-03T13:00:04.5Z", "--json"))
    assert late
    assert all(row["end_us"] >= START_US + 4_500_000 for row in late)
    early = matches(call("search", case, "--tracklet", first, "--to", "2026-11-03T13:00:00.3Z", "--json"))
    assert all(row["start_us"] <= START_US + 300_000 for row in early)


def test_everybody_is_listed_by_place_time_and_clothes(case: Path, call: Call) -> None:
    """Somebody was described, and nobody is known yet."""

    def listed(*words: object) -> list[dict[str, Any]]:
        return list(call("tracklets", case, *words, "--json").objects)

    rows = listed()
    here = rows[0]["camera"]
    assert listed("--camera", here) == [row for row in rows if row["camera"] == here] != rows
    late = listed("--from", "2026-11-03T13:00:04.5Z")
    assert late == [row for row in rows if row["end_us"] >= START_US + 4_500_000]
    worn = {colour: listed("--upper", colour) for colour in COLOURS}
    assert len([one for one in worn.values() if one]) > 1
    assert {row["tracklet"] for one in worn.values() for row in one} <= {row["tracklet"] for row in rows}
    assert listed("--quality", 1) == []
    said = call("tracklets", case, "--upper", "reddish")
    assert (said.status, said.out) == (2, "")
    assert "reddish; choose one of black, grey" in said.err


def test_people_seen_together_by_one_camera_are_different_and_come_last(case: Path, call: Call) -> None:
    rows = call("tracklets", case, "--json").objects
    probe = rows[0]
    together = {
        row["tracklet"]
        for row in rows[1:]
        if row["camera"] == probe["camera"]
        and row["start_us"] <= probe["end_us"]
        and probe["start_us"] <= row["end_us"]
    }
    assert together
    found = matches(call("search", case, "--tracklet", probe["tracklet"], "--same-camera", "--json"))
    stamped = {row["tracklet"] for row in found if "same-camera-overlap" in row["flags"]}
    assert stamped == together
    assert {row["tracklet"] for row in found[-len(together) :]} == together


def test_why_names_the_pictures_of_both_sides_that_carried_a_match(case: Path, call: Call) -> None:
    probe = call("tracklets", case, "--json").objects[0]["tracklet"]
    found = matches(call("search", case, "--tracklet", probe, "--json"))[0]["tracklet"]
    (sides,) = call("why", case, found, probe, "--json").objects
    assert set(sides) == {"found", "searched"}
    for side in sides.values():
        assert side["method"] == "occlusion"  # a single-image network has no maps of its own
        distances = [picture["distance"] for picture in side["pictures"]]
        assert distances == sorted(distances)
    assert "occlusion" in call("why", case, found, probe).err


def test_feedback_changes_the_ranking_at_once(case: Path, call: Call) -> None:
    known = people(case, call)
    probe = next(number for number, (camera, person) in known.items() if person == 3)
    before = matches(call("search", case, "--tracklet", probe, "--json"))
    rejected = before[0]["tracklet"]
    after = matches(call("search", case, "--tracklet", probe, "--different", rejected, "--json"))
    assert after[-1]["tracklet"] == rejected
    assert "rejected" in after[-1]["flags"]
    confirmed = matches(call("search", case, "--tracklet", probe, "--same", before[-1]["tracklet"], "--json"))
    assert confirmed[0]["tracklet"] == before[-1]["tracklet"]


def test_a_contact_sheet_is_a_picture(case: Path, call: Call, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    first = call("tracklets", case, "--json").objects[0]["tracklet"]
    assert call("search", case, "--tracklet", first, "--sheet", sheet).status == 0
    assert min(cv2.imread(str(sheet)).shape[:2]) > 200


def test_the_case_proves_itself(case: Path, call: Call, weights: Weights) -> None:
    said = call("check", case, "--embedder", weights.embedder)
    assert said.status == 0
    assert "agree" in said.err
    told = call("record", case)
    assert told.status == 0
    assert "ingest started" not in told.out
    assert "analysis started: " in told.out


def test_what_the_case_is_for_is_printed_and_said_anew(case: Path, call: Call) -> None:
    said = call("purpose", case, "theft, order 17")
    assert (said.status, said.out) == (0, "theft, order 17\n")
    assert call("purpose", case).out == "theft, order 17\n"
    assert call("purpose", case, " ").status == 2
    assert "purpose set: “theft, order 17”" in call("record", case).out


def test_a_clock_that_was_wrong_is_corrected_afterwards(
    tmp_path: Path, weights: Weights, footage: tuple[Path, Path], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "case"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text("[work]\nrate = 5\n")
    monkeypatch.setenv("REAPPEAR_CONFIG", str(tmp_path / "config"))
    assert inside("ingest", folder, footage[0], "--start", START, *weights.options()).status == 0
    before = call("tracklets", folder, "--json").objects
    shown, true = "2026-11-03T14:00:37+01:00", "2026-11-03T14:00:00+01:00"
    assert call("clock", folder, "east", "--shown", shown, "--true", true, "--zone", "Europe/Berlin").status == 0
    after = call("tracklets", folder, "--json").objects
    assert [row["start_us"] + 37_000_000 for row in after] == [row["start_us"] for row in before]
    assert call("check", folder).status == 0
    assert "CET" in call("cameras", folder).out
    assert 3 <= len(before[0]["boxes"]) <= 25, "five pictures a second were analysed, not ten"


def test_a_warm_child_embeds_boxes_and_pictures(case: Path, call: Call, tmp_path: Path) -> None:
    row = call("tracklets", case, "--json").objects[0]
    time, *box = row["boxes"][len(row["boxes"]) // 2]
    questions = [
        {"id": 1, "camera": row["camera"], "time_us": time, "xyxy": box},
        {"id": 2, "image": str(tmp_path / "gone.jpg")},
        {"id": 3, "camera": row["camera"], "time_us": time + 10**9, "xyxy": box},
        {"id": 4, "people": str(scene(tmp_path / "photo.png", 1, 2))},
        {"id": 5, "image": str(tmp_path / "photo.png"), "xyxy": [200, 0, 300, 90]},
        {"nonsense": True},
    ]
    process = command.subprocess.Popen(
        [*command.COMMAND, "probe", str(case), "--json"],
        stdin=command.subprocess.PIPE,
        stdout=command.subprocess.PIPE,
        text=True,
        env=environment(),
    )
    out, _ = process.communicate("".join(json.dumps(question) + "\n" for question in questions), timeout=60)
    ready, drawn, missing, late, photo, beside, nonsense = (json.loads(line) for line in out.splitlines())
    assert ready["event"] == "ready"
    vector = np.frombuffer(base64.b64decode(drawn["vector"]), "<f4")
    assert vector.shape == (drawn["dim"],)
    with Case.open(case, read_only=True) as opened:
        stored = opened.store.vectors(opened.model(), [row["tracklet"]])[0]
    assert float(vector @ stored) > 0.95
    assert "no such picture" in missing["error"]
    assert "no footage" in late["error"]
    assert (len(photo["people"]), photo["portrait"], photo["problem"]) == (2, False, "")
    assert "too small" in beside["error"]
    assert nonsense["id"] is None
    assert process.returncode == 0


def test_an_ingest_and_a_search_connect_to_nothing_in_any_of_their_processes(
    tmp_path: Path, weights: Weights, footage: tuple[Path, Path]
) -> None:
    log = tmp_path / "connections"
    counted = environment() | {"CONNECTION_LOG": str(log)}
    counted["PYTHONPATH"] = os.pathsep.join([str(COUNTING), counted["PYTHONPATH"]])
    for arguments in (
        ["ingest", "case", footage[0], *weights.options()],
        ["search", "case", "--tracklet", 1, "--json"],
    ):
        words = [*command.COMMAND, *map(str, arguments)]
        run = command.subprocess.run(words, env=counted, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
    assert not log.exists(), log.read_text()
    probe = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    command.subprocess.run([command.COMMAND[0], "-c", probe], env=counted, check=True)
    assert "connect_ex" in log.read_text(), "the counter counts"
