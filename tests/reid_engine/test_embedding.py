"""From pictures and kept crops to unit vectors, and the card that says how a network wants its pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import TensorProto, helper, numpy_helper

from reid_engine.embedding import EmbedderCard, SingleImageEmbedder, load_embedder, pool, read_card
from reid_engine.errors import InputError, NetworkFileError, ShapeError
from reid_engine.jobs import JobControl
from reid_engine.types import BgrImage, Crop, TrackletCrops
from tests.reid_engine.conftest import Heard
from tests.support.networks import stripe_embedder

CARD: dict[str, Any] = {
    "input": [64, 32],
    "channels": "RGB",
    "scale": 255,
    "mean": [0, 0, 0],
    "std": [1, 1, 1],
    "distance": "cosine",
}


def network(path: Path, *, size: tuple[Any, Any] = (16, 8), batch: Any = 1, axes: tuple[int, ...] = (2, 3)) -> Path:
    """An ONNX network whose output is the mean over ``axes`` of its picture, dimensions kept."""
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["crops", "axes"], ["vector"], keepdims=1)],
        "mean",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, [batch, 3, *size])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(axes, np.int64), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return path


def as_ir(source: Path, folder: Path, **conversion: str) -> Path:
    """The same network as an OpenVINO IR with a conversion record."""
    model = ov.Core().read_model(source)
    for key, value in conversion.items():
        model.set_rt_info(value, ["conversion_parameters", key])
    path = folder / f"{source.stem}.xml"
    ov.save_model(model, path, compress_to_fp16=False)
    return path


def coloured(blue: int, green: int, red: int) -> BgrImage:
    return np.full((40, 20, 3), (blue, green, red), np.uint8)


def crop(image: BgrImage, quality: float = 0.5, index: int = 0) -> Crop:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return Crop(index, index * 40_000, (0, 0, 20, 40), quality, encoded)


def noisy(seed: int, crops: int) -> TrackletCrops:
    rng = np.random.default_rng(seed)
    images = [cv2.resize(rng.integers(0, 256, (8, 4, 3)).astype(np.uint8), (32, 64)) for _ in range(crops)]
    return TrackletCrops(tuple(crop(image, 0.1 + 0.1 * i, i) for i, image in enumerate(images)), ())


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def cache(facts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One for this file: a child looks once into a network that several tests make of the same bytes."""
    monkeypatch.setenv("REAPPEAR_CACHE", str(facts))
    return facts


@pytest.fixture
def stripes(tmp_path: Path, cache: Path) -> SingleImageEmbedder:
    return load_embedder(stripe_embedder(tmp_path), threads=2)


def test_a_vector_has_unit_length_and_the_models_name(stripes: SingleImageEmbedder) -> None:
    vector = stripes.embed_image(coloured(10, 200, 40))
    assert vector.shape == (stripes.dim,) == (12,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert re.fullmatch("stripes@[0-9a-f]{12}", stripes.model)
    assert stripes.card["calibration"] == {"strong": 0.05, "possible": 0.2, "weak": 0.5}


def test_a_models_name_changes_with_how_pixels_go_in_but_not_with_its_calibration(tmp_path: Path, cache: Path) -> None:
    path = stripe_embedder(tmp_path)
    first = load_embedder(path, threads=2)
    card = dict(first.card)
    assert load_embedder(path, card, threads=2).model == first.model, "what a case has recorded makes the same vectors"
    assert load_embedder(path, card | {"calibration": None}, threads=2).model == first.model
    assert load_embedder(path, card | {"channels": "BGR"}, threads=2).model != first.model


def test_a_tracklet_gives_the_same_bits_whatever_else_is_in_the_call(stripes: SingleImageEmbedder) -> None:
    tracklets = [noisy(seed, crops) for seed, crops in enumerate((8, 1, 3, 8, 5))]
    together = stripes.embed_tracklets(tracklets)
    alone = np.concatenate([stripes.embed_tracklets([one]) for one in tracklets])
    backwards = stripes.embed_tracklets(tracklets[::-1])[::-1]
    assert together.shape == (5, 12)
    assert np.array_equal(together, alone)
    assert np.array_equal(together, backwards)


def test_no_tracklets_give_no_vectors(stripes: SingleImageEmbedder) -> None:
    assert stripes.embed_tracklets([]).shape == (0, 12)


def test_a_tracklet_without_crops_is_a_mistake(stripes: SingleImageEmbedder) -> None:
    with pytest.raises(ShapeError, match="without a single kept crop"):
        stripes.embed_tracklets([TrackletCrops((), ())])


@pytest.mark.parametrize("jpeg", [b"", b"no picture"])
def test_stored_bytes_that_are_no_picture_are_named(stripes: SingleImageEmbedder, jpeg: bytes) -> None:
    broken = Crop(17, 0, (0, 0, 1, 1), 0.5, jpeg)
    with pytest.raises(InputError, match="crop of frame 17"):
        stripes.embed_tracklets([TrackletCrops((broken,), ())])


def test_pixels_become_floats_as_the_card_says() -> None:
    wanted = CARD | {"input": [8, 8], "mean": [0.5, 0.25, 0.0], "std": [0.5, 0.25, 1.0]}
    x = EmbedderCard.model_validate(wanted).prepare(coloured(51, 102, 255))
    assert x.shape == (1, 3, 8, 8)
    assert x[0, :, 3, 3] == pytest.approx([1.0, 0.6, 0.2], abs=1e-6)
    x = EmbedderCard.model_validate(wanted | {"channels": "BGR", "scale": 1}).prepare(coloured(51, 102, 255))
    assert x[0, :, 3, 3] == pytest.approx([101.0, 407.0, 255.0], abs=1e-4)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"input": [64]}, "input"),
        ({"input": [0, 32]}, "input.0"),
        ({"channels": "GRB"}, "channels"),
        ({"scale": 100}, "scale"),
        ({"mean": [0, 0]}, "mean"),
        ({"std": [1, 0, 1]}, "std.1"),
        ({"distance": "manhattan"}, "distance"),
        ({"calibration": {"strong": 0.1}}, "calibration.possible"),
        ({"calibraton": {}}, "calibraton"),
    ],
)
def test_a_bad_card_names_its_key(tmp_path: Path, change: dict[str, Any], key: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(CARD | change))
    with pytest.raises(InputError, match=rf"the card card.json: {key}"):
        read_card(path)


