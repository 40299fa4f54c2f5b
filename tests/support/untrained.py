"""Seeded untrained networks of ultralytics, and what torch and ultralytics say of them; run as a child.

``python -m tests.support.untrained FOLDER`` writes ``yolo11n.pt``, what ``predict`` finds with it (``predicted.npz``)
and with its tensors, as they are and with DOUBT, in the first picture (``doubted.npz``), files that are no detector
weights, and ``refusals.json``: what loading each of those says.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_engine._ultralytics import import_ultralytics, load_weights, write_tensors
from reid_engine.errors import NetworkFileError
from reid_engine.types import BgrImage

SIZES = ((180, 320), (180, 320), (288, 360), (97, 61))  # height, width of the pictures
SCORE, OVERLAP, SIDE = 0.3, 0.7, 320
DOUBT = 0.5


class Command:
    """Unpickled, it would leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.mark}'",)


def pictures() -> list[BgrImage]:
    """Seeded pictures of several sizes with some structure."""
    import cv2

    rng = np.random.default_rng(11)
    found = []
    for height, width in SIZES:
        coarse = rng.integers(0, 256, (9, 12, 3)).astype(np.uint8)
        found.append(np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8))
    return found


def build(folder: Path) -> None:
    """Save the networks."""
    import torch

    yolo = import_ultralytics().YOLO
    torch.manual_seed(7)
    model = yolo("yolo11n.yaml")
    model.model.names = {number: "person" if number == 0 else f"thing {number}" for number in range(80)}
    _liven(model.model)
    model.save(folder / "yolo11n.pt")
    yolo("yolo11n-cls.yaml").save(folder / "classifier.pt")
    yolo("yolo11n-seg.yaml").save(folder / "segmenter.pt")
    (folder / "text.pt").write_text("no weights at all\n")
    (folder / "empty.pt").touch()
    whole = (folder / "yolo11n.pt").read_bytes()
    (folder / "cut.pt").write_bytes(whole[: len(whole) // 2])
    torch.save({"model": Command(folder / "ran")}, folder / "command.pt")
    (folder / "pickle.pt").write_bytes(pickle.dumps(Command(folder / "ran")))
    torch.save({"model": torch.zeros(3)}, folder / "tensor.pt")
    (folder / "folder.pt").mkdir()


def _liven(network: Any) -> None:
    """Untrained signals fade from layer to layer; a pass that sets the normalisation gives boxes of every strength."""
    import cv2
    import torch

    seen = np.stack([cv2.resize(image, (SIDE, SIDE)) for image in pictures()])
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.from_numpy(seen.transpose(0, 3, 1, 2)).float() / 255)
        network.eval()
        for branch in network.model[-1].cv3:
            branch[-1].weight.mul_(2)
            branch[-1].bias.fill_(-4.0)
            branch[-1].bias[0] = -1.5


def predict(folder: Path) -> None:
    """What ultralytics itself finds: (N, 5) x1 y1 x2 y2 score a picture."""
    rows = {f"picture_{number}": found(folder / "yolo11n.pt", image) for number, image in enumerate(pictures())}
    np.savez(folder / "predicted.npz", **rows)
    card = {"architecture": "yolo11n", "names": [f"thing {number}" for number in range(80)]}
    for doubt in (0.0, DOUBT):
        write_tensors(folder / "yolo11n.pt", folder / f"doubt {doubt}.safetensors", card, doubt)
    least = 1 / (1 + (1 - SCORE) / SCORE * np.exp(DOUBT))  # the score that SCORE becomes
    believed = found(folder / "doubt 0.0.safetensors", pictures()[0])
    doubted = found(folder / f"doubt {DOUBT}.safetensors", pictures()[0], least)
    np.savez(folder / "doubted.npz", believed=believed, doubted=doubted)


def found(weights: Path, image: BgrImage, least: float = SCORE) -> NDArray[np.float32]:
    """(N, 5) the boxes that are at least so sure."""
    model = load_weights(weights)
    boxes = model.predict(image, classes=[0], conf=least, iou=OVERLAP, imgsz=SIDE, verbose=False)[0].boxes
    return np.concatenate([boxes.xyxy.numpy(), boxes.conf.numpy()[:, None]], axis=1)


def refuse(folder: Path) -> None:
    """Try everything else as detector weights."""
    said = {}
    others = sorted(path.name for path in folder.glob("*.pt") if path.name != "yolo11n.pt")
    for name in (*others, "yolov8n.pt"):  # the last is not there, and ultralytics would fetch it
        try:
            load_weights(folder / name)
            said[name] = None
        except NetworkFileError as error:
            said[name] = str(error)
    (folder / "refusals.json").write_text(json.dumps(said))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    predict(Path(sys.argv[1]))
    refuse(Path(sys.argv[1]))
