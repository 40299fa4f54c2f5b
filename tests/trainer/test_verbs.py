"""The verbs that look at data, as a machine calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from app import training
from reid_engine.models import build_model
from reid_engine.models.configurations import MODEL_OF_PREFIX
from reid_engine.models.files import save_model
from tests.trainer import trees
from trainer.__main__ import main
from trainer.datasets import dataset_names
from trainer.recipes import recipe_names
from trainer.runs import CONFIG

ABSENT = (
    "pydantic",
    "pydantic_settings",
    "sqlalchemy",
    "ultralytics",
    "av",
    "openvino",
    "onnx",
    "faiss",
    "PySide6",
    "lap",
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    file = tmp_path / "model.safetensors"
    save_model(build_model("tclnet", backbone="compact", input_size=(64, 32)), file)
    return file


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return trees.folder(tmp_path / "people", [str(n) for n in range(1, 6)])


def test_evaluate_prints_seven_figures_and_nothing_else(model: Path, people: Path, capsys) -> None:
    for words in ([], ["--rerank"], ["--frames", "1"]):
        assert main(["evaluate", str(model), "folder", str(people), "--json", "--device", "cpu", *words]) == 0
        found = json.loads(capsys.readouterr().out)
        assert list(found) == ["mAP", "rank1", "rank5", "rank10", "rank20", "queries", "gallery"]
        assert (found["queries"], found["gallery"]) == (10, 10)
        assert all(0 <= found[name] <= 1 for name in ("mAP", "rank1", "rank5", "rank10", "rank20"))


def test_evaluate_for_people_names_the_rule_and_what_does_not_count(model: Path, people: Path, capsys) -> None:
    for file in (people / "1" / "c2" / "t1").iterdir():
        file.unlink()
    (people / "1" / "c2" / "t1").rmdir()
    (people / "1" / "c2").rmdir()
    assert main(["evaluate", str(model), "folder", str(people), "--ap", "trapezoid"]) == 0
    said = capsys.readouterr()
    assert "(8 queries, 9 in the gallery, AP by the trapezoid rule)" in said.out
    assert "1 queries have no right answer in their gallery" in said.err


def test_notes_of_a_data_set_are_said_by_every_verb_that_reads_one(model: Path, people: Path, capsys) -> None:
    for words in (["evaluate", str(model)], ["audit"], ["calibrate", str(model)]):
        main([*words, "folder", str(people)])
        assert "there is no train folder" in capsys.readouterr().err


def test_an_option_that_does_nothing_is_said(people: Path, tmp_path: Path, capsys) -> None:
    for part in ("train", "query", "gallery"):
        shutil.copytree(people, tmp_path / "parts" / part)
    main(["audit", "folder", str(tmp_path / "parts"), "--option", "held_out=0.5"])
    assert "held_out=0.5 counts for nothing here" in capsys.readouterr().err
    config = {**dict.fromkeys((*CONFIG, "code", "torch"), ""), "dataset": "folder", "root": str(people)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert main(["report", str(tmp_path), "--option", "foo=1"]) == 2
    assert "folder has no option 'foo'" in capsys.readouterr().err


def test_audit_is_one_object(people: Path, capsys) -> None:
    assert main(["audit", "folder", str(people), "--json", "--option", "held_out=0.4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sound"] is True
    assert (found["queries"], found["counted"], found["gallery"]) == (4, 4, 4)
    assert {gain["fault"] for gain in found["gains"]} >= {"none", "no camera filter", "cameras per frame"}


def test_audit_for_people_flags_what_fails(people: Path, capsys) -> None:
    assert main(["audit", "folder", str(people)]) == 3
    said = capsys.readouterr()
    assert "FAIL  learned and tested people are apart" in said.out
    assert "ok    the camera filter" in said.out
    assert said.err.endswith("\n1 of 8 rules do not hold: learned and tested people are apart\n")


def test_audit_says_its_exit_status_in_its_help(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["audit", "--help"])
    assert "3 where one does not" in capsys.readouterr().out


def test_audit_checks_a_claim(people: Path, tmp_path: Path, capsys) -> None:
    distances = np.random.default_rng(0).random((10, 10)).astype(np.float32)
    np.savez(tmp_path / "claim.npz", distances=distances, mAP=0.999, rank1=1.0)
    assert main(["audit", "folder", str(people), "--json", "--claim", str(tmp_path / "claim.npz")]) == 3
    assert json.loads(capsys.readouterr().out)["checks"][-1]["holds"] is False
    np.savez(tmp_path / "claim.npz", distances=distances[:3], mAP=0.999, rank1=1.0)
    assert main(["audit", "folder", str(people), "--claim", str(tmp_path / "claim.npz")]) == 3
    whole = (tmp_path / "claim.npz").read_bytes()
    for damaged in (whole[:100], whole[:80] + whole[90:], b"words", b""):
        (tmp_path / "claim.npz").write_bytes(damaged)
        assert main(["audit", "folder", str(people), "--claim", str(tmp_path / "claim.npz")]) == 3
        assert "claim.npz is no claim" in capsys.readouterr().err


def test_calibrate_writes_the_card(model: Path, tmp_path: Path, capsys) -> None:
    root = trees.folder(tmp_path / "many", [str(n) for n in range(1, 34)], frames=1)
    assert main(["calibrate", str(model), "folder", str(root), "--json", "--device", "cpu"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert json.loads(model.with_suffix(".json").read_text())["calibration"] == found
    assert found["strong"] <= found["possible"] <= found["weak"]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["audit", "folder", "nowhere"], 3, "there is no folder nowhere"),
        (["audit", "moon", "."], 2, "there is no data set 'moon'"),
        (["audit", "folder", ".", "--option", "held_out"], 2, "an option is NAME=VALUE, got 'held_out'"),
        (["evaluate", "nothing.safetensors", "folder", "."], 3, "nothing.safetensors has no card"),
        (
            ["evaluate", "nothing.safetensors", "folder", ".", "--frames", "-1"],
            2,
            "--frames is a number of frames, got -1",
        ),
        (
            ["evaluate", "a.safetensors", "folder", ".", "--device", "gpu"],
            2,
            "device is auto, cuda, cuda:N or cpu, got",
        ),
        (["calibrate", "a.safetensors", "folder", ".", "--device", "cuda:99"], 2, "there is no such CUDA device here"),
        (["report", "nowhere"], 3, "nowhere holds no run: there is no config.json in it"),
    ],
)
def test_mistakes_are_one_sentence(capsys, words: list[str], status: int, sentence: str) -> None:
    assert main(words) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(sentence)


def test_a_training_machine_needs_neither_database_nor_detector_nor_window() -> None:
    program = (
        "import sys; "
        f"sys.modules.update(dict.fromkeys({ABSENT!r})); "
        "import trainer.__main__, trainer.data, trainer.loading, trainer.evaluation, trainer.protocol, "
        "trainer.calibration, trainer.datasets, trainer.verbs.evaluate, trainer.verbs.audit, trainer.verbs.calibrate; "
        "print('ready')"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout == "ready\n", run.stderr


def test_the_window_offers_what_the_trainer_knows() -> None:
    """It loads no torch, so it has lists of its own."""
    assert set(training.DATASETS) == set(dataset_names())
    assert set(training.RECIPES) <= set(recipe_names())
    assert {**MODEL_OF_PREFIX, **{model: model for model in MODEL_OF_PREFIX.values()}} == training.TRAINS
