"""Pull the plug at any moment of an ingest; run it again; the case is the one that nobody disturbed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from reid_engine.case import Case
from tests.bench.memory import family, parents
from tests.support import command, world
from tests.support.command import Weights, contents, inside
from tests.support.networks import stripe_embedder

pytestmark = pytest.mark.walk

KILLS = 4


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    folder = tmp_path_factory.mktemp("weights")
    return Weights(world.write_script(folder), stripe_embedder(folder))


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, weights: Weights) -> Weights:
    """The same networks, as slow as real ones, so that what happens in between lands in between."""
    return Weights(world.write_script(tmp_path_factory.mktemp("slow"), delay_s=0.02), weights.embedder)


@pytest.fixture(scope="module")
def recordings() -> tuple[Path, ...]:
    return world.recordings()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, weights: Weights, recordings: tuple[Path, ...]) -> list:
    case = tmp_path_factory.mktemp("undisturbed") / "case"
    said = inside("ingest", case, *recordings, *weights.options())
    assert said.status == 0, said.err
    found = contents(case)
    assert len(found) >= 7, "everybody who walks by is found"
    return found


def test_a_killed_ingest_goes_on_to_the_very_same_case(
    tmp_path: Path, weights: Weights, slow: Weights, recordings: tuple[Path, ...], undisturbed: list
) -> None:
    case = tmp_path / "case"
    moments = random.Random(7)
    resumed = 0
    for number in range(KILLS):
        process = command.start("ingest", case, *recordings, *slow.options())
        # what was found is stored once a second: after 60 pictures there is something to go on from
        resumed += _kill(process, frames=moments.randrange(60, 150) if number else 0, after_s=moments.uniform(0, 0.4))
    said = inside("ingest", case, *recordings, *weights.options())
    assert said.status == 0, said.err
    assert contents(case) == undisturbed
    assert inside("check", case).status == 0
    assert resumed, "no kill landed in the middle of the work: the moments are wrong for this machine"


def test_what_was_ingested_is_skipped_and_said_so_and_found_again_where_it_lies_now(
    tmp_path: Path, weights: Weights, recordings: tuple[Path, ...]
) -> None:
    case, drive, other = tmp_path / "case", tmp_path / "drive", tmp_path / "other"
    drive.mkdir()
    here = [Path(shutil.copy(path, drive)) for path in recordings]
    first = inside("ingest", case, *here, *weights.options())
    assert first.status == 0, first.err
    before = contents(case)
    drive.rename(other)
    now = [other / path.name for path in here]
    again = inside("ingest", case, *now, *weights.options())
    assert again.status == 0
    assert [file["state"] for file in again.last("result")["files"]] == ["skipped", "skipped"]
    assert again.err.count("already ingested") == 2
    assert contents(case) == before
    with Case.open(case, read_only=True) as opened:
        assert {Path(source.path) for source in opened.store.sources()} == {path.resolve() for path in now}


def test_a_cancelled_ingest_keeps_what_it_has_and_goes_on(
    tmp_path: Path, weights: Weights, slow: Weights, recordings: tuple[Path, ...], undisturbed: list
) -> None:
    case, control = tmp_path / "case", tmp_path / "control"
    process = command.start("ingest", case, *recordings, *slow.options(), "--control", control)
    assert process.stdout is not None
    for line in process.stdout:
        if '"stage": "analyse"' in line:
            break
    control.write_text("cancel\n")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "kept" in err
    assert inside("ingest", case, *recordings, *weights.options()).status == 0
    assert contents(case) == undisturbed


def _kill(process: subprocess.Popen[str], *, frames: int, after_s: float) -> bool:
    """Kill -9 some time after so many pictures were analysed. True when it had said that it went on."""
    assert process.stdout is not None
    resumed, done = False, 0
    while done < frames and (line := process.stdout.readline()):
        event = json.loads(line)
        resumed |= "goes on where an earlier run stopped" in event.get("message", "")
        done = event.get("frames", done)
    time.sleep(after_s)
    descendants = family(process.pid, parents())[1:]
    process.kill()
    process.communicate()
    _assert_gone(descendants)
    return resumed


def _assert_gone(descendants: list[int]) -> None:
    for _ in range(200):
        if not any(command.is_alive(pid) for pid in descendants):
            return
        time.sleep(0.01)
    raise AssertionError("a killed parent left children behind")
