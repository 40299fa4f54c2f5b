"""``python -m trainer train`` as a child process: killed, cancelled, gone on with; and by two processes at once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from reid_engine.models.files import load_model
from tests.trainer import trees
from tests.trainer.drawn import write_folder
from trainer.__main__ import main
from trainer.checkpoints import load_checkpoint
from trainer.ranked import load_ranked
from trainer.runs import Run

ROOT = Path(__file__).parents[2]
TINY = ("backbone=compact", "input_size=32x16", "identities=2", "per_identity=2", "threads=1")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("people")
    write_folder(root / "train", range(4), tracklets=1, frames=10)
    for part in ("query", "gallery"):
        write_folder(root / part, range(4, 7), tracklets=1, frames=4)
    return root


def command(recipe: str, people: Path, out: Path, *settings: str) -> list[str]:
    return ["train", recipe, "folder", str(people), "--out", str(out), "--set", *TINY, *settings]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "trainer", *arguments, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def events(child: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert child.stdout is not None
    for line in child.stdout:
        yield json.loads(line)


def until_step(child: subprocess.Popen[str], step: int) -> None:
    for event in events(child):
        if event["event"] == "progress" and event.get("stage") == "train" and event["done"] >= step:
            return
    raise AssertionError("the run ended before that step")


def losses(out: Path) -> list[float]:
    return [line["loss"] for line in Run(out).measured() if line["event"] == "step"]


def test_a_killed_and_a_cancelled_run_end_where_an_undisturbed_one_does(people: Path, tmp_path: Path) -> None:
    settings = ("variant=released", "epochs=2", "checkpoint_steps=1")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(command("grl", people, whole, *settings)) == 0

    killed = start(command("grl", people, parts, *settings))
    until_step(killed, 2)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    cancelled = start([*command("grl", people, parts, *settings), "--resume"])
    until_step(cancelled, 4)
    assert cancelled.stdin is not None
    cancelled.stdin.write("cancel\n")
    cancelled.stdin.flush()
    *_, last = events(cancelled)
    assert cancelled.wait() == 4
    cancelled.communicate()
    assert (last["event"], last["ok"], last["error"]) == ("result", False, "JobCancelled")
    assert "go on with --resume" in last["message"]

    assert main([*command("grl", people, parts, *settings), "--resume"]) == 0
    assert losses(parts) == losses(whole)
    expected, found = (load_file(out / "model.safetensors") for out in (whole, parts))
    for key, tensor in expected.items():
        assert torch.equal(tensor, found[key]), key
    model, card = load_model(parts / "model.safetensors")
    assert card["training_data"] == ["folder"]
    assert model.spec.name == "grl"
    (trial,) = load_ranked(parts / "ranked.npz")
    assert trial["nearest"].shape == (6, 20)
    assert (trial["gallery_pids"][trial["nearest"][:, 0]] > 0).all()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_run_where_it_can_go_on(
    number: int, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C, or a scheduler that wants its machine back, in the middle of the second step."""
    measure = Run.measure

    def interrupted(run: Run, kind: str, **numbers: Any) -> dict[str, Any]:
        if numbers.get("step") == 2:
            os.kill(os.getpid(), number)
        return measure(run, kind, **numbers)

    before = signal.getsignal(number)
    monkeypatch.setattr(Run, "measure", interrupted)
    assert main(command("grl", people, tmp_path / "run", "epochs=1")) == 4
    assert capsys.readouterr().err.endswith("stopped as asked after 2 steps; go on with --resume\n")
    assert load_checkpoint(tmp_path / "run" / "checkpoint.pt")[0].steps == 2
    assert signal.getsignal(number) is before


