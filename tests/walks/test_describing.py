"""Another model for a case whose recordings are gone: described, stopped, gone on, and back to the model before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.command import Said, Weights, inside
from tests.support.footage import PEOPLE, SKIN, Walk, record
from tests.support.networks import another_embedder

pytestmark = pytest.mark.walk


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return Weights.write(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return another_embedder(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def made(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of one person in two cameras; the recordings are not there any more. Beside it a photograph."""
    folder = tmp_path_factory.mktemp("made")
    films = [
        record(folder / f"{name}.mp4", [Walk(0, 0.2, 2.8, -20, 340, 110)], seconds=3.0, seed=number)
        for number, name in enumerate(("east", "west"))
    ]
    assert inside("ingest", folder / "case", *films, *weights.options()).status == 0
    for film in films:
        film.unlink()
    picture = np.zeros((100, 40, 3), np.uint8)
    picture[:15], picture[15:55], picture[55:] = SKIN, *PEOPLE[0]
    cv2.imwrite(str(folder / "photo.png"), picture)
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


def models(case: Path) -> list[tuple[int, int, bool]]:
    return [(one["described"], one["tracklets"], one["in_force"]) for one in listed(case).objects]


def listed(case: Path) -> Said:
    said = inside("describe", case, "--list", "--json")
    assert said.status == 0, said.err
    return said


def test_a_case_without_its_recordings_goes_over_to_another_model_and_back(
    home: Path, other: Path, weights: Weights
) -> None:
    case = home / "case"
    before = listed(case).objects[0]
    assert (before["described"], before["tracklets"], before["in_force"]) == (2, 2, True)
    assert Path(before["path"]) == weights.embedder
    assert inside("decide", case, 1, 2, "same").status == 0

    said = inside("describe", case, "--embedder", other, "--json")
    assert said.status == 0, said.err
    result = said.last("result")
    now = result["described"]["model"]
    assert result["ok"]
    assert result["described"] == {"model": now, "before": before["model"], "described": 2, "tracklets": 2}
    assert f"2 of 2 tracklets were described by {now}, which is in force now instead of {before['model']}" in said.err
    assert any(event.get("stage") == "embed" for event in said.objects)
    assert models(case) == [(2, 2, True), (2, 2, False)]

    found = inside("search", case, "--tracklet", 1, "--json").objects[0]["matches"]
    assert [match["tracklet"] for match in found] == [2]
    assert len(inside("search", case, "--image", home / "photo.png", "--json").objects[0]["matches"]) == 2
    assert inside("why", case, 2, 1, "--json").status == 0
    assert "2" in inside("journey", case, 1).out
    assert inside("check", case, "--embedder", other).status == 0
    record = inside("record", case)
    assert record.status == 0
    for words in ("2 tracks lack a vector", f"searches go by {now} now", "2 of 2 tracks"):
        assert words in record.out

    back = inside("describe", case, "--embedder", before["model"])
    assert back.status == 0, back.err
    assert f"all 2 tracklets had a vector of {before['model']} already, which is in force now" in back.err
    assert listed(case).objects[0]["model"] == before["model"]
    plain = inside("describe", case, "--list").out.splitlines()
    assert plain[0].startswith(before["model"])
    assert plain[0].endswith("in force")
    assert now in plain[1]


def test_a_stop_keeps_the_old_model_and_the_same_command_goes_on(home: Path, other: Path) -> None:
    case, orders = home / "case", home / "orders"
    orders.write_text("cancel\n")
    said = inside("describe", case, "--embedder", other, "--control", orders, "--json")
    assert said.status == 4, said.err
    assert said.last("result")["error"] == "JobCancelled"
    assert [one for one in models(case) if one[2]] == [(2, 2, True)]
    assert inside("check", case).status == 0
    assert inside("describe", case, "--embedder", other).status == 0
    assert models(case) == [(2, 2, True), (2, 2, False)]


def test_without_a_named_model_the_one_in_force_stays(home: Path, other: Path) -> None:
    """An investigator's own model is never replaced by the one that came with the program, unless somebody says so."""
    case = home / "case"
    assert inside("describe", case, "--embedder", other).status == 0
    before = models(case)
    said = inside("describe", case)
    assert said.status == 0, said.err
    assert "which is in force as before" in said.err
    assert models(case) == before


def test_what_cannot_be_used_is_said_and_changes_nothing(home: Path, weights: Weights) -> None:
    case = home / "case"
    (home / "text.onnx").write_text("no network")
    for given, words in (("nobody", "nobody"), (home / "text.onnx", "text.onnx"), (home / "gone.onnx", "gone.onnx")):
        said = inside("describe", case, "--embedder", given, "--json")
        assert said.status == 3
        assert words in said.err
        assert not said.last("result")["ok"]
    assert inside("describe", home / "nothing", "--embedder", weights.embedder).status == 3
    assert not (home / "nothing").exists()
    assert models(case) == [(2, 2, True)]


def test_a_piece_is_cut_by_the_new_model_when_the_old_file_is_gone(home: Path, other: Path, weights: Weights) -> None:
    case = home / "case"
    mine = Path(shutil.copytree(weights.embedder.parent, home / "mine")) / weights.embedder.name
    assert inside("describe", case, "--embedder", other).status == 0
    boxes = next(json.loads(line) for line in inside("tracklets", case, "--json").out.splitlines())
    weights.embedder.rename(weights.embedder.with_suffix(".away"))
    try:
        said = inside("split", case, boxes["tracklet"], "--at", (boxes["start_us"] + boxes["end_us"]) // 2)
    finally:
        weights.embedder.with_suffix(".away").rename(weights.embedder)
    assert said.status == 0, said.err
    assert inside("check", case).status == 0
    assert models(case) == [(4, 4, True), (2, 4, False)]
    assert inside("describe", case, "--embedder", mine).status == 0
    assert models(case) == [(4, 4, True), (4, 4, False)]
