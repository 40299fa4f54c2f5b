"""The only door to ultralytics: sets its environment first, loads weights safely, exports them.

It is run as a child, ``python -m reid_engine._ultralytics export FOLDER WEIGHTS``, so that a file from a stranger can
take down nothing but the child and no other process ever imports torch for it. The child answers one JSON object:
``{"ok": true}``, or ``{"error": sentence, "disk_full": bool}``.

FOLDER then holds ``network.xml``, ``network.bin``, ``metadata.yaml``, ``reference.npz`` (pictures and what torch makes
of them in f32, for the gate in ``exports``) and, where a device for torch was named, ``network.torchscript``.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import NetworkFileError
from reid_engine.folders import cache_folder
from reid_engine.process import die_with_parent, private_stdout

# (pictures, height, width), sides that every stride in use divides
REFERENCE_SHAPES = ((2, 384, 640), (1, 512, 320))
REFERENCE_SEED = 20240229
TASK_NAMES = {"classify": "classification", "segment": "segmentation", "pose": "pose", "obb": "rotated-box"}


def import_ultralytics() -> Any:
    """Import ultralytics so that it sends nothing, installs nothing, fetches nothing and loads by its allow-list."""
    if "ultralytics" not in sys.modules:
        _quiet(cache_folder() / "ultralytics")
    import ultralytics

    return ultralytics


def _quiet(config: Path) -> None:
    """Everything ultralytics reads once, at its import."""
    folder = config / "Ultralytics"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"settings_version": "0.0.8", "sync": False, "vscode_msg": False, "openvino_msg": False}
    beside = folder / f"settings.{os.getpid()}"
    beside.write_text(json.dumps(settings))
    beside.replace(folder / "settings.json")
    os.environ.update(
        YOLO_OFFLINE="true",
        YOLO_AUTOINSTALL="false",
        YOLO_CONFIG_DIR=str(config),
        YOLO_VERBOSE="false",
        ULTRALYTICS_SAFE_LOAD="true",
    )
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))  # else it sets 1
    # OpenVINO's converter would post usage events from forked children; without the module it uses its own stub.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def load_weights(path: Path) -> Any:
    """A ``.pt`` file as an ultralytics model. Raises NetworkFileError for all that is no detector.

    The path is checked here because ultralytics asks the network for a missing file with an official name.
    """
    path = path.absolute()
    if not path.is_file():
        raise NetworkFileError(f"{path} does not exist or is no file; give the path of detector weights")
    if path.stat().st_size == 0:
        raise NetworkFileError(f"{path.name} is empty; these are no detector weights")
    if path.suffix.lower() == ".safetensors":
        return _from_tensors(path)
    ultralytics = import_ultralytics()
    from ultralytics.nn.tasks import _SafeLoad

    if not _SafeLoad.SUPPORTED:
        raise NetworkFileError(f"{path.name} is not opened: this torch cannot load weights without running their code")
    try:
        model = ultralytics.YOLO(str(path))
        task, names = str(model.task), dict(model.names)
    except Exception as error:  # damaged weights raise anything, from KeyError to RuntimeError
        raise NetworkFileError(_why_unreadable(path, error)) from error
    if task != "detect":
        kind = TASK_NAMES.get(task, task)
        raise NetworkFileError(f"{path.name} is a {kind} network; a detection network is needed")
    if not names:
        raise NetworkFileError(f"{path.name} names no classes; a detection network that knows persons is needed")
    return model


def _from_tensors(path: Path) -> Any:
    """Tensors and a card beside them (``architecture``, ``names``, ``sha256``) as an ultralytics model; no pickle."""
    ultralytics = import_ultralytics()
    from safetensors.torch import load_file
    from ultralytics.nn.tasks import DetectionModel

    try:
        card = json.loads(path.with_suffix(".json").read_text("utf-8"))
        architecture, names, digest = str(card["architecture"]), list(card["names"]), str(card["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NetworkFileError(f"{path.name} has no card of a detector beside it ({error})") from error
    if sha256(path.read_bytes()).hexdigest() != digest:
        raise NetworkFileError(f"{path.name} is not the file that its card describes: their SHA-256 differ")
    if not architecture.isalnum():
        raise NetworkFileError(f"{path.with_suffix('.json').name} names no architecture of ultralytics: {architecture}")
    model = ultralytics.YOLO(f"{architecture}.yaml", task="detect")
    model.model = DetectionModel(f"{architecture}.yaml", nc=len(names), verbose=False)
    model.model.names = dict(enumerate(names))
    try:
        model.model.load_state_dict(load_file(path))
    except Exception as error:  # safetensors and torch raise several kinds
        raise NetworkFileError(f"{path.name} does not hold the tensors of {architecture}") from error
    return model


def write_tensors(weights: Path, out: Path, card: Mapping[str, Any], doubt: float = 0.0) -> None:
    """Trained ``.pt`` weights as 16-bit tensors with a card, so that nobody has to open a pickle to use them.

    card: what ``load_weights`` needs (``architecture``, ``names`` of the classes) and whatever else is to be told
    doubt: is taken off the log odds of every score; the order of the boxes stays
    """
    from safetensors.torch import save_file

    model = load_weights(weights)
    for branch in model.model.model[-1].cv3:  # the classes' branch of each map's head ends in a convolution with bias
        branch[-1].bias.data -= doubt
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in model.model.state_dict().items()
    }
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, out)
    told = {**card, "sha256": sha256(out.read_bytes()).hexdigest()}
    out.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def mean_of(one: Path, other: Path, out: Path) -> None:
    """Write ``.pt`` weights halfway between two trained ones of the same architecture.

    After a short run on other pictures this keeps what each knows (Wortsman et al., "Robust fine-tuning of zero-shot
    models", CVPR 2022). Raises NetworkFileError for weights that do not fit together.
    """
    model, first = load_weights(other), load_weights(one).model.float().state_dict()
    second = model.model.float().state_dict()
    if {name: value.shape for name, value in first.items()} != {name: value.shape for name, value in second.items()}:
        raise NetworkFileError(f"{one.name} and {other.name} are of different architectures")
    halfway = {
        name: (first[name] + value) / 2 if value.is_floating_point() else value for name, value in second.items()
    }
    model.model.load_state_dict(halfway)
    model.save(str(out))


def _why_unreadable(path: Path, error: BaseException) -> str:
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, pickle.UnpicklingError) and "unsupported global" in str(link).lower():
            return (
                f"{path.name} holds code that is no part of a network; it was refused and nothing of it was run. "
                "Give weights saved by ultralytics"
            )
        link = link.__cause__ or link.__context__
    return f"{path.name} cannot be read ({type(error).__name__}); these are no detector weights of ultralytics"


def reference_pictures() -> list[NDArray[np.uint8]]:
    """Seeded pictures for the gate, (N, H, W, 3) uint8 BGR: soft noise with figures of plain colours before it."""
    rng = np.random.default_rng(REFERENCE_SEED)
    return [np.stack([_picture(rng, height, width) for _ in range(n)]) for n, height, width in REFERENCE_SHAPES]


def _picture(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    coarse = rng.integers(0, 256, (height // 32, width // 32, 3)).astype(np.uint8)
    image = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    for _ in range(6):
        tall = int(rng.integers(height // 6, height // 2))
        x, y = int(rng.integers(0, width - tall // 3)), int(rng.integers(0, height - tall))
        colours = rng.integers(0, 256, (3, 3)).tolist()
        cv2.rectangle(image, (x, y + tall // 6), (x + tall // 3, y + tall // 2), colours[0], -1)
        cv2.rectangle(image, (x + tall // 24, y + tall // 2), (x + tall // 3 - tall // 24, y + tall), colours[1], -1)
        cv2.circle(image, (x + tall // 6, y + tall // 12), tall // 12, colours[2], -1)
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0), np.uint8)


def export(folder: Path, weights: Path, torch_device: str | None) -> None:
    """Fill ``folder`` (see above) from ``weights``. Raises NetworkFileError, OSError."""
    load_weights(weights)  # here, so that the messages name the file as the person knows it
    try:
        _export(folder, weights, torch_device)
    except OSError:
        raise
    except Exception as error:  # the exporter raises anything; the parent gets one sentence
        first = (str(error).splitlines() or [""])[0]
        said = f"{type(error).__name__}: {first[:200]}"
        raise NetworkFileError(f"{weights.name} could not be exported ({said})") from error


def _export(folder: Path, weights: Path, torch_device: str | None) -> None:
    copy = folder / "network.pt"  # exports land beside the weights, and under a name without surprises
    if weights.suffix.lower() == ".safetensors":
        load_weights(weights).save(str(copy))
    else:
        shutil.copyfile(weights, copy)
    _write_reference(load_weights(copy), folder / "reference.npz")
    made = Path(load_weights(copy).export(format="openvino", dynamic=True, imgsz=640, device="cpu", verbose=False))
    for file in made.iterdir():
        file.replace(folder / (f"network{file.suffix}" if file.suffix in (".xml", ".bin") else file.name))
    made.rmdir()
    if torch_device is not None:
        half = torch_device != "cpu"
        load_weights(copy).export(
            format="torchscript", dynamic=True, imgsz=640, device=torch_device, half=half, verbose=False
        )
    copy.unlink()


def _write_reference(model: Any, file: Path) -> None:
    """What torch itself makes of the reference pictures, f32, before any export."""
    import torch

    network = model.model.float().fuse(verbose=False).eval()
    arrays: dict[str, Any] = {}
    for index, pictures in enumerate(reference_pictures()):
        rgb = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2)))
        with torch.inference_mode():
            output = network(rgb.float() / 255)
        arrays[f"pictures_{index}"] = pictures
        arrays[f"outputs_{index}"] = (output[0] if isinstance(output, (tuple, list)) else output).numpy()
    np.savez(file, **arrays)


def train_detector(data: Path, out: Path, seed: int, options: Mapping[str, Any], start: Path | None = None) -> Path:
    """Train a YOLO11n that knows persons only on a data set in YOLO layout; returns its file.

    data: ``data.yaml``; out: the run's folder; options: ultralytics' words (``epochs``, ``time`` in hours, ..);
    start: weights to begin with, else random ones
    """
    ultralytics = import_ultralytics()
    from ultralytics.engine import trainer

    # the check would fetch a published network; that mixed precision works on a GPU is seen by what a run reaches
    trainer.check_amp = lambda model: True
    network = ultralytics.YOLO("yolo11n.yaml", task="detect") if start is None else load_weights(start)
    if start is not None and not network.ckpt:  # without one, ultralytics would begin with random weights again
        network.ckpt = {"epoch": -1}
    settings = {
        "pretrained": start is not None,
        "single_cls": False,
        "amp": options.get("device") != "cpu",  # bfloat16 that a processor has to imitate takes 15 times as long
        "imgsz": 640,
        "plots": False,
        "exist_ok": True,
        **options,
    }
    network.train(data=str(data), project=str(out.parent.absolute()), name=out.name, seed=seed, **settings)
    return out / "weights" / "last.pt"


def main(arguments: list[str]) -> int:
    """The child: ``export FOLDER [--torch DEVICE] WEIGHTS``; one JSON object on standard output."""
    die_with_parent()
    pipe = private_stdout()
    folder, weights = Path(arguments[1]), Path(arguments[-1])
    device = arguments[3] if arguments[2] == "--torch" else None
    try:
        export(folder, weights, device)
        answer: dict[str, Any] = {"ok": True}
    except NetworkFileError as error:
        answer = {"error": str(error)}
    except OSError as error:
        answer = {"error": f"{weights.name} could not be exported: {error}", "disk_full": error.errno == errno.ENOSPC}
    with pipe:
        json.dump(answer, pipe)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
