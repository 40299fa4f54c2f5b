"""``python -m trainer`` as a machine calls it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from trainer.__main__ import main


def test_recipes_are_an_array_of_the_rows_names(capsys):
    assert main(["recipes", "--json"]) == 0
    names = json.loads(capsys.readouterr().out)
    assert len(names) == len(set(names))
    assert {"grl/full", "stmp/full", "rgsat/full", "gltr/full", "tcl/full"} <= set(names)
    assert {"tcl/tse_N3", "grl/T10", "rgsat/r16_128", "gltr/branches_pool_N5", "gltr/alexnet_baseline"} <= set(names)
    assert names[:2] == ["ours", "ours/adapt"]
    assert not [name for name in names[1:] if name.count("/") != 1 or "test_len" in name]


def test_recipes_are_one_a_line_for_people(capsys):
    main(["recipes"])
    assert "tcl/full" in capsys.readouterr().out.split("\n")


def test_complexity_is_one_object(capsys):
    assert main(["complexity", "tcl/tsb", "--variant", "released", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out)
    assert counted.keys() == {"params", "macs", "bn_outputs", "clip"}
    assert counted["params"] == 23_771_712
    assert counted["clip"] == [1, 4, 3, 256, 128]


def test_complexity_of_a_part_for_people(capsys):
    assert main(["complexity", "grl", "--part", "gce"]) == 0
    assert "M parameters" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["complexity", "vgg"], "there is no model 'vgg'"),
        (["complexity", "rgsat", "--variant", "released"], "rgsat has no variant 'released'"),
        (["complexity", "grl", "--part", "rru"], "grl has no part 'rru'"),
    ],
)
def test_mistakes_are_one_sentence_and_status_2(capsys, arguments, sentence):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(sentence)
    assert captured.err.count("\n") == 1


def test_the_command_runs_without_a_word_beside_its_answer():
    run = subprocess.run(
        [sys.executable, "-m", "trainer", "recipes", "--json"], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    assert isinstance(json.loads(run.stdout), list)
