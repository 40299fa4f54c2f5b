"""How both commands of the trainer end where they cannot go on: a sentence and a status, never a traceback."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer import __main__ as trainer
from trainer.world import __main__ as world
from trainer.world import sequences

Main = Callable[[Sequence[str]], int]
MAINS = [(trainer.main, ["world"]), (world.main, [])]
MAKING = [["footage"], ["sequences", "--people", "2", "--cameras", "2"], ["detections"]]


@pytest.mark.parametrize(("main", "before"), MAINS)
@pytest.mark.parametrize("words", MAKING)
def test_a_folder_that_cannot_be_made_is_named(
    main: Main, before: list[str], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "new"
    assert main([*before, words[0], str(out), *words[1:]]) == 3
    assert capsys.readouterr().err == f"{out}: Not a directory\n"


@pytest.mark.parametrize(("main", "before"), MAINS)
@pytest.mark.parametrize(
    ("ends", "status", "sentence"),
    [
        (KeyboardInterrupt(), 4, "stopped\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "o/1"),
            4,
            "o/1: No space left on device; make room",
        ),
    ],
)
def test_a_stop_and_a_full_disk_end_unfinished(
    main: Main,
    before: list[str],
    ends: BaseException,
    status: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ended(_: Any) -> str:
        raise ends

    monkeypatch.setattr("trainer.world.command.run", ended)
    assert main([*before, "prepare"]) == status
    assert capsys.readouterr().err.startswith(sentence)


def test_a_full_disk_leaves_no_tracklet_that_lacks_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        sequences._save(tmp_path / "t00", np.zeros((1, 64, 32, 3), np.uint8))
    assert not (tmp_path / "t00").exists()