def test_a_teacher_of_another_data_set_is_refused(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "teacher.npz", vectors=np.ones((3, 5), np.float32))
    assert main(command("ours", people, tmp_path / "run", f"targets={tmp_path / 'teacher.npz'}")) == 3
    assert "has 3 vectors, but folder has 8 training tracklets" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_run_without_anybody_to_look_for_says_that_it_was_not_tested(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = tmp_path / "people"
    (alone / "train").mkdir(parents=True)
    for person in (people / "train").iterdir():
        (alone / "train" / person.name).symlink_to(person)
    assert main(command("grl", alone, tmp_path / "other", "epochs=0")) == 0
    said = capsys.readouterr().err
    assert "nobody in folder can be looked for: no query has a right answer in another camera" in said
    assert "done: not tested" in said
    assert json.loads((tmp_path / "other" / "result.json").read_text())["results"] == {}


def test_of_ten_splits_one_is_learned_and_nobody_who_was_learned_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other splits ask for half of those whom this one learns: figures over all of them would be far too good."""
    root = trees.ilids(tmp_path / "ilids", range(1, 9))
    rows = [np.random.default_rng(seed).permutation(8) + 1 for seed in range(10)]
    trees.splits_matrix(root, "train_test_splits_ilidsvid.mat", [row.tolist() for row in rows])
    for number, (out, words) in enumerate((("first", ()), ("third", ("--option", "split=3")))):
        arguments = ["train", "grl", "ilids_vid", str(root), *words, "--out", str(tmp_path / out), "--set", *TINY]
        assert main([*arguments, "epochs=0"]) == 0
        (trial,) = load_ranked(tmp_path / out / "ranked.npz")
        assert sorted(trial["query_pids"].tolist()) == sorted(rows[2 * number][:4].tolist())
        said = capsys.readouterr().err
        assert ("learned and tested on the first of 10 splits alone" in said) == (out == "first")
        assert "one split, the printed figures are means over ten" in (tmp_path / out / "report.html").read_text()


def free_ports(count: int) -> list[str]:
    with ExitStack() as bound:
        sockets = [bound.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]) for one in sockets]


SIZES = {"grl": (), "tcl/full_tri": ("input_size=64x32",)}
PAIR = """
import json, os, sys
import torch._dynamo, trainer.verbs.train  # once: then this process becomes two
from trainer.__main__ import main
other = os.fork()
os.environ["RANK"] = os.environ["LOCAL_RANK"] = "0" if other else "1"
for port, arguments in json.loads(sys.argv[1]):
    os.environ["MASTER_PORT"] = port  # the one before may not be given up yet
    if status := main(arguments):
        sys.exit(status)
if other:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]))
"""


def averaged(recipe: str, people: Path, out: Path) -> list[str]:
    """With BN in eval mode: features are gathered for triplets and tables, gradients of the model averaged."""
    return command(recipe, people, out, "epochs=1", "freeze_bn=true", "optimizer=sgd", "lr=0.001", *SIZES[recipe])


@pytest.fixture(scope="module")
def by_two(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of two processes, recipe after recipe in the same two; torch is loaded but once."""
    root = tmp_path_factory.mktemp("two")
    ports = free_ports(len(SIZES))
    runs = [
        (port, averaged(name, people, root / name.replace("/", " "))) for port, name in zip(ports, SIZES, strict=True)
    ]
    address = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    pair = subprocess.Popen(
        [sys.executable, "-c", PAIR, json.dumps(runs)], cwd=ROOT, env={**os.environ, **address}, start_new_session=True
    )
    try:
        assert pair.wait(timeout=120) == 0
    finally:
        with suppress(ProcessLookupError):  # nobody is left when all went well
            os.killpg(pair.pid, signal.SIGKILL)
    return root


@pytest.mark.parametrize("recipe", SIZES)
def test_two_processes_do_what_one_does(recipe: str, people: Path, by_two: Path, tmp_path: Path) -> None:
    """To 1e-5."""
    one, two = tmp_path / "one", by_two / recipe.replace("/", " ")
    assert main(averaged(recipe, people, one)) == 0
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)
    for name in ("model", "objective"):
        states = [torch.load(out / "checkpoint.pt", weights_only=True)[name] for out in (one, two)]
        for key, tensor in states[0].items():
            assert torch.allclose(tensor.float(), states[1][key].float(), atol=1e-5), key


class Asked(Exception):
    """What a run would have been given."""


@pytest.mark.parametrize(
    ("recipe", "options", "longest", "reranked"),
    [
        ("tcl/tsb", (), 40, False),  # 32 frames a piece, the last one keeps the remainder
        ("tcl/tsb", ("--option", "pieces=16"), 24, False),
        ("gltr/full_rerank", (), 72, True),
    ],
)
def test_a_recipe_s_own_cuts_and_re_ranking_reach_the_data(
    recipe: str, options: tuple[str, ...], longest: int, reranked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part, person in (("train", 1), ("query", 2), ("gallery", 2)):
        for camera in (1, 2):
            trees.duke(tmp_path / "duke", part, person, camera, camera, range(1, 73 if part == "train" else 3))
    asked: list[Any] = []

    def fit(_: Any, data: Any, *_rest: Any, **_named: Any) -> None:
        asked.append(data)
        raise Asked

    monkeypatch.setattr("trainer.verbs.train.fit", fit)
    with pytest.raises(Asked):
        main(["train", recipe, "duke_video", str(tmp_path / "duke"), "--out", str(tmp_path / "run"), *options])
    (data,) = asked
    assert max(map(len, data.dataset.train)) == longest
    assert data.rerank == reranked
