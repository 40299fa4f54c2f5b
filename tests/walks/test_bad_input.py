"""Whatever is thrown at an ingest gets a clear sentence, the right exit status, and costs the others nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from reid_engine.case import Case
from reid_engine.errors import DiskFull
from reid_engine.store import Store
from tests.support import world
from tests.support.command import Weights, inside, reappear
from tests.support.footage import Walk, pictures, write_video
from tests.support.networks import stripe_embedder
from tests.support.program import program
from tests.support.scripted import write_script

pytestmark = pytest.mark.walk

WALK = [Walk(0, 0.0, 2.9, 0, 300, 110), Walk(1, 0.2, 2.9, 300, 0, 225)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    folder = tmp_path_factory.mktemp("weights")
    return Weights(world.write_script(folder), stripe_embedder(folder))


def beginning(path: Path, seconds: float = 4.0, camera: int = 0) -> Path:
    """The first seconds of a kept recording at ``path``."""
    return world.cut(world.recordings()[camera], path, seconds)


def broken_files(folder: Path) -> dict[str, Path]:
    """Files that give no picture at all, each in its own way."""
    good = beginning(folder / "good.mp4")
    data = good.read_bytes()
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("This is a text, whatever its name says.\n" * 50)
    (folder / "no index.mp4").write_bytes(data[: len(data) // 2])
    (folder / "empty folder").mkdir()
    found = {name: folder / name for name in ("empty.mp4", "text.mp4", "no index.mp4", "empty folder")}
    return found | {"missing.mp4": folder / "missing.mp4"}


def people_at_first(seconds: float = 4.0) -> set[int]:
    """Who is seen for most of the beginning of the first recording."""
    known = world.truth(world.CAMERAS[0])
    who, pictures_of = np.unique(known.identity[known.picture < seconds * world.FPS], return_counts=True)
    return set(who[pictures_of > 0.7 * seconds * world.FPS].tolist())


def test_files_that_give_nothing_are_named_and_the_good_one_is_ingested(tmp_path: Path, weights: Weights) -> None:
    broken = broken_files(tmp_path)
    case = tmp_path / "case"
    said = reappear("ingest", case, *broken.values(), tmp_path / "good.mp4", *weights.options())
    assert said.status == 3
    result = said.last("result")
    assert not result["ok"]
    states = {Path(file["file"]).name: file for file in result["files"]}
    assert states["good.mp4"]["state"] == "done"
    assert states["good.mp4"]["frames_decoded"] == 40
    assert states["good.mp4"]["tracklets"] >= len(people_at_first())
    for name in broken:
        assert states[name]["state"] == "failed"
        assert name in states[name]["message"]
        assert states[name]["message"] in said.err
    assert "Traceback" not in said.err
    assert inside("check", case).status == 0


def test_a_damaged_stream_is_read_as_far_as_it_goes_and_its_damage_is_counted(tmp_path: Path, weights: Weights) -> None:
    whole = beginning(tmp_path / "whole.ts", 6.0)
    data = bytearray(whole.read_bytes())
    flips = np.random.default_rng(3).integers(len(data) // 3, len(data), 60)
    for place in flips:
        data[place] ^= 0x55
    (tmp_path / "flipped.ts").write_bytes(bytes(data))
    half = whole.read_bytes()[len(data) // 2 :]
    (tmp_path / "half.ts").write_bytes(half)
    said = inside("ingest", tmp_path / "case", tmp_path / "flipped.ts", tmp_path / "half.ts", *weights.options())
    assert said.status == 0, said.err
    flipped, halved = said.last("result")["files"]
    damage = flipped["damage"]
    assert damage["decode_errors"] + damage["corrupt_frames"] + len(damage["notes"]) > 0
    assert 0 < halved["frames_decoded"] < 60


@pytest.mark.parametrize(
    ("name", "size", "codec", "pixel_format"),
    [
        ("odd.avi", (353, 287), "mjpeg", "yuvj444p"),
        ("ten bit.mkv", (320, 240), "libx265", "yuv420p10le"),
        ("old.avi", (320, 240), "mpeg4", "yuv420p"),
    ],
)
def test_unusual_pictures_are_ingested(
    tmp_path: Path, weights: Weights, name: str, size: tuple[int, int], codec: str, pixel_format: str
) -> None:
    images = pictures(WALK, seconds=2.0, fps=10, size=size)  # drawn: any size and any format of pixels
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = write_video(tmp_path / name, images, codec=codec, pixel_format=pixel_format, options=options)
    detector = write_script(tmp_path)
    said = inside("ingest", tmp_path / "case", path, "--detector", detector, "--embedder", weights.embedder, "--json")
    assert said.status == 0, said.err
    assert said.last("result")["files"][0]["frames_decoded"] == 20


def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], weights: Weights
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    real = os.listdir

    def listdir(path: object) -> list[str]:
        if Path(str(path)) == locked:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(str(path))

    monkeypatch.setattr(os, "listdir", listdir)
    options = [str(o) for o in weights.options() if o != "--json"]
    assert main(["ingest", str(tmp_path / "case"), str(locked), *options], program()) == 3
    assert "Permission denied" in capsys.readouterr().err


def test_a_full_disk_ends_the_ingest_with_a_sentence_and_it_goes_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], weights: Weights
) -> None:
    east, west = beginning(tmp_path / "east.mp4"), beginning(tmp_path / "west.mp4", camera=1)
    case = tmp_path / "case"
    options = [str(o) for o in weights.options() if o != "--json"]
    real = Store.commit_progress
    calls = 0

    def full(self: Store, *arguments: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise DiskFull("no space left")
        return real(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "commit_progress", full)
    assert main(["ingest", str(case), str(east), str(west), *options], program()) == 4
    assert "no space left" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["ingest", str(case), str(east), str(west), *options], program()) == 0
    with Case.open(case) as opened:
        assert opened.check() == []
        assert all(source.state == "done" for source in opened.store.sources())


def test_cases_that_cannot_be_used_are_refused_with_their_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer, damaged = tmp_path / "newer", tmp_path / "damaged"
    for folder in (newer, damaged):
        Case.create(folder).close()
    with sqlite3.connect(newer / "case.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_future'")
    database.close()
    data = bytearray((damaged / "case.db").read_bytes())
    data[100:8000] = b"\xa5" * 7900
    (damaged / "case.db").write_bytes(bytes(data))
    said = {}
    for folder in (newer, damaged, tmp_path / "none"):
        assert main(["tracklets", str(folder)], program()) == 3
        said[folder.name] = capsys.readouterr().err
    assert "newer" in said["newer"]
    assert "damaged" in said["damaged"]
    assert "no case" in said["none"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no recordings"),
        (["film.mp4", "--start", "yesterday"], "is no time"),
        (["film.mp4", "--start", "2026-11-03T14:00:00"], "offset"),
        (["--camera", "gate"], "NAME=FILE"),
        (["--camera", "ga\tte=film.mp4"], "control character"),
        (["film.mp4", "--start", "other.mp4=2026-11-03T14:00:00Z"], "not among the recordings"),
        (["film.mp4", "--fps", "0"], "--fps"),
        (["film.mp4", "--no-such-option"], "No such option"),
    ],
)
def test_a_wrong_call_is_explained_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    weights = [] if "--fps" not in arguments else ["--detector", "x", "--embedder", "y"]
    assert main(["ingest", str(tmp_path / "case"), *arguments, *weights], program()) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "case").exists(), "a wrong call leaves nothing behind"


def test_weights_that_are_none_are_refused_by_name(tmp_path: Path, weights: Weights) -> None:
    film = beginning(tmp_path / "film.mp4", 2.0)
    text = tmp_path / "yolo11n.pt"
    text.write_text("not weights")
    for detector, embedder in (
        (text, weights.embedder),
        (weights.detector, text),
        (tmp_path / "gone.pt", weights.embedder),
    ):
        said = inside("ingest", tmp_path / "case", film, "--detector", detector, "--embedder", embedder, "--json")
        assert said.status == 3, said.err
        assert (detector if detector != weights.detector else embedder).name in said.err
        assert "Traceback" not in said.err