def test_a_card_that_is_missing_or_no_json_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_card(tmp_path / "card.json")
    for text in ("{", "[" * 100_000):
        (tmp_path / "card.json").write_text(text)
        with pytest.raises(InputError, match="is not JSON"):
            read_card(tmp_path / "card.json")


def test_the_card_beside_the_weights_applies_and_a_named_one_beats_it(
    tmp_path: Path, cache: Path, heard: Heard
) -> None:
    weights = stripe_embedder(tmp_path)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(CARD | {"channels": "BGR"}))
    assert load_embedder(weights, control=JobControl(heard)).card["channels"] == "RGB"
    assert load_embedder(weights, other, control=JobControl(heard)).card["channels"] == "BGR"
    assert "stripes.json beside it" in heard.notices[0]
    assert "the card other.json says" in heard.notices[1]


def test_a_card_that_does_not_fit_the_network_is_refused(tmp_path: Path, cache: Path) -> None:
    weights = stripe_embedder(tmp_path)
    weights.with_suffix(".json").write_text(json.dumps(CARD | {"input": [128, 32]}))
    with pytest.raises(InputError, match="input: its height is 128, but the network takes 64 only"):
        load_embedder(weights)


def test_without_a_card_a_network_gets_rgb_with_imagenets_mean(tmp_path: Path, cache: Path, heard: Heard) -> None:
    embedder = load_embedder(network(tmp_path / "plain.onnx"), threads=1, control=JobControl(heard))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (np.array([200, 100, 0]) / 255 - mean) / deviation
    found = embedder.embed_image(coloured(0, 100, 200))
    assert found == pytest.approx(expected / np.linalg.norm(expected), abs=0.01)
    assert "RGB / 255 with ImageNet mean" in heard.notices[0]
    assert "RGB / 255 with ImageNet mean" in embedder.card["rule"]


@pytest.mark.parametrize("record", [{"mean_values": "x[1,2,3]"}, {"scale": "255"}, {"reverse_input_channels": "True"}])
def test_an_ir_with_built_in_preparation_gets_bgr_untouched(
    tmp_path: Path, cache: Path, heard: Heard, record: dict[str, str]
) -> None:
    weights = as_ir(network(tmp_path / "converted.onnx"), tmp_path, **record)
    embedder = load_embedder(weights, threads=1, control=JobControl(heard))
    expected = np.array([30.0, 60.0, 90.0])
    found = embedder.embed_image(coloured(30, 60, 90))
    assert found == pytest.approx(expected / np.linalg.norm(expected), abs=0.01)
    assert "BGR 0..255 untouched" in heard.notices[0]
    assert next(iter(record)) in heard.notices[0]


def test_an_ir_that_was_converted_plainly_gets_the_usual_preparation(tmp_path: Path, cache: Path) -> None:
    weights = as_ir(network(tmp_path / "plain.onnx"), tmp_path, reverse_input_channels="False", mean_values="()")
    assert load_embedder(weights).card["channels"] == "RGB"


