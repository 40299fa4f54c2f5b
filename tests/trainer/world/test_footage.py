"""Footage and detection sets: files, names, truth, determinism, and words that make no sense."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from reid_engine.errors import UsageError
from reid_engine.recordings.start import parse_time, start_from_name
from trainer.__main__ import main
from trainer.world import detections, footage
from trainer.world.command import fresh, parsed_bitrate, parsed_size
from trainer.world.progress import Progress
from trainer.world.scene import Wanted

ORDER = footage.Order(
    Wanted(2, size=(128, 72), overlapping=1, kinds=("lobby", "shop"), clock_error_s=(("cam2", 37.0),)), 8, 3.0, 4, fps=4
)


class Silent:
    """Somewhere to write progress to."""

    def write(self, text: str) -> int:
        return len(text)

    def isatty(self) -> bool:
        return False

    def flush(self) -> None: ...


def quiet(total: int = 1) -> Progress:
    return Progress("test", total, Silent())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("footage")
    footage.record(ORDER, out, workers=1, progress=quiet())
    return out


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_recordings_are_named_so_that_their_start_is_read_with_the_error_of_their_clock(folder: Path):
    names = sorted(path.name for path in folder.glob("*.mp4"))
    found = [start_from_name(name) for name in names]
    assert [one.camera for one in found if one] == ["cam1", "cam2"]
    true = parse_time(json.loads((folder / "plan.json").read_text())["cameras"][0]["start_true"])
    assert [one.start_us - true for one in found if one] == [0, 37_000_000]


def test_every_recording_has_all_its_pictures_at_its_rate(folder: Path):
    for path in folder.glob("*.mp4"):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height, stream.average_rate) == (128, 72, 4)
            assert sum(1 for _ in container.decode(stream)) == 12


def test_truth_names_cameras_frames_and_people_that_exist(folder: Path):
    truth = rows(folder)
    assert len(truth) > 10
    assert tuple(truth[0]) == footage.TRUTH_COLUMNS
    assert {row["camera"] for row in truth} <= {"cam1", "cam2"}
    for row in truth:
        assert 0 <= int(row["frame"]) < 12
        assert 0 <= int(row["person"]) < 8
        assert float(row["x1"]) < float(row["x2"])
        assert float(row["y1"]) < float(row["y2"])
        assert 0 <= float(row["visible"]) <= 1


def test_the_plan_says_everything_that_made_it(folder: Path):
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["parameters"]["seed"] == 4
    assert [camera["clock_error_s"] for camera in plan["cameras"]] == [0, 37]
    (pair,) = plan["pairs"]
    assert pair["kind"] == "apart"
    assert 0 < pair["walking_s"][0] < pair["walking_s"][1]
    assert [area["kind"] for area in plan["areas"]] == ["lobby", "shop"]
    assert all((folder / camera["file"]).exists() for camera in plan["cameras"])


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path, folder: Path):
    footage.record(ORDER, tmp_path, workers=2, progress=quiet())
    names = sorted(path.name for path in folder.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_progress_line_tells_how_long_it_will_take():
    said = quiet(200)
    said.step(50)
    assert " 25 %" in said.line(30.0)
    assert "1:30 to go" in said.line(30.0)


@pytest.fixture(scope="module")
def detection_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("detections")
    detections.write_set(detections.Set(12, 5, ((160, 96),)), out, workers=1, progress=quiet())
    return out


def test_a_detection_set_has_a_label_file_for_every_picture_and_both_parts(detection_set: Path):
    for part in ("train", "val"):
        pictures = sorted(path.stem for path in (detection_set / "images" / part).glob("*.jpg"))
        labels = sorted(path.stem for path in (detection_set / "labels" / part).glob("*.txt"))
        assert pictures == labels
        assert pictures, part
    assert "0: person" in (detection_set / "data.yaml").read_text()


def test_labels_are_boxes_inside_the_picture(detection_set: Path):
    lines = [line.split() for path in detection_set.rglob("labels/*/*.txt") for line in path.read_text().splitlines()]
    assert len(lines) > 10
    for name, *numbers in lines:
        x, y, w, h = (float(v) for v in numbers)
        assert name == "0"
        assert -1e-6 <= x - w / 2 < x + w / 2 <= 1 + 1e-6
        assert -1e-6 <= y - h / 2 < y + h / 2 <= 1 + 1e-6
        assert h * 96 >= detections.LEAST_PX - 0.01


def test_the_label_rule_leaves_out_who_is_mostly_hidden_or_tiny():
    from trainer.world.composite import Seen

    seen = [Seen(0, (-10, 5, 20, 60), 0.6), Seen(1, (30, 5, 50, 60), 0.1), Seen(2, (60, 5, 64, 15), 1.0)]
    boxes = detections.labelled(seen, (100, 50))
    assert boxes.tolist() == [[0, 5, 20, 50]]
    assert detections.label_lines(boxes, (100, 50)) == "0 0.100000 0.550000 0.200000 0.900000\n"


def test_pictures_of_a_set_do_not_depend_on_how_many_are_made(detection_set: Path):
    few = detections.Set(3, 5, ((160, 96),))
    image, _ = detections.picture(detections.staged(few, 0), few, 0, 1)
    again, _ = detections.picture(detections.staged(few, 0), few, 0, 1)
    assert np.array_equal(image, again)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["footage", "--cameras", "0"], "at least 1"),
        (["footage", "--size", "small"], "960x540"),
        (["footage", "--size", "961x540"], "even"),
        (["footage", "--bitrate", "fast"], "800k"),
        (["footage", "--dusk", "cam9"], "cam9"),
        (["footage", "--clock-error", "cam1"], "cam1=37"),
        (["footage", "--place", "moon"], "street"),
        (["footage", "--seconds", "0"], "--seconds"),
        (["footage", "--people", "3", "--lookalikes", "3"], "original"),
        (["detections", "--images", "0"], "at least 1"),
        (["detections", "--size", "640"], "960x540"),
    ],
)
def test_words_that_make_no_sense_are_explained_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
):
    out = tmp_path / "new"
    assert main(["world", words[0], str(out), *words[1:]]) == 2
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_in_which_something_is_is_refused(tmp_path: Path):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        fresh(tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        fresh(tmp_path / "kept.txt")
    assert fresh(tmp_path / "a" / "b").is_dir()


def test_sets_are_made_without_qt_pyav_or_the_engines_libraries():
    program = (
        "import sys, trainer.world.__main__, trainer.world.sequences, trainer.world.detections; "
        "heavy = ('PySide6', 'ultralytics', 'sqlalchemy', 'av', 'pydantic', 'openvino'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_sizes_and_bitrates_are_read():
    assert parsed_size("640x384") == (640, 384)
    assert parsed_bitrate("1.5M") == 1_500_000
    assert parsed_bitrate("800k") == 800_000
    assert parsed_bitrate(None) is None
