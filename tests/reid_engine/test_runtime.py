"""Where networks run, what a child finds in their files, and that nothing leaves the machine meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_engine import runtime
from reid_engine.errors import ChildDied, JobCancelled, NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child, child_environment
from reid_engine.runtime import OpenVinoNetwork, choose, inspect, sha256_of
from tests.reid_engine.conftest import COUNTING, Untrained
from tests.support.networks import stripe_embedder


def test_outputs_come_in_order_from_mixed_shapes(tmp_path: Path, cache: Path) -> None:
    network = OpenVinoNetwork(stripe_embedder(tmp_path), pixels=False, precision="f32", threads=3)
    tensors = [np.full((1, 3, 64, 32), value, np.float32) for value in range(10)]
    found = [outputs[0].copy() for outputs in network.run(iter(tensors))]
    assert [float(row[0, 0]) for row in found] == list(range(10))


def test_a_run_left_early_leaves_the_network_usable(tmp_path: Path, cache: Path) -> None:
    network = OpenVinoNetwork(stripe_embedder(tmp_path), pixels=False, precision="f32", threads=2)
    tensors = [np.full((1, 3, 64, 32), value, np.float32) for value in range(6)]
    run = network.run(tensors)
    assert next(run)[0][0, 0] == 0
    run.close()
    assert [float(outputs[0][0, 0]) for outputs in network.run(tensors)] == list(range(6))


def test_without_cuda_the_processor_is_chosen_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_why_no_cuda", lambda: "has no driver here")
    monkeypatch.setattr(runtime, "processor_has_bf16", lambda: True)
    assert choose(None) == runtime.Choice(
        None, "bf16", "OpenVINO bf16: CUDA has no driver here, and the processor has bf16"
    )
    monkeypatch.setattr(runtime, "processor_has_bf16", lambda: False)
    assert choose(None).precision == "f32"
    with pytest.raises(NetworkFileError, match="CUDA was asked for"):
        choose("cuda")


def test_with_cuda_torch_is_chosen_unless_the_processor_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_why_no_cuda", lambda: None)
    assert choose(None).device == "cuda:0"
    assert choose("cpu").device is None


def test_what_a_file_holds_is_found_once_and_remembered(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stripe_embedder(tmp_path)
    first = inspect(path, JobControl())
    assert first.inputs[0].shape == (None, 3, 64, 32)
    assert first.outputs[0].shape == (1, 12)

    def never(*_: Any) -> dict[str, Any]:
        raise AssertionError("a child was asked")

    monkeypatch.setattr(runtime, "ask_child", never)
    assert inspect(path, JobControl()) == first


def test_a_note_that_was_cut_is_made_again(tmp_path: Path, cache: Path) -> None:
    path = stripe_embedder(tmp_path)
    first = inspect(path, JobControl())
    note = next(cache.glob("facts/*.json"))
    note.write_bytes(note.read_bytes()[:20])
    assert inspect(path, JobControl()) == first


def test_a_file_that_kills_its_reader_is_reported(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any) -> dict[str, Any]:
        raise ChildDied("the child that works on it was killed by SIGSEGV without an answer")

    monkeypatch.setattr(runtime, "ask_child", killed)
    with pytest.raises(NetworkFileError, match=r"stripes.onnx cannot be read as a network: .*SIGSEGV"):
        inspect(stripe_embedder(tmp_path), JobControl())


def child(folder: Path, name: str, body: str) -> str:
    (folder / f"{name}.py").write_text(body)
    return name


def test_a_child_that_dies_or_babbles_is_said_to_have_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    name = child(tmp_path, "killed_child", f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    with pytest.raises(ChildDied, match=r"some file gave no answer \(killed by SIGSEGV\)"):
        ask_child(name, ["some file"], lambda: None)
    name = child(tmp_path, "babbling_child", "import sys; print('hello'); sys.exit('the reason')")
    with pytest.raises(ChildDied, match=r"no answer \(ended with status 1\); its last words: the reason"):
        ask_child(name, ["some file"], lambda: None)


def test_what_a_child_prints_besides_does_not_disturb_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    body = (
        "from reid_engine.process import private_stdout\nimport os\npipe = private_stdout()\n"
        "print('noise')\nos.write(1, b'more noise')\npipe.write('{\"ok\": 1}')\npipe.close()"
    )
    assert ask_child(child(tmp_path, "noisy_child", body), ["x"], lambda: None) == {"ok": 1}


def test_a_cancelled_job_kills_its_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    mark = tmp_path / "pid"
    body = f"import os, time, pathlib; pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(60)"
    control = JobControl()

    def check() -> None:
        if mark.exists() and mark.read_text():
            control.cancel()
        control.check()

    with pytest.raises(JobCancelled):
        ask_child(child(tmp_path, "slow_child", body), ["x"], check)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_the_hash_of_a_folder_covers_names_and_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    (one / "a.xml").write_text("1")
    (one / "a.bin").write_text("2")
    shutil.copytree(one, other)
    assert sha256_of(one) == sha256_of(other)
    (other / "a.bin").write_text("3")
    assert sha256_of(one) != sha256_of(other)
    assert sha256_of(one / "a.xml") != sha256_of(other / "a.xml"), "an IR is both its files"
    with pytest.raises(NetworkFileError, match="cannot be read"):
        sha256_of(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(NetworkFileError, match="neither a file nor a folder"):
        sha256_of(tmp_path / "pipe.onnx")


def test_loading_exporting_judging_and_running_connect_to_nothing(untrained_yolo: Untrained) -> None:
    assert untrained_yolo.child.is_dir(), "the export child ran, with its connections counted"
    assert not untrained_yolo.log.exists(), untrained_yolo.log.read_text()


def test_the_counter_sees_connections_of_forked_grandchildren(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("CONNECTION_LOG", str(log))
    monkeypatch.syspath_prepend(str(COUNTING))
    program = (
        "import os, socket\npid = os.fork()\n"
        "if pid == 0:\n    socket.socket().connect_ex(('127.0.0.1', 9))\n    os._exit(0)\n"
        "os.waitpid(pid, 0)\nsocket.getaddrinfo('127.0.0.1', 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=child_environment())
    lines = log.read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["connect_ex", "getaddrinfo"]
    assert lines[0].split()[0] != lines[1].split()[0]