def test_a_network_of_open_size_gets_the_usual_one_aloud(tmp_path: Path, cache: Path, heard: Heard) -> None:
    weights = network(tmp_path / "open.onnx", size=("H", "W"), batch="N")
    embedder = load_embedder(weights, control=JobControl(heard))
    assert embedder.card["input"] == [256, 128]
    assert "256x128 because it leaves the size open" in heard.notices[0]
    assert embedder.embed_image(coloured(1, 2, 3)).shape == (3,)


@pytest.mark.parametrize("batch", [1, 4, "N"])
def test_networks_of_any_batch_take_any_number_of_crops(tmp_path: Path, cache: Path, batch: Any) -> None:
    embedder = load_embedder(network(tmp_path / "batch.onnx", batch=batch), threads=2)
    vectors = embedder.embed_tracklets([noisy(1, 3), noisy(2, 2)])
    assert vectors.shape == (2, 3)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize(
    ("size", "axes", "said"),
    [
        ((16, 8), (1,), "expected one vector"),
        ((16, 8), (3,), "expected one vector"),
        ((16, 8), (1, 2, 3), "one vector"),
    ],
)
def test_a_network_that_gives_no_vector_is_refused(
    tmp_path: Path, cache: Path, size: tuple[int, int], axes: tuple[int, ...], said: str
) -> None:
    with pytest.raises(NetworkFileError, match=said):
        load_embedder(network(tmp_path / "map.onnx", size=size, axes=axes))


def test_networks_with_another_input_or_several_outputs_are_refused(tmp_path: Path, cache: Path) -> None:
    info = helper.make_tensor_value_info
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "g", [info("x", 1, [1, 10])], [info("y", 1, [1, 10])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(tmp_path / "numbers.onnx"))
    with pytest.raises(NetworkFileError, match=r"its input is \(1, 10\), expected \(N, 3, H, W\)"):
        load_embedder(tmp_path / "numbers.onnx")
    nodes = [helper.make_node("GlobalAveragePool", ["x"], [name]) for name in ("one", "two")]
    ends = [info(name, 1, [1, 3, 1, 1]) for name in ("one", "two")]
    graph = helper.make_graph(nodes, "g", [info("x", 1, [1, 3, 16, 8])], ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(tmp_path / "two.onnx"))
    with pytest.raises(NetworkFileError, match="has 2 outputs"):
        load_embedder(tmp_path / "two.onnx")


def test_files_that_are_no_network_get_a_sentence(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(NetworkFileError, match=r"text\.onnx cannot be read as a network"):
        load_embedder(tmp_path / "text.onnx")
    (tmp_path / "lonely.xml").write_text("<net/>")
    with pytest.raises(NetworkFileError, match=r"lonely.bin must lie beside it"):
        load_embedder(tmp_path / "lonely.xml")
    with pytest.raises(NetworkFileError, match="torch weights"):
        load_embedder(tmp_path / "model.pt")
    with pytest.raises(NetworkFileError, match="does not exist"):
        load_embedder(tmp_path / "nothing.onnx")


def test_a_vector_of_nothing_is_not_accepted(tmp_path: Path, cache: Path) -> None:
    weights = network(tmp_path / "zero.onnx")
    weights.with_suffix(".json").write_text(json.dumps(CARD | {"input": [16, 8]}))
    with pytest.raises(NetworkFileError, match="zero or not finite"):
        load_embedder(weights).embed_image(coloured(0, 0, 0))


def turned(angle: float) -> list[float]:
    return [float(np.cos(angle)), float(np.sin(angle)), 0.0]


def test_a_crop_of_somebody_else_hardly_moves_the_vector() -> None:
    vectors = np.array([turned(a) for a in (0.0, 0.05, -0.05, 0.02, 1.4, 1.5)], np.float32)
    pooled = pool(vectors, np.ones(6, np.float32))
    mean = vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    assert np.linalg.norm(pooled) == pytest.approx(1, abs=1e-6)
    assert np.arccos(pooled[0]) < 0.25 * np.arccos(mean[0])


def test_better_crops_count_for_more() -> None:
    vectors = np.array([turned(0.0), turned(0.2)], np.float32)
    left, right = (pool(vectors, np.array(q, np.float32)) for q in ([0.9, 0.1], [0.1, 0.9]))
    assert left[1] < right[1]


def test_one_crop_and_crops_without_quality_give_a_vector_too() -> None:
    one = np.array([turned(0.3)], np.float32)
    assert pool(one, np.zeros(1, np.float32)) == pytest.approx(one[0], abs=1e-6)
    opposite = np.array([turned(0.0), turned(np.pi)], np.float32)
    assert np.linalg.norm(pool(opposite, np.ones(2, np.float32))) == pytest.approx(1, abs=1e-6)
