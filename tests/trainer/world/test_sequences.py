"""Re-identification folders from a seed."""

import argparse
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from reid_engine.errors import InputError, UsageError
from trainer.world import preview, sequences
from trainer.world.filming import rig, setting
from trainer.world.places import OUTDOORS
from trainer.world.sequences import Spec, cameras_of, film, part_of, rendered, somebody, write

SPEC = Spec(people=4, cameras=2, seed=3, frames=2, size=(64, 32), seen_by=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("world") / "set"
    assert write(root, SPEC, workers=1, say=False) == 8
    return root


def people(root, part):
    return {path.name for path in (root / part).iterdir()}


def test_the_folders_are_part_person_camera_tracklet_frame(made):
    found = sorted(path.relative_to(made).as_posix() for path in made.rglob("*.jpg"))
    assert len(found) == 4 * 2 * 2
    assert "train/00000/c00/t00/000.jpg" in found
    assert all(cv2.imread(str(made / name)).shape == (64, 32, 3) for name in found)


def test_nobody_is_both_learned_and_tested_and_every_query_has_another_camera(made):
    assert people(made, "train").isdisjoint(people(made, "query") | people(made, "gallery"))
    assert people(made, "query") == people(made, "gallery")
    for person in people(made, "query"):
        cameras = [{path.name for path in (made / part / person).iterdir()} for part in ("query", "gallery")]
        assert cameras[0].isdisjoint(cameras[1])


def test_any_number_of_processes_makes_the_same_files(made, tmp_path):
    write(tmp_path / "again", SPEC, workers=2, say=False)
    for path in made.rglob("*.jpg"):
        assert (tmp_path / "again" / path.relative_to(made)).read_bytes() == path.read_bytes()


def test_what_is_missing_is_made_again_and_what_is_there_stays(made):
    gone, kept = made / "train/00000/c00/t00", made / "train/00000/c01/t00/000.jpg"
    before, stamp = (gone / "001.jpg").read_bytes(), kept.stat().st_mtime_ns
    for path in gone.iterdir():
        path.unlink()
    gone.rmdir()
    write(made, SPEC, workers=1, say=False)
    assert (gone / "001.jpg").read_bytes() == before
    assert kept.stat().st_mtime_ns == stamp


def test_a_folder_of_another_making_is_left_alone(made, tmp_path):
    with pytest.raises(InputError, match="was made with people 4, not with people 5; name"):
        write(made, Spec(people=5, cameras=2, seed=3, frames=2, size=(64, 32), seen_by=2), workers=1, say=False)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        write(tmp_path, SPEC, workers=1, say=False)


def test_people_are_the_same_in_every_camera_and_frames_differ():
    rigs = [rig(SPEC.seed, 0)]
    who = somebody(SPEC, 1)
    first, second = (film(SPEC, who, rigs[0], (1, 0, 0)) for _ in range(2))
    assert np.array_equal(first.frames, second.frames)
    assert not np.array_equal(first.frames[0], first.frames[1])
    assert ((first.visible > 0) & (first.visible <= 1)).all()
    alone = Spec(people=4, cameras=1, seed=3, frames=2, size=(64, 32), seen_by=1)
    assert [(t.identity, t.camera, t.number) for t in rendered(alone, 1, rigs)] == [(1, 0, 0)]


def test_dusk_falls_on_every_kind_of_place_outdoors_as_indoors():
    drawn = [setting(seed) for seed in range(4000)]
    for outdoors in (True, False):
        here = [(kind, dusk) for kind, dusk in drawn if (kind in OUTDOORS) == outdoors]
        assert len(here) / len(drawn) == pytest.approx(0.75 if outdoors else 0.25, abs=0.02)
        for kind in {kind for kind, _ in here}:
            assert np.mean([dusk for k, dusk in here if k == kind]) == pytest.approx(0.2, abs=0.03)


def test_a_share_of_the_people_are_lookalikes_of_somebody_else_in_the_set():
    spec = Spec(people=600, cameras=2, seed=9, lookalikes=0.2)
    crowd = [somebody(spec, identity) for identity in range(600)]
    copies = [k for k, who in enumerate(crowd) if who.detail]
    assert 0.12 < len(copies) / 600 < 0.2
    assert all(crowd[k].seed == crowd[k - 1].seed for k in copies)
    assert not any(somebody(Spec(people=9, cameras=2, seed=9, lookalikes=0), k).detail for k in range(9))


def test_with_more_than_one_tracklet_the_first_before_each_camera_is_the_query():
    spec = Spec(people=4, cameras=3, seed=1, tracklets=2, seen_by=3)
    parts = ["query", "gallery"]
    assert {part_of(spec, parts, (3, camera, 0)) for camera in cameras_of(spec, 3)} == {"query"}
    assert {part_of(spec, parts, (3, camera, 1)) for camera in cameras_of(spec, 3)} == {"gallery"}
    assert part_of(spec, ["train"], (3, 0, 0)) == "train"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"people": 0}, "people is 0, expected at least 1"),
        ({"frames": -1}, "frames is -1"),
        ({"lookalikes": 1.5}, "lookalikes is 1.5, expected a share from 0 to 1"),
        ({"seed": -1}, "seed is -1"),
        ({"size": (8, 4)}, "at least 16 pixels"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(wrong, said):
    with pytest.raises(UsageError, match=said):
        Spec(**{"people": 2, "cameras": 2, "seed": 0} | wrong)


@pytest.mark.parametrize(
    ("parts", "said"),
    [(["query"], "belong together"), (["test"], "expected some of train"), ([], "parts are none")],
)
def test_parts_that_do_not_go_together_are_refused(parts, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        write(tmp_path / "x", SPEC, parts, workers=1)
    assert not (tmp_path / "x").exists()


def test_a_query_without_a_gallery_is_refused(tmp_path):
    lonely = Spec(people=2, cameras=1, seed=0)
    with pytest.raises(UsageError, match="a query needs a gallery"):
        write(tmp_path / "x", lonely, workers=1)


def test_the_command_says_what_it_made(tmp_path, monkeypatch):
    parser = argparse.ArgumentParser()
    sequences.add_arguments(parser)
    asked = []
    monkeypatch.setattr(sequences, "write", lambda *given, **more: asked.append((given, more)) or 7)
    words = [str(tmp_path / "o"), "--people", "5", "--cameras", "2", "--size", "128x64", "--part", "train"]
    assert sequences.run(parser.parse_args(words)).startswith("7 tracklets of 5 people before 2 cameras")
    (_, spec, parts), _ = asked[0]
    assert (spec.size, spec.people, parts) == ((128, 64), 5, ["train"])


def test_the_renderer_can_be_compiled_ahead_and_nothing_is_left_behind(tmp_path):
    fresh_process = """if True:
        from trainer.world.__main__ import main
        assert main(["prepare"]) == 0
        from trainer.world import render, shading, walking
        assert all(one.signatures for one in (render.trace, shading.picture, walking._sweep))
    """
    words = [sys.executable, "-c", fresh_process]
    done = subprocess.run(words, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "compiled for this processor" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_preview_shows_one_crop_of_every_tracklet(made):
    picture = cv2.imread(str(preview.write(made)))
    assert picture.shape == (preview.TILE[0] + 2 * preview.MARGIN, 16 * (preview.TILE[1] + 2) + 2, 3)
    tiles = [picture[20:180, 2 + 98 * k + 8 : 2 + 98 * k + 88] for k in range(9)]
    assert all(tile.std() > 3 for tile in tiles[:8]), "eight tracklets"
    assert tiles[8].std() < 3, "and no ninth"


def test_sequences_need_no_window_detector_database_or_video_library():
    program = (
        "import sys, trainer.world.sequences; "
        "print([m for m in ('PySide6', 'ultralytics', 'sqlalchemy', 'av', 'pydantic', 'torch') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
