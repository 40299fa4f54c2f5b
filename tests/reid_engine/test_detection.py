"""Detectors: ultralytics' weights and exports become people in pictures; everything else becomes a sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from reid_engine import detection, exports, runtime
from reid_engine.boxes import Agreement
from reid_engine.detection import YoloDetector, load_detector
from reid_engine.errors import NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.runtime import Choice
from reid_engine.settings import DetectionSettings
from reid_engine.types import Detections, Part
from tests.reid_engine.conftest import SETTINGS, Heard, Untrained
from tests.support.networks import stripe_embedder
from tests.support.untrained import DOUBT, pictures


def fixed_network(path: Path, output: np.ndarray, side: int = 64, metadata: dict[str, str] | None = None) -> Path:
    """An ONNX network of a fixed picture size that always gives ``output``."""
    nothing = numpy_helper.from_array(np.zeros((), np.float32), "nothing")
    shape = [1] * output.ndim
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        helper.make_node("Add", ["zero", "answer"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "fixed",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(output.shape))],
        [nothing, numpy_helper.from_array(output.astype(np.float32), "answer")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    assert len(shape) == output.ndim
    helper.set_model_props(model, metadata or {})
    onnx.save(model, str(path))
    return path


def one_person(classes: int = 2, person: int = 0) -> np.ndarray:
    """A raw output with one person in the middle of 64 x 64."""
    output = np.zeros((1, 4 + classes, 84), np.float32)
    output[0, :4, 5] = (32, 32, 16, 32)
    output[0, 4 + person, 5] = 0.75
    return output


def same(one: Detections, other: Detections) -> bool:
    return np.array_equal(one.xyxy, other.xyxy) and np.array_equal(one.score, other.score)


def test_in_f32_the_boxes_equal_those_of_ultralytics(untrained_yolo: Untrained, full_cache: Path) -> None:
    choice = Choice(None, "f32", "")
    detector = detection._from_weights(untrained_yolo.weights, SETTINGS, 2, choice, JobControl())
    found = detector.detect(pictures())
    with np.load(untrained_yolo.folder / "predicted.npz") as predicted:
        expected = [predicted[f"picture_{number}"] for number in range(len(found))]
    assert sum(len(rows) for rows in expected) > 20
    for ours, rows in zip(found, expected, strict=True):
        assert len(ours) == len(rows)
        assert ours.xyxy == pytest.approx(rows[:, :4], abs=0.01)
        assert ours.score == pytest.approx(rows[:, 4], abs=1e-3)


def test_doubt_lowers_the_log_odds_of_every_score_and_moves_no_box(untrained_yolo: Untrained) -> None:
    with np.load(untrained_yolo.folder / "doubted.npz") as rows:
        believed, doubted = rows["believed"], rows["doubted"]
    assert len(believed) == len(doubted) > 5
    assert doubted[:, :4] == pytest.approx(believed[:, :4], abs=1e-3)
    before, after = (np.log(score / (1 - score)) for score in (believed[:, 4], doubted[:, 4]))
    assert before - after == pytest.approx(DOUBT, abs=2e-3)  # kept in 16 bits


def test_a_picture_gives_the_same_bits_whatever_else_is_in_the_batch(yolo: YoloDetector) -> None:
    images = pictures()
    alone = [yolo.detect([image])[0] for image in images]
    together = yolo.detect([*reversed(images), *images])
    assert sum(map(len, alone)) > 20
    assert all(same(a, b) for a, b in zip([*reversed(alone), *alone], together, strict=True))


def test_one_thread_and_three_threads_find_the_same_bits(untrained_yolo: Untrained, full_cache: Path) -> None:
    one, three = (load_detector(untrained_yolo.weights, SETTINGS, threads=n, device="cpu") for n in (1, 3))
    assert (one.wanted_batch, three.wanted_batch) == (4, 12)
    assert all(same(a, b) for a, b in zip(one.detect(pictures()), three.detect(pictures()), strict=True))


def test_a_part_is_seen_at_the_scale_of_its_picture(untrained_yolo: Untrained, full_cache: Path) -> None:
    """At 640 across nothing is scaled, so a part is what a detector for such small pictures sees of its pixels."""
    image = cv2.resize(pictures()[0], (640, 384))
    part = Part(192, 64, 448, 320)
    whole, small = (
        load_detector(untrained_yolo.weights, DetectionSettings(image_size=side, score=0.001), threads=1, device="cpu")
        for side in (640, 256)
    )
    assert whole.sees_parts
    everywhere, of_part = whole.detect([image, image], [None, part])
    alone = small.detect([np.ascontiguousarray(part.of(image))])[0]
    assert len(of_part) > 5
    assert np.array_equal(of_part.xyxy, alone.xyxy + np.array([192, 64, 192, 64], np.float32))
    assert np.array_equal(of_part.score, alone.score)
    assert same(everywhere, whole.detect([image])[0])


def test_no_pictures_give_nothing(yolo: YoloDetector) -> None:
    assert yolo.detect([]) == []


def test_the_torch_path_finds_what_openvino_finds_in_f32(untrained_yolo: Untrained, full_cache: Path) -> None:
    torch = load_detector(untrained_yolo.weights, SETTINGS, device="torch-cpu")
    exact = detection._from_weights(untrained_yolo.weights, SETTINGS, 2, Choice(None, "f32", ""), JobControl())
    images = [*pictures(), *pictures()]
    for ours, theirs in zip(torch.detect(images), exact.detect(images), strict=True):
        assert ours.xyxy == pytest.approx(theirs.xyxy, abs=0.01)
        assert ours.score == pytest.approx(theirs.score, abs=1e-3)


def test_the_runtime_and_its_reason_are_said(untrained_yolo: Untrained, full_cache: Path, heard: Heard) -> None:
    detector = load_detector(untrained_yolo.weights, SETTINGS, threads=2, device="cpu", control=JobControl(heard))
    assert heard.notices == [detector.describe()]
    assert "OpenVINO" in detector.describe()
    assert "2 pictures at a time" in detector.describe()
    assert detector.sha256 == runtime.sha256_of(untrained_yolo.weights)


def test_bf16_that_finds_other_boxes_is_replaced_by_f32_aloud(
    untrained_yolo: Untrained, full_cache: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = next(full_cache.glob("exports/*/network.xml"))
    gate = {"OpenVINO bf16": Agreement(3.0, 0.2, 0.5, 0.2), "OpenVINO f32": Agreement(0, 0, 1, 0)}
    monkeypatch.setattr(detection, "exported", lambda *_: exports.Export(file, None, gate))
    choice = Choice(None, "bf16", "OpenVINO bf16")
    found = detection._from_weights(untrained_yolo.weights, SETTINGS, 2, choice, JobControl(heard))
    assert "only 50% of the boxes agree" in heard.notices[0]
    assert "OpenVINO f32" in found.describe()


def test_an_openvino_folder_runs_as_it_is(untrained_yolo: Untrained, full_cache: Path, tmp_path: Path) -> None:
    made = next(path for path in full_cache.glob("exports/*") if not (path / "network.torchscript").exists())
    folder = tmp_path / 'a "quoted" name 🚶_openvino_model'
    shutil.copytree(made, folder)
    detector = load_detector(folder, SETTINGS, threads=2)
    weights = load_detector(untrained_yolo.weights, SETTINGS, threads=2, device="cpu")
    assert all(same(a, b) for a, b in zip(detector.detect(pictures()), weights.detect(pictures()), strict=True))
    assert detector.name == folder.name


def test_a_network_of_fixed_size_gets_every_picture_fitted_into_it(tmp_path: Path, cache: Path, heard: Heard) -> None:
    names = {"names": "{0: 'car', 1: 'person'}", "task": "detect"}
    path = fixed_network(tmp_path / "fixed.onnx", one_person(person=1), metadata=names)
    detector = load_detector(path, SETTINGS, threads=1, control=JobControl(heard))
    found = detector.detect([np.zeros((64, 64, 3), np.uint8), np.zeros((128, 256, 3), np.uint8)])
    assert found[0].xyxy.tolist() == [[24, 16, 40, 48]]
    assert found[1].xyxy.tolist() == [[96, 0, 160, 128]]
    assert "64x64 only" in heard.notices[0]


def test_rows_without_overlap_are_read_as_they_are(tmp_path: Path, cache: Path) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = (10, 20, 30, 60, 0.9, 0)
    path = fixed_network(tmp_path / "final.onnx", rows, metadata={"names": "{0: 'person'}"})
    found = load_detector(path, SETTINGS, threads=1).detect([np.zeros((64, 64, 3), np.uint8)])[0]
    assert found.xyxy.tolist() == [[10, 20, 30, 60]]


def test_without_class_names_class_0_is_taken_for_person_aloud(tmp_path: Path, cache: Path, heard: Heard) -> None:
    path = fixed_network(tmp_path / "nameless.onnx", one_person())
    detector = load_detector(path, SETTINGS, threads=1, control=JobControl(heard))
    assert "class 0 is taken for person" in heard.notices[0]
    assert len(detector.detect([np.zeros((64, 64, 3), np.uint8)])[0]) == 1


def test_a_detector_without_persons_is_refused_with_its_classes(tmp_path: Path, cache: Path) -> None:
    path = fixed_network(tmp_path / "cars.onnx", one_person(), metadata={"names": "{0: 'car', 1: 'bus'}"})
    with pytest.raises(NetworkFileError, match="its classes are car, bus"):
        load_detector(path, SETTINGS)


@pytest.mark.parametrize(
    ("shape", "metadata", "said"),
    [
        ((1, 84, 13), {}, "no detector that ultralytics exported"),
        ((1, 3, 20), {}, "no detector that ultralytics exported"),
        ((1, 5, 8, 8), {}, "no detector that ultralytics exported"),
        ((1, 10, 84), {"names": "{0: 'person'}"}, "no detector that ultralytics exported"),
        ((1, 56, 84), {"task": "pose"}, "made for the task 'pose'"),
    ],
)
def test_other_networks_are_refused(
    tmp_path: Path, cache: Path, shape: tuple[int, ...], metadata: dict[str, str], said: str
) -> None:
    path = fixed_network(tmp_path / "other.onnx", np.zeros(shape, np.float32), metadata=metadata)
    with pytest.raises(NetworkFileError, match=said):
        load_detector(path, SETTINGS)


def test_a_re_id_network_given_as_detector_is_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(NetworkFileError, match="give a re-ID network as the embedder"):
        load_detector(stripe_embedder(tmp_path), SETTINGS)


@pytest.mark.parametrize("name", ["nothing.pt", "yolov8n.pt", "nothing.onnx", "nothing_openvino_model"])
def test_a_missing_file_is_named(tmp_path: Path, cache: Path, name: str) -> None:
    with pytest.raises(NetworkFileError, match=rf"{name} does not exist"):
        load_detector(tmp_path / name, SETTINGS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text.pt", "no detector weights"),
        ("empty.pt", "is empty"),
        ("cut.pt", "no detector weights"),
        ("tensor.pt", "no detector weights"),
        ("command.pt", "refused and nothing of it was run"),
        ("pickle.pt", "no detector weights"),
        ("classifier.pt", "is a classification network"),
        ("segmenter.pt", "is a segmentation network"),
        ("folder.pt", "is no file"),
        ("yolov8n.pt", "does not exist"),
    ],
)
def test_files_that_are_no_detector_weights_get_a_sentence(
    refusals: dict[str, str | None], name: str, said: str
) -> None:
    assert said in (refusals[name] or "accepted")
    assert name in (refusals[name] or "")


def test_a_pickle_that_would_run_a_command_does_not(untrained_yolo: Untrained, refusals: dict[str, str | None]) -> None:
    assert refusals["command.pt"]
    assert not (untrained_yolo.folder / "ran").exists()


def test_text_named_pt_is_reported_through_the_child(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "text.pt"
    path.write_text("hello")
    with pytest.raises(NetworkFileError, match=r"text\.pt cannot be read"):
        load_detector(path, SETTINGS)
    assert not list(cache.glob("exports/*")), "nothing half made stays behind"


def test_metadata_says_which_classes_there_are(untrained_yolo: Untrained, full_cache: Path) -> None:
    facts = [json.loads(path.read_text()) for path in full_cache.glob("facts/*.json")]
    assert facts
    assert all(found["metadata"]["names"]["0"] == "person" for found in facts)
